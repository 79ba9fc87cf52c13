//! What the objects of a resource weigh in each form: stored, encoded, decoded, listed.
//!
//! Multipliers by shape. Measured (`tests/data/measured.jsonl`, see `costs`): `ConfigMaps` of 1 and 10 kB
//! are cached as their protobuf size + 1.6 kB; Pods of 6.1 kB to 2.12 times it (taken for
//! 1.9 times + 0.8 kB, which is 2.03: 1.9 to 2.1); custom resources of 17.5 kB to 3.9 times their JSON, small
//! ones to more (`CUSTOM_METADATA`).
//! docs/facts/memory.md section 2.2 and docs/facts/clients.md section 3.3 agree within 20 %. Costs of
//! encoding blobs per byte and per object are fitted to lists of `ConfigMaps` of 1 to 100 kB.

use super::costs::{Cost, SPAN_OVERHEAD, SPAN_PER_BLOB, STREAMED_BLOB, STREAMED_TYPED};
use super::input::{ResourceInput, Shape};
use super::memory::alloc::{Pointers, block_size};
use crate::units::Bytes;

/// What the collector has to look at in an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// All of it: structs with pointers and short strings.
    Typed,
    /// All of it: maps of interfaces.
    Maps,
    /// So much of it is around a block of bytes.
    Around(Bytes),
}

impl Scan {
    /// CPU time per byte as a share of [`MARK_PER_BYTE_NANOS`](super::costs::MARK_PER_BYTE_NANOS), of objects
    /// that take `bytes` each; `spans`: the collector marks by spans.
    ///
    /// Measured, the cost of an empty server taken off: forced collections of idle servers with 20,000 Pods
    /// take 0.8 to 1.1 ms/MB; with custom resources 1.06 to 1.25 on 1.32 and 0.74 on 1.36, in bursts 0.67;
    /// with 10,000 and 100,000 `ConfigMaps` 1.7 us each on 1.32, on 1.36 1.6 in bursts and up to 2.9 idle.
    #[must_use]
    pub fn weight(self, bytes: Bytes, spans: bool) -> f64 {
        match self {
            Self::Typed => 1.0,
            Self::Maps if spans => 0.7,
            Self::Maps => 1.15,
            Self::Around(around) => (BLOCK + around.as_f64() / bytes.as_f64().max(1.0)).min(1.0),
        }
    }
}

/// What of a block of bytes the collector looks at: its place in the heap.
const BLOCK: f64 = 0.02;

/// Sizes and costs of one object of a resource; means.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectProfile {
    /// In etcd.
    pub stored: Bytes,
    /// As JSON in a response.
    pub json: Bytes,
    /// As protobuf in a response; custom resources have none.
    pub protobuf: Option<Bytes>,
    /// Decoded, in the watch cache, with its index entries.
    pub cached: Bytes,
    /// Decoded, alone.
    pub decoded: Bytes,
    /// What decoding it leaves behind.
    pub decode_garbage: Bytes,
    /// Held by each LIST per item until its last byte: slices, struct copies, conversion.
    pub listed: Bytes,
    /// Deep copy that a LIST makes of each item (custom resources only).
    pub deep_copy: Bytes,
    /// Garbage of encoding an item alone (streamed lists).
    pub item_garbage: Bytes,
    /// Garbage of encoding an item to protobuf alone.
    pub item_garbage_protobuf: Bytes,
    /// Deep copy of an initial watch event.
    pub event_copy: Bytes,
    /// Garbage of an initial watch event: its copy, and what encoding it leaves.
    pub event_garbage: Bytes,
    /// What marking it costs.
    pub scan: Scan,
    /// Encoding to JSON.
    pub encode_json: Cost,
    /// Encoding to protobuf.
    pub encode_protobuf: Cost,
    /// What an item of a streamed protobuf list costs beyond encoding and bytes, per frame of its own.
    pub protobuf_frame: Cost,
    /// Reading from etcd's answer.
    pub decode: Cost,
    /// gzip output per input byte, of JSON and of protobuf.
    pub gzip_ratio: (f64, f64),
}

