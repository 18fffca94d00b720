//! One connection of a server, while it lasts: its calls, and the farewell when the
//! server stops.

use std::time::Duration;

use h2::Reason;
use h2::server::Connection;
use tokio::task::JoinSet;

use super::io::{Greeting, Io};
use super::keepalive;
use super::payload::Payload;
use super::serve::{Arrival, serve};
use super::server::{Application, Context, Stage, next_stage};
use super::windows::Windows;

/// What writing the last statuses to a peer may take, and the GOAWAY behind them.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// What a GOAWAY alone may take, to a peer that did not read what came before.
const LAST_WORD: Duration = Duration::from_millis(50);

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
    let silent = keepalive::watch(pings, context.options.keepalive, greeting.heard());
    tokio::pin!(silent);
    // Dropping the set ends the calls that are left without a word.
    let mut calls = JoinSet::new();
    let mut windows = Windows::new();
    let end = loop {
        windows.fit(calls.len(), |size| connection.set_initial_window_size(size));
        tokio::select! {
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    let context = context.clone();
                    calls.spawn(async move {
                        serve(Arrival {
                            request,
                            respond,
                            connection: number,
                            stage: &context.stage,
                            options: &context.options,
                            application: &*context.application,
                        })
                        .await;
                    });
                }
                Some(Err(error)) => break (Err(error), false),
                None => break (Ok(()), false),
            },
            Some(_) = calls.join_next() => {}
            () = &mut silent => {
                context.application.warn(format!("connection {number}: no answer to a keepalive ping"));
                break (Ok(()), !calls.is_empty());
            }
            changed = next_stage(&mut stage, seen), if seen < Stage::Aborting => {
                seen = changed;
                if seen == Stage::Draining {
                    connection.graceful_shutdown();
                } else {
                    let cut_off = !calls.is_empty();
                    // Each tells its client as it goes.
                    calls.shutdown().await;
                    say_goodbye(connection).await;
                    return (Ok(()), cut_off);
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

/// Ends a connection whose calls have ended: GOAWAY without an error, once what they
/// said is written. What still comes is for another server.
async fn say_goodbye(mut connection: Connection<Io, Payload>) {
    connection.graceful_shutdown();
    let farewell = async {
        while let Some(Ok((_request, mut respond))) = connection.accept().await {
            respond.send_reset(Reason::REFUSED_STREAM);
        }
    };
    if tokio::time::timeout(LAST_WORDS, farewell).await.is_err() {
        connection.abrupt_shutdown(Reason::NO_ERROR);
        let _ = tokio::time::timeout(LAST_WORD, connection.accept()).await;
    }
}

/// The calls of a connection that has ended see its loss and end themselves.
async fn settle(calls: &mut JoinSet<()>) {
    while calls.join_next().await.is_some() {}
}
