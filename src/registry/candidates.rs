//! Where the registry of one machine is: at its port, or, while the process that has that
//! port is stopped, at the first of two others that is not silent, too.
//!
//! A process that is stopped keeps its port, and the system goes on accepting connections
//! for it. So silence is all that shows it, and only silence is passed over: a port that is
//! free is bound, and whoever answers is taken for what he is. Who hosts at a later place
//! listens for those before it, and gives way when one of them is silent no longer,
//! whatever it is then: a registry that goes on, a free port, or another program. So all
//! look at the same places in the same order, and what they find is the same.

use crate::grpc::connection::{self, Way};
use crate::grpc::metadata::MAX_METADATA;
use crate::grpc::target::Target;
use crate::tls::credentials::Mutual;

/// How many there are.
pub const CANDIDATES: usize = 3;
/// From one to the next: nobody puts another cluster's registry there by counting on.
const STRIDE: u32 = 10_000;
/// Ports that neither need a privilege nor are chosen for connections by systems.
const PORTS: std::ops::Range<u32> = 1_024..32_768;
/// A port that somebody else has bound and that nobody answers at is given up after so
/// many looks.
const LOOKS: usize = 4;

/// Which place is looked at.
#[derive(Debug)]
pub struct Search {
    places: usize,
    at: usize,
    looks: usize,
}

impl Search {
    /// Begins at the first of so many.
    pub fn among(places: usize) -> Self {
        Self {
            places,
            at: 0,
            looks: 0,
        }
    }

    /// Which one it is, from 0.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Whether silence is waited for, since there is no other place.
    pub fn is_only_one(&self) -> bool {
        self.places == 1
    }

    /// Nobody answers there: the next one is looked at. Behind the last comes the first.
    pub fn silent(&mut self) {
        self.at = (self.at + 1) % self.places;
        self.looks = 0;
    }

    /// Somebody was faster in binding it, and answers soon.
    pub fn taken(&mut self) {
        self.looks += 1;
        if self.looks >= LOOKS {
            self.first();
        }
    }

    /// There was something, and it is over: what comes next is looked for from the first on.
    pub fn first(&mut self) {
        self.at = 0;
        self.looks = 0;
    }
}

/// The port of a place, by that of the first.
fn port(first: u16, place: usize) -> u16 {
    let far = u32::from(first) + STRIDE * u32::try_from(place).unwrap_or_default();
    let is_free = place == 0 || PORTS.contains(&far);
    let port = if is_free {
        far
    } else {
        PORTS.start + (far - PORTS.start) % (PORTS.end - PORTS.start)
    };
    u16::try_from(port).unwrap_or(first)
}

/// The places of a registry, the first of which is where it is said to be.
pub fn of(first: &Target, is_here: bool) -> Vec<Target> {
    let count = if is_here { CANDIDATES } else { 1 };
    (0..count)
        .map(|place| first.clone().at_port(port(first.port(), place)))
        .collect()
}

/// Waits until one of them is silent no longer. Returns which.
pub async fn heard<'a>(silent: &'a [Target], tls: Option<&Mutual>) -> Option<&'a Target> {
    match silent {
        [] => None,
        [one] => Some(heard_of(one, tls).await),
        [one, others @ ..] => tokio::select! {
            one = heard_of(one, tls) => Some(one),
            other = Box::pin(heard(others, tls)) => other,
        },
    }
}

/// One connection waits for as long as it is left to wait: a stopped process does not have
/// thousands to accept when it goes on.
async fn heard_of<'a>(target: &'a Target, tls: Option<&Mutual>) -> &'a Target {
    let tls = tls.map(|tls| &*tls.client);
    loop {
        let way = Way { via: None, tls };
        match connection::connect(target, way, None, MAX_METADATA).await {
            Err(error) if error.silent => {}
            _ => return target,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_of_a_registry_are_three_ports_that_systems_do_not_give_to_connections() {
        assert_eq!(
            [0, 1, 2].map(|place| port(5_680, place)),
            [5_680, 15_680, 25_680]
        );
        for first in 1..=u16::MAX {
            let [zero, one, two] = [0, 1, 2].map(|place| port(first, place));
            assert_eq!(zero, first);
            assert!(one != two && one != zero && two != zero, "{first}");
            for later in [one, two] {
                assert!(PORTS.contains(&u32::from(later)), "{first}: {later}");
            }
        }
        let first: Target = "[::1]:5680".parse().unwrap();
        let texts = |is_here| -> Vec<String> {
            of(&first, is_here)
                .iter()
                .map(ToString::to_string)
                .collect()
        };
        assert_eq!(texts(true), ["[::1]:5680", "[::1]:15680", "[::1]:25680"]);
        assert_eq!(texts(false), ["[::1]:5680"]);
    }

    #[test]
    fn a_search_goes_on_at_silence_alone_and_begins_anew_after_anything_else() {
        let mut search = Search::among(CANDIDATES);
        for at in [1, 2, 0, 1] {
            search.silent();
            assert_eq!(search.at(), at);
        }
        for _ in 1..LOOKS {
            search.taken();
            assert_eq!(search.at(), 1);
        }
        search.taken();
        assert_eq!(search.at(), 0, "nobody has come where the port is taken");
        search.silent();
        search.first();
        assert_eq!(search.at(), 0);
    }
}
