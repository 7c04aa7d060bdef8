//! What the page and --json see: DTOs, commands, events.
