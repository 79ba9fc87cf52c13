//! How etcd is asked for a page of a LIST: while selectors leave the page short, again with a limit that
//! doubles, up to 10,000 keys a round (`GetList` of k8s.io/apiserver `etcd3/store.go`,
//! docs/facts/watch-cache.md section 5). So the raw answers of a paged LIST stay small, whatever it reads.

/// `maxLimit` of etcd3/store.go.
const MAX_LIMIT: u64 = 10_000;

/// The rounds of one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EtcdRounds {
    /// How many, at least one.
    pub count: u64,
    /// Keys of the largest.
    pub largest: u64,
}

impl EtcdRounds {
    /// The rounds of a page of `limit` objects for which so many keys are read.
    #[must_use]
    pub fn of(limit: Option<u64>, keys: u64) -> Self {
        let Some(limit) = limit else { return Self { count: 1, largest: keys } };
        let (mut size, mut left, mut rounds) = (limit.max(1), keys, Self { count: 0, largest: 0 });
        while left > size && size < MAX_LIMIT {
            left -= size;
            rounds = Self { count: rounds.count + 1, largest: size };
            size = (2 * size).min(MAX_LIMIT);
        }
        // From here on all are alike.
        Self {
            count: rounds.count + left.div_ceil(size).max(u64::from(rounds.count == 0)),
            largest: rounds.largest.max(left.min(size)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(limit: Option<u64>, keys: u64) -> (u64, u64) {
        let EtcdRounds { count, largest } = EtcdRounds::of(limit, keys);
        (count, largest)
    }

    #[test]
    fn a_limit_doubles_until_the_page_is_full() {
        assert_eq!(rounds(None, 150_000), (1, 150_000));
        assert_eq!(rounds(Some(500), 500), (1, 500));
        assert_eq!(rounds(Some(500), 0), (1, 0));
        assert_eq!(rounds(Some(500), 501), (2, 500));
        // 500, 1,000 and 2,000, then the 500 that are left.
        assert_eq!(rounds(Some(500), 4_000), (4, 2_000));
        // 500, 1,000, 2,000, 4,000 and 8,000, then 10,000 at a time: 134,500 are 13.45 rounds.
        assert_eq!(rounds(Some(500), 150_000), (19, 10_000));
        assert_eq!(rounds(Some(20_000), 50_000), (3, 20_000));
        assert_eq!(rounds(Some(u64::MAX), u64::MAX), (1, u64::MAX));
        assert_eq!(rounds(Some(1), 1_000_000_000).1, 10_000);
    }
}
