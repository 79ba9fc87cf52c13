//! `oomcast scenarios`: the scenarios that come with it.

use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};
use super::hint::quoted;
use super::{init, output, presets};
use crate::scenario::schema::{self, Extent};
use crate::scenario::shipped::{self, SHIPPED, Shipped};

const EXAMPLES: &str = "\
Examples:
  oomcast scenarios
      One line each. `oomcast run ha-cascade` runs one, wherever you are.
  oomcast scenarios ha-cascade
      Its TOML.
  oomcast scenarios cilium-restart-apf --write .
      Writes it, the manifest that it names and the schema for editors, to be edited.
";

/// `oomcast scenarios`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ScenariosArgs {
    /// Prints this one, as TOML [default: lists all].
    pub name: Option<String>,
    /// Writes it into this folder instead, with the files that it names.
    #[arg(long, value_name = "FOLDER", requires = "name")]
    pub write: Option<PathBuf>,
    /// Writes over files that are there.
    #[arg(long, requires = "write")]
    pub force: bool,
}

/// Lists the shipped scenarios, prints one or writes one out.
pub(super) fn scenarios(args: &ScenariosArgs) -> Result<Exit, Failure> {
    let Some(name) = &args.name else {
        let rows = SHIPPED.iter().map(|one| (one.group, one.name, one.summary));
        let list = presets::grouped(&rows.collect::<Vec<_>>());
        let last = "`oomcast run NAME` runs one, `oomcast scenarios NAME` prints it.";
        output::result(&format!("{list}\n{last}\n"))?;
        return Ok(Exit::Done);
    };
    let one = named(name)?;
    match &args.write {
        None => output::result(one.text)?,
        Some(folder) => written(one, folder, args.force)?,
    }
    Ok(Exit::Done)
}

/// The shipped scenario of a name, with or without `.toml`.
fn named(name: &str) -> Result<&'static Shipped, Failure> {
    let bare = name.strip_suffix(".toml").unwrap_or(name);
    shipped::find(bare).ok_or_else(|| {
        let help = match shipped::nearest(bare) {
            Some(near) => format!("did you mean {near}?"),
            None => "`oomcast scenarios` lists them".to_owned(),
        };
        Failure::new(Exit::Usage, format!("no scenario {bare:?} comes with oomcast: {help}"))
    })
}

/// Writes a scenario, the files that it names beside itself, and the schema by which editors check it.
/// Nothing is written if one of them is there already, but for the schema, which is always the same.
fn written(one: &Shipped, folder: &Path, force: bool) -> Result<(), Failure> {
    let file = folder.join(one.name).with_extension("toml");
    let files: Vec<(PathBuf, &str)> = one
        .beside()
        .map(|(path, text)| (folder.join(path), *text))
        .chain([(file.clone(), one.text)])
        .collect();
    if let Some((there, _)) = files.iter().find(|(path, _)| !force && path.exists()) {
        let message = format!("{} is there already: --force writes over it", there.display());
        return Err(Failure::new(Exit::Usage, message));
    }
    let schema = schema::json(Extent::Whole);
    let schema = (folder.join("oomcast.schema.json"), schema.as_str());
    for (path, text) in files.iter().chain([&schema]) {
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).map_err(|error| {
            Failure::new(Exit::Usage, format!("cannot create {}: {error}", parent.display()))
        })?;
        init::write(path, text, force || *path == schema.0)?;
    }
    let mut told = String::new();
    for (path, _) in files.iter().chain([&schema]) {
        told.extend(["wrote ", &path.to_string_lossy(), "\n"]);
    }
    told.extend(["next: oomcast run ", &quoted(&file.to_string_lossy()), "\n"]);
    output::result(&told)
}
