//! `oomcast run`: replicate, condense, write, tell.

use std::path::Path;
use std::time::{Duration, Instant};

use super::args::{Format, RunArgs};
use super::exit::{Exit, Failure};
use super::load;
use super::progress::Progress;
use super::{charts, hint, output};
use crate::experiment::model_error::{Circumstances, peak_interval};
use crate::experiment::{
    Plan, Replicated, Subject, Until, Variant, replicate_uncertain, summarize,
};
use crate::model::RunOptions;
use crate::report::folder::{Identity, RunFiles, RunFolder};
use crate::report::story::Story;
use crate::report::text::{self, Screen};
use crate::report::{json, junit, markdown};
use crate::results::Summary;
use crate::scenario::Scenario;
use crate::units::{SimSpan, SimTime};
use crate::validation::domain;

/// Runs a scenario, writes its folder, then prints the result.
pub(super) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let variant = load::variant(&args.file, &args.layers.with_overrides(args.overrides()))?;
    let mut scenario = variant.scenario().clone();
    if !args.quiet {
        load::tell_all(&scenario);
    }
    let dumps = dump_instants(args, &scenario)?;
    // Before the work: a folder that cannot be used should not cost a simulation.
    let folder = open(args, &scenario)?;
    let begun = Instant::now();
    let replicated = simulate(args, &variant, &dumps)?;
    let wall = begun.elapsed();
    if args.until_ci.is_some() {
        // What was done is what runs again.
        let done = format!("run.replications={}", replicated.runs.len());
        scenario = variant.with(&[done]).map_err(|found| load::refused(&found))?.scenario().clone();
    }
    let summary = condense(&scenario, &replicated);
    let written = write(args, folder, &scenario, &summary, &replicated)?;
    let story = Story::of(&replicated.worst);
    tell(args, &scenario, &summary, &story, wall, &written)?;
    if summary.incomplete > 0 {
        return Err(Failure::new(Exit::Incomplete, incomplete(&scenario, &summary)));
    }
    judged(&summary)
}

/// Whether the intervals became as narrow as asked for, and whether what must hold does.
fn judged(summary: &Summary) -> Result<Exit, Failure> {
    let failed: Vec<&str> = summary
        .expectations
        .iter()
        .filter(|row| !row.holds && row.severity == "error")
        .map(|row| row.name.as_str())
        .collect();
    if !failed.is_empty() {
        let message = format!("not as expected: {}", failed.join(", "));
        return Err(Failure::new(Exit::Expectation, message));
    }
    match summary.stopping_rule {
        Some(rule) if !rule.reached => {
            let message = format!(
                "{} replications did not make the intervals as narrow as --until-ci asks; raise \
                 --replications",
                summary.replications
            );
            Err(Failure::new(Exit::Incomplete, message))
        }
        _ => Ok(Exit::Done),
    }
}

/// Why the result is not all that was asked for, and what to do.
fn incomplete(scenario: &Scenario, summary: &Summary) -> String {
    let all = scenario.inputs.duration;
    let most = scenario.inputs.max_events;
    let reached = SimSpan::from_secs_f64(summary.simulated_seconds);
    let begun = match scenario.replications - summary.replications {
        0 => String::new(),
        others => format!("; the other {others} were not run"),
    };
    format!(
        "incomplete: {} of {} runs were stopped after {most} events of work, the longest at \
         {reached} of {all}{begun}; shorten the scenario, or raise run.max-events",
        summary.incomplete, summary.replications
    )
}

fn simulate(args: &RunArgs, variant: &Variant, dumps: &[SimTime]) -> Result<Replicated, Failure> {
    let scenario = variant.scenario();
    let plan = Plan {
        seed: scenario.seed,
        replications: scenario.replications,
        threads: args.jobs.map(usize::from),
    };
    let progress = Progress::new(plan.replications, !args.no_progress && !args.quiet);
    // Only the replication that is kept whole, with its timelines, is dumped.
    let run = |draw, options: RunOptions| {
        let dumps = if options.timelines { dumps } else { &[] };
        variant.run(draw, options, dumps)
    };
    let until = args.until_ci.map(|half_width| Until { half_width });
    replicate_uncertain(run, &scenario.uncertain, plan, until, |done| progress.set(done))
        .map_err(|error| load::not_replicated(&error))
}

