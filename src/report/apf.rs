//! The priority levels and fleets of `oomcast show --apf`.

use super::format::grouped;
use super::page::{Page, Section};
use super::table::Table;
use crate::results::{ApfPlan, LevelPlan};

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
    let table = Table::of(&plan.levels)
        .words("\nlevel", |level| level.name.clone())
        .at_most(20)
        .words("\ntype", |level| level.response.to_owned())
        .numbers("\nshares", |level| level.shares.to_string())
        .numbers("\nseats", |level| level.nominal_seats.to_string())
        .numbers("\nlends", |level| level.lendable_seats.to_string())
        .numbers("\nmin", |level| level.min_seats.to_string())
        .numbers("\nmax", |level| level.max_seats.to_string())
        .numbers("queues/\nhand/len", queues)
        .numbers("\ncap", |level| {
            level.request_seats.map_or_else(|| "-".to_owned(), |seats| seats.to_string())
        });
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

fn queues(level: &LevelPlan) -> String {
    match (level.queues, level.hand_size, level.queue_length_limit) {
        (Some(queues), Some(hand), Some(length)) => format!("{queues}/{hand}/{length}"),
        _ => "-".to_owned(),
    }
}

/// Two lines per fleet: names are long.
fn fleets(plan: &ApfPlan) -> Section {
    let two = |first: &str, second: &str| format!("{first}\n  {second}");
    let table = Table::of(&plan.fleets)
        .words("fleet\nmembers", |fleet| two(&fleet.name, &grouped(fleet.members.into())))
        .at_most(20)
        .words("request\nresource", |fleet| two(fleet.request, &fleet.resource))
        .at_most(20)
        .words("flow schema\nlevel", |fleet| two(&fleet.flow_schema, &fleet.level))
        .at_most(20)
        .numbers("seats\neach", |fleet| fleet.seats.to_string())
        .numbers("at\nonce", |fleet| fleet.at_once.map_or_else(|| "-".to_owned(), grouped));
    let section = Section::titled("Fleets").table(table);
    if plan.fleets.is_empty() {
        return section;
    }
    section
        .legend("seats: of each request at its start, once the server has counted the objects")
        .legend("at once: such requests in the nominal seats of the level, on each server")
}
