//! The shapes: on the page, clear of each other, and true to the figures.

use super::{cascade, everything, forty_events, many, single};
use crate::report::charts::plot::Plot;
use crate::report::charts::scene::{Item, Label, PAGE_WIDTH, Point, Rect, Scene};
use crate::report::charts::{frame, scenes, stack, thin};
use crate::units::{Bytes, SimSpan, SimTime};

fn labels(scene: &Scene) -> Vec<&Label> {
    let mut labels = Vec::new();
    for item in &scene.items {
        if let Item::Text(label) = item {
            labels.push(label);
        }
    }
    labels
}

fn overlap(a: &Rect, b: &Rect) -> bool {
    a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom()
}

#[test]
fn texts_are_readable_on_the_page_and_never_cover_each_other() {
    for (name, run) in everything() {
        for scene in run.input(scenes) {
            let all = labels(&scene);
            for (i, label) in all.iter().enumerate() {
                let here = format!("{name}/{}: {label:?}", scene.name);
                let bounds = label.bounds();
                assert!(label.size >= 12.0, "{here}");
                assert!(bounds.x >= 4.0 && bounds.right() <= PAGE_WIDTH - 4.0, "{here}");
                assert!(bounds.y >= 4.0 && bounds.bottom() <= scene.height - 2.0, "{here}");
                for other in &all[i + 1..] {
                    assert!(!overlap(&bounds, &other.bounds()), "{here}\n{other:?}");
                }
            }
        }
    }
}

fn points(item: &Item) -> Vec<Point> {
    match item {
        Item::Box(r, _) => vec![(r.x, r.y), (r.right(), r.bottom())],
        Item::Area { upper, lower, .. } => upper.iter().chain(lower).copied().collect(),
        Item::Path(points, _) => points.clone(),
        Item::Dot(at, ..) => vec![*at],
        Item::Text(label) => vec![label.at],
    }
}

#[test]
fn every_shape_is_on_the_page() {
    for (name, run) in everything() {
        for scene in run.input(scenes) {
            for item in &scene.items {
                for (x, y) in points(item) {
                    let inside =
                        (0.0..=PAGE_WIDTH).contains(&x) && (0.0..=scene.height).contains(&y);
                    assert!(inside, "{name}/{}: {item:?}", scene.name);
                }
            }
        }
    }
}

#[test]
fn the_stack_adds_up_to_the_resident_set_at_every_point() {
    for run in [single(), cascade(), forty_events(), many(12)] {
        for timeline in &run.timelines {
            let layers = stack::layers(timeline);
            let members: usize = layers.iter().map(|l| l.members.len()).sum();
            assert!(layers.len() > 5 && members <= 16);
            for (i, point) in timeline.points.iter().enumerate() {
                let total: Bytes = stack::heights(timeline, &layers, i).into_iter().sum();
                assert_eq!(total, point.resident, "{} at {}", timeline.server, point.at);
            }
        }
    }
}

#[test]
fn the_highest_point_drawn_is_the_peak_of_the_record() {
    for run in [single(), cascade(), forty_events(), many(12)] {
        for (timeline, server) in run.timelines.iter().zip(&run.servers) {
            let peak = frame::peak_of(timeline).expect("points");
            assert_eq!(peak, (server.peak_at, server.peak_resident));
            let area = Rect { x: 0.0, y: 0.0, w: 300.0, h: 1_000.0 };
            let plot = Plot::over_time(
                area,
                SimTime::ZERO + SimSpan::secs(run.recipe.seconds),
                server.peak_resident,
            );
            let lines = thin::lines(&plot, timeline, |p| p.resident);
            let drawn = lines.iter().flatten().map(|p| p.1).fold(f64::MAX, f64::min);
            assert!(drawn.abs() < 1e-9, "{drawn}");
        }
    }
}

#[test]
fn a_line_ends_where_it_leaves_the_plot_and_where_there_is_nothing() {
    let run = single();
    let area = Rect { x: 0.0, y: 10.0, w: 1_000.0, h: 100.0 };
    let plot = Plot::over_time(area, SimTime::ZERO + SimSpan::secs(600), Bytes::gib(8));
    let lines = thin::lines(&plot, &run.timelines[0], |p| p.resident);
    assert!(lines.len() >= 4, "cut at the upper edge and in the restart gaps");
    for (_, y) in lines.iter().flatten() {
        assert!((area.y..=area.bottom()).contains(y));
    }
}

#[test]
fn kills_and_limits_are_on_the_timeline() {
    let scene = cascade().input(scenes).remove(0);
    let texts: Vec<&str> = labels(&scene).iter().map(|l| l.text.as_str()).collect();
    let run = cascade();
    for server in &run.servers {
        assert!(texts.contains(&server.name.as_str()));
        let first = server.oom_kills[0].at.to_string();
        assert!(texts.contains(&first.as_str()), "{first}");
    }
    assert_eq!(texts.iter().filter(|t| **t == "limit 16.0 GiB").count(), 3);
    assert!(texts.iter().any(|t| t.contains("worst run shown (replication 7)")));
}

#[test]
fn the_levels_under_most_pressure_are_drawn() {
    let run = many(7);
    let all = run.input(scenes);
    let scene = all.iter().find(|scene| scene.name == "apf").expect("levels were recorded");
    let texts: Vec<&str> = labels(scene).iter().map(|l| l.text.as_str()).collect();
    assert!(scene.title.starts_with("level-1 is the bottleneck of apiserver-0: up to 1"));
    assert!(["level-1", "level-3", "level-5", "level-7"].iter().all(|name| texts.contains(name)));
    assert!(texts.contains(&"… 3 more levels") && !texts.contains(&"exempt"));
    assert!(single().input(scenes_of_one).iter().all(|name| *name != "apf"));
}

fn scenes_of_one(input: &crate::report::charts::ChartInput) -> Vec<&'static str> {
    scenes(input).iter().map(|scene| scene.name).collect()
}
