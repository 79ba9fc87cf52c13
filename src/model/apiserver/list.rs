//! Where a LIST's memory comes from.
//!
//! The table of docs/facts/watch-cache.md section 7, as phases. In every route a LIST holds its slices
//! and the converted items until the last byte has left; custom resources are deep-copied whole.
//! On top of that
//!
//! - buffered JSON holds a `bytes.Buffer` that doubles as it fills; the old half becomes garbage
//!   at each doubling (capacities are exact: `memory::alloc`); afterwards the buffer goes to a
//!   `sync.Pool`, and a later encoder starts with it;
//! - buffered protobuf holds one buffer of the right size (`memory::alloc`);
//! - streamed responses hold an item at a time and leave a response's worth of garbage behind;
//! - from etcd, raw bytes are held twice or thrice, then once less every decoded object.

use super::audit;
use super::etcd_rounds::EtcdRounds;
use super::plan::{Phase, RampKind, RequestPlan, Stage, Step};
use super::route::Route;
use crate::engine::fluid::Demand;
use crate::model::costs::{self, Cost, GRPC_READ};
use crate::model::input::{
    AuditInput, Calibration, Encoding, EtcdInput, Hardware, ReadInput, ResourceVersion, Shape,
};
use crate::model::memory::alloc::{self, JsonEncoding, JsonList, Pointers};
use crate::model::memory::ledger::OwnerId;
use crate::model::objects::ObjectProfile;
use crate::model::release::Release;
use crate::results::Mechanism;
use crate::units::{ByteRate, Bytes, SimSpan};

/// Everything a LIST's plan depends on.
#[derive(Clone, Debug)]
pub struct ListContext<'a> {
    /// The release's behaviours.
    pub release: &'a Release,
    /// Speeds.
    pub hardware: &'a Hardware,
    /// What is known better than the model's constants.
    pub calibration: &'a Calibration,
    /// The objects.
    pub profile: &'a ObjectProfile,
    /// Their shape: custom resources are encoded and copied differently.
    pub shape: Shape,
    /// The request.
    pub read: &'a ReadInput,
    /// How etcd answers now.
    pub etcd: EtcdInput,
    /// What is recorded of it.
    pub audit: &'a AuditInput,
    /// How long a conversion webhook takes for an object that is read from etcd.
    pub converted: SimSpan,
    /// How fast the client reads.
    pub drain_rate: Option<ByteRate>,
    /// Who holds the memory.
    pub owner: OwnerId,
}

/// One LIST, or one page of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListShape {
    /// Who answers.
    pub route: Route,
    /// Objects returned.
    pub items: u64,
    /// Objects looked at.
    pub scanned: u64,
    /// Capacity of the pooled buffer it got, if any.
    pub pooled: Option<Bytes>,
    /// How its share of the processors compares with that of others.
    pub pace: Pace,
}

/// Equal requests do not get equal shares of the processors: time slices, page faults and mark assists
/// hit one and spare another, so buffers of lists that begin at once double one after the other. (Measured:
/// the first bytes of seven equal buffered lists lie apart by 10 to 17 % of the time they take, and by more
/// on small responses.) Paces go round among the lists that a server begins, and are one in the mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pace(i8);

impl Pace {
    const COUNT: u32 = 5;
    /// CPU time from one pace to the next, as a share of the mean.
    const STEP: f64 = 0.04;
    /// How far the slowest and the quickest lie from the mean.
    pub(crate) const SPREAD: f64 = Self::STEP * (Self::COUNT / 2) as f64;

    /// The pace of a server's list with this number, counted from its start.
    #[must_use]
    pub fn of(number: u32) -> Self {
        // Neighbours are not next to each other.
        Self((number % Self::COUNT * 2 % Self::COUNT) as i8 - Self::COUNT as i8 / 2)
    }

    /// CPU time beside the mean.
    fn factor(self) -> f64 {
        1.0 + Self::STEP * f64::from(self.0)
    }
}

