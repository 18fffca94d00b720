//! Carries out what JS sent, in order, on the network thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::uri::PathAndQuery;
use tokio::sync::mpsc::unbounded_channel;

use super::batch::{Batch, Record};
use super::environment::Environment;
use super::mailbox::level;
use super::record::{Reader, command};
use super::tables::Tables;
use crate::grpc::call::{self, Call};
use crate::grpc::channel::Channel;
use crate::grpc::gate::Gate;
use crate::grpc::metadata;
use crate::grpc::status::{Code, Status};
use crate::grpc::stream::Outgoing;

/// The timeout that means none.
const NO_TIMEOUT: u32 = u32::MAX;

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
    super::bus::flush(environment);
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
    match op {
        command::CALL..=command::STATUS => environment.calls.fail(id, Status::internal(text)),
        command::BUS_CALL..=command::BUS_LEAVE => {
            super::bus::refuse(environment, op, id, body, &text);
        }
        _ => {}
    }
}

fn apply(environment: &Arc<Environment>, tables: &Tables, record: Record) -> Option<()> {
    let Record {
        op,
        flags,
        id,
        mut body,
        ..
    } = record;
    match op {
        command::CALL => return start_call(environment, tables, flags, id, body),
        command::MESSAGE => environment
            .calls
            .pass(id, Outgoing::Message(frame(body)?.into())),
        command::END => environment.calls.pass(id, Outgoing::End),
        command::CANCEL => environment.calls.cancel(id),
        command::CREDIT => environment.calls.credit(id, body.u32()? as usize),
        command::REPLY => {
            let trailers = sized_metadata(&mut body)?;
            let message = frame(body)?;
            environment.calls.pass(
                id,
                match trailers {
                    Ok(trailers) => Outgoing::Reply(message, trailers),
                    Err(why) => Outgoing::Status(Status::internal(why)),
                },
            );
        }
        command::HEADERS => {
            environment.calls.pass(
                id,
                match read_metadata(body)? {
                    Ok(headers) => Outgoing::Headers(headers),
                    Err(why) => Outgoing::Status(Status::internal(why)),
                },
            );
        }
        command::STATUS => {
            let code = Code::from_js(body.f64()?);
            let length = body.u32()? as usize;
            let details = String::from_utf8_lossy(&body.bytes(length)?).into_owned();
            let mut status = Status::new(code, details);
            match read_metadata(body)? {
                Ok(trailers) => status.trailers = trailers,
                Err(why) => status = Status::internal(why),
            }
            environment.calls.pass(id, Outgoing::Status(status));
        }
        command::BUS_CALL..=command::BUS_LEAVE => {
            return super::bus::carry_out(environment, op, flags, id, body);
        }
        #[cfg(test)]
        command::PANIC => unreachable!("asked for by a test"),
        _ => return None,
    }
    Some(())
}

fn start_call(
    environment: &Arc<Environment>,
    tables: &Tables,
    flags: u8,
    id: u32,
    mut body: Reader,
) -> Option<()> {
    let channel = body.u32()?;
    let method = body.u32()?;
    let timeout = body.u32()?;
    let metadata = sized_metadata(&mut body)?;
    let (sender, inbox) = unbounded_channel();
    let gate = Arc::new(Gate::default());
    let handle = environment.calls.begin(id, sender, Arc::clone(&gate));
    let (channel, path, metadata) = match look_up(tables, channel, method, metadata) {
        Ok(found) => found,
        Err(status) => {
            handle.end(&status.into());
            return Some(());
        }
    };
    let has = |flag| flags & flag != 0;
    let call = Call {
        method,
        path,
        metadata,
        timeout: (timeout != NO_TIMEOUT).then(|| Duration::from_millis(u64::from(timeout))),
        message: if has(command::HAS_MESSAGE) {
            Some(frame(body)?)
        } else {
            None
        },
        complete: has(command::COMPLETE),
        wait_for_ready: has(command::WAIT_FOR_READY),
        unary: has(command::UNARY),
    };
    // A task copies what it is made of when it begins and when it ends: so that is a box.
    let task = tokio::spawn(Box::pin(async move {
        let ended = call::run(channel, call, inbox, gate, &handle).await;
        handle.end(&ended);
    }));
    environment.calls.set_task(id, task.abort_handle());
    Some(())
}

/// What the numbers of a CALL stand for.
fn look_up(
    tables: &Tables,
    channel: u32,
    method: u32,
    metadata: Result<HeaderMap, String>,
) -> Result<(Arc<Channel>, PathAndQuery, HeaderMap), Status> {
    let channel = tables.channel(channel);
    let channel = channel.ok_or_else(|| Status::unavailable("Channel has been shut down"))?;
    let path = tables.path(method);
    let path = path.ok_or_else(|| Status::internal(format!("method {method} is not known")))?;
    let metadata = metadata.map_err(|why| Status::new(Code::INVALID_ARGUMENT, why))?;
    Ok((channel, path, metadata))
}

/// The rest of a record, which must be a whole frame: its length is relied on.
fn frame(body: Reader) -> Option<Bytes> {
    let frame = body.rest();
    let [_, length @ ..] = *frame.first_chunk::<5>()?;
    (u32::from_be_bytes(length) as usize == frame.len() - 5).then_some(frame)
}

/// `None` for a record that cannot be read; the inner error is for the caller
/// who gave metadata that cannot be sent.
fn sized_metadata(body: &mut Reader) -> Option<Result<HeaderMap, String>> {
    let length = body.u32()? as usize;
    read_metadata(Reader::new(body.bytes(length)?))
}

fn read_metadata(mut body: Reader) -> Option<Result<HeaderMap, String>> {
    let mut headers = HeaderMap::new();
    while !body.is_empty() {
        let length = body.u16()? as usize;
        let key = body.bytes(length)?;
        let length = body.u32()? as usize;
        let value = body.bytes(length)?;
        if let Err(why) = metadata::append(&mut headers, &key, &value) {
            return Some(Err(why));
        }
    }
    Some(Ok(headers))
}
