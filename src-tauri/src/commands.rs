//! Owns the adapters: each command of the contract, one line onto the application.

use crate::dialog;
use crate::shell::Shell;
use checkgate_contract::{
    CameraMappings, CardDetail, CardRequest, ClipDetail, ClipPage, ClipRequest, ClipsRequest, CloudRequest, DestinationRequest,
    Empty, ExportRequest, FolderRequest, FolderSketch, ForgetCameraRequest, JobRequest, MapCameraRequest, MappedCamera, MaybeId,
    MoveJob, OverrideRequest, PresetDetail, PresetList, PresetRequest, PresetView, ProjectRequest, SignOffRequest, Snapshot,
    StartOffload, UiFrame, WithdrawRequest, Written,
};
use checkgate_model::Problem;
use tauri::ipc::{Channel, Invoke};
use tauri::{AppHandle, State, Wry};

/// Adapters that need nothing but the application.
macro_rules! adapters {
    ($($name:ident($request:ident: $kind:ty) -> $answer:ty = |$app:ident| $body:expr;)*) => {$(
        #[tauri::command]
        pub(crate) async fn $name(shell: State<'_, Shell>, $request: $kind) -> Result<$answer, Problem> {
            let $app = shell.app().await?;
            $body.await
        }
    )*};
}

adapters! {
    get_snapshot(request: Empty) -> Snapshot = |app| { let Empty {} = request; app.snapshot() };
    get_card(request: CardRequest) -> CardDetail = |app| app.card(&request.card);
    get_clips(request: ClipsRequest) -> ClipPage = |app| app.clips(request);
    get_clip(request: ClipRequest) -> ClipDetail = |app| app.clip(&request.card, request.index);
    set_destination(request: DestinationRequest) -> Empty = |app| app.set_destination(request);
    forget_destination(request: DestinationRequest) -> Empty = |app| app.forget_destination(request);
    start_offload(request: StartOffload) -> MaybeId = |app| app.start_offload(request);
    stop_job(request: JobRequest) -> Empty = |app| app.stop_job(request);
    cancel_job(request: JobRequest) -> Empty = |app| app.cancel_job(request);
    move_job(request: MoveJob) -> Empty = |app| app.move_job(request);
    get_presets(request: Empty) -> PresetList = |app| { let Empty {} = request; app.preset_list() };
    save_preset(request: PresetDetail) -> Empty = |app| app.save_preset_detail(request);
    remove_preset(request: PresetRequest) -> Empty = |app| app.remove_preset_named(request);
    use_preset(request: PresetRequest) -> Empty = |app| app.use_preset_named(request);
    sketch_folder(request: FolderRequest) -> FolderSketch = |app| app.sketch_folder(request);
    resume_job(request: JobRequest) -> Empty = |app| app.resume_job(request);
    start_upload(request: CardRequest) -> Empty = |app| app.start_upload(request);
    stop_upload(request: CardRequest) -> Empty = |app| app.stop_upload(request);
    eject_card(request: CardRequest) -> Empty = |app| app.eject_card(request);
    override_finding(request: OverrideRequest) -> Empty = |app| app.override_finding(request);
    withdraw_override(request: WithdrawRequest) -> Empty = |app| app.withdraw_override(request);
    sign_off(request: SignOffRequest) -> Empty = |app| app.sign_off_as_asked(request);
    get_camera_mappings(request: Empty) -> CameraMappings = |app| { let Empty {} = request; app.camera_mappings_view() };
    map_camera(request: MapCameraRequest) -> MappedCamera = |app| app.map_camera_of_card(request);
    forget_camera(request: ForgetCameraRequest) -> MappedCamera = |app| app.forget_camera(&request.id);
    set_preset(request: PresetView) -> Empty = |app| app.set_preset(request);
    set_cloud(request: CloudRequest) -> Empty = |app| app.set_cloud(request);
    set_project(request: ProjectRequest) -> Empty = |app| app.set_project(request);
}

#[tauri::command]
pub(crate) async fn pick_card(shell: State<'_, Shell>, handle: AppHandle) -> Result<MaybeId, Problem> {
    match dialog::folder(&handle, "Choose a folder that holds a card").await? {
        Some(path) => shell.app().await?.add_card_folder(path).await,
        None => Ok(MaybeId { id: None }),
    }
}

