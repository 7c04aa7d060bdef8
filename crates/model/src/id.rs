//! Owns identifiers. They are opaque text made by the caller (UUID v7 in the application), so that this crate draws no randomness.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta] $name:ident),* $(,)?) => {$(
        #[$doc]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ts_rs::TS)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The text of the id.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }
    )*};
}

id! {
    /// One insertion of one card: the same magazine after formatting is another card.
    CardId,
    /// One run of the main job on one card.
    JobId,
    /// One copy of a card on one destination.
    CopyId,
    /// One package on its way to the cloud.
    UploadId,
    /// A mounted volume, stable across remounts: file-system id where there is one, else device and capacity.
    VolumeId,
}
