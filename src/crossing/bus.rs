//! The bus's commands.

use std::sync::Arc;

use super::environment::Environment;
use super::listener::{Listener, push_state, state};
use super::record::{Reader, command, event};
use crate::bus::Millis;
use crate::bus::member::Member;
use crate::bus::member::traffic::Calling;
use crate::bus::node::{Node, Options};
use crate::bus::wire::{Cast, Publish, Reply};

/// Carries out what a batch of commands made the members want.
pub fn flush(environment: &Environment) {
    for bus in environment.members.take_touched() {
        if let Some(node) = environment.members.get(bus) {
            node.flush_all();
        }
    }
}

/// Makes a member for JS.
pub async fn open(environment: Arc<Environment>, bus: u32, options: Options) {
    let application = Listener {
        environment: Arc::clone(&environment),
        bus,
    };
    match Node::start(options, Box::new(application)).await {
        Ok(node) => {
            if let Some(unwanted) = environment.members.keep(bus, node) {
                unwanted.abandon();
            }
        }
        Err(why) => push_state(&environment, bus, state::REFUSED, &why),
    }
}

/// Carries out one command. `None` if it cannot be read.
pub fn carry_out(
    environment: &Arc<Environment>,
    op: u8,
    flags: u8,
    bus: u32,
    body: Reader,
) -> Option<()> {
    // A member that is gone has told JS so.
    let Some(node) = environment.members.get(bus) else {
        if op == command::BUS_LEAVE {
            environment.members.forget(bus);
            push_state(environment, bus, state::LEFT, "");
        }
        return Some(());
    };
    environment.members.touch(bus);
    let flag = flags & command::FLAG != 0;
    match op {
        command::BUS_CALL => call(&node, flags, body),
        command::BUS_CANCEL => cancel(&node, body),
        command::BUS_CAST => cast(&node, flags, body),
        command::BUS_PUBLISH => publish(&node, flags, body),
        command::BUS_REPLY => reply(&node, flag, body),
        command::BUS_SERVE => serve(&node, flag, body),
        command::BUS_SUBSCRIBE => subscribe(&node, flag, body),
        command::BUS_STATUS => status(environment, &node, bus, body),
        command::BUS_LEAVE => {
            node.queue(Member::leave);
            Some(())
        }
        _ => None,
    }
}

/// A command was refused: who waits for a reply gets the reason. `None` if it does
/// not even say who that is.
pub fn refuse(
    environment: &Arc<Environment>,
    op: u8,
    bus: u32,
    mut body: Reader,
    why: &str,
) -> Option<()> {
    let json = serde_json::json!({ "data": "error", "err": why }).to_string();
    match op {
        command::BUS_CALL => {
            let call = body.u32()?;
            environment
                .events
                .push(event::BUS_REPLY, event::FLAG, bus, |record| {
                    record.u32(call).text("").bytes(json.as_bytes())
                });
        }
        command::BUS_REPLY => {
            let peer = body.u32()?;
            let reply = Reply {
                number: body.u32()?,
                kind: String::new(),
                body: json.into(),
                left: 0,
                failed: true,
            };
            let node = environment.members.get(bus)?;
            environment.members.touch(bus);
            node.queue(|member, now| member.reply(now, peer, reply));
        }
        _ => {}
    }
    Some(())
}

fn call(node: &Arc<Node>, flags: u8, mut body: Reader) -> Option<()> {
    let calling = Calling {
        number: body.u32()?,
        timeout: Millis::from(body.u32()?),
        trace: body.trace(flags)?,
        to: body.text()?,
        method: body.text()?,
        body: body.rest(),
        many: flags & command::FLAG != 0,
    };
    node.queue(|member, now| member.call(now, calling));
    Some(())
}

fn cancel(node: &Arc<Node>, mut body: Reader) -> Option<()> {
    let number = body.u32()?;
    node.queue(|member, now| member.cancel(now, number));
    Some(())
}

fn cast(node: &Arc<Node>, flags: u8, mut body: Reader) -> Option<()> {
    let cast = Cast {
        trace: body.trace(flags)?,
        to: body.text()?,
        method: body.text()?,
        body: body.rest(),
        left: 0,
    };
    node.queue(|member, now| member.cast(now, cast));
    Some(())
}

fn publish(node: &Arc<Node>, flags: u8, mut body: Reader) -> Option<()> {
    let publish = Publish {
        trace: body.trace(flags)?,
        exchange: body.text()?,
        key: body.text()?,
        body: body.rest(),
        left: 0,
    };
    node.queue(|member, now| member.publish(now, &publish));
    Some(())
}

fn reply(node: &Arc<Node>, failed: bool, mut body: Reader) -> Option<()> {
    let peer = body.u32()?;
    let reply = Reply {
        number: body.u32()?,
        kind: body.text()?,
        body: body.rest(),
        left: 0,
        failed,
    };
    node.queue(|member, now| member.reply(now, peer, reply));
    Some(())
}

fn serve(node: &Arc<Node>, stop: bool, mut body: Reader) -> Option<()> {
    let request = body.u32()?;
    let id = body.text()?;
    node.queue(|member, now| {
        if stop {
            member.stop_serving(now, request, &id);
        } else {
            member.serve(now, request, &id);
        }
    });
    Some(())
}

fn subscribe(node: &Arc<Node>, stop: bool, mut body: Reader) -> Option<()> {
    let request = body.u32()?;
    let subscription = body.u32()?;
    let exchange = body.text()?;
    let mut patterns = Vec::new();
    while !body.is_empty() {
        patterns.push(body.text()?);
    }
    node.queue(|member, now| {
        if stop {
            member.unsubscribe(now, request, subscription, &exchange, &patterns);
        } else {
            member.subscribe(now, request, subscription, &exchange, &patterns);
        }
    });
    Some(())
}

fn status(
    environment: &Arc<Environment>,
    node: &Arc<Node>,
    bus: u32,
    mut body: Reader,
) -> Option<()> {
    let request = body.u32()?;
    let status = node.with(|member, _| member.status());
    let json = serde_json::to_vec(&status).unwrap_or_default();
    environment
        .events
        .push(event::BUS_STATUS, 0, bus, |record| {
            record.u32(request).bytes(&json)
        });
    Some(())
}
