//! What custom resource definitions make an apiserver hold, beside the stored objects themselves.
//!
//! The apiserver builds for each definition what its own types have compiled in: structural schemas and
//! validators, a handler and a storage per served version (with an etcd client and a watch cache of its
//! own), and the `OpenAPI` documents of v2 and v3 (`apiextensions-apiserver`
//! `pkg/apiserver/customresource_handler.go`, `pkg/controller/openapi`). The model is a straight line:
//! a part per definition, a part per served version, a part per byte of its JSON, which is mostly schema.
//!
//! Measured on 1.34 (docs/facts/memory.md section 2.5): live heap after creating 100
//! and 400 definitions of 5.9 kB, 100 and 300 of 63.7 kB, one version each, after the `OpenAPI` documents
//! were read and every kind was listed once; the line is within -9 and +1 % of the four. A server that
//! has just restarted with them holds half of that until clients list every kind and read `OpenAPI`, which
//! the garbage collector of the controller manager and `kubectl` do soon: the model holds all of it at once.

use super::plan::{Phase, RampKind, Stage};
use crate::model::costs::Cost;
use crate::model::input::{Inputs, ResourceInput};
use crate::model::memory::ledger::OwnerId;
use crate::model::objects::are_definitions;
use crate::results::Mechanism;
use crate::units::{Bytes, SimSpan};

/// Live heap per definition: its handler, controllers' records, its part of the `OpenAPI` documents.
pub(crate) const PER_DEFINITION: Bytes = Bytes(720_000);

/// Live heap per served version: a storage with its etcd client, and its watch cache when empty.
pub(crate) const PER_VERSION: Bytes = Bytes(230_000);

/// Live heap per byte of a definition's JSON, beyond the decoded objects in the watch cache and in the
/// server's own informer: structural schemas, validators, `OpenAPI`.
pub(crate) const PER_BYTE: f64 = 27.2;

/// Processor time of installing a definition (measured: 400 of 5.9 kB took 7.6 s, 300 of 63.7 kB 21.8 s,
/// creation included).
const INSTALL: Cost = Cost { per_byte: 920.0, per_object: 13_600_000.0 };

/// Garbage of installing a definition, in multiples of what it keeps: its schemas are converted and
/// merged into documents several times. (Assumed, at least 2: while definitions were created, the heap
/// of the four measured servers went through whole cycles and came to its goal, 2.2 to 2.8 times what
/// was live in the end.)
pub(crate) const INSTALL_GARBAGE: f64 = 4.0;

/// Series of the metrics of each served version: requests by verb and scope, calls to etcd and watch caches, each a
/// histogram (assumed, 200 to 800: a server of 1.34 with three definitions and some sixty built-in kinds, of which
/// thirteen are written, exports 15,000).
const SERIES_PER_VERSION: u64 = 400;
/// Garbage of a series in a scrape: gathered into structs, encoded, compressed (assumed, 0.5 to 2 kB).
const SERIES_GARBAGE: Bytes = Bytes(1_000);
/// What a scrape allocates for each served version of a definition.
pub(crate) const SCRAPE_GARBAGE: Bytes = SERIES_GARBAGE.times(SERIES_PER_VERSION);

/// Garbage of scrapes of the metrics of `count` definitions, bytes per second. A kind that nobody asks for has
/// no series: there are no more of them than watches.
#[must_use]
pub fn scraped(inputs: &Inputs, resource: &ResourceInput, count: u64) -> f64 {
    let interval = inputs.apiserver.scrape_interval;
    if !are_definitions(resource) || interval == SimSpan::ZERO {
        return 0.0;
    }
    let watches = inputs.fleets.iter().map(|fleet| fleet.watches() * u64::from(fleet.count));
    let asked_for = count.min(watches.fold(0, u64::saturating_add));
    let versions = asked_for.saturating_mul(u64::from(resource.versions.max(1)));
    SCRAPE_GARBAGE.times(versions).as_f64() / interval.as_secs_f64()
}

/// What the handlers of `count` definitions hold.
#[must_use]
pub fn handler_bytes(resource: &ResourceInput, count: u64) -> Bytes {
    if !are_definitions(resource) {
        return Bytes::ZERO;
    }
    let versions = PER_VERSION.times(u64::from(resource.versions.max(1)));
    (PER_DEFINITION + versions + resource.size.scale(PER_BYTE)).times(count)
}

/// Processor time and garbage on every server when a definition is created or changed.
#[must_use]
pub fn per_write(resource: &ResourceInput) -> (SimSpan, Bytes) {
    let held = handler_bytes(resource, 1);
    if held == Bytes::ZERO {
        return (SimSpan::ZERO, Bytes::ZERO);
    }
    (INSTALL.of(1, resource.size), held.scale(INSTALL_GARBAGE))
}

/// Installing them at a start, on processors `speed` times as fast as those measured; `None`: the
/// resource is another.
#[must_use]
pub fn install(resource: &ResourceInput, count: u64, speed: f64, owner: OwnerId) -> Option<Phase> {
    let held = handler_bytes(resource, count);
    (held > Bytes::ZERO).then(|| {
        let cpu = INSTALL.of(count, resource.size.times(count)).scale(1.0 / speed);
        let mut phase = Phase::cpu(Stage::Working, cpu).ramp(
            RampKind::Take,
            owner.entry(Mechanism::CrdHandlers),
            held,
        );
        // One worker of each controller handles them in turn.
        phase.demand.floor = phase.demand.cpu;
        phase
    })
}
