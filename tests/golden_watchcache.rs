//! The watch cache against the recorded behaviour of the genuine code, bit for bit.
//!
//! The cases are read from the folder named by `OOMCAST_GOLDEN_DIR`, else from `../shared/golden`,
//! else from the part of them kept under `tests/golden`. Formats: the README beside the data.

#[path = "golden/cases.rs"]
mod cases;
#[path = "golden_watchcache/constants.rs"]
mod constants;
#[path = "golden_watchcache/trace.rs"]
mod trace;
