//! Carries out what JS sent, in order, on the network thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::uri::PathAndQuery;
use tokio::sync::mpsc::unbounded_channel;

use super::batch::{Batch, Record};
use super::commands::{Command, Metadata, NewCall, Waiting};
use super::environment::Environment;
use super::record::{Reader, command, level, state};
use super::tables::Tables;
use crate::bus::Millis;
use crate::bus::member::Member;
use crate::bus::wire::Reply;
use crate::grpc::call::{self, Call};
use crate::grpc::channel::Channel;
use crate::grpc::gate::Gate;
use crate::grpc::status::{Code, Status};
use crate::grpc::stream::Outgoing;

/// Carries out one batch. A record that cannot be carried out costs itself alone,
/// and whoever waits for what it would have done is told.
pub fn carry_out(environment: &Arc<Environment>, tables: &Tables, batch: Bytes) {
    match Batch::read(batch) {
        Ok(mut batch) => {
            while let Some(record) = batch.next() {
                let (at, op, id) = (record.at, record.op, record.id);
                if let Err(why) = apply_whole(environment, tables, record) {
                    refuse(environment, op, id, at, &why, batch.body_at(at));
                }
            }
        }
        Err(what) => environment.events.log(
            level::ERROR,
            &format!("a batch of commands was refused: {what}: a bug in owt-grpc"),
        ),
    }
    flush(environment);
}

/// Carries out a record, or says why that cannot be.
fn apply_whole(
    environment: &Arc<Environment>,
    tables: &Tables,
    record: Record,
) -> Result<(), String> {
    if let Some(misfit) = record.misfit {
        return Err(misfit);
    }
    // A bug must cost one command, not the thread that all share.
    let applied = catch_unwind(AssertUnwindSafe(|| apply(environment, tables, record)));
    match applied {
        Ok(Some(())) => Ok(()),
        Ok(None) => Err("the sizes in it do not add up".to_owned()),
        Err(_) => Err("it was cut short".to_owned()),
    }
}

/// Ends what a command was for that cannot be carried out.
fn refuse(environment: &Arc<Environment>, op: u8, id: u32, at: usize, why: &str, body: Reader) {
    let text = format!(
        "command {op} for {id}, at byte {at} of its batch, was refused: {why}: a bug in owt-grpc"
    );
    environment.events.log(level::ERROR, &text);
    if matches!(op, command::CALL..=command::STATUS) {
        environment.calls.fail(id, Status::internal(text));
        return;
    }
    let body_of = |err| {
        serde_json::json!({ "data": "error", "err": err })
            .to_string()
            .into()
    };
    match Waiting::read(op, body) {
        Some(Waiting::Caller(call)) => {
            environment
                .events
                .bus_reply(id, call, "", true, body_of(text));
        }
        Some(Waiting::Peer(peer, number)) => {
            let reply = Reply {
                number,
                kind: String::new(),
                body: body_of(text),
                left: 0,
                failed: true,
            };
            queue(environment, id, |member, now| {
                member.reply(now, peer, reply);
            });
        }
        None => {}
    }
}

