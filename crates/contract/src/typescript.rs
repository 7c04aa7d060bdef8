//! Owns the generation of `ui/src/lib/backend/contract.ts`. The file is committed; a test fails when it is stale.

use crate::{camera_view, command, frame, queue_view, request, view};
use checkgate_model as model;
use ts_rs::{Config, TS};

/// The whole TypeScript file.
#[must_use]
pub fn generate() -> String {
    let config = Config::new().with_large_int("number");
    let mut text = String::from("// Made by `./dev codegen` from crates/contract. Do not edit.\n\n");
    macro_rules! declare {
        ($($ty:ty),* $(,)?) => {$(
            text.push_str("export ");
            text.push_str(&<$ty as TS>::decl(&config));
            text.push_str("\n\n");
        )*};
    }
    declare!(
        model::Severity,
        model::EvidenceLevel,
        model::Confidence,
        model::ClipKind,
        model::FileRole,
        model::JobState,
        model::Station,
        model::StationState,
        model::ErrorCode,
        model::Retry,
        model::Problem,
        model::Override,
        model::Finding,
        model::Unmet,
        model::Overridden,
        model::Verdict,
        model::SignOffKind,
        model::SignOff,
        view::VolumeView,
        view::DestinationView,
        view::StationView,
        view::CopyState,
        view::CopyView,
        view::FindingCounts,
        view::UploadState,
        view::ResultView,
        view::UploadView,
        view::CardView,
        view::ClipView,
        view::ClipPage,
        view::SourceView,
        view::FieldView,
        view::FileView,
        view::ClipDetail,
        view::FailedFileView,
        view::LogLine,
        view::CardDetail,
        view::VerificationView,
        view::PresetView,
        view::CloudView,
        view::LaneView,
        queue_view::QueueEntry,
        queue_view::FolderSketch,
        queue_view::TokenView,
        queue_view::PresetDestinationView,
        queue_view::PresetDetail,
        queue_view::PresetList,
        camera_view::MappedField,
        camera_view::CameraMapping,
        camera_view::CameraMappings,
        camera_view::MappedCamera,
        camera_view::MapCameraRequest,
        camera_view::ForgetCameraRequest,
        view::Snapshot,
        frame::LaneTick,
        frame::CardTick,
        frame::UiFrame,
        request::CardRequest,
        request::JobRequest,
        request::MoveJob,
        request::PresetRequest,
        request::FolderRequest,
        request::DestinationRequest,
        request::StartOffload,
        request::ClipsRequest,
        request::ClipRequest,
        request::OverrideRequest,
        request::WithdrawRequest,
        request::SignOffRequest,
        request::ExportRequest,
        request::CloudRequest,
        request::ProjectRequest,
        request::Empty,
        request::MaybeId,
        request::Written,
    );
    text.push_str("export interface Commands {\n");
    for (name, doc, request, answer) in command::typescript_members(&config) {
        text.push_str(&format!("  /** {doc} */\n  {name}: {{ req: {request}; res: {answer} }};\n"));
    }
    text.push_str("}\n");
    text
}

#[cfg(test)]
mod tests {
    use crate::frame::{CardTick, LaneTick, UiFrame};

    #[test]
    fn the_committed_typescript_is_current() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/lib/backend/contract.ts");
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == super::generate(), "ui/src/lib/backend/contract.ts is stale: run `./dev codegen`");
    }

    #[test]
    fn a_full_frame_stays_under_8_kilobytes() {
        let lane = |n: usize| LaneTick {
            id: format!("0190e2b4-7c1e-7a00-8000-00000000000{n}"),
            label: "RAID-2".to_owned(),
            phase: "reading back".to_owned(),
            bytes_done: 812_000_000_000,
            bytes_total: 999_999_999_999,
            bytes_per_sec: 1_020_000_000,
            eta_secs: Some(86_399),
            bottleneck: false,
        };
        let card = CardTick {
            card: "0190e2b4-7c1e-7a00-8000-000000000000".to_owned(),
            words: "copy 2 of 2".to_owned(),
            file: "A003C001_261123_R1JL.mov".to_owned(),
            card_free_secs: Some(1800),
            eta_secs: Some(3600),
            lanes: (0..2).map(lane).collect(),
        };
        let frame = UiFrame {
            rev: u64::MAX >> 11,
            cards: vec![card; 12],
            bytes_per_sec: 12_020_000_000,
            eta_secs: Some(86_399),
            verifications: Vec::new(),
        };
        let size = serde_json::to_vec(&frame).expect("serialises").len();
        assert!(size < 8192, "{size} bytes");
    }
}
