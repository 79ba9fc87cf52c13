//! Keys that change nothing: what sweeps, searches and comparisons say of them.

/// The note on a key along which all runs on the same draws are equal, with the likely reason.
pub(super) fn note(key: &str, equal: &str) -> String {
    let reason = match key.rsplit('.').next() {
        Some("count") if key.starts_with("clients.") => {
            "; an event that starts or restarts a `count` of its own does not follow it"
        }
        Some("start-jitter") => {
            "; a single member, or one that no event starts, has nothing to spread"
        }
        Some("limit") => "; a LIST at resourceVersion 0 comes whole from the watch cache",
        _ => "",
    };
    format!("`{key}` changes nothing: {equal}{reason}")
}
