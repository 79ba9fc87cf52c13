//! `oomcast man`: manual pages, one for the whole and one per verb.

use std::path::{Path, PathBuf};

use clap::Command;
use clap_mangen::Man;

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
pub(super) fn man(args: &ManArgs, whole: Command) -> Result<Exit, Failure> {
    let pages = pages(whole).map_err(|error| Failure::new(Exit::Internal, error))?;
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
        output::write(&path, &page.text)?;
        written.extend([path.to_string_lossy().as_ref(), "\n"]);
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
fn pages(mut whole: Command) -> std::io::Result<Vec<Page>> {
    whole.build();
    let verbs = whole.get_subcommands().filter(|verb| verb.get_name() != "help").cloned();
    let verbs: Vec<Command> = verbs.collect();
    let mut pages = vec![page("oomcast", whole)?];
    for verb in verbs {
        pages.push(page(&format!("oomcast-{}", verb.get_name()), verb)?);
    }
    Ok(pages)
}

fn page(name: &str, command: Command) -> std::io::Result<Page> {
    let after = command.get_after_long_help().or_else(|| command.get_after_help());
    let after = after.map(ToString::to_string).unwrap_or_default();
    let verbs = command.has_subcommands();
    let source = concat!("oomcast ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command).title(name.to_uppercase()).source(source).manual("oomcast");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if verbs {
        man.render_subcommands_section(&mut text)?;
    }
    let text = String::from_utf8_lossy(&text).into_owned() + &sections(&after);
    Ok(Page { file: format!("{name}.1"), text })
}

/// What stands after the flags, a section for each heading. Its lines are laid out already.
fn sections(text: &str) -> String {
    let mut roff = String::new();
    let mut open = false;
    for line in text.trim_end().lines() {
        if let Some((heading, rest)) = line.split_once(':').filter(|_| !line.starts_with(' ')) {
            let close = if open { ".fi\n" } else { "" };
            roff.extend([close, ".SH \"", &escaped(&heading.to_uppercase()), "\"\n.nf\n"]);
            if !rest.is_empty() {
                roff.extend([escaped(rest.trim_start()).as_str(), "\n"]);
            }
            open = true;
            continue;
        }
        if !open && !line.is_empty() {
            roff += ".SH NOTES\n.nf\n";
            open = true;
        }
        roff.extend([escaped(line).as_str(), "\n"]);
    }
    if open { roff + ".fi\n" } else { roff }
}

/// A line without what roff would take for an order of its own.
fn escaped(line: &str) -> String {
    let plain = line.replace('\\', "\\e").replace('-', "\\-");
    if plain.starts_with(['.', '\'']) { format!("\\&{plain}") } else { plain }
}
