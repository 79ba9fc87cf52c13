//! The pages of the documentation that are made from the code: up to date.

use std::path::Path;

use oomcast::cli;
use oomcast::model::assumptions;
use oomcast::model::release;
use oomcast::report;
use oomcast::results::{Held, Outcome};
use oomcast::scenario::reference;

const HEAD: &str = "\
# Reference

Made from the code: `UPDATE_REFERENCE=1 cargo test --test house reference` renews this page.

- [Scenario files](#scenario-files): every key
- [Diagnostics](#diagnostics): every code
- [Command line](#command-line): every verb and flag, and the exit codes

## Scenario files

TOML; keys are in kebab-case, unknown ones are mistakes. For completion and checks while you type, begin a file with
`#:schema ./oomcast.schema.json` and keep the schema (`oomcast schema`) beside it.

| written | as | for instance |
|---|---|---|
| a size | a number and B, kB, MB, GB, TB, PB, EB or KiB, MiB, GiB, TiB, PiB, EiB; Kubernetes' k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei | `\"16GiB\"`, `\"1.5Gi\"`, `\"400MB\"` |
| a duration | as in Go: ns, us, ms, s, m, h, and d | `\"1m30s\"`, `\"250ms\"`, `\"2d\"` |
| bytes per time | a size per s or min; bits with bit | `\"5MB/s\"`, `\"10Gbit/s\"` |
| times per time | a number per s, min or h | `\"100/s\"`, `\"30/min\"` |
| a percentage | a number and % | `\"0.2%\"` |
| cores | a number, or millicores | `4`, `\"500m\"` |
| a count | an integer, with underscores | `12_000` |

What *may be uncertain* takes a range or a distribution in place of a value; every replication draws its own:

| written | means |
|---|---|
| `\"3 to 8\"` | lognormal; 90 of 100 draws lie between the two |
| `{ p50 = 5, p95 = 9 }` | lognormal, by any two of p5, p10, p25, p50, p75, p90, p95 |
| `{ dist = \"normal\", p5 = 3, p95 = 8 }` | normal, by two quantiles |
| `{ dist = \"uniform\", from = 3, to = 8 }` | equally likely between the two |
| `{ dist = \"triangular\", from = 3, mode = 4, to = 8 }` | likeliest at the mode |
";

/// Compares a page with what the code gives; renews it where the environment says so.
fn up_to_date(page: &str, fresh: &str, variable: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    if std::env::var_os(variable).is_some() {
        std::fs::write(&path, fresh).expect("written");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == fresh, "renew docs/{page}: {variable}=1 cargo test --test house reference");
}

#[test]
fn the_reference_is_up_to_date() {
    let (keys, codes, verbs) = (reference::keys(), reference::codes(), cli::verbs());
    let fresh = format!(
        "{HEAD}{keys}\n## Diagnostics\n\nE: the scenario cannot be run; W: it can, but probably does not say what was \
         meant; N: something was assumed. Codes keep their meaning.\n\n{codes}\n## Command line\n{verbs}"
    );
    up_to_date("reference.md", &fresh, "UPDATE_REFERENCE");
}

const ASSUMPTIONS: &str = "\
# What predictions rest on

Made from the code, with the values of the constants themselves (`src/model/assumptions`):
`UPDATE_REFERENCE=1 cargo test --test house reference` renews this page. `oomcast validate` says what the measured runs cover, and
the summary of a run that lies outside says so.
";

#[test]
fn the_assumptions_are_up_to_date() {
    let rows = assumptions::all();
    for row in &rows {
        assert!(!row.source.is_empty() && !row.leans.is_empty(), "{}", row.what);
        let measured = [Held::Measured, Held::Assumed].contains(&row.held);
        assert!(
            !measured || row.value.is_empty() || !row.range.is_empty(),
            "no range: {}",
            row.what
        );
    }
    assert!(Held::ALL.iter().all(|held| rows.iter().any(|row| row.held == *held)));
    let fresh = format!("{ASSUMPTIONS}{}", report::assumptions::markdown(&rows));
    up_to_date("assumptions.md", &fresh, "UPDATE_REFERENCE");
}

#[test]
fn the_front_page_names_the_releases_modelled() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(path).expect("the README");
    let range = format!("Kubernetes {}", release::modelled());
    let words: Vec<&str> = readme.split_whitespace().collect();
    assert!(words.join(" ").contains(&range), "README.md should say {range}");
}

/// The classes of runs are explained in the same words everywhere.
#[test]
fn outcomes_mean_the_same_on_every_page() {
    let page = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        std::fs::read_to_string(path).expect("a page")
    };
    let output = page("docs/output.md");
    for outcome in Outcome::ALL {
        let row = format!("| `{}` | {} |", outcome.key(), outcome.meaning());
        assert!(output.contains(&row), "docs/output.md lacks {row}");
    }
    for measure in oomcast::scenario::measure::Measure::ALL {
        if let Some(outcome) = Outcome::ALL.iter().find(|o| o.key() == measure.key()) {
            // The metric `cascade` also counts runs that did not recover.
            let same = *outcome == Outcome::Cascade || measure.meaning() == outcome.meaning();
            assert!(same, "{}: {}", outcome.key(), measure.meaning());
        }
    }
    let words = Outcome::NonRecovering.meaning().to_lowercase();
    let words = words.trim_end_matches('.');
    for name in ["README.md", "docs/cookbook.md"] {
        let text = page(name).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.to_lowercase().contains(words), "{name}: {words}");
    }
}
