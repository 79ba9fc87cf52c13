//! A table of a page, as columns on a terminal and as Markdown.

use textwrap::core::display_width;

use super::format::{clean, markdown, on_one_line, wrap};

/// How a column looks.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Look {
    /// Its head; a line feed breaks it on the terminal.
    head: String,
    /// Whether it is set to the right.
    number: bool,
    /// The longest cell on the terminal, in characters.
    longest: usize,
    /// Whether only Markdown has room for it.
    markdown_only: bool,
}

impl Look {
    /// The head on one line; a word that was broken is joined.
    fn name(&self) -> String {
        self.head.replace("-\n", "").trim_start_matches('\n').replace('\n', " ")
    }
}

/// Heads and rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    looks: Vec<Look>,
    rows: Vec<Vec<String>>,
    /// Rows whose first cell is a word of warning.
    strong: Vec<usize>,
}

/// The longest cell of a column on the terminal that does not say otherwise.
const LONGEST: usize = 60;
/// A head that is longer would be read more often than the cells below it.
const LONG_HEAD: usize = 20;
/// Columns of the terminal before a table, and between two columns.
const GAP: usize = 2;

impl Table {
    /// A table with a row for each of `rows`, to which columns are added.
    pub(super) fn of<R>(rows: &[R]) -> Columns<'_, R> {
        let table =
            Self { looks: Vec::new(), rows: vec![Vec::new(); rows.len()], strong: Vec::new() };
        Columns { rows, table }
    }

    /// The same, where the first cell of some rows is a word of warning: `words` are those that are.
    pub(super) fn warning(mut self, words: &[&str]) -> Self {
        let warns = |row: &Vec<String>| row.first().is_some_and(|cell| words.contains(&&**cell));
        self.strong = (0..self.rows.len()).filter(|index| warns(&self.rows[*index])).collect();
        self
    }

    /// Adds a row at the end.
    pub(super) fn and(mut self, cells: impl Into<Vec<String>>) -> Self {
        self.rows.push(cells.into());
        self
    }

    /// Whether it has no rows.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table in lines of at most `width` columns: as columns where they fit, else each row as a
    /// list of its cells.
    pub(super) fn lines(&self, width: usize) -> Vec<String> {
        let shown = || self.looks.iter().enumerate().filter(|(_, column)| !column.markdown_only);
        let heads = shown().map(|(_, column)| column.head.clone()).collect();
        let cells = |row: &Vec<String>| -> Vec<String> {
            let cell = |(index, column): (usize, &Look)| {
                let text = row.get(index).map_or("", String::as_str);
                let lines: Vec<String> =
                    text.split('\n').map(|line| clean(line, column.longest)).collect();
                lines.join("\n")
            };
            shown().map(cell).collect()
        };
        let rows: Vec<Vec<String>> = self.rows.iter().map(cells).collect();
        let columns: Vec<&Look> = shown().map(|(_, column)| column).collect();
        if columns.is_empty() {
            return Vec::new();
        }
        let grid = Grid { columns: &columns, heads, rows };
        if grid.width() <= width { grid.lines() } else { grid.stacked(width) }
    }

    /// The table as Markdown.
    pub(super) fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut text = line(self.looks.iter().map(|column| markdown(&column.name())).collect());
        let rule = |column: &Look| if column.number { "--:" } else { "---" }.to_owned();
        text += &line(self.looks.iter().map(rule).collect());
        for (index, row) in self.rows.iter().enumerate() {
            let strong = self.strong.contains(&index);
            let cell = |(column, _): (usize, &Look)| {
                let cell = row.get(column).map_or(String::new(), |cell| markdown(cell));
                if strong && column == 0 { format!("**{cell}**") } else { cell }
            };
            text += &line(self.looks.iter().enumerate().map(cell).collect());
        }
        text
    }
}

impl Table {
    /// The table as HTML, with a name for those who do not see it; `escape` makes text safe.
    pub(super) fn html(&self, name: &str, escape: fn(&str) -> String) -> String {
        let class = |number: bool| if number { " class=\"n\"" } else { "" };
        let head = |look: &Look| {
            format!("<th scope=\"col\"{}>{}</th>", class(look.number), escape(&look.name()))
        };
        let heads: String = self.looks.iter().map(head).collect();
        let row = |(index, cells): (usize, &Vec<String>)| {
            let warning = if self.strong.contains(&index) { " class=\"warning\"" } else { "" };
            let cell = |(at, text): (usize, &String)| {
                let number = self.looks.get(at).is_some_and(|look| look.number);
                let lines: Vec<String> = text.split('\n').map(escape).collect();
                format!("<td{}>{}</td>", class(number), lines.join("<br>"))
            };
            let cells: String = cells.iter().enumerate().map(cell).collect();
            format!("<tr{warning}>{cells}</tr>\n")
        };
        let rows: String = self.rows.iter().enumerate().map(row).collect();
        let name = escape(name);
        format!(
            "<div class=\"scroll\" tabindex=\"0\"><table aria-label=\"{name}\">\n<thead><tr>{heads}</tr></thead>\n\
             <tbody>\n{rows}</tbody>\n</table></div>\n"
        )
    }
}

