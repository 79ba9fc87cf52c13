//! Lines of TOML with their comments.

use crate::cluster::findings::{Found, Source};

/// What marks a value that no file told.
pub(in crate::cluster) const ASSUMED: &str = "assumed";

/// A text that grows line by line.
pub(super) struct Lines {
    pub(super) text: String,
}

impl Lines {
    pub(super) fn new(head: &str) -> Self {
        Self { text: head.to_owned() }
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// The header of a table.
    pub(super) fn table(&mut self, header: &str) {
        self.text.extend(["\n", header, "\n"]);
    }

    /// A line of comment.
    pub(super) fn comment(&mut self, text: &str) {
        self.text.extend(["# ", text, "\n"]);
    }

    /// A key that nothing is said about.
    pub(super) fn plain(&mut self, key: &str, value: &str) {
        self.text.extend([key, " = ", value, "\n"]);
    }

    /// A key with a comment, on one line whatever files are called.
    pub(super) fn commented(&mut self, key: &str, value: &str, comment: &str) {
        let comment: String =
            comment.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.text.extend([key, " = ", value, " # ", &comment, "\n"]);
    }

    /// A key with its source.
    pub(super) fn found<T>(&mut self, key: &str, value: &str, found: &Found<T>) {
        self.commented(key, value, &words(&found.source));
    }

    /// A key that was assumed, and the command that tells.
    pub(super) fn assumed(&mut self, key: &str, value: &str, command: &str) {
        self.commented(key, value, &format!("{ASSUMED}: {command}"));
    }
}

/// A source as a comment has it.
pub(super) fn words(source: &Source) -> String {
    if source.file.is_empty() {
        source.what.clone()
    } else {
        format!("{}, {}", source.what, source.file)
    }
}

/// A string of TOML.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
