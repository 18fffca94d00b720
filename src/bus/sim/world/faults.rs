//! What breaks.

use super::{Course, Event, MS, TROUBLE, World};
use crate::bus::sim::network::End;

impl World {
    pub(super) fn fault(&mut self) {
        let Some(victim) = self.someone() else { return };
        if self.course == Course::Stopped {
            return self.stop_somebody(victim);
        }
        match self.rng.u8(..12) {
            10..=11 => self.stop_somebody(victim),
            0..=1 => {
                self.note(|| format!("kill {victim}"));
                self.end(victim, true);
                self.spawn_any();
            }
            2..=3 => {
                if let Some(host) = self.hosts[0] {
                    self.note(|| format!("kill the registry's host {host}"));
                    self.end(host, true);
                    self.spawn_any();
                }
            }
            4 if self.processes[victim].is_stopped() => {}
            4 => {
                self.note(|| format!("{victim} leaves"));
                self.leave(victim);
                self.spawn_any();
            }
            5..=8 => {
                let Some(other) = self.someone() else { return };
                self.cut(victim, other);
            }
            _ => {
                for _ in 0..self.rng.usize(1..6) {
                    self.spawn_any();
                }
            }
        }
    }

    pub(super) fn cut(&mut self, a: usize, b: usize) {
        let pair = (a.min(b), a.max(b));
        if a == b {
            return;
        }
        self.note(|| format!("cut {a} {b}"));
        let forget_in_flight = self.rng.bool();
        for wire in 0..self.network.wires.len() {
            let [x, y] = self.network.wires[wire].processes;
            if (x.min(y), x.max(y)) != pair {
                continue;
            }
            for side in 0..2 {
                // Each side notices in its own time, as if the other had gone.
                let end = End { wire, side };
                if !self.network.is_open(end) {
                    continue;
                }
                let at = self.agenda.now + self.rng.u64(..300 * MS);
                let wire = &mut self.network.wires[end.wire];
                let at = if forget_in_flight {
                    at
                } else {
                    at.max(wire.arrives[1 - side])
                };
                wire.in_flight[1 - side] += 1;
                self.agenda.plan(at, Event::Gone(end));
            }
        }
        if self.rng.bool() {
            self.network.cut.insert(pair);
            let until = self.agenda.now + self.rng.u64(..3_000 * MS);
            let until = until.min(TROUBLE);
            self.agenda.plan(until, Event::Heal(pair.0, pair.1));
        }
    }

    /// The process is no more. Killed, its transports end in the middle.
    pub(super) fn end(&mut self, index: usize, killed: bool) {
        self.processes[index].alive = false;
        self.processes[index].died = self.agenda.now;
        self.checker.died(index);
        self.processes[index].stopped_since = None;
        let kept = std::mem::take(&mut self.processes[index].kept);
        for host in &mut self.hosts {
            host.take_if(|host| *host == index);
        }
        self.let_hosts_look();
        let mut ends: Vec<End> = self.processes[index].ends.keys().copied().collect();
        ends.sort_unstable_by_key(|end| end.wire * 2 + end.side);
        for end in ends {
            let at_once = killed && self.rng.bool();
            self.hang_up(end, at_once);
        }
        // Who has dialed it hears that nobody is there.
        for event in kept {
            self.happen(event);
        }
    }
}
