//! `watchcache`.

use std::collections::{BTreeMap, BTreeSet};

use oomcast::model::watchcache::{Change, EventRun, InitialEvents, Revision, WatchCache};
use oomcast::units::{SimSpan, SimTime};
use serde::Deserialize;
use serde_json::Value;

use super::interval::Interval;
use super::snapshots::Snapshots;
use crate::cases::check_all;

#[derive(Deserialize)]
struct Case {
    id: String,
    fresh: u64,
    steps: u64,
    ops: Vec<Vec<Value>>,
}

/// How the events of a `bulk` are handed over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Handing {
    /// As few runs as there are changes of what an event does.
    Runs,
    /// One by one.
    Events,
}

/// A cache, the numbers of its objects, the watches that pull.
struct Replay {
    cache: WatchCache,
    /// Followed where events come one by one.
    snapshots: Snapshots,
    objects: BTreeSet<u64>,
    now: SimTime,
    open: BTreeMap<u64, Interval>,
    handing: Handing,
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value}: not a whole number"))
}

fn numbers<const N: usize>(values: &[Value]) -> [u64; N] {
    let all: Vec<u64> = values.iter().map(number).collect();
    all.try_into().unwrap_or_else(|all| panic!("{all:?}: {N} numbers expected"))
}

fn version(revision: Option<Revision>) -> u64 {
    revision.map_or(0, |revision| revision.0)
}

impl Replay {
    fn new(case: &Case, handing: Handing) -> Self {
        Self {
            cache: WatchCache::new(SimSpan(case.fresh)),
            snapshots: Snapshots::default(),
            objects: BTreeSet::new(),
            now: SimTime::ZERO,
            open: BTreeMap::new(),
            handing,
        }
    }

    /// What an event does, given what the cache has.
    fn change(&mut self, name: &str, object: u64) -> Change {
        match name {
            "delete" if self.objects.remove(&object) => Change::Removed,
            "delete" => Change::Nothing,
            _ if self.objects.insert(object) => Change::Created,
            _ => Change::Replaced,
        }
    }

    fn event(&mut self, name: &str, [dt, revision, object]: [u64; 3]) {
        self.now += SimSpan(dt);
        let change = self.change(name, object);
        self.record(EventRun::single(self.now, Revision(revision), change));
    }

    fn record(&mut self, run: EventRun) {
        self.cache.record(run);
        if self.handing == Handing::Events {
            self.snapshots.event(&self.cache);
        }
    }

    fn bulk(&mut self, [dt, revision, events, step, first, around]: [u64; 6]) {
        self.now += SimSpan(dt);
        let whole = EventRun {
            events,
            at: self.now,
            step: SimSpan(step),
            revision: Revision(revision),
            revision_step: 1,
            change: Change::Replaced,
        };
        let changes: Vec<Change> =
            (0..events).map(|n| self.change("modify", first + n % around)).collect();
        let mut done = 0;
        let in_runs = self.handing == Handing::Runs;
        for like in changes.chunk_by(|a, b| a == b && in_runs) {
            let events = like.len() as u64;
            self.record(EventRun { change: like[0], ..whole.skip(done).take(events) });
            done += events;
        }
        self.now = whole.time_of(events.saturating_sub(1));
    }

    fn state(&self) -> [u64; 10] {
        let (cache, ring) = (&self.cache, self.cache.ring());
        [
            ring.capacity(),
            ring.start(),
            ring.end(),
            u64::from(ring.pushed_out()),
            cache.revision().0,
            cache.list_revision().0,
            version(ring.oldest()),
            version(ring.newest()),
            cache.objects(),
            self.snapshots.len(),
        ]
    }

