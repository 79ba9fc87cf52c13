//! Which resource a series is of.

use crate::cluster::findings::{Findings, Resource};
use crate::cluster::metrics::Series;
use crate::cluster::objects::{key_of, plural};

/// The resource of a series, as `plural.group`. Older metrics have both in one label, or a kind.
pub(crate) fn resource_of(series: &Series) -> Option<String> {
    let (resource, group) = (series.label("resource"), series.label("group"));
    let kind = series.label("kind");
    match (resource, kind) {
        ("", "") => None,
        ("", kind) => Some(key_of(&plural(kind), group)),
        (resource, _) if resource.contains('.') => Some(resource.to_owned()),
        (resource, _) => Some(key_of(resource, group)),
    }
}

/// The entry of a resource.
pub(crate) fn entry<'f>(findings: &'f mut Findings, key: &str) -> &'f mut Resource {
    let (plural, group) = key.split_once('.').unwrap_or((key, ""));
    let resource = findings.resources.entry(key.to_owned()).or_default();
    plural.clone_into(&mut resource.plural);
    group.clone_into(&mut resource.group);
    resource
}
