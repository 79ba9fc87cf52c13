//! The files: there, well formed, and the same each time.

use std::path::{Path, PathBuf};

use super::{barren, cascade, long_names, tiny, usual};
use crate::report::charts::{svgs, write_all};

fn preview_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/charts-preview")
}

/// Also the way to look at the charts: they are in `target/charts-preview` afterwards.
#[test]
fn every_run_becomes_files() {
    for (name, run) in usual() {
        let dir = preview_dir().join(name);
        let written = run.input(|i| write_all(&dir, i)).expect(name);
        assert!(written.len() >= 6, "{name}: {written:?}");
        for file in &written {
            let bytes = std::fs::read(dir.join(file)).expect(file);
            if Path::new(file).extension().is_some_and(|e| e == "png") {
                assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n", "{name}/{file}");
                let width = 2_400_u32.to_be_bytes();
                assert_eq!(&bytes[16..20], width, "{name}/{file}: twice the page's width");
            } else {
                assert_well_formed(&String::from_utf8(bytes).expect("UTF-8"));
            }
        }
    }
}

#[test]
fn runs_with_nothing_to_draw_become_charts_too() {
    for (name, run) in barren() {
        let charts = run.input(svgs).expect(name);
        assert!(charts.len() >= 3, "{name}");
        for chart in charts {
            assert_well_formed(&chart.svg);
        }
        if matches!(name, "nothing" | "one-point" | "all-zero") {
            let dir = preview_dir().join(name);
            assert!(run.input(|i| write_all(&dir, i)).is_ok(), "{name}");
        }
    }
}

/// Every tag is closed in order, and text holds no bare markup or control characters.
fn assert_well_formed(svg: &str) {
    let mut open = Vec::new();
    let mut rest = svg;
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
    while let Some(start) = rest.find('<') {
        let (text, from) = rest.split_at(start);
        assert!(!text.contains('>'), "{text}");
        for entity in text.split('&').skip(1) {
            let known = ["amp;", "lt;", "gt;", "quot;", "apos;"];
            assert!(known.iter().any(|e| entity.starts_with(e)), "{text}");
        }
        let end = from.find('>').expect("a tag ends");
        let tag = &from[1..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().expect("a name"));
        }
        rest = &from[end + 1..];
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(!svg.chars().any(|c| c.is_control() && c != '\n'));
    assert!(!svg.contains("NaN") && !svg.contains("inf\""));
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let read = |dir: &Path| -> Vec<Vec<u8>> {
        let written = cascade().input(|i| write_all(dir, i)).expect("written");
        assert_eq!(written.len(), 14);
        assert_eq!(written[0], "charts/memory-timeline.svg");
        let bytes = |f: &String| std::fs::read(dir.join(f)).expect("a file");
        written.iter().map(bytes).collect()
    };
    let base = preview_dir().join("twice");
    assert!(read(&base.join("a")) == read(&base.join("b")));
}

#[test]
fn names_are_escaped_and_charts_describe_themselves() {
    let charts = long_names().input(svgs).expect("charts");
    assert_eq!(charts.len(), 7);
    for chart in charts {
        assert!(!chart.svg.contains("<script>") && !chart.svg.contains("<b>"));
        assert!(chart.svg.contains(&format!("<title id=\"{}-title\">", chart.name)));
        assert!(chart.svg.contains("<desc id=") && chart.description.len() > 20);
        assert!(!chart.svg.contains("http://") || chart.svg.matches("http://").count() == 1);
    }
}

#[test]
fn one_replication_has_no_distribution() {
    let names = |charts: Vec<crate::report::charts::SvgChart>| -> Vec<&str> {
        charts.iter().map(|c| c.name).collect()
    };
    let few = names(tiny().input(svgs).expect("charts"));
    let all = ["memory-timeline", "memory-stack", "attribution-peak", "activity", "watch-window"];
    assert_eq!(few, all);
}

#[test]
fn calm_clients_and_caches_have_no_chart() {
    let mut run = cascade();
    let window = &mut run.activity.windows;
    window.truncate(0);
    let names = |run: &super::Run| -> Vec<&str> {
        run.input(svgs).expect("charts").iter().map(|c| c.name).collect()
    };
    assert!(names(&run).contains(&"activity") && !names(&run).contains(&"watch-window"));
    for bucket in &mut run.activity.buckets {
        bucket.counts = crate::results::ActivityCounts::default();
    }
    assert!(!names(&run).contains(&"activity"));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let file = preview_dir().join("a-file");
    std::fs::create_dir_all(preview_dir()).expect("folder");
    std::fs::write(&file, "").expect("file");
    let error = tiny().input(|i| write_all(&file, i)).expect_err("not a folder");
    assert!(error.to_string().contains("a-file"), "{error}");
}
