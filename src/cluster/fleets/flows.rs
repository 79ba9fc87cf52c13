//! Under which flow schema a fleet falls.

use super::{Fleet, ReadKind};
use crate::model::apf::classify::{RequestInfo, User, matches_flow_schema};
use crate::model::apf::config::FlowSchema;

/// The flow schema of a fleet's first read, or of its first write if it reads nothing.
pub(super) fn flow_schema(fleet: &Fleet, schemas: &[FlowSchema]) -> Option<String> {
    let (resource, verb, namespace) = match (fleet.reads.first(), fleet.writes.first()) {
        (Some(read), _) => {
            let verb = match read.kind {
                ReadKind::Reflector | ReadKind::Poller(_) => "list",
                ReadKind::WatchList | ReadKind::Watcher => "watch",
            };
            (&read.resource, verb, read.namespace.as_deref().unwrap_or_default())
        }
        (None, Some(write)) => (&write.resource, "update", "default"),
        (None, None) => return None,
    };
    let (resource, api_group) = resource.split_once('.').unwrap_or((resource, ""));
    let info = RequestInfo {
        is_resource: true,
        verb,
        api_group,
        resource,
        namespace,
        ..RequestInfo::default()
    };
    let name = fleet.user.replace("{member}", "0");
    let user = User { name: &name, groups: &fleet.groups };
    schemas
        .iter()
        .filter(|schema| matches_flow_schema(&user, &info, schema))
        .min_by_key(|schema| (schema.matching_precedence, &schema.name))
        .map(|schema| schema.name.clone())
}
