//! A session of a member with etcd: carries out what its desk wants done, and
//! tells it what happens, until the connection is lost.

use std::future::pending;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::desk::{Action, Desk, LEASE};
use super::keys::{Keys, Seen, Written, revision};
use super::rpc::{self, Endpoint, Stream};
use super::wire::{
    LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveRequest, LeaseKeepAliveResponse,
    LeaseRevokeRequest, LeaseRevokeResponse, RangeResponse, RequestUnion, ResponseHeader,
    TxnResponse, WatchRequest, WatchResponse,
};
use crate::bus::Millis;
use crate::bus::application::Delivery;
use crate::bus::node::Node;
use crate::bus::wire::{ToRegistry, Told};
use crate::grpc::status::{Code, Status};
use crate::registry::Session as Hears;

/// etcd is asked to keep the lease so often. An answer that is not there when it
/// is asked again does not come any more.
fn keep_alive() -> Duration {
    Duration::from_secs(LEASE.into()) / 3
}

/// Why a session ended.
pub enum End {
    /// The member is gone.
    Gone,
    /// It was refused and has been told.
    Refused,
    /// etcd does not answer any more, or not as it should.
    Lost(Status),
}

/// The member's side: what it says goes to the session's task.
struct Ear(UnboundedSender<ToRegistry>);

impl Hears for Ear {
    fn send(&mut self, message: &ToRegistry) {
        let _ = self.0.send(message.clone());
    }

    fn close(&self) {}
}

/// What a call to etcd has brought.
enum Answer {
    Granted(Result<LeaseGrantResponse, Status>),
    Listed(Result<(u64, Vec<Seen>), Status>),
    Followed(Result<(u64, Vec<Seen>), Status>),
    Written(Result<TxnResponse, Status>),
}

/// What all sessions of a member have in common.
pub struct Place<'a> {
    /// Whose they are.
    pub node: &'a Weak<Node>,
    /// Where everything is.
    pub keys: &'a Keys,
    /// The member's.
    pub name: &'a str,
    /// Where the desk's time begins.
    pub started: Instant,
}

struct Session<'a> {
    place: &'a Place<'a>,
    desk: &'a mut Desk,
    endpoint: Arc<Endpoint>,
    calls: JoinSet<Answer>,
    lease: Stream,
    watch: Option<Stream>,
    follow: Option<Stream>,
}

/// Opens a session and carries it on to its end. Returns that, and whether it had
/// come to stand.
pub async fn run(place: &Place<'_>, desk: &mut Desk, endpoint: Endpoint) -> (End, bool) {
    let lease = endpoint.stream(rpc::KEEP_ALIVE);
    let mut session = Session {
        place,
        desk,
        endpoint: Arc::new(endpoint),
        calls: JoinSet::new(),
        lease,
        watch: None,
        follow: None,
    };
    if let Err(status) = session.find_lease().await {
        return (End::Lost(status), false);
    }
    let (ear, asks) = unbounded_channel();
    let Some(node) = place.node.upgrade() else {
        return (End::Gone, false);
    };
    node.registry_open(Box::new(Ear(ear)));
    drop(node);
    let end = session.carry_on(asks).await;
    let stood = session.desk.lost();
    if let (End::Lost(status), Some(node)) = (&end, place.node.upgrade()) {
        node.registry_lost(&status.details);
    }
    (end, stood)
}

