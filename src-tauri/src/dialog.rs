//! Owns the native dialogs. A path comes from a person in a dialog, never from the page (invariant 7).

use checkgate_model::{ErrorCode, Problem};
use rfd::{AsyncFileDialog, FileHandle};
use std::path::PathBuf;
use tauri::{AppHandle, Manager};
use tokio::sync::oneshot;

/// Asks for a folder; `None` where the person closed the dialog.
pub(crate) async fn folder(handle: &AppHandle, title: &'static str) -> Result<Option<PathBuf>, Problem> {
    if let Some(path) = scripted() {
        return Ok(Some(path));
    }
    ask(handle, move |dialog| dialog.set_title(title).pick_folder()).await
}

/// Asks where to write a file.
pub(crate) async fn save(handle: &AppHandle, title: &'static str, name: String) -> Result<Option<PathBuf>, Problem> {
    if let Some(path) = scripted() {
        return Ok(Some(path));
    }
    ask(handle, move |dialog| dialog.set_title(title).set_file_name(name).save_file()).await
}

/// Dialogs are made on the main thread, as the systems ask, and waited for elsewhere.
async fn ask<F, A>(handle: &AppHandle, open: F) -> Result<Option<PathBuf>, Problem>
where
    F: FnOnce(AsyncFileDialog) -> A + Send + 'static,
    A: Future<Output = Option<FileHandle>> + Send + 'static,
{
    let (answer, answered) = oneshot::channel();
    let main = handle.clone();
    handle
        .run_on_main_thread(move || {
            let dialog = match main.get_webview_window("main") {
                Some(window) => AsyncFileDialog::new().set_parent(&window),
                None => AsyncFileDialog::new(),
            };
            let picked = open(dialog);
            tauri::async_runtime::spawn(async move {
                // Nobody waits any more where the window has gone.
                let _unheard = answer.send(picked.await.map(|file| file.path().to_owned()));
            });
        })
        .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
    Ok(answered.await.unwrap_or(None))
}

/// What a dialog would have answered, for tests without a person. Only debug builds listen: `CHECKGATE_PICK` is the path, or a
/// text file that holds the path, so that a test can answer several dialogs with different paths.
#[cfg(debug_assertions)]
fn scripted() -> Option<PathBuf> {
    let named = PathBuf::from(std::env::var_os("CHECKGATE_PICK")?);
    if named.is_dir() {
        return Some(named);
    }
    std::fs::read_to_string(&named).ok().map(|text| PathBuf::from(text.trim_end_matches('\n')))
}

#[cfg(not(debug_assertions))]
fn scripted() -> Option<PathBuf> {
    None
}
