//! What was measured on a real kube-apiserver.

use super::{decimal, how, value};
use crate::model::apf::concurrency::{FIRST_ADJUSTMENT, INFORMERS_BEFORE_ADJUSTMENT};
use crate::model::apiserver::definitions::{PER_BYTE, PER_DEFINITION, PER_VERSION};
use crate::model::apiserver::list::{MANAGED_FIELDS, Pace};
use crate::model::apiserver::server::COPIES_WAITED_FOR;
use crate::model::apiserver::startup::FILL_OVERHEAD;
use crate::model::costs::{self, Cost};
use crate::model::input::{ResourceInput, Shape, WriterInput};
use crate::model::memory::pool::MOST_IN_PLAY;
use crate::model::objects::{DEFINITION_DECODED, ObjectProfile, TYPED_JSON_NANOS};
use crate::results::{Assumption, Held};
use crate::units::Bytes;

const RUNS: &str = "110 runs of one server and 8 of several, of 1.28, 1.32, 1.34 and 1.36, on two machines \
                    (`tests/data/measured.jsonl`)";
/// What only the runs of several servers show.
const SERVERS: &str = "the runs of several servers of half a core each";
/// What CPU times decide.
const OVERLAP: &str = "durations, and with them how many requests overlap";
const FIT: &str = "least squares over 26 of the measured runs";

pub(super) fn rows() -> Vec<Assumption> {
    let mut rows = objects();
    rows.extend(memory());
    rows.extend(requests());
    rows.extend(responses());
    rows.extend(processes());
    rows
}

/// Multipliers of objects of 10 kB.
fn objects() -> Vec<Assumption> {
    let ratio = |part: Bytes, of: Bytes| format!("{:.2}", part.as_f64() / of.as_f64());
    let row = |what, name, shape, source, range| {
        let profile = profile(name, shape);
        let shown = format!(
            "{} decoded, {} of JSON",
            ratio(profile.cached, profile.stored),
            ratio(profile.json, profile.stored)
        );
        let leans =
            "the base of every server; lists from etcd; `heap-size` and `json-size` replace it";
        value(Held::Measured, (what, shown), (source, range), leans)
    };
    let blobs = "measured runs; KEP-3157, kubernetes issue #124680";
    let agree = "measured runs; kubernetes issues #142062, #124680";
    vec![
        row(
            "bytes per stored byte: Secrets",
            "secrets",
            Shape::Blob,
            blobs,
            "size + 1.6 kB measured",
        ),
        row(
            "bytes per stored byte: ConfigMaps",
            "configmaps",
            Shape::Blob,
            blobs,
            "size + 1.6 kB measured",
        ),
        row(
            "bytes per stored byte: Pods and built-in objects of many fields",
            "pods",
            Shape::Typed,
            "measured runs; struct layouts of k8s.io/api",
            "2.1 measured; 2 to 3 by their fields",
        ),
        row(
            "bytes per stored byte: custom resources of many small fields",
            "widgets",
            Shape::Custom,
            agree,
            "3.9 measured at 17.5 kB, 5.2 for vulnerability reports; 5.6 below 2.4 kB, where most is \
             metadata (5.75 and 6.2 decoded by Go 1.19); 4 to 7.5 by shape",
        ),
        row(
            "bytes per stored byte: custom resources of one large string",
            "widgets",
            Shape::CustomBlob,
            "computed from the layout of unstructured objects",
            "size + 4 kB",
        ),
    ]
}

fn profile(name: &str, shape: Shape) -> ObjectProfile {
    let (writer, none) = (WriterInput::default(), None);
    ObjectProfile::of(&ResourceInput {
        name: name.to_owned(),
        api_group: String::new(),
        count: 1,
        size: Bytes(10_000),
        shape,
        json_size: none,
        heap_size: none,
        versions: 1,
        writes_per_second: 0.0,
        conversion_latency: None,
        gets_per_second: 0.0,
        writer,
        watch_cache: true,
    })
}

