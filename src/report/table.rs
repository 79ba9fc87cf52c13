//! Plain columns: two spaces between, numbers to the right, no frames.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// A table under construction.
pub(super) struct Columns {
    table: Table,
    alignments: Vec<CellAlignment>,
}

impl Columns {
    /// Columns with these headers. A header that starts with `<` is set to the left with its column,
    /// all others to the right; a line break makes a second header line.
    pub(super) fn new(headers: &[&str]) -> Self {
        let alignments = headers
            .iter()
            .map(|h| if h.starts_with('<') { CellAlignment::Left } else { CellAlignment::Right })
            .collect();
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(headers.iter().map(|h| h.trim_start_matches('<')));
        Self { table, alignments }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: &[String]) {
        self.table.add_row(cells);
    }

    /// The table, each line indented by two spaces and ended by a line feed.
    pub(super) fn finish(mut self) -> String {
        for (index, alignment) in self.alignments.iter().enumerate() {
            if let Some(column) = self.table.column_mut(index) {
                column.set_cell_alignment(*alignment);
                column.set_padding((2, 0));
            }
        }
        let lines = self.table.lines();
        lines.fold(String::new(), |text, line| text + line.trim_end() + "\n")
    }
}