/// Carries out one command. `None` if it cannot be read.
fn apply(environment: &Arc<Environment>, tables: &Tables, record: Record) -> Option<()> {
    let id = record.id;
    let calls = &environment.calls;
    match Command::read(record.op, record.flags, record.body)? {
        Command::Call(call) => start_call(environment, tables, id, call),
        Command::Message(frame) => calls.pass(id, Outgoing::Message(frame.into())),
        Command::End => calls.pass(id, Outgoing::End),
        Command::Cancel => calls.cancel(id),
        Command::Credit(bytes) => calls.credit(id, bytes),
        Command::Reply { trailers, message } => {
            let reply = |trailers| Outgoing::Reply(message, trailers);
            calls.pass(id, trailers.map_or_else(unsendable, reply));
        }
        Command::Headers(headers) => {
            calls.pass(id, headers.map_or_else(unsendable, Outgoing::Headers));
        }
        Command::Status {
            code,
            details,
            trailers,
        } => {
            let status = |trailers| {
                let mut status = Status::new(code, details);
                status.trailers = trailers;
                Outgoing::Status(status)
            };
            calls.pass(id, trailers.map_or_else(unsendable, status));
        }
        Command::BusCall(call) => queue(environment, id, |member, now| member.call(now, call)),
        Command::BusCancel(call) => queue(environment, id, |member, now| member.cancel(now, call)),
        Command::BusCast(cast) => queue(environment, id, |member, now| member.cast(now, cast)),
        Command::BusPublish(publish) => {
            queue(environment, id, |member, now| member.publish(now, &publish));
        }
        Command::BusReply { peer, reply } => {
            queue(environment, id, |member, now| {
                member.reply(now, peer, reply);
            });
        }
        Command::BusServe {
            request,
            id: served,
            stop: false,
        } => queue(environment, id, |member, now| {
            member.serve(now, request, &served);
        }),
        Command::BusServe {
            request,
            id: served,
            ..
        } => queue(environment, id, |member, now| {
            member.stop_serving(now, request, &served);
        }),
        Command::BusSubscribe {
            request,
            subscription,
            exchange,
            patterns,
            stop,
        } => queue(environment, id, |member, now| {
            let change = if stop {
                Member::unsubscribe
            } else {
                Member::subscribe
            };
            change(member, now, request, subscription, &exchange, &patterns);
        }),
        Command::BusStatus { request } => tell_status(environment, id, request),
        Command::BusLeave => leave(environment, id),
        #[cfg(test)]
        Command::Panic => unreachable!("asked for by a test"),
    }
    Some(())
}

/// What a call ends with that was given metadata which cannot be sent.
fn unsendable(why: String) -> Outgoing {
    Outgoing::Status(Status::internal(why))
}

fn start_call(environment: &Arc<Environment>, tables: &Tables, id: u32, new: NewCall) {
    let (sender, inbox) = unbounded_channel();
    let gate = Arc::new(Gate::default());
    let handle = environment.calls.begin(id, sender, Arc::clone(&gate));
    let (channel, path, metadata) = match look_up(tables, new.channel, new.method, new.metadata) {
        Ok(found) => found,
        Err(status) => return handle.end(&status.into()),
    };
    let call = Call {
        method: new.method,
        path,
        metadata,
        options: new.options,
        message: new.message,
        complete: new.complete,
        unary: new.unary,
    };
    // A task copies what it is made of when it begins and when it ends: so that is a box.
    let task = tokio::spawn(Box::pin(async move {
        let ended = call::run(channel, call, inbox, gate, &handle).await;
        handle.end(&ended);
    }));
    environment.calls.set_task(id, task.abort_handle());
}

/// What the numbers of a CALL stand for.
fn look_up(
    tables: &Tables,
    channel: u32,
    method: u32,
    metadata: Metadata,
) -> Result<(Arc<Channel>, PathAndQuery, HeaderMap), Status> {
    let channel = tables.channel(channel);
    let channel = channel.ok_or_else(|| Status::unavailable("Channel has been shut down"))?;
    let path = tables.path(method);
    let path = path.ok_or_else(|| Status::internal(format!("method {method} is not known")))?;
    let metadata = metadata.map_err(|why| Status::new(Code::INVALID_ARGUMENT, why))?;
    Ok((channel, path, metadata))
}

/// Asks a member for something, which it does when the batch is carried out. One that is
/// gone has told JS so.
fn queue(environment: &Environment, bus: u32, work: impl FnOnce(&mut Member, Millis)) {
    if let Some(node) = environment.members.get(bus) {
        environment.members.touch(bus);
        node.queue(work);
    }
}

/// Carries out what a batch of commands made the members want.
fn flush(environment: &Environment) {
    for bus in environment.members.take_touched() {
        if let Some(node) = environment.members.get(bus) {
            node.flush_all();
        }
    }
}

fn tell_status(environment: &Environment, bus: u32, request: u32) {
    if let Some(node) = environment.members.get(bus) {
        environment.members.touch(bus);
        let status = node.with(|member, _| member.status());
        let json = serde_json::to_vec(&status).unwrap_or_default();
        environment.events.bus_status(bus, request, &json);
    }
}

/// A member that is gone, or never was, has left already.
fn leave(environment: &Environment, bus: u32) {
    if environment.members.get(bus).is_some() {
        queue(environment, bus, Member::leave);
    } else {
        environment.members.forget(bus);
        environment.events.bus_state(bus, state::LEFT, "");
    }
}