#[tauri::command]
pub(crate) async fn pick_destination(shell: State<'_, Shell>, handle: AppHandle) -> Result<MaybeId, Problem> {
    match dialog::folder(&handle, "Choose a folder that copies go to").await? {
        Some(path) => shell.app().await?.add_destination(path).await,
        None => Ok(MaybeId { id: None }),
    }
}

#[tauri::command]
pub(crate) async fn pick_verification(shell: State<'_, Shell>, handle: AppHandle) -> Result<MaybeId, Problem> {
    match dialog::folder(&handle, "Choose a folder to verify").await? {
        Some(path) => shell.app().await?.start_verification(path).await,
        None => Ok(MaybeId { id: None }),
    }
}

#[tauri::command]
pub(crate) async fn export(shell: State<'_, Shell>, handle: AppHandle, request: ExportRequest) -> Result<Written, Problem> {
    let app = shell.app().await?;
    let reel = app.card_row(&request.card).await?.reel;
    match dialog::save(&handle, "Write the export to", format!("{reel}.{}", request.format)).await? {
        Some(path) => app.export(&request.card, &request.format, path).await,
        None => Ok(Written { path: None }),
    }
}

#[tauri::command]
pub(crate) async fn subscribe(shell: State<'_, Shell>, channel: Channel<UiFrame>) -> Result<(), Problem> {
    shell.subscribe(channel).await
}

macro_rules! handled {
    ($($name:ident),* $(,)?) => {
        /// Names that the handler knows.
        #[cfg(test)]
        const HANDLED: &[&str] = &[$(stringify!($name)),*];

        /// Hands calls of the page to the adapters.
        pub(crate) fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($name),*]
        }
    };
}

handled![
    get_snapshot,
    get_card,
    get_clips,
    get_clip,
    pick_card,
    pick_destination,
    set_destination,
    forget_destination,
    start_offload,
    stop_job,
    cancel_job,
    move_job,
    get_presets,
    save_preset,
    remove_preset,
    use_preset,
    sketch_folder,
    eject_card,
    resume_job,
    start_upload,
    stop_upload,
    pick_verification,
    override_finding,
    withdraw_override,
    sign_off,
    get_camera_mappings,
    map_camera,
    forget_camera,
    export,
    set_preset,
    set_cloud,
    set_project,
    subscribe,
];

#[cfg(test)]
mod tests {
    use super::HANDLED;
    use checkgate_contract::COMMAND_NAMES;
    use serde_json::Value;

    fn file(text: &str) -> Value {
        serde_json::from_str(text).expect("is JSON")
    }

    #[test]
    fn handles_the_contract_and_nothing_else() {
        let declared: Vec<&str> = COMMAND_NAMES.iter().copied().chain(["subscribe"]).collect();
        assert_eq!(HANDLED, declared);
    }

    #[test]
    fn grants_every_command_by_name_to_the_main_window_and_nothing_else() {
        let capability = file(include_str!("../capabilities/main.json"));
        let granted: Vec<String> = HANDLED.iter().map(|name| format!("allow-{}", name.replace('_', "-"))).collect();
        assert_eq!(capability["windows"], serde_json::json!(["main"]));
        assert_eq!(capability["permissions"], serde_json::json!(granted));
    }

    #[test]
    fn the_page_may_load_and_reach_nothing_but_our_own_schemes() {
        let config = file(include_str!("../tauri.conf.json"));
        let security = &config["app"]["security"];
        let policy = security["csp"].as_str().expect("has a content security policy");
        for forbidden in ["unsafe-inline", "unsafe-eval", "*", "https:", "data:", "blob:"] {
            assert!(!policy.contains(forbidden), "{forbidden} in {policy}");
        }
        assert!(
            policy.contains("default-src 'self'") && policy.contains("object-src 'none'") && policy.contains("base-uri 'none'")
        );
        assert_eq!(config["app"]["withGlobalTauri"], false);
        assert_eq!(security["freezePrototype"], true);
        assert_eq!(security["assetProtocol"]["enable"], false);
    }
}
