//! Reading logs: lines to events, several logs in the order of time, what is broken passed over.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::io;

use super::Audit;
use super::clock::Micros;
use super::event::{Event, Stage, Wrapper};
use super::table::{Table, Touching, hash, most_at_once};
use crate::cluster::findings::Skipped;
use crate::cluster::read::{Line, Lines};
use crate::units::{SimSpan, Sort};

/// Events among which duplicates are found: what overlapping logs have twice is merged side by side.
const REMEMBERED: usize = 1 << 16;
/// An instant that is so much before the latest, or after it, is not believed.
const JUMP: SimSpan = SimSpan::secs(24 * 3_600);
/// So many of them on end are: the log has a gap.
const BELIEVED: u32 = 50;
/// A clock that is set back by less is none: events are logged when requests end.
const BACKWARDS: SimSpan = SimSpan::secs(60);
/// What is told of it.
const SET_BACK: &str = "the clock was set back by more than a minute here: used all the same";
/// A copy of a line that has grown beyond this is given back after its line.
const KEPT_BYTES: usize = 1 << 20;
/// Objects on end of a line that are tried and are no events.
const MOST_FAILED: u32 = 64;
/// How deep an event may be wrapped in other JSON.
const DEEPEST: u32 = 3;

/// A log that can be opened, more than once.
pub struct Log<'f> {
    /// What people call it.
    pub name: String,
    /// Opens it at its beginning.
    pub open: Box<dyn Fn() -> io::Result<Lines> + 'f>,
}

