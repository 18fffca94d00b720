//! Tasks that end with whom they are for.

use tokio::sync::watch;

/// The tasks of whoever holds this: they end when it is dropped, or before.
pub struct Tasks(watch::Sender<()>);

impl Tasks {
    /// None yet.
    pub fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    /// Runs one.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut alive = self.0.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                () = task => {}
                // Sent to, or without a sender: it is over.
                _ = alive.changed() => {}
            }
        });
    }

    /// Ends those that run.
    pub fn end(&self) {
        self.0.send_replace(());
    }
}
