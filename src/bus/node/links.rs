//! The links of a node: those that it dials, and those that others do.

use std::sync::Arc;

use bytes::Bytes;

use super::endpoint::LinkEvents;
use super::listening::LINK;
use super::{Node, State};
use crate::bus::application::Application;
use crate::bus::member::Member;
use crate::bus::peer::Conn;
use crate::bus::pipe::{self, Pipe};

impl Node {
    pub(super) fn dial(self: &Arc<Self>, state: &mut State, conn: Conn, address: &str) {
        let (pipe, inbox) = Pipe::new(true);
        state.pipes.insert(conn, pipe);
        let events = LinkEvents::new(Arc::downgrade(self), conn);
        let target = address.parse();
        let tls = self.listening.tls.clone();
        self.spawn(async move {
            let why = match target {
                Ok(target) => {
                    let channel = pipe::channel_to(target, tls.as_ref());
                    pipe::dial(channel, LINK, inbox, events.gate(), &events)
                        .await
                        .details
                }
                Err(error) => format!("{error}"),
            };
            events.ended(&why);
        });
    }

    /// Listens on another port, and joins anew with that.
    pub(super) async fn listen_elsewhere(self: Arc<Self>) {
        // Where no other port is to be had this one has to do.
        let Ok((server, node_of_service)) = self.listening.bind().await else {
            return;
        };
        *node_of_service.lock() = Arc::downgrade(&self);
        let address = self.listening.address(server.port);
        let former = {
            let mut state = self.state.lock();
            if state.left {
                return;
            }
            state.member.moved(address);
            if let Some(session) = state.registry.take() {
                session.close();
            }
            state.endpoint.replace(server)
        };
        // Nobody has a call on its links: there was no id to call.
        drop(former);
    }

    /// Somebody has dialed this member.
    pub(super) fn incoming(self: &Arc<Self>, pipe: Pipe, certificate: Option<&[u8]>) -> Conn {
        let conn = self.with(Member::incoming);
        self.carried(conn, certificate);
        self.state.lock().pipes.insert(conn, pipe);
        conn
    }

    /// A link's transport is to somebody who has shown this certificate.
    pub(super) fn carried(self: &Arc<Self>, conn: Conn, certificate: Option<&[u8]>) {
        if let Some(rights) = self.rules.of(certificate) {
            self.with(|member, _| member.vouched(conn, rights));
        }
    }

    /// A link brought a message.
    pub(super) fn arrived(self: &Arc<Self>, conn: Conn, message: Bytes) {
        match pipe::read(message) {
            Ok(packet) => self.with(|member, now| member.packet(now, conn, packet)),
            Err(why) => self.with(|member, now| member.garbage(now, conn, &why)),
        }
    }

    /// The peer has taken that much.
    pub(super) fn taken(&self, conn: Conn, cost: usize) {
        let now = self.now();
        let mut state = self.state.lock();
        if let Some(pipe) = state.pipes.get_mut(&conn) {
            pipe.taken(cost);
            Self::flush(&mut state, now, conn);
        }
    }

    /// The peer sends nothing more.
    pub(super) fn half_closed(self: &Arc<Self>, conn: Conn) {
        if let Some(pipe) = self.state.lock().pipes.get(&conn) {
            pipe.close();
        }
        self.lost(conn, "it left");
    }

    /// Whom this member is one for.
    pub(super) fn application(&self) -> &dyn Application {
        &*self.application
    }

    /// A transport of `conn` is gone.
    pub(super) fn lost(self: &Arc<Self>, conn: Conn, why: &str) {
        let why = if why.is_empty() {
            "it closed the link"
        } else {
            why
        };
        self.state.lock().pipes.remove(&conn);
        self.with(|member, now| member.lost(now, conn, why));
    }
}
