//! What this process holds for its peers, and for whom: bytes that came and wait to be
//! taken, and bytes that wait for a peer to take them. One budget for the process, a
//! ledger for each connection. What is over the budget is what the greediest
//! connection holds, and it alone is refused, or closed.

mod holding;

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, OnceLock, Weak};

pub use holding::Holding;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::grpc::latch::Latch;
use crate::grpc::memory;
use crate::grpc::status::{Code, Status};

/// A call that holds no more than this is small: it is served while there is any room
/// left, also where others of its connection wait.
pub const SMALL: usize = 64 << 10;
/// This part of the limit is there for small calls alone, once the rest is used up.
const RESERVE: usize = 8;
/// Who holds less than this part of the limit is not to wait because room is short.
const MODEST: usize = 8;

/// With so many calls a connection has taken megabytes beside what is counted.
const MANY_CALLS: usize = 512;

/// The one of this process, which has no limit until somebody has said one.
pub static PROCESS: LazyLock<Arc<Budget>> = LazyLock::new(|| Arc::new(Budget::new(usize::MAX)));

/// Who says how much may be held: one is not overruled by those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum By {
    /// Nobody has.
    Default,
    /// The environment of a thread.
    Environment,
    /// The program.
    Program,
}

/// The budget of the process. Changed on the network thread, read on any.
pub struct Budget {
    limit: AtomicUsize,
    /// Who has said it, as [`By`].
    by: AtomicU8,
    total: AtomicUsize,
    /// So much has been held that giving it back to the system is worth a moment.
    peaked: AtomicBool,
    ledgers: Mutex<Vec<Weak<Ledger>>>,
}

impl Budget {
    /// Of so many bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit: AtomicUsize::new(limit),
            by: AtomicU8::new(By::Default as u8),
            total: AtomicUsize::new(0),
            peaked: AtomicBool::new(false),
            ledgers: Mutex::default(),
        }
    }

    /// How much may be held.
    pub fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// Changes it, unless it was said by one who is not overruled. What is held already
    /// stays.
    pub fn set_limit(&self, limit: usize, by: By) {
        let before = self.by.fetch_max(by as u8, Ordering::Relaxed);
        if by as u8 >= before {
            self.limit.store(limit, Ordering::Relaxed);
        }
    }

    /// How much is held.
    pub fn total(&self) -> usize {
        self.total.load(Ordering::Relaxed)
    }

    /// The ledger of a connection that begins.
    pub fn open(self: &Arc<Self>) -> Arc<Ledger> {
        let ledger = Arc::new(Ledger {
            budget: Arc::clone(self),
            held: AtomicUsize::new(0),
            evicted: Latch::default(),
            refusal: OnceLock::new(),
            is_told: AtomicBool::new(false),
            turn: Semaphore::new(1),
            most_calls: AtomicUsize::new(0),
        });
        let mut ledgers = self.ledgers.lock();
        // Those of connections that are gone leave when there is a reason to look.
        if ledgers.len() == ledgers.capacity() {
            ledgers.retain(|ledger| ledger.strong_count() > 0);
        }
        ledgers.push(Arc::downgrade(&ledger));
        ledger
    }

    /// More than half is used up: large messages come one at a time.
    fn is_tight(&self) -> bool {
        self.total() > self.limit() / 2
    }

    fn greediest(&self) -> Option<Arc<Ledger>> {
        let mut ledgers = self.ledgers.lock();
        ledgers.retain(|ledger| ledger.strong_count() > 0);
        let open = ledgers.iter().filter_map(Weak::upgrade);
        open.max_by_key(|ledger| ledger.held())
    }

    fn add(&self, bytes: usize) -> usize {
        let total = self.total.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if total > self.limit() / 8 {
            self.peaked.store(true, Ordering::Relaxed);
        }
        total
    }

    fn subtract(&self, bytes: usize) {
        let left = self.total.fetch_sub(bytes, Ordering::Relaxed) - bytes;
        if left <= self.limit() / 32 && self.peaked.load(Ordering::Relaxed) {
            self.peaked.store(false, Ordering::Relaxed);
            memory::give_back_soon();
        }
    }
}

