//! `events.jsonl`: the log of the worst replication, one JSON object a line.
//!
//! Keys: `t_s` (seconds since the scenario began), `kind`, `subject` (a server, fleet or event; empty
//! for the whole control plane), `message`.

use std::io::{self, Write};

use serde::Serialize;

use crate::results::{LogEntry, LogKind};

#[derive(Serialize)]
struct Line<'a> {
    t_s: f64,
    kind: LogKind,
    subject: &'a str,
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
