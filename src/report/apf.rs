//! The priority levels and fleets of `oomcast show --apf`.

use super::format::grouped;
use super::page::{Page, Section};
use super::table::{Table, numbers, words};
use crate::results::{ApfPlan, FleetPlan, LevelPlan};

/// The page of a plan.
#[must_use]
pub fn page(plan: &ApfPlan) -> Page {
    let mut page = Page::default();
    let subject = format!("{} · Kubernetes {}", plan.scenario, plan.release);
    page.section(Section::new(subject).text(seats(plan)));
    if plan.enabled {
        page.section(levels(plan));
        page.section(fleets(plan));
    }
    page
}

/// How many requests each server runs.
fn seats(plan: &ApfPlan) -> String {
    let reads = grouped(plan.max_requests_inflight.into());
    let writes = grouped(plan.max_mutating_requests_inflight.into());
    if !plan.enabled {
        return format!(
            "API Priority and Fairness is off: each server runs at most {reads} read and {writes} \
             mutating requests at once, and rejects the rest."
        );
    }
    let levels = match u64::try_from(plan.nominal_seats) {
        Ok(sum) if sum > plan.server_seats => {
            format!("; rounded up, those of its levels add up to {}", grouped(sum))
        }
        _ => String::new(),
    };
    let seats = grouped(plan.server_seats);
    format!("Each server has {seats} seats ({reads} + {writes}){levels}.")
}

fn levels(plan: &ApfPlan) -> Section {
    let mut table = Table::new([
        words("\nlevel").at_most(20),
        words("\ntype"),
        numbers("\nshares"),
        numbers("\nseats"),
        numbers("\nlends"),
        numbers("\nmin"),
        numbers("\nmax"),
        numbers("queues/\nhand/len"),
        numbers("\ncap"),
    ]);
    for level in &plan.levels {
        table.row(level_row(level));
    }
    let given: Vec<&str> =
        plan.levels.iter().filter(|level| level.given).map(|level| level.name.as_str()).collect();
    let given = match given.as_slice() {
        [] => "All are the release's defaults.".to_owned(),
        names => format!("From the scenario: {}.", names.join(", ")),
    };
    Section::titled("Priority levels")
        .table(table)
        .legend("seats: nominal limit; lends: of these, what an idle level lends")
        .legend("min, max: the limit with all lent, and with all it may borrow")
        .legend("cap: most seats that one request is charged")
        .text(given)
}

fn level_row(level: &LevelPlan) -> [String; 9] {
    let queues = match (level.queues, level.hand_size, level.queue_length_limit) {
        (Some(queues), Some(hand), Some(length)) => format!("{queues}/{hand}/{length}"),
        _ => "-".to_owned(),
    };
    [
        level.name.clone(),
        level.response.to_owned(),
        level.shares.to_string(),
        level.nominal_seats.to_string(),
        level.lendable_seats.to_string(),
        level.min_seats.to_string(),
        level.max_seats.to_string(),
        queues,
        level.request_seats.map_or_else(|| "-".to_owned(), |seats| seats.to_string()),
    ]
}

/// Two lines per fleet: names are long.
fn fleets(plan: &ApfPlan) -> Section {
    let mut table = Table::new([
        words("fleet\nmembers").at_most(20),
        words("request\nresource").at_most(20),
        words("flow schema\nlevel").at_most(20),
        numbers("seats\neach"),
        numbers("at\nonce"),
    ]);
    for fleet in &plan.fleets {
        table.row(fleet_row(fleet));
    }
    let section = Section::titled("Fleets").table(table);
    if plan.fleets.is_empty() {
        return section;
    }
    section
        .legend("seats: of each request at its start, once the server has counted the objects")
        .legend("at once: such requests in the nominal seats of the level, on each server")
}

fn fleet_row(fleet: &FleetPlan) -> [String; 5] {
    let two = |first: &str, second: &str| format!("{first}\n  {second}");
    [
        two(&fleet.name, &grouped(fleet.members.into())),
        two(fleet.request, &fleet.resource),
        two(&fleet.flow_schema, &fleet.level),
        fleet.seats.to_string(),
        fleet.at_once.map_or_else(|| "-".to_owned(), grouped),
    ]
}
