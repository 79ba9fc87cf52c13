//! Exit codes, in one table, and the failures that lead to them.

use std::fmt::{self, Write};
use std::process::ExitCode;

/// How the process ends.
///
/// A predicted OOM kill is a result: the code stays 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, and every expectation held.
    Done = 0,
    /// A bug in oomcast, or an I/O error (disk full, no thread).
    Internal = 1,
    /// Wrong usage or an invalid scenario.
    Usage = 2,
    /// An expectation failed, a comparison found a regression, or it is not safe.
    Expectation = 3,
    /// Some runs or points did not finish, part of what was to be read was skipped, or the answer is not
    /// shown.
    Incomplete = 4,
    /// Stopped by Ctrl-C; the shell sees this code of the signal itself.
    Interrupted = 130,
}

impl Exit {
    /// Every code, in ascending order.
    pub const ALL: [Self; 6] = [
        Self::Done,
        Self::Internal,
        Self::Usage,
        Self::Expectation,
        Self::Incomplete,
        Self::Interrupted,
    ];

    /// The number the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// What it means, for the help.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, and every expectation held (a predicted OOM kill is a result)",
            Self::Internal => "internal error (a bug in oomcast) or I/O error",
            Self::Usage => "wrong usage or an invalid scenario",
            Self::Expectation => {
                "no: an expectation failed, a comparison found a regression, or it is not safe"
            }
            Self::Incomplete => {
                "not known: some runs did not finish, something was skipped, or it is not shown"
            }
            Self::Interrupted => "stopped by Ctrl-C",
        }
    }

    /// What 0, 3 and 4 are for the verbs that answer a question: yes, no, not known.
    const VERDICTS: [(&'static str, [&'static str; 3]); 6] = [
        (
            "assess",
            [
                "every storm is shown to hold",
                "a storm goes wrong too often",
                "too few runs to show it, too close to call, or a storm was not run",
            ],
        ),
        (
            "advise",
            [
                "a remedy suffices, with other draws too; or none is needed",
                "no remedy suffices",
                "too close to call, not confirmed, or some were not tried",
            ],
        ),
        (
            "forecast",
            [
                "every storm is shown to hold in all of --within",
                "a storm is outgrown within it",
                "too few runs to show it, too close to call, or a storm is not known",
            ],
        ),
        (
            "find",
            [
                "the last safe value, also where it is none",
                "-",
                "the key changes nothing, or all of the range is too close to call",
            ],
        ),
        ("compare", ["within every --tolerance", "outside of one", "runs that did not finish"]),
        (
            "run",
            [
                "the runs are done, and what [[expect]] says holds",
                "it does not",
                "runs that did not finish, or --until-ci was not reached",
            ],
        ),
    ];

    /// The table of the help.
    #[must_use]
    pub fn table() -> String {
        let rows = Self::ALL.iter();
        rows.fold("Exit codes:\n".to_owned(), |text, exit| {
            text + &format!("  {:<4} {}\n", exit.code(), exit.meaning())
        }) + &Self::verdicts()
    }

    fn verdicts() -> String {
        let codes = [Self::Done, Self::Expectation, Self::Incomplete];
        let mut text = "\nBy verb:\n".to_owned();
        for (verb, means) in Self::VERDICTS {
            let mut name = verb;
            for (exit, meaning) in codes.iter().zip(means).filter(|(_, meaning)| *meaning != "-") {
                let _ = writeln!(text, "  {name:<9} {:<2} {meaning}", exit.code());
                name = "";
            }
        }
        text + "A peak that `run` calls too close to call does not fail it: ask `assess`.\n"
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a verb could not do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// What to tell the user; empty when everything has been reported already.
    pub message: String,
}

impl Failure {
    /// A failure with its message.
    pub fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: message.to_string() }
    }

    /// An error of the system or a bug: exit code 1.
    pub fn internal(message: impl fmt::Display) -> Self {
        Self::new(Exit::Internal, message)
    }

    /// Wrong usage: exit code 2.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A failure that has been reported already.
    #[must_use]
    pub const fn reported(exit: Exit) -> Self {
        Self { exit, message: String::new() }
    }
}