/// When to dump API Priority and Fairness, if that can be.
fn dump_instants(args: &RunArgs, scenario: &Scenario) -> Result<Vec<SimTime>, Failure> {
    let usage = |what: String| Err(Failure::new(Exit::Usage, what));
    let end = scenario.inputs.duration;
    if let Some(late) = args.dump_apf.iter().find(|at| **at > end) {
        return usage(format!("--dump-apf {late} is after the end of the run, {end}"));
    }
    if !args.dump_apf.is_empty() && !scenario.inputs.apf.enabled {
        return usage("--dump-apf: API Priority and Fairness is off in this scenario".into());
    }
    Ok(args.dump_apf.iter().map(|at| SimTime::ZERO + *at).collect())
}

fn condense(scenario: &Scenario, replicated: &Replicated) -> Summary {
    let notes = scenario.notes.iter().map(|note| note.message.clone());
    let outside = domain::outside(&scenario.inputs);
    let known =
        Circumstances { outside: outside.is_some(), machine_known: machine_known(scenario) };
    let interval = peak_interval(&scenario.inputs, &replicated.runs, known);
    let warnings: Vec<String> = notes.chain(outside).collect();
    let subject = Subject {
        scenario: &scenario.name,
        scenario_hash: &scenario.hash,
        seed: scenario.seed,
        release: &format!("1.{}", scenario.inputs.release.minor),
        published: &scenario.published,
        expectations: &scenario.expectations,
        warnings: &warnings,
        peak_interval: Some(&interval),
    };
    summarize(&subject, replicated)
}

/// Whether the speed of the processors is stated: another than the default, or a range.
fn machine_known(scenario: &Scenario) -> bool {
    const CPU_SPEED: &str = "hardware.cpu-speed";
    scenario.inputs.hardware.cpu_speed.to_bits() != 1.0_f64.to_bits()
        || scenario.uncertain.iter().any(|uncertain| uncertain.key == CPU_SPEED)
}

fn open(args: &RunArgs, scenario: &Scenario) -> Result<RunFolder, Failure> {
    let identity = Identity {
        tool_version: env!("CARGO_PKG_VERSION"),
        scenario: &scenario.name,
        scenario_hash: &scenario.hash,
        seed: scenario.seed,
        replications: scenario.replications,
        design_hash: None,
    };
    output::folder(args.out.as_deref(), &identity, args.force)
}

/// Writes the run folder and returns the lines that tell where.
fn write(
    args: &RunArgs,
    mut folder: RunFolder,
    scenario: &Scenario,
    summary: &Summary,
    replicated: &Replicated,
) -> Result<Vec<String>, Failure> {
    let internal = |error| Failure::new(Exit::Internal, error);
    let path = folder.path().to_owned();
    folder
        .write_run(&RunFiles {
            effective: &scenario.effective,
            summary,
            runs: &replicated.runs,
            worst: &replicated.worst,
        })
        .map_err(internal)?;
    if !args.no_charts {
        let charts = charts::write(&path, scenario, summary, replicated);
        for name in charts.map_err(|error| Failure::new(Exit::Internal, error))? {
            folder.record(&name);
        }
    }
    let files = folder.finish().map_err(internal)?;
    let mut written = vec![format!("{}/ ({} files and run.json)", path.display(), files.len())];
    if let Some(file) = &args.junit {
        write_junit(file, summary)?;
        written.push(file.display().to_string());
    }
    Ok(written)
}

fn write_junit(file: &Path, summary: &Summary) -> Result<(), Failure> {
    let text = junit::render(summary).map_err(|error| Failure::new(Exit::Internal, error))?;
    let failed = |error| format!("cannot write {}: {error}", file.display());
    std::fs::write(file, text).map_err(|error| Failure::new(Exit::Internal, failed(error)))
}

/// Prints the result in the form asked for.
fn tell(
    args: &RunArgs,
    scenario: &Scenario,
    summary: &Summary,
    story: &Story,
    wall: Duration,
    written: &[String],
) -> Result<(), Failure> {
    let next = hint::next(args, &scenario.inputs, summary);
    let text = match args.format {
        Format::Json => json::summary(summary).map_err(|e| Failure::new(Exit::Internal, e))?,
        Format::Md => markdown::render(summary, story),
        Format::Text if args.quiet => text::headline(summary, true),
        Format::Text => text::render(
            summary,
            &Screen {
                wall,
                story: Some(story),
                written,
                next: next.as_deref(),
                // Sequences are stripped on the way out where they are not wanted.
                styled: true,
            },
        ),
    };
    output::result(&text)?;
    if args.format != Format::Text && !args.quiet {
        for path in written {
            output::note(format_args!("wrote {path}"));
        }
    }
    Ok(())
}
