//! Where a starting server's memory comes from: it fills its caches.
//!
//! All caches start at once (docs/facts/watch-cache.md sections 2.5 and 10). A cacher reads pages of
//! 10,000 keys: raw bytes of a page are held twice or thrice while its objects are decoded and
//! kept. The server's own informers read Secrets, Pods and the like, too: as LISTs from etcd while
//! the caches are cold (raw bytes, decoded objects, a response buffer, the body read into a growing
//! slice), or as watch-lists once they are filled; either ends in a second decoded copy.

use super::plan::{Phase, RampKind, RequestPlan, Stage, Step};
use crate::engine::fluid::Demand;
use crate::model::client::go::PAGER_LIMIT;
use crate::model::costs::{self, Cost, GRPC_READ};
use crate::model::input::{Calibration, EtcdInput, Hardware, ResourceInput, Shape};
use crate::model::memory::alloc;
use crate::model::memory::ledger::OwnerId;
use crate::model::objects::{ObjectProfile, Scan, in_loopback_informers};
use crate::model::release::Release;
use crate::model::watchcache::capacity::RELIST_PAGE;
use crate::results::Mechanism;
use crate::units::{Bytes, SimSpan};

/// Most bytes that a read of a response's body gives: a frame of HTTP/2 at its default size
/// (`SETTINGS_MAX_FRAME_SIZE`, RFC 9113 section 6.5.2; that each read gives a whole frame is assumed).
pub(crate) const BODY_READ: Bytes = Bytes::kib(16);

/// What a cache holds when it is full, beyond the objects: index entries are in the profile.
#[must_use]
pub fn cached_bytes(resource: &ResourceInput, profile: &ObjectProfile, count: u64) -> Bytes {
    if !resource.watch_cache {
        return Bytes::ZERO;
    }
    profile.cached.times(count).times(u64::from(resource.caches()))
}

/// What the apiserver's own informers hold of a resource.
#[must_use]
pub fn loopback_bytes(resource: &ResourceInput, profile: &ObjectProfile, count: u64) -> Bytes {
    if in_loopback_informers(resource) { profile.cached.times(count) } else { Bytes::ZERO }
}

/// Filling one version's cache of `count` objects; `converted`: how long a conversion webhook takes for each, one
/// after the other.
#[must_use]
pub fn cache_plan(
    release: &Release,
    hardware: &Hardware,
    etcd: &EtcdInput,
    count: u64,
    profile: &ObjectProfile,
    owner: OwnerId,
    converted: SimSpan,
) -> RequestPlan {
    let raw = profile.stored.times(count);
    let page = profile.stored.times(count.min(RELIST_PAGE));
    let copies = u64::from(release.grpc_raw_copies);
    let raw_entry = owner.entry(Mechanism::EtcdRawResponse);
    let keep = owner.entry(Mechanism::WatchCacheObjects);
    let workers = if release.concurrent_watch_object_decode { DECODERS } else { 1 };
    let decode = profile.decode.of(count, raw);
    let mut read = Phase::cpu(Stage::Etcd, GRPC_READ.of(0, page)).ranging(page).ramp(
        RampKind::Take,
        raw_entry,
        page.times(copies),
    );
    read.demand.floor = etcd.latency + etcd.read_rate.time_for(page);
    let reviews = if converted > SimSpan::ZERO {
        profile.json.times(costs::CONVERSION_COPIES).times(count)
    } else {
        Bytes::ZERO
    };
    // Each item is allocated again when the reflector copies it out of the list (ListWithAlloc)
    // or decoded one by one from the watch; either leaves about its decoded size as garbage.
    let mut fill = Phase::cpu(Stage::Working, decode.scale(FILL_OVERHEAD) + GRPC_READ.of(0, raw))
        .ramp(RampKind::Take, keep, profile.cached.times(count))
        .ramp(
            RampKind::Litter,
            raw_entry,
            (raw - page).times(copies) + profile.decoded.times(count) + reviews,
        )
        .at_end(Step::Drop(raw_entry, page.times(copies)));
    // One goroutine decodes unless the release decodes concurrently.
    fill.demand.floor =
        fill.demand.cpu.scale(1.0 / f64::from(workers)).max(etcd.read_rate.time_for(raw - page))
            + converted.times(count);
    let spans = profile.cached.times(count).scale(profile.span_overhead());
    fill = fill.ramp(RampKind::TakeOutside, OwnerId::SERVER.entry(Mechanism::ProcessBase), spans);
    let mut plan = RequestPlan { phases: vec![read, fill] };
    plan.scale_cpu(hardware.cpu_speed);
    plan
}

