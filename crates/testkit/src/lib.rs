//! Forged cards, scripted faults, conformance suites.
