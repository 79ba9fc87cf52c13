//! A progress bar on stderr for work that takes over a second; nothing where nobody watches.

use std::io::{IsTerminal, stderr};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::engine::pulse::{self, Pulse};
use crate::units::{SimSpan, SimTime};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that ends sooner shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// The bar; gone when dropped.
pub(super) struct Progress {
    bar: ProgressBar,
    /// Dropped with the bar: then the thread that would show it ends.
    _end: Option<Sender<()>>,
}

impl Progress {
    /// A bar of `steps`, shown after a second if `wanted` and stderr is a terminal.
    pub(super) fn new(steps: u32, wanted: bool) -> Self {
        Self::counting(steps, "replications", wanted)
    }

    /// The same, counting other things.
    pub(super) fn counting(steps: u32, what: &str, wanted: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps.into()), ProgressDrawTarget::hidden());
        let before = "{spinner} {pos}/{len} ";
        let template = format!("{before}{what} [{{wide_bar}}] {{elapsed}}, {{eta}} left{{msg}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("=> "));
        }
        let end = (wanted && stderr().is_terminal()).then(|| show_later(bar.clone()));
        Self { bar, _end: end }
    }

    /// `done` steps are done.
    pub(super) fn set(&self, done: u32) {
        self.bar.set_position(done.into());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn show_later(bar: ProgressBar) -> Sender<()> {
    let (end, ended) = channel();
    thread::spawn(move || {
        if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) && !bar.is_finished() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(120));
            while ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                bar.set_message(within());
            }
        }
    });
    end
}

/// How far a run of the model is, where it is so long that one would wait for it.
fn within() -> String {
    let million = |pulse: &Pulse| pulse.events >= 1_000_000;
    pulse::last().filter(million).map_or_else(String::new, |pulse| {
        let span = |at: SimTime| SimSpan::secs(at.since(SimTime::ZERO).as_secs_f64() as u64);
        let millions = pulse.events / 1_000_000;
        format!("; one is at {} of {}, {millions} M events", span(pulse.at), span(pulse.end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_says_how_far_it_is() {
        let at = |secs| SimTime::ZERO + SimSpan::secs(secs);
        pulse::beat(Pulse { events: 3_400_000, at: at(3_600), end: at(86_400) });
        assert_eq!(within(), "; one is at 1h of 24h, 3 M events");
    }
}
