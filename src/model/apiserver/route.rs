//! Where a LIST or WATCH is answered from: etcd, the watch cache, a snapshot of it, or not at all.
//!
//! The table of docs/facts/watch-cache.md section 4.1 (`ShouldDelegateList`, `delegator.GetList`) and
//! section 4.2 for a cache that is not ready. `metadata.name` selectors are single-object reads
//! and not modelled here.

use crate::model::input::{ReadInput, ResourceVersion};
use crate::model::release::Release;

/// Who answers a LIST.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// The watch cache, at any or the latest version.
    Cache,
    /// A snapshot of the watch cache.
    Snapshot,
    /// etcd.
    Etcd,
    /// Nobody: 429 with Retry-After.
    TooManyRequests,
}

/// What the router looks at besides the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheState {
    /// Whether the resource has a watch cache at all.
    pub enabled: bool,
    /// Whether it is filled.
    pub ready: bool,
}

/// Routes a LIST. `continuing`: the request carries a continue token.
#[must_use]
pub fn route_list(
    release: &Release,
    cache: CacheState,
    read: &ReadInput,
    continuing: bool,
) -> Route {
    if !cache.enabled {
        return Route::Etcd;
    }
    let warm = route_warm(release, read, continuing);
    if cache.ready || warm == Route::Etcd {
        return warm;
    }
    route_cold(release, read)
}

fn route_warm(release: &Release, read: &ReadInput, continuing: bool) -> Route {
    let from_snapshot =
        if release.list_from_cache_snapshot { Route::Snapshot } else { Route::Etcd };
    if continuing {
        return from_snapshot;
    }
    match read.resource_version {
        ResourceVersion::Unset if release.consistent_list_from_cache => Route::Cache,
        ResourceVersion::Unset => Route::Etcd,
        // NotOlderThan with a limit goes to etcd up to 1.33 (the hasLimit rule).
        ResourceVersion::NotOlderThan
            if read.limit.is_some() && !release.list_from_cache_snapshot =>
        {
            Route::Etcd
        }
        ResourceVersion::Any | ResourceVersion::NotOlderThan => Route::Cache,
        ResourceVersion::Exact => from_snapshot,
    }
}

/// A cache that is still filling.
fn route_cold(release: &Release, read: &ReadInput) -> Route {
    if !release.resilient_watch_cache_initialization {
        return Route::Etcd;
    }
    if read.limit.is_some() && !read.selector { Route::Etcd } else { Route::TooManyRequests }
}

/// Whether a LIST returns pages: the cache ignores `limit` for `resourceVersion=0`.
#[must_use]
pub fn honours_limit(route: Route, read: &ReadInput) -> bool {
    read.limit.is_some()
        && !(route == Route::Cache && read.resource_version == ResourceVersion::Any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::input::{Encoding, ResourceId};

    fn read(resource_version: ResourceVersion, limit: Option<u64>) -> ReadInput {
        ReadInput {
            resource: ResourceId(0),
            encoding: Encoding::Json,
            gzip: false,
            resource_version,
            limit,
            selected: 1.0,
            selector: false,
            namespaced: false,
        }
    }

    const WARM: CacheState = CacheState { enabled: true, ready: true };

    /// Row by row, docs/facts/watch-cache.md section 4.1: releases up to 1.30, 1.31 to 1.33, from 1.34.
    #[test]
    fn warm_table() {
        use ResourceVersion::{Any, Exact, NotOlderThan, Unset};
        use Route::{Cache, Etcd, Snapshot};
        let rows = [
            (Unset, None, false, [Etcd, Cache, Cache]),
            (Unset, Some(500), false, [Etcd, Cache, Cache]),
            (Unset, Some(500), true, [Etcd, Etcd, Snapshot]),
            (Any, None, false, [Cache, Cache, Cache]),
            (Any, Some(500), false, [Cache, Cache, Cache]),
            (NotOlderThan, None, false, [Cache, Cache, Cache]),
            (NotOlderThan, Some(500), false, [Etcd, Etcd, Cache]),
            (Exact, None, false, [Etcd, Etcd, Snapshot]),
        ];
        for (version, limit, continuing, expected) in rows {
            for (minor, route) in [30, 32, 34].into_iter().zip(expected) {
                let release = Release::of_minor(minor).expect("modelled");
                let got = route_list(&release, WARM, &read(version, limit), continuing);
                assert_eq!(got, route, "{version:?} {limit:?} {continuing} on 1.{minor}");
            }
        }
    }

    /// Section 4.2.
    #[test]
    fn cold_cache() {
        let cold = CacheState { enabled: true, ready: false };
        let on = |minor, limit, selector| {
            let release = Release::of_minor(minor).expect("modelled");
            let read = ReadInput { selector, ..read(ResourceVersion::Any, limit) };
            route_list(&release, cold, &read, false)
        };
        assert_eq!(on(30, None, false), Route::Etcd);
        assert_eq!(on(31, None, false), Route::TooManyRequests);
        assert_eq!(on(31, Some(500), false), Route::Etcd);
        assert_eq!(on(31, Some(500), true), Route::TooManyRequests);
    }

    #[test]
    fn without_a_cache_everything_is_etcd() {
        let release = Release::of_minor(36).expect("modelled");
        let none = CacheState { enabled: false, ready: true };
        let route = route_list(&release, none, &read(ResourceVersion::Any, None), false);
        assert_eq!(route, Route::Etcd);
    }
}
