//! Recordings of the real Go code, replayed: API Priority and Fairness, growth of Go's buffers, the
//! reflector's back-off, the ring of the watch cache.
//!
//! The cases are read from the folder named by `OOMCAST_GOLDEN_DIR`, else from `tests/golden`.

mod cases;
mod golden_apf;
mod golden_go;
mod golden_reflector;
mod golden_watchcache;
