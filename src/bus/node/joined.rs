//! A node, as its way to the registry sees it.

use std::sync::Arc;

use super::Node;
use crate::bus::application::Delivery;
use crate::bus::registry::{Hosted, Joined, Pending, Session};
use crate::bus::wire::FromRegistry;

impl Joined for Node {
    fn opened(self: Arc<Self>, session: Box<dyn Session>) {
        self.state.lock().registry = Some(session);
        self.with(|member, _| member.registry_open());
    }

    fn carried(self: Arc<Self>, certificate: Option<&[u8]>) {
        if let Some(rights) = self.rules.of(certificate) {
            self.with(|member, _| member.registry_vouched(&rights));
        }
    }

    fn told(self: Arc<Self>, message: FromRegistry) {
        self.with(|member, now| member.registry_message(now, message));
    }

    fn lost(self: Arc<Self>, why: &str) -> bool {
        self.state.lock().registry = None;
        self.with(|member, _| member.registry_lost(why))
    }

    fn is_joining(&self) -> bool {
        self.state.lock().member.is_joining()
    }

    fn has_joined(&self) -> bool {
        self.state.lock().member.has_joined()
    }

    fn deliver(&self, delivery: Delivery) {
        self.application.deliver(delivery);
    }

    fn keep_host(&self, host: Box<dyn Hosted>) {
        let mut state = self.state.lock();
        if !state.left {
            state.host = Some(host);
        }
    }

    fn end_host(self: Arc<Self>, port: u16) -> Pending<'static, ()> {
        Box::pin(async move {
            let host = self.state.lock().host.take_if(|host| host.port() == port);
            if let Some(host) = host {
                host.stop().await;
            }
        })
    }

    fn spawn(&self, task: Pending<'static, ()>) {
        Self::spawn(self, task);
    }
}
