//! Grouping, on made-up records.

use super::bursts::{Burst, find};
use super::{Edition, Story};
use crate::results::{
    Activity, ActivityBucket, ActivityCounts, ActivityKind, Counters, Holder, KillScene, LogEntry,
    LogKind, Mechanism, OomKill, Outcome, RunRecord, ServerActivity, ServerRecord, Timeline,
    Unserved,
};
use crate::units::{Bytes, SimSpan, SimTime};

fn at(seconds: u64) -> SimTime {
    SimTime::ZERO + SimSpan::secs(seconds)
}

/// A run of two servers and a minute, with a bucket a second.
fn calm() -> RunRecord {
    let server =
        |index: u32| ServerRecord { name: format!("apiserver-{index}"), ..ServerRecord::default() };
    let watches = ServerActivity { watches: 1_000, ..ServerActivity::default() };
    let bucket =
        ActivityBucket { counts: ActivityCounts::default(), servers: vec![watches, watches] };
    let timeline =
        |index: u32| Timeline { server: format!("apiserver-{index}"), ..Timeline::default() };
    RunRecord {
        replication: 0,
        outcome: Outcome::Absorbed,
        servers: vec![server(0), server(1)],
        phases: Vec::new(),
        counters: Counters::default(),
        clients_synced: (1, 1),
        unserved: Unserved::default(),
        log: Vec::new(),
        timelines: vec![timeline(0), timeline(1)],
        activity: Activity {
            width: SimSpan::secs(1),
            buckets: vec![bucket; 60],
            ..Activity::default()
        },
        flows: Vec::new(),
        apf_dumps: Vec::new(),
        samples: Vec::new(),
        end: at(60),
        cut_short: false,
        trace_hash: 0,
    }
}

fn kill(run: &mut RunRecord, server: usize, second: u64) {
    let kill =
        OomKill { at: at(second), resident: Bytes::gib(16), stalled: SimSpan::ZERO, back_at: None };
    run.servers[server].oom_kills.push(kill);
    run.activity.kills.push(KillScene {
        at: at(second),
        server: format!("apiserver-{server}"),
        largest: Some(Holder {
            mechanism: Mechanism::ResponseBuffer,
            client: "agents".into(),
            resource: "pods".into(),
            bytes: Bytes::gib(12),
        }),
        watches: 1_000,
    });
}

fn count(run: &mut RunRecord, kind: ActivityKind, second: usize, count: u64) {
    run.activity.buckets[second].counts.0[kind as usize] = count;
}

#[test]
fn nothing_but_the_end_is_told_of_a_calm_run() {
    let story = Story::of(&calm());
    assert_eq!(story.full(), "   1:00.0  the run ends (absorbed): 1 of 1 client synced\n");
}

#[test]
fn the_end_says_who_does_not_answer() {
    let one = |server: &str| vec![server.to_owned()];
    let mut run = calm();
    run.outcome = Outcome::NonRecovering;
    run.unserved.etcd = true;
    let end = "   1:00.0  the run ends (non-recovering): 1 of 1 client synced";
    assert_eq!(Story::of(&run).full(), format!("{end}; etcd has no quorum\n"));
    run.unserved = Unserved { cut_off: one("apiserver-1"), down: one("b"), ..Unserved::default() };
    let servers = "not serving: b; cut off: apiserver-1";
    assert_eq!(Story::of(&run).full(), format!("{end}; {servers}\n"));
}

#[test]
fn calls_are_one_burst_until_there_is_calm() {
    let counts = [0, 3, 0, 0, 4, 0, 0, 0, 1];
    let bursts = find(counts.into_iter(), 3, &[]);
    assert_eq!(
        bursts,
        [
            Burst { first: 1, last: 4, total: 7, highest: 4 },
            Burst { first: 8, last: 8, total: 1, highest: 1 },
        ]
    );
    // A kill parts what is before it, and in its bucket, from what is after it.
    let parted = find([2, 3, 4, 5].into_iter(), 3, &[1]);
    assert_eq!(parted.iter().map(|burst| burst.total).collect::<Vec<_>>(), [5, 9]);
    assert_eq!(find([0, 0].into_iter(), 3, &[]), []);
}

#[test]
fn rejections_in_a_row_are_one_line() {
    let mut run = calm();
    for second in 10..18 {
        count(&mut run, ActivityKind::Rejected, second, 300);
        run.activity.buckets[second].servers[1].rejected = 300;
    }
    count(&mut run, ActivityKind::Rejected, 40, 1);
    let full = Story::of(&run).full();
    assert!(
        full.contains("0:10.0  2 400 calls are answered 429 within 8 s by apiserver-1\n"),
        "{full}"
    );
    assert!(full.contains("0:40.0  1 call is answered 429 within 1 s\n"), "{full}");
}

