//! Keys that change nothing: what sweeps, searches and comparisons say of them. A reason is given only
//! where it is known: what the lint of keys without effect says of the key as it was set, the events
//! that start a number of members of their own, or a row of [`reasons`].

mod reasons;

use super::measure::headroom;
use super::replicate::{ReplicateError, guarded};
use super::variant::Variant;
use crate::model::RunOptions;
use crate::results::RunRecord;
use crate::scenario::{Code, load};

/// How a run went: all events with their times, and the share of the limit that was left.
pub(crate) type Course = (u64, u64);

/// How a run went.
pub(super) fn course(run: &RunRecord) -> Course {
    (run.trace_hash, headroom(run).to_bits())
}

/// How a replication goes.
///
/// # Errors
/// See [`ReplicateError`].
pub(crate) fn course_of(
    variant: &Variant,
    seed: u64,
    replication: u32,
) -> Result<Course, ReplicateError> {
    let options = RunOptions { seed, replication, timelines: false };
    guarded(replication, || variant.run(replication, options, &[])).map(|run| course(&run))
}

/// The note on a key along which all runs on the same draws are equal: of scenarios as they are in
/// effect, each with the overrides that set the key there. The first reason known counts.
pub(super) fn note(tried: &[(&str, Vec<String>)], key: &str, equal: &str) -> String {
    let reason = tried.iter().find_map(|(effective, sets)| reason(effective, sets, key));
    let reason = reason.map_or_else(String::new, |reason| format!("; {reason}"));
    format!("`{key}` changes nothing: {equal}{reason}")
}

/// Why a key changes nothing in a scenario as it is in effect, with the overrides that set the key there;
/// `None`: that is not known.
pub(crate) fn reason(effective: &str, sets: &[String], key: &str) -> Option<String> {
    let known = || {
        let scenario = load("effective", effective.as_bytes(), sets).ok()?;
        reasons::known(&scenario, key).map(str::to_owned)
    };
    sets.iter().find_map(|set| lint(effective, set)).or_else(|| own(effective, key)).or_else(known)
}

/// What the lint says of the key as it is set.
fn lint(effective: &str, set: &str) -> Option<String> {
    let found = load("effective", effective.as_bytes(), &[set.to_owned()]).ok()?;
    let idle = |note: &&crate::scenario::Diagnostic| {
        note.code == Code::NoEffect && note.primary.place.file == "--set"
    };
    let note = found.notes.iter().find(idle)?;
    Some(format!("{}, {}", note.code.id(), note.message))
}

/// The events that start a number of members of their own, whatever the count of the client.
fn own(effective: &str, key: &str) -> Option<String> {
    let client = key.strip_prefix("clients.")?.strip_suffix(".count")?;
    let client = client.trim_matches('"');
    let scenario: toml::Table = effective.parse().ok()?;
    let starts = scenario.get("events")?.as_array()?.iter().filter_map(|event| {
        let action = ["start", "restart"].iter().find_map(|action| event.get(action))?;
        let of_client = action.get("client")?.as_str()? == client;
        let count = action.get("count")?.as_integer()?;
        of_client.then_some(())?;
        Some(format!("`{}` {count}", event.get("name")?.as_str()?))
    });
    let starts: Vec<String> = starts.collect();
    let words = match starts.len() {
        0 => return None,
        1 => "the event that starts it has a number of its own",
        _ => "the events that start it have numbers of their own",
    };
    Some(format!("{words}: {}", starts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::note;

    const TEXT: &str = "schema = 1\nname = \"a\"\n[run]\nduration = \"1m\"\n[apiserver]\n\
        version = \"1.32\"\n[node]\nmemory = \"8GiB\"\n[objects.secrets]\ncount = 10\nsize = \"1kB\"\n\
        [[clients]]\nname = \"readers\"\ncount = 2\nstart = \"stopped\"\n\
        reflector = { resource = \"secrets\" }\n[[clients]]\nname = \"others\"\ncount = 2\n\
        reflector = { resource = \"secrets\", resource-version = \"\" }\n\
        [[events]]\nname = \"go\"\nat = \"10s\"\nstart = { client = \"readers\", count = 1 }\n";

    fn said(key: &str, set: &str) -> String {
        note(&[(TEXT, vec![format!("{key}={set}")])], key, "all are equal")
    }

    #[test]
    fn a_reason_is_what_is_known_and_else_none() {
        let limit = said("clients.readers.reflector.limit", "5");
        assert!(limit.contains("; W0305, `limit` has no effect: a filled watch cache"), "{limit}");
        // Of pages from etcd there is nothing of the kind to say.
        let limit = said("clients.others.reflector.limit", "5");
        assert!(limit.ends_with("all are equal"), "{limit}");
        let count = said("clients.readers.count", "3");
        assert!(count.ends_with("starts it has a number of its own: `go` 1"), "{count}");
        assert!(said("clients.others.count", "3").ends_with("all are equal"));
        for (key, value, reason) in [
            ("clients.readers.drain-rate", "1GB/s", "its clients never took less than came"),
            ("balancer.check-interval", "2s", "there is one server"),
            ("apiserver.goaway-chance", "0.01", "there is one server"),
            (
                "hardware.network",
                "20Gbit/s",
                "answers and watch events never wanted more than that",
            ),
            ("apiserver.shutdown-delay", "20s", "no event asks a server to end"),
            ("etcd.progress-notify-interval", "20s", "nothing is written"),
            ("apiserver.request-timeout", "2m", "no request took that long"),
        ] {
            assert!(said(key, value).ends_with(&format!("; {reason}")), "{}", said(key, value));
        }
    }
}
