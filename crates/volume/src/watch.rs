//! Owns noticing that a volume is mounted or unmounted, and that a folder appears in a watched folder ("card as folder").
//! Must never touch what it notices: it only looks. Events are never dropped; the channel is bounded and a slow listener
//! makes the watch wait.

use crate::folder::{Folder, Kind};
#[cfg(not(target_os = "linux"))]
use crate::mounts;
use crate::mounts::{ListVolumesError, Volume};
use crate::settle::{Settled, Settling, TreeMark};
use checkgate_model::{ErrorCode, VolumeId};
use crossbeam_channel::{Receiver, Sender};
use notify::Watcher;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const EVENTS_HELD: usize = 256;
/// How often a stopped watch is noticed while a listener does not take its events.
const LISTENER_PATIENCE: Duration = Duration::from_millis(100);
/// Names looked at to see whether a tree is quiet; beyond that only these count.
const MOST_MARKED: u64 = 200_000;

/// Something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "such an event comes a few times a day")]
pub enum VolumeEvent {
    /// A volume was mounted.
    Mounted(Volume),
    /// A volume was unmounted or its device was pulled.
    Unmounted {
        /// Its id.
        id: VolumeId,
        /// Where it was.
        mount_point: PathBuf,
    },
    /// A folder appeared in a watched folder and is quiet.
    FolderAppeared(PathBuf),
    /// A folder that was there before is gone.
    FolderGone(PathBuf),
}

/// Why watching cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// A watched folder cannot be listed.
    #[error("cannot watch {path}", path = path.display())]
    Folder {
        /// Folder.
        path: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// The system refuses to notify about a folder.
    #[error("cannot watch {path}", path = path.display())]
    Notify {
        /// Folder.
        path: PathBuf,
        /// Cause.
        #[source]
        source: notify::Error,
    },
    /// The list of volumes cannot be read.
    #[error(transparent)]
    Volumes(#[from] ListVolumesError),
    /// No thread or wake-up could be had.
    #[error("cannot start watching")]
    Start {
        /// Cause.
        #[source]
        source: io::Error,
    },
}

impl WatchError {
    /// Code on the wire.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Folder { .. } | Self::Notify { .. } => ErrorCode::NotFound,
            Self::Volumes(error) => error.code(),
            Self::Start { .. } => ErrorCode::Internal,
        }
    }
}

/// How patient a watch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchTiming {
    /// A folder must be quiet for this long.
    pub settle: Duration,
    /// How often a folder that is being filled is looked at.
    pub look_every: Duration,
}

impl Default for WatchTiming {
    fn default() -> Self {
        Self { settle: Duration::from_secs(1), look_every: Duration::from_millis(250) }
    }
}

/// A running watch; dropping it stops it.
#[derive(Debug)]
pub struct Watch {
    stopped: Arc<AtomicBool>,
    wake: Waker,
    poke: Sender<()>,
    threads: Vec<JoinHandle<()>>,
    _notify: Option<notify::RecommendedWatcher>,
}

impl Watch {
    /// Begins to watch all volumes, and `folders` for new folders in them. Only changes are told: ask [`crate::mounted`]
    /// after starting for what is there already.
    pub fn start(folders: &[PathBuf]) -> Result<(Self, Receiver<VolumeEvent>), WatchError> {
        Self::start_with(folders, WatchTiming::default())
    }

    /// Like [`Self::start`], with other patience.
    pub fn start_with(folders: &[PathBuf], timing: WatchTiming) -> Result<(Self, Receiver<VolumeEvent>), WatchError> {
        let (events, received) = crossbeam_channel::bounded(EVENTS_HELD);
        let (poke, poked) = crossbeam_channel::bounded(1);
        let stopped = Arc::new(AtomicBool::new(false));
        let outlet = Outlet { events, stopped: Arc::clone(&stopped) };
        let start_failed = |source| WatchError::Start { source };
        let wake = Waker::new().map_err(start_failed)?;
        let mut threads = Vec::new();

        let mounts = MountWatch::begin(wake.clone())?;
        let mount_outlet = outlet.clone();
        threads.push(
            std::thread::Builder::new()
                .name("volume-watch".to_owned())
                .spawn(move || mounts.run(&mount_outlet))
                .map_err(start_failed)?,
        );

        let mut watch = Self { stopped, wake, poke: poke.clone(), threads, _notify: None };
        if !folders.is_empty() {
            let mut notify = notify::recommended_watcher(move |_| {
                // One poke is as good as many.
                let _ = poke.try_send(());
            })
            .map_err(|source| WatchError::Notify { path: folders[0].clone(), source })?;
            let mut watched = Vec::new();
            for folder in folders {
                // Notification first: what appears in between is then seen twice rather than never.
                notify
                    .watch(folder, notify::RecursiveMode::NonRecursive)
                    .map_err(|source| WatchError::Notify { path: folder.clone(), source })?;
                let present = folders_in(folder).map_err(|source| WatchError::Folder { path: folder.clone(), source })?;
                watched.push((folder.clone(), Settling::new(timing.settle, present)));
            }
            watch._notify = Some(notify);
            let run = move || watch_folders(watched, timing, &poked, &outlet);
            watch.threads.push(std::thread::Builder::new().name("folder-watch".to_owned()).spawn(run).map_err(start_failed)?);
        }
        Ok((watch, received))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.wake.wake();
        let _ = self.poke.try_send(());
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a watching thread panicked");
            }
        }
    }
}

