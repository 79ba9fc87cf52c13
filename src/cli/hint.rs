//! The command worth trying next, as typed.

use std::path::Path;

use crate::engine::statistics::runs_for_maximum;
use crate::model::input::Inputs;
use crate::results::Summary;
use crate::units::Bytes;

/// The release from which both encodings of a list are streamed, and old enough to be in use.
const STREAMING: u8 = 34;

/// What would answer the reader's next question, if there is something.
pub(super) fn next(file: &Path, inputs: &Inputs, summary: &Summary) -> Option<String> {
    let run = format!("oomcast run {}", quoted(&file.to_string_lossy()));
    let enough = runs_for_maximum(0.95, 0.95);
    if summary.oom.count > 0 && inputs.release.minor < STREAMING {
        return Some(format!(
            "{run} --set apiserver.version=1.{STREAMING}  # do streamed lists prevent it?"
        ));
    }
    if let (1.., Some(limit)) = (summary.oom.count, inputs.apiserver.memory_limit) {
        let twice = Bytes(limit.0.saturating_mul(2));
        return Some(format!(
            "{run} --set apiserver.memory-limit={twice:#}  # does twice the memory?"
        ));
    }
    if u64::from(summary.replications) < enough {
        return Some(format!(
            "{run} -n {enough}  # the highest then bounds 95 % of runs"
        ));
    }
    None
}

/// As a shell takes it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./+,@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_hint_can_be_pasted() {
        assert_eq!(quoted("scenarios/a-b.toml"), "scenarios/a-b.toml");
        assert_eq!(quoted("my storm.toml"), "'my storm.toml'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
