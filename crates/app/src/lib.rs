//! Use cases: watch, recognise, offload, validate, preview, upload, verify, export.
