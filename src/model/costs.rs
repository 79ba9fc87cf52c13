//! CPU time and memory of the apiserver's work: named constants with their source.
//!
//! CPU constants are CPU time on the measured machine (a 2-core x86-64 virtual machine; measured/
//! README), fitted over 26 of the measured runs by non-negative least squares (rms residual 12 %).
//! `Hardware::cpu_speed` scales them all. Memory constants are facts of the software and are never
//! scaled.

use crate::units::{Bytes, SimSpan};

/// CPU time per byte and per object of some work.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Nanoseconds per byte.
    pub per_byte: f64,
    /// Nanoseconds per object.
    pub per_object: f64,
}

impl Cost {
    /// CPU time for so many objects of so many bytes in all.
    #[must_use]
    pub fn of(self, objects: u64, bytes: Bytes) -> SimSpan {
        let nanos = self.per_object * objects as f64 + self.per_byte * bytes.as_f64();
        SimSpan(nanos.round() as u64)
    }
}

/// Clearing a new large buffer and copying the old one into it, per byte of capacity, besides the
/// page faults (measured: 0.3 s/GB where the pages were resident already).
pub const GROW_BUFFER: Cost = Cost { per_byte: 0.3, per_object: 0.0 };

/// Share of [`crate::model::input::Hardware::page_fault_per_gb`] that memory for small objects
/// costs: it is touched page by page, large buffers by huge pages (measured in the stretches of streamed
/// lists in which resident memory grows, against those in which it does not: 3.9 s/GB for Pods and 4.0
/// for custom resources on the first machine, 0.5 on the second).
pub const SMALL_FAULT_SHARE: f64 = 2.5;

/// What the kernel takes at most to hand out a GB that the server's machine has used before: its pages
/// are backed already (measured: a server that was restarted after a kill streams at 209 us an object
/// where the first one took 337; the second machine takes 0.15 to 0.5 s/GB from the start).
pub const BACKED_PAGES_PER_GB: SimSpan = SimSpan::millis(250);

/// Share of freed pages that a growing large buffer can use: it needs one contiguous run
/// (measured 0 to 0.66 for buffers of 0.7 GB, 0.65 to 1 for those of 0.2 GB).
pub const LARGE_REUSE: f64 = 0.5;

/// Smallest buffer that is charged as large.
pub const LARGE_BUFFER: Bytes = Bytes::kib(256);

/// Writing to a client: HTTP/2 framing, TLS, socket (measured 0.89 to 1.16 s/GB).
pub const WRITE: Cost = Cost { per_byte: 1.0, per_object: 0.0 };

/// What a client on the server's own machine takes from it while it reads, besides: processor time
/// a byte, and ...
pub const LOCAL_CLIENT: Cost = Cost { per_byte: 0.6, per_object: 0.0 };
/// ... idle gaps between writer and reader, as a share of the writer's processor time. (Measured on
/// two cores: servers that write use 1.28 cores at 590 MB/s, 1.43 at 350, 1.53 at 115; servers that
/// encode into buffers 1.8 to 1.97.)
pub const LOCAL_HAND_OVER: f64 = 0.2;

/// Writing to a reader that drains slowly, in flow-control portions, besides [`WRITE`] (measured:
/// +6 s/GB for readers of 5 MB/s).
pub const WRITE_SLOWLY: Cost = Cost { per_byte: 6.0, per_object: 0.0 };

/// gzip at level 1, per input byte (measured 5.0 to 5.7; docs/facts/memory.md section 5: 10 to 12).
pub const GZIP: Cost = Cost { per_byte: 5.5, per_object: 0.0 };

/// Walking the cached objects of a LIST (measured at most 0.3 us an object).
pub const SCAN: Cost = Cost { per_byte: 0.0, per_object: 300.0 };

/// Deep copy of custom resources, per JSON byte (measured 110 us for 17.5 kB).
pub const DEEP_COPY_CUSTOM: Cost = Cost { per_byte: 6.3, per_object: 0.0 };

