//! `oomcast presets`: what a scenario can inherit.

use super::exit::{Exit, Failure};
use super::output;
use crate::scenario::presets::{self, PRESETS, Preset};

const EXAMPLES: &str = "\
Examples:
  oomcast presets
      One line each.
  oomcast presets fleet-cilium
      Its TOML, with what it is based on. In a scenario: inherits = [\"preset:fleet-cilium\"]
";

/// `oomcast presets`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct PresetsArgs {
    /// Prints this one, as TOML [default: lists all].
    pub name: Option<String>,
}

/// Lists the presets, or prints one.
pub(super) fn presets(args: &PresetsArgs) -> Result<Exit, Failure> {
    match &args.name {
        Some(name) => output::result(named(name)?.text)?,
        None => output::result(&list())?,
    }
    Ok(Exit::Done)
}

/// The preset of a name, with or without `preset:`.
pub(super) fn named(name: &str) -> Result<&'static Preset, Failure> {
    let bare = name.strip_prefix("preset:").unwrap_or(name);
    presets::find(bare).ok_or_else(|| {
        let help = match presets::nearest(bare) {
            Some(near) => format!("did you mean {near}?"),
            None => "`oomcast presets` lists them".to_owned(),
        };
        Failure::new(Exit::Usage, format!("there is no preset {bare:?}: {help}"))
    })
}

/// A line each, under the names of their groups.
fn list() -> String {
    let rows = PRESETS.iter().map(|preset| (preset.group, preset.name, preset.summary()));
    let list = grouped(&rows.collect::<Vec<_>>());
    list + "\nIn a scenario: inherits = [\"preset:NAME\"]; `oomcast presets NAME` prints one.\n"
}

/// Groups, names and summaries, each name in a line of its own under its group.
pub(super) fn grouped(rows: &[(&str, &str, &str)]) -> String {
    let width = rows.iter().map(|(_, name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    let mut last = "";
    for (group, name, summary) in rows {
        if *group != last {
            let gap = if last.is_empty() { "" } else { "\n" };
            last = group;
            text.extend([gap, group, "\n"]);
        }
        let gap = " ".repeat(width - name.len() + 2);
        text.extend(["  ", name, &gap, summary, "\n"]);
    }
    text
}
