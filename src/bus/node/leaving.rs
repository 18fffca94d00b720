//! The end of a node: in its own time, or at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Node;
use crate::bus::application::Delivery;
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

    /// The application is gone: ends all at once.
    pub fn abandon(&self) {
        let mut state = self.state.lock();
        state.left = true;
        state.pipes.clear();
        state.registry = None;
        // Dropped, they cut off what is left.
        state.endpoint = None;
        state.host = None;
        self.tasks.end();
    }

    fn is_flushed(&self) -> bool {
        let state = self.state.lock();
        state.member.is_flushed() && state.pipes.values().all(Pipe::is_flushed)
    }
}
