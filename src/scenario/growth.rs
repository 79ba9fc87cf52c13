//! How the cluster grows: the table `[growth]`.

use super::keys::ROOT;
use super::keys::growth::Growth as Keys;
use crate::language::table::typed::{Earlier, FromTable};
use crate::language::vary::{Frame, Rate};
use crate::language::{Code, Finding, Log, Resolved};
use crate::units::Day;

/// What grows, and from when on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Growth {
    /// The keys with their rates, each key once.
    pub rates: Vec<Rate>,
    /// When the cluster was as the scenario says.
    pub from: Option<Day>,
}

/// Reads the table `[growth]`, if there is one and it is sound.
pub(super) fn read(root: &Resolved, log: &mut Log) -> Option<Growth> {
    let table = root.table("growth")?;
    let mut rates: Vec<Rate> = Vec::new();
    for (text, at) in table.texts("rates").unwrap_or_default() {
        match Rate::read(&ROOT, text, Frame::of_string(text, *at)) {
            Ok(rate) if rates.iter().any(|other| other.knob == rate.knob) => {
                let message = format!("`{}` grows twice", rate.knob.key());
                log.push(Finding::new(Code::BadGrowth, *at, message).label("the second"));
            }
            Ok(rate) => rates.push(rate),
            Err(finding) => log.push(*finding),
        }
    }
    let Keys { rates: Earlier, from } = Keys::from_table(table)?;
    let day = Day::parse(&from);
    if day.is_none() && !from.is_empty() {
        let finding = Finding::new(Code::BadGrowth, table.at("from"), "`from` is not a day");
        log.push(finding.help("write year, month and day: from = \"2026-11-30\"".to_owned()));
    }
    Some(Growth { rates, from: day })
}

/// Reports what grows and the scenario does not have.
pub(super) fn check_names(growth: &Growth, root: &Resolved, effective: &str, log: &mut Log) {
    let texts = root.table("growth").and_then(|table| table.texts("rates")).unwrap_or_default();
    for (rate, (text, at)) in growth.rates.iter().zip(texts) {
        let frame = Frame::of_string(text, *at);
        if let Some(finding) = rate.knob.missing(&ROOT, effective, frame) {
            log.push(finding);
        }
    }
}
