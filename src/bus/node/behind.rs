//! Waiting for an application that is behind.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::bus::Millis;
use crate::bus::application::{Application, Delivery};
use crate::bus::spells::Spells;

/// It may be so long behind before that is told.
const LONG: Duration = Duration::from_secs(1);

/// When the application was behind.
pub struct Behind {
    spells: Mutex<Spells>,
    started: Instant,
}

impl Default for Behind {
    fn default() -> Self {
        Self {
            spells: Mutex::default(),
            started: Instant::now(),
        }
    }
}

impl Behind {
    fn now(&self) -> Millis {
        Millis::try_from(self.started.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    /// Waits until the application is not behind. If that takes long it is told:
    /// peers drop what they have no room for, and cannot know why.
    pub async fn until_room(&self, application: &dyn Application) {
        let soon = tokio::time::timeout(LONG, application.room());
        if soon.await.is_ok() {
            return;
        }
        let tell = |text: String| {
            let warning = true;
            application.deliver(Delivery::Note { warning, text });
        };
        if self.spells.lock().happened(self.now(), 1) {
            tell(String::from(
                "JavaScript here is behind: as much waits for it as may, and other members drop \
                 casts and messages for this one when they have no room left for them",
            ));
        }
        application.room().await;
        let over = self.spells.lock().over(self.now(), true);
        if let Some(over) = over {
            let seconds = (LONG + Duration::from_millis(over.took)).as_secs_f64();
            tell(format!(
                "JavaScript here has taken what waited: it was behind for {seconds:.1} s"
            ));
        }
    }
}
