//! `oomcast speed` for people: how fast the machine is, and the lines that say so in a scenario.

use super::page::{Mood, Page, Section};
use super::table::Table;
use crate::results::MachineSpeed;

/// The page of a measurement.
#[must_use]
pub fn page(speed: &MachineSpeed) -> Page {
    let seconds = |value: f64| format!("{value:.2} s/GB");
    let rows = [
        (
            "cpu-speed",
            [speed.cpu_speed_low, speed.cpu_speed, speed.cpu_speed_high].map(|v| format!("{v:.2}")),
        ),
        (
            "page-fault-per-gb",
            [
                speed.page_fault_seconds_per_gb_low,
                speed.page_fault_seconds_per_gb,
                speed.page_fault_seconds_per_gb_high,
            ]
            .map(seconds),
        ),
    ];
    let table = Table::of(&rows)
        .words("measured", |(key, _)| (*key).to_owned())
        .numbers("p5", |(_, values)| values[0].clone())
        .numbers("p50", |(_, values)| values[1].clone())
        .numbers("p95", |(_, values)| values[2].clone());
    let mut page = Page {
        verdict: format!(
            "{:.2} times as fast as the first measured machine; page faults take {}",
            speed.cpu_speed,
            seconds(speed.page_fault_seconds_per_gb)
        ),
        mood: Mood::Good,
        notes: speed.notes.clone(),
        ..Page::default()
    };
    let rounds = format!("({} rounds of encoding, copying, reading and hashing)", speed.repeats);
    page.section(Section::titled("Measured").table(table).legend(rounds));
    let lines = speed.toml.lines().map(|line| format!("  {line}"));
    page.section(Section::new("In the scenario").legends(lines));
    page
}
