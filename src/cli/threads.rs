//! Work on as many threads as asked for.

use super::exit::{Exit, Failure};

/// Runs work on so many threads, or on one a processor.
pub(super) fn on<T: Send>(
    threads: Option<u16>,
    work: impl FnOnce() -> T + Send,
) -> Result<T, Failure> {
    let Some(threads) = threads else { return Ok(work()) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build();
    Ok(pool.map_err(|error| Failure::new(Exit::Internal, error))?.install(work))
}
