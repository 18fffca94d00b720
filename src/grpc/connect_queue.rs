//! What a channel is at, and the calls that wait for its connection: they are
//! sent in the order they were made.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::oneshot;

use super::connection::{Connection, Marker};
use super::status::Status;

/// What a channel is at.
#[derive(Default)]
pub enum Phase {
    /// Nobody has asked for a connection since there was none.
    #[default]
    Idle,
    /// An attempt is under way.
    Connecting,
    /// There is one.
    Ready(Connection),
    /// The last attempt failed, with this reason, and the next one is not due.
    Backoff(Arc<str>),
}

/// The stage that a channel is at, with the calls that wait for the next.
#[derive(Default)]
pub struct ConnectQueue {
    phase: Phase,
    waiters: VecDeque<Waiter>,
    /// Held by each call whose turn has come and that has not gone on yet: a
    /// later one that finds the connection ready goes behind it.
    coming: Arc<()>,
}

/// A connection, and what is held until it is used.
type Turn = (Connection, Arc<()>);

struct Waiter {
    /// Stays in the queue when an attempt fails.
    for_ready: bool,
    turn: oneshot::Sender<Result<Turn, Status>>,
}

/// Where a call that has entered stands.
pub enum Entered {
    /// Nobody is before it.
    First(Connection),
    /// Those that were woken before it are on their way.
    Behind(Turn),
    /// There is no connection yet.
    Waiting(oneshot::Receiver<Result<Turn, Status>>),
}

impl Entered {
    /// Waits for its turn.
    ///
    /// # Errors
    /// There is no connection.
    pub async fn turn(self) -> Result<Connection, Status> {
        let (connection, _coming) = match self {
            Self::First(connection) => return Ok(connection),
            Self::Behind(turn) => {
                behind_others().await;
                turn
            }
            Self::Waiting(waiting) => {
                let shut_down = |_| Err(Status::unavailable("Channel has been shut down"));
                waiting.await.unwrap_or_else(shut_down)?
            }
        };
        Ok(connection)
    }
}

/// Lets every task go first that is ready now.
async fn behind_others() {
    let mut has_waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl ConnectQueue {
    /// What the channel is at.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Whether whoever enters has to see to an attempt.
    pub fn begins(&mut self) -> bool {
        let is_idle = matches!(self.phase, Phase::Idle);
        if is_idle {
            self.phase = Phase::Connecting;
        }
        is_idle
    }

    /// A call enters. `wait`: whatever attempts fail.
    ///
    /// # Errors
    /// The reason of the last attempt, while the channel pauses.
    pub fn enter(&mut self, wait: bool) -> Result<Entered, Status> {
        match &self.phase {
            Phase::Ready(connection) if Arc::strong_count(&self.coming) == 1 => {
                Ok(Entered::First(connection.clone()))
            }
            Phase::Ready(connection) => {
                let turn = (connection.clone(), Arc::clone(&self.coming));
                Ok(Entered::Behind(turn))
            }
            Phase::Backoff(why) if !wait => Err(Status::unavailable(&**why)),
            Phase::Idle | Phase::Connecting | Phase::Backoff(_) => {
                let (turn, waiting) = oneshot::channel();
                let for_ready = wait;
                self.waiters.push_back(Waiter { for_ready, turn });
                Ok(Entered::Waiting(waiting))
            }
        }
    }

    /// There is a connection: everybody's turn comes.
    pub fn ready(&mut self, connection: &Connection) {
        self.phase = Phase::Ready(connection.clone());
        for waiter in self.waiters.drain(..) {
            let turn = (connection.clone(), Arc::clone(&self.coming));
            let _ = waiter.turn.send(Ok(turn));
        }
    }

    /// An attempt failed, and the next one is not due.
    pub fn failed(&mut self, why: Arc<str>) {
        for waiter in std::mem::take(&mut self.waiters) {
            if waiter.for_ready {
                self.waiters.push_back(waiter);
            } else {
                let _ = waiter.turn.send(Err(Status::unavailable(&*why)));
            }
        }
        self.phase = Phase::Backoff(why);
    }

    /// The next attempt is made now if somebody waits for it.
    pub fn paused(&mut self) -> bool {
        self.waiters.retain(|waiter| !waiter.turn.is_closed());
        let wanted = !self.waiters.is_empty();
        self.phase = if wanted {
            Phase::Connecting
        } else {
            Phase::Idle
        };
        wanted
    }

    /// Takes the connection, if it is that one, from the calls to come: the next of them
    /// sees to another. Returns whether it was.
    pub fn leave(&mut self, marker: &Marker) -> bool {
        let is_it = matches!(&self.phase, Phase::Ready(ready) if ready.has(marker));
        if is_it {
            self.phase = Phase::Idle;
        }
        is_it
    }
}
