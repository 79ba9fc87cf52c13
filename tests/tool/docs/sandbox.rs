//! The folder in which a page runs.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::support::{Written, command, folder, root};

/// A folder with a copy of the shipped scenarios.
pub(crate) struct Sandbox {
    folder: PathBuf,
}

impl Sandbox {
    /// An empty one for the page.
    pub(crate) fn new(page: &str) -> Self {
        let folder = folder("docs", page);
        copy(&root().join("scenarios"), &folder.join("scenarios"));
        Self { folder }
    }

    /// Writes a file, and checks it if it is a scenario.
    pub(crate) fn write(&mut self, name: &str, text: &str) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if !name.chars().all(plain) || name.starts_with('.') {
            return Err(format!("{name:?}: files lie in the folder itself"));
        }
        std::fs::write(self.folder.join(name), text).expect("writes into the sandbox");
        self.check(name, text)
    }

    /// Appends to a file that the page has written, and checks it anew.
    pub(crate) fn add(&mut self, name: &str, text: &str) -> Result<(), String> {
        let before = std::fs::read_to_string(self.folder.join(name))
            .map_err(|e| format!("nothing to add to: {name}: {e}"))?;
        self.write(name, &format!("{before}\n{text}"))
    }

    /// Scenarios have a schema and a name; descriptions of observations have no name.
    fn check(&self, name: &str, text: &str) -> Result<(), String> {
        if Path::new(name).extension().is_none_or(|e| e != "toml") {
            return Ok(());
        }
        let table: toml::Table = text.parse().map_err(|e| format!("{e}"))?;
        if !table.contains_key("schema") || !table.contains_key("name") {
            return Ok(());
        }
        match self.oomcast(&["check".to_owned(), name.to_owned()]) {
            (0, _) => Ok(()),
            (_, printed) => Err(printed),
        }
    }

    /// Runs the binary: its exit code, and stdout and stderr together, as a terminal has them.
    pub(crate) fn oomcast(&self, words: &[String]) -> (i32, String) {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = command(&self.folder, &words);
        command
            .env("COLUMNS", "80")
            .stdin(Stdio::null())
            .stdout(writer.try_clone().expect("a second end"))
            .stderr(writer);
        let before = Written::below(&command);
        let mut child = command.spawn().expect("the binary starts");
        // Its ends of the pipe go with it; else the reader would wait for more.
        drop(command);
        let mut printed = Vec::new();
        reader.read_to_end(&mut printed).expect("reads");
        let status = child.wait().expect("ends");
        before.check(b"");
        let printed = String::from_utf8(printed).expect("text");
        (status.code().expect("no signal"), printed)
    }
}

/// Copies a folder with all in it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("creates");
    for entry in std::fs::read_dir(from).expect("lists") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("copies");
        }
    }
}
