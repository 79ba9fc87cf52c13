//! Where output goes: the result to stdout, everything else to stderr.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};

use super::again;
use super::exit::{Exit, Failure};
use super::flags::{FolderFlags, Format, PrintFlags};
use crate::experiment::{Replications, run_time};
use crate::report::charts::ChartError;
use crate::report::folder::{FolderError, Identity, RunFolder, Status};
use crate::report::{Page, Screen, whole};
use crate::results::Answer;
use crate::scenario::Scenario;
use crate::units::Fnv;

/// Where results go when `--out` does not say.
pub(super) const OUTPUT: &str = "output";

/// Opens the folder of a result; `name` is that of the scenario, after the verb's.
pub(super) fn folder(
    flags: &FolderFlags,
    (name, scenario_hash): (&str, &str),
    plan: Replications,
) -> Result<RunFolder, Failure> {
    open(flags, (name, scenario_hash), plan, scenario_hash)
}

/// Opens the folder of an answer. Unless `--out` says where, every question has one of its own: the same
/// scenario asked with other flags, as [`again::typed`] has them, or other draws.
pub(super) fn answer_folder(
    flags: &FolderFlags,
    (name, scenario_hash): (&str, &str),
    plan: Replications,
) -> Result<RunFolder, Failure> {
    let hash = question_hash(scenario_hash, plan, again::typed());
    open(flags, (name, scenario_hash), plan, &hash)
}

/// 12 hexadecimal digits, as those of a scenario.
fn question_hash(scenario_hash: &str, plan: Replications, typed: &str) -> String {
    let question = format!("{scenario_hash} {} {} {typed}", plan.seed, plan.replications);
    let digits = format!("{:016x}", Fnv::new().bytes(question.as_bytes()).value());
    format!("{digits:.12}")
}

/// Opens the folder that is said, or the default one of that name and hash.
fn open(
    flags: &FolderFlags,
    (name, scenario_hash): (&str, &str),
    plan: Replications,
    hash: &str,
) -> Result<RunFolder, Failure> {
    let identity = Identity {
        tool_version: env!("CARGO_PKG_VERSION"),
        scenario: name,
        scenario_hash,
        seed: plan.seed,
        replications: plan.replications,
        design_hash: None,
        command: again::typed(),
    };
    let named = Identity { scenario_hash: hash, ..identity };
    let path = flags.out.clone().unwrap_or_else(|| default_path(&named));
    RunFolder::open(&path, &identity, flags.force).map_err(not_written)
}

/// Writes the scenario as it was run, and its result as `<stem>.json` and `<stem>.md`.
pub(super) fn write_result(
    folder: &mut RunFolder,
    scenario: &Scenario,
    stem: &str,
    json: &str,
    page: &Page,
) -> Result<(), Failure> {
    folder
        .write_text("scenario.effective.toml", &scenario.effective)
        .and_then(|()| folder.write_text(&format!("{stem}.json"), json))
        .and_then(|()| folder.write_text(&format!("{stem}.md"), &page.markdown()))
        .map_err(not_written)
}

/// Where a result goes when the user does not say.
pub(super) fn default_path(identity: &Identity<'_>) -> PathBuf {
    identity.default_path(Path::new(OUTPUT))
}

/// Why a folder was not written, with its exit code.
pub(super) fn not_written(error: FolderError) -> Failure {
    match error {
        FolderError::Io { .. } => Failure::internal(error),
        FolderError::Foreign(_)
        | FolderError::OtherScenario { .. }
        | FolderError::OtherKind { .. } => Failure::usage(error),
    }
}

/// Adds the charts and the page, closes the folder, and returns a line that says where it is.
pub(super) fn close(
    mut folder: RunFolder,
    with_charts: bool,
    status: Status,
    draw: impl FnOnce(&Path) -> Result<Vec<String>, ChartError>,
) -> Result<String, Failure> {
    let path = folder.path().to_owned();
    if with_charts {
        for name in draw(folder.new_files()).map_err(Failure::internal)? {
            folder.record(&name);
        }
    }
    folder.write_report().map_err(not_written)?;
    let files = folder.finish(status).map_err(not_written)?;
    Ok(format!("{}/ ({} files and run.json)", path.display(), files.len()))
}

