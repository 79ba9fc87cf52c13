//! The expectations as a `JUnit` file, which build servers read.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::format::clean;
use super::judged::{interval, subject};
use crate::results::{ExpectationRow, Summary};

/// Renders one suite, named after the scenario, with a case an expectation. A failed warning counts
/// as skipped, with its message, so that it is seen and breaks nothing.
///
/// # Errors
/// None that plain data can cause; the serialiser's, if it ever has one.
pub fn render(summary: &Summary) -> Result<String, quick_junit::SerializeError> {
    let mut suite = TestSuite::new(clean(&summary.scenario, 200));
    suite.add_property(("seed", summary.seed.to_string().as_str()));
    suite.add_property(("replications", summary.replications.to_string().as_str()));
    suite.add_property(("scenario_hash", summary.scenario_hash.as_str()));
    suite.add_test_cases(summary.expectations.iter().map(case));
    suite.add_test_cases(incomplete(summary));
    let mut report = Report::new("oomcast");
    report.add_test_suite(suite);
    report.to_string()
}

/// An error where runs were stopped before their end: what the expectations say holds until then.
fn incomplete(summary: &Summary) -> Option<TestCase> {
    let (cut, n) = (summary.incomplete, summary.replications);
    (cut > 0).then(|| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(format!("{cut} of {n} runs were stopped; raise run.max-events"));
        status.set_type("incomplete");
        TestCase::new("all runs came to their end", status)
    })
}

fn case(row: &ExpectationRow) -> TestCase {
    let mut status = match (row.holds, row.severity.as_str()) {
        (true, _) => TestCaseStatus::success(),
        (false, "error") => TestCaseStatus::non_success(NonSuccessKind::Failure),
        (false, _) => TestCaseStatus::skipped(),
    };
    let found = format!("{}: {}, wanted {}", subject(row), row.found, row.wanted);
    if !row.holds {
        status.set_message(found.clone());
        if row.severity == "error" {
            status.set_type("expectation");
        }
    }
    let mut case = TestCase::new(clean(&row.name, 200), status);
    case.set_system_out(format!("{found}{}", interval(row)));
    case
}