#[test]
fn kills_of_one_moment_are_one_line() {
    let mut run = calm();
    kill(&mut run, 0, 20);
    kill(&mut run, 1, 22);
    let full = Story::of(&run).full();
    let line = "apiserver-0 and apiserver-1 are OOM-killed within 2 s at 16.0 GiB (largest part: \
                12.0 GiB response buffer of agents reading pods); 2 000 watches are lost; 2 of 2 \
                servers have now been killed\n";
    assert!(full.contains(line), "{full}");
}

#[test]
fn watches_move_only_where_the_record_says_so() {
    let mut run = calm();
    kill(&mut run, 0, 20);
    assert!(!Story::of(&run).full().contains("more than before"));
    for bucket in &mut run.activity.buckets[21..] {
        bucket.servers[1].watches = 1_900;
    }
    let full = Story::of(&run).full();
    let line = "0:30.0  apiserver-1 holds 900 watches more than before the kill\n";
    assert!(full.contains(line), "{full}");
}

fn texts(story: &Story, lines: usize, width: usize) -> Vec<String> {
    story.short(lines, width).into_iter().map(|(_, text)| text).collect()
}

#[test]
fn what_repeats_is_summed_up_in_short_and_told_in_full() {
    let mut run = calm();
    for second in [10, 20, 30, 40] {
        kill(&mut run, 0, second);
    }
    let story = Story::of(&run);
    let summed = "3 more OOM kills until 0:40.0: apiserver-0 3";
    assert_eq!(story.full().matches("is OOM-killed").count(), 4);
    assert!(!story.full().contains(summed));
    let short = texts(&story, 12, 80).join("\n");
    assert_eq!(short.matches("is OOM-killed").count(), 1, "{short}");
    assert!(short.contains(summed), "{short}");
    assert!(story.beats.iter().any(|beat| beat.edition == Edition::Full));
}

#[test]
fn a_short_story_fits_and_keeps_the_end_and_the_first_kill() {
    let mut run = calm();
    kill(&mut run, 0, 20);
    for second in 0..9 {
        count(&mut run, ActivityKind::Lists, second * 6, 10);
        run.log.push(LogEntry {
            at: at(second as u64),
            kind: LogKind::Event,
            subject: format!("event {second}"),
            message: "clients start ".repeat(12),
        });
    }
    let story = Story::of(&run);
    for lines in [3, 5, 12] {
        let short = texts(&story, lines, 60);
        let wrapped = |text: &String| super::wrap(text, 60 - super::INDENT, "", "").len();
        assert!(short.iter().map(wrapped).sum::<usize>() <= lines, "{short:?}");
        assert!(short.last().is_some_and(|line| line.contains("the run ends")), "{short:?}");
    }
    let text = texts(&story, 5, 60).join(" ");
    assert!(text.contains("OOM-killed"), "{text}");
}

#[test]
fn names_of_the_scenario_cannot_steer_the_terminal() {
    let mut run = calm();
    run.log.push(LogEntry {
        at: at(1),
        kind: LogKind::Event,
        subject: "a\u{1b}[31m".into(),
        message: "begins".into(),
    });
    assert!(!Story::of(&run).full().contains('\u{1b}'));
}

#[test]
fn a_lost_node_is_told_with_its_kill() {
    let mut run = calm();
    kill(&mut run, 0, 20);
    for subject in ["apiserver-0", "apiserver-1"] {
        run.log.push(LogEntry {
            at: at(20),
            kind: LogKind::NodeLost,
            subject: subject.into(),
            message: "node out of memory".into(),
        });
    }
    let full = Story::of(&run).full();
    assert!(
        full.contains("apiserver-0 is OOM-killed, its node out of memory, at 16.0 GiB"),
        "{full}"
    );
    assert!(!full.contains("apiserver-0: node") && full.contains("apiserver-1: node"), "{full}");
}

#[test]
fn a_kill_after_a_stall_says_how_long_it_stood_still() {
    let mut run = calm();
    kill(&mut run, 0, 30);
    run.servers[0].oom_kills[0].stalled = SimSpan::secs(20);
    let said = Story::of(&run).full();
    assert!(said.contains("at 16.0 GiB after 20 s of standing still at the limit"), "{said}");
}
