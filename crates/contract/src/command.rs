//! Owns the command table: name, request and answer of everything the page may ask. Shells implement it, the build script of
//! the desktop declares it, the TypeScript is made from it.

use crate::{request as req, view};

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
    /// Stops a job; it can always be resumed.
    stop_job(req::JobRequest) -> req::Empty;
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
    /// Opens a dialog and writes an ALE or CSV.
    export(req::ExportRequest) -> req::Written;
    /// Changes what runs by itself.
    set_preset(view::PresetView) -> req::Empty;
    /// Sets where the cloud is.
    set_cloud(req::CloudRequest) -> req::Empty;
    /// Sets the words in the bar.
    set_project(req::ProjectRequest) -> req::Empty;
}
