//! Tries remedies on the draws of the scenario, within the bound on the work.

use super::super::certain::too_close;
use super::super::remedies::{Built, Case, Remedy, text};
use super::{LOOK, Question, STEPS, paired, wrong};
use crate::engine::stop;
use crate::experiment::{ReplicateError, Replications, Trial, Variant, median_change};
use crate::model::node::{cores, memory_limit};
use crate::results::{RemedyRow, RemedyState, RunRecord};
use crate::scenario::{Overlay, Scenario};
use crate::units::{Bytes, Sort};

/// Remedies that are combined with one another where none suffices.
const COMBINED: usize = 4;

/// Tries remedies within the bound on the work.
pub(super) struct Lab<'a> {
    pub(super) variant: &'a Variant,
    pub(super) question: &'a Question,
    pub(super) plan: Replications,
    pub(super) base: &'a Trial<'a>,
    pub(super) runs: u32,
    pub(super) progress: &'a dyn Fn(u32),
    /// Of all replications, how many may go wrong if it is to suffice.
    pub(super) most_wrong: u32,
    /// Runs that are kept for later.
    pub(super) kept: u32,
}

/// A remedy at a dose, laid over the scenario.
pub(super) struct Laid {
    /// In the unit of the table.
    pub(super) dose: f64,
    /// Whether the table has it.
    pub(super) is_rung: bool,
    pub(super) built: Built,
    pub(super) variant: Variant,
}

/// What there is to try of a remedy.
#[derive(Default)]
pub(super) struct Doses {
    /// The row without figures.
    pub(super) blank: RemedyRow,
    /// The row of the table; `None`: two of them.
    pub(super) remedy: Option<&'static Remedy>,
    /// Possible doses from the mildest on: the one of the row, once it is settled, and stronger ones.
    pub(super) ladder: Vec<Laid>,
    /// Runs of the strongest in the first look.
    pub(super) runs: Vec<RunRecord>,
    /// The row of the strongest in full, where that suffices.
    pub(super) strongest: RemedyRow,
}

/// A remedy, and what there is to try of it.
pub(super) type Row = (RemedyRow, Doses);

/// A remedy that was tried.
pub(super) struct Tried {
    pub(super) runs: Vec<RunRecord>,
    pub(super) row: RemedyRow,
}

impl Tried {
    /// Whether it survived what was asked for.
    pub(super) fn survives(&self, replications: u32, most_wrong: u32) -> bool {
        let figures = &self.row.figures;
        let whole = figures.replications == replications && figures.incomplete == 0;
        whole && figures.wrong.count <= most_wrong
    }
}