fn memory() -> Vec<Assumption> {
    let row = |what, shown: String, range, leans| {
        value(Held::Measured, (what, shown), (RUNS, range), leans)
    };
    vec![
        row(
            "live heap of an empty server",
            decimal(costs::EMPTY_LIVE_HEAP),
            "76 MB on 1.32, 84 MB on 1.36",
            "small servers",
        ),
        value(
            Held::Measured,
            (
                "a custom resource definition decoded, per byte of its JSON",
                DEFINITION_DECODED.to_string(),
            ),
            (
                "ten definitions of 8 to 480 kB, by Go 1.19 over structs of the same fields",
                "2.5 to 3; a LIST converts as much again, and leaves twice that in JSON",
            ),
            "LISTs of definitions, by controllers and `kubectl`",
        ),
        value(
            Held::Measured,
            (
                "live heap per custom resource definition",
                format!(
                    "{} + {} per served version + {} times its JSON",
                    decimal(PER_DEFINITION),
                    decimal(PER_VERSION),
                    PER_BYTE
                ),
            ),
            (
                "a server of 1.34 with 100 to 400 definitions (docs/facts/memory.md section 2.5)",
                "-9 to +1 %; half of it until clients list every kind and read OpenAPI",
            ),
            "clusters with operators",
        ),
        row(
            "pages of the binary; of them not charged to the cgroup",
            format!("{}; {}", decimal(costs::BINARY_RESIDENT), decimal(costs::BINARY_UNCHARGED)),
            "82 to 91 MB; 25 to 55 MB",
            "small servers, the moment of a kill",
        ),
        row(
            "runtime metadata and stacks of an idle server",
            decimal(costs::RUNTIME_RESIDENT),
            "17 MB and 30 MB",
            "small servers",
        ),
        row(
            "metadata and partly used spans for a byte of scannable heap",
            costs::SPAN_OVERHEAD.to_string(),
            "3.5 % metadata, 6 to 9 % partly used spans, for Pods and custom resources",
            "clusters of many small objects",
        ),
        row(
            "the same for an object of blobs",
            decimal(costs::SPAN_PER_BLOB),
            "180 to 330 B for ConfigMaps of 1 kB beside those of 10 kB, on 1.32 and 1.36",
            "clusters of many small objects",
        ),
        row(
            "an idle watch: heap and stacks",
            format!("{}; {}", decimal(costs::WATCH_HEAP), decimal(costs::WATCH_STACK)),
            "96 kB measured on 1.36; 50 to 100 KiB in kubernetes issue #117777",
            "tens of thousands of watches",
        ),
        row(
            "a superseded version in the ring, in addition to the object",
            decimal(costs::RING_VERSION),
            "13.9 kB an event for objects of 11.6 kB",
            "churn",
        ),
        row(
            "what the scavenger returns per second",
            format!("{}/s", decimal(Bytes(costs::SCAVENGE_BYTES_PER_SECOND))),
            "80 to 245 MB/s",
            "resident memory after a burst",
        ),
        row(
            "garbage of a write, and for each byte of its object",
            format!("{}; {}", decimal(costs::WRITE_GARBAGE), costs::WRITE_GARBAGE_PER_BYTE),
            "340 kB for a patch of 10 kB",
            "churn",
        ),
    ]
}

