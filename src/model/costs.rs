//! CPU time and memory of the apiserver's work: named constants with their source.
//!
//! CPU constants are CPU time on the first measured machine (a 2-core x86-64 virtual machine; the runs:
//! `tests/data/measured.jsonl`), fitted over 26 of its runs by non-negative least squares (rms residual
//! 12 %). `Hardware::cpu_speed` scales them, except for marking ([`MARK_SPEED_EXPONENT`]) and page faults
//! (`Hardware::page_fault_per_gb` is a property of its own). Memory constants are facts of the software
//! and are never scaled.

use crate::units::{Bytes, SimSpan, rounded};

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
        SimSpan(rounded(nanos))
    }
}

/// Clearing a new large buffer and copying the old one into it, per byte of capacity, besides the
/// page faults (measured: 0.3 s/GB where the pages were resident already).
pub const GROW_BUFFER: Cost = Cost { per_byte: 0.3, per_object: 0.0 };

/// Share of [`crate::model::input::Hardware::page_fault_per_gb`] that memory for small objects
/// costs: span by span it is nearly free. (Measured on the first machine, from the CPU time of its
/// runs: 0.1 s/GB against 1.6 for large buffers. Not measured apart on the
/// second machine, where large buffers take 0.15 to 0.5 s/GB.)
pub const SMALL_FAULT_SHARE: f64 = 0.06;

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

/// Copying an object into the list that is answered: the slice grows by reflection, the struct is copied, and
/// its pointers miss the cache. (Measured from the first byte of streamed lists of 1.36, marking taken
/// off: 1.7 us an object walked and listed, of 700,000 `ConfigMaps` of 1 kB; of Pods 1 to 2.7.)
pub const LIST_ITEM: Cost = Cost { per_byte: 0.0, per_object: 1_300.0 };

/// Deep copy of custom resources, per JSON byte (measured 110 us for 17.5 kB).
pub const DEEP_COPY_CUSTOM: Cost = Cost { per_byte: 6.3, per_object: 0.0 };

/// An initial event of a watch-list besides encoding its object, copying a custom one, and the write:
/// the event's own path (measured 14 to 37 us) and, in JSON, going over the encoded object once more as
/// it is embedded in the event (`json.RawMessage`; measured 4.4 ns/B on Secrets and `ConfigMaps`). From
/// the CPU time of watch-list bursts of six kinds of objects of 1 kB to 1.4 MB.
pub const WATCH_LIST_EVENT: Cost = Cost { per_byte: 4.4, per_object: 15_000.0 };
/// The same in protobuf: the bytes from Secrets of 1 MB (measured 1.6 s/GB with the write), the event's
/// path as in JSON, within its range of 14 to 37 us.
pub const WATCH_LIST_EVENT_PROTOBUF: Cost = Cost { per_byte: 0.3, per_object: 25_000.0 };

/// What an item of a streamed protobuf list costs beyond encoding and bytes: a DATA frame of its own,
/// where it is larger than the writer's buffer, of blobs (measured 27 us for `ConfigMaps` of 10 kB, 9 us of
/// 1 kB; docs/facts/memory.md section 5: 26 us) and ...
pub const STREAMED_BLOB: Cost = Cost { per_byte: 0.0, per_object: 27_000.0 };
/// ... of typed objects (measured 45 us for Pods of 6 kB).
pub const STREAMED_TYPED: Cost = Cost { per_byte: 0.0, per_object: 45_000.0 };
/// The same in JSON, of any size (measured on streamed lists of 100,000 `ConfigMaps` of 1 kB).
pub const STREAMED_JSON_ITEM: Cost = Cost { per_byte: 0.0, per_object: 3_000.0 };
/// Smaller items share a frame: the response's buffer (`handlerChunkBufferSize`, golang.org/x/net
/// `http2/server.go`).
pub const STREAM_BUFFER: Bytes = Bytes::kib(4);

/// Delivering a watch event whose serialisation is shared (measured 70 to 90 us for 10.7 kB).
pub const FAN_OUT_EVENT: Cost = Cost { per_byte: 6.5, per_object: 10_000.0 };

/// A write request in the apiserver (measured 3.6 ms for a patch of 10 kB).
pub const WRITE_REQUEST: Cost = Cost { per_byte: 60.0, per_object: 3_000_000.0 };

/// How long etcd takes to commit a write: a round among its members and a sync to disk each (assumed;
/// etcd's tuning guide wants the sync below 10 ms at the 99th percentile).
pub const ETCD_COMMIT: SimSpan = SimSpan::millis(5);

