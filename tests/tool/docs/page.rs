//! A page of Markdown as its fenced blocks and links.

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The line of its fence, from 1.
    pub(crate) line: usize,
    /// What stands behind the fence.
    pub(crate) info: String,
    /// Its lines, without the indentation of the fence.
    pub(crate) lines: Vec<String>,
    /// That indentation.
    pub(crate) indent: String,
}

/// What is done with a block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Commands and what they print.
    Console,
    /// A file of this name.
    File(String),
    /// More of the file of this name.
    Addition(String),
    /// Keys without the tables around them.
    Fragment,
    /// Commands that are read, but take too long to be run, or need what is not there.
    Typed,
    /// For the reader only.
    Shown,
}

impl Block {
    pub(crate) fn text(&self) -> String {
        self.lines.iter().fold(String::new(), |text, line| text + line + "\n")
    }

    pub(crate) fn kind(&self) -> Result<Kind, String> {
        let mut words = self.info.split_whitespace();
        let language = words.next().unwrap_or_default();
        let words: Vec<&str> = words.collect();
        match (language, words.as_slice()) {
            ("console", []) => Ok(Kind::Console),
            ("toml", []) => self.scenario().map(Kind::File),
            ("toml", ["fragment"]) => Ok(Kind::Fragment),
            ("toml" | "csv" | "yaml" | "json", [word]) => match word.split_once('=') {
                Some(("file", name)) => Ok(Kind::File(name.to_owned())),
                Some(("add", name)) if language == "toml" => Ok(Kind::Addition(name.to_owned())),
                _ => Err(format!("{word:?} is nothing that a block of {language} can be")),
            },
            ("sh", ["not-run"]) => Ok(Kind::Typed),
            ("sh" | "promql" | "sql" | "text", []) if self.has_oomcast() => {
                Err("oomcast outside of a console block: nothing would run it".to_owned())
            }
            // Python is run by the CI workflow and `.ci/release`.
            ("sh" | "promql" | "sql" | "text" | "python", []) => Ok(Kind::Shown),
            _ => Err(format!("a block of {:?}: nothing says what to do with it", self.info)),
        }
    }

    /// The file that a whole scenario makes.
    fn scenario(&self) -> Result<String, String> {
        let table: toml::Table = self.text().parse().map_err(|e| format!("{e}"))?;
        let name = table.get("name").and_then(toml::Value::as_str);
        match (table.contains_key("schema"), name) {
            (true, Some(name)) => Ok(format!("{name}.toml")),
            _ => Err("no whole scenario: mark it as file=NAME, add=NAME or fragment".to_owned()),
        }
    }

    fn has_oomcast(&self) -> bool {
        let code = |line: &str| line.split('#').next().unwrap_or_default().to_owned();
        let runs = |code: String| code.contains("oomcast ") || code.contains("cargo run");
        self.lines.iter().any(|line| runs(code(line)))
    }
}

/// All fenced blocks of a page, or the line whose fence is never closed.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (i, line) in text.lines().enumerate() {
        let bare = line.trim_start();
        match open.take() {
            None if bare.starts_with("```") => {
                let indent = line[..line.len() - bare.len()].to_owned();
                let info = bare.trim_start_matches('`').trim().to_owned();
                open = Some(Block { line: i + 1, info, lines: Vec::new(), indent });
            }
            None => {}
            Some(block) if bare.trim_end() == "```" => blocks.push(block),
            Some(mut block) => {
                let inner = line.strip_prefix(&block.indent).unwrap_or(bare);
                block.lines.push(inner.to_owned());
                open = Some(block);
            }
        }
    }
    match open {
        Some(block) => Err(format!("{}: the block is never closed", block.line)),
        None => Ok(blocks),
    }
}

/// What the links of a page lead to, but for other sites; code is no link.
pub(crate) fn links(text: &str) -> Vec<String> {
    let mut code = false;
    let mut found = Vec::new();
    for line in text.lines() {
        code ^= line.trim_start().starts_with("```");
        if !code {
            let ends = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            found.extend(ends.filter(|target| !target.contains("://")).map(str::to_owned));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Kind, blocks, links};

    fn kind(info: &str, text: &str) -> Result<Kind, String> {
        blocks(&format!("```{info}\n{text}\n```\n")).expect("closed")[0].kind()
    }

    #[test]
    fn blocks_are_found_with_their_lines() {
        let found = blocks("a\n\n- b\n\n  ```toml fragment\n  x = 1\n\n  ```\n\n```sh\n```\n");
        let found = found.expect("closed");
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].line, found[0].text().as_str()), (5, "x = 1\n\n"));
        assert_eq!((found[1].line, found[1].info.as_str()), (10, "sh"));
        assert_eq!(blocks("\n```sh\n").expect_err("open"), "2: the block is never closed");
    }

    #[test]
    fn what_a_block_is_follows_from_its_info_string() {
        let file = |name: &str| Ok(Kind::File(name.to_owned()));
        assert_eq!(kind("toml", "schema = 1\nname = \"a\""), file("a.toml"));
        assert_eq!(kind("toml file=b.toml", "x = 1"), file("b.toml"));
        assert_eq!(kind("csv file=c.csv", "1,2"), file("c.csv"));
        assert_eq!(kind("toml add=b.toml", "x = 1"), Ok(Kind::Addition("b.toml".to_owned())));
        assert_eq!(kind("toml fragment", "x = 1"), Ok(Kind::Fragment));
        assert_eq!(kind("console", "$ oomcast run a.toml"), Ok(Kind::Console));
        assert_eq!(kind("sh", "kubectl get pods"), Ok(Kind::Shown));
        assert_eq!(kind("sh", "cargo test   # of oomcast itself"), Ok(Kind::Shown));
        assert_eq!(kind("sh not-run", "parallel oomcast run"), Ok(Kind::Typed));
    }

    #[test]
    fn no_block_escapes_by_its_info_string() {
        for (info, text) in [
            ("", "text"),
            ("toml", "x = 1"),
            ("toml", "= 1"),
            ("toml fil=a.toml", "x = 1"),
            ("csv add=a.csv", "1,2"),
            ("console quiet", "$ oomcast run a.toml"),
            ("sh", "oomcast run a.toml"),
            ("text", "$ oomcast run a.toml"),
            ("sh", "cargo run --release -- run a.toml"),
            ("rust", "fn main() {}"),
        ] {
            assert!(kind(info, text).is_err(), "{info}: {text}");
        }
    }

    #[test]
    fn links_to_files_are_found() {
        let text = "[a](b.md) [c](https://d) ![e](f.svg)\n```text\n[g](h)\n```\n[i](#j)\n";
        assert_eq!(links(text), ["b.md", "f.svg", "#j"]);
    }
}
