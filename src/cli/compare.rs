//! `oomcast compare`: two variants on the same draws.

use std::io::Write;
use std::path::PathBuf;

use super::args::{Format, key_value};
use super::exit::{Exit, Failure};
use super::layers::LayerArgs;
use super::progress::Progress;
use super::{load, output};
use crate::experiment::{CompareSide, Compared, Plan, Variant, compare as run_both};
use crate::report::charts::{self, CompareInput};
use crate::report::folder::{Identity, RunFolder};
use crate::report::{compare as report, json};
use crate::results::RunRecord;
use crate::scenario::measure::{Measure, Tolerance};
use crate::units::Bytes;

const EXAMPLES: &str = "\
Examples:
  oomcast compare main.toml branch.toml --tolerance peak=5% --tolerance oom=0%
      Exit code 3 if the branch peaks more than 5 % higher, or is killed more often.
  oomcast compare storm.toml --set-b apiserver.version=1.34
      What would the upgrade change?
  oomcast compare storm.toml --set-b apiserver.memory-limit=32GiB --format md > comment.md
      The same as a comment for a pull request.
";

/// `oomcast compare`.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n{}", metrics()))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct CompareArgs {
    /// The first scenario: what there is.
    pub first: PathBuf,
    /// The second: what is proposed [default: the first].
    pub second: Option<PathBuf>,
    /// What is laid over the file.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// Sets a key of the first only.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub set_a: Vec<String>,
    /// Sets a key of the second only.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub set_b: Vec<String>,
    /// How much worse a metric may be in the second: a share of the first's median, or points of a
    /// probability. More ends with exit code 3. Repeatable.
    #[arg(long, value_name = "METRIC=SHARE", value_parser = Tolerance::parse)]
    pub tolerance: Vec<Tolerance>,
    /// Seed of all random draws of both [default: the first scenario's].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
    /// How many pairs of runs [default: the larger of the scenarios'].
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub replications: Option<u32>,
    /// The folder to write [default: output/compare-A-B-HASH].
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Writes into the folder of --out even if it holds other files.
    #[arg(long)]
    pub force: bool,
    /// What to print: text, json (compare.json) or md (compare.md).
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: Format,
    /// Threads [default: one a processor]. The result does not depend on it.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Prints the verdict line and errors only.
    #[arg(short, long)]
    pub quiet: bool,
    /// Shows no progress bar.
    #[arg(long)]
    pub no_progress: bool,
    /// Writes no charts.
    #[arg(long)]
    pub no_charts: bool,
}

/// The metrics, for the help.
fn metrics() -> String {
    let rows = Measure::ALL.iter();
    rows.fold("Metrics:\n".to_owned(), |text, measure| {
        text + &format!("  {:<14} {}\n", measure.key(), measure.meaning())
    })
}

/// Runs both, writes the folder, then prints what changed.
pub(super) fn compare(args: &CompareArgs) -> Result<Exit, Failure> {
    let file = args.second.as_ref().unwrap_or(&args.first);
    let of =
        |own: &[String]| args.layers.with_overrides([args.layers.set.as_slice(), own].concat());
    let first = load::variant(&args.first, &of(&args.set_a))?;
    let second = load::variant(file, &of(&args.set_b))?;
    let plan = plan(args, &first, &second);
    let folder = open(args, &first, &second, plan)?;
    let labels = [label(&args.first, &args.set_a), label(file, &args.set_b)];
    let progress =
        Progress::new(plan.replications.saturating_mul(2), !args.no_progress && !args.quiet);
    let compared = run_both(
        CompareSide { label: &labels[0], variant: &first },
        CompareSide { label: &labels[1], variant: &second },
        &args.tolerance,
        plan,
        |done| progress.set(done),
    );
    drop(progress);
    let compared = compared.map_err(|error| load::not_replicated(&error))?;
    let written = write(args, folder, [&first, &second], &compared)?;
    tell(args, &compared, &written)?;
    judged(&compared, plan)
}

