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

#[cfg(test)]
mod tests {
    use crate::scenario::load;

    const TEXT: &str = r#"
        schema = 1
        name = "grows"
        run = { duration = "1m" }
        apiserver = { version = "1.32" }
        [objects.pods]
        count = 1_000
        size = "5kB"
    "#;

    fn growth(table: &str) -> Result<crate::scenario::growth::Growth, String> {
        let text = format!("{TEXT}\n[growth]\n{table}\n");
        let loaded = load("grows", text.as_bytes(), &[]);
        loaded
            .map(|scenario| scenario.growth.expect("it says so"))
            .map_err(|found| found.first_message())
    }

    #[test]
    fn rates_compound_or_add() {
        let read = growth(
            "from = \"2026-11-30\"\nrates = [\"objects.pods.count=+4% per month\", \
             \"objects.pods.size=+1kB/year\", \"objects.pods.writes=-1/s to +2/s a week\"]",
        );
        let growth = read.expect("it is valid");
        let after = |index: usize, now: f64, days: f64, normal: f64| {
            let rate: &crate::scenario::Rate = &growth.rates[index];
            rate.after(now, days, normal).expect("a number").coordinate().expect("a number")
        };
        let year = 365.2425;
        assert_eq!(after(0, 1_000.0, year, 0.0).to_bits(), 1_601.0_f64.to_bits());
        assert_eq!(after(1, 5_000.0, 2.0 * year, 0.0).to_bits(), 7_000.0_f64.to_bits());
        assert!(!growth.rates[0].is_uncertain() && growth.rates[2].is_uncertain());
        // The middle of its rate, an end of it, and never less than nothing.
        assert!((after(2, 0.0, 14.0, 0.0) - 1.0).abs() < 1e-6);
        assert!((after(2, 0.0, 14.0, 1.644_853_627) - 4.0).abs() < 1e-6);
        assert!(after(2, 0.0, 14.0, -9.0).abs() < 1e-9);
        assert_eq!(growth.from.expect("a day").to_string(), "2026-11-30");
    }

    #[test]
    fn what_is_no_growth_is_told() {
        for (table, why) in [
            ("rates = [\"objects.pods.count\"]", "of the form key=rate"),
            ("rates = [\"objects.pods.count=+4%\"]", "needs a period"),
            ("rates = [\"objects.pods.count=+4% per moon\"]", "must be day, week"),
            ("rates = [\"objects.pods.count=fast per day\"]", "this is no rate"),
            ("rates = [\"objects.pods.count=+4% to 9 per day\"]", "both ends"),
            ("rates = [\"objects.pods.count=+9% to 4% per day\"]", "above the second"),
            ("rates = [\"objects.pods.count=-100% per day\"]", "shrink"),
            ("rates = [\"objects.pods.count=+x% per day\"]", "no rate"),
            ("rates = [\"apiserver.version=+1 per year\"]", "only a number"),
            ("rates = [\"objects.nodes.count=+1 per year\"]", "nodes"),
            ("rates = [\"objects.pods.count=+1/day\", \"objects.pods.count=+1/day\"]", "twice"),
            ("from = \"tomorrow\"\nrates = [\"objects.pods.count=+1/day\"]", "not a day"),
        ] {
            let told = growth(table).expect_err(table);
            assert!(told.contains(why), "{table}: {told}");
        }
    }
}