    /// The answer to `since`, as in the recording.
    fn since(&self, revision: u64, mode: u64) -> Vec<Value> {
        let initial = match mode {
            0 => InitialEvents::Unsaid,
            1 => InitialEvents::Wanted,
            2 => InitialEvents::Unwanted,
            _ => panic!("{mode}: no such mode"),
        };
        let since = match self.cache.since(Revision(revision), initial) {
            Ok(since) => since,
            Err(error) => return vec![error.to_string().into()],
        };
        let mut interval = Interval::new(since);
        let first = interval.pull(self.cache.ring(), 1);
        let rest = interval.pull(self.cache.ring(), u64::MAX);
        assert_eq!(first.failure.or(rest.failure), None, "nothing comes in between");
        assert_eq!(first.events + rest.events, since.events());
        let last = rest.last.or(first.last);
        vec![since.events().into(), version(first.last).into(), version(last).into()]
    }

    fn exact(&self, revision: u64) -> Value {
        match self.snapshots.exact(Revision(revision)) {
            Ok(objects) => objects.into(),
            Err(error) => error.into(),
        }
    }

    fn open(&mut self, id: u64, revision: u64) {
        let since = self.cache.since(Revision(revision), InitialEvents::Unsaid);
        let since = since.unwrap_or_else(|error| panic!("a watch that pulls is refused: {error}"));
        self.open.insert(id, Interval::new(since));
    }

    fn pull(&mut self, id: u64, want: u64) -> Vec<Value> {
        let interval = self.open.get_mut(&id).expect("an open watch");
        let pulled = interval.pull(self.cache.ring(), want);
        let mut answer = vec![pulled.events.into(), version(pulled.last).into()];
        answer.extend(pulled.failure.map(|failure| failure.to_string().into()));
        answer
    }

    /// Does one operation and holds its outcome to the recorded one.
    fn apply(&mut self, place: &str, name: &str, args: &[Value]) {
        match name {
            "add" | "modify" | "delete" => self.event(name, numbers(args)),
            "bulk" => self.bulk(numbers(args)),
            "bookmark" => {
                let [dt, revision] = numbers(args);
                self.now += SimSpan(dt);
                self.cache.bookmark(Revision(revision));
            }
            "relist" => {
                let [revision, first, objects] = numbers(args);
                self.objects = (first..first + objects).collect();
                self.cache.relist(Revision(revision), objects);
                self.snapshots.relist(&self.cache);
            }
            "compact" => self.snapshots.compact(Revision(number(&args[0]))),
            "consistent" => self.snapshots.mark_consistent(args[0].as_bool().expect("a boolean")),
            "state" => {
                let recorded = args[0].as_array().expect("a list");
                let mut recorded = numbers::<10>(recorded);
                if self.handing == Handing::Runs {
                    recorded[9] = self.snapshots.len();
                }
                assert_eq!(self.state(), recorded, "{place}");
            }
            "since" => {
                let answer = self.since(number(&args[0]), number(&args[1]));
                assert_eq!(answer, args[2..], "{place}");
            }
            "exact" if self.handing == Handing::Runs => {}
            "exact" => assert_eq!(self.exact(number(&args[0])), args[1], "{place}"),
            "open" => self.open(number(&args[0]), number(&args[1])),
            "pull" => {
                let answer = self.pull(number(&args[0]), number(&args[1]));
                assert_eq!(answer, args[2..], "{place}");
            }
            _ => panic!("{place}: no such operation"),
        }
    }
}

fn check(case: &Case) {
    let steps = ["add", "modify", "delete", "bulk", "bookmark"];
    let counted = case.ops.iter().filter(|op| steps.iter().any(|step| op[0] == *step)).count();
    assert_eq!(counted as u64, case.steps, "{}", case.id);
    for handing in [Handing::Runs, Handing::Events] {
        let mut replay = Replay::new(case, handing);
        for (n, op) in case.ops.iter().enumerate() {
            let name = op[0].as_str().expect("the name of an operation");
            replay.apply(&format!("{} operation {n}: {op:?}", case.id), name, &op[1..]);
        }
    }
}

#[test]
fn golden_watchcache() {
    check_all("watchcache.jsonl", check);
}
