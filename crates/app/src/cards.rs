//! Owns cards: noticing, recognising, remembering and finding them again on whatever mount point they come back.

use crate::card_source::CardSource;
use crate::{App, clock, lock, state_problem};
use checkgate_catalog::CardRow;
use checkgate_contract::MaybeId;
use checkgate_model::{ErrorCode, HashFormat, Problem};
use checkgate_volume::{Source, Volume, VolumeRole};
use std::path::{Path, PathBuf};

/// A card together with whether this program has just seen it for the first time.
pub(crate) struct Noticed {
    pub(crate) card: CardRow,
}

impl App {
    /// Takes a folder as a card: recognises it and remembers it. Copies nothing.
    pub async fn add_card_folder(&self, path: PathBuf) -> Result<MaybeId, Problem> {
        let noticed = self.notice(path).await?;
        Ok(MaybeId { id: Some(noticed.card.id) })
    }

    /// Recognises what lies at `root` and stores it; a card seen before keeps its id.
    pub(crate) async fn notice(&self, root: PathBuf) -> Result<Noticed, Problem> {
        let root = checkgate_volume::place::canonical(&root)
            .map_err(|error| Problem::new(ErrorCode::NotFound, format!("there is no folder {}: {error}", root.display())))?;
        let (listed, pieces) = {
            let root = root.clone();
            tokio::task::spawn_blocking(move || {
                let listed = read_card(&root)?;
                let pieces = CardSource::open(&root).map(|card| crate::joined::pieces_of(&card, &listed.recognition))?;
                Ok::<_, Problem>((listed, pieces))
            })
            .await
            .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))??
        };
        let stored = self.catalog().store_card(&listed).await.map_err(state_problem)?;
        self.place_card(&stored.id).await?;
        self.join_with_other_cards(&stored.id, &pieces).await?;
        if stored.id == listed.id {
            let recognition = &stored.recognition;
            let line = format!(
                "noticed {} as {}: {} clips, {} files, {} bytes",
                stored.label,
                recognition.family_name,
                recognition.clips.len(),
                recognition.file_count,
                recognition.size_bytes
            );
            self.catalog().log(&stored.id, clock::now(), &line).await.map_err(state_problem)?;
        }
        lock(&self.inner.mounted).insert(stored.id.clone(), root);
        self.announce();
        Ok(Noticed { card: stored })
    }

    /// A card belongs to the project that is set when it is first seen, and is found from then on.
    async fn place_card(&self, card: &str) -> Result<(), Problem> {
        let project = self.rule_settings().await?.project;
        self.catalog().place_in_project(card, &project).await.map_err(state_problem)?;
        self.index_card(card).await
    }

    /// Where a card is mounted now.
    pub(crate) fn root_of(&self, card: &str) -> Option<PathBuf> {
        lock(&self.inner.mounted).get(card).cloned()
    }

    /// Finds known cards that are already mounted when the program opens, by identity and never by path alone.
    pub(crate) async fn find_mounted_cards(&self) -> Result<(), Problem> {
        let cards = self.catalog().cards(200).await.map_err(state_problem)?;
        let found = tokio::task::spawn_blocking(move || {
            let mut found = Vec::new();
            for card in cards {
                let root = PathBuf::from(&card.root);
                if still_there(&card, &root) {
                    found.push((card.id, root));
                }
            }
            found
        })
        .await
        .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
        lock(&self.inner.mounted).extend(found);
        Ok(())
    }

    /// A volume went away: its cards are no longer there.
    pub(crate) fn forget_mount(&self, mount_point: &Path) {
        lock(&self.inner.mounted).retain(|_, root| !root.starts_with(mount_point));
        self.announce();
    }
}

/// Whether a volume that appeared is looked at as a card. Drives that hold a destination, the system's own disk and shares are not;
/// anything else is, whatever it calls itself: many readers call themselves fixed disks.
pub(crate) fn may_be_card(volume: &Volume, destinations: &[PathBuf]) -> bool {
    !matches!(volume.role, VolumeRole::System | VolumeRole::Network)
        && volume.mount_point != Path::new("/")
        && !destinations.iter().any(|destination| destination.starts_with(&volume.mount_point))
}

pub(crate) fn read_card(root: &Path) -> Result<CardRow, Problem> {
    let card = CardSource::open(root)?;
    if card.listing().files.is_empty() {
        return Err(Problem::new(ErrorCode::SourceEmpty, format!("there are no files below {}", root.display())));
    }
    let recognition = card.recognise();
    let volume = card.source().volume();
    let label = if volume.mount_point == root && !volume.label.is_empty() {
        volume.label.clone()
    } else {
        root.file_name().map_or_else(|| root.display().to_string(), |name| name.to_string_lossy().into_owned())
    };
    Ok(CardRow {
        id: clock::new_id(),
        fingerprint: fingerprint(&card),
        volume: volume.id.to_string(),
        label: label.clone(),
        root: root.to_string_lossy().into_owned(),
        reel: recognition.reel.clone().unwrap_or(label),
        source_device: volume.device_identity.clone(),
        writable: !volume.read_only,
        seen_at: clock::now().to_string(),
        described: false,
        safe_since: None,
        sheet: None,
        recognition,
    })
}

/// Identity of a card's content: the volume, the place on it, and every name, size and time. A formatted card is another card, the
/// same card on another mount point is the same.
fn fingerprint(card: &CardSource) -> String {
    let volume = card.source().volume();
    let mut text = format!("{}\n", volume.id);
    if let Ok(below) = card.source().root().strip_prefix(&volume.mount_point) {
        text.push_str(&below.to_string_lossy());
    }
    for file in &card.listing().files {
        text.push_str(&format!("\n{}\t{}\t{}", file.path, file.size_bytes, file.modified.as_second()));
    }
    checkgate_mhl::hash_bytes(HashFormat::Xxh128, text.as_bytes()).to_text()
}

/// Where a card that was seen before may be now: where it was, or on its volume wherever that is mounted. A card that is a folder of a
/// larger volume is never looked for in the whole of that volume.
pub(crate) fn places_of(card: &CardRow) -> impl Iterator<Item = PathBuf> + use<> {
    let was = PathBuf::from(&card.root);
    let volumes = checkgate_volume::mounted().unwrap_or_default();
    let mounts = volumes.into_iter().filter(|volume| volume.id.to_string() == card.volume).map(|volume| volume.mount_point);
    let mut places = vec![was.clone()];
    for mount in mounts.filter(|mount| !was.starts_with(mount)) {
        let below = was.ancestors().filter_map(|above| was.strip_prefix(above).ok()).map(|below| mount.join(below));
        places.extend(below.filter(|place| place.is_dir()));
    }
    places.into_iter()
}

pub(crate) fn still_there(card: &CardRow, root: &Path) -> bool {
    let Ok(source) = Source::open(root) else { return false };
    if source.volume().id.to_string() != card.volume {
        return false;
    }
    CardSource::open(root).is_ok_and(|listed| fingerprint(&listed) == card.fingerprint)
}
