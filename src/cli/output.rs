//! Where output goes: the result to stdout, everything else to stderr.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};

use super::exit::{Exit, Failure};
use crate::report::folder::{FolderError, Identity, RunFolder};

/// Where results go when `--out` does not say.
const OUTPUT: &str = "output";

/// Opens the folder of a result.
pub(super) fn folder(
    out: Option<&Path>,
    identity: &Identity<'_>,
    force: bool,
) -> Result<RunFolder, Failure> {
    let path = out.map_or_else(|| identity.default_path(Path::new(OUTPUT)), Path::to_owned);
    RunFolder::open(&path, identity, force).map_err(|error| {
        let exit = match error {
            FolderError::Io { .. } => Exit::Internal,
            FolderError::Foreign(_)
            | FolderError::OtherScenario { .. }
            | FolderError::OtherKind { .. } => Exit::Usage,
        };
        Failure::new(exit, error)
    })
}

/// Writes the result. A reader that has seen enough (`| head -1`) is no failure.
pub(super) fn result(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let message = format!("cannot write to standard output: {error}");
            Err(Failure::new(Exit::Internal, message))
        }
        _ => Ok(()),
    }
}

/// Columns of the terminal; 80 where there is none.
pub(super) fn width() -> usize {
    textwrap::termwidth().clamp(40, 120)
}

/// Writes a line beside the result. If stderr is gone there is nobody to tell.
pub(super) fn note(text: impl Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Tells why the process fails, unless the user has already been told.
pub(super) fn error(failure: &Failure) {
    if !failure.message.is_empty() {
        let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
        note(format_args!("{red}error{red:#}: {}", failure.message));
    }
}