/// Where events go.
#[derive(Debug, Clone)]
struct Outlet {
    events: Sender<VolumeEvent>,
    stopped: Arc<AtomicBool>,
}

impl Outlet {
    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// False when nobody listens any more.
    fn send(&self, event: VolumeEvent) -> bool {
        let mut event = event;
        while !self.is_stopped() {
            match self.events.send_timeout(event, LISTENER_PATIENCE) {
                Ok(()) => return true,
                Err(crossbeam_channel::SendTimeoutError::Timeout(back)) => event = back,
                Err(crossbeam_channel::SendTimeoutError::Disconnected(_)) => return false,
            }
        }
        false
    }
}

fn watch_folders(mut watched: Vec<(PathBuf, Settling)>, timing: WatchTiming, poked: &Receiver<()>, outlet: &Outlet) {
    loop {
        let waiting = watched.iter().any(|(_, settling)| settling.is_waiting());
        let woken = if waiting {
            poked.recv_timeout(timing.look_every).is_ok_and(|()| true) || !outlet.is_stopped()
        } else {
            poked.recv().is_ok()
        };
        if !woken || outlet.is_stopped() {
            return;
        }
        for (folder, settling) in &mut watched {
            // A watched folder that is gone holds nothing.
            let present = folders_in(folder).unwrap_or_default();
            for settled in settling.observe(Instant::now(), &present, &mut |path| mark_tree(path)) {
                let event = match settled {
                    Settled::Appeared(path) => VolumeEvent::FolderAppeared(path),
                    Settled::Gone(path) => VolumeEvent::FolderGone(path),
                };
                if !outlet.send(event) {
                    return;
                }
            }
        }
    }
}

/// Folders directly in `folder`, hidden ones left out: nobody names a card with a leading dot, and copies in progress do.
fn folders_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let handle = Folder::open_root(folder)?;
    let mut found = Vec::new();
    for name in handle.names()? {
        let hidden = name.to_string_lossy().starts_with('.');
        if !hidden && handle.facts(&name).is_ok_and(|facts| facts.is_some_and(|facts| facts.kind == Kind::Folder)) {
            found.push(folder.join(name));
        }
    }
    Ok(found)
}

fn mark_tree(path: &Path) -> TreeMark {
    fn enter(folder: &Folder, depth: usize, looked: &mut u64, mark: &mut TreeMark) {
        let Ok(names) = folder.names() else { return };
        for name in names {
            *looked += 1;
            if *looked > MOST_MARKED {
                return;
            }
            match folder.facts(&name) {
                Ok(Some(facts)) if facts.kind == Kind::File => {
                    mark.files += 1;
                    mark.size_bytes = mark.size_bytes.wrapping_add(facts.size_bytes);
                    mark.times = mark.times.wrapping_add(facts.modified.as_nanosecond() as u64);
                }
                Ok(Some(facts)) if facts.kind == Kind::Folder && depth < 64 => {
                    if let Ok(child) = folder.open_child(&name) {
                        enter(&child, depth + 1, looked, mark);
                    }
                }
                _ => {}
            }
        }
    }
    let mut mark = TreeMark::default();
    if let Ok(folder) = Folder::open_root(path) {
        enter(&folder, 0, &mut 0, &mut mark);
    }
    mark
}

/// Volumes as they were last seen, by mount.
type Seen = BTreeMap<MountKey, (VolumeId, PathBuf)>;

#[cfg(target_os = "linux")]
type MountKey = u64;
#[cfg(not(target_os = "linux"))]
type MountKey = PathBuf;

