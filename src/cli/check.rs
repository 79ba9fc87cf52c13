//! `oomcast check`: every mistake in every file, offline and fast.

use super::args::CheckArgs;
use super::exit::{Exit, Failure};
use super::{load, output};

/// Checks each file and says so on stdout; the findings go to stderr.
pub(super) fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    let mut invalid = 0;
    for file in &args.files {
        let verdict = match load::load_over(file, &args.layers) {
            Ok(scenario) => {
                load::tell_notes(&scenario.notes);
                match scenario.notes.len() {
                    0 => "ok".to_owned(),
                    1 => "ok, 1 note".to_owned(),
                    n => format!("ok, {n} notes"),
                }
            }
            Err(failure) => {
                output::error(&failure);
                invalid += 1;
                "invalid".to_owned()
            }
        };
        output::result(&format!("{}: {verdict}\n", file.display()))?;
    }
    if invalid == 0 { Ok(Exit::Done) } else { Err(Failure::told(Exit::Usage)) }
}
