//! How a member finds its registry, becomes it where there is none, and comes back to it.

use std::sync::{Arc, Weak};
use std::time::Instant;

use super::candidates::{self, Search};
use super::client::{Ended, session};
use super::complaints::{Complaints, SILENCE, patiently};
use super::host::{self, Host};
use crate::bus::advertise::Locality;
use crate::bus::agreement::Terms;
use crate::bus::application::Delivery;
use crate::bus::pipe;
use crate::bus::registry::Joined;
use crate::bus::rules::Deed;
use crate::grpc::backoff::{Doubling, STOOD};
use crate::grpc::channel::Channel;
use crate::grpc::connection::{self, Way};
use crate::grpc::metadata::MAX_METADATA;
use crate::grpc::status::{Code, Status};
use crate::grpc::target::Target;
use crate::tls::credentials::Mutual;

/// Pauses between attempts: the first is short, since another process may just
/// be about to become the registry.
const PAUSES: Doubling = Doubling {
    first: 10,
    longest: 1_000,
};

/// How a member becomes the registry.
pub(super) struct Hosting {
    /// Who differs in them is refused.
    pub(super) terms: Terms,
    /// Addresses of this machine at which another one would be noticed.
    pub(super) beside: Vec<String>,
}

/// What one member does about its registry.
struct Seeker {
    node: Weak<dyn Joined>,
    /// Where it may be: where it is said to be first.
    places: Vec<Target>,
    search: Search,
    tls: Option<Mutual>,
    at: Locality,
    /// How it is hosted if there is none.
    hosting: Option<Hosting>,
    complaints: Complaints,
    /// Pauses since a registry was there that stood.
    pauses: u32,
    without: Instant,
}

/// Stays joined, and becomes the registry, if it may and there is none.
pub async fn stay_joined(
    node: Weak<dyn Joined>,
    target: Target,
    tls: Option<Mutual>,
    at: Locality,
    hosting: Option<Hosting>,
) {
    let places = candidates::of(&target, at == Locality::Loopback);
    let mut seeker = Seeker {
        node,
        search: Search::among(places.len()),
        places,
        tls,
        at,
        hosting,
        complaints: Complaints::default(),
        pauses: 0,
        without: Instant::now(),
    };
    while seeker.look().await.is_some() {}
}

impl Seeker {
    fn target(&self) -> &Target {
        &self.places[self.search.at()]
    }

    fn is_first(&self) -> bool {
        self.search.at() == 0
    }

    /// Looks at one place, and stays there if it can. `None` if there is nothing more to look for.
    async fn look(&mut self) -> Option<()> {
        let channel = pipe::channel_to(self.target().clone(), self.tls.as_ref());
        let Some(ready) = self.answer(&channel).await else {
            self.pass_over();
            return Some(());
        };
        let failure = match ready {
            Ok(()) => {
                let began = Instant::now();
                let is_first = self.is_first();
                let ended = session(&self.node, channel, is_first, &mut self.complaints).await?;
                self.ended(&ended, began);
                if !is_first {
                    self.search.first();
                    return Some(());
                }
                ended.status
            }
            Err(status) => status,
        };
        if self.is_first() {
            self.mend(&failure).await
        } else {
            self.stand_in(&failure).await
        }
    }

    /// What comes of connecting. `None` if nothing does and there are other places.
    async fn answer(&mut self, channel: &Arc<Channel>) -> Option<Result<(), Status>> {
        let ready = async { channel.ready(false).await.map(drop) };
        if !self.search.is_only_one() {
            return tokio::time::timeout(SILENCE, ready).await.ok();
        }
        let what = format!("{} does not answer", self.places[0]);
        let tell = || self.complaints.silent(&self.node, &what, "");
        Some(patiently(ready, tell).await)
    }

    /// Nobody answers here: goes on to the next place.
    fn pass_over(&mut self) {
        let what = format!("{} does not answer", self.target());
        self.search.silent();
        let next = format!(
            "; meanwhile the registry is looked for at {}",
            self.target()
        );
        self.complaints.silent(&self.node, &what, &next);
    }

    fn ended(&mut self, ended: &Ended, began: Instant) {
        // Gone, by the look of it: whoever comes first becomes the next. One that ends
        // each session at once is asked less and less often.
        if began.elapsed() >= STOOD {
            self.pauses = 0;
        }
        if ended.parted {
            self.without = Instant::now();
            self.complaints.clear();
        } else if !ended.refused {
            self.complain(&ended.status.details);
        }
    }

    fn complain(&mut self, why: &str) {
        if let Some(node) = self.node.upgrade() {
            self.complaints.no_registry(&*node, why);
        }
    }

    /// There is no registry at the first place.
    async fn mend(&mut self, failure: &Status) -> Option<()> {
        let owner = self.node.upgrade()?;
        if failure.code == Code::UNIMPLEMENTED {
            let why = no_registry(self.target());
            owner.deliver(Delivery::Refused { why });
            return None;
        }
        match self.host(&*owner).await {
            Some(Ok(())) => return Some(()),
            // Another process was faster, which shows at once, or it is another program.
            Some(Err(error)) if error.kind() == std::io::ErrorKind::AddrInUse => {
                if self.without.elapsed() > SILENCE {
                    self.complaints.no_registry(&*owner, &failure.details);
                }
            }
            Some(Err(error)) => self.complaints.no_registry(&*owner, &error.to_string()),
            None => {
                let why = self.check_hosting().err();
                let why = why.or_else(|| self.at_own_address(&*owner));
                let why = why.map_or_else(String::new, |why| format!("; {why}"));
                let text = format!("{}{why}", failure.details);
                self.complaints.no_registry(&*owner, &text);
            }
        }
        let hopeless = hopeless(self.target(), self.tls.as_ref());
        let found = if self.search.is_only_one() {
            Ok(hopeless.await)
        } else {
            tokio::time::timeout(SILENCE, hopeless).await
        };
        match found {
            Ok(None) => {}
            Ok(Some(why)) if owner.has_joined() => {
                // There was a registry, so there may be one again.
                self.complaints.no_registry(&*owner, &why);
            }
            Ok(Some(why)) => {
                owner.deliver(Delivery::Refused { why });
                return None;
            }
            Err(_) => {
                self.pass_over();
                return Some(());
            }
        }
        drop(owner);
        self.rest().await;
        Some(())
    }

