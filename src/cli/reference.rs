//! The verbs and their flags as Markdown, for the reference.

use std::fmt::Write;

use clap::CommandFactory;

use super::args::Args;
use super::exit::Exit;

/// Columns of the help text in the reference.
const WIDTH: usize = 100;

/// The help of every verb, and the exit codes.
#[must_use]
pub fn verbs() -> String {
    let mut whole = Args::command().term_width(WIDTH);
    whole.build();
    let mut text = String::new();
    for verb in whole.get_subcommands_mut().filter(|verb| verb.get_name() != "help") {
        let name = verb.get_name().to_owned();
        let help = verb.render_long_help().to_string();
        // Writing to a string does not fail.
        let _ = write!(text, "\n### `oomcast {name}`\n\n```text\n{}\n```\n", trimmed(&help));
    }
    let _ = write!(text, "\n### Exit codes\n\n```text\n{}\n```\n", trimmed(&Exit::table()));
    text
}

/// Without blanks at the ends of lines.
fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n")
}
