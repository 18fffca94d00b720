//! For tests: two members that know each other, and nothing between them.

use std::collections::HashMap;

use super::{Action, Identity, Member};
use crate::bus::Millis;
use crate::bus::agreement::Terms;
use crate::bus::application::Delivery;
use crate::bus::peer::Conn;
use crate::bus::trust::token;
use crate::bus::wire::{Cast, Changes, FromRegistry, Hello, Record, Told};

/// Members `0` and `1`, which serve `id0` and `id1`. What happens is carried out at once.
pub struct Two {
    pub members: [Member; 2],
    wires: HashMap<(usize, Conn), (usize, Conn)>,
    /// Requests that were handed over.
    pub arrived: usize,
    /// What each has logged.
    pub notes: [Vec<String>; 2],
    /// What else each application was told.
    pub told: [Vec<Delivery>; 2],
}

fn member(n: usize, terms: Terms) -> Member {
    let mut member = Member::new(Identity {
        terms,
        address: n.to_string(),
        registry_proves: false,
        entropy: [u8::try_from(n).unwrap(); 32],
        ..Identity::of(&n.to_string())
    });
    member.serve(0, 1, &format!("id{n}"));
    let other = (1 - n).to_string();
    let record = Record {
        ids: vec![format!("id{other}")],
        member: other.clone(),
        token: token::told(&other),
        address: other,
        ..Record::default()
    };
    let changes = Changes {
        revision: 1,
        records: vec![record],
        ..Changes::default()
    };
    let kind = Some(Told::Changes(changes));
    member.registry_message(0, FromRegistry { kind });
    member
}

impl Two {
    /// What `0` says to `1` first, on a link that a test speaks for itself.
    pub fn hello() -> Hello {
        Hello {
            version: 1,
            newest_version: 2,
            cluster: "c".to_owned(),
            member: "0".to_owned(),
            token: token::told("0"),
            shown: "0".to_owned(),
            link: 5,
            to: "1".to_owned(),
            ..Hello::default()
        }
    }

    pub fn new(sides: [Terms; 2]) -> Self {
        let [one, other] = sides;
        Self {
            members: [member(0, one), member(1, other)],
            wires: HashMap::new(),
            arrived: 0,
            notes: Default::default(),
            told: Default::default(),
        }
    }

    /// From 0 to 1.
    pub fn cast(&mut self, now: Millis) {
        let cast = Cast {
            to: "id1".to_owned(),
            method: "m".to_owned(),
            ..Cast::default()
        };
        self.members[0].cast(now, cast);
        self.settle(now);
    }

    /// All that is between them breaks.
    pub fn cut(&mut self, now: Millis) {
        for (n, conn) in std::mem::take(&mut self.wires).into_keys() {
            self.members[n].lost(now, conn, "cut");
        }
        self.settle(now);
    }

    pub fn settle(&mut self, now: Millis) {
        loop {
            let mut is_quiet = true;
            for n in 0..2 {
                for action in self.members[n].take_actions(now) {
                    is_quiet = false;
                    self.carry_out(now, n, action);
                }
                for conn in self.members[n].take_dirty() {
                    while let Some(packet) = self.members[n].next_packet(now, conn) {
                        is_quiet = false;
                        let to = self.wires[&(n, conn)];
                        self.members[to.0].packet(now, to.1, packet);
                    }
                }
            }
            if is_quiet {
                return;
            }
        }
    }

    fn carry_out(&mut self, now: Millis, n: usize, action: Action) {
        match action {
            Action::Dial { conn, .. } => {
                let there = (1 - n, self.members[1 - n].incoming(now));
                self.wires.insert((n, conn), there);
                self.wires.insert(there, (n, conn));
            }
            Action::Send { conn, packet } => {
                if let Some((to, conn)) = self.wires.get(&(n, conn)).copied() {
                    self.members[to].packet(now, conn, packet);
                }
            }
            Action::Close { conn } => {
                if let Some((to, conn)) = self.wires.remove(&(n, conn)) {
                    self.members[to].lost(now, conn, "closed");
                }
            }
            Action::Deliver(Delivery::Request { .. }) => self.arrived += 1,
            Action::Deliver(Delivery::Note { text, .. }) => self.notes[n].push(text),
            Action::Deliver(delivery) => self.told[n].push(delivery),
            _ => {}
        }
    }
}
