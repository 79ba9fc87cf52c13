//! Requests as API Priority and Fairness sees them: who asks for what, with which query, and what
//! the work estimator looks up.

use crate::model::apf::classify::RequestInfo;
use crate::model::apf::object_count::{ObjectStats, StatsError};
use crate::model::apf::work_estimator::{ListOptions, Lookups, RequestedVersion, VersionMatch};
use crate::model::client::go::PAGER_LIMIT;
use crate::model::ids::{ClientId, FleetId, ResourceId};
use crate::model::input::{
    Behaviour, Encoding, FleetInput, Inputs, ReadInput, ResourceInput, ResourceVersion, Retries,
};

/// What kind of request arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestKind {
    /// A LIST, else a WATCH.
    pub list: bool,
    /// A watch that begins with a list.
    pub initial_events: bool,
    /// A LIST with a continue token.
    pub continues: bool,
}

impl RequestKind {
    /// How it is called: `list`, `watch-list` or `watch`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match (self.list, self.initial_events) {
            (true, _) => "list",
            (_, true) => "watch-list",
            _ => "watch",
        }
    }
}

/// A request of a fleet's member.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Index of the fleet.
    pub fleet: FleetId,
    /// The member's number in the fleet.
    pub place: u32,
    /// Index of the client among those of all fleets.
    pub client: ClientId,
    /// What is asked for.
    pub read: &'a ReadInput,
    /// How.
    pub kind: RequestKind,
}

/// What a queue set keeps of a request as its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A member's LIST or watch.
    Call {
        /// The client.
        client: ClientId,
        /// A LIST, else a watch.
        list: bool,
    },
    /// Writes to a resource.
    Write {
        /// Which, among those of the server so far.
        serial: u32,
        /// Index of the resource.
        resource: ResourceId,
    },
}

impl Key {
    const LIST: u64 = 1 << 32;
    const WRITE: u64 = 1 << 63;

    pub(super) fn pack(self) -> u64 {
        match self {
            Self::Call { client, list } => u64::from(client) | (Self::LIST * u64::from(list)),
            Self::Write { serial, resource } => {
                Self::WRITE | u64::from(resource) << 32 | u64::from(serial)
            }
        }
    }

    pub(super) fn unpack(key: u64) -> Self {
        if key & Self::WRITE == 0 {
            Self::Call { client: ClientId(key as u32), list: key & Self::LIST != 0 }
        } else {
            Self::Write { serial: key as u32, resource: ResourceId((key >> 32) as u16) }
        }
    }
}

/// What a member of a fleet asks for when it starts, and how.
pub(super) fn opening(inputs: &Inputs, fleet: &FleetInput) -> (ReadInput, RequestKind) {
    let (list, initial_events) = match &fleet.behaviour {
        // Where the servers do not offer watch-lists, a reflector falls back to a LIST.
        Behaviour::Reflector { watch_list: true, .. } if inputs.release.watch_list => (false, true),
        Behaviour::Watcher { .. } => (false, false),
        _ => (true, false),
    };
    (first_read(fleet), RequestKind { list, initial_events, continues: false })
}

/// The first read of a member of a fleet: a reflector's with the limit of its pager, a watcher's from
/// the latest version on.
#[must_use]
pub fn first_read(fleet: &FleetInput) -> ReadInput {
    match &fleet.behaviour {
        Behaviour::Reflector { read, .. } => {
            let pages = fleet.retries == Retries::ClientGo;
            ReadInput { limit: read.limit.or(pages.then_some(PAGER_LIMIT)), ..read.clone() }
        }
        Behaviour::Lister { read, .. } => read.clone(),
        Behaviour::Watcher { resource } => ReadInput {
            resource: *resource,
            encoding: Encoding::Protobuf,
            gzip: false,
            resource_version: ResourceVersion::NotOlderThan,
            limit: None,
            selected: 1.0,
            selector: false,
            namespaced: false,
        },
    }
}

pub(super) fn request_info<'a>(resource: &'a ResourceInput, verb: &'a str) -> RequestInfo<'a> {
    RequestInfo {
        is_resource: true,
        verb,
        api_group: &resource.api_group,
        resource: &resource.name,
        ..RequestInfo::default()
    }
}

/// The verb of a read.
pub(super) fn verb(list: bool) -> &'static str {
    if list { "list" } else { "watch" }
}

pub(super) fn list_options(read: &ReadInput, kind: RequestKind) -> ListOptions {
    let (resource_version, resource_version_match) = match read.resource_version {
        ResourceVersion::Unset => (RequestedVersion::Unset, VersionMatch::Unset),
        ResourceVersion::Any => (RequestedVersion::Zero, VersionMatch::Unset),
        ResourceVersion::NotOlderThan => (RequestedVersion::Specific, VersionMatch::NotOlderThan),
        ResourceVersion::Exact => (RequestedVersion::Specific, VersionMatch::Exact),
    };
    ListOptions {
        // The pager's limit is of LISTs; watches have none.
        limit: read.limit.filter(|_| kind.list).map_or(0, whole),
        continues: kind.continues,
        resource_version,
        resource_version_match,
        selector: read.selector,
        send_initial_events: kind.initial_events,
    }
}

fn whole(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// What a server knows of the objects and watches of one resource.
pub(super) struct Stats<'a> {
    pub(super) resource: &'a ResourceInput,
    /// How many objects were counted last, if they were.
    pub(super) counted: Option<u64>,
    /// See [`Release::sizes_without_cache`](crate::model::release::Release::sizes_without_cache).
    pub(super) sizes_without_cache: bool,
    /// Watches registered on the server.
    pub(super) watches: u64,
}

impl Lookups for Stats<'_> {
    fn stats(&mut self, _: &RequestInfo) -> Result<ObjectStats, StatsError> {
        let count = self.counted.ok_or(StatsError::NotFound)?;
        let sized = self.resource.watch_cache || self.sizes_without_cache;
        Ok(ObjectStats {
            count: whole(count),
            average_size: if sized { whole(self.resource.size.0) } else { 0 },
        })
    }

    fn watch_count(&mut self, _: &RequestInfo) -> u64 {
        self.watches
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientId, Key, ResourceId};

    #[test]
    fn keys_keep_what_they_are_made_of() {
        for key in [
            Key::Call { client: ClientId(0), list: false },
            Key::Call { client: ClientId(u32::MAX), list: true },
            Key::Write { serial: 0, resource: ResourceId(0) },
            Key::Write { serial: u32::MAX, resource: ResourceId(u16::MAX) },
        ] {
            assert_eq!(Key::unpack(key.pack()), key);
        }
    }
}
