//! Dumps of API Priority and Fairness, as the debug endpoints of a real server print them.
//!
//! Source of the columns: k8s.io/apiserver `pkg/util/flowcontrol/apf_controller_debug.go`, v0.36.3.
//! Upstream lists queues in no certain order of levels; here they come by name.

use crate::results::{ApfDump, LevelDump, QueueDump, RequestDump};
use crate::units::{SimSpan, SimTime};

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

/// The columns of `dump_requests`, without details.
const REQUESTS: [&str; 10] = [
    "PriorityLevelName",
    "FlowSchemaName",
    "QueueIndex",
    "RequestIndexInQueue",
    "FlowDistingsher",
    "ArriveTime",
    "InitialSeats",
    "FinalSeats",
    "AdditionalLatency",
    "StartTime",
];

/// The narrowest column of Go's `tabwriter` as the endpoints use it.
const NARROWEST: usize = 8;

/// The name of a dump's file in the run folder: `apf-apiserver-0-1m5s.txt`.
#[must_use]
pub fn file_name(dump: &ApfDump) -> String {
    format!("apf-{}-{}.txt", dump.server, SimSpan(dump.at.0))
}

/// The tables of a dump, each below the path that serves it; `replication` is the one it is of.
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
        + "\n"
        + &path("dump_requests")
        + "# the run starts at 1970-01-01T00:00:00Z\n"
        + &requests(&dump.requests)
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

/// What `dump_requests` prints.
#[must_use]
pub fn requests(requests: &[RequestDump]) -> String {
    let index = |index: Option<u64>| index.map_or_else(|| "-1".to_owned(), |i| i.to_string());
    let row = |request: &RequestDump| {
        [
            request.level.clone(),
            request.flow_schema.clone(),
            index(request.queue),
            index(request.place),
            request.distinguisher.clone(),
            rfc3339(request.arrived),
            request.initial_seats.to_string(),
            request.final_seats.to_string(),
            request.additional_latency.to_string(),
            // Go's zero time.
            request.started.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), rfc3339),
        ]
    };
    table(REQUESTS, requests.iter().map(row))
}

/// An instant of a run that starts with the Unix epoch, as Go's `RFC3339Nano` has it.
fn rfc3339(at: SimTime) -> String {
    let (seconds, nanos) = (at.0 / 1_000_000_000, at.0 % 1_000_000_000);
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let fraction = format!(".{nanos:09}");
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Year, month and day that many days after 1970-01-01.
fn civil(mut days: u64) -> (u64, u64, u64) {
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    for (month, length) in (1..).zip([31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
        if days < length {
            return (year, month, days + 1);
        }
        days -= length;
    }
    (year, 12, 31)
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
    use super::{file_name, priority_levels, queues, render, requests, rfc3339, seat_seconds};
    use crate::results::{ApfDump, LevelDump, QueueDump, RequestDump};
    use crate::units::{SimSpan, SimTime};

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
    fn requests_in_the_layout_of_the_endpoint() {
        let waiting = RequestDump {
            level: "system".into(),
            flow_schema: "system-nodes".into(),
            queue: Some(26),
            place: Some(0),
            distinguisher: "system:node:0".into(),
            arrived: SimTime(61_500_000_000),
            initial_seats: 10,
            ..RequestDump::default()
        };
        let executing = RequestDump {
            queue: None,
            place: None,
            initial_seats: 1,
            final_seats: 3,
            additional_latency: SimSpan::millis(5),
            started: Some(SimTime(62_000_000_001)),
            ..waiting.clone()
        };
        assert_eq!(
            requests(&[waiting, executing]),
            "PriorityLevelName, FlowSchemaName, QueueIndex, RequestIndexInQueue, FlowDistingsher, \
             ArriveTime,             InitialSeats, FinalSeats, AdditionalLatency, StartTime\n\
             system,            system-nodes,   26,         0,                   system:node:0,   \
             1970-01-01T00:01:01.5Z, 10,           0,          0s,                \
             0001-01-01T00:00:00Z\n\
             system,            system-nodes,   -1,         -1,                  system:node:0,   \
             1970-01-01T00:01:01.5Z, 1,            3,          5ms,               \
             1970-01-01T00:01:02.000000001Z\n"
        );
        let day = 86_400_000_000_000;
        assert_eq!(rfc3339(SimTime((365 * 2 + 31 + 28) * day)), "1972-02-29T00:00:00Z");
        assert_eq!(rfc3339(SimTime(365 * day - 1)), "1970-12-31T23:59:59.999999999Z");
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
