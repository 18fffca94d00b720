//! What a member may say of itself and send to others. The sender's JavaScript looks
//! at the same; whoever receives does not rely on that.

use prost::Message as _;

use super::profile::Profile;
use super::trust::NONCE;
use super::wire::{Delta, Hello, Kind, Record};

/// Names, ids, methods, exchanges, patterns and routing keys, in bytes: as in AMQP.
pub const LONGEST_NAME: usize = 255;
/// A trace, in bytes: its headers have at most about half of that.
const LONGEST_TRACE: usize = 2048;
/// What a member is told that may not do something, in bytes: a sentence with the names
/// of its certificate, an exchange and a key.
const LONGEST_REASON: usize = 4096;
/// The ids of a member, and its patterns.
pub const MOST: usize = 10_000;
/// A record as it is sent.
pub const LARGEST_RECORD: usize = 1 << 20;

/// What a peer must not send.
#[derive(Debug, PartialEq, Eq)]
pub struct Violation(pub String);

fn name(what: &str, text: &str, longest: usize) -> Result<(), Violation> {
    if text.len() <= longest {
        return Ok(());
    }
    let length = text.len();
    Err(Violation(format!(
        "{what} of {length} bytes, the limit being {longest}"
    )))
}

fn names<'a>(what: &str, texts: impl IntoIterator<Item = &'a String>) -> Result<(), Violation> {
    let mut texts = texts.into_iter();
    texts.try_for_each(|text| name(what, text, LONGEST_NAME))
}

/// Looks at an id and a method, or an exchange and a routing key.
pub fn of_names(first: &str, second: &str) -> Result<(), Violation> {
    name("a name", first, LONGEST_NAME)?;
    name("a name", second, LONGEST_NAME)
}

fn number(what: &str, count: usize) -> Result<(), Violation> {
    if count <= MOST {
        return Ok(());
    }
    Err(Violation(format!("{count} {what}, the limit being {MOST}")))
}

/// Looks at a whole record.
pub fn of_record(record: &Record) -> Result<(), Violation> {
    names("a name", [&record.member, &record.token, &record.address])?;
    number("ids", record.ids.len())?;
    number("patterns", record.subscriptions.len())?;
    names("an id", &record.ids)?;
    for topic in &record.subscriptions {
        names("an exchange or pattern", [&topic.exchange, &topic.pattern])?;
    }
    weight(record.encoded_len())
}

/// Looks at what is to be changed.
pub fn of_delta(delta: &Delta) -> Result<(), Violation> {
    names("an id", delta.ids.iter().chain(&delta.gone_ids))?;
    for topic in delta.subscriptions.iter().chain(&delta.gone_subscriptions) {
        names("an exchange or pattern", [&topic.exchange, &topic.pattern])?;
    }
    number("ids", delta.ids.len().max(delta.gone_ids.len()))?;
    let patterns = delta
        .subscriptions
        .len()
        .max(delta.gone_subscriptions.len());
    number("patterns", patterns)
}

/// Looks at what a member would become, by a delta of which nothing has been made.
pub fn of_change(profile: &Profile, delta: &Delta) -> Result<(), Violation> {
    let count = |has: usize, new: usize, gone: usize| (has + new).saturating_sub(gone);
    let (ids, topics) = (profile.ids().len(), profile.subscriptions().len());
    number("ids", count(ids, delta.ids.len(), delta.gone_ids.len()))?;
    let (new, gone) = (delta.subscriptions.len(), delta.gone_subscriptions.len());
    number("patterns", count(topics, new, gone))?;
    weight(profile.weight() + delta.encoded_len())
}

fn weight(size: usize) -> Result<(), Violation> {
    if size <= LARGEST_RECORD {
        return Ok(());
    }
    Err(Violation(format!(
        "a record of {size} bytes, the limit being {LARGEST_RECORD}"
    )))
}

/// Looks at what is to be proved something about.
pub fn nonce(nonce: &[u8]) -> Result<(), Violation> {
    if nonce.is_empty() || nonce.len() == NONCE {
        return Ok(());
    }
    let length = nonce.len();
    Err(Violation(format!("a nonce of {length} bytes, not {NONCE}")))
}

/// Looks at the first frame of a link.
pub fn of_hello(hello: &Hello) -> Result<(), Violation> {
    names(
        "a name",
        [&hello.member, &hello.to, &hello.token, &hello.shown],
    )?;
    names("a cluster's name", [&hello.cluster])?;
    nonce(&hello.nonce)?;
    nonce(&hello.operator_nonce)
}

/// Looks at the names in what comes over a link.
pub fn of_frame(kind: &Kind) -> Result<(), Violation> {
    match kind {
        Kind::Call(call) | Kind::ReturnedCall(call) => {
            name("a trace", &call.trace, LONGEST_TRACE)?;
            names("an id or method", [&call.to, &call.method])
        }
        Kind::Cast(cast) | Kind::ReturnedCast(cast) => {
            name("a trace", &cast.trace, LONGEST_TRACE)?;
            names("an id or method", [&cast.to, &cast.method])
        }
        Kind::Publish(publish) => {
            name("a trace", &publish.trace, LONGEST_TRACE)?;
            names(
                "an exchange or routing key",
                [&publish.exchange, &publish.key],
            )
        }
        Kind::Reply(reply) => names("a reply's kind", [&reply.kind]),
        Kind::Denied(denied) => name("a reason", &denied.text, LONGEST_REASON),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::wire::{Call, Publish, Subscription};

    fn long(by: usize) -> String {
        "ä".repeat(127) + &"x".repeat(1 + by)
    }

    #[test]
    fn what_has_exactly_as_much_as_may_be_passes_and_one_more_does_not() {
        let topic = |exchange: &str, pattern: &str| Subscription {
            exchange: exchange.to_owned(),
            pattern: pattern.to_owned(),
        };
        for by in [0, 1] {
            let text = long(by);
            assert_eq!(text.len(), LONGEST_NAME + by);
            let records = [
                Record {
                    member: text.clone(),
                    ..Record::default()
                },
                Record {
                    ids: vec!["a".to_owned(), text.clone()],
                    ..Record::default()
                },
                Record {
                    subscriptions: vec![topic("x", &text)],
                    ..Record::default()
                },
                Record {
                    subscriptions: vec![topic(&text, "#")],
                    ..Record::default()
                },
                Record {
                    ids: vec![String::new(); MOST + by],
                    ..Record::default()
                },
                Record {
                    subscriptions: vec![Subscription::default(); MOST + by],
                    ..Record::default()
                },
            ];
            for record in &records {
                assert_eq!(of_record(record).is_ok(), by == 0, "{by}");
                let delta = Profile::default().delta_to(&record.clone().into());
                let says_so = record.ids.len() <= 2 && record.subscriptions.len() <= 1;
                if says_so && record.member.is_empty() {
                    assert_eq!(of_delta(&delta).is_ok(), by == 0, "{by}");
                }
            }
            let frames = [
                Kind::Call(Call {
                    to: text.clone(),
                    ..Call::default()
                }),
                Kind::ReturnedCall(Call {
                    method: text.clone(),
                    ..Call::default()
                }),
                Kind::Publish(Publish {
                    key: text.clone(),
                    ..Publish::default()
                }),
            ];
            for frame in &frames {
                assert_eq!(of_frame(frame).is_ok(), by == 0, "{frame:?}");
            }
        }
        let heavy = Record {
            ids: vec![long(0); 5_000],
            ..Record::default()
        };
        assert!(of_record(&heavy).unwrap_err().0.contains("a record of"));
    }
}