impl Session<'_> {
    fn now(&self) -> Millis {
        let elapsed = self.place.started.elapsed().as_millis();
        Millis::try_from(elapsed).unwrap_or(Millis::MAX)
    }

    /// The lease of the session before if it is there still, or a new one. Shows
    /// that etcd has a majority, too.
    async fn find_lease(&mut self) -> Result<(), Status> {
        if let Some(lease) = self.desk.lease() {
            self.lease.send(&LeaseKeepAliveRequest { id: lease });
            let slow = |_| Status::unavailable("etcd does not answer in time");
            let answer = tokio::time::timeout(keep_alive(), self.lease.next()).await;
            let answer: LeaseKeepAliveResponse = answer.map_err(slow)??;
            if answer.ttl > 0 {
                return self.found(answer.header);
            }
            self.desk.lease_lost();
        }
        let granted: LeaseGrantResponse = self.endpoint.call(rpc::GRANT, &grant()).await?;
        self.found(granted.header)?;
        self.desk.leased(self.now(), granted.id);
        Ok(())
    }

    fn found(&mut self, header: Option<ResponseHeader>) -> Result<(), Status> {
        let header = header.ok_or_else(|| Status::internal("an answer of etcd has no header"))?;
        self.desk
            .found(header.cluster_id, revision(header.revision));
        Ok(())
    }

    async fn carry_on(&mut self, mut asks: UnboundedReceiver<ToRegistry>) -> End {
        let mut ask_again = Instant::now() + keep_alive();
        let mut unanswered = false;
        loop {
            for action in self.desk.take_actions() {
                if let Some(end) = self.carry_out(action) {
                    return end;
                }
            }
            let alarm = self.desk.alarm();
            let alarm = alarm.map(|at| self.place.started + Duration::from_millis(at.max(1)));
            let now = self.now();
            let went = tokio::select! {
                asked = asks.recv() => match asked {
                    Some(asked) => {
                        self.desk.asked(now, asked);
                        Ok(())
                    }
                    None => return End::Gone,
                },
                Some(answer) = self.calls.join_next() => match answer {
                    Ok(answer) => self.answered(answer),
                    Err(_) => Err(Status::internal("a call to etcd has ended without an answer")),
                },
                told = next(&mut self.watch) => told.and_then(|told| self.watched(&told)),
                told = next(&mut self.follow) => {
                    self.followed(told);
                    Ok(())
                }
                kept = self.lease.next() => kept.map(|kept: LeaseKeepAliveResponse| {
                    unanswered = false;
                    if kept.ttl <= 0 && self.desk.lease() == Some(kept.id) {
                        self.desk.lease_lost();
                    }
                }),
                () = tokio::time::sleep_until(ask_again) => {
                    if unanswered {
                        return End::Lost(Status::unavailable("etcd does not answer in time"));
                    }
                    ask_again = Instant::now() + keep_alive();
                    if let Some(id) = self.desk.lease() {
                        unanswered = true;
                        self.lease.send(&LeaseKeepAliveRequest { id });
                    }
                    Ok(())
                }
                () = until(alarm) => {
                    let now = self.now();
                    self.desk.tick(now);
                    Ok(())
                }
            };
            if let Err(status) = went {
                return End::Lost(status);
            }
        }
    }

    fn carry_out(&mut self, action: Action) -> Option<End> {
        let node = self.place.node;
        match action {
            Action::Tell(message) => {
                let refused = matches!(message.kind, Some(Told::Refusal(_)));
                match node.upgrade() {
                    Some(node) => node.registry_message(message),
                    None => return Some(End::Gone),
                }
                if refused {
                    return Some(End::Refused);
                }
            }
            Action::Warn(text) => {
                if let Some(node) = node.upgrade() {
                    let warning = true;
                    node.deliver(Delivery::Note { warning, text });
                }
            }
            Action::Grant => self
                .call(async |endpoint| Answer::Granted(endpoint.call(rpc::GRANT, &grant()).await)),
            Action::Revoke(id) => {
                // The member does not wait for it: without it the lease ends a
                // little later.
                let endpoint = Arc::clone(&self.endpoint);
                tokio::spawn(async move {
                    let request = LeaseRevokeRequest { id };
                    let answer = endpoint.call::<LeaseRevokeResponse>(rpc::REVOKE, &request);
                    let _ = answer.await;
                });
            }
            Action::List => {
                self.watch = None;
                let keys = self.place.keys.clone();
                self.call(async move |endpoint| {
                    Answer::Listed(list(&endpoint, &keys, keys.known()).await)
                });
            }
            Action::Follow => {
                let keys = self.place.keys.clone();
                self.call(async move |endpoint| {
                    Answer::Followed(list(&endpoint, &keys, keys.applied()).await)
                });
            }
            Action::Unfollow => self.follow = None,
            Action::Watch { from } => self.watch = Some(self.open(self.place.keys.known(), from)),
            Action::Write(write) => {
                let txn = self.place.keys.write(self.place.name, &write);
                self.call(async move |endpoint| {
                    Answer::Written(endpoint.call(rpc::TXN, &txn).await)
                });
            }
        }
        None
    }

    fn call<F>(&mut self, work: impl FnOnce(Arc<Endpoint>) -> F)
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let endpoint = Arc::clone(&self.endpoint);
        self.calls.spawn(work(endpoint));
    }

    fn open(&self, range: (Bytes, Bytes), from: u64) -> Stream {
        let mut stream = self.endpoint.stream(rpc::WATCH);
        let request = Keys::watch(range, from);
        stream.send(&WatchRequest {
            request_union: Some(RequestUnion::CreateRequest(request)),
        });
        stream
    }

    fn answered(&mut self, answer: Answer) -> Result<(), Status> {
        let now = self.now();
        match answer {
            Answer::Granted(granted) => self.desk.leased(now, granted?.id),
            Answer::Listed(listed) => {
                let (revision, all) = listed?;
                self.desk.listed(now, revision, all);
            }
            Answer::Followed(listed) => {
                let (revision, all) = listed?;
                if !self.desk.follows() {
                    return Ok(());
                }
                self.follow = Some(self.open(self.place.keys.applied(), revision + 1));
                self.desk.followed(now, all);
            }
            Answer::Written(written) => {
                let how = match written {
                    Ok(answer) => self.place.keys.written(&answer),
                    Err(status) if status.code == Code::NOT_FOUND => Written::NoLease,
                    Err(status) => return Err(status),
                };
                self.desk.written(now, how);
            }
        }
        Ok(())
    }

    fn watched(&mut self, told: &WatchResponse) -> Result<(), Status> {
        let now = self.now();
        if told.compact_revision != 0 {
            self.desk.compacted();
        } else if told.canceled {
            let why = format!("etcd has ended the watch: {}", told.cancel_reason);
            return Err(Status::unavailable(why));
        } else if told.created {
            self.desk.watching(now);
        } else {
            let (revision, all) = self.news(told);
            self.desk.watched(now, revision, all);
        }
        Ok(())
    }

    /// How far others are: if that ends, the desk asks for it anew.
    fn followed(&mut self, told: Result<WatchResponse, Status>) {
        let now = self.now();
        match told {
            Ok(told) if !told.canceled && told.compact_revision == 0 => {
                let (_, all) = self.news(&told);
                self.desk.followed(now, all);
            }
            _ => {
                self.follow = None;
                self.desk.unfollowed(now);
            }
        }
    }

    fn news(&self, told: &WatchResponse) -> (u64, Vec<Seen>) {
        let keys = self.place.keys;
        let all = told.events.iter().filter_map(|event| keys.event(event));
        let all = all.collect();
        // The header's revision may be ahead of what was sent.
        let of_events = told.events.iter().filter_map(|event| event.kv.as_ref());
        let last = of_events.map(|key| key.mod_revision).max();
        let of_header = || told.header.as_ref().map_or(0, |header| header.revision);
        let reached = revision(last.unwrap_or_else(of_header));
        (reached.saturating_sub(told.fragment.into()), all)
    }
}

fn grant() -> LeaseGrantRequest {
    LeaseGrantRequest { ttl: LEASE.into() }
}

/// Everything in a range, page by page, as of the revision of the first.
async fn list(
    endpoint: &Endpoint,
    keys: &Keys,
    range: (Bytes, Bytes),
) -> Result<(u64, Vec<Seen>), Status> {
    let mut all = Vec::new();
    let (mut at, mut last) = (0, None);
    loop {
        let request = Keys::page(&range, last.as_ref(), at);
        let page: RangeResponse = endpoint.call(rpc::RANGE, &request).await?;
        if at == 0 {
            at = page.header.as_ref().map_or(0, |header| header.revision);
        }
        all.extend(page.kvs.iter().filter_map(|key| keys.seen(key, false)));
        last = page.kvs.last().map(|key| key.key.clone());
        if !page.more || last.is_none() {
            return Ok((revision(at), all));
        }
    }
}

async fn next(stream: &mut Option<Stream>) -> Result<WatchResponse, Status> {
    match stream {
        Some(stream) => stream.next().await,
        None => pending().await,
    }
}

async fn until(alarm: Option<Instant>) {
    match alarm {
        Some(alarm) => tokio::time::sleep_until(alarm).await,
        None => pending().await,
    }
}
