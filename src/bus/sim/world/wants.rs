//! What members and registries want done is done.

use super::{Event, MS, World};
use crate::bus::member::Action;
use crate::registry::directory::{self, Directory};

impl World {
    pub(super) fn pump(&mut self, index: usize) {
        loop {
            let now = self.now();
            let actions = self.processes[index].member.take_actions(now);
            if actions.is_empty() {
                break;
            }
            for action in actions {
                if self.processes[index].alive {
                    self.carry_out(index, action);
                }
            }
        }
        for conn in self.processes[index].member.take_dirty() {
            if let Some(end) = self.processes[index].conns.get(&conn).copied() {
                self.flush(index, end);
            }
        }
        self.set_tick(index);
    }

    pub(super) fn set_tick(&mut self, index: usize) {
        let process = &mut self.processes[index];
        let hosting = process.directory.as_ref().and_then(Directory::alarm);
        let Some(alarm) = process.member.alarm().into_iter().chain(hosting).min() else {
            return;
        };
        let at = (alarm * MS).max(self.agenda.now);
        if process.ticking.is_none_or(|ticking| at < ticking) {
            process.ticking = Some(at);
            self.agenda.plan(at, Event::Tick(index));
        }
    }

    pub(super) fn carry_out(&mut self, index: usize, action: Action) {
        match action {
            Action::Dial { conn, address } => self.dial(index, conn, &address),
            Action::Send { conn, packet } => {
                if let Some(end) = self.processes[index].conns.get(&conn).copied() {
                    let at = self.arrival(end);
                    self.agenda.plan(at, Event::Link(end.other(), packet));
                }
            }
            Action::Close { conn } => {
                if let Some(end) = self.processes[index].conns.remove(&conn) {
                    self.processes[index].ends.remove(&end);
                    self.hang_up(end, false);
                }
            }
            Action::ToRegistry(message) => {
                if let Some(end) = self.processes[index].registry {
                    let at = self.arrival(end);
                    self.agenda.plan(at, Event::Asked(end.other(), message));
                }
            }
            Action::Deliver(delivery) => self.deliver(index, delivery),
            Action::LeaveRegistry => {
                if let Some(end) = self.processes[index].registry.take() {
                    self.processes[index].ends.remove(&end);
                    self.hang_up(end, false);
                    self.processes[index].search.first();
                    self.processes[index].member.registry_lost("cut");
                    let soon = self.agenda.now + 20 * MS;
                    self.agenda.plan(soon, Event::FindRegistry(index));
                }
            }
            // No address is another's here.
            Action::Move => {}
            Action::Left => {
                self.note(|| format!("{index} has left"));
                self.end(index, false);
            }
        }
    }

    pub(super) fn pump_directory(&mut self, index: usize) {
        let Some(directory) = &mut self.processes[index].directory else {
            return;
        };
        for action in directory.take_actions() {
            match action {
                directory::Action::Tell(session, message) => {
                    if let Some(end) = self.processes[index].sessions.get(&session).copied() {
                        let at = self.arrival(end);
                        self.agenda.plan(at, Event::Told(end.other(), message));
                    }
                }
                directory::Action::Note(text) => self.note(|| format!("{index}: {text}")),
                directory::Action::Close(session) => {
                    if let Some(end) = self.processes[index].sessions.remove(&session) {
                        self.processes[index].ends.remove(&end);
                        self.hang_up(end, false);
                    }
                }
            }
        }
        self.set_tick(index);
    }
}
