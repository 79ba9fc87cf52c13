//! "Did you mean": the nearest of the names there are.

/// Longer names than this are not typing mistakes.
const LONGEST: usize = 64;

/// Among more candidates than this, the rest are not looked at.
const MOST: usize = 500;

/// The candidate nearest to a name, if any is near.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    let plain = kebab(name);
    let length = plain.chars().count();
    // A third of the letters may be wrong, and one in the shortest names.
    let allowed = (length / 3).max(1);
    candidates
        .into_iter()
        .take(MOST)
        .filter(|candidate| candidate.len().abs_diff(plain.len()) <= allowed)
        .map(|candidate| (distance(&plain, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Case does not count as a mistake.
fn distance(plain: &str, candidate: &str) -> usize {
    strsim::damerau_levenshtein(plain, &kebab(candidate))
}

/// `memory_limit` and `memoryLimit` as `memory-limit`.
fn kebab(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    let mut lower_before = false;
    for c in name.chars() {
        if c.is_uppercase() && lower_before {
            text.push('-');
        }
        lower_before = c.is_lowercase();
        match c {
            '_' | ' ' => text.push('-'),
            _ => text.extend(c.to_lowercase()),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_typing_mistakes_and_other_conventions() {
        let keys = ["memory-limit", "memory-high", "gogc", "replicas"];
        let of = |name| nearest(name, keys);
        assert_eq!(of("memry-limit"), Some("memory-limit"));
        assert_eq!(of("memory_limit"), Some("memory-limit"));
        assert_eq!(of("memoryLimit"), Some("memory-limit"));
        assert_eq!(of("GOGC"), Some("gogc"));
        assert_eq!(of("replcias"), Some("replicas"));
        assert_eq!(of("colour"), None);
        assert_eq!(of(""), None);
        assert_eq!(of(&"x".repeat(100_000)), None);
        assert_eq!(nearest("WatchLst", ["WatchList"]), Some("WatchList"));
    }
}