/// What one connection makes this process hold.
pub struct Ledger {
    budget: Arc<Budget>,
    held: AtomicUsize,
    evicted: Latch,
    /// Why the first of its calls was refused.
    refusal: OnceLock<String>,
    /// That has been said.
    is_told: AtomicBool,
    /// Whose large message comes, while the budget is tight.
    turn: Semaphore,
    /// The most calls that it had at once.
    most_calls: AtomicUsize,
}

impl Ledger {
    /// How much the connection makes the process hold.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Waits until this connection has to go, since others need what it holds; the
    /// text says so.
    pub async fn evicted(&self) -> String {
        self.evicted.wait().await;
        format!("it made this process {}", self.describe())
    }

    /// The connection has so many calls.
    pub fn saw_calls(&self, calls: usize) {
        if calls > self.most_calls.load(Ordering::Relaxed) {
            self.most_calls.store(calls, Ordering::Relaxed);
        }
    }

    /// Room is short, and this connection has a good part of it.
    pub fn is_pressed(&self) -> bool {
        self.budget.is_tight() && self.held() > self.budget.limit() / MODEST
    }

    /// Why a call was refused, once for each connection.
    pub fn refusal(&self) -> Option<&str> {
        let refusal = self.refusal.get()?;
        (!self.is_told.swap(true, Ordering::Relaxed)).then_some(refusal)
    }

    /// What a call holds that begins.
    pub fn call(&self) -> Holding<'_> {
        Holding::new(self)
    }

    fn describe(&self) -> String {
        format!(
            "hold {} bytes of {} that wait to be taken, and maxBufferedBytes allows {} in all",
            self.held(),
            self.budget.total(),
            self.budget.limit(),
        )
    }

    /// Adds what a call holds beside the `before` bytes that it does already. Beyond the
    /// limit the greediest connection goes; if that is this one, the call is refused.
    ///
    /// # Errors
    /// It is refused.
    pub fn add(&self, before: usize, bytes: usize) -> Result<(), Full> {
        self.held.fetch_add(bytes, Ordering::Relaxed);
        let total = self.budget.add(bytes);
        let limit = self.budget.limit();
        if total <= limit || self.is_spared(total, limit, before + bytes) {
            return Ok(());
        }
        let what = self.describe();
        self.subtract(bytes);
        self.refusal.get_or_init(|| what.clone());
        Err(Full(what))
    }

    /// Over the limit, whether this call may go on.
    fn is_spared(&self, total: usize, limit: usize, of_call: usize) -> bool {
        let Some(greediest) = self.budget.greediest() else {
            return false;
        };
        if !std::ptr::eq(&raw const *greediest, self) && greediest.held() > self.held() {
            greediest.evicted.set();
            return true;
        }
        of_call <= SMALL && total <= limit + limit / RESERVE
    }

    /// What a call does not hold any more.
    pub fn subtract(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
        self.budget.subtract(bytes);
    }
}

impl Drop for Ledger {
    /// Calls give back what they hold before their connection's ledger goes.
    fn drop(&mut self) {
        debug_assert_eq!(self.held(), 0);
        if self.most_calls.load(Ordering::Relaxed) >= MANY_CALLS {
            memory::give_back_soon();
        }
    }
}

/// The budget is used up, mostly by the connection that is told so.
#[derive(Debug)]
pub struct Full(String);