impl Lab<'_> {
    /// A remedy at its strongest dose, in a few runs: two, if it fails in them.
    pub(super) fn looked_at(
        &mut self,
        remedy: &'static Remedy,
        case: &Case<'_>,
    ) -> Result<Row, ReplicateError> {
        let blank = RemedyRow {
            name: remedy.name.to_owned(),
            what: remedy.what.to_owned(),
            side_effects: remedy.side_effects.to_owned(),
            way_back: remedy.way_back.to_owned(),
            source: remedy.source.to_owned(),
            asks_less: remedy.asks_less,
            ..RemedyRow::default()
        };
        // A dose that is not possible, such as less than there is, leaves the others.
        let mut because = "there is nothing to change".to_owned();
        let doses = if remedy.doses.is_empty() { &[0.0][..] } else { remedy.doses };
        let mut ladder: Vec<Laid> = Vec::new();
        for dose in doses {
            match self.laid(remedy, case, *dose) {
                Ok(laid) if ladder.last().is_some_and(|last| last.built == laid.built) => {}
                Ok(laid) => ladder.push(laid),
                Err(why) => because = why,
            }
        }
        let Some(strongest) = ladder.last() else {
            let state = RemedyState::NotPossible;
            let row = RemedyRow { state, because: Some(because), ..blank };
            return Ok((row, Doses::default()));
        };
        let Tried { row, runs } =
            self.tried(&blank, strongest, self.plan, (Vec::new(), 0, LOOK))?;
        Ok((row, Doses { blank, remedy: Some(remedy), ladder, runs, ..Doses::default() }))
    }

    /// Runs one that failed as often as it takes to hold it against the scenario.
    pub(super) fn compare(&mut self, row: &mut Row) -> Result<(), ReplicateError> {
        let (row, doses) = row;
        let few = (1..LOOK).contains(&(doses.runs.len() as u32));
        let Some(strongest) = doses.ladder.last().filter(|_| few) else { return Ok(()) };
        let all = (std::mem::take(&mut doses.runs), LOOK, LOOK);
        *row = self.tried(&doses.blank, strongest, self.plan, all)?.row;
        Ok(())
    }

    /// The scenario under a remedy at a dose, or why that cannot be.
    pub(super) fn laid(&self, remedy: &Remedy, case: &Case<'_>, dose: f64) -> Result<Laid, String> {
        self.laid_over(remedy.name, remedy.built(case, dose)?, dose)
    }

    fn laid_over(&self, name: &str, built: Built, dose: f64) -> Result<Laid, String> {
        let text = text(&[], &built.overlay).into_bytes();
        let laid = self.variant.over(Overlay { name: format!("{name}.toml"), text });
        let variant = laid.map_err(|found| found.first_message())?;
        Ok(Laid { dose, is_rung: true, built, variant })
    }

    /// Runs that are left, without those that are kept for later.
    pub(super) fn left(&self) -> u32 {
        let left = self.question.most_runs.saturating_sub(self.runs);
        if stop::asked() { 0 } else { left.saturating_sub(self.kept) }
    }

    fn grow(&mut self, trial: &mut Trial<'_>, to: u32) -> Result<(), ReplicateError> {
        let to = to.min(trial.runs.len() as u32 + self.left());
        self.runs += trial.grow(to)?;
        (self.progress)(self.runs);
        Ok(())
    }

    /// Tries a remedy after the runs that there are, as long as it may suffice: in `least` replications
    /// whatever they tell, in `most` if it survives.
    pub(super) fn tried(
        &mut self,
        blank: &RemedyRow,
        laid: &Laid,
        plan: Replications,
        (from, least, most): (Vec<RunRecord>, u32, u32),
    ) -> Result<Tried, ReplicateError> {
        let mut trial = Trial::new(&laid.variant, plan);
        trial.runs = from;
        let most = most.min(plan.replications);
        for step in STEPS.into_iter().filter(|step| *step >= least).chain([most]) {
            self.grow(&mut trial, step.min(most))?;
            if wrong(&trial) > self.most_wrong {
                break;
            }
        }
        let mut row = self.described(blank, &laid.built);
        let scenario = laid.variant.scenario();
        row.figures = trial.figures();
        row.peak_change = median_change(&self.base.runs, &trial.runs);
        (row.extra_bytes, row.extra_cores) = extra(self.variant.scenario(), scenario);
        row.state = self.state(&row, &trial.runs, scenario);
        Ok(Tried { runs: trial.runs, row })
    }

    fn described(&self, blank: &RemedyRow, built: &Built) -> RemedyRow {
        let also = built.also.iter().map(|also| format!("{also} "));
        let side_effects = also.chain([blank.side_effects.clone()]).collect::<String>();
        let comments = [
            format!("{}{}", blank.what, dose_in_words(&built.dose)),
            format!("Side effects: {side_effects}"),
            format!("Way back: {}", blank.way_back),
            format!("For {}: oomcast run FILE --overlay THIS", self.variant.scenario().name),
        ];
        RemedyRow {
            dose: built.dose.clone(),
            overlay: text(&comments, &built.overlay),
            manifest: built.manifest.clone(),
            side_effects,
            ..blank.clone()
        }
    }

    fn state(&self, row: &RemedyRow, runs: &[RunRecord], scenario: &Scenario) -> RemedyState {
        if runs.is_empty() {
            return RemedyState::NotTried;
        }
        let whole = runs.len() as u32 == self.plan.replications && row.figures.incomplete == 0;
        if !whole && row.figures.wrong.count <= self.most_wrong {
            return RemedyState::Undecided;
        }
        if whole && row.figures.wrong.high <= self.question.probability {
            let close = too_close(scenario, runs);
            return if close { RemedyState::TooClose } else { RemedyState::Suffices };
        }
        paired::compared(&self.base.runs, runs)
    }

    /// The best remedies by twos, each at its strongest.
    pub(super) fn pairs(&mut self, rows: &[Row]) -> Result<Vec<Row>, ReplicateError> {
        let mut best: Vec<(&RemedyRow, &Laid)> = rows
            .iter()
            .filter(|(row, _)| row.state == RemedyState::Helps)
            .filter_map(|(row, doses)| Some((row, doses.ladder.last()?)))
            .collect();
        best.order_by(|(a, _), (b, _)| {
            let (one, other) = (a.figures.wrong.high, b.figures.wrong.high);
            one.total_cmp(&other).then(a.peak_change.total_cmp(&b.peak_change))
        });
        best.truncate(COMBINED);
        let mut found = Vec::new();
        for (index, (a, first)) in best.iter().enumerate() {
            for (b, second) in best.iter().skip(index + 1) {
                let both = first.built.clone().and(second.built.clone());
                // The side effects of the rows have it.
                let both = Built { also: None, ..both };
                let join = |a: &str, b: &str| format!("{a} {b}");
                let blank = RemedyRow {
                    name: format!("{}+{}", a.name, b.name),
                    what: join(&a.what, &b.what),
                    side_effects: join(&a.side_effects, &b.side_effects),
                    way_back: join(&a.way_back, &b.way_back),
                    source: format!("{}; {}", a.source, b.source),
                    asks_less: a.asks_less || b.asks_less,
                    ..RemedyRow::default()
                };
                match self.laid_over(&blank.name, both, 0.0) {
                    Ok(both) => {
                        let all = (Vec::new(), LOOK, self.plan.replications);
                        let Tried { row, runs } = self.tried(&blank, &both, self.plan, all)?;
                        let ladder = vec![both];
                        let doses = Doses { blank, ladder, runs, ..Doses::default() };
                        found.push((row, doses));
                    }
                    Err(why) => {
                        let state = RemedyState::NotPossible;
                        let row = RemedyRow { state, because: Some(why), ..blank };
                        found.push((row, Doses::default()));
                    }
                }
            }
        }
        Ok(found)
    }
}

fn dose_in_words(dose: &str) -> String {
    if dose.is_empty() { String::new() } else { format!(" Here: {dose}.") }
}

/// Memory and cores that all servers may use more than before.
fn extra(before: &Scenario, after: &Scenario) -> (Bytes, f64) {
    let of = |scenario: &Scenario| {
        let inputs = &scenario.inputs;
        let servers = inputs.apiserver.replicas;
        let memory = memory_limit(inputs).limit.times(servers.into());
        (memory, cores(&inputs.apiserver, &inputs.node, &inputs.release) * f64::from(servers))
    };
    let ((memory, cores), (more, faster)) = (of(before), of(after));
    (more - memory, (faster - cores).max(0.0))
}
