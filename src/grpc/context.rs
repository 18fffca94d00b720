//! What all connections of a server share, the stage it is at among it.

use std::sync::Arc;

use tokio::sync::watch;

use super::service::Options;

/// What a server does, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub enum Stage {
    /// It takes calls.
    Serving,
    /// GOAWAY is sent, calls under way go on.
    Draining,
    /// What is left is cut off.
    Aborting,
}

/// A server as its connections see it.
pub struct Context<A> {
    /// What it was made with.
    pub options: Arc<Options>,
    /// Who handles its calls.
    pub application: Arc<A>,
    /// What it does.
    pub stage: watch::Receiver<Stage>,
}

impl<A> Clone for Context<A> {
    fn clone(&self) -> Self {
        Self {
            options: Arc::clone(&self.options),
            application: Arc::clone(&self.application),
            stage: self.stage.clone(),
        }
    }
}

/// The stage after `seen`. A server that was dropped is one to abort.
pub async fn next_stage(stage: &mut watch::Receiver<Stage>, seen: Stage) -> Stage {
    let changed = stage.wait_for(|stage| *stage > seen).await;
    changed.map_or(Stage::Aborting, |stage| *stage)
}