/// How long etcd takes to answer a read of one object: a round among its members (`ReadIndex`), and no sync
/// (assumed).
pub const ETCD_GET: SimSpan = SimSpan::millis(1);

/// Garbage of a write request, bytes per object byte (measured 340 kB for a 10 kB patch) and
/// besides per request.
pub const WRITE_GARBAGE_PER_BYTE: u64 = 14;
/// See [`WRITE_GARBAGE_PER_BYTE`].
pub const WRITE_GARBAGE: Bytes = Bytes::kib(200);

/// CPU time of opening a watch at a resource version: stream, handler, registration (assumed share of
/// what is measured together with [`TLS_HANDSHAKE`]: 0.2 to 1 ms).
pub const WATCH_OPEN: SimSpan = SimSpan::nanos(500_000);

/// CPU time of accepting a connection: TLS handshake with client certificate, HTTP/2 set-up (measured
/// with [`WATCH_OPEN`] 1.8 ms on a processor 1.9 times as fast: 2,000 watches, each on its own
/// connection; how the sum divides is assumed, 0.5 to 3.5 ms).
pub const TLS_HANDSHAKE: SimSpan = SimSpan::nanos(2_500_000);

/// CPU time of any request besides its body: routing, authn, authz, audit, admission.
pub const REQUEST_BASE: SimSpan = SimSpan::nanos(150_000);

/// CPU time of marking: per byte of Pods (measured 1.0 s/GB on Go 1.23 and 1.26 alike; others:
/// [`Scan::weight`](super::objects::Scan::weight)) and per cycle.
pub const MARK_PER_BYTE_NANOS: f64 = 1.0;
/// See [`MARK_PER_BYTE_NANOS`].
pub const MARK_BASE_SECONDS: f64 = 0.005;
/// Marking follows pointers, so it waits for memory: it is faster by `cpu_speed` to this power (no
/// unit; 0.1 to 0.4). Measured from the collector's trace on two machines whose processors encode at 1 to
/// 1.9: forced collections of idle heaps of Pods take 1.02 and 0.96 ms/MB, of custom resources 1.22 and
/// 1.08, cycles during bursts 0.84 to 1.12 and 0.64 to 0.97 s. Two machines do not make a law: outside of
/// 1 to 1.9 it is assumed.
pub const MARK_SPEED_EXPONENT: f64 = 0.3;

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
/// Garbage of opening a watch: what is left of the 141 kB that are resident for each of 2,000 idle
/// watches (measured on 1.36) when [`WATCH_HEAP`] and [`WATCH_STACK`] are taken off.
pub const WATCH_OPEN_GARBAGE: Bytes = Bytes::kib(45);

/// A watch-list up to 1.36 builds an event, an interval slot and a list slot for every object of
/// the resource (docs/facts/watch-cache.md section 3: 152 B).
pub const WATCH_LIST_INTERVAL: u64 = 152;
/// Up to 1.32 each of these events gets a map of the object's selectable fields of its own
/// (`newCacheIntervalFromStore`; kubernetes#129628): a header of 48 B and a bucket of 288 B of Go's maps
/// before 1.24. (Measured on 2,000 watches over 10,000 `ConfigMaps`: 5.0 MB allocated per watch where 1.36
/// allocates 1.9. Pods have ten fields, which take two buckets: 624 B, not told apart.)
pub const WATCH_LIST_ATTRIBUTES: u64 = 336;
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

/// Copies of an object's JSON that a conversion webhook takes: review and answer, each raw and encoded
/// (`webhookConverter`, apiextensions-apiserver `pkg/apiserver/conversion/webhook_converter.go`; that an object
/// is converted alone where it is read from etcd: `decode`, apiserver `pkg/storage/etcd3/store.go`).
pub const CONVERSION_COPIES: u64 = 4;

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

/// Reading from etcd's gRPC stream, CPU time per byte, 0.4 to 0.8 s/GB (measured: LISTs from
/// etcd, reading and decoding together 1.4 to 1.8 s/GB, of which decoding blobs is 1 s/GB).
pub const GRPC_READ: Cost = Cost { per_byte: 0.7, per_object: 0.0 };

/// Runtime metadata and partly used spans per cached blob, 180 to 330 (measured on idle servers of 1.32 and
/// 1.36: `heap_inuse` less `heap_alloc`, spans and the collector's own are 16 to 30 MB more with 100,000
/// `ConfigMaps` of 1 kB than with 10,000 of 10 kB).
pub const SPAN_PER_BLOB: Bytes = Bytes(200);