impl From<Full> for Status {
    fn from(Full(what): Full) -> Self {
        Self::new(
            Code::RESOURCE_EXHAUSTED,
            format!("The connection of this call makes the process {what}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    fn has_to_go(ledger: &Ledger) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            tokio::select! {
                biased;
                _ = ledger.evicted() => true,
                () = std::future::ready(()) => false,
            }
        })
    }

    #[test]
    fn what_is_held_is_given_back_with_the_call() {
        let budget = Arc::new(Budget::new(MIB));
        let ledger = budget.open();
        let mut call = ledger.call();
        call.set(1000).unwrap();
        call.set(10).unwrap();
        call.set(500).unwrap();
        assert_eq!((ledger.held(), budget.total()), (500, 500));
        drop(call);
        assert_eq!((ledger.held(), budget.total()), (0, 0));
    }

    #[test]
    fn the_greediest_is_refused_and_holds_what_it_held() {
        let budget = Arc::new(Budget::new(MIB));
        let ledger = budget.open();
        let (mut large, mut other, mut small) = (ledger.call(), ledger.call(), ledger.call());
        large.set(MIB).unwrap();
        let text = Status::from(other.set(MIB).unwrap_err()).details;
        assert!(text.contains("maxBufferedBytes allows 1048576"), "{text}");
        assert_eq!(ledger.held(), MIB);
        assert!(!has_to_go(&ledger));
        assert!(ledger.refusal().is_some() && ledger.refusal().is_none());
        small.set(SMALL).expect("a small call beside it is served");
        small.set(SMALL + 1).unwrap_err();
    }

    #[test]
    fn one_that_others_suffer_from_has_to_go() {
        let budget = Arc::new(Budget::new(MIB));
        let (greedy, modest) = (budget.open(), budget.open());
        let (mut much, mut little) = (greedy.call(), modest.call());
        much.set(MIB).unwrap();
        little.set(MIB / 2).unwrap();
        assert!(has_to_go(&greedy) && !has_to_go(&modest));
    }

    #[test]
    fn whoever_holds_less_than_others_is_never_refused() {
        for seed in 0..200 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let budget = Arc::new(Budget::new(MIB));
            let mut ledgers: Vec<_> = (0..4).map(|_| budget.open()).collect();
            let mut calls: Vec<Vec<(usize, usize)>> = vec![Vec::new(); ledgers.len()];
            for _ in 0..500 {
                let who = rng.usize(..ledgers.len());
                // As if each addition were a call of its own.
                let bytes = rng.usize(..MIB / 4);
                let before = rng.usize(..MIB / 8);
                let others = (0..ledgers.len()).filter(|other| *other != who);
                let most = others.map(|other| ledgers[other].held()).max().unwrap();
                match ledgers[who].add(before, bytes) {
                    Ok(()) => calls[who].push((before, bytes)),
                    Err(_) => assert!(ledgers[who].held() + bytes >= most, "seed {seed}"),
                }
                for (number, ledger) in ledgers.iter_mut().enumerate() {
                    if has_to_go(ledger) {
                        let held: usize = calls[number].drain(..).map(|(_, bytes)| bytes).sum();
                        ledger.subtract(held);
                        *ledger = budget.open();
                    }
                }
                let sum: usize = ledgers.iter().map(|ledger| ledger.held()).sum();
                assert_eq!(sum, budget.total());
                assert!(sum <= MIB + MIB / RESERVE + MIB / 4, "seed {seed}: {sum}");
            }
            for (ledger, calls) in ledgers.iter().zip(calls) {
                ledger.subtract(calls.iter().map(|(_, bytes)| bytes).sum());
            }
        }
    }

    #[test]
    fn what_the_program_asks_for_stands_and_so_does_what_an_environment_says_against_the_default() {
        let budget = Budget::new(MIB);
        let said = [
            (1, By::Default, 1),
            (2, By::Environment, 2),
            (1, By::Default, 2),
            (3, By::Environment, 3),
            (4, By::Program, 4),
            (5, By::Environment, 4),
            (1, By::Default, 4),
            (6, By::Program, 6),
        ];
        for (asked, by, is) in said {
            budget.set_limit(asked, by);
            assert_eq!(budget.limit(), is, "{by:?}");
        }
    }

    #[test]
    fn large_messages_come_in_turn_once_half_is_used_up() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let budget = Arc::new(Budget::new(MIB));
            let ledger = budget.open();
            let (mut one, other) = (ledger.call(), ledger.call());
            assert!(one.turn().await.is_none(), "there is room for all");
            one.set(MIB / 2 + 1).unwrap();
            let turn = one.turn().await.unwrap();
            tokio::select! {
                biased;
                _ = other.turn() => panic!("it is the other one's turn"),
                () = std::future::ready(()) => {}
            }
            drop(turn);
            assert!(other.turn().await.is_some());
        });
    }
}
