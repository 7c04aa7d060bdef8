//! Owns the use cases: watch, recognise, offload, validate, describe, upload, verify, export; and with them jobs, presets,
//! settings, the clock and the event hub. Shells are one-line adapters onto [`App`]. Must never know Tauri, clap or axum.

mod amf;
mod awake;
mod card_source;
mod cards;
mod clock;
mod cloud;
mod copies_check;
mod delivery;
mod describe;
mod export;
mod framing;
mod home;
mod inputs;
mod jobs;
mod joined;
mod journal;
mod judgement;
mod look_facts;
pub mod manifests;
mod mapped;
mod offload_run;
mod pictures;
mod policies;
mod presets;
mod preview_folder;
mod progress;
mod quality;
mod queue;
mod repair;
mod roll_folder;
mod rules_check;
mod search;
mod selected;
mod settings;
mod sheets;
mod snapshot;
mod stills;
mod store;
mod tools;
mod verdict;
mod verification;
mod verify_drives;
mod volumes;
mod watching;

pub use card_source::inspect;
pub use describe::PictureSetup;
pub use export::{Exported, export_records};
pub use framing::FramingOptions;
pub use home::Home;
pub use inputs::{
    DecodingTools, FfmpegTool, decoder_plugins, decoding_tools, forget_input_override, input_overrides, set_input_override,
};
pub use jobs::JobOptions;
pub use mapped::{MapRequest, camera_mappings};
pub use pictures::PictureSize;
pub use presets::{KnownPreset, Resolved, is_shipped, options_of, parse_preset, preset_text};
pub use preview_folder::{PreviewOptions, RenderedClip, preview_folder};
pub use quality::{CheckedClip, QualityAnswer, check_quality};
pub use repair::{RepairRequest, compare_folders};
pub use rules_check::{RuleSettings, RuleWords, RulesRequest, rule_profile, rules_in_words};
pub use search::{Question, SEARCH_FIELDS, understand};
pub use settings::Settings;
pub use sheets::{MadeSheet, SheetOptions, make_sheet};
pub use stills::{MadePictures, StillOptions, compare_pictures, make_scopes, make_still};
pub use tools::{list_volumes, tool_name};
pub use verification::{VerifyAnswer, verify_folder};
pub use verify_drives::{DriveAnswer, DriveOptions, DriveWatch, report_bytes, verify_drives};
pub use volumes::mount_card;

/// What shells need of the engines to do their one-line work.
pub mod engines {
    pub use checkgate_camera as camera;
    pub use checkgate_color as color;
    pub use checkgate_interchange as interchange;
    pub use checkgate_mhl as mhl;
    pub use checkgate_offload as offload;
    pub use checkgate_preview as preview;
    pub use checkgate_rules as rules;
    pub use checkgate_transfer as transfer;
    pub use checkgate_volume as volume;
}

pub use amf::amf_facts;
use checkgate_catalog::{Catalog, CatalogError};
use checkgate_contract::UiFrame;
use checkgate_model::{ErrorCode, Problem};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::{broadcast, watch};

/// How to open the application.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// State folder; `None` means `CHECKGATE_HOME`, else the user's data folder.
    pub home: Option<PathBuf>,
}

/// The application. Clones refer to the same state.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    home: Home,
    catalog: Catalog,
    live: Mutex<progress::Live>,
    /// Where each known card is mounted now: card id to root.
    mounted: Mutex<BTreeMap<String, PathBuf>>,
    /// Jobs, uploads and verifications that this process works on.
    busy: Mutex<BTreeSet<String>>,
    rev: AtomicU64,
    changed: watch::Sender<u64>,
    frames: broadcast::Sender<UiFrame>,
    ticking: AtomicBool,
    closing: AtomicBool,
    watching: Mutex<Option<watching::Watching>>,
    decoder: OnceLock<Result<checkgate_preview::Ffmpeg, String>>,
    cloud_state: Mutex<cloud::CloudState>,
    awake: Mutex<awake::Awake>,
}

