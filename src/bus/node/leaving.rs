//! The end of a node: in its own time, or at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Node;
use crate::bus::application::Delivery;
use crate::bus::member::Member;
use crate::bus::pipe::Pipe;

/// What leaving may take for what is still to be sent.
const LEAVE_TIMEOUT: Duration = Duration::from_millis(150);

impl Node {
    /// The member has left: sends what is still to be sent, and ends all.
    pub(super) async fn finish(self: Arc<Self>) {
        let patience = Instant::now();
        while patience.elapsed() < LEAVE_TIMEOUT && !self.is_flushed() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let (endpoint, host) = {
            let mut state = self.state.lock();
            state.left = true;
            state.pipes.values().for_each(Pipe::close);
            state.registry.iter().for_each(|session| session.close());
            (state.endpoint.take(), state.host.take())
        };
        // Those who had dialed see the end of the stream; what was dialed from
        // here ends when the other side has seen it.
        let stop_endpoint = async {
            if let Some(endpoint) = endpoint {
                endpoint.stop(LEAVE_TIMEOUT).await;
            }
        };
        let stop_host = async {
            if let Some(host) = host {
                host.stop().await;
            }
        };
        tokio::join!(stop_endpoint, stop_host);
        self.application.deliver(Delivery::Left);
        self.tasks.end();
    }

    /// The application is gone, and this process may go on, so that nothing else would show
    /// it: links end at once, and the registry is told.
    pub fn abandon(self: &Arc<Self>) {
        {
            let mut state = self.state.lock();
            state.pipes.clear();
            // Dropped, it cuts off what is left.
            state.endpoint = None;
        }
        self.with(Member::leave);
        let node = Arc::clone(self);
        tokio::spawn(async move {
            // It holds the node for as long as the registry may take.
            tokio::time::sleep(LEAVE_TIMEOUT).await;
            node.end();
        });
    }

    /// Ends all at once.
    fn end(&self) {
        let mut state = self.state.lock();
        state.left = true;
        state.pipes.clear();
        state.registry = None;
        state.endpoint = None;
        state.host = None;
        self.tasks.end();
    }

    fn is_flushed(&self) -> bool {
        let state = self.state.lock();
        state.member.is_flushed() && state.pipes.values().all(Pipe::is_flushed)
    }
}
