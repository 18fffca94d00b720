//! How long a server lets a connection stay: before its first call, without calls, and
//! at all. Knows the time only from what it is told.

use std::time::{Duration, Instant};

/// What a server allows; `None` is for ever.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms {
    /// From its beginning to its first call.
    pub first_call: Option<Duration>,
    /// A connection without a call is asked to go after so long.
    pub idle: Option<Duration>,
    /// In all; a tenth more or less, so that connections that began together do not
    /// end together.
    pub age: Option<Duration>,
    /// For the calls that are under way when it has reached its age.
    pub age_grace: Option<Duration>,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// No call has come: it is closed.
    NoCall,
    /// It is asked to go, since it is of no use.
    Idle,
    /// It is asked to go, since it is old.
    Old,
    /// It was asked, and its calls have had the time that they were given.
    Overdue,
}

/// Of one connection.
pub struct Tenure {
    terms: Terms,
    began: Instant,
    /// Since when it has been without a call; none while it has some.
    idle_since: Option<Instant>,
    has_called: bool,
    /// When it was asked to go, as it was old or idle.
    asked: Option<Instant>,
}

impl Tenure {
    /// Begins now. `chance` is from 0 to 1.
    pub fn new(terms: Terms, now: Instant, chance: f64) -> Self {
        let fifth = |age: Duration| (age / 5).mul_f64(chance);
        let age = terms
            .age
            .map(|age| (age / 10 * 9).saturating_add(fifth(age)));
        Self {
            terms: Terms { age, ..terms },
            began: now,
            idle_since: Some(now),
            has_called: false,
            asked: None,
        }
    }

    /// It has so many calls. The clock is read only by those who end idle connections.
    pub fn set_calls(&mut self, calls: usize, now: impl FnOnce() -> Instant) {
        if calls > 0 {
            self.has_called = true;
            self.idle_since = None;
        } else if self.idle_since.is_none() && self.terms.idle.is_some() {
            self.idle_since = Some(now());
        }
    }

    /// What is due next, and when.
    pub fn next(&self) -> Option<(Instant, Due)> {
        if let Some(asked) = self.asked {
            return after(asked, self.terms.age_grace, Due::Overdue);
        }
        let first = after(self.began, self.terms.first_call, Due::NoCall);
        let idle = self
            .idle_since
            .and_then(|since| after(since, self.terms.idle, Due::Idle));
        let old = after(self.began, self.terms.age, Due::Old);
        let waiting = first.filter(|_| !self.has_called);
        [waiting, idle, old]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }

    /// It was asked to go.
    pub fn asked(&mut self, now: Instant) {
        self.asked = Some(now);
    }
}

fn after(since: Instant, wait: Option<Duration>, due: Due) -> Option<(Instant, Due)> {
    Some((since.checked_add(wait?)?, due))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn terms(first: u32, idle: u32, age: u32, grace: u32) -> Terms {
        let seconds = |count: u32| (count > 0).then(|| SECOND * count);
        Terms {
            first_call: seconds(first),
            idle: seconds(idle),
            age: seconds(age),
            age_grace: seconds(grace),
        }
    }

    #[test]
    fn without_terms_nothing_is_ever_due() {
        let now = Instant::now();
        let mut tenure = Tenure::new(terms(0, 0, 0, 0), now, 0.5);
        assert_eq!(tenure.next(), None);
        tenure.set_calls(1, || now);
        tenure.set_calls(0, || now);
        tenure.asked(now);
        assert_eq!(tenure.next(), None);
    }

    #[test]
    fn a_call_in_time_and_calls_under_way_let_it_stay() {
        let now = Instant::now();
        let mut tenure = Tenure::new(terms(5, 10, 0, 0), now, 0.5);
        assert_eq!(tenure.next(), Some((now + SECOND * 5, Due::NoCall)));
        tenure.set_calls(2, || now + SECOND);
        assert_eq!(tenure.next(), None);
        tenure.set_calls(0, || now + SECOND * 3);
        tenure.set_calls(0, || now + SECOND * 7);
        assert_eq!(tenure.next(), Some((now + SECOND * 13, Due::Idle)));
    }

    #[test]
    fn one_that_is_old_goes_with_its_calls_after_a_grace() {
        let now = Instant::now();
        for (chance, age) in [(0.0, 90), (0.5, 100), (1.0, 110)] {
            let mut tenure = Tenure::new(terms(0, 0, 100, 7), now, chance);
            tenure.set_calls(1, || now);
            assert_eq!(tenure.next(), Some((now + SECOND * age, Due::Old)));
            tenure.asked(now + SECOND * age);
            let cut = now + SECOND * (age + 7);
            assert_eq!(tenure.next(), Some((cut, Due::Overdue)));
        }
    }

    #[test]
    fn one_that_may_stay_for_ages_does() {
        let now = Instant::now();
        let forever = Terms {
            idle: Some(Duration::MAX),
            ..Terms::default()
        };
        assert_eq!(Tenure::new(forever, now, 0.5).next(), None);
    }
}