/// CPU time of requests.
fn requests() -> Vec<Assumption> {
    let row = |what, shown: String, range, leans| {
        value(Held::Measured, (what, shown), (RUNS, range), leans)
    };
    let fitted = |what, shown: String, range, leans| {
        value(Held::Measured, (what, shown), (FIT, range), leans)
    };
    let leans = OVERLAP;
    let pods = profile("pods", Shape::Typed);
    vec![
        fitted(
            "CPU time of encoding to JSON: Pods of 10 kB, custom resources of 10 kB",
            format!(
                "{}; {} an object",
                pods.encode_json.of(1, pods.json),
                profile("widgets", Shape::Custom).encode_json.of(1, Bytes(10_000))
            ),
            "rms residual of the fit 12 %; `hardware.cpu-speed` scales it",
            leans,
        ),
        fitted(
            "encoding to protobuf: Pods",
            a_gb(pods.encode_protobuf),
            "1.3 to 1.8 s/GB published (kubernetes issue #141809)",
            leans,
        ),
        row(
            "copying an object into the list that is answered",
            format!("{} ns", costs::LIST_ITEM.per_object),
            "1.7 us together with walking over it, for ConfigMaps of 1 kB; 1 to 2.7 for Pods, from the first byte \
             of streamed lists of 1.36",
            leans,
        ),
        row(
            "buffered lists that begin together take different CPU time, from the mean to either side",
            format!("{:.0} %", Pace::SPREAD * 100.0),
            "their first bytes lie apart by 10 to 17 % of the time they take",
            "whether their buffers double at once or one after the other",
        ),
        row("writing to a client", a_gb(costs::WRITE), "0.89 to 1.16 s/GB", leans),
        row(
            "writing to a slow reader, in addition",
            a_gb(costs::WRITE_SLOWLY),
            "about 6 s/GB",
            leans,
        ),
        row("gzip at level 1", a_gb(costs::GZIP), "5.0 to 5.7 s/GB; 10 to 12 published", leans),
        row(
            "growing a large buffer, in addition to page faults",
            a_gb(costs::GROW_BUFFER),
            "0.3 s/GB",
            leans,
        ),
        row(
            "a deep copy of custom resources",
            a_gb(costs::DEEP_COPY_CUSTOM),
            "110 us for 17.5 kB",
            leans,
        ),
    ]
}

/// Items of responses, one by one.
fn responses() -> Vec<Assumption> {
    let row = |what, shown: String, range, leans| {
        value(Held::Measured, (what, shown), (RUNS, range), leans)
    };
    let leans = OVERLAP;
    vec![
        value(
            Held::Measured,
            ("encoding typed objects to JSON", format!("{TYPED_JSON_NANOS} s/GB")),
            (
                "above 8 kB the 8 runs of several servers alone; up to there the runs of one server, too",
                "8.2 to 10.2 s/GB: 71 us for Pods of 7.7 kB, 160 to 200 us for those of 19.6 kB",
            ),
            "lists of Pods, of large ones most: how long they take, and how many hold memory at once",
        ),
        row(
            "an item of a streamed list: in protobuf (from 4 kB on) a blob and a typed object, in JSON",
            format!(
                "{} us, {} us; {} us",
                costs::STREAMED_BLOB.per_object / 1e3,
                costs::STREAMED_TYPED.per_object / 1e3,
                costs::STREAMED_JSON_ITEM.per_object / 1e3
            ),
            "27 us for blobs of 10 kB, 9 us for 1 kB, 45 us for Pods of 6 kB in protobuf; 3 us in JSON",
            leans,
        ),
        row(
            "an initial event of a watch-list in addition to encoding: in JSON, in protobuf",
            format!(
                "{} us and {}; {} us and {}",
                costs::WATCH_LIST_EVENT.per_object / 1e3,
                a_gb(costs::WATCH_LIST_EVENT),
                costs::WATCH_LIST_EVENT_PROTOBUF.per_object / 1e3,
                a_gb(costs::WATCH_LIST_EVENT_PROTOBUF)
            ),
            "14 to 37 us and 4.4 s/GB in JSON over six kinds of objects; in protobuf Secrets of 1 MB alone",
            leans,
        ),
        row(
            "share of a typed object's JSON that is managed fields",
            MANAGED_FIELDS.to_string(),
            "0.19 to 0.24: Pods alone, from heap profiles of 1.32 and the buffers that they hold; decides the size \
             of encode buffers up to a factor of 2",
            "lists of Pods and the like on releases that buffer",
        ),
    ]
}

