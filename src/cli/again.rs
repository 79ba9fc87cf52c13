//! The line that makes a result again from the scenarios in its folder.
//!
//! The model: the flags as they were typed, all but those that do not shape the result: where it goes and
//! how it is shown, on how many threads, and the layers, which the scenarios of the folder have in them.
//! So a new flag is in the line by itself.

use std::ffi::OsStr;
use std::sync::OnceLock;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use super::hint::quoted;

/// Flags that do not shape a result, or are in the scenarios of its folder.
const LEFT_OUT: [&str; 19] = [
    "color",
    "jobs",
    "no_progress",
    "out",
    "force",
    "no_charts",
    "format",
    "quiet",
    "profile",
    "overlay",
    "set",
    "set_a",
    "set_b",
    "junit",
    "openmetrics",
    "openmetrics_all",
    "openmetrics_start",
    "resume",
    "shard",
];

/// The line of this process.
static LINE: OnceLock<String> = OnceLock::new();

/// Keeps what was typed.
pub(super) fn keep(command: &Command, matches: &ArgMatches) {
    LINE.get_or_init(|| line(command, matches));
}

/// The line of this process, without `oomcast`; empty before [`keep`].
pub(super) fn typed() -> &'static str {
    LINE.get().map_or("", String::as_str)
}

/// The verb, its scenarios as they are called in the folder, and its flags.
fn line(command: &Command, matches: &ArgMatches) -> String {
    let Some((verb, typed)) = matches.subcommand() else { return String::new() };
    let Some(command) = command.find_subcommand(verb) else { return String::new() };
    let files = if verb == "compare" { "a.toml b.toml" } else { "scenario.toml" };
    let mut words = vec![verb.to_owned(), files.to_owned()];
    for argument in command.get_arguments() {
        let id = argument.get_id().as_str();
        let Some(long) = argument.get_long().filter(|_| !LEFT_OUT.contains(&id)) else { continue };
        if typed.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        if !argument.get_action().takes_values() {
            words.push(format!("--{long}"));
            continue;
        }
        for values in typed.get_raw_occurrences(id).into_iter().flatten() {
            words.push(format!("--{long}"));
            let values: Vec<_> = values.map(OsStr::to_string_lossy).collect();
            match argument.get_value_delimiter() {
                Some(delimiter) => words.push(quoted(&values.join(&delimiter.to_string()))),
                None => words.extend(values.iter().map(|value| quoted(value))),
            }
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Args;
    use super::{LEFT_OUT, line};

    fn again(typed: &str) -> String {
        let mut command = Args::command();
        command.build();
        let matches = command.clone().try_get_matches_from(typed.split(' ')).expect("valid");
        line(&command, &matches)
    }

    #[test]
    fn what_shapes_a_result_is_repeated() {
        let typed = "oomcast find my.toml --vary a.b=1..9:2 --until peak>1GiB -n 3 -j 1 -q -o out --set x.y=1";
        let line = "find scenario.toml --vary a.b=1..9:2 --until 'peak>1GiB' --replications 3";
        assert_eq!(again(typed), line);
        let typed = "oomcast compare one.toml --set-b x.y=2 --tolerance peak=5% --tolerance oom=0%";
        assert_eq!(again(typed), "compare a.toml b.toml --tolerance peak=5% --tolerance oom=0%");
        let typed = "oomcast alerts - --rules a.yaml b.yaml --scrape 15s";
        assert_eq!(again(typed), "alerts scenario.toml --rules a.yaml b.yaml --scrape 15s");
        assert_eq!(
            again("oomcast advise s.toml --only memory,cpu"),
            "advise scenario.toml --only memory,cpu"
        );
        assert_eq!(again("oomcast scenarios"), "scenarios scenario.toml");
    }

    #[test]
    fn what_is_left_out_exists() {
        let command = Args::command();
        let verbs = || command.get_subcommands().flat_map(clap::Command::get_arguments);
        for id in LEFT_OUT.iter().filter(|id| **id != "color") {
            assert!(verbs().any(|argument| argument.get_id() == id), "{id}");
        }
    }
}
