//! The only crate with sqlx: SQLite state and migrations.
