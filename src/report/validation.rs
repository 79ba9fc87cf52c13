//! `oomcast validate` for people: predictions beside measurements, on the terminal and as Markdown.

use super::format::{clean, deviation, note, percent};
use super::table::Columns;
use super::text;
use crate::results::{
    Coverage, ErrorSpread, Orderings, PublishedScenario, ReplayedRun, ReplayedServers, Validation,
};
use crate::units::Bytes;

/// The longest name of a run that fits into 80 columns.
const NAME: usize = 43;

/// The same beside the errors.
const WORST: usize = 26;

/// Most pairs ordered wrongly that are named.
const SHOWN_PAIRS: usize = 5;

/// Renders the terminal result: a line a run, then how far off all are.
#[must_use]
pub fn render(validation: &Validation) -> String {
    let mut parts = Vec::new();
    if !validation.runs.is_empty() {
        parts.extend([runs(validation), errors(validation)]);
    }
    parts.extend(validation.several_servers.iter().map(servers));
    if !validation.published.is_empty() {
        parts.push(published(&validation.published));
    }
    let notes = validation.notes.iter();
    let notes = notes.fold(String::new(), |text, n| text + &note(n) + "\n");
    parts.extend((!notes.is_empty()).then_some(notes));
    parts.join("\n")
}

fn runs(validation: &Validation) -> String {
    let mut table = Columns::new(&[
        "<peak of the resident set,\nGiB; error in per cent",
        "meas-\nured",
        "pre-\ndicted",
        "\nerror",
        "given\nbase",
        "lost\nm/p",
    ]);
    for run in &validation.runs {
        table.row(&[
            clean(&run.id, NAME),
            gib(run.measured_peak_bytes),
            gib(run.predicted_peak_bytes),
            signed(Some(run.error)),
            signed(run.error_from_before),
            lost(run).to_owned(),
        ]);
    }
    table.finish()
}

/// Whether the server was lost: measured / predicted.
fn lost(run: &ReplayedRun) -> &'static str {
    match (run.measured_killed, run.predicted_killed) {
        (false, false) => "-/-",
        (true, true) => "x/x",
        (true, false) => "x/-",
        (false, true) => "-/x",
    }
}

fn errors(validation: &Validation) -> String {
    let mut table = Columns::new(&["<", "runs", "median", "p90", "worst", "<"]);
    for (name, spread) in spreads(validation) {
        table.row(&[
            name.to_owned(),
            spread.count.to_string(),
            percent(spread.median),
            percent(spread.p90),
            percent(spread.worst),
            clean(&spread.worst_id, WORST),
        ]);
    }
    let seeds = match validation.replications {
        1 => "1 replication a run".to_owned(),
        n => format!("median of {n} replications a run"),
    };
    format!(
        "Absolute errors ({seeds}, seed {})\n{}  {}\n  {}\n  {}\n",
        validation.seed,
        table.finish(),
        losses(validation),
        covered(validation),
        ordered(&validation.orderings)
    )
}

/// The rows of the table of errors.
fn spreads(validation: &Validation) -> impl Iterator<Item = (&'static str, &ErrorSpread)> {
    [
        ("peak, blind", &validation.peaks),
        ("peak, given base", &validation.peaks_from_before),
        ("rise above base", &validation.rises),
        ("duration", &validation.durations),
    ]
    .into_iter()
    .filter_map(|(name, spread)| Some((name, spread.as_ref()?)))
}

fn losses(validation: &Validation) -> String {
    let losses = validation.losses;
    let unsure = match losses.too_close {
        0 => String::new(),
        n => format!("; {n} of the others too close to call"),
    };
    format!(
        "lost servers predicted: {} of {}; survivals predicted: {} of {}{unsure}",
        losses.lost_predicted, losses.lost, losses.survived_predicted, losses.survived
    )
}

/// How many measured peaks lie in the intervals of their predictions.
fn covered(validation: &Validation) -> String {
    let Coverage { runs, held, survived, held_left_out } = validation.coverage;
    format!(
        "peaks inside their intervals: {held} of {runs}; with intervals learned from the other runs \
         only: {held_left_out} of {survived}"
    )
}

/// Pairs of runs that differ in one setting, with those that are ordered wrongly.
fn ordered(orderings: &Orderings) -> String {
    let Orderings { pairs, right, wrong } = orderings;
    let mut text = format!("pairs of runs with one difference, ordered right: {right} of {pairs}");
    for pair in wrong.iter().take(SHOWN_PAIRS) {
        let (lower, higher) = (clean(&pair.lower, WORST), clean(&pair.higher, WORST));
        text.extend([format!("\n    {}: {lower} < {higher}", clean(&pair.setting, WORST))]);
    }
    text
}

fn servers(run: &ReplayedServers) -> String {
    let title = format!("<{} ({} servers, {} clients)", run.id, run.servers, run.clients);
    let mut table = Columns::new(&[&title, "measured", "predicted"]);
    for [name, measured, predicted] in figures(run) {
        table.row(&[name, measured, predicted]);
    }
    table.finish()
}

