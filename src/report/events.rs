//! `events.jsonl`: the log of the worst replication, one JSON object a line.
//!
//! Keys: `t_s` (seconds since the scenario began), `kind`, `subject` (a server, fleet or event; empty
//! for the whole control plane), `message`.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use crate::results::{LogEntry, LogKind};

/// A line of `events.jsonl`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Line<'a> {
    /// Seconds since the scenario began.
    t_s: f64,
    /// What happened.
    kind: LogKind,
    /// A server, fleet or event; empty for the whole control plane.
    subject: &'a str,
    /// In words.
    message: &'a str,
}

/// Writes the log.
///
/// # Errors
/// Those of the writer.
pub fn write(out: &mut dyn Write, log: &[LogEntry]) -> io::Result<()> {
    for entry in log {
        let line = Line {
            t_s: entry.at.as_secs_f64(),
            kind: entry.kind,
            subject: &entry.subject,
            message: &entry.message,
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
