//! Transports between simulated processes: ordered, delayed, cut without mercy.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

/// Microseconds.
pub type Time = u64;

/// One end of a transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct End {
    pub wire: usize,
    /// 0 dialed, 1 was dialed.
    pub side: usize,
}

impl End {
    pub fn other(self) -> Self {
        Self {
            side: 1 - self.side,
            ..self
        }
    }
}

/// What happens next. Things at one time happen in the order they were planned.
pub struct Agenda<E> {
    /// When, in which order, and where in `events`: these move about, events do
    /// not.
    due: BinaryHeap<Reverse<(Time, u64, usize)>>,
    events: Vec<Option<E>>,
    free: Vec<usize>,
    next: u64,
    pub now: Time,
}

impl<E> Agenda<E> {
    pub fn new() -> Self {
        Self {
            due: BinaryHeap::new(),
            events: Vec::new(),
            free: Vec::new(),
            next: 0,
            now: 0,
        }
    }

    pub fn plan(&mut self, at: Time, event: E) {
        self.next += 1;
        let place = self.free.pop().unwrap_or_else(|| {
            self.events.push(None);
            self.events.len() - 1
        });
        self.events[place] = Some(event);
        self.due.push(Reverse((at.max(self.now), self.next, place)));
    }

    pub fn next(&mut self) -> Option<E> {
        let Reverse((at, _, place)) = self.due.pop()?;
        self.now = at;
        self.free.push(place);
        self.events[place].take()
    }
}

/// A transport: who is at its ends, and when what was sent last arrives.
pub struct Wire {
    pub processes: [usize; 2],
    pub arrives: [Time; 2],
    pub open: [bool; 2],
    /// Sent and not yet arrived, by the sending side.
    pub in_flight: [usize; 2],
}

/// All transports there ever were.
#[derive(Default)]
pub struct Network {
    pub wires: Vec<Wire>,
    /// Pairs of processes between which nothing passes.
    pub cut: HashSet<(usize, usize)>,
}

impl Network {
    pub fn open(&mut self, from: usize, to: usize) -> End {
        self.wires.push(Wire {
            processes: [from, to],
            arrives: [0; 2],
            open: [true; 2],
            in_flight: [0; 2],
        });
        End {
            wire: self.wires.len() - 1,
            side: 0,
        }
    }

    pub fn process(&self, end: End) -> usize {
        self.wires[end.wire].processes[end.side]
    }

    pub fn is_open(&self, end: End) -> bool {
        self.wires[end.wire].open[end.side]
    }

    pub fn is_cut(&self, a: usize, b: usize) -> bool {
        self.cut.contains(&(a.min(b), a.max(b)))
    }
}
