//! Series in every form that people have them.

use super::burst::{described, undescribed};
use super::{Metric, description, read};
use crate::units::Bytes;

/// A quiet server, a burst at minute 10, and its end.
fn rows() -> Vec<(u64, u64)> {
    let value = |i: u64| match i {
        40 => 2_000_000_000,
        41 => 4_000_000_000,
        42 => 3_000_000_000,
        i => 1_000_000_000 + i % 3,
    };
    (0..60).map(|i| (1_778_580_000 + 15 * i, value(i))).collect()
}

fn csv(header: &str, row: impl Fn(u64, u64) -> String) -> String {
    let rows: Vec<String> = rows().into_iter().map(|(at, bytes)| row(at, bytes)).collect();
    format!("{header}\n{}\n", rows.join("\n"))
}

fn plain() -> String {
    csv("time,container_memory_working_set_bytes", |at, bytes| format!("{at},{bytes}"))
}

#[test]
fn the_same_series_in_every_form() {
    let wanted = read("a.csv", &plain(), None).expect("valid").samples;
    let values = |pair: &(u64, u64)| format!("[{}.0,\"{}\"]", pair.0, pair.1);
    let values: Vec<String> = rows().iter().map(values).collect();
    let result = format!(
        "[{{\"metric\":{{\"__name__\":\"container_memory_rss\",\"pod\":\"a\"}},\"values\":[{}]}}]",
        values.join(",")
    );
    let forms = [
        csv("\u{feff}sep=;\n\"Time\";\"a\"", |at, bytes| format!("\"{}\";\"{bytes}\"", at * 1_000)),
        csv("\"Series\",\"Time\",\"Value\"", |at, bytes| format!("\"a\",{at},{bytes}")),
        csv("value\ttimestamp", |at, bytes| format!("{bytes}\t{at}")),
        csv("Time,a,b", |at, bytes| format!("{at},{bytes},null")),
        csv("Time,a,b", |at, bytes| format!("{at},{},{bytes}", bytes / 2)),
        csv("0,NaN", |at, bytes| format!("{at},{bytes}")),
        result.clone(),
        format!(
            "{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":{result}}}}}"
        ),
    ];
    for form in forms {
        let found = read("b", &form, None).unwrap_or_else(|e| panic!("{e:?}\n{form}"));
        let same = found.samples.iter().zip(&wanted).all(|(a, b)| a == b);
        assert!(same && found.samples.len() == wanted.len(), "{form}");
        assert!((found.step_seconds - 15.0).abs() < 1e-9);
    }
    let metric = |text: &str| read("c", text, None).expect("valid").metric;
    assert_eq!((metric(&plain()), metric(&result)), (Some(Metric::WorkingSet), Some(Metric::Rss)));
}

#[test]
fn units_dates_and_columns() {
    let text = "Time,cp-1,cp-2\n2026-05-12 10:00:00,1 GiB,3 GiB\n2026-05-12 10:00:30,1.5 GiB,\n\
        2026-05-12 10:01:00,2 GiB,3.5 GiB\n2026-05-12 10:01:30,1 GiB,3 GiB\n";
    let highest = read("a", text, None).expect("valid");
    assert!(highest.zoneless);
    assert_eq!(highest.samples[1].bytes, Bytes::mib(1_536), "the other server has a gap there");
    let one = read("a", text, Some("cp-1")).expect("valid");
    assert_eq!(one.samples[2].bytes, Bytes::gib(2));
    let none = read("a", text, Some("cp-9")).expect_err("no such column");
    assert!(none[0].reason.contains("\"cp-1\", \"cp-2\""), "{none:?}");
}

#[test]
fn mistakes_are_told_with_their_lines() {
    for (text, told) in [
        (
            "time,a\nnoon,5\n1778580000,much\n",
            ["a:2: column 1: \"noon\" is no time", "a:3: column 2"],
        ),
        ("time,a\n1,2\n", ["a: 1 values are no series", "ten minutes"]),
        ("time,a\n1,2\n2,3\n3,4\n", ["the largest value is 4", "GiB"]),
        ("time\n1\n2\n", ["a time and a value", "kube-apiserver-cp-1"]),
        ("", ["a: the file is empty", "time,"]),
        ("{\"status\":\"error\",\"error\":\"bad query\"}", ["bad query", "Prometheus"]),
        ("{\"data\":{\"resultType\":\"vector\",\"result\":[]}}", ["query_range", "one time"]),
        ("{\"data\":{\"result\":[]}}", ["no series", "labels"]),
        ("{\"data\":{\"result\":[{\"values\":[[1,2,3]]}]}}", ["result[0].values[0]", "pair"]),
        ("[1, 2", ["not JSON", "a: "]),
    ] {
        let errors = read("a", text, None).expect_err(text);
        let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let all = all.join("\n");
        assert!(told.iter().all(|part| all.contains(part)), "{text:?} gave {all:?}");
    }
}

