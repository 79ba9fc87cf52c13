//! What auditing makes a server hold: events of requests until a backend has them, and bodies.
//!
//! - A request leaves two events, when it is received (unless the policy omits that stage) and when it is over.
//!   They are metadata; the first rule of the policy that matches decides how much more is in them: from level
//!   `Request` on the last has what was written, at `RequestResponse` the answer, too.
//! - At `RequestResponse` a LIST is encoded whole once more, to JSON, before its answer is (`LogResponseObject`,
//!   `encodeObject`, k8s.io/apiserver `pkg/audit/request.go`). It goes into a `bytes.Buffer`: where lists are
//!   streamed item by item, so that the buffer doubles as it fills; before, at once, out of an encoder's buffer
//!   that is held beside it. It is kept until the request is over.
//! - A log in blocking mode, the default, is written before a request is over: as a line that is encoded,
//!   copied, made a string and printed (`LINE_COPIES`), within the request
//!   (`EventString`, `plugin/pkg/audit/log/backend.go`).
//! - In batch mode, a webhook's default, a deep copy waits until its batch is full or old enough, and then for
//!   the backend's answer, beside the encoded batch (`plugin/pkg/audit/buffered/buffered.go`). Batches are sent
//!   at a limited rate, without a limit on how many are under way; behind it the buffer fills, and further
//!   events are dropped. A batch that is not answered in time is sent again (`GIVES_UP_AFTER`).
//!
//! Events come at the steady rates of writes and GETs; by Little's law their number is the rate times the wait.
//! LISTs leave theirs one by one, through the throttle's bucket. Not modelled: what the bucket lets pass of a rise
//! of the steady rates, truncation, events of `WATCH`es, subresources in rules.

use super::plan::{Phase, RampKind, Stage, Step};
use crate::engine::bucket::{RateLimit, TokenBucket};
use crate::model::costs::Cost;
use crate::model::input::{AuditBackend, AuditInput, AuditLevel, AuditMode, Recorded};
use crate::model::memory::alloc::grow_slice;
use crate::model::memory::ledger::EntryId;
use crate::units::{Bytes, SimSpan, SimTime};

/// An event without bodies, in the heap (assumed, 2 to 8 kB: its JSON is below 2.5 kB in 95 of 100,
/// kubernetes#53417; strings and small maps take about half as much again).
pub(crate) const EVENT: Bytes = Bytes(4_000);
/// The same encoded (kubernetes#53417).
pub(crate) const EVENT_JSON: Bytes = Bytes(2_000);
/// What a call to a webhook holds beside its batch (assumed, 20 to 100 kB: two or three goroutines of 8 kB, the
/// request, buffers of its connection; Go's `net/http` dials for each that finds none).
pub(crate) const CALL: Bytes = Bytes(40_000);
/// Copies of a body that writing its line takes at once: the encoder's buffer, what it is copied to, and the string;
/// by when it is printed from a buffer of its own, the second is garbage (`runtime.Encode`, `fmt.Fprint`).
pub(crate) const LINE_COPIES: u64 = 3;
/// Processor time of a line: its body is gone over as it is compacted, and copied (assumed, 2 to 6 s/GB).
pub(crate) const LINE: Cost = Cost { per_byte: 4.0, per_object: 20_000.0 };
/// A webhook's answer is waited for so long (`defaultRequestTimeout`, `pkg/util/webhook/webhook.go`) ...
const ANSWER_TIMEOUT: SimSpan = SimSpan::secs(30);
/// ... and a batch is given up after five such waits and four back-offs of 10 s, half as much longer each
/// time (`DefaultRetryBackoffWithInitialDelay`, `DefaultInitialBackoff`; jitter of up to a fifth not counted).
pub(crate) const GIVES_UP_AFTER: SimSpan = SimSpan::millis(150_000 + 81_250);

/// How long events wait.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Waits {
    /// For their batch to be sent, in the mean; seconds.
    pub batch: f64,
    /// For the backend's answer; seconds.
    pub answer: f64,
    /// Share of the events that are sent; the rest fills the buffer, and is dropped.
    pub sent: f64,
    /// Events in the full buffer.
    pub buffered: f64,
    /// Calls to a webhook that begin, per second.
    pub calls: f64,
}

impl Waits {
    /// Calls under way.
    #[must_use]
    pub fn in_flight(&self) -> f64 {
        self.calls * self.answer
    }
}

