//! `oomcast compare`: two variants on the same draws.

use std::path::PathBuf;

use super::exit::{Exit, Failure};
use super::flags::{FolderFlags, LayerArgs, PrintFlags, RunFlags, is_stdin, key_value};
use super::progress::Progress;
use super::{interrupt, load, output};
use crate::experiment::{CompareSide, Compared, Replications, Variant, compare as run_both};
use crate::report::charts::{self, CompareInput};
use crate::report::folder::{RunFolder, Status};
use crate::report::{Page, compare as report, json};
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
#[command(
    after_help = format!("{EXAMPLES}\n{}", metrics()),
    mut_arg("replications", |arg| {
        arg.help("How many pairs of runs [default: the larger of the scenarios']")
    }),
    mut_arg("seed", |arg| {
        arg.help("Seed of all random draws of both [default: the first scenario's]")
    }),
)]
pub struct CompareArgs {
    /// The first scenario: what there is. `-`: standard input.
    pub first: PathBuf,
    /// The second: what is proposed [default: the first].
    pub second: Option<PathBuf>,
    /// Layers applied on top of both files.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// Sets a key of the first only.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub set_a: Vec<String>,
    /// Sets a key of the second only.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub set_b: Vec<String>,
    /// How much worse a metric may be in the second: a share of the first's median, or points of a
    /// probability. Anything worse ends with exit code 3. Repeatable.
    #[arg(long, value_name = "METRIC=SHARE", value_parser = Tolerance::parse)]
    pub tolerance: Vec<Tolerance>,
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
    if is_stdin(file) {
        let message = "standard input can be read once only: give the second scenario as a file";
        return Err(Failure::usage(message));
    }
    let of =
        |own: &[String]| args.layers.with_overrides([args.layers.set.as_slice(), own].concat());
    let first = load::variant(&args.first, &of(&args.set_a))?;
    let second = load::variant(file, &of(&args.set_b))?;
    let plan = plan(args, &first, &second);
    let folder = open(args, &first, &second, plan)?;
    let labels = [label(&args.first, &args.set_a), label(file, &args.set_b)];
    let progress = Progress::new(
        plan.replications.saturating_mul(2),
        !args.run.no_progress && !args.print.quiet,
    );
    interrupt::keep_what_is_done();
    let compared = run_both(
        CompareSide { label: &labels[0], variant: &first },
        CompareSide { label: &labels[1], variant: &second },
        &args.tolerance,
        plan,
        |done| progress.set(done),
    );
    drop(progress);
    let mut compared = compared.map_err(|error| load::not_replicated(&error))?;
    let pairs = compared.result.replications;
    let stopped = interrupt::note(pairs, plan.replications, "pairs of runs");
    compared.result.warnings.extend(stopped.clone());
    let page = report::page(&compared.result);
    let mark = interrupt::status(stopped.as_ref());
    let written = write(args, (folder, mark), [&first, &second], &compared, &page)?;
    output::tell(args.print, &page, &written, None, || json::compare(&compared.result))?;
    interrupt::ended(stopped, || judged(&compared, plan))
}

fn plan(args: &CompareArgs, first: &Variant, second: &Variant) -> Replications {
    let (a, b) = (first.scenario(), second.scenario());
    Replications {
        seed: args.run.seed.unwrap_or(a.seed),
        replications: args.run.replications.unwrap_or(a.replications.max(b.replications)),
        threads: args.run.threads(),
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

fn judged(compared: &Compared, plan: Replications) -> Result<Exit, Failure> {
    let result = &compared.result;
    let cut = compared.first.iter().chain(&compared.second).any(|run| run.cut_short);
    if cut || result.replications < plan.replications {
        let message = "runs hit the event limit; raise run.max-events";
        return output::incomplete(Some(message.to_owned()));
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
    plan: Replications,
) -> Result<RunFolder, Failure> {
    let (a, b) = (first.scenario(), second.scenario());
    // Six digits of each name the pair.
    let hash = format!("{:.6}{:.6}", a.hash, b.hash);
    let name = format!("compare-{}-{}", a.name, b.name);
    output::folder(&args.folder, (&name, &hash), plan)
}

/// Writes the folder and returns the lines that say where.
fn write(
    args: &CompareArgs,
    (mut folder, mark): (RunFolder, Status),
    variants: [&Variant; 2],
    compared: &Compared,
    page: &Page,
) -> Result<Vec<String>, Failure> {
    let result = &compared.result;
    let json = json::compare(result).map_err(Failure::internal)?;
    let [first, second] = variants.map(|variant| &variant.scenario().effective);
    let (a, b) = (&compared.first, &compared.second);
    folder
        .write_text("a.effective.toml", first)
        .and_then(|()| folder.write_text("b.effective.toml", second))
        .and_then(|()| folder.write_text("compare.json", &json))
        .and_then(|()| folder.write_text("compare.md", &page.markdown()))
        .and_then(|()| folder.write("pairs.csv", |out| report::pairs_csv(out, a, b)))
        .map_err(output::not_written)?;
    let draw = |path: &_| {
        let peaks = |runs: &[RunRecord]| -> Vec<Bytes> {
            runs.iter().map(RunRecord::peak_resident).collect()
        };
        let input = CompareInput { result, first: &peaks(a), second: &peaks(b) };
        charts::write_comparison(path, &input)
    };
    Ok(vec![output::close(folder, !args.folder.no_charts, mark, draw)?])
}