fn describe(bursts: &str) -> String {
    format!("schema = 1\nseries = \"a.csv\"\n{bursts}")
}

#[test]
fn a_burst_has_a_base_and_a_peak() {
    let series = read("a.csv", &plain(), None).expect("valid");
    let text = describe(
        "[[bursts]]\nname = \"rollout\"\nfrom = 2026-05-12T10:09:30Z\nto = 1778580700\n\
         event = \"x\"\nseconds = \"20s\"\nset = [\"a.b=1\"]\n",
    );
    let description = description::read("a.toml", &text).expect("valid");
    let (bursts, notes) = described("a.toml", &description, &series).expect("valid");
    let burst = &bursts[0];
    assert_eq!((burst.base, burst.peak), (Some(Bytes(1_000_000_001)), Bytes(4_000_000_000)));
    assert_eq!((burst.id.as_str(), burst.file.as_str()), ("rollout", "a.toml:5"));
    assert_eq!(burst.set, ["a.b=1"]);
    assert!(notes.is_empty() && !burst.lost);
    let alone = undescribed("a.csv", &series).expect("a burst");
    assert_eq!(alone.peak, burst.peak);
    assert!(alone.base.is_some_and(|b| b < Bytes(1_000_000_003)), "{alone:?}");
}

#[test]
fn restarts_are_asked_for() {
    let rows = "time,a\n0,1e9\n30,2e9\n60,8e9\n90,3e8\n120,1e9\n";
    let series = read("a.csv", rows, None).expect("valid");
    let text = describe("[[bursts]]\nfrom = 30\nto = 120\n");
    let description = description::read("a.toml", &text).expect("valid");
    let (_, notes) = described("a.toml", &description, &series).expect("valid");
    assert!(notes.iter().any(|note| note.contains("restarts = 1")), "{notes:?}");
}

#[test]
fn mistakes_of_descriptions_are_told_with_their_places() {
    for (text, told) in [
        (
            "schema = 2\nseries = \"\"\nmetric = \"rrs\"\n",
            "a.toml:1:10: the format|a.toml:2:10|a.toml:3:10",
        ),
        ("schema = 1\n", "missing field `series`"),
        ("schema = 1\nseries = \"a\"\nburst = []\n", "a.toml:3:1: unknown field `burst`"),
        (
            "schema = 1\nseries = \"a\"\n[[bursts]]\nfrom = \"noon\"\nto = 5\n",
            "a.toml:4:8: write unix",
        ),
        ("schema = 1\nseries = \"a\"\n[[bursts]]\nfrom = 5\nto = 5\n", "a.toml:5:6: `to` must be"),
        ("schema = [", "a.toml:1:"),
    ] {
        let errors = description::read("a.toml", text).expect_err(text);
        let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let all = all.join("\n");
        assert!(told.split('|').all(|part| all.contains(part)), "{text:?} gave {all:?}");
    }
}

#[test]
fn servers_that_were_sampled_once_have_the_step_of_all() {
    let text = "Series,Time,Value\na,1778580000,1e9\nb,1778580030,1e9\nc,1778580010,2e9\n";
    let step = read("a.csv", text, None).expect("valid").step_seconds;
    assert!((step - 20.0).abs() < 1e-9, "{step}");
}

#[test]
fn what_is_no_burst_is_told() {
    let series = read("a.csv", &plain(), None).expect("valid");
    for (burst, told) in [
        ("from = 1\nto = 2\n", "runs from 1778580000 to"),
        ("from = 1778580001\nto = 1778580002\n", "15 s apart"),
        ("from = 1778580090\nto = 1778580180\n", "has no burst"),
    ] {
        let description = description::read("a.toml", &describe(&format!("[[bursts]]\n{burst}")));
        let errors = described("a.toml", &description.expect("valid"), &series);
        let errors = errors.expect_err(burst);
        assert!(errors[0].to_string().contains(told), "{errors:?}");
        assert_eq!(errors[0].file, "a.toml:4");
    }
    let flat = csv("time,a", |at, _| format!("{at},{}", 1_000_000_000 + at % 7));
    let flat = read("a.csv", &flat, None).expect("valid");
    assert!(undescribed("a.csv", &flat).expect_err("flat").reason.contains("no burst"));
}