/// A table to which columns are added: each has its head, and what its cells say of a row.
pub(super) struct Columns<'r, R> {
    rows: &'r [R],
    table: Table,
}

impl<R> Columns<'_, R> {
    /// Adds a column of words.
    pub(super) fn words(self, head: impl Into<String>, cell: impl Fn(&R) -> String) -> Self {
        self.column(head.into(), false, cell)
    }

    /// Adds a column of numbers.
    pub(super) fn numbers(self, head: impl Into<String>, cell: impl Fn(&R) -> String) -> Self {
        self.column(head.into(), true, cell)
    }

    fn column(mut self, head: String, number: bool, cell: impl Fn(&R) -> String) -> Self {
        self.table.looks.push(Look { head, number, longest: LONGEST, markdown_only: false });
        for (cells, row) in self.table.rows.iter_mut().zip(self.rows) {
            cells.push(cell(row));
        }
        self
    }

    /// Makes the cells of the last column shorter on the terminal.
    pub(super) fn at_most(mut self, longest: usize) -> Self {
        self.table.looks.last_mut().into_iter().for_each(|look| look.longest = longest);
        self
    }

    /// Shows the last column in Markdown only.
    pub(super) fn markdown_only(mut self) -> Self {
        self.table.looks.last_mut().into_iter().for_each(|look| look.markdown_only = true);
        self
    }

    /// The table.
    pub(super) fn done(self) -> Table {
        self.table
    }
}

impl<R> From<Columns<'_, R>> for Table {
    fn from(columns: Columns<'_, R>) -> Self {
        columns.table
    }
}

/// What a terminal shows of a table.
struct Grid<'t> {
    columns: &'t [&'t Look],
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Grid<'_> {
    /// The widths of the columns.
    fn widths(&self) -> Vec<usize> {
        let of = |index: usize| {
            let cells = self.rows.iter().chain([&self.heads]).filter_map(|row| row.get(index));
            cells.flat_map(|cell| cell.split('\n')).map(display_width).max().unwrap_or(0)
        };
        (0..self.columns.len()).map(of).collect()
    }

    fn width(&self) -> usize {
        self.widths().iter().map(|width| width + GAP).sum()
    }

    fn lines(&self) -> Vec<String> {
        let widths = self.widths();
        let mut lines = Vec::new();
        if self.heads.iter().any(|head| !head.is_empty()) {
            self.add(&self.heads, &widths, true, &mut lines);
        }
        for row in &self.rows {
            self.add(row, &widths, false, &mut lines);
        }
        lines
    }

    /// Adds the lines of a row; heads stand on the line above the first row.
    fn add(&self, row: &[String], widths: &[usize], at_bottom: bool, lines: &mut Vec<String>) {
        let cells: Vec<Vec<&str>> = row.iter().map(|cell| cell.split('\n').collect()).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(1);
        for index in 0..height {
            let mut line = String::new();
            for ((cell, width), column) in cells.iter().zip(widths).zip(self.columns) {
                let skipped = if at_bottom { height - cell.len() } else { 0 };
                let text = index.checked_sub(skipped).and_then(|at| cell.get(at)).unwrap_or(&"");
                let space = " ".repeat(width.saturating_sub(display_width(text)));
                let gap = " ".repeat(GAP);
                let parts =
                    if column.number { [&gap, &space, *text] } else { [&gap, *text, &space] };
                line.extend(parts);
            }
            lines.push(line.trim_end().to_owned());
        }
    }

    /// Each row as a list of heads with their cells.
    fn stacked(&self, width: usize) -> Vec<String> {
        let indent = " ".repeat(GAP);
        let row = |row: &Vec<String>| {
            let pairs = row.iter().zip(self.columns).filter(|(cell, _)| !cell.is_empty());
            let pairs: Vec<String> = pairs.map(|(cell, column)| pair(column, cell)).collect();
            wrap(&pairs.join(", "), width, &indent, &" ".repeat(2 * GAP))
        };
        self.rows.iter().flat_map(row).collect()
    }
}

/// A cell with its head, which stay on one line.
fn pair(column: &Look, cell: &str) -> String {
    let (heads, lines): (Vec<&str>, Vec<&str>) =
        (column.head.split('\n').collect(), cell.split('\n').map(str::trim).collect());
    if heads.len() == lines.len() && lines.len() > 1 {
        let both: Vec<String> =
            heads.iter().zip(&lines).map(|(head, line)| format!("{head} {line}")).collect();
        return both.join(", ");
    }
    let head = column.name();
    let text = if head.is_empty() || head.len() > LONG_HEAD {
        cell.to_owned()
    } else {
        format!("{head} {cell}")
    };
    on_one_line(&text)
}
