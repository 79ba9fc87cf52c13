//! The documentation, executed: README.md and docs/*.md.
//!
//! Each page runs from top to bottom in a folder of its own, which has a copy of `scenarios/`. What
//! a fenced block is follows from its info string:
//!
//! | block | what happens |
//! |---|---|
//! | `toml` that begins with `schema = 1` | written as `<its name>.toml`, and checked |
//! | `toml file=NAME` | likewise, as NAME; a whole scenario is checked, anything else is written only |
//! | `toml add=NAME` | appended to NAME, which is checked again |
//! | `toml fragment` | read as TOML, no more |
//! | `csv`, `yaml`, `json` with `file=NAME` | written |
//! | `console` | `$ oomcast ...` is run, and what stands below is held to what it prints |
//! | `sh not-run` | its commands of oomcast are read as the command line has them, no more |
//! | `sh`, `promql`, `sql`, `text` | nothing; commands of oomcast are refused there |
//!
//! In `console`, stdout and stderr come together, as in a terminal. `...` stands for any lines, `[..]`
//! for anything within a line; all else must be there to the letter. Nothing below a command: its
//! output is not compared. A command ends with exit code 0, or with the one of its comment `# exit 3`.
//!
//! Pages that are made from the code are left to their own tests, but for their links
//! ([`links`]).
//!
//! `UPDATE_DOCS=1 cargo test --test tool docs` writes what is printed now into the pages. Elided lines stay
//! elided while the lines beside them are still known by their words; else the whole output is
//! written, to be shortened by hand.

mod console;
mod figures;
mod links;
mod matching;
mod page;
mod sandbox;
mod update;

use std::path::{Path, PathBuf};

use crate::support::root;
use page::Block;

/// A terminal is this wide.
const COLUMNS: usize = 80;
/// A page is this wide: files in code blocks are no wider than its text.
const PAGE: usize = 132;

/// Made from the code, and held to it by tests of their own.
const GENERATED: [&str; 2] = ["assumptions.md", "reference.md"];

/// README.md and docs/*.md that are written by hand, in order.
fn pages() -> Vec<PathBuf> {
    let generated = |path: &PathBuf| GENERATED.iter().any(|name| path.ends_with(name));
    let entries = std::fs::read_dir(root().join("docs")).expect("the documentation");
    let mut pages: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "md") && !generated(path))
        .collect();
    pages.sort();
    pages.insert(0, root().join("README.md"));
    pages
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Runs a page and returns what is wrong with it, and the page as it should be, if that differs.
fn execute(path: &Path) -> (Vec<String>, Option<String>) {
    let text = read(path);
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    let mut sandbox = sandbox::Sandbox::new(&name);
    let mut wrong = Vec::new();
    let mut renewed = update::Renewed::new(&text);
    let blocks = page::blocks(&text).unwrap_or_else(|e| panic!("{name}:{e}"));
    for block in &blocks {
        for finding in run(block, &mut sandbox, &mut renewed) {
            wrong.push(format!("{name}:{finding}"));
        }
    }
    let renewed = renewed.text();
    (wrong, (renewed != text).then_some(renewed))
}

fn run(
    block: &Block,
    sandbox: &mut sandbox::Sandbox,
    renewed: &mut update::Renewed,
) -> Vec<String> {
    let at_start = |message: String| vec![format!("{}: {message}", block.line)];
    match block.kind() {
        Err(message) => at_start(message),
        Ok(page::Kind::Shown) => Vec::new(),
        Ok(page::Kind::Typed) => console::typed(block).err().into_iter().collect(),
        Ok(page::Kind::Fragment) => match block.text().parse::<toml::Table>() {
            Ok(_) => Vec::new(),
            Err(error) => at_start(error.to_string()),
        },
        Ok(page::Kind::File(name)) => {
            sandbox.write(&name, &block.text()).map_or_else(at_start, none)
        }
        Ok(page::Kind::Addition(name)) => {
            sandbox.add(&name, &block.text()).map_or_else(at_start, none)
        }
        Ok(page::Kind::Console) => match console::steps(block) {
            Err(message) => vec![message],
            Ok(steps) => steps.iter().filter_map(|s| step(s, sandbox, renewed)).collect(),
        },
    }
}

fn none((): ()) -> Vec<String> {
    Vec::new()
}

/// Runs one command and compares.
fn step(
    step: &console::Step,
    sandbox: &sandbox::Sandbox,
    renewed: &mut update::Renewed,
) -> Option<String> {
    let (exit, printed) = sandbox.oomcast(&step.words);
    if exit != step.exit {
        let wanted = step.exit;
        let line = step.line;
        return Some(format!("{line}: exit code {exit}, not {wanted}:\n{printed}"));
    }
    let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
    if step.output.is_empty() || matching::matches(&step.output, &printed) {
        return None;
    }
    renewed.replace(step, &update::merged(&step.output, &printed));
    Some(format!(
        "{}: printed otherwise than the page says; it says\n{}\nand is\n{}",
        step.line,
        step.output.join("\n"),
        printed.join("\n")
    ))
}

#[test]
fn pages_do_what_they_say() {
    let pages = pages();
    let results: Vec<(PathBuf, Vec<String>, Option<String>)> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            pages.iter().map(|path| scope.spawn(move || (path, execute(path)))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a page"))
            .map(|(path, (wrong, text))| (path.clone(), wrong, text))
            .collect()
    });
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    // Pages that need nothing stay as they are: others may have renewed them in the meantime.
    for (path, _, text) in results.iter().filter(|_| update) {
        if let Some(text) = text {
            std::fs::write(path, text).expect("writes the page");
        }
    }
    let wrong: Vec<&String> = results.iter().flat_map(|(_, wrong, _)| wrong).collect();
    let text = wrong.iter().fold(String::new(), |text, one| text + one + "\n\n");
    assert!(wrong.is_empty(), "{text}(UPDATE_DOCS=1 writes what is printed into the pages)");
}

/// Commands fit a terminal, files the page. What the tool prints is its own matter.
#[test]
fn what_is_typed_fits_its_place() {
    for path in pages() {
        for block in page::blocks(&read(&path)).expect("blocks") {
            let is_console = block.kind() == Ok(page::Kind::Console);
            let mut typed = !is_console;
            for (line, number) in block.lines.iter().zip(block.line + 1..) {
                let goes_on = typed && is_console && line.starts_with(' ');
                typed = !is_console || line.starts_with("$ ") || goes_on;
                let width = line.chars().count();
                let place = format!("{}:{number}", path.display());
                let most = if is_console { COLUMNS } else { PAGE };
                assert!(!typed || width <= most, "{place}: {width} columns");
                typed = !is_console || line.ends_with('\\');
            }
        }
    }
}
