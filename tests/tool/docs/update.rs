//! What is printed now, written into the page.

use crate::docs::console::Step;
use crate::docs::matching::{ANYTHING, LINES, places};

/// A page in which outputs are replaced from top to bottom.
pub(crate) struct Renewed {
    lines: Vec<String>,
    /// How many lines the page has grown by so far.
    grown: isize,
}

impl Renewed {
    pub(crate) fn new(text: &str) -> Self {
        Self { lines: text.lines().map(str::to_owned).collect(), grown: 0 }
    }

    /// Replaces what stands below a command.
    pub(crate) fn replace(&mut self, step: &Step, output: &[String]) {
        let from = (step.below - 1).strict_add_signed(self.grown);
        let indented = output.iter().map(|line| match line.as_str() {
            "" => String::new(),
            line => format!("{}{line}", step.indent),
        });
        self.lines.splice(from..from + step.output.len(), indented);
        self.grown += output.len().cast_signed() - step.output.len().cast_signed();
    }

    pub(crate) fn text(self) -> String {
        self.lines.iter().fold(String::new(), |text, line| text + line + "\n")
    }
}

/// The output as the page should have it: with its elisions, where its lines are still known by their
/// words, or at least those beside the elisions are; else in full.
pub(crate) fn merged(said: &[String], printed: &[&str]) -> Vec<String> {
    if let Some(places) = places(said, printed, alike) {
        let lines = said.iter().zip(places).map(|(said, place)| match place {
            Some(place) => masked(printed[place]),
            None => said.clone(),
        });
        return lines.collect();
    }
    anchored(said, printed).unwrap_or_else(|| printed.iter().map(|line| masked(line)).collect())
}

/// What lies between the first and the last line of each part that is not elided, whatever it is.
fn anchored(said: &[String], printed: &[&str]) -> Option<Vec<String>> {
    let is_elision = |line: &String| line.trim() == LINES;
    let mut result = Vec::new();
    let mut from = 0;
    for part in said.chunk_by(|a, b| is_elision(a) == is_elision(b)) {
        let (first, last) = (part.first()?, part.last()?);
        if is_elision(first) {
            result.extend(part.iter().cloned());
            continue;
        }
        let find = |from: usize, said: &str| {
            let place = printed.get(from..)?.iter().position(|line| alike(said, line))?;
            Some(from + place)
        };
        let start = find(from, first)?;
        let end = find(start, last)?;
        result.extend(printed[start..=end].iter().map(|line| masked(line)));
        from = end + 1;
    }
    Some(result)
}

/// Whether two lines differ in figures only.
fn alike(a: &str, b: &str) -> bool {
    fn words(line: &str) -> impl Iterator<Item = &str> {
        const UNITS: [&str; 9] = ["B", "KiB", "MiB", "GiB", "kB", "MB", "GB", "s", "ms"];
        let words = line.split(|c: char| !c.is_alphabetic());
        words.filter(|word| !word.is_empty() && !UNITS.contains(word))
    }
    words(a).eq(words(b))
}

/// The line without what differs from one machine and one run to the next: how long it took.
fn masked(line: &str) -> String {
    for mark in [" simulated in ", " runs, seed 1, in "] {
        if let Some((before, _)) = line.split_once(mark) {
            return format!("{before}{mark}{ANYTHING}");
        }
    }
    line.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Renewed, merged};
    use crate::docs::console;
    use crate::docs::page::blocks;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn elisions_outlive_new_figures() {
        let printed = ["peak 2.5 GiB", "a", "b", "at 990 ms", "10:00 simulated in 0.1 s"];
        let said = lines("peak 1.5 GiB\n...\nat 1.5 s\n10:00 simulated in [..]");
        let expected = lines("peak 2.5 GiB\n...\nat 990 ms\n10:00 simulated in [..]");
        assert_eq!(merged(&said, &printed), expected);
        let said = lines("peak 1.5 GiB\na\nc\nb\n...\n10:00 simulated in [..]");
        let expected = lines("peak 2.5 GiB\na\nb\n...\n10:00 simulated in [..]");
        assert_eq!(merged(&said, &printed), expected, "between what is known");
        let said = lines("top 1.5 GiB\n...");
        let all = lines("peak 2.5 GiB\na\nb\nat 990 ms\n10:00 simulated in [..]");
        assert_eq!(merged(&said, &printed), all);
    }

    #[test]
    fn outputs_are_replaced_where_they_stand() {
        let page =
            "a\n\n- b\n\n  ```console\n  $ oomcast x\n  1\n\n  $ oomcast y\n  2\n  ```\n\nc\n";
        let block = &blocks(page).expect("closed")[0];
        let steps = console::steps(block).expect("commands");
        let mut renewed = Renewed::new(page);
        renewed.replace(&steps[0], &lines("3\n\n4"));
        renewed.replace(&steps[1], &lines("5"));
        let expected = "a\n\n- b\n\n  ```console\n  $ oomcast x\n  3\n\n  4\n\n  $ oomcast y\n  5\n  ```\n\nc\n";
        assert_eq!(renewed.text(), expected);
    }
}
