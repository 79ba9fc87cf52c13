//! What a run leaves behind: plain data, no behaviour of the model.
//!
//! The model fills a [`RunRecord`] for each replication, `experiment` condenses many of them into a
//! [`Summary`], and `report` prints both. This module knows `units` only, so that a report can be
//! made from a file as well as from a run.

mod activity;
mod alerts;
mod answers;
mod apf;
mod assumption;
mod calibration;
mod compare;
mod counters;
mod find;
mod forecast;
mod import;
mod judged;
mod levels;
mod no_return;
mod overview;
mod peak_interval;
mod pressure;
mod run;
mod sample;
mod scrape;
mod speed;
mod summary;
mod sweep;
mod unserved;
mod validation;

pub use activity::{
    Activity, ActivityBucket, ActivityCounts, ActivityKind, BusiestSecond, KillScene,
    ServerActivity, WatchWindow, WindowPoint,
};
pub use alerts::{
    AlertRow, AlertsResult, EmptySelector, FIRING, SHIPPED_RULES, TOLD, TooLate, presence,
};
pub use answers::{
    AdviseResult, Answer, AssessResult, BreakingInput, LeaveOneOut, LeftOut, RemedyElsewhere,
    RemedyRow, RemedyState, StormRow, StormState, TrialFigures,
};
pub use apf::{ApfPlan, FleetPlan, LevelPlan};
pub use assumption::{Assumption, Held};
pub use calibration::{
    CALIBRATION_FORMAT_VERSION, CalibrationResult, CrossValidation, FigureKind, FitErrors,
    FittedFigure, FittedObservation, FittedParameter, ParameterState,
};
pub use compare::{
    CompareResult, ComparedSide, EventChange, FigureChange, InputDifference, ToleranceRow,
};
pub use counters::Counters;
pub use find::{
    BreakingPoint, FindResult, FoundBracket, FoundModel, FoundShare, FoundValue, FoundWhere,
};
pub use forecast::{ForecastRemedy, ForecastResult, ForecastStorm, GrowthRow, IdleGrowth};
pub use import::{ImportCheck, ImportSkipped, Imported, ImportedFact};
pub use judged::{
    ExpectationRow, QuantileEstimate, StoppingRule, UncertainInput, Uncertainty, VarianceSplit,
};
pub use levels::{
    ApfDump, FleetFlow, LevelDump, LevelPoint, LevelRecord, LevelTimeline, QueueDump, RequestDump,
};
pub use no_return::{NoReturn, NoReturnPoint, PassedPoint, Visible};
pub use overview::Overview;
pub use peak_interval::PeakInterval;
pub use pressure::{CFS_PERIOD, PressureRecord};
pub use run::{
    Holder, LogEntry, LogKind, Mechanism, NodeRecord, OomKill, Outcome, PhaseRecord, RunRecord,
    ServerRecord, Timeline, TimelinePoint,
};
pub use sample::{
    CacheSample, LevelSample, ProcessSample, RequestCounts, ResourceSample, ServerSample,
    scrape_instants,
};
pub use scrape::{SCRAPE_INTERVALS, Scrape, ScrapedPeak, scraped_peaks, scrapes};
pub use speed::{MachineSpeed, SPEED_FORMAT_VERSION};
pub use summary::{
    ActivitySummary, ApiserverSummary, CountSpread, FORMAT_VERSION, FlowSchemaShare, HarmCount,
    HarmSummary, LevelSummary, NodeSummary, OomKillSpread, OutcomeCount, PhaseSummary,
    PressureSummary, PublishedRow, Spread, Summary,
};
pub use sweep::{
    AxisRecord, DesignRecord, Effect, PointFigures, PointRow, PointValue, RISK, SWEEP_FORMAT,
    Sensitivity, SweepHead, SweepSummary,
};
pub use unserved::Unserved;
pub use validation::{
    Coverage, DomainRow, ErrorSpread, HolderRow, LossAgreement, OrderedPair, Orderings,
    PublishedScenario, ReplayedRun, ReplayedServers, VALIDATION_FORMAT_VERSION, Validation,
};
