//! Owns small questions that need no state: volumes and the name of this program.

use checkgate_contract::VolumeView;
use checkgate_model::{ErrorCode, Problem};

/// Every mounted volume.
pub fn list_volumes() -> Result<Vec<VolumeView>, Problem> {
    let volumes = checkgate_volume::mounted().map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
    Ok(volumes.into_iter().map(crate::snapshot::volume_view).collect())
}

/// Name and version, as they stand in manifests and evidence.
#[must_use]
pub fn tool_name() -> String {
    format!("Checkgate {}", env!("CARGO_PKG_VERSION"))
}
