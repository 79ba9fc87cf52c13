//! The Go allocation rules against recorded behaviour of Go 1.26.6 and of the API server's
//! serializers of Kubernetes 1.36.

mod encode;
mod growth;

use std::collections::BTreeMap;

use oomcast::model::memory::alloc::{JsonList, Pointers, Write, block_size, grow_slice, read_all};
use oomcast::units::Bytes;
use serde::Deserialize;

use crate::cases::{check_all, report, text};
use encode::{Maker, ProtobufList};
use growth::{append_growth, buffer_growth};

/// Blocks that the data calls large.
const LARGE: Bytes = Bytes(4096);
/// "A few KB of noise" in the bytes allocated.
const NOISE: u64 = 8 << 10;
/// The constant blocks around the buffers.
const SMALL: u64 = 512;

#[track_caller]
fn close(what: &str, got: Bytes, want: u64, by: u64) {
    assert!(got.0.abs_diff(want) <= by, "{what}: got {}, recorded {want}", got.0);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SizeClasses {
    noscan: Vec<(u64, u64)>,
    scan: Vec<(u64, u64)>,
    cap_bytes: Vec<(u64, u64)>,
    large: Vec<(u64, u64)>,
}

#[test]
fn golden_go_size_classes() {
    let all: SizeClasses = serde_json::from_str(&text("go-size-classes.json")).expect("JSON");
    let mut cases = 0;
    let mut whole = |pairs: &[(u64, u64)], least: u64, round: &dyn Fn(u64) -> u64| {
        let mut from = least;
        for &(upto, want) in pairs {
            for size in from..=upto {
                assert_eq!(round(size), want, "size {size}");
                cases += 1;
            }
            from = upto + 1;
        }
    };
    whole(&all.noscan, 16, &|n| block_size(Bytes(n), Pointers::None).0);
    // Measured in steps of 8; a header changes nothing for the sizes between.
    whole(&all.scan, 16, &|n| block_size(Bytes(n).round_up(8), Pointers::Some).0);
    // Grown from nothing by `append`, not by a `bytes.Buffer` with its first block of 64.
    whole(&all.cap_bytes, 1, &|n| append_growth(Bytes(1), Pointers::None, n, n)[0].capacity);
    for (size, want) in all.large {
        for pointers in [Pointers::None, Pointers::Some] {
            assert_eq!(block_size(Bytes(size), pointers), Bytes(want));
        }
        assert_eq!(grow_slice(Bytes(size), Bytes(0)), Bytes(want));
        cases += 1;
    }
    report("go-size-classes.json (sizes)", cases);
}

#[derive(Deserialize)]
struct Growing {
    id: String,
    kind: String,
    elem: u64,
    scan: bool,
    chunk: u64,
    upto: u64,
    events: Vec<(u64, u64, u64)>,
}

fn check_growth(case: &Growing) {
    let pointers = if case.scan { Pointers::Some } else { Pointers::None };
    let events = match case.kind.as_str() {
        "append" => append_growth(Bytes(case.elem), pointers, case.chunk, case.upto),
        "bytes.Buffer" => buffer_growth(Bytes(case.chunk), Bytes(case.upto)),
        kind => panic!("{}: unknown kind {kind}", case.id),
    };
    let got: Vec<_> = events.iter().map(|g| (g.len, g.capacity)).collect();
    let want: Vec<_> = case.events.iter().map(|e| (e.0, e.1)).collect();
    assert_eq!(got, want, "{}", case.id);
    for (event, recorded) in events.iter().zip(&case.events) {
        close(&case.id, event.total, recorded.2, NOISE);
    }
}

#[test]
fn golden_go_append() {
    check_all("go-append.jsonl", check_growth);
}

#[test]
fn golden_go_buffer() {
    check_all("go-buffer.jsonl", check_growth);
}

#[derive(Deserialize)]
struct Reading {
    id: String,
    size: u64,
    cap: u64,
    total: u64,
}

#[test]
fn golden_go_readall() {
    check_all("go-readall.jsonl", |case: &Reading| {
        let all = read_all(Bytes(case.size), Bytes::kib(32));
        assert_eq!(all.capacity, Bytes(case.cap), "{}", case.id);
        close(&case.id, all.total, case.total, NOISE);
    });
}

#[derive(Deserialize)]
struct Block {
    by: String,
    size: u64,
    count: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Encoding {
    id: String,
    kind: String,
    items: u64,
    item_bytes: u64,
    out: u64,
    writes: u64,
    largest_write: u64,
    total: u64,
    total_again: u64,
    mallocs: u64,
    held_after: u64,
    live_at_write: u64,
    peak_buffers: u64,
    big_allocations: Vec<Block>,
}

const fn whole(n: u64) -> Write {
    Write::Whole(Bytes(n))
}

const fn value(n: u64) -> Write {
    Write::Value(Bytes(n))
}

/// `{"kind":"List","items":[{"name":"item-0000000","data":"xx…"},…]}`.
fn plain_list(items: u64, item_bytes: u64) -> JsonList {
    let data = value(item_bytes - 40 + 2);
    let item = vec![whole(1), whole(7), value(14), whole(1), whole(7), data, whole(1)];
    JsonList {
        head: vec![whole(1), whole(7), value(6), whole(1), whole(8), whole(1)],
        first: item.clone(),
        item,
        tail: vec![whole(1), whole(1)],
        items,
    }
}

/// `{"kind":"ConfigMapList","apiVersion":"v1","metadata":{},"items":[` and items such as
/// `{"metadata":{"name":"…","namespace":"default"},"data":{"key":"xx…"}}`. How the 20 bytes of
/// names are shared out is a guess: it decides blocks of up to 16 bytes only.
fn config_maps(items: u64, item_bytes: u64) -> JsonList {
    let data = value(item_bytes - 42 + 2);
    let metadata =
        [whole(1), whole(11), whole(1), whole(7), value(12), whole(1), whole(12), value(9)];
    let rest =
        [whole(1), whole(1), whole(7), whole(1), value(5), whole(1), data, whole(1), whole(1)];
    let item = [metadata.as_slice(), &rest].concat();
    let kind = [whole(1), whole(7), value(15), whole(1), whole(13), value(4), whole(1)];
    let start = [whole(11), whole(1), whole(1), whole(1), whole(8), whole(1)];
    JsonList {
        head: [kind.as_slice(), &start].concat(),
        first: item.clone(),
        item,
        tail: vec![whole(1), whole(1)],
        items,
    }
}

fn config_maps_protobuf(items: u64, item_bytes: u64) -> ProtobufList {
    // Two lengths (map entry and value) take a byte more from 16 KiB on.
    let longer = if item_bytes > 16_384 { 2 } else { 0 };
    ProtobufList {
        names: Bytes(2 + 13),
        metadata: Bytes(6),
        item: Bytes(item_bytes + 4 + longer),
        items,
    }
}

fn model(case: &Encoding) -> encode::Encoding {
    let protobuf = config_maps_protobuf(case.items, case.item_bytes);
    match case.kind.as_str() {
        "api list protobuf whole" => protobuf.whole(),
        "api list protobuf streamed" => protobuf.streamed(),
        kind if kind.starts_with("api list json") => {
            encode::json(kind, &config_maps(case.items, case.item_bytes), true)
        }
        kind => encode::json(kind, &plain_list(case.items, case.item_bytes), false),
    }
}

/// Blocks by maker and size. The copy into a `bytes.Buffer` is made by `growSlice` too.
fn blocks(case: &Encoding) -> BTreeMap<(Maker, u64), u64> {
    let mut all = BTreeMap::new();
    for block in &case.big_allocations {
        let maker = match block.by.as_str() {
            by if by.contains("growSlice") || by.contains("Allocate") => Maker::Buffer,
            by if by.contains("appendString") => Maker::Value,
            by if by.ends_with("json.Marshal") => Maker::Copy,
            by if by.contains("extractList") || by.contains("listSize") => Maker::Slice,
            by => panic!("{}: unknown maker {by}", case.id),
        };
        *all.entry((maker, block.size)).or_default() += block.count;
    }
    all
}

fn check_blocks(case: &Encoding, model: &encode::Encoding) {
    let mut got: BTreeMap<(Maker, u64), u64> = BTreeMap::new();
    for (maker, size, count) in model.big_blocks(LARGE) {
        let maker = match (maker, case.kind.as_str()) {
            (Maker::Copy, "json.Encoder to bytes.Buffer") => Maker::Buffer,
            (maker, _) => maker,
        };
        *got.entry((maker, size.0)).or_default() += count;
    }
    let mut want = blocks(case);
    if model.writes > 1 {
        // Item by item, a collection may empty the pool in between: the buffer is made again.
        for (key, count) in &mut want {
            if matches!(key.0, Maker::Buffer | Maker::Value) {
                *count = (*count).min(got.get(key).copied().unwrap_or(0));
            }
        }
    }
    assert_eq!(got, want, "{}", case.id);
}

fn check_encoding(case: &Encoding) {
    let id = format!("{} ({}, {} x {})", case.id, case.kind, case.items, case.item_bytes);
    let model = model(case);
    assert_eq!(model.out, Bytes(case.out), "{id}: bytes");
    assert_eq!(model.writes, case.writes, "{id}: writes");
    assert_eq!(model.largest_write, Bytes(case.largest_write), "{id}: largest write");
    assert_eq!(model.peak_buffers(LARGE), Bytes(case.peak_buffers), "{id}: peak of buffers");
    check_blocks(case, &model);
    close(&format!("{id}: held"), model.held(), case.held_after, SMALL);
    close(&format!("{id}: total"), model.total(), case.total, NOISE);
    close(&format!("{id}: total again"), model.total_again(), case.total_again, NOISE);
    close(&format!("{id}: blocks"), Bytes(model.blocks()), case.mallocs, 16);
    // Memory is looked at every so many writes: maybe only at the commas, when the item before
    // is already garbage.
    let mut live = model.live_at_write();
    if case.kind == "api list json streamed" && (case.writes / 20).is_multiple_of(2) {
        live -= model.copy();
    }
    close(&format!("{id}: live"), live, case.live_at_write, SMALL);
}

#[test]
fn golden_go_encode() {
    check_all("go-encode.jsonl", check_encoding);
}