/// An event of a watch that is encoded for it alone, in addition to encoding its object and writing it:
/// copy, channel, frame (measured on watch-lists of `ConfigMaps` of 1.2 kB: 26 us an event in all).
pub const OWN_EVENT: Cost = Cost { per_byte: 0.0, per_object: 20_000.0 };
/// The event's JSON wraps the object's as `runtime.RawExtension`, which `encoding/json` walks through
/// and compacts byte by byte (measured: watch-lists of `ConfigMaps` of 10 kB take 102 us an event, of
/// Pods of 7.7 kB 125 to 140, of 19.6 kB 300 to 370, of custom resources of 17.5 kB 460 to 540).
pub const COMPACT_EVENT: Cost = Cost { per_byte: 5.2, per_object: 0.0 };

/// Delivering a watch event whose serialisation is shared (measured 70 to 90 us for 10.7 kB).
pub const FAN_OUT_EVENT: Cost = Cost { per_byte: 6.5, per_object: 10_000.0 };

/// A write request in the apiserver (measured 3.6 ms for a patch of 10 kB).
pub const WRITE_REQUEST: Cost = Cost { per_byte: 60.0, per_object: 3_000_000.0 };

/// How long etcd takes to commit a write: a round among its members and a sync to disk each (assumed;
/// etcd's tuning guide wants the sync below 10 ms at the 99th percentile).
pub const ETCD_COMMIT: SimSpan = SimSpan::millis(5);

/// Garbage of a write request, bytes per object byte (measured 340 kB for a 10 kB patch) and
/// besides per request.
pub const WRITE_GARBAGE_PER_BYTE: u64 = 14;
/// See [`WRITE_GARBAGE_PER_BYTE`].
pub const WRITE_GARBAGE: Bytes = Bytes::kib(200);

/// Opening a watch at a resource version (TLS stream, handler, registration).
pub const WATCH_OPEN: SimSpan = SimSpan::nanos(200_000);

/// Accepting a connection: TLS handshake with client certificate (docs/facts/clients.md section 7 B
/// counts them as the cost of a redial).
pub const TLS_HANDSHAKE: SimSpan = SimSpan::nanos(1_000_000);

/// CPU time of any request besides its body: routing, authn, authz, audit, admission.
pub const REQUEST_BASE: SimSpan = SimSpan::nanos(150_000);

/// CPU time of marking: per scannable byte (measured 1.0 s/GB of heap that is not blobs, on Go
/// 1.23 and 1.26 alike) and per cycle.
pub const MARK_PER_BYTE_NANOS: f64 = 1.0;
/// See [`MARK_PER_BYTE_NANOS`].
pub const MARK_BASE_SECONDS: f64 = 0.005;

/// How much of its usual work the program gets done per CPU-second while the collector marks: write
/// barriers, cold caches, goroutines parked for assist credit (measured on streamed lists of nine
/// runs: response bytes a second fall to 0.41 to 0.69 of what they are otherwise, where marking
/// leaves 0.70 of the processors).
pub const EFFICIENCY_WHILE_MARKING: f64 = 0.8;

/// Pages of the binary and its libraries in the resident set (measured 82 to 91 MB).
pub const BINARY_RESIDENT: Bytes = Bytes(86_000_000);

/// The part of [`BINARY_RESIDENT`] that a cgroup does not charge or gives up first: a server at
/// its limit stands so far above it (measured 25 to 55 MB).
pub const BINARY_UNCHARGED: Bytes = Bytes(40_000_000);

/// Runtime metadata, stacks and partly used spans of an idle server besides what grows with its
/// heap (measured 17 MB + 30 MB).
pub const RUNTIME_RESIDENT: Bytes = Bytes(47_000_000);

/// Runtime metadata and partly used spans per byte of scannable heap (measured: 3.5 % metadata
/// and 6 to 9 % partial spans for pods and custom resources, little for blobs).
pub const SPAN_OVERHEAD: f64 = 0.18;

/// Live heap of an empty server: type registry, `OpenAPI`, informers without objects (measured 76
/// MB on 1.32, 84 MB on 1.36).
pub const EMPTY_LIVE_HEAP: Bytes = Bytes(80_000_000);

