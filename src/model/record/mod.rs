//! What a run writes down as it goes: counters, the log, phases, activity, timelines.

pub mod activity;
pub mod thinned;
pub mod timelines;

use crate::model::RunOptions;
use crate::model::ids::ServerId;
use crate::model::input::Inputs;
use crate::results::{Counters, LogEntry, LogKind, PhaseRecord, Timeline};
use crate::units::SimTime;
use activity::ActivityRecorder;
use timelines::Recorder;

/// Most log entries kept of a run, so that a storm of a million clients cannot fill memory.
const LOG_MAX: usize = 20_000;

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct Record {
    /// Counts over the whole run.
    pub counters: Counters,
    /// The log, in order of time.
    pub log: Vec<LogEntry>,
    /// Phases so far; the last one is under way.
    pub phases: Vec<PhaseRecord>,
    /// Counts second by second.
    pub activity: ActivityRecorder,
    /// Timelines, if they are wanted.
    pub recorder: Option<Recorder>,
}

impl Record {
    /// An empty record.
    #[must_use]
    pub fn new(inputs: &Inputs, options: RunOptions) -> Self {
        let servers = usize::from(inputs.apiserver.replicas);
        Self {
            counters: Counters::default(),
            log: Vec::new(),
            phases: Vec::new(),
            activity: ActivityRecorder::new(inputs.duration, servers, options.timelines),
            recorder: options.timelines.then(|| Recorder::new(servers, inputs.duration)),
        }
    }

    /// Logs a line.
    pub fn note(&mut self, at: SimTime, kind: LogKind, subject: &str, message: String) {
        if self.log.len() < LOG_MAX {
            self.log.push(LogEntry { at, kind, subject: subject.to_owned(), message });
        }
    }

    /// Begins or ends a span in which a server does not serve.
    pub fn down(&mut self, server: ServerId, now: SimTime, down: bool) {
        if let Some(recorder) = &mut self.recorder {
            recorder.down(server, now, down);
        }
    }

    /// A LIST or an initial list has been answered in full: the last one of the phase, so far.
    pub fn answered(&mut self, now: SimTime) {
        if let Some(phase) = self.phases.last_mut() {
            phase.settled_at = Some(now);
        }
    }

    /// The timelines, if they were recorded.
    pub fn take_timelines(&mut self, names: &[String], end: SimTime) -> Vec<Timeline> {
        self.recorder.take().map_or_else(Vec::new, |recorder| recorder.finish(names, end))
    }
}
