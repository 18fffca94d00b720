//! What passes between processes: transports that are dialed, carry, and end.

use super::process::Purpose;
use super::stops::SILENCE;
use super::{Event, MS, World};
use crate::bus::peer::Conn;
use crate::bus::sim::network::{End, Time};

/// Packets under way on one transport before the sender has to wait.
const WINDOW: usize = 4;

impl World {
    pub(super) fn arrive(&mut self, end: End) -> usize {
        let wire = &mut self.network.wires[end.wire];
        wire.in_flight[1 - end.side] -= 1;
        wire.processes[end.side]
    }

    pub(super) fn purpose(&self, index: usize, end: End) -> Option<&Purpose> {
        let process = &self.processes[index];
        if !process.alive || !self.network.is_open(end) {
            return None;
        }
        process.ends.get(&end)
    }

    /// When something sent now arrives; nothing overtakes on one transport.
    pub(super) fn arrival(&mut self, from: End) -> Time {
        let delay = self.rng.u64(self.latency / 2..=self.latency * 2);
        let wire = &mut self.network.wires[from.wire];
        wire.arrives[from.side] = wire.arrives[from.side].max(self.agenda.now + delay);
        wire.in_flight[from.side] += 1;
        wire.arrives[from.side]
    }

    pub(super) fn dial(&mut self, from: usize, conn: Conn, address: &str) {
        let to: usize = address.trim_start_matches("p:").parse().unwrap();
        let end = self.network.open(from, to);
        self.processes[from].ends.insert(end, Purpose::Link(conn));
        self.processes[from].conns.insert(conn, end);
        // Slow connects, now and then.
        let slow = if self.rng.u8(..10) == 0 { 300 * MS } else { 0 };
        let at = self.arrival(end) + self.rng.u64(..=slow);
        self.network.wires[end.wire].arrives[0] = at;
        self.agenda.plan(at, Event::Open(end.other(), true));
    }

    pub(super) fn opened(&mut self, end: End, is_link: bool) {
        let to = self.arrive(end);
        let from = self.network.process(end.other());
        let now = self.now();
        let cut = self.network.is_cut(from, to);
        let process = &mut self.processes[to];
        if !process.alive || cut || !is_link && process.directory.is_none() {
            self.hang_up(end, false);
            return;
        }
        if is_link {
            let conn = process.member.incoming(now);
            process.ends.insert(end, Purpose::Link(conn));
            process.conns.insert(conn, end);
            self.pump(to);
        } else {
            let session = process.next_session;
            process.next_session += 1;
            process.ends.insert(end, Purpose::Session(session));
            process.sessions.insert(session, end);
        }
    }

    /// One side ends a transport: the other hears of it, after what was sent.
    pub(super) fn hang_up(&mut self, end: End, at_once: bool) {
        if !self.network.is_open(end) {
            return;
        }
        self.network.wires[end.wire].open[end.side] = false;
        let at = if at_once {
            self.agenda.now
        } else {
            self.arrival(end)
        };
        if at_once {
            self.network.wires[end.wire].in_flight[end.side] += 1;
        }
        self.agenda.plan(at, Event::Gone(end.other()));
    }

    pub(super) fn gone(&mut self, end: End) {
        let index = self.arrive(end);
        let now = self.now();
        if !self.network.is_open(end) {
            return;
        }
        self.network.wires[end.wire].open[end.side] = false;
        if !self.processes[index].alive {
            return;
        }
        match self.processes[index].ends.remove(&end) {
            Some(Purpose::Link(conn)) => {
                self.processes[index].conns.remove(&conn);
                self.processes[index].member.lost(now, conn, "cut");
                self.pump(index);
            }
            Some(Purpose::Registry) => {
                self.processes[index].registry = None;
                self.processes[index].search.first();
                self.processes[index].member.registry_lost("cut");
                self.pump(index);
                let longest = if self.processes[index].is_intruder() {
                    600
                } else {
                    20
                };
                let soon = self.agenda.now + self.rng.u64(..longest * MS);
                self.agenda.plan(soon, Event::FindRegistry(index));
            }
            Some(Purpose::Session(session)) => {
                self.processes[index].sessions.remove(&session);
                if let Some(directory) = &mut self.processes[index].directory {
                    directory.lost(now, session);
                }
                self.pump_directory(index);
            }
            None => {}
        }
    }

    pub(super) fn find_registry(&mut self, index: usize) {
        if !self.processes[index].alive || self.processes[index].registry.is_some() {
            return;
        }
        let place = self.processes[index].search.at();
        let host = self.hosts[place];
        if host.is_some_and(|host| self.is_silent(host, index)) {
            self.processes[index].search.silent();
            let later = self.agenda.now + SILENCE;
            return self.agenda.plan(later, Event::FindRegistry(index));
        }
        if host.is_none() && self.processes[index].is_intruder() {
            // Whoever takes the port keeps the others out, and gets nothing by it.
            let later = self.agenda.now + 300 * MS;
            return self.agenda.plan(later, Event::FindRegistry(index));
        }
        if host.is_none() {
            self.note(|| format!("{index} hosts the registry at place {place}"));
            self.stop_hosting(index);
            self.hosts[place] = Some(index);
            self.processes[index].directory = Some(self.empty_directory(index));
            self.let_hosts_look();
        }
        let host = host.unwrap_or(index);
        let end = self.network.open(index, host);
        self.processes[index].ends.insert(end, Purpose::Registry);
        self.processes[index].registry = Some(end);
        let at = self.arrival(end);
        self.agenda.plan(at, Event::Open(end.other(), false));
        self.processes[index].member.registry_open();
        self.pump(index);
    }

    pub(super) fn flush(&mut self, index: usize, end: End) {
        if !self.processes[index].alive || self.processes[index].is_stopped() {
            return;
        }
        let Some(Purpose::Link(conn)) = self.processes[index].ends.get(&end) else {
            return;
        };
        let conn = *conn;
        let now = self.now();
        while self.network.is_open(end) && self.network.wires[end.wire].in_flight[end.side] < WINDOW
        {
            let Some(packet) = self.processes[index].member.next_packet(now, conn) else {
                break;
            };
            let at = self.arrival(end);
            self.agenda.plan(at, Event::Link(end.other(), packet));
        }
    }
}
