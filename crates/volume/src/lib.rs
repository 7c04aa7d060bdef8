//! The only crate that touches media files: mounts, read-only sources, atomic publishing, read-back from the device.
