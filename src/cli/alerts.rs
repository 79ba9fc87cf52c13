//! `oomcast alerts`: would your alerts have warned you?

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};
use super::flags::{FolderFlags, LayerArgs, PrintFlags, RunFlags};
use super::metrics::{cluster, whole_seconds};
use super::progress::Progress;
use super::temporary::Temporary;
use super::{hint, interrupt, load, output, promtool};
use crate::answers::alerts::{Clock, Pass, Rehearsed, Rules, best, judge, read_answer};
use crate::answers::no_return::{NoReturnQuestion, most_runs, no_return};
use crate::experiment::{ReplicateError, Replications, Variant, scraped};
use crate::report::folder::{RunFolder, Status};
use crate::report::openmetrics::{FAMILIES, Rehearsal, START, Scraped, WITHOUT, rehearsal};
use crate::report::{alerts as report, charts, json};
use crate::results::{
    AlertsResult, FORMAT_VERSION, Outcome, RunRecord, SHIPPED_RULES, TooLate, scrape_instants,
};
use crate::scenario::Scenario;
use crate::scenario::measure::Condition;
use crate::units::{SimSpan, SimTime, parse_span};
use crate::validation::domain;

/// The rules that are used where the command line names none.
const SHIPPED: &str = include_str!("../../deploy/rules/control-plane.yaml");

/// Continuations at each instant in the search for the point of no return: 38 of 40 are 95 %.
const CONTINUATIONS: u32 = 40;

/// How large a rule file may be.
const LARGEST: u64 = 4 << 20;