/// How long one more event waits for its batch to begin, if it comes by itself; `None`: the buffer is full.
pub fn throttled(audit: &AuditInput, bucket: &mut TokenBucket, now: SimTime) -> Option<SimSpan> {
    if audit.backend == AuditBackend::Log {
        return Some(SimSpan::ZERO);
    }
    let limit = RateLimit { per_second: audit.throttle_qps, burst: audit.throttle_burst };
    let batch = audit.batch() as f64;
    let before = bucket.wait(limit, now).as_secs_f64() * limit.per_second * batch;
    (before <= audit.buffer_size as f64).then(|| bucket.take(limit, 1.0 / batch, now))
}

/// How long events wait that come at so many per second; `out`: the backend answers nobody.
#[must_use]
pub fn waits(audit: &AuditInput, per_second: f64, out: bool) -> Waits {
    let gives_up = GIVES_UP_AFTER.as_secs_f64();
    let late = out || audit.backend == AuditBackend::Webhook && audit.latency >= ANSWER_TIMEOUT;
    let answer = if late { gives_up } else { audit.latency.as_secs_f64() };
    if audit.is_off() || per_second <= 0.0 {
        return Waits::default();
    }
    if audit.mode() == AuditMode::Blocking {
        return Waits { answer, sent: 1.0, ..Waits::default() };
    }
    let batch = audit.batch() as f64;
    // A log has one writer; a webhook as many calls as the throttle lets begin.
    let (most, fill) = match audit.backend {
        AuditBackend::Log => (batch / answer.max(1e-9), 0.0),
        AuditBackend::Webhook => (
            batch * audit.throttle_qps,
            (batch / per_second).min(audit.batch_max_wait.as_secs_f64()),
        ),
    };
    let sent = (most / per_second).min(1.0);
    let buffered = if sent < 1.0 { audit.buffer_size as f64 } else { 0.0 };
    let calls = match audit.backend {
        AuditBackend::Log => 0.0,
        // A batch that is sent when it is old enough is not full.
        AuditBackend::Webhook => per_second * sent / (per_second * fill).clamp(1.0, batch),
    };
    Waits { batch: fill / 2.0, answer, sent, buffered, calls }
}

/// What a kind of request leaves for its audit events, per request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Record {
    /// In the heap.
    pub heap: Bytes,
    /// Encoded.
    pub json: Bytes,
    /// The part of either that is bodies.
    pub bodies: Bytes,
}

/// What is recorded of a request that sends and is answered so many bytes of JSON.
#[must_use]
pub fn record(recorded: Recorded, request: Bytes, response: Bytes) -> Record {
    let bodies = match recorded.level {
        AuditLevel::None => return Record::default(),
        AuditLevel::Metadata => Bytes::ZERO,
        AuditLevel::Request => request,
        AuditLevel::RequestResponse => request + response,
    };
    let both = |event: Bytes| event.scale(recorded.events) + bodies;
    Record { heap: both(EVENT), json: both(EVENT_JSON), bodies }
}

impl Record {
    /// Bytes held in the mean for each request per second.
    #[must_use]
    pub fn held(&self, waits: Waits, per_second: f64) -> f64 {
        let sent = waits.sent * waits.answer * (self.heap + self.json).as_f64();
        let behind = if per_second > 0.0 { waits.buffered / per_second } else { 0.0 };
        waits.batch * self.heap.as_f64() + sent + behind * self.heap.as_f64()
    }
}

/// The body of a LIST's answer for its audit event: what it takes to encode it, and what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Body {
    /// Kept until the request is over.
    kept: Bytes,
    /// Allocated for it besides.
    scraps: Bytes,
}

/// Encodes `body` bytes: item by item, or at once.
fn encode(body: Bytes, item: Bytes, streamed: bool) -> Body {
    if !streamed {
        // The encoder's buffer, which doubles as well, is as large in the mean by 1.44.
        return Body { kept: grow_slice(body, Bytes::ZERO), scraps: body.scale(1.44) };
    }
    let mut kept = grow_slice(item.min(body), Bytes::ZERO);
    let mut scraps = Bytes::ZERO;
    while kept < body {
        scraps += kept;
        kept = grow_slice(kept + Bytes(1), kept);
    }
    Body { kept, scraps: scraps + body }
}

