//! The consistency checker's pulse: every server lists each of its caches, and etcd, from 1.34 on.
//!
//! A check lists the cache as it is, notes name and version of every item, and then lists etcd at
//! the same version in pages of 10,000, each decoded whole, to compare digests
//! (`cacher/delegator.go`; docs/facts/watch-cache.md section 2.4).

use super::plan::{Phase, RampKind, RequestPlan, Stage, Step};
use crate::model::costs::{CONVERSION_COPIES, GRPC_READ};
use crate::model::input::{EtcdInput, Hardware};
use crate::model::memory::ledger::OwnerId;
use crate::model::objects::ObjectProfile;
use crate::model::release::Release;
use crate::model::watchcache::capacity::RELIST_PAGE;
use crate::results::Mechanism;
use crate::units::{Bytes, SimSpan};

/// `consistencyCheckPeriod` (cacher/delegator.go).
const PERIOD: SimSpan = SimSpan::secs(300);
/// Most of the period that is added to it by chance, once for each cache.
const JITTER: f64 = 0.5;
/// `namespaceNameRV`: three string headers; the strings are the objects' own.
const NOTE: Bytes = Bytes(48);
/// Looking at an item of the cache and hashing it (assumed: about 100 bytes of FNV-1).
pub(crate) const LOOK: SimSpan = SimSpan::nanos(300);

/// The time between two checks of a cache; `draw` is uniform on [0, 1).
#[must_use]
pub fn period(draw: f64) -> SimSpan {
    PERIOD + PERIOD.scale(JITTER * draw)
}

/// One check of a cache of `count` objects; `converted`: how long a conversion webhook takes for each that is read
/// from etcd, one after the other.
#[must_use]
pub fn consistency_plan(
    release: &Release,
    hardware: &Hardware,
    etcd: &EtcdInput,
    profile: &ObjectProfile,
    count: u64,
    owner: OwnerId,
    converted: SimSpan,
) -> RequestPlan {
    let list = owner.entry(Mechanism::ListSliceAndConversion);
    let notes = NOTE.times(count);
    let mut look = Phase::cpu(Stage::Working, LOOK.times(count))
        .ramp(RampKind::Take, list, profile.listed.times(count) + notes)
        // The notes are appended one by one: former arrays are garbage.
        .ramp(RampKind::Litter, list, notes.scale(APPEND_GARBAGE))
        .at_end(Step::Drop(list, profile.listed.times(count)));
    look.demand.floor = look.demand.cpu;

    let raw_entry = owner.entry(Mechanism::EtcdRawResponse);
    let objects = owner.entry(Mechanism::DecodedObjects);
    let raw_copies = u64::from(release.grpc_raw_copies);
    let (in_page, pages) = (count.min(RELIST_PAGE), count.div_ceil(RELIST_PAGE).max(1));
    let item = profile.decoded + profile.listed;
    let (raw_page, raw) = (profile.stored.times(in_page), profile.stored.times(count));
    let mut first = Phase::cpu(Stage::Etcd, GRPC_READ.of(0, raw_page)).ranging(raw_page).ramp(
        RampKind::TakeLarge,
        raw_entry,
        raw_page.times(raw_copies),
    );
    first.demand.floor = etcd.latency + etcd.read_rate.time_for(raw_page);

    let cpu = profile.decode.of(count, raw) + GRPC_READ.of(0, raw - raw_page);
    let mut compare = Phase::cpu(Stage::Working, cpu + LOOK.times(count))
        .ramp(RampKind::Take, objects, item.times(in_page))
        .ramp(RampKind::Litter, objects, item.times(count - in_page))
        .ramp(RampKind::Litter, raw_entry, (raw - raw_page).times(raw_copies))
        .at_end(Step::Drop(objects, item.times(in_page)))
        .at_end(Step::Drop(raw_entry, raw_page.times(raw_copies)))
        .at_end(Step::Drop(list, notes));
    let waits = etcd.latency.times(pages - 1) + etcd.read_rate.time_for(raw - raw_page);
    compare.demand.floor = compare.demand.cpu.max(waits) + converted.times(count);
    if converted > SimSpan::ZERO {
        let reviews = profile.json.times(CONVERSION_COPIES).times(count);
        compare = compare.ramp(RampKind::Litter, objects, reviews);
    }

    let mut plan = RequestPlan { phases: vec![look, first, compare] };
    plan.scale_cpu(hardware.cpu_speed);
    plan
}

/// Garbage of a slice grown by appending, per byte of its end (golden/go-append: 1.25 steps).
const APPEND_GARBAGE: f64 = 4.0;
