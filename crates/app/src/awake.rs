//! Owns keeping the machine awake while something moves. Where the system has nobody to ask, that is said and nothing else happens.

use crate::{App, lock};

/// Who keeps the machine awake.
#[derive(Default)]
pub(crate) struct Awake {
    wanted: usize,
    held: Option<keepawake::KeepAwake>,
    refused: Option<String>,
}

impl Awake {
    /// Why the machine may go to sleep although something moves.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.refused.as_deref().filter(|_| self.wanted > 0)
    }
}

/// Keeps the machine awake until it is dropped.
pub(crate) struct Hold {
    app: App,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let let_go = {
            let mut awake = lock(&self.app.inner.awake);
            awake.wanted = awake.wanted.saturating_sub(1);
            if awake.wanted == 0 { awake.held.take() } else { None }
        };
        // Its bus connection is a blocking one.
        if let Some(held) = let_go {
            drop(std::thread::spawn(move || drop(held)));
        }
    }
}

impl App {
    /// Keeps the machine from going to sleep by itself as long as the answer lives.
    pub(crate) async fn stay_awake(&self) -> Hold {
        let first = {
            let mut awake = lock(&self.inner.awake);
            awake.wanted += 1;
            awake.wanted == 1
        };
        let hold = Hold { app: self.clone() };
        if first {
            let asked = tokio::task::spawn_blocking(|| {
                keepawake::Builder::default()
                    .display(false)
                    .idle(true)
                    .sleep(true)
                    .reason("camera cards are being copied")
                    .app_name("Checkgate")
                    .app_reverse_domain("app.checkgate")
                    .create()
                    .map_err(|error| error.to_string())
            })
            .await
            .unwrap_or_else(|error| Err(error.to_string()));
            let mut awake = lock(&self.inner.awake);
            match asked {
                Ok(held) if awake.wanted > 0 => (awake.held, awake.refused) = (Some(held), None),
                Ok(held) => drop(std::thread::spawn(move || drop(held))),
                Err(reason) => {
                    tracing::info!(reason, "the system cannot be kept from sleeping");
                    awake.refused = Some(reason);
                }
            }
        }
        hold
    }
}
