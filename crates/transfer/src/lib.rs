//! Resumable upload engine and the cloud client.
