//! Owns the desktop window: adapters from the page to [`checkgate_app::App`], one line each. Must never hold logic, name a path on
//! behalf of the page, or open a connection.
#![allow(clippy::exit, clippy::disallowed_methods, reason = "the code that the shell generates for its context ends the process")]
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
mod dialog;
mod picture;
mod shell;

use shell::Shell;
use tauri::{DragDropEvent, Manager, RunEvent, WindowEvent};

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_unset| "info".into()))
        .with_writer(std::io::stderr)
        .init();

    let builder = tauri::Builder::default();
    // Two windows on one state are a hazard. Another state folder is another world, and tests have one each.
    let builder = if std::env::var_os("CHECKGATE_HOME").is_none() {
        builder.plugin(tauri_plugin_single_instance::init(|app, _arguments, _folder| shell::show(app)))
    } else {
        builder
    };
    let app = builder
        .manage(Shell::default())
        .invoke_handler(commands::handler())
        .register_asynchronous_uri_scheme_protocol("picture", picture::answer)
        .setup(|app| {
            let handle = app.handle().clone();
            tauri::async_runtime::spawn(async move {
                if let Err(problem) = handle.state::<Shell>().app().await {
                    tracing::error!(code = %problem.code, details = ?problem.details, "{}", problem.summary);
                }
            });
            Ok(())
        })
        .on_window_event(|window, event| {
            if let WindowEvent::DragDrop(DragDropEvent::Drop { paths, .. }) = event {
                shell::take_dropped(window.app_handle(), paths.clone());
            }
        })
        .build(tauri::generate_context!())?;

    app.run(|handle, event| {
        if let RunEvent::ExitRequested { api, code: None, .. } = event {
            // What runs stops at the next chunk and its state is stored; then the window's process may end.
            api.prevent_exit();
            let handle = handle.clone();
            tauri::async_runtime::spawn(async move {
                handle.state::<Shell>().close().await;
                handle.exit(0);
            });
        }
    });
    Ok(())
}