const EXAMPLES: &str = "\
Examples:
  oomcast alerts storm.toml
      Which of the shipped control-plane alerts warns before the kill, and how long before?
  oomcast alerts storm.toml --rules rules/*.yaml --scrape 15s
      The same for your own rule files, scraped every 15 s.
  oomcast alerts storm.toml --no-return
      Do they fire while the kill can still be prevented?
";

/// `oomcast alerts`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct AlertsArgs {
    /// The scenario file; `-`: standard input.
    pub file: PathBuf,
    /// Files of Prometheus rules [default: the shipped control-plane rules].
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub rules: Vec<PathBuf>,
    /// From one scrape to the next.
    #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = whole_seconds)]
    pub scrape: SimSpan,
    /// From one evaluation of a rule group to the next, where the group does not say.
    #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = whole_seconds)]
    pub evaluate: SimSpan,
    /// How long the state at the start has lasted before: what rules look back on.
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = history)]
    pub history: SimSpan,
    /// Also finds from when on the kill could hardly be prevented, as `oomcast no-return` does, and sets
    /// every alert beside it.
    #[arg(long)]
    pub no_return: bool,
    /// Layers applied on top of the file.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// How it is run.
    #[command(flatten)]
    pub run: RunFlags,
    /// Where the files go.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// What is printed.
    #[command(flatten)]
    pub print: PrintFlags,
}

fn history(text: &str) -> Result<SimSpan, String> {
    match parse_span(text) {
        Ok(span) if span <= SimSpan::secs(86_400) => Ok(span),
        Ok(_) => Err("must be at most 1d".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Rehearses, writes the folder, then prints the answer.
pub(super) fn alerts(args: &AlertsArgs) -> Result<Exit, Failure> {
    let overrides = args.run.overrides(&args.layers);
    let variant = load::variant(&args.file, &args.layers.with_overrides(overrides))?;
    let scenario = variant.scenario();
    if !args.print.quiet {
        load::tell_all(scenario);
    }
    let temporary = Temporary::new("alerts")?;
    let engine = promtool::version(temporary.path())?;
    let (rules, files) = rules(&args.rules, temporary.path())?;
    let plan = Replications {
        seed: scenario.seed,
        replications: scenario.replications,
        threads: args.run.threads(),
    };
    let name = format!("alerts-{}", scenario.name);
    let folder = output::folder(&args.folder, (&name, &scenario.hash), plan)?;
    interrupt::keep_what_is_done();
    let selectors: Vec<String> =
        rules.selectors().into_iter().map(|selector| selector.text).collect();
    let stage = Stage {
        args,
        folder: temporary.path(),
        rules: &rules,
        files: &files,
        selectors: &selectors,
    };
    let runs = rehearse(&stage, &variant, plan)?;
    let stopped = interrupt::note(runs.len() as u32, plan.replications, "replications");
    let too_late = too_late(args, &variant, plan, &runs)?;
    let mut result = condense(&stage, scenario, (&runs, too_late), engine);
    result.warnings.extend(stopped.clone());
    let mark = interrupt::status(stopped.as_ref());
    let written = write(args, (folder, mark), scenario, &result)?;
    let next = format!("oomcast no-return {}", hint::quoted(&args.file.display().to_string()));
    let next = (result.killed > 0).then_some(&*next);
    output::tell(args.print, &report::page(&result), &written, next, || json::alerts(&result))?;
    interrupt::ended(stopped, || Ok(Exit::Done))
}

/// What every replication is rehearsed with.
struct Stage<'a> {
    args: &'a AlertsArgs,
    folder: &'a Path,
    rules: &'a Rules,
    files: &'a [String],
    /// Everything that the rules ask for.
    selectors: &'a [String],
}

/// Reads and checks the rule files; copies of them are what is evaluated.
fn rules(paths: &[PathBuf], folder: &Path) -> Result<(Rules, Vec<String>), Failure> {
    let mut texts = Vec::new();
    for path in paths {
        let failed = |why: String| Failure::usage(format!("cannot read {}: {why}", path.display()));
        let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
        if size > LARGEST {
            return Err(failed("a rule file may have at most 4 MiB".to_owned()));
        }
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        texts.push((path.display().to_string(), text));
    }
    if paths.is_empty() {
        texts.push((SHIPPED_RULES.to_owned(), SHIPPED.to_owned()));
    }
    let (mut rules, mut files, mut refused) = (Rules::default(), Vec::new(), Vec::new());
    for (number, (shown, text)) in texts.iter().enumerate() {
        let file = format!("rules-{number}.yaml");
        output::write(&folder.join(&file), text)?;
        match promtool::check_rules(folder, &file, shown) {
            Ok(()) => rules.read(shown, text),
            Err(failure) if failure.exit == Exit::Usage => refused.push(failure.message),
            Err(failure) => return Err(failure),
        }
        files.push(file);
    }
    if !refused.is_empty() {
        return Err(Failure::usage(refused.join("\n")));
    }
    if rules.alerts.is_empty() {
        return Err(Failure::usage("there is no alert in the rule files: a rule with `alert:`"));
    }
    Ok((rules, files))
}

/// Runs, scrapes and evaluates every replication.
fn rehearse(
    stage: &Stage<'_>,
    variant: &Variant,
    plan: Replications,
) -> Result<Vec<Rehearsed>, Failure> {
    let shown = !stage.args.run.no_progress && !stage.args.print.quiet;
    let progress = Progress::new(plan.replications, shown);
    let done = std::sync::atomic::AtomicU32::new(0);
    let each = |record: RunRecord| {
        let rehearsed = evaluate(stage, variant.scenario(), record);
        progress.set(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1);
        rehearsed
    };
    let how = (stage.args.scrape, true);
    let runs = scraped(variant, plan, 0..plan.replications.max(1), how, each);
    let runs: Result<Vec<Rehearsed>, Failure> =
        runs.map_err(|error| load::not_replicated(&error))?.into_iter().collect();
    runs
}

/// What the rules make of a replication: once for every interval of evaluation.
fn evaluate(
    stage: &Stage<'_>,
    scenario: &Scenario,
    mut record: RunRecord,
) -> Result<Rehearsed, Failure> {
    let samples = std::mem::take(&mut record.samples);
    let run = Scraped { replication: record.replication, samples };
    let end = SimTime::ZERO + scenario.inputs.duration;
    let first = scrape_instants(run.replication, stage.args.scrape, end);
    let mut how = Rehearsal {
        rule_files: stage.files,
        scrape: stage.args.scrape,
        first_scrape: first.first().copied().unwrap_or(end),
        evaluate: stage.args.evaluate,
        history: stage.args.history,
        whole: whole(stage.args, scenario),
        selectors: stage.selectors,
    };
    let mut errors = BTreeMap::new();
    let mut passes = Vec::new();
    for interval in stage.rules.intervals() {
        how.evaluate = interval.unwrap_or(stage.args.evaluate);
        passes.push(Pass { interval, ..pass(stage, scenario, how, &run, &mut errors)? });
        // Once is enough to know what is there.
        how.selectors = &[];
    }
    Ok(Rehearsed::of(&record, &passes, errors))
}

/// One interval. Rules that cannot be evaluated end the engine: they are noted, and it goes on without.
fn pass(
    stage: &Stage<'_>,
    scenario: &Scenario,
    how: Rehearsal<'_>,
    run: &Scraped,
    errors: &mut BTreeMap<String, String>,
) -> Result<Pass, Failure> {
    let version = scenario.inputs.release.version();
    loop {
        let mut own = Vec::new();
        if !errors.is_empty() {
            let names: BTreeSet<String> = errors.keys().cloned().collect();
            for (number, text) in stage.rules.without(&names).iter().enumerate() {
                own.push(format!("rules-{number}-{}.yaml", run.replication));
                output::write(&stage.folder.join(&own[number]), text)?;
            }
        }
        let rule_files = if own.is_empty() { how.rule_files } else { &own };
        let how = Rehearsal { rule_files, ..how };
        let test = rehearsal(&how, &cluster(scenario, &version, START), run);
        let file = format!("test-{}.yaml", run.replication);
        output::write(&stage.folder.join(&file), &test.text)?;
        let answer = promtool::test_rules(stage.folder, &file)?;
        // The next one needs the room.
        for file in own.iter().chain([&file]) {
            let _ = std::fs::remove_file(stage.folder.join(file));
        }
        let found = match read_answer(&answer) {
            Ok(found) => found,
            Err(failed) => {
                let known = errors.len();
                errors
                    .extend(failed.iter().map(|failed| (failed.rule.clone(), failed.why.clone())));
                if errors.len() > known {
                    continue;
                }
                let why = failed.first().map_or("", |failed| &failed.why);
                return Err(Failure::usage(format!("promtool cannot evaluate the rules: {why}")));
            }
        };
        if found.is_empty() && !answer.contains("SUCCESS") {
            return Err(Failure::internal(format!("promtool did not test the rules: {answer}")));
        }
        let (lead, first) = (test.lead, test.first);
        let (first_scrape, evaluate) = (how.first_scrape, how.evaluate);
        let clock = Clock { lead, first_scrape, first, evaluate };
        return Ok(Pass { interval: None, clock, found });
    }
}

/// When the first kill could hardly be prevented any more, if that is asked for and there is one.
fn too_late(
    args: &AlertsArgs,
    variant: &Variant,
    plan: Replications,
    runs: &[Rehearsed],
) -> Result<Option<TooLate>, Failure> {
    if !args.no_return || !runs.iter().any(Rehearsed::killed) || interrupt::asked() {
        return Ok(None);
    }
    let question =
        NoReturnQuestion { until: Condition::OOM, continuations: CONTINUATIONS, replication: None };
    let most = u32::try_from(most_runs(&question, plan)).unwrap_or(u32::MAX);
    let progress = Progress::new(most, !args.run.no_progress && !args.print.quiet);
    let found = no_return(variant, &question, plan, |done| progress.set(done));
    let found = match found {
        Ok(found) => found,
        Err(ReplicateError::Stopped) => return Ok(None),
        Err(error) => return Err(load::not_replicated(&error)),
    };
    let certain = found.passed.last().filter(|passed| passed.probability > 0.9).copied();
    let point = found.happened_seconds.zip(certain);
    Ok(point.map(|(first_kill_seconds, passed)| TooLate {
        replication: found.replication,
        continuations: found.continuations,
        first_kill_seconds,
        passed,
    }))
}

/// The time over which to ask whether a selector selects anything.
fn whole(args: &AlertsArgs, scenario: &Scenario) -> SimSpan {
    args.history + scenario.inputs.duration + SimSpan::secs(3600)
}

/// Why the model lacks a metric; `None`: it has it.
fn lacks(metric: &str, minor: u32) -> Option<String> {
    let mut here = FAMILIES.iter().filter(|family| family.name == metric).peekable();
    if metric.is_empty() || metric == "ALERTS" {
        return None;
    }
    if here.peek().is_some() {
        let has = here.any(|family| (family.minors.0..=family.minors.1).contains(&minor));
        return (!has).then(|| format!("Kubernetes 1.{minor} does not have it"));
    }
    let base = ["_bucket", "_sum", "_count"];
    let base = base.iter().find_map(|suffix| metric.strip_suffix(suffix)).unwrap_or(metric);
    let known = WITHOUT.iter().find(|(name, _)| *name == base);
    Some(known.map_or("the model does not have it", |(_, why)| why).to_owned())
}

fn condense(
    stage: &Stage<'_>,
    scenario: &Scenario,
    (runs, too_late): (&[Rehearsed], Option<TooLate>),
    engine: String,
) -> AlertsResult {
    let minor = u32::from(scenario.inputs.release.minor);
    let whole = whole(stage.args, scenario);
    let alerts = judge(stage.rules, runs, whole, too_late.as_ref(), |metric| lacks(metric, minor));
    let killed = runs.iter().filter(|run| run.killed()).count() as u32;
    let absorbed = runs.iter().filter(|run| run.ended() == Outcome::Absorbed).count() as u32;
    let notes = scenario.notes.iter().map(|note| note.message.clone());
    AlertsResult {
        format_version: FORMAT_VERSION.to_owned(),
        scenario: scenario.name.clone(),
        scenario_hash: scenario.hash.clone(),
        release: scenario.inputs.release.version(),
        seed: scenario.seed,
        replications: runs.len() as u32,
        killed,
        absorbed,
        scrape_seconds: stage.args.scrape.as_secs_f64(),
        evaluate_seconds: stage.args.evaluate.as_secs_f64(),
        history_seconds: stage.args.history.as_secs_f64(),
        engine,
        verdict: best(&alerts, killed),
        too_late,
        alerts,
        warnings: notes.chain(domain::outside(&scenario.inputs)).collect(),
    }
}

/// Writes the folder and returns the lines that say where.
fn write(
    args: &AlertsArgs,
    (mut folder, mark): (RunFolder, Status),
    scenario: &Scenario,
    result: &AlertsResult,
) -> Result<Vec<String>, Failure> {
    let json = json::alerts(result).map_err(Failure::internal)?;
    output::write_result(&mut folder, scenario, "alerts", &json, &report::page(result))?;
    folder.write("alerts.csv", |out| report::rows_csv(out, result)).map_err(output::not_written)?;
    let draw = |path: &_| charts::write_alerts(path, result);
    Ok(vec![output::close(folder, !args.folder.no_charts, mark, draw)?])
}