/// What is compared of several servers: name, measured, predicted.
fn figures(run: &ReplayedServers) -> Vec<[String; 3]> {
    let count = |n: Option<u32>| n.map_or_else(dash, |n| n.to_string());
    let row = |name: &str, measured, predicted| [name.to_owned(), measured, predicted];
    let (lost, first) = (run.measured_servers_lost, run.measured_first_death_seconds);
    vec![
        row("deaths", run.measured_deaths.to_string(), run.predicted_deaths.to_string()),
        row("servers that died", count(lost), run.predicted_servers_lost.to_string()),
        row("first death after", seconds(first), seconds(run.predicted_first_death_seconds)),
        row(
            "clients synced at the end",
            count(run.measured_synced),
            run.predicted_synced.to_string(),
        ),
        row(
            "highest peak",
            run.measured_peak_bytes.to_string(),
            run.predicted_peak_bytes.to_string(),
        ),
    ]
}

fn published(scenarios: &[PublishedScenario]) -> String {
    let one = |scenario: &PublishedScenario| {
        format!("{}\n{}", clean(&scenario.scenario, 78), text::figures(&scenario.rows))
    };
    let tables: Vec<String> = scenarios.iter().map(one).collect();
    format!("Published figures\n\n{}", tables.join("\n"))
}

fn dash() -> String {
    "-".to_owned()
}

fn gib(bytes: Bytes) -> String {
    let value = bytes.as_gib();
    let digits = if value < 99.995 { 2 } else { 1 };
    format!("{value:.digits$}")
}

/// Signed per cent without the sign of per cent.
fn signed(error: Option<f64>) -> String {
    error.map_or_else(dash, |error| format!("{:+.1}", error * 100.0))
}

fn seconds(value: Option<f64>) -> String {
    value.map_or_else(dash, |value| format!("{value:.1} s"))
}

/// Renders the result as Markdown: every column, the ledger of the documentation.
#[must_use]
pub fn markdown(validation: &Validation) -> String {
    let mut text = String::new();
    if !validation.runs.is_empty() {
        text += "| run | peak measured | predicted | error | given base | rise error | seconds measured \
                 | predicted | lost (measured/predicted) |\n\
                 |---|--:|--:|--:|--:|--:|--:|--:|---|\n";
        text.extend(validation.runs.iter().map(markdown_run));
        text += "\n| absolute error of | runs | median | 90th percentile | worst | of |\n";
        text += "|---|--:|--:|--:|--:|---|\n";
        text.extend(spreads(validation).map(|(name, spread)| {
            format!(
                "| {name} | {} | {} | {} | {} | {} |\n",
                spread.count,
                percent(spread.median),
                percent(spread.p90),
                percent(spread.worst),
                plain(&spread.worst_id)
            )
        }));
        text.extend(["\n", &sentence(&losses(validation)), "\n"]);
        text.extend([&sentence(&covered(validation)), "\n"]);
        text.extend([&sentence(&ordered(&validation.orderings)), "\n"]);
    }
    for run in &validation.several_servers {
        let (id, servers, clients) = (plain(&run.id), run.servers, run.clients);
        let title = format!("\n| {id} ({servers} servers, {clients} clients)");
        text.extend([&title, " | measured | predicted |\n|---|--:|--:|\n"]);
        let rows = figures(run);
        text.extend(rows.iter().map(|row| format!("| {} |\n", row.join(" | "))));
    }
    if !validation.published.is_empty() {
        text +=
            "\n| scenario | phase | figure | published | predicted | error | within | source |\n";
        text += "|---|---|---|--:|--:|--:|---|---|\n";
        text.extend(validation.published.iter().flat_map(markdown_published));
    }
    if !validation.domain.is_empty() {
        text += "\n| validated domain | measured |\n|---|---|\n";
        let rows = validation.domain.iter();
        text.extend(
            rows.map(|row| format!("| {} | {} |\n", plain(&row.what), plain(&row.measured))),
        );
    }
    let notes = validation.notes.iter();
    notes.fold(text, |text, note| text + "\n> note: " + &plain(note) + "\n")
}

fn markdown_run(run: &ReplayedRun) -> String {
    let error = |error: Option<f64>| error.map_or_else(dash, deviation);
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        plain(&run.id),
        run.measured_peak_bytes,
        run.predicted_peak_bytes,
        deviation(run.error),
        error(run.error_from_before),
        error(run.rise_error),
        run.measured_seconds.map_or_else(dash, |s| format!("{s:.1}")),
        run.predicted_seconds.map_or_else(dash, |s| format!("{s:.1}")),
        lost(run)
    )
}

fn markdown_published(scenario: &PublishedScenario) -> Vec<String> {
    let row = |row: &crate::results::PublishedRow| {
        format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
            plain(&scenario.scenario),
            plain(&row.phase),
            plain(&row.metric),
            plain(&row.published),
            plain(&row.predicted),
            row.error.map_or_else(dash, deviation),
            if row.within { "yes" } else { "**no**" },
            plain(&row.source)
        )
    };
    scenario.rows.iter().map(row).collect()
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| format!("{}{}.", c.to_uppercase(), chars.as_str()))
}

fn plain(text: &str) -> String {
    super::markdown::plain(text)
}
