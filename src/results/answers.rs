//! What changes of a scenario come to, tried on the same draws: without a client, with a remedy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OutcomeCount;
use crate::units::Bytes;

/// What some replications of a variant came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrialFigures {
    /// Replications.
    pub replications: u32,
    /// Of these, stopped before their end for the work they took: they prove nothing.
    pub incomplete: u32,
    /// Replications with a kill for memory.
    pub oom: OutcomeCount,
    /// Replications at whose end a server was down or cut off, etcd had no quorum, or a client lacked its list.
    pub non_recovering: OutcomeCount,
    /// Replications that went wrong: with a kill, or without recovery by the end.
    pub wrong: OutcomeCount,
    /// Highest resident memory of any server, median.
    pub peak_bytes: Bytes,
    /// The highest of all replications.
    pub highest_bytes: Bytes,
    /// What a server may use.
    pub limit_bytes: Bytes,
    /// From the first event until the last list was answered, median; `None`: never.
    pub settled_seconds: Option<f64>,
    /// CPU-seconds of all servers, median.
    pub cpu_seconds: f64,
    /// Requests answered 429, median.
    pub rejected: u64,
}

/// The scenario without something, against the scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// The clients taken out.
    pub clients: Vec<String>,
    /// Change of the peak in the median pair of runs, as a share: -0.61.
    pub peak_change: f64,
    /// What is left.
    pub without: TrialFigures,
    /// Replications in which it still happened.
    #[serde(default)]
    pub happened: OutcomeCount,
}

/// `leave-one-out`: the scenario again without each of its clients.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LeaveOneOut {
    /// What was to happen: `oom`.
    #[serde(default)]
    pub until: String,
    /// The scenario itself, on the same draws.
    pub with_all: TrialFigures,
    /// Replications of it in which it happened.
    #[serde(default)]
    pub happened: OutcomeCount,
    /// Without each client, the one that changes most first.
    pub without_one: Vec<LeftOut>,
    /// Without the first two; `None` of fewer than three clients.
    pub without_two: Option<LeftOut>,
    /// Without any client.
    pub without_all: Option<LeftOut>,
    /// Clients that were not tried: there are more than the work allowed.
    pub not_tried: u32,
}

impl LeaveOneOut {
    /// What the changes of single clients sum to.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.without_one.iter().map(|row| row.peak_change).sum()
    }
}

/// Whether it is safe, as far as that is shown: what programs and exit codes go by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It is, and that is shown.
    Yes,
    /// It is not.
    No,
    /// Too few runs to show it, runs that were stopped, or the limit within the error of the model.
    #[default]
    NotKnown,
}

/// What became of a remedy.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RemedyState {
    /// The upper end of the interval is below the probability that is allowed.
    Suffices,
    /// The same by the draws, but the limit lies within the error of the model.
    TooClose,
    /// None too many went wrong, but the bound on the work, or Ctrl-C, came before all were run.
    Undecided,
    /// Pairs of runs show that less goes wrong, or peaks are lower; not enough.
    Helps,
    /// Pairs of runs show no difference.
    #[default]
    NoEffect,
    /// Pairs of runs show that more goes wrong, or peaks are higher.
    Worse,
    /// Not in this scenario.
    NotPossible,
    /// The bound on the work, or Ctrl-C, came first.
    NotTried,
}

impl RemedyState {
    /// In a word, for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Suffices => "suffices",
            Self::TooClose => "too close to call",
            Self::Undecided => "not decided, stopped at its bound",
            Self::Helps => "helps, not enough",
            Self::NoEffect => "no difference shown",
            Self::Worse => "MAKES IT WORSE",
            Self::NotPossible => "not possible here",
            Self::NotTried => "not tried",
        }
    }
}

