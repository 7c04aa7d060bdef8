//! Owns the command table: name, request and answer of everything the page may ask. Shells implement it, the build script of
//! the desktop declares it, the TypeScript is made from it.

use crate::{camera_view as camera, queue_view as queue, request as req, view};

macro_rules! commands {
    ($($(#[doc = $doc:literal])* $name:ident($request:ty) -> $answer:ty;)*) => {
        /// Names of all commands.
        pub const COMMAND_NAMES: &[&str] = &[$(stringify!($name)),*];

        /// TypeScript members of the `Commands` interface.
        #[must_use]
        pub fn typescript_members(config: &ts_rs::Config) -> Vec<(String, String, String, String)> {
            use ts_rs::TS;
            vec![$((
                stringify!($name).to_owned(),
                [$($doc),*].concat().trim().to_owned(),
                <$request as TS>::name(config),
                <$answer as TS>::name(config),
            )),*]
        }
    };
}

commands! {
    /// Everything needed to draw the page.
    get_snapshot(req::Empty) -> view::Snapshot;
    /// Everything about one card.
    get_card(req::CardRequest) -> view::CardDetail;
    /// Part of the clip list.
    get_clips(req::ClipsRequest) -> view::ClipPage;
    /// Everything about one clip.
    get_clip(req::ClipRequest) -> view::ClipDetail;
    /// Opens a dialog for a folder that is to be treated as a card.
    pick_card(req::Empty) -> req::MaybeId;
    /// Opens a dialog for a destination.
    pick_destination(req::Empty) -> req::MaybeId;
    /// Puts a destination into the preset or takes it out.
    set_destination(req::DestinationRequest) -> req::Empty;
    /// Forgets a destination; nothing on it is touched.
    forget_destination(req::DestinationRequest) -> req::Empty;
    /// Starts the main job.
    start_offload(req::StartOffload) -> req::MaybeId;
    /// Pauses a job, whatever process holds it; it can always be resumed.
    stop_job(req::JobRequest) -> req::Empty;
    /// Takes a job out of the queue; what is proven stays, and nothing goes on by itself.
    cancel_job(req::JobRequest) -> req::Empty;
    /// Moves a job in the queue.
    move_job(req::MoveJob) -> req::Empty;
    /// Every preset, and what is needed to edit one.
    get_presets(req::Empty) -> queue::PresetList;
    /// Stores a preset as the user's own.
    save_preset(queue::PresetDetail) -> req::Empty;
    /// Removes a preset of the user's own.
    remove_preset(req::PresetRequest) -> req::Empty;
    /// Chooses the preset that is used.
    use_preset(req::PresetRequest) -> req::Empty;
    /// The folder that a template makes.
    sketch_folder(req::FolderRequest) -> queue::FolderSketch;
    /// Writes everything out and unmounts the volume a card is on, unless something still uses it.
    eject_card(req::CardRequest) -> req::Empty;
    /// Goes on with a job.
    resume_job(req::JobRequest) -> req::Empty;
    /// Starts or resumes the upload of a card from a verified copy.
    start_upload(req::CardRequest) -> req::Empty;
    /// Stops the upload of a card; it can always be resumed.
    stop_upload(req::CardRequest) -> req::Empty;
    /// Opens a dialog for a folder and verifies it against whatever manifests are there.
    pick_verification(req::Empty) -> req::MaybeId;
    /// Overrides findings of a card, with a name and a reason.
    override_finding(req::OverrideRequest) -> req::Empty;
    /// Takes back overrides of a card.
    withdraw_override(req::WithdrawRequest) -> req::Empty;
    /// Signs for what no program can see, or takes that back.
    sign_off(req::SignOffRequest) -> req::Empty;
    /// What people said about cameras that do not name themselves.
    get_camera_mappings(req::Empty) -> camera::CameraMappings;
    /// Remembers what a camera is that does not name itself, for every card of its format.
    map_camera(camera::MapCameraRequest) -> camera::MappedCamera;
    /// Forgets what was said about a camera; that it was said stays recorded.
    forget_camera(camera::ForgetCameraRequest) -> camera::MappedCamera;
    /// Opens a dialog and writes an ALE or CSV.
    export(req::ExportRequest) -> req::Written;
    /// Changes what runs by itself.
    set_preset(view::PresetView) -> req::Empty;
    /// Sets where the cloud is.
    set_cloud(req::CloudRequest) -> req::Empty;
    /// Sets the words in the bar.
    set_project(req::ProjectRequest) -> req::Empty;
}
