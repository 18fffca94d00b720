//! One connection of a server, while it lasts: its calls, and the farewell when the
//! server stops.

use std::hash::{BuildHasher as _, RandomState};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use h2::server::{Connection, SendResponse};
use h2::{Reason, RecvStream};
use http::Request;
use tokio::task::JoinSet;

use super::budget;
use super::context::{Context, Stage, next_stage};
use super::io::{Greeting, Io};
use super::keepalive;
use super::payload::Payload;
use super::peer::Peer;
use super::serve::{Arrival, serve};
use super::service::Application;
use super::tenure::{Due, Tenure};
use super::windows::Windows;

/// What writing the last statuses to a peer may take, and the GOAWAY behind them.
const GOODBYE_TIMEOUT: Duration = Duration::from_millis(500);
/// What calls are told that outlast their connection.
const OLD: &str = "The connection has reached the age that the server allows";
/// What calls are told that their server does not wait for.
const STOPPING: &str = "The server is stopping";
/// What a GOAWAY alone may take, to a peer that did not read what came before.
const GOAWAY_TIMEOUT: Duration = Duration::from_millis(50);

/// Takes the calls of a connection until it ends, or its server does. True if that cut
/// some off.
pub async fn drive<A: Application>(
    mut connection: Connection<Io, Payload>,
    number: u32,
    greeting: &Greeting,
    context: &Context<A>,
) -> (Result<(), h2::Error>, bool) {
    let mut stage = context.stage.clone();
    let mut seen = Stage::Serving;
    let pings = connection.ping_pong();
    let watch = keepalive::watch(pings, context.options.keepalive, greeting.heard());
    let mut silent = pin!(watch);
    // Dropping the set ends the calls that are left without a word.
    let mut calls = JoinSet::new();
    let mut windows = Windows::new();
    let peer = Arc::new(Peer {
        connection: number,
        ledger: budget::PROCESS.open(),
        greeting: greeting.clone(),
        farewell: OnceLock::new(),
    });
    let mut tenure = Tenure::new(context.options.terms, Instant::now(), chance());
    let ledger = &peer.ledger;
    // Made once: whoever waits anew for each call is registered anew for each.
    let mut evicted = pin!(ledger.evicted());
    let end = loop {
        windows.fit(calls.len(), |size| connection.set_initial_window_size(size));
        tenure.set_calls(calls.len(), Instant::now);
        ledger.saw_calls(calls.len());
        tokio::select! {
            accepted = connection.accept() => match accepted {
                Some(Ok(call)) => take(&mut calls, call, &peer, context),
                Some(Err(error)) => break (Err(error), false),
                None => break (Ok(()), false),
            },
            Some(_) = calls.join_next() => {
                if let Some(what) = ledger.refusal() {
                    context.application.warn(format!(
                        "connection {number}: calls of it are refused, since they make this process {what}"
                    ));
                }
            }
            why = &mut evicted => {
                context.application.warn(format!("connection {number} was closed: {why}"));
                hang_up(&mut connection, Reason::ENHANCE_YOUR_CALM).await;
                break (Ok(()), !calls.is_empty());
            }
            due = come(tenure.next()) => match due {
                Due::NoCall => {
                    context.application.warn(no_call(number, context));
                    hang_up(&mut connection, Reason::NO_ERROR).await;
                    break (Ok(()), false);
                }
                Due::Idle | Due::Old => {
                    tenure.asked(Instant::now());
                    connection.graceful_shutdown();
                }
                Due::Overdue => {
                    return (Ok(()), cut_off(connection, &mut calls, &peer, OLD).await);
                }
            },
            () = &mut silent => {
                context.application.warn(format!("connection {number}: no answer to a keepalive ping"));
                break (Ok(()), !calls.is_empty());
            }
            changed = next_stage(&mut stage, seen), if seen < Stage::Aborting => {
                seen = changed;
                if seen == Stage::Draining {
                    connection.graceful_shutdown();
                } else {
                    return (Ok(()), cut_off(connection, &mut calls, &peer, STOPPING).await);
                }
            }
        }
    };
    // Its calls have to see that it is lost before they go. h2 tells them when a
    // connection is dropped, and not when writing to it fails.
    drop(connection);
    settle(&mut calls).await;
    end
}

/// Serves a call, in a task of its own.
fn take<A: Application>(
    calls: &mut JoinSet<()>,
    (request, respond): (Request<RecvStream>, SendResponse<Payload>),
    peer: &Arc<Peer>,
    context: &Context<A>,
) {
    let context = context.clone();
    let peer = Arc::clone(peer);
    // A task copies what it is made of when it begins and when it ends: so that is a box.
    calls.spawn(Box::pin(async move {
        serve(Arrival {
            request,
            respond,
            peer: &peer,
            options: &context.options,
            application: &*context.application,
        })
        .await;
    }));
}

/// Ends a connection and the calls that are left on it: each tells its client why as it
/// goes. Returns whether there were any.
async fn cut_off(
    connection: Connection<Io, Payload>,
    calls: &mut JoinSet<()>,
    peer: &Peer,
    why: &'static str,
) -> bool {
    let any = !calls.is_empty();
    peer.farewell.get_or_init(|| why);
    calls.shutdown().await;
    say_goodbye(connection).await;
    any
}

fn no_call<A>(number: u32, context: &Context<A>) -> String {
    let given = context.options.terms.first_call.unwrap_or_default();
    let ms = given.as_millis();
    format!("connection {number} was closed: no call came within the {ms} ms of firstCallTimeoutMs")
}

/// Waits until something is due.
async fn come(next: Option<(Instant, Due)>) -> Due {
    match next {
        Some((at, due)) => {
            tokio::time::sleep_until(at.into()).await;
            due
        }
        None => std::future::pending().await,
    }
}

/// From 0 to 1.
#[allow(clippy::cast_precision_loss)] // as good as any other number
fn chance() -> f64 {
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}

/// Ends a connection whose calls have ended: GOAWAY without an error, once what they
/// said is written. What still comes is for another server.
async fn say_goodbye(mut connection: Connection<Io, Payload>) {
    connection.graceful_shutdown();
    let farewell = async {
        while let Some(Ok((_request, mut respond))) = connection.accept().await {
            respond.send_reset(Reason::REFUSED_STREAM);
        }
    };
    if tokio::time::timeout(GOODBYE_TIMEOUT, farewell)
        .await
        .is_err()
    {
        hang_up(&mut connection, Reason::NO_ERROR).await;
    }
}

/// A GOAWAY, and no more than that.
async fn hang_up(connection: &mut Connection<Io, Payload>, reason: Reason) {
    connection.abrupt_shutdown(reason);
    let _ = tokio::time::timeout(GOAWAY_TIMEOUT, connection.accept()).await;
}

/// The calls of a connection that has ended see its loss and end themselves.
async fn settle(calls: &mut JoinSet<()>) {
    while calls.join_next().await.is_some() {}
}
