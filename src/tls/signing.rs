//! The thread on which handshakes are made. Signing with an RSA key takes
//! milliseconds, and rustls does it within the handshake: on the network thread,
//! many new peers would hold up the traffic of those that stand. Sockets stay
//! with the network thread's poller, and the connection goes back there.

use std::io;
use std::sync::OnceLock;

use parking_lot::Mutex;
use tokio::runtime::{Builder, Handle};
use tokio::task::AbortHandle;

/// Makes a handshake on the thread for it. Dropping the future ends it.
pub async fn apart<T: Send + 'static>(
    handshake: impl Future<Output = io::Result<T>> + Send + 'static,
) -> io::Result<T> {
    let task = thread()?.spawn(handshake);
    let _ended = EndOnDrop(task.abort_handle());
    task.await.map_err(io::Error::other)?
}

struct EndOnDrop(AbortHandle);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Started with the first handshake; lives as long as the process.
fn thread() -> io::Result<&'static Handle> {
    static THREAD: OnceLock<Handle> = OnceLock::new();
    static STARTING: Mutex<()> = Mutex::new(());
    if let Some(handle) = THREAD.get() {
        return Ok(handle);
    }
    let _one_at_a_time = STARTING.lock();
    if let Some(handle) = THREAD.get() {
        return Ok(handle);
    }
    let runtime = Builder::new_current_thread().build()?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name("owt-grpc-tls".to_owned())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
    Ok(THREAD.get_or_init(|| handle))
}