/// Objects that a page walks over, rounded up by 1.6 % at most, so that the pages of a list share
/// some tens of plans instead of each having its own.
#[must_use]
pub fn rounded_scan(objects: u64) -> u64 {
    const KEPT_BITS: u32 = 7;
    let shift = (u64::BITS - objects.leading_zeros()).saturating_sub(KEPT_BITS);
    objects.next_multiple_of(1 << shift)
}

#[cfg(test)]
#[test]
fn paces_are_one_in_the_mean() {
    let factors: Vec<f64> = (0..Pace::COUNT).map(|number| Pace::of(number).factor()).collect();
    assert!((factors.iter().sum::<f64>() - f64::from(Pace::COUNT)).abs() < 1e-9, "{factors:?}");
    assert!(factors.iter().all(|factor| (0.9..1.1).contains(factor)), "{factors:?}");
    assert!((Pace::default().factor() - 1.0).abs() < f64::EPSILON);
}

/// How a response is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoder {
    Streamed,
    BufferedJson,
    BufferedProtobuf,
}

/// Bytes of one item in the response.
#[must_use]
pub fn item_bytes(profile: &ObjectProfile, encoding: Encoding) -> Bytes {
    match (encoding, profile.protobuf) {
        (Encoding::Protobuf, Some(size)) => size,
        (Encoding::Table, _) => table_row(profile),
        _ => profile.json,
    }
}

/// A row of a Table with its `PartialObjectMetadata` but without the managed fields of it (measured on
/// 1.32, from the bytes of a response: 4.2 kB for Pods of 7.7 kB, of which managed fields are 1.65).
pub(crate) const TABLE_ROW: Bytes = Bytes(2_580);
/// Managed fields of an object are taken for no larger in a Table's row (assumed: they grow with the
/// number of fields, not with the length of strings; 2 to 10 kB).
pub(crate) const MOST_MANAGED_FIELDS: Bytes = Bytes(4_000);

/// Bytes of a Table's row.
fn table_row(profile: &ObjectProfile) -> Bytes {
    TABLE_ROW + profile.json.scale(MANAGED_FIELDS).min(MOST_MANAGED_FIELDS)
}

/// Share of a typed object's JSON that its `managedFields` are, 0.19 to 0.24 (measured: heap profiles of
/// 1.32 hold 1,657 bytes of `FieldsV1` for a Pod of 7,692, and seven buffers of 160.07 MiB for lists of
/// such, which is the chain of capacities that begins with 2,304). Where the chain begins decides whether
/// a buffer is up to twice as large; of other kinds and writers the share was not measured.
pub(crate) const MANAGED_FIELDS: f64 = 0.215;

/// Compressed only from this size (`defaultGzipThresholdBytes`, apiserver writers.go).
const GZIP_THRESHOLD: Bytes = Bytes::kib(128);

