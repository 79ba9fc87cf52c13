//! What the page says without its script.

use std::fmt::Write;

use super::super::format::clean;
use super::super::page::{Block, Page, Section};
use crate::results::{LogKind, Summary};
use serde::Serialize;

/// Text for HTML, also inside quoted attributes.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in clean(text, usize::MAX).chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            c => safe.push(c),
        }
    }
    safe
}

/// A listing, whose lines and tabs are kept.
fn listing(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(escaped).collect();
    format!("<pre tabindex=\"0\">{}</pre>\n", lines.join("\n"))
}

/// Release, replications, seed and hashes.
pub(super) fn subject(page: &Page) -> String {
    let parts = [&page.subject].into_iter().chain(&page.hashes);
    parts.filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" · ")
}

pub(super) fn notes(notes: &[String]) -> String {
    notes.iter().fold(String::new(), |mut text, note| {
        let _ = writeln!(text, "<p class=\"note\">{}</p>", escaped(note));
        text
    })
}

pub(super) fn sections(sections: &[Section]) -> String {
    sections.iter().map(section).collect()
}

fn section(section: &Section) -> String {
    let mut text = "<section>\n".to_owned();
    let heading = if section.heading.is_empty() { section.title } else { &section.heading };
    if !heading.is_empty() {
        let _ = writeln!(text, "<h2>{}</h2>", escaped(heading));
    }
    for block in &section.blocks {
        match block {
            Block::Table(table) => text.push_str(&table.html(heading, escaped)),
            Block::Text(line) => {
                let _ = writeln!(text, "<p>{}</p>", escaped(line));
            }
            Block::Legend(line) => {
                let _ = writeln!(text, "<p class=\"legend-text\">{}</p>", escaped(line));
            }
            Block::Items(items) => {
                text.push_str("<dl>\n");
                for (label, item) in items {
                    let _ = writeln!(text, "<dt>{}</dt><dd>{}</dd>", escaped(label), escaped(item));
                }
                text.push_str("</dl>\n");
            }
        }
    }
    text + "</section>\n"
}

/// A line of the story.
#[derive(Clone, Serialize)]
pub(super) struct Beat {
    /// As written: `1:51.2`.
    clock: String,
    /// Milliseconds since the scenario began.
    pub(super) at_ms: u64,
    text: String,
}

impl Beat {
    /// Whether it is about this kind of thing happening to this subject.
    pub(super) fn tells(&self, subject: &str, kind: LogKind) -> bool {
        let word = match kind {
            LogKind::OomKill => "OOM-killed",
            LogKind::NodeKill | LogKind::NodeLost => "node",
            LogKind::Event
            | LogKind::Stopped
            | LogKind::ProbeKill
            | LogKind::Started
            | LogKind::Ready
            | LogKind::Balancer
            | LogKind::Synced
            | LogKind::NotReady => "",
        };
        self.text.contains(word) && self.text.contains(subject)
    }
}

/// The lines of `story.txt`.
pub(super) fn beats(story: &str) -> Vec<Beat> {
    let beat = |line: &str| {
        let (clock, text) = line.trim_start().split_once("  ")?;
        let seconds = clock.split(':').try_fold(0.0, |sum: f64, part| {
            part.parse::<f64>().ok().map(|part| sum * 60.0 + part)
        })?;
        let at_ms = (seconds * 1000.0).round() as u64;
        Some(Beat { clock: clock.to_owned(), at_ms, text: text.to_owned() })
    };
    story.lines().filter_map(beat).collect()
}

pub(super) fn story(replication: u32, beats: &[Beat]) -> String {
    if beats.is_empty() {
        return String::new();
    }
    let line = |(index, beat): (usize, &Beat)| {
        format!(
            "<li id=\"beat-{index}\"><button type=\"button\" data-beat=\"{index}\" data-t=\"{}\">{}</button><span>{}</span></li>\n",
            beat.at_ms,
            escaped(&beat.clock),
            escaped(&beat.text)
        )
    };
    let lines: String = beats.iter().enumerate().map(line).collect();
    format!(
        "<section id=\"story\">\n<h2>What happened in replication <span id=\"told\">{replication}</span></h2>\n<ol class=\"beats\" tabindex=\"0\">\n{lines}</ol>\n</section>\n"
    )
}

/// Charts as they are in the folder.
pub(super) fn charts(drawn: &[String]) -> String {
    if drawn.is_empty() {
        return String::new();
    }
    let chart = |svg: &String| {
        let from = svg.find("<svg").unwrap_or(0);
        format!("<div class=\"chart\" tabindex=\"0\">{}</div>\n", svg[from..].trim_end())
    };
    let drawn: String = drawn.iter().map(chart).collect();
    format!("<section>\n<h2>Charts</h2>\n{drawn}</section>\n")
}

/// How far to trust a prediction.
pub(super) fn trust(summary: &Summary) -> String {
    let mut text = "<section id=\"trust\">\n<h2>How far to trust it</h2>\n".to_owned();
    if let Some(interval) = &summary.peak_interval {
        let without = if interval.without_limit { " without a memory limit" } else { "" };
        let _ = writeln!(
            text,
            "<p>The predicted peak{without} is {}; nine of ten real peaks are expected between {} and {}. \
             That is learned from {} measured runs whose memory was mostly {}.</p>",
            interval.peak_bytes,
            interval.low_bytes,
            interval.high_bytes,
            interval.learned_from,
            escaped(&interval.mechanism)
        );
        for why in &interval.widened {
            let _ = writeln!(
                text,
                "<p>The interval is wider than those runs say: {}.</p>",
                escaped(why)
            );
        }
        if interval.too_close {
            text += "<p><strong>The limit lies in that interval: whether a server is killed is too close to call.</strong></p>\n";
        }
    }
    let off = summary.published.iter().filter(|row| !row.within).count();
    if !summary.published.is_empty() {
        let all = summary.published.len();
        let _ = writeln!(text, "<p>{} of {all} published figures are met.</p>", all - off);
    }
    text + "<p>Intervals of shares are 95 % intervals of the luck of the seeds; they do not contain the error \
        of the model. <code>oomcast validate</code> replays measured runs of a real kube-apiserver and prints \
        that error; <code>docs/fidelity.md</code> lists every run, <code>docs/assumptions.md</code> what is \
        assumed.</p>\n</section>\n"
}

/// The scenarios, and how to run them again.
pub(super) fn inputs(scenarios: &[(&str, String)], again: &str) -> String {
    let mut text = "<section id=\"inputs\">\n<h2>Inputs, and how to run it again</h2>\n".to_owned();
    let what = match scenarios {
        [_, _] => "texts below as <code>a.toml</code> and <code>b.toml</code>",
        _ => "text below as <code>scenario.toml</code>",
    };
    // Folders of older versions do not say.
    if !again.is_empty() {
        let _ = writeln!(
            text,
            "<p>Save the {what}, then:</p>\n<pre>oomcast {}</pre>\n<p>Every default and override is in place. \
             The same version of oomcast gives the same figures.</p>",
            escaped(again)
        );
    }
    for (name, toml) in scenarios {
        let _ = writeln!(
            text,
            "<details><summary>{} ({} lines)</summary>\n{}</details>",
            escaped(name),
            toml.lines().count(),
            listing(toml)
        );
    }
    text + "</section>\n"
}