/// Built-in resources that embed a pod specification: their conversion copies it
/// (docs/facts/watch-cache.md section 6.2).
const WITH_POD_SPEC: [&str; 9] = [
    "pods",
    "deployments",
    "replicasets",
    "daemonsets",
    "statefulsets",
    "jobs",
    "cronjobs",
    "podtemplates",
    "replicationcontrollers",
];

/// Built-in resources of which every apiserver keeps a second copy in its own informers:
/// authentication, authorisation, admission, aggregation (docs/facts/clients.md section 3.2; measured
/// for Secrets and Pods).
const IN_LOOPBACK_INFORMERS: [&str; 25] = [
    "pods",
    "nodes",
    "secrets",
    "serviceaccounts",
    "namespaces",
    "services",
    "endpointslices",
    "persistentvolumes",
    "persistentvolumeclaims",
    "volumeattachments",
    "csinodes",
    "csidrivers",
    "storageclasses",
    "resourceclaims",
    "resourceslices",
    "resourcequotas",
    "limitranges",
    "roles",
    "rolebindings",
    "clusterroles",
    "clusterrolebindings",
    "priorityclasses",
    "customresourcedefinitions",
    "mutatingwebhookconfigurations",
    "validatingwebhookconfigurations",
];

/// Encoding typed objects to JSON, nanoseconds of CPU time per byte, 8.2 to 10.2, whether into a buffer or one
/// by one. (Measured on lists and watch-lists of Pods: of 7.7 kB 71 us, on one server; of 19.6 kB 160 to 200 us,
/// from when 36 clients of 1.34 had their streamed lists and servers of 1.36 died. The first deaths of three
/// runs of 1.32, with buffers, fit 125 us, 140 us and more than 182. Above 8 kB it rests on runs of
/// three servers with half a core each alone: no single server was measured with JSON of such Pods.)
pub(crate) const TYPED_JSON_NANOS: f64 = 9.26;

/// What a cached blob takes besides its stored bytes: struct, key, labels, managed fields, its place in store
/// and tree. (Measured as the heap in use of idle servers of 1.32 and 1.36 with 100,000 `ConfigMaps` of 1 kB and
/// with 10,000 of 10 kB: 1,558 B each.)
const CACHED_BLOB: Bytes = Bytes(1_550);
/// Temporaries of encoding an object to JSON alone, per byte of JSON, ...
const TEMPORARIES: f64 = 0.04;
/// ... besides, of a blob, ...
const BLOB_TEMPORARIES: Bytes = Bytes(450);
/// ... and of a typed object, per byte of the [`RICH`] first: its fields make them. (Measured as all that is
/// allocated between collections per byte sent, of ten bursts of streamed Pods of 7.7 kB: 1.32 to 1.36, of
/// which the encoded item is 1.07; of `ConfigMaps` 1.41 of 1 kB, 1.12 to 1.14 of 10 kB, 1.12 of 100 kB.)
const FIELD_TEMPORARIES: f64 = 0.22;
/// JSON of a Pod with many fields; what is larger has longer strings, not more fields. (As the measured Pods
/// of 7.7 and 19.6 kB are made; three servers with 12 streamed lists each of the latter fill 0.8 GB in the 13 s
/// that this gives, and in 11 s if temporaries grew with the bytes.)
const RICH: Bytes = Bytes(7_700);
/// The same in protobuf, per object (measured so on bursts of `ConfigMaps` of 1 and 10 kB and of Pods of 6 and
/// 16 kB: 320 to 490 B).
const ITEM_PROTOBUF: Bytes = Bytes(350);

/// JSON of a custom resource that is metadata, managed fields and conditions: trees of maps with one or two short
/// entries, of which a byte takes two bytes of heap more than one of the rest. (A Kustomization of 2.4 kB with its
/// managed fields and status takes 5.75 times its JSON, a minimal object of 0.5 kB 6.2 times, decoded by Go 1.19;
/// the measured resources of 17.5 kB 3.9 times.)
const CUSTOM_METADATA: Bytes = Bytes(2_400);