/// Marking, and starts.
fn processes() -> Vec<Assumption> {
    let row = |what, shown: String, range, leans| {
        value(Held::Measured, (what, shown), (RUNS, range), leans)
    };
    vec![
        row(
            "marking a GB of scannable heap; in addition, per cycle",
            format!("{} s; {} s", costs::MARK_PER_BYTE_NANOS, costs::MARK_BASE_SECONDS),
            "1.0 s/GB of Pods, 1.15 of custom resources (0.7 from Go 1.26), 1.6 us per small blob; 0.4 to 2 in public traces (Go issues #19393, #18896, #14812, #40225)",
            "what is allocated while marking; durations",
        ),
        row(
            "work done per CPU-second while marking",
            costs::EFFICIENCY_WHILE_MARKING.to_string(),
            "0.6 to 1 in nine streamed runs",
            OVERLAP,
        ),
        row(
            "marking is faster by `hardware.cpu-speed` to this power",
            costs::MARK_SPEED_EXPONENT.to_string(),
            "0.1 to 0.4, from collector traces of two machines whose processors encode at 1 to 1.9; assumed \
             outside of these",
            "machines faster or slower than the measured ones",
        ),
        row(
            "page faults of memory for small objects, as a share of those of large buffers",
            costs::SMALL_FAULT_SHARE.to_string(),
            "0.1 s/GB against 1.6 on the first machine; 0.03 to 0.1",
            "durations of bursts of many small objects",
        ),
        how(
            Held::Measured,
            "page faults of large buffers per GB: 1.6 s on the first measured machine, 0.25 s where a speed is \
             stated and by default (`hardware.page-fault-per-gb`)",
            "0.8 to 2 s on the first machine, whose host backs pages late; 0.15 to 0.5 on the second, once 1.8",
            "durations of buffered lists, and with them how many buffers are alive at once",
        ),
        row(
            "P on which a list takes its buffer from the pool, and puts it back",
            format!(
                "each of those in play as likely: processors and one more, at most {MOST_IN_PLAY}"
            ),
            "GOMAXPROCS of 1 and 2 measured: 20 lists, one after the other, leave as many buffers behind; more \
             follow from Go's rules (`sync/pool.go`, `runtime/proc.go`), between 2 and GOMAXPROCS",
            "second and later buffered lists on machines of many cores",
        ),
        row(
            "copies of large buffers that a collection waits for, per cycle",
            COPIES_WAITED_FOR.to_string(),
            "1.5 to 2: cycles of 0.8 to 3.2 s where marking takes 0.1 s",
            "what is allocated while marking, in bursts of buffered lists",
        ),
        row(
            "API Priority and Fairness lends seats first so long after a start, on the first machine",
            FIRST_ADJUSTMENT.to_string(),
            "1.2 to 2.1 s, by when queued lists begin; 3.0 to 4.5 s with 20,000 Pods; then every 10 s",
            "how many lists of a burst at a young server run at once",
        ),
        row(
            "and later where its own informers have objects to read, by so many times their decoding",
            INFORMERS_BEFORE_ADJUSTMENT.to_string(),
            "1.5 to 3.5, from servers with 20,000 Pods on two machines",
            "how many lists of a burst at a young server run at once",
        ),
        row(
            "a start without filling caches: time, and CPU time in it",
            format!("{}; {}", costs::START_UP, costs::START_UP_CPU),
            "2.0 s on two cores",
            "recovery",
        ),
        value(
            Held::Measured,
            (
                "filling a cache, in multiples of decoding, page faults not included",
                format!("{FILL_OVERHEAD:.1}"),
            ),
            (
                SERVERS,
                "1 to 1.5: 96 MB of Pods in 2 s after a restart; 1.5 where page faults are in it",
            ),
            "recovery",
        ),
    ]
}

fn a_gb(cost: Cost) -> String {
    format!("{} s/GB", cost.per_byte)
}
