//! Processes that are stopped and go on: they keep their ports and all that they have,
//! and to the others they are silent.

use super::{Event, MS, TROUBLE, World};
use crate::bus::sim::network::{End, Time};
use crate::registry::directory::Directory;

/// So long a registry's port is waited for.
pub(super) const SILENCE: Time = 100 * MS;
/// Whoever is silent for longer is given up.
const MISSED: std::ops::Range<Time> = 300 * MS..500 * MS;

impl World {
    pub(super) fn stop_somebody(&mut self, victim: usize) {
        let place = self.rng.usize(..2 * self.hosts.len());
        let host = self.hosts.get(place).copied().flatten();
        let whom = host.or(self.hosts[0]).filter(|_| place < 5);
        self.stop(whom.unwrap_or(victim));
    }

    fn stop(&mut self, index: usize) {
        if self.processes[index].is_stopped() || !self.processes[index].alive {
            return;
        }
        self.note(|| format!("{index} is stopped"));
        let process = &mut self.processes[index];
        process.stopped_since = Some(self.agenda.now);
        process.stops += 1;
        let mut ends: Vec<End> = process.ends.keys().copied().collect();
        ends.sort_unstable_by_key(|end| end.wire * 2 + end.side);
        for end in ends {
            self.miss_soon(index, end);
        }
        let longest = [50, 600, 3_000][self.rng.usize(..3)] * MS;
        let at = self.agenda.now + self.rng.u64(..longest);
        self.agenda.plan(at.min(TROUBLE), Event::Continue(index));
    }

    /// If the process is stopped, whoever is at the other end of a transport notices that.
    pub(super) fn miss_soon(&mut self, index: usize, end: End) {
        if self.processes[index].is_stopped() {
            let [own, other] = [end, end.other()];
            let far = if self.network.process(own) == index {
                other
            } else {
                own
            };
            let at = self.agenda.now + self.rng.u64(MISSED);
            let stop = self.processes[index].stops;
            self.agenda.plan(at, Event::Missed(index, stop, far));
        }
    }

    pub(super) fn missed(&mut self, index: usize, stop: u32, far: End) {
        let process = &self.processes[index];
        let is_it = process.is_stopped() && process.stops == stop;
        if !is_it || self.network.process(far) == index || !self.network.is_open(far) {
            return;
        }
        // Each side hears of the end as it does where the network breaks.
        for end in [far, far.other()] {
            self.network.wires[end.wire].in_flight[1 - end.side] += 1;
            self.agenda.plan(self.agenda.now, Event::Gone(end));
        }
    }

    /// Whom something happens to, if it is a process that would do something about it.
    fn whose(&self, event: &Event) -> Option<usize> {
        match event {
            Event::Open(end, _)
            | Event::Link(end, _)
            | Event::Asked(end, _)
            | Event::Told(end, _)
            | Event::Gone(end) => Some(self.network.process(*end)),
            Event::FindRegistry(index)
            | Event::Tick(index)
            | Event::Act(index)
            | Event::Answer(index, ..)
            | Event::Leave(index)
            | Event::GiveWay(index) => Some(*index),
            _ => None,
        }
    }

    /// What happens to a process that is stopped waits until it goes on.
    pub(super) fn unless_stopped(&mut self, event: Event) -> Option<Event> {
        let stopped = self
            .whose(&event)
            .filter(|index| self.processes[*index].is_stopped());
        let Some(index) = stopped else {
            return Some(event);
        };
        if let Event::Open(end, _) = event {
            self.miss_soon(index, end);
        }
        self.processes[index].kept.push(event);
        None
    }

    pub(super) fn go_on(&mut self, index: usize) {
        let process = &mut self.processes[index];
        let Some(since) = process.stopped_since.take_if(|_| process.alive) else {
            return;
        };
        self.note(|| format!("{index} goes on"));
        self.let_hosts_look();
        let away = self.agenda.now - since;
        if away > MISSED.start && self.processes[index].directory.is_some() {
            self.begin_anew(index);
        }
        for event in std::mem::take(&mut self.processes[index].kept) {
            self.happen(event);
        }
        // All its alarms ring now that should have rung.
        self.processes[index].ticking = Some(self.agenda.now);
        self.happen(Event::Tick(index));
        let mut ends: Vec<End> = self.processes[index].ends.keys().copied().collect();
        ends.sort_unstable_by_key(|end| end.wire * 2 + end.side);
        for end in ends {
            self.flush(index, end);
        }
    }

    /// A host that was away knows nothing any more.
    fn begin_anew(&mut self, index: usize) {
        self.end_sessions(index);
        self.processes[index].directory = Some(self.empty_directory(index));
    }

    fn end_sessions(&mut self, index: usize) {
        let sessions = std::mem::take(&mut self.processes[index].sessions);
        let mut ends: Vec<End> = sessions.into_values().collect();
        ends.sort_unstable_by_key(|end| end.wire);
        for end in ends {
            self.processes[index].ends.remove(&end);
            self.hang_up(end, false);
        }
    }

    pub(super) fn empty_directory(&mut self, index: usize) -> Directory {
        let terms = self.builds[self.processes[index].build].terms();
        let entropy = std::array::from_fn(|_| self.rng.u8(..));
        let epoch = self.rng.u64(..);
        Directory::new(terms, epoch, &entropy)
    }

    /// A process hosts at one place at most.
    pub(super) fn stop_hosting(&mut self, index: usize) {
        if self.processes[index].directory.take().is_some() {
            self.note(|| format!("{index} hosts no registry any more"));
            for host in &mut self.hosts {
                host.take_if(|host| *host == index);
            }
            self.end_sessions(index);
            self.let_hosts_look();
        }
    }

    /// Whether a process does not answer another one.
    pub(super) fn is_silent(&self, host: usize, to: usize) -> bool {
        host != to && self.processes[host].is_stopped()
    }

    /// Something is different at a place: who hosts at a later one looks.
    pub(super) fn let_hosts_look(&mut self) {
        for host in self
            .hosts
            .iter()
            .skip(1)
            .copied()
            .flatten()
            .collect::<Vec<_>>()
        {
            let at = self.agenda.now + self.rng.u64(..20 * MS);
            self.agenda.plan(at, Event::GiveWay(host));
        }
    }

    pub(super) fn give_way(&mut self, index: usize) {
        let place = self.hosts.iter().position(|host| *host == Some(index));
        let before = &self.hosts[..place.unwrap_or_default()];
        let hears = |host: &Option<usize>| host.is_none_or(|host| !self.is_silent(host, index));
        if before.iter().any(hears) {
            self.stop_hosting(index);
        }
    }
}