/// Definitions of custom resources, per byte of their JSON: decoded (2.8), ...
///
/// All three, and the costs beside them, from `encoding/json` of Go 1.19 over structs of the same fields as
/// `JSONSchemaProps`, with its own `MarshalJSON` and `UnmarshalJSON` of `items` and `additionalProperties`
/// (apiextensions-apiserver `pkg/apis/apiextensions/v1`), which encode and decode what they hold apart, level by
/// level: the ten definitions of the Prometheus operator, 8 to 480 kB.
pub(crate) const DEFINITION_DECODED: f64 = 2.8;
/// ... what decoding leaves behind: the served version and temporaries (5.4 allocated in all, of which 2.8 are
/// the served version), ...
const DEFINITION_DECODING: f64 = 5.4;
/// ... and what encoding allocates (5.5 to 6.5).
const DEFINITION_ENCODED: f64 = 5.5;

/// What encoding an object to JSON alone leaves besides, by its length.
fn temporaries(json: Bytes) -> Bytes {
    json.scale(TEMPORARIES)
}

/// An item that is encoded alone is copied into a block of its own.
fn encoded_alone(item: Bytes) -> Bytes {
    block_size(item, Pointers::None)
}

/// Whether the apiservers' own informers hold the resource too.
#[must_use]
pub fn in_loopback_informers(resource: &ResourceInput) -> bool {
    matches!(resource.shape, Shape::Blob | Shape::Typed)
        && IN_LOOPBACK_INFORMERS.contains(&resource.name.as_str())
}

/// Whether a resource's objects are definitions of custom resources. They are stored as JSON.
#[must_use]
pub fn are_definitions(resource: &ResourceInput) -> bool {
    resource.name == "customresourcedefinitions" && resource.shape == Shape::Typed
}

impl ObjectProfile {
    /// Resident bytes of runtime metadata and partial spans per byte of cached objects.
    #[must_use]
    pub fn span_overhead(&self) -> f64 {
        if matches!(self.scan, Scan::Around(_)) {
            0.02 + SPAN_PER_BLOB.as_f64() / self.cached.as_f64().max(1.0)
        } else {
            SPAN_OVERHEAD
        }
    }

    /// The profile of a resource's objects.
    #[must_use]
    pub fn of(resource: &ResourceInput) -> Self {
        let stored = resource.size;
        let mut profile = match resource.shape {
            Shape::Blob => Self::blob(&resource.name, stored),
            Shape::Typed => Self::typed(&resource.name, stored),
            Shape::Custom => Self::custom(stored),
            Shape::CustomBlob => Self::custom_blob(stored),
        };
        if are_definitions(resource) {
            profile = profile.of_definitions();
        }
        if let Some(json) = resource.json_size {
            profile.json = json;
        }
        if let Some(heap) = resource.heap_size {
            profile.cached = heap;
            profile.decoded = heap;
        }
        profile.item_garbage = match resource.shape {
            Shape::Blob => {
                encoded_alone(profile.json) + BLOB_TEMPORARIES + temporaries(profile.json)
            }
            Shape::Typed if are_definitions(resource) => profile.json.scale(DEFINITION_ENCODED),
            Shape::Typed => {
                let fields = profile.json.min(RICH).scale(FIELD_TEMPORARIES);
                encoded_alone(profile.json) + fields + temporaries(profile.json)
            }
            Shape::Custom | Shape::CustomBlob => profile.item_garbage,
        };
        profile
    }

    /// The same with decoded objects, and copies of them, scaled: see
    /// [`Calibration`](super::input::Calibration).
    #[must_use]
    pub fn with_heap(mut self, factor: f64) -> Self {
        let decoded = [
            &mut self.cached,
            &mut self.decoded,
            &mut self.decode_garbage,
            &mut self.deep_copy,
            &mut self.event_copy,
            &mut self.event_garbage,
        ];
        for bytes in decoded {
            *bytes = bytes.scale(factor);
        }
        self
    }

