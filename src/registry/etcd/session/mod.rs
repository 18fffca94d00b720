//! A session of a member with etcd: carries out what its replica wants done, and
//! tells it what happens, until the connection is lost. `answers` is what etcd says.

mod answers;

use std::future::pending;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::explain::Explain;
use super::keys::{Keys, Seen, revision};
use super::listing::Listing;
use super::replica::{Action, LEASE, Replica};
use super::rpc::{self, Endpoint, Stream};
use super::wire::{
    LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveRequest, LeaseKeepAliveResponse,
    LeaseRevokeRequest, LeaseRevokeResponse, RangeResponse, RequestUnion, ResponseHeader,
    TxnResponse, WatchRequest,
};
use crate::bus::Millis;
use crate::bus::application::Delivery;
use crate::bus::registry::{Joined, Session as MemberSession};
use crate::bus::wire::{ToRegistry, Told};
use crate::grpc::status::Status;
use crate::registry::complaints::Complaints;

/// How long the lease lasts without a word of the member.
fn lease_time() -> Duration {
    Duration::from_secs(LEASE.into())
}

/// etcd is asked to keep it so often.
fn keep_alive() -> Duration {
    lease_time() / 3
}

/// An etcd that has not answered that for so long does not any more; what is left of
/// the lease is for finding another one. `etcd grpc-proxy` answers on a beat of its
/// own, each two seconds, whenever it is asked.
fn silence() -> Duration {
    lease_time() * 2 / 3
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
struct SessionSender(UnboundedSender<ToRegistry>);

impl MemberSession for SessionSender {
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
    /// There is a new token for a stream that has ended for want of one.
    Renewed(Renewed, Result<(), Status>),
}

/// Streams that are opened again when their token has lapsed.
#[derive(Clone, Copy)]
enum Renewed {
    Lease,
    Watch,
}

/// What all sessions of a member have in common.
pub struct Common<'a> {
    /// The member whose sessions they are.
    pub node: &'a Weak<dyn Joined>,
    /// Which key holds what.
    pub keys: &'a Keys,
    /// The member's name.
    pub name: &'a str,
    /// Where the replica's time begins.
    pub started: Instant,
    /// What is said of etcd's errors.
    pub explain: Explain<'a>,
}

struct Session<'a> {
    common: &'a Common<'a>,
    replica: &'a mut Replica,
    complaints: &'a mut Complaints,
    endpoint: Arc<Endpoint>,
    calls: JoinSet<Answer>,
    lease: Option<Stream>,
    /// When etcd last said that the lease is kept.
    kept_at: Instant,
    watch: Option<Stream>,
    follow: Option<Stream>,
}

/// Opens a session and carries it on to its end. Returns that, and whether the
/// application has been told of it.
pub async fn run(
    common: &Common<'_>,
    replica: &mut Replica,
    complaints: &mut Complaints,
    endpoint: Endpoint,
) -> (End, bool) {
    let lease = Some(endpoint.stream(rpc::KEEP_ALIVE));
    let mut session = Session {
        common,
        replica,
        complaints,
        endpoint: Arc::new(endpoint),
        calls: JoinSet::new(),
        lease,
        kept_at: Instant::now(),
        watch: None,
        follow: None,
    };
    if let Err(status) = session.find_lease().await {
        return (End::Lost(status), false);
    }
    let (sender, asks) = unbounded_channel();
    let Some(node) = common.node.upgrade() else {
        return (End::Gone, false);
    };
    node.opened(Box::new(SessionSender(sender)));
    let end = session.carry_on(asks).await;
    session.replica.lost();
    let told = match (&end, common.node.upgrade()) {
        (End::Lost(status), Some(node)) => node.lost(&status.details),
        _ => true,
    };
    (end, told)
}