#[cfg(target_os = "linux")]
fn present_volumes(seen: &Seen) -> Result<Vec<(MountKey, Option<Volume>)>, ListVolumesError> {
    // Only a mount that is new is asked for its details.
    let mounts = crate::linux::listed(crate::linux::read_mounts()?);
    Ok(mounts.iter().map(|mount| (mount.id, (!seen.contains_key(&mount.id)).then(|| crate::linux::describe(mount)))).collect())
}

#[cfg(not(target_os = "linux"))]
fn present_volumes(seen: &Seen) -> Result<Vec<(MountKey, Option<Volume>)>, ListVolumesError> {
    let volumes = mounts::mounted()?;
    Ok(volumes
        .into_iter()
        .map(|volume| (volume.mount_point.clone(), (!seen.contains_key(&volume.mount_point)).then_some(volume)))
        .collect())
}

/// Compares with what was seen last; the second part is what happened.
fn difference(seen: &mut Seen) -> Result<Vec<VolumeEvent>, ListVolumesError> {
    let present = present_volumes(seen)?;
    let mut events = Vec::new();
    seen.retain(|key, (id, mount_point)| {
        let stays = present.iter().any(|(present, _)| present == key);
        if !stays {
            events.push(VolumeEvent::Unmounted { id: id.clone(), mount_point: mount_point.clone() });
        }
        stays
    });
    for (key, volume) in present {
        if let Some(volume) = volume {
            seen.insert(key, (volume.id.clone(), volume.mount_point.clone()));
            events.push(VolumeEvent::Mounted(volume));
        }
    }
    Ok(events)
}

struct MountWatch {
    #[cfg(target_os = "linux")]
    table: std::fs::File,
    wake: Waker,
    seen: Seen,
}

impl MountWatch {
    fn begin(wake: Waker) -> Result<Self, WatchError> {
        // Opened before the first look, so that no change falls in between.
        #[cfg(target_os = "linux")]
        let table = crate::linux::open_mount_table().map_err(|source| WatchError::Start { source })?;
        let mut seen = Seen::new();
        difference(&mut seen)?;
        Ok(Self {
            #[cfg(target_os = "linux")]
            table,
            wake,
            seen,
        })
    }

    fn run(mut self, outlet: &Outlet) {
        while self.wait() && !outlet.is_stopped() {
            match difference(&mut self.seen) {
                Ok(events) => {
                    for event in events {
                        if !outlet.send(event) {
                            return;
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "the list of volumes could not be read"),
            }
        }
    }

    /// Waits for a change of the mount table (proc_pid_mounts(5): poll reports priority and error) or for the end.
    #[cfg(target_os = "linux")]
    fn wait(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, poll};
        loop {
            let mut handles =
                [PollFd::new(&self.table, PollFlags::PRI | PollFlags::ERR), PollFd::new(&*self.wake.handle, PollFlags::IN)];
            match poll(&mut handles, None) {
                Ok(_) => return handles[1].revents().is_empty(),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    tracing::error!(%error, "watching volumes ended");
                    return false;
                }
            }
        }
    }

    /// Elsewhere the list is looked at every two seconds.
    #[cfg(not(target_os = "linux"))]
    fn wait(&self) -> bool {
        matches!(self.wake.woken.recv_timeout(Duration::from_secs(2)), Err(crossbeam_channel::RecvTimeoutError::Timeout))
    }
}

/// Ends the wait of a thread.
#[cfg(target_os = "linux")]
#[derive(Debug, Clone)]
struct Waker {
    handle: Arc<rustix::fd::OwnedFd>,
}

#[cfg(target_os = "linux")]
impl Waker {
    fn new() -> io::Result<Self> {
        let handle = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC | rustix::event::EventfdFlags::NONBLOCK)?;
        Ok(Self { handle: Arc::new(handle) })
    }

    fn wake(&self) {
        // Fails only if the counter is full, and then the thread is awake.
        let _ = rustix::io::write(&*self.handle, &1u64.to_ne_bytes());
    }
}

#[cfg(not(target_os = "linux"))]
#[derive(Debug, Clone)]
struct Waker {
    ring: Sender<()>,
    woken: Receiver<()>,
}

#[cfg(not(target_os = "linux"))]
impl Waker {
    fn new() -> io::Result<Self> {
        let (ring, woken) = crossbeam_channel::bounded(1);
        Ok(Self { ring, woken })
    }

    fn wake(&self) {
        let _ = self.ring.try_send(());
    }
}
