//! `oomcast init`: a first scenario of one's own.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};
use super::hint::quoted;
use super::{output, presets};
use crate::report::whole;
use crate::scenario::presets::Preset;

/// The file, with places to fill in.
const TEXT: &str = include_str!("init.toml");

/// What is on every cluster.
const BASE: [&str; 5] = [
    "objects",
    "fleet-kubelet",
    "fleet-kube-proxy",
    "fleet-kube-controller-manager",
    "fleet-kube-scheduler",
];

const EXAMPLES: &str = "\
Examples:
  oomcast init
      Writes my-cluster.toml.
  oomcast init prod.toml --preset openshift-120-workers --preset fleet-operator
      With the masters of that size, and an operator.
";

/// `oomcast init`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct InitArgs {
    /// The file to write.
    #[arg(default_value = "my-cluster.toml")]
    pub file: PathBuf,
    /// Builds upon this preset, too: a control plane, a fleet, a release. Repeatable.
    #[arg(long, value_name = "NAME")]
    pub preset: Vec<String>,
    /// Writes over a file that is there.
    #[arg(long)]
    pub force: bool,
}

/// Writes the file, and says what to do with it.
pub(super) fn init(args: &InitArgs) -> Result<Exit, Failure> {
    let mut chosen: Vec<&Preset> = Vec::new();
    for name in &args.preset {
        let preset = presets::named(name)?;
        if !chosen.contains(&preset) {
            chosen.push(preset);
        }
    }
    write(&args.file, &text(&args.file, &chosen), args.force)?;
    let file = quoted(&args.file.to_string_lossy());
    output::result(&format!(
        "wrote {file}\nnext: edit the sizes at its top, then\n  oomcast check {file}\n  oomcast run {file}\n"
    ))?;
    Ok(Exit::Done)
}

/// Writes a file that a person will edit.
pub(super) fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    // A folder that is not there is a mistyped one.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let message = format!("cannot write {}: no folder {}", path.display(), folder.display());
        return Err(Failure::new(Exit::Usage, message));
    }
    let written = if force {
        whole::replace(path, |out| out.write_all(text.as_bytes()))
    } else {
        whole::create(path, text)
    };
    written.map_err(|error| {
        let name = path.display();
        match error.kind() {
            ErrorKind::AlreadyExists => {
                let message = format!("{name} is there already: --force writes over it");
                Failure::new(Exit::Usage, message)
            }
            _ => Failure::new(Exit::Usage, format!("cannot write {name}: {error}")),
        }
    })
}

/// The file's text.
fn text(file: &Path, chosen: &[&Preset]) -> String {
    let own = chosen.iter().map(|preset| preset.name).filter(|name| !BASE.contains(name));
    let lines = BASE.into_iter().chain(own).map(|name| format!("  \"preset:{name}\",\n"));
    let filled = TEXT
        .replace("@FILE@", &quoted(&file.to_string_lossy()))
        .replace("@NAME@", &name_of(file))
        .replace("@INHERITS@", &lines.collect::<String>());
    leave_to_presets(&filled, chosen)
}

/// Comments out what a chosen preset says.
fn leave_to_presets(text: &str, chosen: &[&Preset]) -> String {
    let tables: Vec<(&str, toml::Table)> = chosen
        .iter()
        .filter_map(|preset| Some((preset.name, preset.text.parse::<toml::Table>().ok()?)))
        .collect();
    let mut out = String::with_capacity(text.len());
    let mut section = "";
    for line in text.lines() {
        if let Some(header) = line.strip_prefix('[') {
            section = header.split(']').next().unwrap_or("");
        }
        let key = line.split_once(" = ").map_or("", |(key, _)| key);
        // Only the size of the presets' own examples stands in [cluster].
        let said = |table: &toml::Table| {
            section != "cluster" && table.get(section).is_some_and(|inner| inner.get(key).is_some())
        };
        match tables.iter().rfind(|(_, table)| said(table)) {
            Some((preset, _)) => out.extend(["# ", line, "  # as preset:", preset, " has it\n"]),
            None => out.extend([line, "\n"]),
        }
    }
    out
}

/// The file's name as that of a scenario.
pub(super) fn name_of(file: &Path) -> String {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name: String =
        stem.unwrap_or_default().chars().map(|c| if plain(c) { c } else { '-' }).take(80).collect();
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    if name.is_empty() { "my-cluster".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{leave_to_presets, name_of, text};
    use crate::scenario::presets;

    #[test]
    fn names_of_files_become_names_of_scenarios() {
        assert_eq!(name_of(Path::new("a/prod-1.2.toml")), "prod-1.2");
        assert_eq!(name_of(Path::new("_my storm.toml")), "my-storm");
        assert_eq!(name_of(Path::new("é.toml")), "my-cluster");
    }

    #[test]
    fn what_a_preset_says_is_left_to_it() {
        let preset = presets::find("kubeadm-3").expect("a preset");
        let left = leave_to_presets("[node]\ncores = 4\nx = 1\n[cluster]\nnodes = 3\n", &[preset]);
        let expected =
            "[node]\n# cores = 4  # as preset:kubeadm-3 has it\nx = 1\n[cluster]\nnodes = 3\n";
        assert_eq!(left, expected);
    }

    #[test]
    fn no_place_is_left_to_fill_in() {
        assert!(!text(Path::new("a b.toml"), &[]).contains('@'));
    }
}
