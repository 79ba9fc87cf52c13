//! A console block as commands, each with what it is said to print.

use clap::Parser;
use oomcast::cli::Args;

use crate::docs::page::Block;

/// A command of a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Its line in the page, from 1.
    pub(crate) line: usize,
    /// The arguments of oomcast.
    pub(crate) words: Vec<String>,
    /// The exit code it is said to end with.
    pub(crate) exit: i32,
    /// The first line of its output, from 1.
    pub(crate) below: usize,
    /// What stands below it.
    pub(crate) output: Vec<String>,
    /// The indentation of the block.
    pub(crate) indent: String,
}

/// A line with those that it goes on in, and the number of the one below.
fn whole<'l>(
    first: &str,
    lines: &mut impl Iterator<Item = (&'l String, usize)>,
    below: usize,
) -> Option<(String, usize)> {
    let (mut command, mut below) = (first.to_owned(), below);
    while command.ends_with('\\') {
        command.pop();
        let (more, at) = lines.next()?;
        command.push_str(more.trim_start());
        below = at + 1;
    }
    Some((command, below))
}

/// The arguments of oomcast, where the words start it.
fn arguments(words: &[String]) -> Option<&[String]> {
    let first = |n| words.iter().take(n).map(String::as_str);
    let is = |binary: &&&[&str]| binary.iter().copied().eq(first(binary.len()));
    BINARIES.iter().find(is).map(|binary| &words[binary.len()..])
}

/// Reads the commands of a block that is not run: verbs and flags must be there.
pub(crate) fn typed(block: &Block) -> Result<(), String> {
    let mut lines = block.lines.iter().zip(block.line + 1..);
    while let Some((line, number)) = lines.next() {
        if !BINARIES.iter().any(|binary| line.starts_with(&binary.join(" "))) {
            continue;
        }
        let wrong = |message: String| format!("{number}: {message}");
        let whole = whole(line, &mut lines, number + 1);
        let (command, _) = whole.ok_or_else(|| wrong("goes on below the block".to_owned()))?;
        let command = command.split([';', '|', '>']).next().unwrap_or_default();
        let (words, _) = words(&command.replace('*', "any")).map_err(wrong)?;
        let arguments = arguments(&words).ok_or_else(|| wrong("not oomcast".to_owned()))?;
        let line = std::iter::once("oomcast").chain(arguments.iter().map(String::as_str));
        Args::try_parse_from(line).map_err(|e| wrong(e.to_string()))?;
    }
    Ok(())
}

/// What starts the binary, in the words of a page.
const BINARIES: [&[&str]; 2] = [&["oomcast"], &["cargo", "run", "--release", "--"]];

/// The commands of a block, or the line and what is wrong with it.
pub(crate) fn steps(block: &Block) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = block.lines.iter().zip(block.line + 1..);
    while let Some((line, number)) = lines.next() {
        let Some(typed) = line.strip_prefix("$ ") else {
            let Some(step) = steps.last_mut() else {
                return Err(format!("{number}: output before the first command"));
            };
            step.output.push(line.trim_end().to_owned());
            continue;
        };
        let wrong = |message: &str| format!("{number}: {message}");
        let (command, below) = whole(typed, &mut lines, number + 1)
            .ok_or_else(|| wrong("the command goes on below the block"))?;
        let (words, comment) = words(&command).map_err(|e| wrong(&e))?;
        let arguments = arguments(&words);
        let words = arguments.ok_or_else(|| wrong("not oomcast: write it as sh"))?.to_vec();
        let exit = exit(&comment).map_err(|e| wrong(&e))?;
        let indent = block.indent.clone();
        steps.push(Step { line: number, words, exit, below, output: Vec::new(), indent });
    }
    for step in &mut steps {
        while step.output.last().is_some_and(String::is_empty) {
            step.output.pop();
        }
    }
    Ok(steps)
}

/// The exit code that a comment tells: 0 unless it begins with `exit`.
fn exit(comment: &str) -> Result<i32, String> {
    match comment.trim().strip_prefix("exit ") {
        None => Ok(0),
        Some(rest) => {
            let code = rest.split([' ', ':']).next().unwrap_or_default();
            code.parse().map_err(|_| format!("{code:?} is no exit code"))
        }
    }
}

/// The words of a command as a shell reads them, and its comment. Only what pages need: quotes and
/// comments; what a shell would do besides is refused.
fn words(command: &str) -> Result<(Vec<String>, String), String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let inner: String = chars.by_ref().take_while(|&other| other != c).collect();
                word.get_or_insert_default().push_str(&inner);
            }
            ' ' => words.extend(word.take()),
            '#' if word.is_none() => return Ok((words, chars.collect())),
            '|' | '>' | '<' | ';' | '&' | '$' | '*' | '`' | '\\' | '~' => {
                return Err(format!("there is no shell here to take {c:?}"));
            }
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok((words, String::new()))
}

#[cfg(test)]
mod tests {
    use super::{Step, steps, typed};
    use crate::docs::page::blocks;

    fn parse(text: &str) -> Result<Vec<Step>, String> {
        steps(&blocks(&format!("```console\n{text}\n```\n")).expect("closed")[0])
    }

    #[test]
    fn commands_and_their_output() {
        let found =
            parse("$ oomcast check a.toml\nok\n\n  b\n\n$ cargo run --release -- run b.toml")
                .expect("commands");
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].line, found[0].below), (2, 3));
        assert_eq!(found[0].words, ["check", "a.toml"]);
        assert_eq!(found[0].output, ["ok", "", "  b"]);
        assert_eq!(found[1].words, ["run", "b.toml"]);
        assert!(found[1].output.is_empty());
    }

    #[test]
    fn a_command_may_span_lines_and_quote() {
        let found =
            parse("$ oomcast run a.toml \\\n    --set 'x=1 to 2' --until \"peak>6GiB\"\nok");
        let found = found.expect("a command");
        assert_eq!(found[0].words, ["run", "a.toml", "--set", "x=1 to 2", "--until", "peak>6GiB"]);
        assert_eq!((found[0].line, found[0].below), (2, 4));
    }

    #[test]
    fn a_comment_tells_the_exit_code() {
        let exit = |text: &str| parse(text).map(|steps| steps[0].exit);
        assert_eq!(exit("$ oomcast run a.toml"), Ok(0));
        assert_eq!(exit("$ oomcast run a.toml   # a note"), Ok(0));
        assert_eq!(exit("$ oomcast run a.toml   # exit 3"), Ok(3));
        assert_eq!(exit("$ oomcast run a.toml   # exit 3: it failed"), Ok(3));
        assert!(exit("$ oomcast run a.toml   # exit three").is_err());
    }

    #[test]
    fn what_is_not_run_is_read() {
        let read = |text: &str| {
            typed(&blocks(&format!("```sh not-run\n{text}\n```\n")).expect("closed")[0])
        };
        for text in [
            "oomcast run a.toml \\\n    --set x=1",
            "cargo run --release -- check a.toml",
            "oomcast compare a.toml b.toml --format md > c.md",
            "parallel oomcast sweep a.toml --shard {}/8 ::: $(seq 8)",
        ] {
            assert_eq!(read(text), Ok(()), "{text}");
        }
        for text in ["oomcast rum a.toml", "oomcast run a.toml \\\n    --sett x=1", "oomcast run"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_run_is_refused() {
        for text in [
            "output",
            "$ kubectl get pods",
            "$ cargo run -- run a.toml",
            "$ oomcast run a.toml > b",
            "$ oomcast show a.toml | head",
            "$ oomcast check scenarios/*.toml",
            "$ oomcast run \\",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