impl Session<'_> {
    fn now(&self) -> Millis {
        let elapsed = self.common.started.elapsed().as_millis();
        Millis::try_from(elapsed).unwrap_or(Millis::MAX)
    }

    /// The lease of the session before if it is there still, or a new one. Shows
    /// that etcd has a majority, too.
    async fn find_lease(&mut self) -> Result<(), Status> {
        if self.replica.lease().is_some() {
            self.keep_lease();
            let answer = tokio::time::timeout(lease_time() / 2, next(&mut self.lease)).await;
            let answer: LeaseKeepAliveResponse = answer.map_err(|_| silent())??;
            self.kept_at = Instant::now();
            if answer.ttl > 0 {
                return self.found(answer.header);
            }
            self.replica.lease_lost();
        }
        let granted: LeaseGrantResponse = self.endpoint.call(rpc::GRANT, &grant()).await?;
        self.found(granted.header)?;
        self.replica.leased(self.now(), granted.id);
        Ok(())
    }

    fn found(&mut self, header: Option<ResponseHeader>) -> Result<(), Status> {
        let header = header.ok_or_else(|| Status::internal("an answer of etcd has no header"))?;
        self.replica
            .found(header.cluster_id, revision(header.revision));
        Ok(())
    }

    async fn carry_on(&mut self, mut asks: UnboundedReceiver<ToRegistry>) -> End {
        let mut ask_again = Instant::now() + keep_alive();
        loop {
            for action in self.replica.take_actions() {
                if let Some(end) = self.carry_out(action) {
                    return end;
                }
            }
            let alarm = self.replica.alarm();
            let alarm = alarm.map(|at| self.common.started + Duration::from_millis(at.max(1)));
            let now = self.now();
            let went = tokio::select! {
                asked = asks.recv() => match asked {
                    Some(asked) => {
                        self.replica.asked(now, asked);
                        Ok(())
                    }
                    None => return End::Gone,
                },
                Some(answer) = self.calls.join_next() => match answer {
                    Ok(answer) => self.answered(answer),
                    Err(_) => Err(Status::internal("a call to etcd has ended without an answer")),
                },
                told = next(&mut self.watch) => self.watched(told),
                told = next(&mut self.follow) => {
                    self.followed(told);
                    Ok(())
                }
                kept = next(&mut self.lease) => self.kept(kept),
                () = tokio::time::sleep_until(ask_again) => {
                    ask_again = Instant::now() + keep_alive();
                    self.keep_lease();
                    Ok(())
                }
                () = tokio::time::sleep_until(self.kept_at + silence()) => Err(silent()),
                () = until(alarm) => {
                    let now = self.now();
                    self.replica.tick(now);
                    Ok(())
                }
            };
            if let Err(status) = went {
                return End::Lost(status);
            }
        }
    }

    fn carry_out(&mut self, action: Action) -> Option<End> {
        let node = self.common.node;
        match action {
            Action::Tell(message) => {
                let refused = matches!(message.kind, Some(Told::Refusal(_)));
                match node.upgrade() {
                    Some(node) => node.told(message),
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
                let keys = self.common.keys.clone();
                self.call(async move |endpoint| {
                    Answer::Listed(list(&endpoint, &keys, keys.known()).await)
                });
            }
            Action::Follow => {
                let keys = self.common.keys.clone();
                self.call(async move |endpoint| {
                    Answer::Followed(list(&endpoint, &keys, keys.applied()).await)
                });
            }
            Action::Unfollow => self.follow = None,
            Action::Watch { from } => self.watch = Some(self.open(self.common.keys.known(), from)),
            Action::Write(write) => {
                let txn = self.common.keys.write(self.common.name, &write);
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

    fn keep_lease(&mut self) {
        let lease = self.replica.lease();
        if let (Some(stream), Some(id)) = (&mut self.lease, lease) {
            stream.send(&LeaseKeepAliveRequest { id });
        }
        if lease.is_none() {
            // There is nothing to keep, and nothing to be answered.
            self.kept_at = Instant::now();
        }
    }

    fn open(&self, range: (Bytes, Bytes), from: u64) -> Stream {
        let mut stream = self.endpoint.stream(rpc::WATCH);
        let request = Keys::watch(range, from);
        stream.send(&WatchRequest {
            request_union: Some(RequestUnion::CreateRequest(request)),
        });
        stream
    }
}

fn grant() -> LeaseGrantRequest {
    LeaseGrantRequest { ttl: LEASE.into() }
}

/// Everything in a range.
async fn list(
    endpoint: &Endpoint,
    keys: &Keys,
    range: (Bytes, Bytes),
) -> Result<(u64, Vec<Seen>), Status> {
    let mut listing = Listing::of(range);
    loop {
        let page: RangeResponse = endpoint.call(rpc::RANGE, &listing.next()).await?;
        if listing.take(keys, &page)? {
            return Ok(listing.whole());
        }
    }
}

fn silent() -> Status {
    Status::unavailable("etcd does not answer in time")
}

async fn next<A: Message + Default>(stream: &mut Option<Stream>) -> Result<A, Status> {
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