/// Workers of `ConcurrentWatchObjectDecode`.
const DECODERS: u32 = 10;
/// What filling a cache costs in multiples of decoding: keys, index, b-tree; 1 to 1.5. (Measured in the
/// runs of three servers: one on half a core that starts again fills a cache of 96 MB of Pods in 2 s.
/// Page faults are counted where they occur; with them in it, starts on two cores gave 1.5.)
pub(crate) const FILL_OVERHEAD: f64 = 1.0;

/// Whether the server's own informers wait for its caches: as watch-lists they do. As LISTs they
/// carry the pager's limit and no selector, and such LISTs a cold cache passes on to etcd, in
/// every release (docs/facts/watch-cache.md section 4.2).
#[must_use]
pub fn loopback_waits(release: &Release) -> bool {
    release.watch_list_client && release.watch_list
}

/// A loopback informer's read of a resource and its copy: a watch-list from the filled cache, or
/// pages from etcd.
#[must_use]
pub fn loopback_plan(
    release: &Release,
    hardware: &Hardware,
    etcd: &EtcdInput,
    profile: &ObjectProfile,
    count: u64,
    owner: OwnerId,
) -> RequestPlan {
    let phases = if loopback_waits(release) {
        loopback_watch_list(profile, count, owner)
    } else {
        loopback_pages(release, etcd, profile, count, owner)
    };
    let mut plan = RequestPlan { phases };
    plan.scale_cpu(hardware.cpu_speed);
    plan
}

/// What the copy of an event of a typed object takes at most: larger ones have longer strings, which
/// copies share (1.5 times the measured Pods of 6.1 kB; assumed for larger objects, 6 to 15 kB).
pub(crate) const STRUCT_COPY: Bytes = Bytes(9_200);

/// Events are encoded, sent and decoded one by one.
fn loopback_watch_list(profile: &ObjectProfile, count: u64, owner: OwnerId) -> Vec<Phase> {
    let body = profile.protobuf.unwrap_or(profile.json).times(count);
    let typed = !matches!(profile.scan, Scan::Around(_));
    let copy = if typed { profile.event_copy.min(STRUCT_COPY) } else { profile.event_copy };
    let events = profile.encode_protobuf.of(count, body) + costs::WRITE.of(0, body);
    let mut send = Phase::cpu(Stage::Working, events + profile.decode.of(count, body))
        .ramp(
            RampKind::Take,
            owner.entry(Mechanism::LoopbackInformers),
            profile.cached.times(count),
        )
        .ramp(RampKind::Litter, owner.entry(Mechanism::ResponseBuffer), body)
        .ramp(
            RampKind::Litter,
            owner.entry(Mechanism::InitialEvents),
            (copy + profile.decoded).times(count),
        );
    send.demand.floor = send.demand.cpu;
    vec![send]
}

