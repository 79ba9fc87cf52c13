//! API Priority and Fairness against the recorded behaviour of the genuine code, bit for bit.
//!
//! The cases are read from the folder named by `OOMCAST_GOLDEN_DIR`, else from `../shared/golden`,
//! else from the part of them kept under `tests/golden`. Formats: the README beside the data.

#[path = "golden_apf/allocation.rs"]
mod allocation;
#[path = "golden/cases.rs"]
mod cases;
#[path = "golden_apf/classify.rs"]
mod classify;
#[path = "golden_apf/concurrency.rs"]
mod concurrency;
#[path = "golden_apf/doubles.rs"]
mod doubles;
#[path = "golden_apf/objects.rs"]
mod objects;
#[path = "golden_apf/queue_set.rs"]
mod queue_set;
#[path = "golden_apf/shuffle_sharding.rs"]
mod shuffle_sharding;
#[path = "golden_apf/work_estimator.rs"]
mod work_estimator;