/// Share of an idle server's live heap that the scavenger leaves mapped (retainExtraPercent = 10;
/// measured 10 % after settled collections).
pub const RETAIN_EXTRA: f64 = 0.10;

/// How fast the background scavenger returns freed pages (measured 80 to 245 MB/s).
pub const SCAVENGE_BYTES_PER_SECOND: u64 = 150_000_000;

/// CPU that an idle server uses, in cores (measured 0.012 to 0.02).
pub const IDLE_CORES: f64 = 0.015;

/// What an idle server allocates: probes, leases, metrics (assumed; 2-minute forced cycles free
/// 10 to 60 MB on an idle server).
pub const IDLE_GARBAGE_PER_SECOND: u64 = 300_000;

/// A watch: heap (measured 72 kB on 1.36) ...
pub const WATCH_HEAP: Bytes = Bytes(72_000);
/// ... and its goroutines' stacks (measured 24 kB).
pub const WATCH_STACK: Bytes = Bytes(24_000);
/// Garbage of opening a watch (measured 1.6 MB with the interval of 10,000 objects).
pub const WATCH_OPEN_GARBAGE: Bytes = Bytes::kib(100);

/// A watch-list up to 1.36 builds an event, an interval slot and a list slot for every object of
/// the resource (docs/facts/watch-cache.md section 3: 152 B).
pub const WATCH_LIST_INTERVAL: u64 = 152;
/// From 1.37 a list slot only (same section).
pub const WATCH_LIST_INTERVAL_LAZY: u64 = 16;

/// State of a gzip writer (docs/facts/watch-cache.md section 6.4: 0.8 to 1.3 MB).
pub const GZIP_WRITER: Bytes = Bytes(1_000_000);

/// Bytes that leave the server's heap ahead of a slow reader: HTTP/2 stream window and socket
/// buffers (docs/facts/watch-cache.md section 6.5).
pub const CLIENT_WINDOW: Bytes = Bytes::mib(4);

/// Garbage of any request besides its body.
pub const REQUEST_GARBAGE: Bytes = Bytes::kib(64);

/// Memory of a request that waits.
pub const QUEUED_REQUEST: Bytes = Bytes::kib(48);

/// Slots of a LIST per scanned object: the cache's slice of results (docs/facts/watch-cache.md 7).
pub const SCAN_SLOT: u64 = 16;

/// An event in a watch cache's ring besides the versions of its object, and its slot
/// (`watchCacheEvent`, docs/facts/watch-cache.md section 2.2).
pub const RING_EVENT: Bytes = Bytes(128);
/// See [`RING_EVENT`].
pub const RING_SLOT: Bytes = Bytes(8);
/// A superseded version of an object in the ring besides the object itself: key, labels, fields,
/// managed fields (measured: 13.9 kB an event for objects of 11.6 kB).
pub const RING_VERSION: Bytes = Bytes(1_500);
/// The path of b-tree nodes that a snapshot copies, from 1.34 on (derived, docs/facts/watch-cache.md
/// section 2.2: 1 to 2 KB an event).
pub const RING_SNAPSHOT: Bytes = Bytes(1_500);

/// Time an idle apiserver needs from start to serving besides filling its caches (measured 2.0 s
/// on two cores) and the CPU time within it (measured: with half a core, caches fill from the second
/// second on).
pub const START_UP: SimSpan = SimSpan::millis(1_800);
/// See [`START_UP`].
pub const START_UP_CPU: SimSpan = SimSpan::millis(900);
/// What a starting server allocates besides its caches (measured peak 250 MB on an empty one).
pub const START_UP_GARBAGE: Bytes = Bytes(60_000_000);

/// Reading from etcd's gRPC stream, CPU time per byte (measured: etcd and decoding together 1.4 to
/// 1.8 s/GB).
pub const GRPC_READ: Cost = Cost { per_byte: 0.7, per_object: 0.0 };

/// Resident bytes of runtime metadata and partial spans per byte of cached objects.
#[must_use]
pub fn span_overhead(scannable: bool) -> f64 {
    if scannable { SPAN_OVERHEAD } else { 0.02 }
}
