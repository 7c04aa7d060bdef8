//! Owns the one [`App`] of this process and the stream of frames to the page. Must never decide anything.

use checkgate_app::{App, Options};
use checkgate_contract::UiFrame;
use checkgate_model::Problem;
use std::path::PathBuf;
use std::sync::Mutex;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager};
use tokio::sync::OnceCell;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

/// State of the shell: the application, opened once by whoever comes first, and the page's subscription.
#[derive(Default)]
pub(crate) struct Shell {
    app: OnceCell<Result<App, Problem>>,
    stream: Mutex<Option<JoinHandle<()>>>,
}

impl Shell {
    /// The application; a problem of opening it is everybody's answer.
    pub(crate) async fn app(&self) -> Result<App, Problem> {
        self.app
            .get_or_init(|| async {
                let app = App::open(Options::default()).await?;
                app.start_watching(Vec::new()).await?;
                Ok(app)
            })
            .await
            .clone()
    }

    /// Sends frames to the page until it subscribes anew. The first one holds the revision, so that nothing is missed in between.
    pub(crate) async fn subscribe(&self, channel: Channel<UiFrame>) -> Result<(), Problem> {
        let app = self.app().await?;
        let mut frames = app.frames();
        let first = UiFrame {
            rev: *app.changes().borrow(),
            cards: Vec::new(),
            bytes_per_sec: 0,
            eta_secs: None,
            verifications: Vec::new(),
        };
        let stream = tokio::spawn(async move {
            let mut next = Ok(first);
            loop {
                match next {
                    Ok(frame) => {
                        if channel.send(frame).is_err() {
                            return;
                        }
                    }
                    // A page that was slow needs only the newest frame.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
                next = frames.recv().await;
            }
        });
        let before = self.stream.lock().unwrap_or_else(std::sync::PoisonError::into_inner).replace(stream);
        if let Some(before) = before {
            before.abort();
        }
        Ok(())
    }

    /// Stops what runs and waits until it is stored.
    pub(crate) async fn close(&self) {
        if let Some(Ok(app)) = self.app.get() {
            app.shutdown().await;
        }
    }
}

/// Brings the window to the front.
pub(crate) fn show(handle: &AppHandle) {
    if let Some(window) = handle.get_webview_window("main") {
        for done in [window.unminimize(), window.show(), window.set_focus()] {
            if let Err(error) = done {
                tracing::warn!(%error, "the window cannot be brought to the front");
            }
        }
    }
}

/// Folders dropped onto the window are taken as cards.
pub(crate) fn take_dropped(handle: &AppHandle, paths: Vec<PathBuf>) {
    let handle = handle.clone();
    tauri::async_runtime::spawn(async move {
        let shell = handle.state::<Shell>();
        for path in paths {
            let taken = match shell.app().await {
                Ok(app) => app.add_card_folder(path.clone()).await,
                Err(problem) => Err(problem),
            };
            if let Err(problem) = taken {
                tracing::error!(path = %path.display(), code = %problem.code, "{}", problem.summary);
            }
        }
    });
}
