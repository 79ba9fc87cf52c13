//! Ctrl-C: the first asks the experiments to end with what they have, the second ends at once.

use super::exit::{Exit, Failure};
use super::{output, temporary};
use crate::engine::stop;
use crate::report::folder::Status;

/// How many runs of the model are done before a verb ends as at a first Ctrl-C: for tests.
const STOP_AFTER: &str = "OOMCAST_STOP_AFTER_RUNS";
/// The same within a run, in pulses of 16,384 events.
const STOP_AFTER_PULSES: &str = "OOMCAST_STOP_AFTER_PULSES";

/// From now on a first Ctrl-C keeps what is done. Where the system refuses, it ends the process as
/// before.
pub(super) fn keep_what_is_done() {
    let _ = ctrlc::set_handler(|| {
        if stop::ask() {
            temporary::remove_all();
            std::process::exit(Exit::Interrupted.code().into());
        }
        output::note("stopping: what is finished is kept; Ctrl-C again stops at once");
    });
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    if let Some(runs) = number(STOP_AFTER) {
        stop::after(runs);
    }
    if let Some(pulses) = number(STOP_AFTER_PULSES) {
        stop::after_pulses(pulses);
    }
}

/// Whether there was a Ctrl-C.
pub(super) fn asked() -> bool {
    stop::asked()
}

/// Whether a Ctrl-C kept a part of the work from being done, and what to say of it: what is kept, and
/// how to have all.
pub(super) fn note(done: u32, all: u32, what: &str) -> Option<String> {
    (stop::asked() && done < all).then(|| {
        format!(
            "stopped by Ctrl-C after {done} of {all} {what}: the result is of these; the same command \
             runs all of them"
        )
    })
}

/// The same where what is done is no count: `what` is kept.
pub(super) fn cut(what: &str) -> Option<String> {
    stop::asked().then(|| {
        format!("stopped by Ctrl-C: the result is of {what}; the same command does all of the work")
    })
}

/// What a folder is marked as, with such a note or without one.
pub(super) const fn status(stopped: Option<&String>) -> Status {
    match stopped {
        None => Status::Complete,
        Some(_) => Status::Partial,
    }
}

/// How a verb ends that may have been stopped.
pub(super) fn ended(
    stopped: Option<String>,
    else_: impl FnOnce() -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    match stopped {
        None => else_(),
        Some(stopped) => Err(Failure::new(Exit::Interrupted, stopped)),
    }
}
