//! The cloud service: API and stateless workers.