    /// There is none at a later place, either, and those before it are silent.
    async fn stand_in(&mut self, failure: &Status) -> Option<()> {
        let owner = self.node.upgrade()?;
        match self.host(&*owner).await {
            Some(Ok(())) => return Some(()),
            Some(Err(error)) if error.kind() == std::io::ErrorKind::AddrInUse => {
                self.search.taken();
                if self.is_first() {
                    self.complaints.no_registry(&*owner, &failure.details);
                }
            }
            Some(Err(error)) => {
                self.complaints.no_registry(&*owner, &error.to_string());
                self.search.first();
            }
            None => self.search.first(),
        }
        drop(owner);
        self.rest().await;
        Some(())
    }

    /// Waits for a while, the longer the more often it has done so in vain.
    async fn rest(&mut self) {
        tokio::time::sleep(PAUSES.time_after(self.pauses)).await;
        self.pauses += 1;
    }

    /// Whether others would take this process for the registry, by its own rules.
    fn check_hosting(&self) -> Result<(), String> {
        let Some(Hosting { terms, .. }) = &self.hosting else {
            return Ok(());
        };
        let tls = self.tls.as_ref();
        let names = || tls.map_or_else(Vec::new, |tls| tls.server.identities().to_vec());
        let rights = terms.rules.of_names(names);
        rights.map_or(Ok(()), |rights| rights.check(&Deed::Host))
    }

    /// Nobody becomes the registry where others reach it, and whoever names such an address
    /// may expect that.
    fn at_own_address(&self, owner: &dyn Joined) -> Option<String> {
        if self.at != Locality::OwnAddress || owner.has_joined() {
            return None;
        }
        let here = self.target();
        Some(format!(
            "{here} is an address of this machine that other machines reach, too, and there no \
             member becomes the registry. If all modules are on this machine: [rabbit] host = \
             \"localhost\", or OWT_GRPC_REGISTRY=localhost:{}. For several machines: run `owt-grpc \
             registry --listen {here}` on this one",
            here.port()
        ))
    }

    /// Becomes the registry, if this member may.
    async fn host(&self, owner: &dyn Joined) -> Option<std::io::Result<()>> {
        self.check_hosting().ok()?;
        let hosting = self.hosting.as_ref()?;
        let is_first = self.is_first();
        let options = host::Options {
            terms: hosting.terms.clone(),
            beside: Vec::from(if is_first { &hosting.beside[..] } else { &[] }),
            tls: self.tls.as_ref().map(|tls| Arc::clone(&tls.server)),
            // What is wrong with others is theirs to say.
            warn: Box::new(|_| ()),
            note: {
                let node = Weak::clone(&self.node);
                Box::new(move |text| {
                    if let Some(node) = node.upgrade() {
                        let warning = true;
                        node.deliver(Delivery::Note { warning, text });
                    }
                })
            },
        };
        let here = self.target();
        let host = match Host::bind(here.host(), here.port(), options).await {
            Ok(host) => host,
            Err(error) => return Some(Err(error)),
        };
        owner.keep_host(Box::new(host));
        let (before, _) = self.places.split_at(self.search.at());
        if !before.is_empty() {
            let node = Weak::clone(&self.node);
            let give_way = give_way(node, here.clone(), before.to_vec(), self.tls.clone());
            owner.spawn(Box::pin(give_way));
        }
        Some(Ok(()))
    }
}

/// Hosts the registry here for as long as the places before this one are silent.
async fn give_way(node: Weak<dyn Joined>, here: Target, before: Vec<Target>, tls: Option<Mutual>) {
    let tell = |text: String| {
        if let Some(node) = node.upgrade() {
            let warning = false;
            node.deliver(Delivery::Note { warning, text });
        }
    };
    tell(format!(
        "this member hosts the registry at {here} for as long as {} does not answer",
        before[0]
    ));
    let Some(heard) = candidates::heard(&before, tls.as_ref()).await else {
        return;
    };
    tell(format!(
        "{heard} is not silent any more: the registry at {here} ends"
    ));
    if let Some(node) = node.upgrade() {
        node.end_host(here.port()).await;
    }
}

fn no_registry(target: &Target) -> String {
    format!("{target} is a gRPC server, but no registry")
}

/// What waiting would not mend: who is at the registry's port is no registry, or
/// one of the two does not accept the other's certificate.
async fn hopeless(target: &Target, tls: Option<&Mutual>) -> Option<String> {
    let tls = tls.map(|tls| &*tls.client);
    let error = connection::connect(target, Way { via: None, tls }, None, MAX_METADATA)
        .await
        .err()?;
    if error.foreign {
        let text = format!("the registry's port {target} is taken by another program: ");
        return Some(text + &error.text);
    }
    error.untrusted.then(|| {
        format!(
            "the registry is not accepted, or does not accept this member: {}",
            error.text
        )
    })
}
