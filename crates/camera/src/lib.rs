//! Card recognition, clip grouping, completeness, container parsers and canonical metadata.