/// Reads logs, all of one cluster.
#[must_use]
pub fn read(logs: &[Log<'_>]) -> Audit {
    let mut skips = Skips::default();
    let mut waiting: Vec<(Micros, &Log<'_>)> = Vec::new();
    for log in logs {
        match beginning(log) {
            Ok(Some(from)) => waiting.push((from, log)),
            Ok(None) => skips.add(&log.name, None, "no event of an audit log with a time in it"),
            Err(error) => skips.add(&log.name, None, &error.to_string()),
        }
    }
    waiting.order_by(|a, b| (b.0, &b.1.name).cmp(&(a.0, &a.1.name)));
    let Some((from, _)) = waiting.last() else {
        return Audit { skipped: skips.finish(), ..Audit::default() };
    };
    let mut reading =
        Reading { table: Table::new(*from), recent: Recent::default(), skips, lasted: Vec::new() };
    let mut open: Vec<Opened> = Vec::new();
    loop {
        let next =
            open.iter().enumerate().min_by_key(|(_, log)| log.at).map(|(i, log)| (i, log.at));
        // A log is opened when the merge gets to its first event: rotated ones one after another.
        if let Some((from, log)) = waiting.last()
            && next.is_none_or(|(_, at)| *from <= at)
        {
            match (log.open)() {
                Ok(lines) => {
                    let mut opened = Opened::new(&log.name, lines, *from);
                    if opened.advance(&mut reading) {
                        open.push(opened);
                    }
                }
                Err(error) => reading.skips.add(&log.name, None, &error.to_string()),
            }
            waiting.pop();
            continue;
        }
        let Some((index, _)) = next else { break };
        let log = &mut open[index];
        reading.line(log);
        if !log.advance(&mut reading) {
            let ended = open.swap_remove(index);
            reading.lasted.push((ended.from, ended.latest));
        }
    }
    let servers = at_once(&reading.lasted);
    let (clients, (from, to), requests, counted) = reading.table.finish();
    Audit { from, to, servers, requests, clients, counted, skipped: reading.skips.finish() }
}

/// How many logs last at the same time. Pieces of one log that was rotated touch each other, so a
/// twentieth of each does not count at either end.
fn at_once(lasted: &[(Micros, Micros)]) -> u64 {
    let inner = lasted.iter().map(|(from, to)| {
        let (lasts, margin) = (to.since(*from).0, to.since(*from).0 / 20);
        (from.plus(SimSpan(margin)), from.plus(SimSpan(lasts - margin)))
    });
    most_at_once(inner, Touching::Apart).max(1)
}

/// Events at the beginning of a log from whose times its own is taken.
const FIRST_EVENTS: usize = 31;

/// The time of the first event of a log that is not far off most of the first, within a thousand lines.
fn beginning(log: &Log<'_>) -> io::Result<Option<Micros>> {
    let mut lines = (log.open)()?;
    let mut times: Vec<Micros> = Vec::new();
    for _ in 0..1_000 {
        match lines.advance() {
            Some(Line::Whole(_, line)) => {
                let read = events(line, DEEPEST, &mut |event| {
                    times.extend(event.times().map(|(_, at)| at));
                });
                if read.is_ok() && times.len() >= FIRST_EVENTS {
                    break;
                }
            }
            Some(Line::TooLong(_)) => {}
            Some(Line::Broken(..)) | None => break,
        }
    }
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied();
    let near = |at: &&Micros| median.is_some_and(|median| median.since(**at) < JUMP);
    Ok(times.iter().find(near).copied())
}

/// A log that is being read, and its line that comes next.
struct Opened {
    name: String,
    lines: Lines,
    line: Vec<u8>,
    number: u64,
    /// Its beginning.
    from: Micros,
    /// The time of the line, or of the one before it.
    at: Micros,
    latest: Micros,
    strange: u32,
}

impl Opened {
    fn new(name: &str, lines: Lines, from: Micros) -> Self {
        let (line, number, strange) = (Vec::new(), 0, 0);
        Self { name: name.to_owned(), lines, line, number, from, at: from, latest: from, strange }
    }

    /// Takes the next line that is not empty; false after the last.
    fn advance(&mut self, reading: &mut Reading) -> bool {
        loop {
            match self.lines.advance() {
                None => return false,
                Some(Line::Broken(number, error)) => {
                    let what = format!("the log breaks off: {error}");
                    reading.skips.add(&self.name, Some(number), &what);
                    return false;
                }
                Some(Line::TooLong(number)) => {
                    reading.skips.add(&self.name, Some(number), "a line of more than 16 MiB");
                }
                Some(Line::Whole(_, line)) if line.trim_ascii().is_empty() => {}
                Some(Line::Whole(number, line)) => {
                    reading.table.counted.lines += 1;
                    self.number = number;
                    self.line.clear();
                    self.line.shrink_to(KEPT_BYTES);
                    self.line.extend_from_slice(line);
                    self.at = stage_time(line).unwrap_or(self.at);
                    return true;
                }
            }
        }
    }

    /// Whether an instant can be one of this log. A clock that was set is followed after a while.
    fn believes(&mut self, at: Micros) -> bool {
        if at.since(self.latest) < JUMP && self.latest.since(at) < JUMP || self.strange >= BELIEVED
        {
            self.strange = 0;
            self.latest = at;
            return true;
        }
        self.strange += 1;
        false
    }
}

/// The last `stageTimestamp` of a line, without reading the rest.
fn stage_time(line: &[u8]) -> Option<Micros> {
    const KEY: &[u8] = b"\"stageTimestamp\":\"";
    let at = memchr::memmem::rfind(line, KEY)? + KEY.len();
    let rest = line.get(at..)?;
    let end = memchr::memchr(b'"', rest)?;
    Micros::parse(std::str::from_utf8(&rest[..end]).ok()?)
}

/// What is shared by all logs.
struct Reading {
    table: Table,
    recent: Recent,
    skips: Skips,
    /// From when to when each log lasted.
    lasted: Vec<(Micros, Micros)>,
}

impl Reading {
    /// Counts the events of a line.
    fn line(&mut self, log: &mut Opened) {
        let line = std::mem::take(&mut log.line);
        if let Err(what) = events(&line, DEEPEST, &mut |event| self.event(log, event)) {
            self.skips.add(&log.name, Some(log.number), what);
        }
        log.line = line;
    }

    fn event(&mut self, log: &mut Opened, event: &Event<'_>) {
        if event.is_of_level_none() {
            return self.skips.add(&log.name, Some(log.number), "an event of level None");
        }
        let Some((received, at)) = event.times() else {
            return self.skips.add(&log.name, Some(log.number), "an event without a time");
        };
        let before = log.latest;
        if !log.believes(at) {
            let what = "a time that is more than a day off those around it";
            return self.skips.add(&log.name, Some(log.number), what);
        }
        if before.since(at) > BACKWARDS {
            self.skips.add(&log.name, Some(log.number), SET_BACK);
        }
        let stage = match event.stage() {
            Stage::RequestReceived => "0",
            Stage::ResponseStarted => "1",
            Stage::ResponseComplete => "2",
            Stage::Panic => "3",
        };
        if self.recent.has(hash(&[event.audit_id(), stage, event.uri()])) {
            self.table.counted.duplicates += 1;
            return;
        }
        self.table.add(event, received, at);
    }
}

/// Hands on every event of a line, and says what is wrong with it if there is none. An event may follow
/// something else (the name of a node, the time and stream of a container's log), may be inside of other
/// JSON, and may be a text there.
fn events(line: &[u8], depth: u32, take: &mut dyn FnMut(&Event<'_>)) -> Result<(), &'static str> {
    let start = memchr::memchr(b'{', line).ok_or("no JSON")?;
    let json = line[start..].trim_ascii_end();
    let wrong = match serde_json::from_slice::<Event<'_>>(json) {
        Ok(event) if event.is_event() => {
            take(&event);
            return Ok(());
        }
        Err(error) if error.is_eof() => "a line that breaks off",
        Err(error) if error.is_syntax() => "broken JSON",
        Ok(_) | Err(_) => "JSON, but no event of an audit log",
    };
    let mut found = Err(wrong);
    let has_events = memchr::memmem::find(line, b"auditID").is_some();
    if let Ok(wrapper) = serde_json::from_slice::<Wrapper<'_>>(json) {
        for event in wrapper.events().filter(|event| event.is_event()) {
            take(event);
            found = Ok(());
        }
    }
    if found.is_err() && has_events && inside(json, take) {
        found = Ok(());
    }
    if depth > 0 && has_events {
        for at in memchr::memmem::find_iter(line, b"\"{\\\"") {
            let mut texts = serde_json::Deserializer::from_slice(&line[at..]).into_iter::<String>();
            if let Some(Ok(text)) = texts.next()
                && events(text.as_bytes(), depth - 1, take).is_ok()
            {
                found = Ok(());
            }
        }
    }
    found
}

/// Hands on events that are objects anywhere in other JSON, and says whether there was one.
fn inside(json: &[u8], take: &mut dyn FnMut(&Event<'_>)) -> bool {
    let (mut from, mut failed, mut found) = (1, 0, false);
    while failed < MOST_FAILED
        && let Some(at) = json.get(from..).and_then(|rest| memchr::memchr(b'{', rest))
    {
        from += at;
        let mut objects = serde_json::Deserializer::from_slice(&json[from..]).into_iter::<Event>();
        match objects.next() {
            Some(Ok(event)) if event.is_event() => {
                take(&event);
                (found, failed) = (true, 0);
                from += objects.byte_offset().max(1);
            }
            _ => (from, failed) = (from + 1, failed + 1),
        }
    }
    found
}

/// The events that came last.
#[derive(Default)]
struct Recent {
    order: VecDeque<u64>,
    known: HashSet<u64>,
}

impl Recent {
    /// Whether it came before; from now on it did.
    fn has(&mut self, event: u64) -> bool {
        if !self.known.insert(event) {
            return true;
        }
        self.order.push_back(event);
        if self.order.len() > REMEMBERED
            && let Some(old) = self.order.pop_front()
        {
            self.known.remove(&old);
        }
        false
    }
}

/// Sorts of lines that one log can have skipped; more are one sort.
const MOST_SORTS: usize = 1_000;

/// What was skipped: of each log and sort the first line, and how many.
#[derive(Default)]
struct Skips(BTreeMap<(String, String), (Option<u64>, u64)>);

impl Skips {
    fn add(&mut self, log: &str, line: Option<u64>, what: &str) {
        let key = (log.to_owned(), what.to_owned());
        if self.0.len() < MOST_SORTS || self.0.contains_key(&key) {
            self.0.entry(key).or_insert((line, 0)).1 += 1;
        }
    }

    fn finish(self) -> Vec<Skipped> {
        let skipped = |((file, what), (line, count)): ((String, String), (Option<u64>, u64))| {
            let cost = match (line, count) {
                _ if what == SET_BACK => None,
                (None, _) => Some("the requests in it".to_owned()),
                (Some(_), 1) => Some("one event".to_owned()),
                (Some(_), count) => Some(format!("{count} events, this is the first")),
            };
            Skipped { file, line, what, cost }
        };
        self.0.into_iter().map(skipped).collect()
    }
}
