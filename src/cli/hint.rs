//! The command worth trying next, as typed.

use std::path::Path;

use super::args::RunArgs;
use super::layers::LayerArgs;
use crate::engine::statistics::runs_for_maximum;
use crate::model::input::Inputs;
use crate::model::release::{MINORS, Release};
use crate::results::Summary;

/// The oldest release that streams both encodings of a list and offers watch-lists.
fn first_streaming() -> Option<Release> {
    MINORS
        .iter()
        .filter_map(|row| Release::of_minor(row.minor))
        .find(|release| release.streams_json && release.streams_protobuf && release.watch_list)
}

/// What would answer the reader's next question, if there is something.
pub(super) fn next(args: &RunArgs, inputs: &Inputs, summary: &Summary) -> Option<String> {
    let enough = runs_for_maximum(0.95, 0.95);
    let with = |key: &str, value: &str, question: &str| {
        let run = as_typed(args, key);
        Some(format!("{run} --set {key}={value}  # {question}"))
    };
    if let (1.., Some(newer)) = (summary.oom.count, first_streaming())
        && inputs.release.minor < newer.minor
    {
        return with("apiserver.version", &newer.version(), "do streamed lists prevent it?");
    }
    if let (1.., Some(limit)) = (summary.oom.count, inputs.apiserver.memory_limit) {
        let twice = format!("{:#}", limit.times(2));
        return with("apiserver.memory-limit", &twice, "does twice the memory?");
    }
    if u64::from(summary.replications) < enough {
        let run = as_typed(args, "run.replications");
        return Some(format!("{run} -n {enough}  # the highest then bounds 95 % of runs"));
    }
    None
}

/// The command of this run, but for where and how it was to be shown, how often to run, and the key
/// that is to be changed.
fn as_typed(args: &RunArgs, changed: &str) -> String {
    let mut words = vec!["oomcast run".to_owned(), quoted(&args.file.to_string_lossy())];
    words.extend(below_set(&args.layers));
    let key = |set: &&String| set.split_once('=').map(|(key, _)| key.trim()) != Some(changed);
    words.extend(args.layers.set.iter().filter(key).map(|set| format!("--set {}", quoted(set))));
    words.extend(args.seed.map(|seed| format!("--seed {seed}")));
    words.join(" ")
}

/// The command that runs a scenario with an overlay.
pub(super) fn with_overlay(file: &Path, layers: &LayerArgs, overlay: &Path) -> String {
    let mut words = vec!["oomcast run".to_owned(), quoted(&file.to_string_lossy())];
    words.extend(below_set(layers));
    words.extend(as_overlay(overlay));
    words.join(" ")
}

/// The profiles and overlays that were typed.
fn below_set(layers: &LayerArgs) -> Vec<String> {
    let profiles = layers.profile.iter().flat_map(|name| ["--profile".to_owned(), quoted(name)]);
    profiles.chain(layers.overlay.iter().flat_map(|path| as_overlay(path))).collect()
}

fn as_overlay(path: &Path) -> [String; 2] {
    ["--overlay".to_owned(), quoted(&path.to_string_lossy())]
}

/// As a shell takes it.
pub(super) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./+,@=:%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{as_typed, quoted};
    use crate::cli::{Args, Verb};
    use clap::Parser;

    #[test]
    fn a_hint_repeats_what_was_typed() {
        let typed = ["oomcast", "run", "a b.toml", "--set", "x.y=1", "--set", "z=2", "--seed", "7"];
        let Verb::Run(run) = Args::parse_from(typed).verb else {
            panic!("run was typed");
        };
        assert_eq!(as_typed(&run, "z"), "oomcast run 'a b.toml' --set x.y=1 --seed 7");
    }

    #[test]
    fn a_hint_can_be_pasted() {
        assert_eq!(quoted("scenarios/a-b.toml"), "scenarios/a-b.toml");
        assert_eq!(quoted("my storm.toml"), "'my storm.toml'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
