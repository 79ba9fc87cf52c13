//! Dumps of API Priority and Fairness, as the debug endpoints of a real server print them.
//!
//! Source of the columns: k8s.io/apiserver `pkg/util/flowcontrol/apf_controller_debug.go`, v0.36.3.
//! Upstream lists queues in no certain order of levels; here they come by name.

use crate::results::{ApfDump, LevelDump, QueueDump};
use crate::units::SimSpan;

/// The columns of `dump_priority_levels`.
const LEVELS: [&str; 10] = [
    "PriorityLevelName",
    "ActiveQueues",
    "IsIdle",
    "IsQuiescing",
    "WaitingRequests",
    "ExecutingRequests",
    "DispatchedRequests",
    "RejectedRequests",
    "TimedoutRequests",
    "CancelledRequests",
];

/// The columns of `dump_queues`.
const QUEUES: [&str; 9] = [
    "PriorityLevelName",
    "Index",
    "PendingRequests",
    "ExecutingRequests",
    "SeatsInUse",
    "NextDispatchR",
    "InitialSeatsSum",
    "MaxSeatsSum",
    "TotalWorkSum",
];

/// The narrowest column of Go's `tabwriter` as the endpoints use it.
const NARROWEST: usize = 8;

/// The name of a dump's file in the run folder: `apf-apiserver-0-1m5s.txt`.
#[must_use]
pub fn file_name(dump: &ApfDump) -> String {
    format!("apf-{}-{}.txt", dump.server, SimSpan(dump.at.0))
}

/// Both tables of a dump, each below the path that serves it; `replication` is the one it is of.
#[must_use]
pub fn render(dump: &ApfDump, replication: u32) -> String {
    let head = format!(
        "# {} at {} of replication {replication}, the one with the highest peak\n",
        dump.server,
        SimSpan(dump.at.0)
    );
    if !dump.running {
        return head + "# no process listens\n";
    }
    let path = |name: &str| format!("# /debug/api_priority_and_fairness/{name}\n");
    head + &path("dump_priority_levels")
        + &priority_levels(&dump.levels)
        + "\n"
        + &path("dump_queues")
        + &queues(&dump.queues)
}

/// What `dump_priority_levels` prints.
#[must_use]
pub fn priority_levels(levels: &[LevelDump]) -> String {
    let row = |level: &LevelDump| {
        [
            level.name.clone(),
            level.active_queues.to_string(),
            level.idle.to_string(),
            level.quiescing.to_string(),
            level.waiting.to_string(),
            level.executing.to_string(),
            level.dispatched.to_string(),
            level.rejected.to_string(),
            level.timed_out.to_string(),
            level.cancelled.to_string(),
        ]
    };
    table(LEVELS, levels.iter().map(row))
}

/// What `dump_queues` prints.
#[must_use]
pub fn queues(queues: &[QueueDump]) -> String {
    let row = |queue: &QueueDump| {
        [
            queue.level.clone(),
            queue.index.to_string(),
            queue.waiting.to_string(),
            queue.executing.to_string(),
            queue.seats_in_use.to_string(),
            seat_seconds(queue.next_dispatch_r),
            queue.initial_seats.to_string(),
            queue.max_seats.to_string(),
            seat_seconds(queue.total_work),
        ]
    };
    table(QUEUES, queues.iter().map(row))
}

/// `12.34567890ss` of 10^-8 seat-seconds.
fn seat_seconds(units: u64) -> String {
    format!("{}.{:08}ss", units / 100_000_000, units % 100_000_000)
}

/// Cells with commas after all but the last, each column as wide as its widest cell and a blank.
fn table<const N: usize>(columns: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut cells = vec![columns.map(str::to_owned)];
    cells.extend(rows);
    let mut widths = [NARROWEST; N];
    for row in &mut cells {
        row.iter_mut().take(N - 1).for_each(|cell| cell.push(','));
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count() + 1);
        }
    }
    let mut text = String::new();
    for row in &cells {
        for (cell, width) in row.iter().zip(widths).take(N - 1) {
            text += cell;
            text.extend(std::iter::repeat_n(' ', width - cell.chars().count()));
        }
        text += &row[N - 1];
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{file_name, priority_levels, queues, render, seat_seconds};
    use crate::results::{ApfDump, LevelDump, QueueDump};
    use crate::units::SimTime;

    fn level(name: &str, idle: bool, waiting: u64) -> LevelDump {
        LevelDump {
            name: name.into(),
            active_queues: waiting.min(3),
            idle,
            waiting,
            executing: 12 * u64::from(!idle),
            dispatched: 4_321,
            ..LevelDump::default()
        }
    }

    #[test]
    fn levels_in_the_layout_of_the_endpoint() {
        let levels = [level("catch-all", true, 0), level("d8-serviceaccounts", false, 1_234)];
        assert_eq!(
            priority_levels(&levels),
            "PriorityLevelName,  ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, \
             ExecutingRequests, DispatchedRequests, RejectedRequests, TimedoutRequests, \
             CancelledRequests\n\
             catch-all,          0,            true,   false,       0,               \
             0,                 4321,               0,                0,                0\n\
             d8-serviceaccounts, 3,            false,  false,       1234,            \
             12,                4321,               0,                0,                0\n"
        );
    }

    #[test]
    fn queues_in_the_layout_of_the_endpoint() {
        let queue = QueueDump {
            level: "wl".into(),
            index: 7,
            waiting: 2,
            executing: 1,
            seats_in_use: 10,
            next_dispatch_r: 123_456_789_012,
            initial_seats: 20,
            max_seats: 20,
            total_work: 6_000_000,
        };
        assert_eq!(
            queues(&[queue]),
            "PriorityLevelName, Index,  PendingRequests, ExecutingRequests, SeatsInUse, \
             NextDispatchR,   InitialSeatsSum, MaxSeatsSum, TotalWorkSum\n\
             wl,                7,      2,               1,                 10,         \
             1234.56789012ss, 20,              20,          0.06000000ss\n"
        );
        assert_eq!(seat_seconds(u64::MAX), "184467440737.09551615ss");
    }

    #[test]
    fn a_server_that_is_down_answers_nothing() {
        let at = SimTime(65_000_000_000);
        let down = ApfDump { server: "apiserver-1".into(), at, ..ApfDump::default() };
        assert_eq!(file_name(&down), "apf-apiserver-1-1m5s.txt");
        let text = render(&down, 3);
        assert!(text.starts_with("# apiserver-1 at 1m5s of replication 3"), "{text}");
        assert!(text.ends_with("# no process listens\n"), "{text}");
    }
}
