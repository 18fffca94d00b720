//! A member's way to a registry that has a host and a port: finds it, becomes it
//! where there is none, and comes back to it.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::Notify;

use super::host::{self, Host, SESSION};
use super::{Complaints, Pending, Registry, SILENCE, Session, patiently};
use crate::bus::agreement::Terms;
use crate::bus::application::Delivery;
use crate::bus::member::Member;
use crate::bus::node::Node;
use crate::bus::pipe::{self, Pipe};
use crate::bus::reach::Reach;
use crate::bus::rules::Deed;
use crate::bus::wire::ToRegistry;
use crate::grpc::backoff::STOOD;
use crate::grpc::connection::{self, Way};
use crate::grpc::gate::Gate;
use crate::grpc::metadata::MAX_METADATA;
use crate::grpc::status::{Code, Status};
use crate::grpc::stream::{CallEvents, cost};
use crate::grpc::target::Target;
use crate::tls::credentials::Mutual;

/// Pauses between attempts: the first is short, since another process may just
/// be about to become the registry.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A registry in a process of its own.
#[derive(Debug, Clone)]
pub struct Standalone {
    /// Host and port.
    pub target: Target,
    /// Plaintext may leave this machine.
    pub insecure: bool,
    /// Mutual TLS, for links too, or plaintext.
    pub tls: Option<Mutual>,
}

impl Standalone {
    async fn route(&self) -> Result<Reach, String> {
        let addresses = self
            .target
            .resolve()
            .await
            .map_err(|error| format!("the registry {} is not found: {error}", self.target))?;
        let first = addresses.first();
        let first = first.ok_or_else(|| format!("the registry {} has no address", self.target))?;
        if !first.ip().is_loopback() && !self.insecure && self.tls.is_none() {
            return Err(format!(
                "the registry {} is not on this machine, and the bus would talk to it in plaintext: \
                 set up TLS, or OWT_GRPC_INSECURE=1 if you trust that network",
                self.target
            ));
        }
        Reach::by_route_to(*first)
    }
}

impl Registry for Standalone {
    fn reach(&self) -> Pending<'_, Result<Reach, String>> {
        Box::pin(self.route())
    }

    fn keep_joined(self: Box<Self>, node: Weak<Node>, _: bool) -> Pending<'static, ()> {
        Box::pin(stay_joined(node, *self, None))
    }
}

/// A registry that the first member on its machine becomes. From elsewhere it is
/// one that stands alone.
pub struct Embedded {
    /// Where it is, or is to be.
    pub at: Standalone,
    /// Who differs in them is refused.
    pub terms: Terms,
}

impl Registry for Embedded {
    fn reach(&self) -> Pending<'_, Result<Reach, String>> {
        self.at.reach()
    }

    fn keep_joined(self: Box<Self>, node: Weak<Node>, here: bool) -> Pending<'static, ()> {
        let terms = here.then_some(self.terms);
        Box::pin(stay_joined(node, self.at, terms))
    }
}

/// The member's side of a session.
struct Line {
    pipe: Pipe,
    cut: Arc<Notify>,
}

impl Session for Line {
    fn send(&mut self, message: &ToRegistry) {
        self.pipe.send(message);
    }

    fn close(&self) {
        self.pipe.close();
    }

    fn cut(&self) {
        self.cut.notify_one();
    }
}

