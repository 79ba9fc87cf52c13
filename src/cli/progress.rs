//! A progress bar on stderr for work that takes over a second; nothing where nobody watches.

use std::io::{IsTerminal, stderr};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

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
        let template = format!("{before}{what} [{{wide_bar}}] {{elapsed}}, {{eta}} left");
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
        }
    });
    end
}
