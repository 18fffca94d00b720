//! What this process does not need any more goes back to the system. glibc keeps
//! blocks of some megabytes in its heaps, where it finds them again when it needs
//! them; after an attack that may be never.

use std::time::Duration;

use tokio::sync::Notify;

/// The memory is freed a moment after it was counted as free.
const SOON: Duration = Duration::from_millis(500);

static PEAK: Notify = Notify::const_new();

/// A peak is over. From any thread.
pub fn give_back_soon() {
    PEAK.notify_one();
}

/// Gives back after each peak, for as long as the network thread runs. It takes some
/// milliseconds of a thread that does nothing else.
pub async fn keep_giving_back() {
    loop {
        PEAK.notified().await;
        tokio::time::sleep(SOON).await;
        let _ = tokio::task::spawn_blocking(give_back).await;
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn give_back() {
    // SAFETY: malloc_trim takes no pointer, may be called at any time from any thread,
    // and changes nothing but which free pages the process keeps.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Allocators of other systems give back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use super::*;

    fn resident() -> Option<usize> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS"))?;
        let kib: usize = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib << 10)
    }

    #[test]
    fn what_was_freed_goes_back_to_the_system() {
        // Blocks below the size that glibc maps by themselves. Every second one stays,
        // so that no heap shrinks at its end.
        let mut blocks: Vec<Vec<u8>> = (0..1000).map(|_| vec![1; 100_000]).collect();
        let mut number = 0;
        blocks.retain(|_| {
            number += 1;
            number % 2 == 0
        });
        let before = resident().unwrap();
        give_back();
        let after = resident().unwrap();
        assert!(after + (30 << 20) < before, "{before} then {after}");
        assert_eq!(blocks.len(), 500);
    }
}
