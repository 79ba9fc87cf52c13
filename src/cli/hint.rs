//! The command worth trying next, as typed.

use std::path::Path;

use super::flags::LayerArgs;
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

/// What was typed of a run, but for where and how it was to be shown and how often to run.
#[derive(Clone, Copy)]
pub(super) struct Typed<'a> {
    /// The scenario file.
    pub(super) file: &'a Path,
    /// Layers on top of it.
    pub(super) layers: &'a LayerArgs,
    /// The seed.
    pub(super) seed: Option<u64>,
}

/// What would answer the reader's next question, if there is something.
pub(super) fn next(typed: Typed<'_>, inputs: &Inputs, summary: &Summary) -> Option<String> {
    let enough = runs_for_maximum(0.95, 0.95);
    let with = |key: &str, value: &str, question: &str| {
        let run = as_typed(typed, key);
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
        let run = as_typed(typed, "run.replications");
        return Some(format!(
            "{run} -n {enough}  # with {enough} runs the maximum bounds the 95th percentile"
        ));
    }
    None
}

/// The command of this run, but for the key that is to be changed.
fn as_typed(typed: Typed<'_>, changed: &str) -> String {
    let mut words = vec!["oomcast run".to_owned(), quoted(&typed.file.to_string_lossy())];
    words.extend(below_set(typed.layers));
    let key = |set: &&String| set.split_once('=').map(|(key, _)| key.trim()) != Some(changed);
    words.extend(typed.layers.set.iter().filter(key).map(|set| format!("--set {}", quoted(set))));
    words.extend(typed.seed.map(|seed| format!("--seed {seed}")));
    words.join(" ")
}

/// The command that runs a scenario with an overlay.
pub(super) fn with_overlay(file: &Path, layers: &LayerArgs, overlay: &Path) -> String {
    let mut layers = layers.clone();
    layers.overlay.push(overlay.to_owned());
    with_verb("run", file, &layers)
}

/// The command that asks a verb about what was typed.
pub(super) fn with_verb(verb: &str, file: &Path, layers: &LayerArgs) -> String {
    let mut words = vec![format!("oomcast {verb}"), quoted(&file.to_string_lossy())];
    words.extend(below_set(layers));
    words.extend(layers.set.iter().map(|set| format!("--set {}", quoted(set))));
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
    use std::path::Path;

    use super::{LayerArgs, Typed, as_typed, quoted, with_overlay, with_verb};

    #[test]
    fn a_hint_repeats_what_was_typed() {
        let set = vec!["x.y=1".to_owned(), "z=2".to_owned()];
        let layers = LayerArgs { set, ..LayerArgs::default() };
        let typed = Typed { file: Path::new("a b.toml"), layers: &layers, seed: Some(7) };
        assert_eq!(as_typed(typed, "z"), "oomcast run 'a b.toml' --set x.y=1 --seed 7");
        let asked = with_verb("advise", Path::new("a.toml"), &layers);
        assert!(asked.starts_with("oomcast advise a.toml"), "{asked}");
        assert!(layers.set.iter().all(|set| asked.contains(set.as_str())), "{asked}");
        let laid = with_overlay(Path::new("a.toml"), &layers, Path::new("o.toml"));
        assert_eq!(laid, "oomcast run a.toml --overlay o.toml --set x.y=1 --set z=2");
    }

    #[test]
    fn a_hint_can_be_pasted() {
        assert_eq!(quoted("scenarios/a-b.toml"), "scenarios/a-b.toml");
        assert_eq!(quoted("my storm.toml"), "'my storm.toml'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