/// Becomes the registry on these terms, if there are any and no registry.
async fn stay_joined(node: Weak<Node>, registry: Standalone, terms: Option<Terms>) {
    let mut pause = FIRST_PAUSE;
    let mut complaints = Complaints::default();
    let mut without = Instant::now();
    let tls = registry.tls.as_ref();
    loop {
        let channel = pipe::channel_to(registry.target.clone(), tls);
        let target = &registry.target;
        let tell = || complaints.silent(&node, &format!("{target} does not answer"));
        let ready = patiently(channel.ready(false), tell).await;
        let began = Instant::now();
        let failure = match ready {
            Ok(_) => {
                let Some((status, told)) = session(&node, channel, target, &mut complaints).await
                else {
                    return;
                };
                // Gone, by the look of it: whoever comes first becomes the next. One that ends
                // each session at once is asked less and less often.
                if began.elapsed() >= STOOD {
                    pause = FIRST_PAUSE;
                }
                if told {
                    without = Instant::now();
                    complaints.clear();
                } else if let Some(owner) = node.upgrade() {
                    complaints.no_registry(&owner, &status.details);
                }
                status
            }
            Err(status) => status,
        };
        let Some(owner) = node.upgrade() else { return };
        if failure.code == Code::UNIMPLEMENTED {
            let text = format!("{} is a gRPC server, but no registry", registry.target);
            return owner.deliver(Delivery::Refused { why: text });
        }
        let may_host = terms.as_ref().map(|terms| check_hosting(terms, tls));
        if let (Some(terms), Some(Ok(()))) = (&terms, &may_host) {
            let options = host::Options {
                terms: terms.clone(),
                tls: tls.map(|tls| Arc::clone(&tls.server)),
                // What is wrong with others is theirs to say.
                warn: Box::new(|_| ()),
                note: {
                    let node = Weak::clone(&node);
                    Box::new(move |text| {
                        if let Some(node) = node.upgrade() {
                            let warning = true;
                            node.deliver(Delivery::Note { warning, text });
                        }
                    })
                },
            };
            match Host::bind(registry.target.host(), registry.target.port(), options).await {
                Ok(host) => {
                    owner.keep_host(host);
                    continue;
                }
                // Another process was faster, which shows at once, or it is another program.
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                    if without.elapsed() > SILENCE {
                        complaints.no_registry(&owner, &failure.details);
                    }
                }
                Err(error) => complaints.no_registry(&owner, &error.to_string()),
            }
        } else if let Some(Err(why)) = may_host {
            complaints.no_registry(&owner, &format!("{}; {why}", failure.details));
        } else {
            complaints.no_registry(&owner, &failure.details);
        }
        if let Some(why) = hopeless(&registry).await {
            if !owner.ask(Member::has_joined) {
                return owner.deliver(Delivery::Refused { why });
            }
            // There was a registry, so there may be one again.
            complaints.no_registry(&owner, &why);
        }
        drop(owner);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether others would take this process for the registry, by its own rules.
fn check_hosting(terms: &Terms, tls: Option<&Mutual>) -> Result<(), String> {
    let names = || tls.map_or_else(Vec::new, |tls| tls.server.identities().to_vec());
    let rights = terms.rules.of_names(names);
    rights.map_or(Ok(()), |rights| rights.check(&Deed::Host))
}

/// What waiting would not mend: who is at the registry's port is no registry, or
/// one of the two does not accept the other's certificate.
async fn hopeless(registry: &Standalone) -> Option<String> {
    let tls = registry.tls.as_ref().map(|tls| &*tls.client);
    let error = connection::connect(&registry.target, Way { via: None, tls }, None, MAX_METADATA)
        .await
        .err()?;
    let target = &registry.target;
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

/// One session: why it has ended, and whether the application has been told. `None`
/// if there is no reason for another.
async fn session(
    node: &Weak<Node>,
    channel: Arc<crate::grpc::channel::Channel>,
    target: &Target,
    complaints: &mut Complaints,
) -> Option<(Status, bool)> {
    let (pipe, inbox) = Pipe::new(true);
    let gate = Arc::<Gate>::default();
    let events = SessionEvents {
        node: Weak::clone(node),
        gate: Arc::clone(&gate),
    };
    let cut = Arc::new(Notify::new());
    let line = Line {
        pipe,
        cut: Arc::clone(&cut),
    };
    node.upgrade()?.registry_open(Box::new(line));
    let tell = || {
        if node
            .upgrade()
            .is_some_and(|node| node.ask(Member::is_joining))
        {
            let what = format!("{target} is connected, and does not let this member in");
            complaints.silent(node, &what);
        }
    };
    let dialed = pipe::dial(channel, SESSION, inbox, gate, &events);
    let mut status = tokio::select! {
        status = patiently(dialed, tell) => status,
        () = cut.notified() => Status::unavailable("the registry is not trusted"),
    };
    if status.details.is_empty() {
        status.details = String::from("the registry closed the session");
    }
    let told = node.upgrade()?.registry_lost(&status.details);
    Some((status, told))
}

struct SessionEvents {
    node: Weak<Node>,
    gate: Arc<Gate>,
}

impl CallEvents for SessionEvents {
    fn carried(&self, certificate: Option<&[u8]>) {
        if let Some(node) = self.node.upgrade() {
            node.registry_carried(certificate);
        }
    }

    fn headers(&self, _: &HeaderMap) {}

    fn message(&self, message: Bytes) {
        self.gate.consume(cost(message.len()));
        let Some(node) = self.node.upgrade() else {
            return;
        };
        match pipe::read(message) {
            Ok(message) => node.registry_message(message),
            Err(error) => node.deliver(Delivery::Note {
                warning: true,
                text: format!("the registry sent what cannot be read: {error}"),
            }),
        }
    }

    fn writable(&self, _: usize) {}

    fn half_closed(&self) {}
}
