//! The priority levels and fleets of `oomcast show --apf`, for the terminal.
//!
//! Readable at 80 columns and without colour.

use super::format::{clean, folded, grouped};
use super::table::Columns;
use crate::results::{ApfPlan, FleetPlan, LevelPlan};

/// Renders the plan.
#[must_use]
pub fn render(plan: &ApfPlan) -> String {
    let mut parts = vec![heading(plan)];
    if plan.enabled {
        parts.push(levels(plan));
    }
    if plan.enabled && !plan.fleets.is_empty() {
        parts.push(fleets(plan));
    }
    parts.join("\n")
}

fn heading(plan: &ApfPlan) -> String {
    let subject = format!("{} · Kubernetes {}", clean(&plan.scenario, 50), plan.release);
    let (reads, writes) = (plan.max_requests_inflight, plan.max_mutating_requests_inflight);
    if !plan.enabled {
        return format!(
            "{subject}\nAPI Priority and Fairness is off: each server runs at most {} reading and {}\n\
             mutating requests at once, and rejects the rest.\n",
            grouped(reads.into()),
            grouped(writes.into())
        );
    }
    let levels = match u64::try_from(plan.nominal_seats) {
        Ok(sum) if sum > plan.server_seats => {
            format!(", its levels {} by rounding up", grouped(sum))
        }
        _ => String::new(),
    };
    format!(
        "{subject}\nEach server has {} seats ({} + {}){levels}.\n",
        grouped(plan.server_seats),
        grouped(reads.into()),
        grouped(writes.into()),
    )
}

fn levels(plan: &ApfPlan) -> String {
    let mut table = Columns::new(&[
        "<\nlevel",
        "<\ntype",
        "\nshares",
        "\nseats",
        "\nlends",
        "\nmin",
        "\nmax",
        "queues/\nhand/len",
        "\ncap",
    ]);
    for level in &plan.levels {
        table.row(&level_row(level));
    }
    let given: Vec<String> = plan
        .levels
        .iter()
        .filter(|level| level.given)
        .map(|level| clean(&level.name, 40))
        .collect();
    let given = match given.as_slice() {
        [] => "All are the release's defaults.\n".to_owned(),
        names => folded(&format!("From the scenario: {}.", names.join(", "))),
    };
    let legend = "  seats: nominal limit; lends: of these, what idle levels lend\n  \
                  min, max: the limit with all lent, and with all it may borrow\n  \
                  cap: most seats that a request is charged\n";
    format!("{}{legend}{given}", table.finish())
}

fn level_row(level: &LevelPlan) -> [String; 9] {
    let queues = match (level.queues, level.hand_size, level.queue_length_limit) {
        (Some(queues), Some(hand), Some(length)) => format!("{queues}/{hand}/{length}"),
        _ => "-".to_owned(),
    };
    [
        clean(&level.name, 20),
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

/// Two lines a fleet: names are long.
fn fleets(plan: &ApfPlan) -> String {
    let mut table = Columns::new(&[
        "<fleet\nmembers",
        "<request\nresource",
        "<flow schema\nlevel",
        "seats\neach",
        "at\nonce",
    ]);
    for fleet in &plan.fleets {
        table.row(&fleet_row(fleet));
    }
    let legend = "  seats: of each request at its start, once the server has counted the objects\n  \
                  at once: such requests in the nominal seats of the level, on each server\n";
    format!("{}{legend}", table.finish())
}

fn fleet_row(fleet: &FleetPlan) -> [String; 5] {
    let two = |first: &str, second: &str, width| {
        format!("{}\n  {}", clean(first, width), clean(second, width - 2))
    };
    [
        two(&fleet.name, &grouped(fleet.members.into()), 20),
        two(fleet.request, &fleet.resource, 20),
        two(&fleet.flow_schema, &fleet.level, 20),
        fleet.seats.to_string(),
        fleet.at_once.map_or_else(|| "-".to_owned(), grouped),
    ]
}
