//! A page as Markdown: a comment on a pull request.

use super::format::{clean, markdown};
use super::page::{Block, Page, Section};

impl Page {
    /// The page as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut parts = Vec::new();
        if !self.title.is_empty() {
            parts.push(format!("## {}\n", markdown(&self.title)));
        }
        if !self.verdict.is_empty() {
            parts.push(format!("**{}**\n", markdown(&self.verdict)));
        }
        if !self.subject.is_empty() {
            let hashes = self.hashes.iter().map(|hash| format!("`{hash}`"));
            let subject = [markdown(&self.subject)].into_iter().chain(hashes);
            parts.push(subject.collect::<Vec<_>>().join(" · ") + "\n");
        }
        parts.extend(self.sections.iter().map(Section::markdown));
        parts.extend(self.listing.as_ref().map(|(of, text)| format!("```{of}\n{text}```\n")));
        parts.extend(self.notes.iter().map(|note| format!("> note: {}\n", markdown(note))));
        parts.join("\n")
    }
}

impl Section {
    fn markdown(&self) -> String {
        let mut parts = Vec::new();
        let heading = if self.heading.is_empty() { self.title } else { &self.heading };
        if !heading.is_empty() {
            parts.push(format!("### {}\n", markdown(heading)));
        }
        parts.extend(self.blocks.iter().map(|block| match block {
            Block::Table(table) => table.markdown(),
            Block::Text(text) | Block::Legend(text) => markdown(text) + "\n",
            Block::Items(items) => {
                let item = |(label, item): &(String, String)| {
                    format!("- `{}` {}\n", clean(label, usize::MAX), markdown(item))
                };
                items.iter().map(item).collect()
            }
        }));
        parts.join("\n")
    }
}