/// A remedy, or two of them, in a scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RemedyRow {
    /// Its name; of two `a+b`.
    pub name: String,
    /// What is done.
    pub what: String,
    /// The dose: the least that suffices, else the strongest. Empty: it has none.
    pub dose: String,
    /// What became of it.
    pub state: RemedyState,
    /// Why it is not possible here.
    pub because: Option<String>,
    /// Whether no other remedy is as good in everything and better in something.
    pub on_front: bool,
    /// Whether clients get less than before: only who runs them knows whether that will do.
    pub asks_less: bool,
    /// What it came to.
    pub figures: TrialFigures,
    /// Replications that went wrong with draws of another seed, where that was tried.
    pub confirmed: Option<OutcomeCount>,
    /// How many replications that were: fewer than the others where the bound on the work, or Ctrl-C,
    /// came first.
    #[serde(default)]
    pub confirmed_in: u32,
    /// Change of the peak in the median pair of runs, as a share.
    pub peak_change: f64,
    /// Memory that all servers together may take more than before.
    pub extra_bytes: Bytes,
    /// Cores of all servers together beyond those before.
    pub extra_cores: f64,
    /// What else it does.
    pub side_effects: String,
    /// How to undo it.
    pub way_back: String,
    /// Where it comes from.
    pub source: String,
    /// The overlay that `run --overlay` takes.
    pub overlay: String,
    /// Objects for `kubectl apply`.
    pub manifest: Option<String>,
}

impl RemedyRow {
    /// Whether it was tried with draws of another seed, too, and to the end.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        self.confirmed.is_some() && self.confirmed_in >= self.figures.replications
    }
}

/// `advise.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AdviseResult {
    /// As of `summary.json`.
    pub format_version: String,
    /// The scenario's name.
    pub scenario: String,
    /// Its hash.
    pub scenario_hash: String,
    /// The Kubernetes release modelled.
    pub release: String,
    /// Master seed.
    pub seed: u64,
    /// Replications that a remedy must survive to be said to suffice.
    pub replications: u32,
    /// In what share of runs it may go wrong.
    pub probability: f64,
    /// One sentence: the answer.
    pub verdict: String,
    /// The scenario without a remedy.
    pub base: TrialFigures,
    /// Whether its limit lies within the error of the model.
    #[serde(default)]
    pub base_too_close: bool,
    /// Whether it goes wrong in more runs than are allowed.
    #[serde(default)]
    pub shown_wrong: bool,
    /// Whether it can be prevented.
    #[serde(default)]
    pub answer: Answer,
    /// Who held the peak, in words.
    pub held: Option<String>,
    /// The remedies, best first.
    pub remedies: Vec<RemedyRow>,
    /// Runs of the model.
    pub runs: u32,
    /// Their bound.
    pub most_runs: u32,
    /// What the reader should know before trusting the answer.
    pub warnings: Vec<String>,
}

impl AdviseResult {
    /// Remedies that are possible here.
    #[must_use]
    pub fn possible(&self) -> usize {
        self.remedies.iter().filter(|row| row.state != RemedyState::NotPossible).count()
    }

    /// Remedies that were not tried, or not to the end.
    #[must_use]
    pub fn open(&self) -> usize {
        let open = [RemedyState::NotTried, RemedyState::Undecided];
        self.remedies.iter().filter(|row| open.contains(&row.state)).count()
    }

    /// Whether no remedy is needed by the draws.
    #[must_use]
    pub fn holds_without(&self) -> bool {
        self.base.incomplete == 0 && self.base.wrong.high <= self.probability
    }

    /// Whether it can be prevented: no remedy is needed, or one suffices and does so with other draws, too.
    #[must_use]
    pub fn prevented(&self) -> Answer {
        let best = self.remedies.first();
        let found =
            best.is_some_and(|row| row.state == RemedyState::Suffices && row.is_confirmed());
        let hopeless = best.is_none_or(|row| row.state > RemedyState::Undecided);
        match self.holds_without() {
            true if !self.base_too_close => Answer::Yes,
            _ if found => Answer::Yes,
            false if hopeless && self.shown_wrong && self.open() == 0 => Answer::No,
            _ => Answer::NotKnown,
        }
    }
}

/// What became of a storm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StormState {
    /// It was not.
    #[default]
    NotRun,
    /// A run was stopped for the work it took, and no other went wrong too often.
    Unknown,
    /// Servers are killed, and more often than is allowed.
    Killed,
    /// None is, but not all recovers by the end, and more often than is allowed.
    NoRecovery,
    /// No run goes wrong, but the limit lies within the error of the model.
    TooClose,
    /// None too many go wrong; fewer runs than would show that it holds.
    NoneWrong,
    /// The upper end of the interval is below the probability that is allowed.
    Holds,
}

