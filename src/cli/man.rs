//! `oomcast man`: manual pages, one for the whole and one a verb.

use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::args::Args;
use super::exit::{Exit, Failure};
use super::output;

/// `oomcast man`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ManArgs {
    /// The folder to write a page for each verb into; without one, the first page goes to stdout.
    #[arg(value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  oomcast man ~/.local/share/man/man1     then: man oomcast-run
  oomcast man | man -l -
";

/// Writes the pages, or prints the first.
pub(super) fn man(args: &ManArgs) -> Result<Exit, Failure> {
    let pages = pages().map_err(|error| Failure::new(Exit::Internal, error))?;
    let Some(dir) = &args.dir else {
        let first = pages.first().map(|page| page.text.as_str());
        output::result(first.unwrap_or_default())?;
        return Ok(Exit::Done);
    };
    let failed = |path: &Path, error: std::io::Error| {
        Failure::new(Exit::Internal, format!("cannot write {}: {error}", path.display()))
    };
    std::fs::create_dir_all(dir).map_err(|error| failed(dir, error))?;
    let mut written = String::new();
    for page in &pages {
        let path = dir.join(&page.file);
        std::fs::write(&path, &page.text).map_err(|error| failed(&path, error))?;
        written += &format!("{}\n", path.display());
    }
    output::result(&written)?;
    Ok(Exit::Done)
}

/// A page of the manual.
struct Page {
    file: String,
    text: String,
}

/// The page of the whole, then those of the verbs.
fn pages() -> std::io::Result<Vec<Page>> {
    let mut whole = Args::command();
    whole.build();
    let verbs = whole.get_subcommands().filter(|verb| verb.get_name() != "help").cloned();
    let verbs: Vec<Command> = verbs.collect();
    let mut pages = vec![page("oomcast".to_owned(), whole)?];
    for verb in verbs {
        pages.push(page(format!("oomcast-{}", verb.get_name()), verb)?);
    }
    Ok(pages)
}

fn page(name: String, command: Command) -> std::io::Result<Page> {
    let man = Man::new(command)
        .title(name.to_uppercase())
        .source(concat!("oomcast ", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    man.render(&mut text)?;
    Ok(Page { file: format!("{name}.1"), text: String::from_utf8_lossy(&text).into_owned() })
}