/// Pages of 500: read from etcd and decoded, encoded, read whole by the client, decoded again.
fn loopback_pages(
    release: &Release,
    etcd: &EtcdInput,
    profile: &ObjectProfile,
    count: u64,
    owner: OwnerId,
) -> Vec<Phase> {
    let paged = |each: Bytes| (each.times(count.min(PAGER_LIMIT)), each.times(count));
    let pages = count.div_ceil(PAGER_LIMIT);
    let raw_entry = owner.entry(Mechanism::EtcdRawResponse);
    let copies = u64::from(release.grpc_raw_copies);
    let (raw_page, raw) = paged(profile.stored);
    let mut fetch = Phase::cpu(Stage::Etcd, GRPC_READ.of(0, raw))
        .ranging(raw_page)
        .ramp(RampKind::TakeLarge, raw_entry, raw_page.times(copies))
        .ramp(RampKind::Litter, raw_entry, (raw - raw_page).times(copies))
        .at_end(Step::Drop(raw_entry, raw_page.times(copies)));
    fetch.demand.floor = etcd.latency.times(pages) + etcd.read_rate.time_for(raw);

    let objects = owner.entry(Mechanism::DecodedObjects);
    let (decoded_page, decoded) = paged(profile.decoded);
    let decode = Phase::cpu(Stage::Working, profile.decode.of(count, raw))
        .ramp(RampKind::Take, objects, decoded_page)
        .ramp(RampKind::Litter, objects, decoded - decoded_page);

    let buffer = owner.entry(Mechanism::ResponseBuffer);
    let (body_page, body) = paged(profile.protobuf.unwrap_or(profile.json));
    let cpu = profile.encode_protobuf.of(count, body) + costs::WRITE.of(0, body);
    let answer = Phase::cpu(Stage::Working, cpu)
        .ramp(RampKind::TakeLarge, buffer, body_page)
        .ramp(RampKind::Litter, buffer, body - body_page + profile.listed.times(count))
        .at_end(Step::Drop(objects, decoded_page));

    // The informers read a page's body to its end (client-go `rest/request.go`), by the rule of Go 1.26,
    // which is that of releases 1.36 and 1.37. It is assumed for older ones: there one slice grows by
    // `append`, which allocates more in all and holds less at once.
    let all_page = alloc::read_all(body_page, BODY_READ).total;
    let pages = body.as_f64() / body_page.as_f64().max(1.0);
    let all = all_page.scale(pages.max(1.0));
    let mut read = Phase::cpu(Stage::Working, costs::GROW_BUFFER.of(0, all))
        .ramp(RampKind::TakeLarge, buffer, all_page)
        .ramp(RampKind::Litter, buffer, all - all_page)
        .at_end(Step::Drop(buffer, body_page + all_page));
    read.demand.floor = read.demand.cpu;

    let keep = owner.entry(Mechanism::LoopbackInformers);
    let mut store = Phase::cpu(Stage::Working, profile.decode.of(count, body)).ramp(
        RampKind::Take,
        keep,
        profile.cached.times(count),
    );
    store.demand.floor = store.demand.cpu;
    vec![fetch, decode, answer, read, store]
}

/// Loading what the scenario does not list: `heap` bytes of live heap, as if of typed objects.
#[must_use]
pub fn rest_plan(hardware: &Hardware, etcd: &EtcdInput, heap: Bytes) -> RequestPlan {
    let entry = OwnerId::SERVER.entry(Mechanism::ProcessBase);
    let stored = heap.scale(REST_STORED);
    let mut load = Phase::cpu(Stage::Working, REST_DECODE.of(0, stored) + GRPC_READ.of(0, stored))
        .ramp(RampKind::Take, entry, heap)
        .ramp(RampKind::TakeOutside, entry, heap.scale(costs::SPAN_OVERHEAD));
    load.demand.floor = etcd.latency + etcd.read_rate.time_for(stored);
    let mut plan = RequestPlan { phases: vec![load] };
    plan.scale_cpu(hardware.cpu_speed);
    plan
}

/// Stored bytes per byte of heap, and CPU time of decoding: those of typed objects
/// (`model::objects`).
pub(crate) const REST_STORED: f64 = 0.5;
/// See [`REST_STORED`].
const REST_DECODE: Cost = Cost { per_byte: 5.0, per_object: 0.0 };

/// Everything else of starting: type registry, `OpenAPI`, certificates, post-start hooks.
#[must_use]
pub fn boot_plan(hardware: &Hardware, calibration: &Calibration) -> RequestPlan {
    let entry = OwnerId::SERVER.entry(Mechanism::ProcessBase);
    let mut boot = Phase::cpu(Stage::Working, costs::START_UP_CPU)
        .ramp(RampKind::Take, entry, costs::EMPTY_LIVE_HEAP.scale(calibration.base_heap))
        .ramp(RampKind::Litter, entry, costs::START_UP_GARBAGE);
    boot.demand = Demand { cpu: costs::START_UP_CPU, wire: Bytes::ZERO, floor: costs::START_UP };
    let mut plan = RequestPlan { phases: vec![boot] };
    plan.scale_cpu(hardware.cpu_speed);
    plan.phases[0].demand.floor = costs::START_UP.scale(1.0 / hardware.cpu_speed);
    plan
}

/// Whether a resource's cache is filled at start (custom resources: at the first request).
#[must_use]
pub fn fills_at_start(resource: &ResourceInput) -> bool {
    resource.watch_cache && matches!(resource.shape, Shape::Blob | Shape::Typed)
}