/// What auditing adds to a LIST at level `RequestResponse`: a phase before its answer is encoded, and one at
/// its end. `cpu`: what encoding the body takes.
#[must_use]
pub fn of_list(
    (audit, recorded): (&AuditInput, Recorded),
    (body, item, streamed): (Bytes, Bytes, bool),
    cpu: SimSpan,
    entry: EntryId,
) -> Option<(Phase, Phase)> {
    if recorded.level < AuditLevel::RequestResponse {
        return None;
    }
    let Body { kept, scraps } = encode(body, item, streamed);
    // Taken as it is encoded: no single copy is as long as that, so that collections do not wait for it.
    let before = Phase::cpu(Stage::Working, cpu).ramp(RampKind::Litter, entry, scraps).ramp(
        RampKind::Take,
        entry,
        kept,
    );
    let mut after = Phase::cpu(Stage::Writing, SimSpan::ZERO);
    if audit.mode() == AuditMode::Blocking {
        let line = body.times(LINE_COPIES);
        after = Phase::cpu(Stage::Writing, LINE.of(1, body))
            .ramp(RampKind::Take, entry, line)
            .ramp(RampKind::Litter, entry, body)
            .at_end(Step::Drop(entry, line));
        after.demand.floor = audit.latency.min(GIVES_UP_AFTER);
    }
    Some((before, after.at_end(Step::Drop(entry, kept))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(latency: SimSpan) -> AuditInput {
        let backend = AuditBackend::Webhook;
        AuditInput { level: AuditLevel::Metadata, backend, latency, ..AuditInput::default() }
    }

    #[test]
    fn batches_wait_to_be_full_and_for_the_answer() {
        let quick = webhook(SimSpan::millis(100));
        let found = waits(&quick, 100.0, false);
        assert_eq!(found, Waits { batch: 2.0, answer: 0.1, sent: 1.0, buffered: 0.0, calls: 0.25 });
        // Few events are sent when they are 30 s old.
        assert!((waits(&quick, 1.0, false).batch - 15.0).abs() < 1e-9);
        // 4,000 events per second are what the throttle lets through: beyond that the buffer is full.
        let found = waits(&quick, 16_000.0, false);
        assert_eq!((found.sent, found.buffered), (0.25, 10_000.0));
        // An answer after 31 s is none: five attempts.
        let gone = webhook(SimSpan::secs(31));
        assert!((waits(&gone, 100.0, false).answer - 231.25).abs() < 1e-9);
        assert_eq!(waits(&quick, 100.0, true), waits(&gone, 100.0, false));
    }

    /// kubernetes#88042: 100 calls per second, each of one event, to a webhook that answers nobody.
    #[test]
    fn a_throttle_does_not_bound_the_calls_under_way() {
        let audit = AuditInput {
            throttle_qps: 100.0,
            batch_max_size: Some(1),
            ..webhook(SimSpan::secs(30))
        };
        let found = waits(&audit, 500.0, false);
        assert!((found.calls - 100.0).abs() < 1e-9, "{found:?}");
        assert!(found.in_flight() > 10_000.0, "{found:?}");
    }

    #[test]
    fn the_buffer_before_the_throttle_fills() {
        let audit = AuditInput {
            batch_max_size: Some(1),
            throttle_burst: 3,
            buffer_size: 2,
            ..webhook(SimSpan::ZERO)
        };
        let mut bucket = TokenBucket::default();
        let mut wait = || throttled(&audit, &mut bucket, SimTime::ZERO);
        let waits: Vec<_> = (0..7).map(|_| wait()).collect();
        let millis = |n: u64| Some(SimSpan::millis(n));
        let (none, one, two) = (millis(0), millis(100), millis(200));
        assert_eq!(waits, [none, none, none, one, two, None, None]);
    }

    #[test]
    fn what_is_recorded_follows_the_level() {
        let (request, response) = (Bytes(10_000), Bytes(12_000));
        let bodies = |level| record(Recorded { level, events: 2.0 }, request, response).bodies;
        assert_eq!(record(Recorded::default(), request, response), Record::default());
        assert_eq!(bodies(AuditLevel::Metadata), Bytes::ZERO);
        assert_eq!(bodies(AuditLevel::Request), request);
        assert_eq!(bodies(AuditLevel::RequestResponse), request + response);
    }

    #[test]
    fn a_buffer_that_is_filled_item_by_item_doubles() {
        let Body { kept, scraps } = encode(Bytes(1_000_000_000), Bytes(100_000), true);
        assert!(kept >= Bytes(1_000_000_000) && kept < Bytes(2_000_000_000), "{kept}");
        assert!(scraps > kept, "what it grew from, and an encoded item at a time: {scraps}");
    }
}