impl StormState {
    /// In a word, for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NotRun => "not run",
            Self::Unknown => "unknown",
            Self::Killed => "KILLED",
            Self::NoRecovery => "NO RECOVERY",
            Self::TooClose => "too close",
            Self::NoneWrong => "none wrong",
            Self::Holds => "holds",
        }
    }

    /// Whether it goes wrong, and more often than is allowed.
    #[must_use]
    pub const fn is_wrong(self) -> bool {
        matches!(self, Self::Killed | Self::NoRecovery)
    }
}

/// A storm of `assess`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StormRow {
    /// Its name: `steady`, `as written`, or that of a standard storm.
    pub name: String,
    /// What it is, in one sentence.
    pub what: String,
    /// Where it is from: `scenario`, `profile`, `built`.
    pub from: String,
    /// What it came to.
    pub figures: TrialFigures,
    /// What became of it.
    pub state: StormState,
    /// Who held the memory at the highest peak, in words.
    pub held: Option<String>,
    /// Why it was not run.
    pub because: Option<String>,
}

/// How far an input may go in the most dangerous storm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BreakingInput {
    /// The key.
    pub key: String,
    /// The largest value that holds, as a multiple of the scenario's; `None`: none of the range does,
    /// or it is not known.
    pub factor: Option<f64>,
    /// The same, less what the error of the model leaves open: the largest that is clearly safe. `None`:
    /// none of the range is, or it is not known.
    #[serde(default)]
    pub sure_factor: Option<f64>,
    /// Whether the whole range holds, so that the factor is the end of it.
    pub beyond: bool,
    /// Runs that were stopped for the work they took: with any, the factor is not known.
    pub incomplete: u64,
    /// Whether the key changes nothing in this storm: the factor is not known.
    #[serde(default)]
    pub idle: bool,
    /// One sentence.
    pub verdict: String,
}

/// A remedy for the most dangerous storm, in another that goes wrong.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RemedyElsewhere {
    /// The remedy.
    pub remedy: String,
    /// The storm.
    pub storm: String,
    /// What it came to, in as many replications as the storm had.
    pub figures: TrialFigures,
    /// What became of the storm under it.
    #[serde(default)]
    pub state: StormState,
    /// Why it cannot be applied there.
    pub because: Option<String>,
}

/// `assess.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AssessResult {
    /// As of `summary.json`.
    pub format_version: String,
    /// The scenario's name.
    pub scenario: String,
    /// Its hash.
    pub scenario_hash: String,
    /// The Kubernetes release modelled.
    pub release: String,
    /// Master seed.
    pub seed: u64,
    /// Replications of each storm.
    pub replications: u32,
    /// In what share of runs a storm may go wrong.
    pub probability: f64,
    /// One sentence: the answer.
    pub verdict: String,
    /// Whether it is safe.
    #[serde(default)]
    pub answer: Answer,
    /// The storms.
    pub storms: Vec<StormRow>,
    /// The most dangerous of them.
    pub worst: String,
    /// How far the two most dangerous inputs may go in it.
    pub breaking: Vec<BreakingInput>,
    /// What prevents it, where that is needed.
    pub advice: Option<AdviseResult>,
    /// The best of that in the other storms that go wrong.
    #[serde(default)]
    pub elsewhere: Vec<RemedyElsewhere>,
    /// What the reader should know before trusting the answer.
    pub warnings: Vec<String>,
}

impl BreakingInput {
    /// Whether it is known how far it may go.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.incomplete == 0 && !self.idle
    }
}

impl AssessResult {
    /// Whether every storm is shown to hold; no, where one goes wrong too often.
    #[must_use]
    pub fn is_safe(&self) -> Answer {
        if self.storms.iter().any(|row| row.state.is_wrong()) {
            return Answer::No;
        }
        if self.storms.iter().all(|row| row.state == StormState::Holds) {
            Answer::Yes
        } else {
            Answer::NotKnown
        }
    }

    /// The input with the least headroom: of one of which no value holds, none. One that is not known
    /// comes last.
    #[must_use]
    pub fn tightest(&self) -> Option<&BreakingInput> {
        let factor = |input: &BreakingInput| match input.factor {
            Some(factor) => factor,
            None if input.is_known() => 0.0,
            None => f64::INFINITY,
        };
        self.breaking.iter().min_by(|a, b| factor(a).total_cmp(&factor(b)))
    }
}