impl ListContext<'_> {
    /// The plan of a LIST.
    #[must_use]
    pub fn plan(&self, list: ListShape) -> RequestPlan {
        let body = item_bytes(self.profile, self.read.encoding).times(list.items) + Bytes(100);
        let gzip = self.gzip(body);
        let wire = gzip.map_or(body, |ratio| body.scale(ratio));
        let mut phases = Vec::new();
        if list.route == Route::Cache && self.read.resource_version == ResourceVersion::Unset {
            phases.push(self.wait_until_fresh());
        }
        let decoded = self.fetch(list, &mut phases);
        let listed = self.collect(list, &mut phases);
        let json = self.json_item();
        let streams = self.release.streams_json && self.read.encoding != Encoding::Table;
        let audited = audit::of_list(
            self.audit,
            (json.times(list.items), json, streams),
            self.profile.encode_json.of(list.items, json.times(list.items)),
            self.entry(Mechanism::AuditEvents),
        );
        let (before, after) = audited.unzip();
        phases.extend(before);
        let encoder = self.encoder();
        let mut write = match encoder {
            Encoder::Streamed => self.stream(list, body, gzip, wire),
            Encoder::BufferedJson => self.buffer_json(list, body, gzip, wire, &mut phases),
            Encoder::BufferedProtobuf => self.buffer_protobuf(list, body, gzip, wire, &mut phases),
        };
        if decoded > Bytes::ZERO {
            write = write.at_end(Step::Drop(self.entry(Mechanism::DecodedObjects), decoded));
        }
        write =
            write.at_end(Step::Drop(self.entry(Mechanism::ListSliceAndConversion), listed)).at_end(
                Step::Litter(self.entry(Mechanism::ListSliceAndConversion), costs::REQUEST_GARBAGE),
            );
        phases.push(write);
        phases.extend(after);
        // The server's pool has given the buffer up when the request starts: a request that is cut
        // before it encodes must drop it, too.
        if let (Some(buffer), Some(first)) = (list.pooled, phases.first_mut()) {
            first.start.push(Step::Unpool(self.entry(Mechanism::ResponseBuffer), buffer));
        }
        let mut plan = RequestPlan { phases };
        plan.scale_cpu(self.hardware.cpu_speed / list.pace.factor());
        plan
    }

    /// Bytes of an item as an audit event has it.
    fn json_item(&self) -> Bytes {
        let encoding = match self.read.encoding {
            Encoding::Table => Encoding::Table,
            Encoding::Json | Encoding::Protobuf => Encoding::Json,
        };
        item_bytes(self.profile, encoding)
    }

    /// Whether the encode buffer of such a LIST comes from the JSON encoder's pool.
    #[must_use]
    pub fn uses_pool(&self) -> bool {
        self.encoder() == Encoder::BufferedJson
    }

    fn entry(&self, mechanism: Mechanism) -> crate::model::memory::ledger::EntryId {
        self.owner.entry(mechanism)
    }

    fn custom(&self) -> bool {
        matches!(self.shape, Shape::Custom | Shape::CustomBlob)
    }

    fn protobuf(&self) -> bool {
        self.read.encoding == Encoding::Protobuf && self.profile.protobuf.is_some()
    }

    fn encoder(&self) -> Encoder {
        match self.read.encoding {
            Encoding::Table => Encoder::BufferedJson,
            _ if self.protobuf() && self.release.streams_protobuf => Encoder::Streamed,
            _ if self.protobuf() => Encoder::BufferedProtobuf,
            _ if self.release.streams_json => Encoder::Streamed,
            _ => Encoder::BufferedJson,
        }
    }

    fn gzip(&self, body: Bytes) -> Option<f64> {
        let wanted = self.read.gzip && self.release.response_compression && body > GZIP_THRESHOLD;
        let (json, protobuf) = self.profile.gzip_ratio;
        wanted.then_some(if self.protobuf() { protobuf } else { json })
    }

    /// A consistent read waits until the cache has seen etcd's revision: one small read, then on
    /// average half of the 100 ms between progress requests (docs/facts/watch-cache.md section 4.1).
    fn wait_until_fresh(&self) -> Phase {
        let mut wait = Phase::cpu(Stage::Etcd, SimSpan::ZERO);
        wait.demand.floor = self.etcd.latency + SimSpan::millis(50);
        wait
    }

    /// Reads from etcd, if that is the route. Returns the decoded bytes that stay.
    fn fetch(&self, list: ListShape, phases: &mut Vec<Phase>) -> Bytes {
        if list.route != Route::Etcd {
            return Bytes::ZERO;
        }
        let raw = self.profile.stored.times(list.scanned);
        let raw_entry = self.entry(Mechanism::EtcdRawResponse);
        let copies = u64::from(self.release.grpc_raw_copies);
        let rounds = EtcdRounds::of(self.read.limit, list.scanned);
        // RangeStream (etcd 3.7) holds two or three chunks instead of the whole answer.
        let chunked = self.etcd.range_stream && rounds.count == 1;
        let largest = self.profile.stored.times(rounds.largest);
        let held = if chunked { raw.min(RANGE_STREAM_CHUNKS) } else { largest };
        let mut read = Phase::cpu(Stage::Etcd, GRPC_READ.of(0, raw)).ranging(held);
        read.demand.floor =
            self.etcd.latency.times(rounds.count) + self.etcd.read_rate.time_for(raw);
        read = read.ramp(RampKind::Take, raw_entry, held.times(copies));
        if held < raw {
            read = read.ramp(RampKind::Litter, raw_entry, raw.times(copies) - held.times(copies));
        }
        phases.push(read.at_end(Step::Drop(raw_entry, held.times(copies - 1))));
        let decoded = self.profile.decoded.times(list.items);
        let mut decode = Phase::cpu(Stage::Working, self.profile.decode.of(list.scanned, raw))
            .ramp(RampKind::Take, self.entry(Mechanism::DecodedObjects), decoded)
            .ramp(
                RampKind::Litter,
                self.entry(Mechanism::DecodedObjects),
                (self.profile.decoded + self.profile.decode_garbage).times(list.scanned) - decoded,
            )
            .ramp(RampKind::Drop, raw_entry, held);
        if self.converted > SimSpan::ZERO {
            // One after the other, before its turn to be selected.
            decode.demand.floor = self.converted.times(list.scanned);
            let reviews = self.profile.json.times(costs::CONVERSION_COPIES * list.scanned);
            decode = decode.ramp(RampKind::Litter, self.entry(Mechanism::DecodedObjects), reviews);
        }
        phases.push(decode);
        decoded
    }

    /// Collects, copies and converts the items. Returns the bytes held until the end.
    fn collect(&self, list: ListShape, phases: &mut Vec<Phase>) -> Bytes {
        let entry = self.entry(Mechanism::ListSliceAndConversion);
        let slots = Bytes(costs::SCAN_SLOT).times(list.scanned);
        let copies = self.profile.deep_copy.times(list.items);
        let listed = self.profile.listed.times(list.items);
        let table = if self.read.encoding == Encoding::Table {
            table_row(self.profile).times(list.items)
        } else {
            Bytes::ZERO
        };
        let copy_cpu = if self.custom() {
            costs::DEEP_COPY_CUSTOM.of(list.items, self.profile.json.times(list.items))
        } else {
            SimSpan::ZERO
        };
        let held = listed + copies + table;
        // Slices that grow by a quarter leave four times their size behind (watch-cache.md 7, t1).
        let cpu = costs::SCAN.of(list.scanned, Bytes::ZERO)
            + costs::LIST_ITEM.of(list.items, Bytes::ZERO)
            + copy_cpu
            + costs::REQUEST_BASE;
        phases.push(Phase::cpu(Stage::Working, cpu).ramp(RampKind::Take, entry, held).ramp(
            RampKind::Litter,
            entry,
            slots + Bytes(costs::SCAN_SLOT).times(list.items),
        ));
        held
    }

    fn encode_cost(&self) -> Cost {
        if self.protobuf() { self.profile.encode_protobuf } else { self.profile.encode_json }
    }

    /// Writing `wire` bytes, with gzip of `body` if asked.
    fn write(&self, stage: Stage, body: Bytes, gzip: Option<f64>, wire: Bytes) -> Phase {
        let mut cpu = costs::WRITE.of(0, wire);
        let mut floor = SimSpan::ZERO;
        if let Some(rate) = self.drain_rate {
            cpu += costs::WRITE_SLOWLY.of(0, wire);
            floor = rate.time_for(wire - costs::CLIENT_WINDOW);
        }
        if gzip.is_some() {
            cpu += costs::GZIP.of(0, body);
        }
        let mut phase = Phase::cpu(stage, cpu);
        phase.demand = Demand { cpu, wire, floor };
        if gzip.is_some() {
            let entry = self.entry(Mechanism::Gzip);
            phase = phase
                .at_start(Step::Take(entry, costs::GZIP_WRITER))
                .at_end(Step::Drop(entry, costs::GZIP_WRITER));
        }
        if self.drain_rate.is_some() {
            let entry = self.entry(Mechanism::SocketBuffers);
            let ahead = wire.min(costs::CLIENT_WINDOW);
            phase = phase
                .at_start(Step::TakeKernel(entry, ahead))
                .at_end(Step::GiveKernel(entry, ahead));
        }
        phase
    }

    fn stream(&self, list: ListShape, body: Bytes, gzip: Option<f64>, wire: Bytes) -> Phase {
        let entry = self.entry(Mechanism::ResponseBuffer);
        let item = item_bytes(self.profile, self.read.encoding);
        let in_hand = if self.protobuf() {
            alloc::block_size(item, Pointers::None)
        } else {
            let encoding = JsonEncoding::streamed(&self.json_list(list.items));
            encoding.buffer() + encoding.copy
        };
        let garbage = if self.release.pooled_item_encoders {
            item
        } else if self.protobuf() {
            self.profile.item_garbage_protobuf.times(list.items)
        } else {
            self.profile.item_garbage.times(list.items)
        }
        .scale(self.calibration.stream_garbage);
        let mut phase = self.write(Stage::Streaming, body, gzip, wire);
        let encode =
            if self.protobuf() { self.profile.encode_protobuf } else { self.profile.encode_json };
        phase.demand.cpu += encode.of(list.items, body);
        let frames = (item.as_f64() / costs::STREAM_BUFFER.as_f64()).min(1.0);
        phase.demand.cpu += if self.protobuf() {
            self.profile.protobuf_frame.of(list.items, Bytes::ZERO).scale(frames)
        } else {
            costs::STREAMED_JSON_ITEM.of(list.items, Bytes::ZERO)
        };
        phase
            .at_start(Step::Take(entry, in_hand))
            .ramp(RampKind::Litter, entry, garbage)
            .at_end(Step::Drop(entry, in_hand))
    }

    fn buffer_json(
        &self,
        list: ListShape,
        body: Bytes,
        gzip: Option<f64>,
        wire: Bytes,
        phases: &mut Vec<Phase>,
    ) -> Phase {
        let entry = self.entry(Mechanism::ResponseBuffer);
        let json = self.json_list(list.items);
        let encoding = if self.custom() {
            JsonEncoding::unstructured(&json)
        } else {
            JsonEncoding::whole(&json)
        };
        // UnstructuredList.MarshalJSON encodes into an inner buffer and copies it compacted into
        // the outer one: the items' garbage besides (docs/facts/watch-cache.md section 6.3).
        // Definitions' schemas do the same, level by level.
        let nested = self.custom() || self.profile.decode_garbage > Bytes::ZERO;
        let mut litter =
            if nested { self.profile.item_garbage.times(list.items) } else { Bytes::ZERO };
        let mut cpu = self.encode_cost().of(list.items, body);
        // What the buffer holds; the wire carries the body as it is.
        let buffered = self.buffered(body);
        let mut held = list.pooled.unwrap_or_default();
        if list.pooled.is_none() {
            litter += encoding.values.iter().copied().sum();
        }
        let capacities = encoding.buffers.iter().copied();
        let large: Vec<Bytes> = capacities
            .map(|c| self.buffered(c))
            .filter(|c| *c > held && *c >= costs::LARGE_BUFFER)
            .collect();
        if large.is_empty() && held == Bytes::ZERO {
            held = self.buffered(encoding.buffer());
            phases
                .push(Phase::cpu(Stage::Working, SimSpan::ZERO).at_start(Step::Take(entry, held)));
        }
        let mut filled = held.min(buffered);
        self.fill_buffer(&mut cpu, &mut litter, filled, buffered, phases);
        for capacity in large {
            self.grow_buffer(held, capacity, phases);
            let upto = capacity.min(buffered);
            self.fill_buffer(&mut cpu, &mut litter, upto - filled, buffered - filled, phases);
            held = capacity;
            filled = upto;
        }
        let write = self.write(Stage::Writing, body, gzip, wire);
        if !self.custom() {
            return write.at_end(Step::Pool(entry, held));
        }
        // UnstructuredList.MarshalJSON: the inner buffer is copied out, then compacted into the
        // outer encoder's (docs/facts/watch-cache.md section 6.3).
        let copies = self.buffered(encoding.copy + encoding.second_buffer);
        phases.push(
            Phase::cpu(Stage::Working, costs::GROW_BUFFER.of(0, copies))
                .ramp(RampKind::TakeLarge, entry, copies)
                .at_end(Step::Pool(entry, held)),
        );
        write.at_end(Step::Drop(entry, copies))
    }

    /// Bytes that an encode buffer takes for so many of a response.
    fn buffered(&self, bytes: Bytes) -> Bytes {
        bytes.scale(self.calibration.response_buffer)
    }

    /// The list as the JSON encoder writes it.
    fn json_list(&self, items: u64) -> JsonList {
        let item = item_bytes(self.profile, self.read.encoding);
        match self.shape {
            Shape::Blob | Shape::CustomBlob => JsonList::of_values(item, item, items),
            // The first large value of a typed object is its managedFields, after its name, labels
            // and annotations (`tests/golden/go-encode.jsonl.gz`; measured buffers of Pod lists).
            Shape::Typed | Shape::Custom => {
                let managed_fields = item.scale(MANAGED_FIELDS);
                JsonList::of_fields(item, Bytes(480).min(item), managed_fields, items)
            }
        }
    }

    /// Encodes `part` of the remaining `rest` bytes into the buffer.
    fn fill_buffer(
        &self,
        cpu: &mut SimSpan,
        litter: &mut Bytes,
        part: Bytes,
        rest: Bytes,
        phases: &mut Vec<Phase>,
    ) {
        if part == Bytes::ZERO || rest == Bytes::ZERO {
            return;
        }
        let share = (part.as_f64() / rest.as_f64()).min(1.0);
        let (now_cpu, now_litter) = (cpu.scale(share), litter.scale(share));
        *cpu = *cpu - now_cpu;
        *litter -= now_litter;
        phases.push(Phase::cpu(Stage::Working, now_cpu).ramp(
            RampKind::Litter,
            self.entry(Mechanism::ResponseBuffer),
            now_litter,
        ));
    }

    /// Replaces the buffer of `old` bytes by one of `new`: cleared, copied, the old one dropped.
    fn grow_buffer(&self, old: Bytes, new: Bytes, phases: &mut Vec<Phase>) {
        let entry = self.entry(Mechanism::ResponseBuffer);
        let mut phase = Phase::cpu(Stage::Working, costs::GROW_BUFFER.of(0, new)).ramp(
            RampKind::TakeLarge,
            entry,
            new,
        );
        if old > Bytes::ZERO {
            phase = phase.at_end(Step::Drop(entry, old));
        }
        phases.push(phase);
    }

    fn buffer_protobuf(
        &self,
        list: ListShape,
        body: Bytes,
        gzip: Option<f64>,
        wire: Bytes,
        phases: &mut Vec<Phase>,
    ) -> Phase {
        let entry = self.entry(Mechanism::ResponseBuffer);
        let buffer = alloc::protobuf_buffer_capacity(self.buffered(body));
        phases.push(Phase::cpu(Stage::Working, self.encode_cost().of(list.items, body)).ramp(
            RampKind::TakeLarge,
            entry,
            buffer,
        ));
        self.write(Stage::Writing, body, gzip, wire).at_end(Step::Drop(entry, buffer))
    }
}

/// What `RangeStream` keeps of the raw answer: two or three chunks (docs/facts/watch-cache.md 5).
const RANGE_STREAM_CHUNKS: Bytes = Bytes(5_000_000);

impl RequestPlan {
    /// Scales all CPU time for a processor `speed` times as fast; gives every phase a length.
    pub fn scale_cpu(&mut self, speed: f64) {
        for phase in &mut self.phases {
            let demand = &mut phase.demand;
            demand.cpu = demand.cpu.scale(1.0 / speed);
            if *demand == Demand::default() {
                demand.floor = SimSpan::nanos(1);
            }
        }
    }
}

/// The part of a phase's memory that touches pages: large blocks and small ones, for the cost of
/// page faults.
#[must_use]
pub fn touched(phase: &Phase) -> (Bytes, Bytes) {
    let sum = |kinds: &[RampKind]| -> Bytes {
        phase.ramps.iter().filter(|r| kinds.contains(&r.kind)).map(|r| r.bytes).sum()
    };
    (sum(&[RampKind::TakeLarge]), sum(&[RampKind::Take, RampKind::Litter]))
}
