//! The one page of `assess`.

use super::advise;
use super::format::{clock, whole_percent};
use super::page::{Mood, Page, Section};
use super::run::replications;
use super::table::Table;
use crate::results::{AssessResult, RemedyElsewhere, RemedyState, StormRow, StormState};

/// Remedies shown.
const REMEDIES: usize = 3;

/// The page.
#[must_use]
pub fn page(result: &AssessResult) -> Page {
    let mut page = Page {
        title: result.scenario.clone(),
        verdict: result.verdict.clone(),
        mood: Mood::of(result.answer),
        subject: format!(
            "Kubernetes {} · {} of each storm · seed {}",
            result.release,
            replications(result.replications),
            result.seed
        ),
        hashes: vec![result.scenario_hash.clone()],
        notes: result.warnings.clone(),
        ..Page::default()
    };
    page.section(storms(&result.storms));
    let held = |row: &StormRow| Some((row.name.clone(), row.held.clone()?));
    page.section(
        Section::new("Who held the memory at the peak")
            .items(result.storms.iter().filter_map(held).collect()),
    );
    let breaking = result.breaking.iter().map(|input| {
        let factor = match input.factor {
            Some(factor) if input.beyond => format!("{factor} times or more"),
            Some(factor) => format!("{factor} times"),
            None if input.idle => "changes nothing".to_owned(),
            None if input.incomplete > 0 => "not known".to_owned(),
            None => "none holds".to_owned(),
        };
        let sure = match (input.factor, input.sure_factor) {
            (Some(factor), Some(sure)) if sure < factor => {
                format!(", surely {sure} by the error of the model")
            }
            (Some(_), None) => ", surely none tried by the error of the model".to_owned(),
            (Some(_), Some(_)) | (None, _) => String::new(),
        };
        (input.key.clone(), format!("{factor}{sure}: {}", input.verdict))
    });
    page.section(
        Section::new(format!("How far it may go in the worst storm, {}", result.worst))
            .items(breaking.collect()),
    );
    page.section(remedies(result));
    page
}

fn storms(rows: &[StormRow]) -> Section {
    let table = Table::of(rows)
        .words("storm", |row| row.name.clone())
        .at_most(16)
        .words("", |row| row.state.label().to_owned())
        .words("wrong (95 %)", |row| match row.figures.replications {
            0 => "-".to_owned(),
            n => format!(
                "{}/{n}, {} to {}",
                row.figures.wrong.count,
                whole_percent(row.figures.wrong.low).trim_end_matches(" %"),
                whole_percent(row.figures.wrong.high)
            ),
        })
        .numbers("highest", |row| row.figures.highest_bytes.to_string())
        .numbers("limit", |row| row.figures.limit_bytes.to_string())
        .numbers("settled", |row| row.figures.settled_seconds.map_or_else(|| "-".to_owned(), clock))
        .words("what", |row| row.what.clone())
        .markdown_only();
    let because = |row: &StormRow| Some(format!("{}: {}", row.name, row.because.clone()?));
    Section::titled("Storms")
        .table(table.done().warning(&["KILLED", "NO RECOVERY"]))
        .legend(
            "wrong: a server is killed for memory, or not all has recovered by the end of the run",
        )
        .legends(rows.iter().filter_map(because))
}

fn remedies(result: &AssessResult) -> Section {
    let Some(advice) = &result.advice else { return Section::default() };
    let best = advice.remedies.iter().filter(|row| row.state <= RemedyState::Helps);
    let items = best.take(REMEDIES).map(|row| {
        let text = format!(
            "{}{}: {} of {} wrong, highest peak {}{}. {}",
            row.state.label(),
            if row.state <= RemedyState::TooClose && !row.is_confirmed() {
                ", not confirmed with other draws"
            } else {
                ""
            },
            row.figures.wrong.count,
            row.figures.replications,
            row.figures.highest_bytes,
            elsewhere(result, &row.name),
            row.what
        );
        (advise::named(row), text)
    });
    Section::new(format!("What prevents it in {}", result.worst)).items(items.collect())
}

/// Whether a remedy does in the other storms that go wrong.
fn elsewhere(result: &AssessResult, remedy: &str) -> String {
    let told = |row: &RemedyElsewhere| {
        let (storm, figures) = (&row.storm, &row.figures);
        if row.because.is_some() {
            return format!("does not apply to {storm}");
        }
        let word = match row.state {
            StormState::Holds => "holds",
            StormState::Killed | StormState::NoRecovery => "NOT ENOUGH",
            StormState::TooClose => "too close to call",
            StormState::NoneWrong | StormState::Unknown | StormState::NotRun => "not confirmed",
        };
        format!("{word} in {storm} ({} of {} wrong)", figures.wrong.count, figures.replications)
    };
    let rows = result.elsewhere.iter().filter(|row| row.remedy == remedy);
    rows.map(told).fold(String::new(), |text, told| text + "; " + &told)
}

#[cfg(test)]
mod tests {
    use super::page;
    use crate::results::{
        AdviseResult, AssessResult, BreakingInput, RemedyElsewhere, RemedyRow, RemedyState,
        StormState,
    };

    /// A remedy holds in another storm only where the interval says so.
    #[test]
    fn few_runs_do_not_confirm_a_remedy_elsewhere() {
        let told = |state| {
            let row = RemedyElsewhere {
                remedy: "memory".to_owned(),
                storm: "roll".to_owned(),
                state,
                ..RemedyElsewhere::default()
            };
            let mut advice = AdviseResult::default();
            advice.remedies.push(RemedyRow {
                name: "memory".to_owned(),
                state: RemedyState::Suffices,
                ..RemedyRow::default()
            });
            let result = AssessResult {
                advice: Some(advice),
                elsewhere: vec![row],
                ..AssessResult::default()
            };
            page(&result).markdown()
        };
        assert!(told(StormState::Holds).contains("; holds in roll"));
        for (state, word) in [
            (StormState::NoneWrong, "not confirmed in roll"),
            (StormState::TooClose, "too close to call in roll"),
            (StormState::Killed, "NOT ENOUGH in roll"),
        ] {
            let text = told(state);
            assert!(text.contains(word) && !text.contains("holds in"), "{text}");
        }
    }

    #[test]
    fn an_input_that_changes_nothing_has_no_factor() {
        let input = BreakingInput { idle: true, ..BreakingInput::default() };
        let result = AssessResult { breaking: vec![input], ..AssessResult::default() };
        let text = page(&result).markdown();
        assert!(text.contains("changes nothing") && !text.contains("none holds"), "{text}");
    }
}