    fn blob(name: &str, stored: Bytes) -> Self {
        // Secrets are base64 in JSON; text is copied with escapes checked.
        let binary = name == "secrets";
        let json = if binary { stored.scale(4.0 / 3.0) } else { stored } + Bytes(200);
        Self {
            stored,
            json,
            protobuf: Some(stored),
            cached: stored + CACHED_BLOB,
            decoded: stored + Bytes(700),
            decode_garbage: Bytes::ZERO,
            listed: Bytes(290),
            deep_copy: Bytes::ZERO,
            item_garbage: Bytes::ZERO,
            item_garbage_protobuf: encoded_alone(stored) + ITEM_PROTOBUF,
            // Deep copies share strings but copy []byte.
            event_copy: if binary { stored } else { Bytes(2_250) },
            event_garbage: if binary { stored } else { Bytes::ZERO } + Bytes(2_250),
            scan: Scan::Around(CACHED_BLOB),
            encode_json: Cost { per_byte: if binary { 0.7 } else { 2.2 }, per_object: 6_000.0 },
            encode_protobuf: Cost { per_byte: 0.35, per_object: 2_500.0 },
            protobuf_frame: STREAMED_BLOB,
            decode: Cost { per_byte: 1.0, per_object: 8_000.0 },
            gzip_ratio: if binary { (0.76, 1.0) } else { (0.72, 0.72) },
        }
    }

    fn typed(name: &str, stored: Bytes) -> Self {
        let json = stored.scale(1.3);
        let pod_spec = WITH_POD_SPEC.contains(&name);
        Self {
            stored,
            json,
            protobuf: Some(stored),
            cached: stored.scale(1.9) + Bytes(if name == "pods" { 800 } else { 450 }),
            decoded: stored.scale(1.9),
            decode_garbage: Bytes::ZERO,
            listed: Bytes(if pod_spec { 2_520 } else { 700 }),
            deep_copy: Bytes::ZERO,
            item_garbage: Bytes::ZERO,
            item_garbage_protobuf: encoded_alone(stored) + ITEM_PROTOBUF,
            event_copy: stored.scale(1.5),
            event_garbage: stored.scale(1.5),
            scan: Scan::Typed,
            encode_json: Cost { per_byte: TYPED_JSON_NANOS, per_object: 0.0 },
            encode_protobuf: Cost { per_byte: 2.6, per_object: 0.0 },
            protobuf_frame: STREAMED_TYPED,
            decode: Cost { per_byte: 5.0, per_object: 8_000.0 },
            gzip_ratio: (0.22, 0.15),
        }
    }

    /// Definitions of custom resources instead of other typed objects: a struct of half a kilobyte for each
    /// field of their schemas. They are stored and decoded as JSON of the served version and then converted to the
    /// internal one, which differs in its schemas, so that a LIST converts a copy of each back.
    fn of_definitions(self) -> Self {
        let decoded = self.stored.scale(DEFINITION_DECODED);
        Self {
            json: self.stored,
            cached: decoded + Bytes(450),
            decoded,
            decode_garbage: self.stored.scale(DEFINITION_DECODING),
            listed: Bytes(700) + decoded,
            encode_json: Cost { per_byte: 18.0, per_object: 0.0 },
            decode: Cost { per_byte: 45.0, per_object: 8_000.0 },
            ..self
        }
    }

    fn custom(stored: Bytes) -> Self {
        let metadata = stored.min(CUSTOM_METADATA);
        let decoded = stored.scale(3.58) + metadata.scale(2.0);
        let copy = stored.scale(2.54) + metadata.scale(1.5);
        Self {
            stored,
            json: stored,
            protobuf: None,
            cached: decoded + Bytes(500),
            decoded,
            decode_garbage: Bytes::ZERO,
            listed: Bytes(64),
            deep_copy: copy,
            item_garbage: stored.scale(3.8),
            item_garbage_protobuf: Bytes::ZERO,
            event_copy: copy,
            event_garbage: copy + stored.scale(3.8),
            scan: Scan::Maps,
            encode_json: Cost { per_byte: 21.0, per_object: 0.0 },
            encode_protobuf: Cost::default(),
            protobuf_frame: Cost::default(),
            decode: Cost { per_byte: 30.0, per_object: 8_000.0 },
            gzip_ratio: (0.22, 0.22),
        }
    }