fn plan(args: &CompareArgs, first: &Variant, second: &Variant) -> Plan {
    let (a, b) = (first.scenario(), second.scenario());
    Plan {
        seed: args.seed.unwrap_or(a.seed),
        replications: args.replications.unwrap_or(a.replications.max(b.replications)),
        threads: args.jobs.map(usize::from),
    }
}

/// A file with its own changes.
fn label(file: &std::path::Path, own: &[String]) -> String {
    let mut label = file.display().to_string();
    for set in own {
        label.extend([" ", set]);
    }
    label
}

fn judged(compared: &Compared, plan: Plan) -> Result<Exit, Failure> {
    let result = &compared.result;
    let cut = compared.first.iter().chain(&compared.second).any(|run| run.cut_short);
    if cut || result.replications < plan.replications {
        let message = "incomplete: runs were stopped for the work they took; raise run.max-events";
        return Err(Failure::new(Exit::Incomplete, message));
    }
    let regressed = result.tolerances.iter().filter(|row| row.regressed);
    let regressed: Vec<&str> = regressed.map(|row| row.metric.as_str()).collect();
    if regressed.is_empty() {
        return Ok(Exit::Done);
    }
    Err(Failure::new(Exit::Expectation, format!("worse than tolerated: {}", regressed.join(", "))))
}

fn open(
    args: &CompareArgs,
    first: &Variant,
    second: &Variant,
    plan: Plan,
) -> Result<RunFolder, Failure> {
    let (a, b) = (first.scenario(), second.scenario());
    // Six digits of each name the pair.
    let hash = format!("{:.6}{:.6}", a.hash, b.hash);
    let identity = Identity {
        tool_version: env!("CARGO_PKG_VERSION"),
        scenario: &format!("compare-{}-{}", a.name, b.name),
        scenario_hash: &hash,
        seed: plan.seed,
        replications: plan.replications,
        design_hash: None,
    };
    output::folder(args.out.as_deref(), &identity, args.force)
}

/// Writes the folder and returns the lines that tell where.
fn write(
    args: &CompareArgs,
    mut folder: RunFolder,
    variants: [&Variant; 2],
    compared: &Compared,
) -> Result<Vec<String>, Failure> {
    let internal = |error: &dyn std::fmt::Display| Failure::new(Exit::Internal, error);
    let path = folder.path().to_owned();
    let text = |text: String| move |out: &mut dyn Write| out.write_all(text.as_bytes());
    let result = &compared.result;
    let json = json::compare(result).map_err(|error| internal(&error))?;
    let [first, second] = variants.map(|variant| variant.scenario().effective.clone());
    let (a, b) = (&compared.first, &compared.second);
    folder
        .write("a.effective.toml", text(first))
        .and_then(|()| folder.write("b.effective.toml", text(second)))
        .and_then(|()| folder.write("compare.json", text(json)))
        .and_then(|()| folder.write("compare.md", text(report::markdown(result))))
        .and_then(|()| folder.write("pairs.csv", |out| report::pairs_csv(out, a, b)))
        .map_err(|error| internal(&error))?;
    if !args.no_charts {
        let peaks = |runs: &[RunRecord]| -> Vec<Bytes> {
            runs.iter().map(RunRecord::peak_resident).collect()
        };
        let input = CompareInput { result, first: &peaks(a), second: &peaks(b) };
        let charts = charts::write_comparison(&path, &input).map_err(|e| internal(&e))?;
        for name in &charts {
            folder.record(name);
        }
    }
    let files = folder.finish().map_err(|error| internal(&error))?;
    Ok(vec![format!("{}/ ({} files and run.json)", path.display(), files.len())])
}

fn tell(args: &CompareArgs, compared: &Compared, written: &[String]) -> Result<(), Failure> {
    let result = &compared.result;
    let text = match args.format {
        Format::Json => json::compare(result).map_err(|e| Failure::new(Exit::Internal, e))?,
        Format::Md => report::markdown(result),
        Format::Text if args.quiet => report::headline(result, true),
        // Sequences are stripped on the way out where they are not wanted.
        Format::Text => report::text(result, written, true),
    };
    output::result(&text)?;
    if args.format != Format::Text && !args.quiet {
        for path in written {
            output::note(format_args!("wrote {path}"));
        }
    }
    Ok(())
}