impl App {
    /// Opens the state and marks what a dead process left running as interrupted.
    pub async fn open(options: Options) -> Result<Self, Problem> {
        let home = Home::open(options.home)?;
        // Two programs that open a new state at once must not both make its tables.
        let gate = home.locks().join("open.lock");
        let opening = tokio::task::spawn_blocking(move || checkgate_volume::place::wait_for_lock(&gate))
            .await
            .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?
            .map_err(|error| Problem::from_error(ErrorCode::StateFailed, &error))?;
        let catalog = Catalog::open(&home.database()).await.map_err(state_problem)?;
        drop(opening);
        let (frames, _) = broadcast::channel(64);
        let (changed, _) = watch::channel(1);
        let app = Self {
            inner: Arc::new(Inner {
                home,
                catalog,
                live: Mutex::default(),
                mounted: Mutex::default(),
                busy: Mutex::default(),
                rev: AtomicU64::new(1),
                changed,
                frames,
                ticking: AtomicBool::new(false),
                closing: AtomicBool::new(false),
                watching: Mutex::default(),
                decoder: OnceLock::new(),
                cloud_state: Mutex::default(),
                awake: Mutex::default(),
            }),
        };
        app.settings_to_preset().await?;
        app.mark_interrupted().await?;
        app.find_mounted_cards().await?;
        app.index_what_is_missing().await?;
        Ok(app)
    }

    /// The state folder.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.inner.home
    }

    /// Progress frames, at most ten a second while anything moves.
    #[must_use]
    pub fn frames(&self) -> broadcast::Receiver<UiFrame> {
        self.start_ticking();
        self.inner.frames.subscribe()
    }

    /// The revision of the state, for those who wait for a change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// Stops what runs at the next chunk, waits until its state is stored, and closes the database.
    pub async fn shutdown(&self) {
        self.inner.closing.store(true, Ordering::SeqCst);
        lock(&self.inner.watching).take();
        lock(&self.inner.live).stop_all();
        let mut changes = self.changes();
        while !lock(&self.inner.busy).is_empty() {
            if changes.changed().await.is_err() {
                break;
            }
        }
        self.inner.catalog.close().await;
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.inner.catalog
    }

    /// State was stored: raises the revision, so that pages fetch a snapshot.
    pub(crate) fn announce(&self) {
        let rev = self.inner.rev.fetch_add(1, Ordering::SeqCst) + 1;
        self.inner.changed.send_replace(rev);
        let _unheard = self.inner.frames.send(self.frame());
    }

    pub(crate) fn rev(&self) -> u64 {
        self.inner.rev.load(Ordering::SeqCst)
    }

    pub(crate) fn begin(&self, what: &str) -> bool {
        lock(&self.inner.busy).insert(what.to_owned())
    }

    pub(crate) fn end(&self, what: &str) {
        lock(&self.inner.busy).remove(what);
        self.announce();
    }

    pub(crate) fn is_busy(&self, what: &str) -> bool {
        lock(&self.inner.busy).contains(what)
    }

    /// The colour engine; loaded at first use because it takes a moment.
    pub(crate) fn color(&self) -> Result<&'static checkgate_color::Engine, Problem> {
        checkgate_color::Engine::shared()
            .map_err(|error| Problem::new(ErrorCode::Internal, format!("the colour configuration does not load: {error}")))
    }

    /// The ffmpeg on this machine.
    pub(crate) fn decoder(&self) -> Result<checkgate_preview::Ffmpeg, Problem> {
        self.inner
            .decoder
            .get_or_init(|| checkgate_preview::Ffmpeg::find().map_err(|error| error.to_string()))
            .clone()
            .map_err(|message| Problem::new(ErrorCode::ToolFailed, message))
    }
}

/// A lock that a panicking holder does not take away from everybody else; every guarded value is valid between statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function in map_err")]
pub(crate) fn state_problem(error: CatalogError) -> Problem {
    Problem::from_error(ErrorCode::StateFailed, &error)
}

pub(crate) fn not_found(what: &str, id: &str) -> Problem {
    Problem::new(ErrorCode::NotFound, format!("there is no {what} {id}"))
}
