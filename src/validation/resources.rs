//! Resources of an observation: which objects a path names, what they look like, how many are matched.

use super::fields::{FieldError, within, wrong};
use super::observation::{Objects, Phase, Run};
use crate::model::input::{ResourceInput, Shape, WriterInput};
use crate::units::Bytes;

/// Share of the objects that a selector matches about which nothing is known: the measured runs label
/// their objects with fifty values.
const SELECTED: f64 = 0.02;

/// The group, the namespace and the plural of a path.
pub(super) struct Target<'p> {
    pub(super) group: &'p str,
    pub(super) namespaced: bool,
    pub(super) plural: &'p str,
}

/// Takes a path apart.
pub(super) fn parse(path: &str) -> Target<'_> {
    let parts: Vec<&str> = path.split('?').next().unwrap_or("").split('/').collect();
    let group = match parts.as_slice() {
        ["", "apis", group, ..] => group,
        _ => "",
    };
    Target {
        group,
        namespaced: parts.contains(&"namespaces") && parts.last() != Some(&"namespaces"),
        plural: parts.last().copied().unwrap_or_default(),
    }
}

/// Whether an API group is of custom resources: those of Kubernetes have no dot, or end in `.k8s.io`.
fn is_custom_group(group: &str) -> bool {
    group.contains('.') && !group.ends_with(".k8s.io")
}

/// The objects that a phase is about: those its path names, else the only custom ones if it names a
/// custom group, else the first.
pub(super) fn target(run: &Run, phase: &Phase) -> usize {
    let path = phase.path.as_deref().unwrap_or_default();
    let parsed = parse(path);
    let named = run.objects.iter().position(|objects| objects.resource == parsed.plural);
    let custom = || {
        // Sizes of built-in objects in protobuf may have been left out.
        let built_in = ["configmaps", "nodes", "pods", "secrets"];
        let is = |objects: &&Objects| {
            objects.mean_protobuf_bytes.is_none() && !built_in.contains(&objects.resource.as_str())
        };
        is_custom_group(parsed.group).then(|| run.objects.iter().position(|o| is(&o))).flatten()
    };
    named.or_else(custom).unwrap_or(0)
}

/// The model's resource; `group` is the API group of the path that asks for it.
pub(super) fn one_resource(
    at: &str,
    objects: &Objects,
    group: &str,
) -> Result<ResourceInput, FieldError> {
    let custom = is_custom_group(group) || objects.resource == "crs";
    let shape = shape(objects, custom);
    // What the API adds to the payload, and what a byte of it takes in JSON (measured: Pods of 5,000 and
    // 15,000 are 7,692 and 19,647 bytes of JSON).
    let (json_more, protobuf_more, in_json) = match shape {
        Shape::Blob if objects.resource == "secrets" => (470.0, 275.0, 4.0 / 3.0),
        Shape::Blob => (470.0, 275.0, 1.0),
        Shape::Typed => (1_715.0, 1_150.0, 1.1955),
        Shape::Custom | Shape::CustomBlob => (500.0, 500.0, 1.0),
    };
    let payload = objects.payload_bytes.map(|bytes| bytes as f64);
    let given = (objects.mean_json_bytes, objects.mean_protobuf_bytes);
    let (json, stored) = match (given, payload) {
        ((Some(json), Some(protobuf)), _) => (json, protobuf),
        ((Some(json), None), Some(payload)) if !custom => (json, payload + protobuf_more),
        ((Some(json), None), _) => (json, json),
        ((None, Some(protobuf)), payload) => {
            let payload = payload.unwrap_or((protobuf - protobuf_more).max(1.0));
            (payload * in_json + json_more, protobuf)
        }
        ((None, None), Some(payload)) => (payload * in_json + json_more, payload + protobuf_more),
        ((None, None), None) => {
            return wrong(
                &format!("{at}.mean_json_bytes"),
                "a size is needed: this, mean_protobuf_bytes or payload_bytes",
            );
        }
    };
    let size = |bytes: f64| within(&format!("{at}.mean_json_bytes"), bytes, 1.0..=1e9);
    within(&format!("{at}.count"), objects.count as f64, 0.0..=1e9)?;
    Ok(ResourceInput {
        name: objects.resource.clone(),
        api_group: if custom && group.is_empty() { "load.example.com" } else { group }.to_owned(),
        count: objects.count,
        size: Bytes::from_f64(size(stored)?),
        shape,
        json_size: Some(Bytes::from_f64(size(json)?)),
        heap_size: None,
        versions: 1,
        writes_per_second: 0.0,
        conversion_latency: None,
        gets_per_second: 0.0,
        writer: WriterInput::default(),
        watch_cache: true,
    })
}

fn shape(objects: &Objects, custom: bool) -> Shape {
    let text = objects.shape.as_deref().unwrap_or_default();
    let one_value = ["one string", "one long string", "one text", "one random", "one large"];
    match (text, objects.resource.as_str()) {
        ("blob", _) => Shape::Blob,
        ("typed", _) => Shape::Typed,
        ("custom", _) => Shape::Custom,
        ("custom-blob", _) => Shape::CustomBlob,
        (text, _) if custom && one_value.iter().any(|words| text.contains(words)) => {
            Shape::CustomBlob
        }
        _ if custom => Shape::Custom,
        (_, "secrets" | "configmaps") => Shape::Blob,
        _ => Shape::Typed,
    }
}

/// Share of the objects that a phase's selectors and its path match.
pub(super) fn selected(phase: &Phase, objects: &Objects) -> f64 {
    let one = |count: u64| 1.0 / count.max(1) as f64;
    let namespaces = one(objects.namespaces.unwrap_or(1));
    if let Some(share) = phase.selected {
        return share;
    }
    let decoded = phase.field_selector.as_deref().unwrap_or_default().replace("%3D", "=");
    let field = match decoded.split('=').next().unwrap_or_default() {
        "" => 1.0,
        "metadata.name" => one(objects.count),
        "metadata.namespace" => namespaces,
        _ => SELECTED,
    };
    let label = if phase.label_selector.is_some() { SELECTED } else { 1.0 };
    let path = phase.path.as_deref().unwrap_or_default();
    let space = if parse(path).namespaced { namespaces } else { 1.0 };
    (field * label * space).max(one(objects.count))
}