    fn custom_blob(stored: Bytes) -> Self {
        Self {
            cached: stored.scale(1.05) + Bytes(4_000),
            decoded: stored.scale(1.05) + Bytes(3_500),
            deep_copy: Bytes(3_000),
            item_garbage: stored.scale(2.0),
            event_copy: Bytes(3_000),
            event_garbage: Bytes(3_000),
            scan: Scan::Around(Bytes(4_000)),
            encode_json: Cost { per_byte: 2.4, per_object: 10_000.0 },
            decode: Cost { per_byte: 4.0, per_object: 8_000.0 },
            gzip_ratio: (0.72, 0.72),
            ..Self::custom(stored)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ObjectProfile, ResourceInput, Shape, are_definitions};
    use crate::model::input::WriterInput;
    use crate::units::{Bytes, SimSpan};

    fn resource(name: &str, shape: Shape, size: u64, json: Option<u64>) -> ResourceInput {
        ResourceInput {
            name: name.to_owned(),
            api_group: String::new(),
            count: 1,
            size: Bytes(size),
            shape,
            json_size: json.map(Bytes),
            heap_size: None,
            versions: 1,
            writes_per_second: 0.0,
            conversion_latency: None,
            gets_per_second: 0.0,
            writer: WriterInput::default(),
            watch_cache: true,
        }
    }

    /// Of what is allocated per byte of a streamed list, measured, objects of 1 kB to 1.3 MB.
    #[test]
    fn an_item_that_is_encoded_alone_leaves_what_was_measured() {
        let near = |found: f64, measured: f64| {
            assert!((found / measured - 1.0).abs() < 0.04, "{found} beside {measured}");
        };
        for (json, measured) in [(1_471, 1.410), (10_470, 1.13), (100_469, 1.116)] {
            let resource = resource("configmaps", Shape::Blob, json - 200, None);
            let item = ObjectProfile::of(&resource);
            near(item.item_garbage.as_f64() / item.json.as_f64(), measured);
        }
        // The measured Pods, of 7.7 and 19.6 kB: the larger have longer strings, not more fields.
        for (stored, json, measured) in [(6_147, 7_692, 1.325), (16_034, 19_647, 1.17)] {
            let pod = ObjectProfile::of(&resource("pods", Shape::Typed, stored, Some(json)));
            near(pod.item_garbage.as_f64() / pod.json.as_f64(), measured);
        }
        for (stored, measured) in [(1_276, 1.26), (10_275, 1.10)] {
            let item = ObjectProfile::blob("configmaps", Bytes(stored));
            near(item.item_garbage_protobuf.as_f64() / item.stored.as_f64(), measured);
        }
    }

    /// Small blobs are marked by the object (measured 1.6 us each), large ones hardly.
    #[test]
    fn marking_blobs_costs_by_the_object() {
        let marked = |stored| {
            let item = ObjectProfile::blob("configmaps", Bytes(stored));
            item.scan.weight(item.cached, false) * item.cached.as_f64() / 1e3
        };
        assert!((1.5..1.7).contains(&marked(1_000)), "{}", marked(1_000));
        assert!((1.6..2.0).contains(&marked(10_000)), "{}", marked(10_000));
        assert!(marked(1_000_000) < 25.0, "{}", marked(1_000_000));
    }

    /// A Kustomization, a minimal object (decoded by Go 1.19), and the resources of the measured runs.
    #[test]
    fn small_custom_resources_are_mostly_metadata() {
        for (json, measured) in [(2_356, 13_550.0), (481, 2_976.0), (17_500, 3.85 * 17_500.0)] {
            let decoded =
                ObjectProfile::of(&resource("widgets", Shape::Custom, json, None)).decoded;
            let error = decoded.as_f64() / measured - 1.0;
            assert!(error.abs() < 0.1, "{decoded:?} beside {measured} for {json} B");
        }
    }

    /// 71 us for a Pod of 7.7 kB, 160 to 200 us for one of 19.6 kB.
    #[test]
    fn a_pod_is_encoded_in_the_measured_time() {
        let encoded = |stored, json| {
            let pod = ObjectProfile::of(&resource("pods", Shape::Typed, stored, Some(json)));
            pod.encode_json.of(1, pod.json)
        };
        let micros = |micros: u64| SimSpan(micros * 1_000);
        assert!((micros(69)..micros(73)).contains(&encoded(6_147, 7_692)));
        assert!((micros(160)..micros(200)).contains(&encoded(16_034, 19_647)));
    }

    #[test]
    fn only_the_built_in_definitions_of_custom_resources_are_definitions() {
        let is = |name, shape| are_definitions(&resource(name, shape, 10_000, None));
        assert!(is("customresourcedefinitions", Shape::Typed));
        assert!(!is("customresourcedefinitions", Shape::CustomBlob));
        assert!(!is("pods", Shape::Typed));
    }
}