/// Prints a result in the form that was asked for, and where its files are: the terminal's form says
/// so at its end, beside the others stderr does.
pub(super) fn tell(
    flags: PrintFlags,
    page: &Page,
    written: &[String],
    next: Option<&str>,
    json: impl FnOnce() -> serde_json::Result<String>,
) -> Result<(), Failure> {
    // Sequences are stripped on the way out where they are not wanted.
    let screen = Screen { width: width(), styled: true, written, next };
    result(&match flags.format {
        Format::Text if flags.quiet => page.headline(screen.styled),
        Format::Text => page.terminal(&screen),
        Format::Json => json().map_err(Failure::internal)?,
        Format::Md => page.markdown(),
    })?;
    if flags.format != Format::Text && !flags.quiet {
        for path in written {
            note(format_args!("wrote {path}"));
        }
    }
    Ok(())
}

/// Writes a file that is not part of a run folder.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed =
        |error| Failure::internal(format_args!("cannot write {}: {error}", path.display()));
    whole::replace(path, |out| out.write_all(text.as_bytes())).map_err(failed)
}

/// Writes the result. A reader that has seen enough (`| head -1`) is no failure.
pub(super) fn result(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::internal(format_args!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a file as the result. A reader that has seen enough is no failure.
pub(super) fn pour(path: &Path) -> io::Result<()> {
    let poured = io::copy(&mut File::open(path)?, &mut anstream::stdout().lock());
    match poured {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Columns to fill: those of `COLUMNS`, else of the terminal, else 80.
pub(super) fn width() -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    told.unwrap_or_else(textwrap::termwidth).clamp(40, 120)
}

/// The bound on the work of a verb, in runs of the model and in time.
pub(super) fn bound(scenario: &Scenario, most_runs: u64) -> String {
    let minutes = (run_time(scenario).as_secs_f64() * most_runs as f64 / 60.0).ceil();
    format!("at most {most_runs} runs of the model: at most about {minutes:.0} min of a processor")
}

/// Writes a line beside the result. If stderr is gone there is nobody to read it.
pub(super) fn note(text: impl Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Says why the process fails, unless that has been reported already.
pub(super) fn error(failure: &Failure) {
    if !failure.message.is_empty() {
        let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
        note(format_args!("{red}error{red:#}: {}", failure.message));
    }
}

/// Runs work on this many threads, or on one per CPU.
pub(super) fn on_threads<T: Send>(
    threads: Option<usize>,
    work: impl FnOnce() -> T + Send,
) -> Result<T, Failure> {
    let Some(threads) = threads else { return Ok(work()) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    Ok(pool.map_err(Failure::internal)?.install(work))
}

/// The exit code of an answer to whether it is safe, with what is incomplete about it, if anything is.
pub(super) fn answered(answer: Answer, message: Option<String>) -> Result<Exit, Failure> {
    match (answer, message) {
        (Answer::No, _) => Ok(Exit::Expectation),
        (Answer::Yes | Answer::NotKnown, Some(message)) => incomplete(Some(message)),
        (Answer::Yes, None) => Ok(Exit::Done),
        (Answer::NotKnown, None) => Ok(Exit::Incomplete),
    }
}

/// The exit code of a result that is complete if there is no message.
pub(super) fn incomplete(message: Option<String>) -> Result<Exit, Failure> {
    match message {
        None => Ok(Exit::Done),
        Some(message) => Err(Failure::new(Exit::Incomplete, format_args!("incomplete: {message}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::question_hash;
    use crate::experiment::Replications;

    /// Another question about the same scenario must not take the folder of the former answer.
    #[test]
    fn every_question_has_a_name_of_its_own() {
        let plan = |seed, replications| Replications { seed, replications, threads: None };
        let of = |plan, typed| question_hash("0123456789ab", plan, typed);
        let first = of(plan(1, 59), "advise scenario.toml");
        assert_eq!((first.len(), &first), (12, &of(plan(1, 59), "advise scenario.toml")));
        let others = [
            of(plan(1, 59), "advise scenario.toml --only memory"),
            of(plan(2, 59), "advise scenario.toml"),
            of(plan(1, 60), "advise scenario.toml"),
            question_hash("ba9876543210", plan(1, 59), "advise scenario.toml"),
        ];
        assert!(others.iter().all(|other| *other != first), "{others:?}");
        // Threads change no answer.
        let threads = Some(2);
        assert_eq!(first, of(Replications { threads, ..plan(1, 59) }, "advise scenario.toml"));
    }
}
