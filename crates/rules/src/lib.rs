//! Facts in, findings out: rule profiles with stable codes.
