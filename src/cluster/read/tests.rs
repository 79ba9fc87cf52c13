//! What is recognised, and what is passed over.

use std::io::Cursor;

use super::{COMPARED_BYTES, Kind, Line, Lines, gather};

#[test]
fn files_are_recognised_by_their_content() {
    let cases = [
        ("{\"kind\":\"Event\",\"auditID\":\"a\",\"stage\":\"Panic\"}\n", Some(Kind::Audit)),
        ("\u{feff}# HELP up Up.\n# TYPE up gauge\nup 1\n", Some(Kind::Metrics)),
        ("process_cpu_seconds_total{job=\"a b\"} 1.5e3 1700000000\r\n", Some(Kind::Metrics)),
        (
            "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}",
            Some(Kind::Prometheus),
        ),
        ("{\n  \"major\": \"1\",\n  \"gitVersion\" : \"v1.34.1\"}", Some(Kind::Version)),
        ("{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":[]}", Some(Kind::ObjectsJson)),
        ("{\"clients\":[{\"kind\":\"reflector\"}]}", None),
        ("PriorityLevelName, ActiveQueues\ncatch-all, 0\n", Some(Kind::Dump)),
        ("# a comment\napiVersion: v1\nkind: Pod\n", Some(Kind::ObjectsYaml)),
        ("{\"a\": \"\\\"auditID\\\": \\\"stage\\\":\"}", None),
        ("hello world 1\n", None),
        // Of a node, in its journal.
        ("Sep 14 14:05:52.278143 node-2 crio[1]: started\nSep 14 14:05:53 node-2 done\n", None),
        ("up 1 # {trace_id=\"a\"} 0.5\n", Some(Kind::Metrics)),
        // Prose with a line that looks like a metric; other answers of Prometheus' API.
        ("Of the cluster:\nnodes 3\nas of today.\nAll is well.\n", None),
        ("{\"status\":\"success\",\"data\":{\"headStats\":{}}}", None),
        (
            "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"x\"}",
            Some(Kind::Prometheus),
        ),
        ("", None),
    ];
    for (text, kind) in cases {
        assert_eq!(Kind::of(text.as_bytes()), kind, "{text:?}");
    }
}

#[test]
fn lines_end_as_on_unix_or_windows() {
    let text = b"\xef\xbb\xbfone\r\ntwo\n\nlast".to_vec();
    let mut lines = Lines::new(Box::new(Cursor::new(text)));
    let mut seen = Vec::new();
    while let Some(Line::Whole(number, line)) = lines.advance() {
        seen.push((number, String::from_utf8_lossy(line).into_owned()));
    }
    let owned = |(number, line): (u64, &str)| (number, line.to_owned());
    assert_eq!(seen, [(1, "one"), (2, "two"), (3, ""), (4, "last")].map(owned));
}

/// Two copies of a log, of which one has grown beyond what is compared at first; and one copy again.
#[test]
fn a_copy_that_has_grown_is_no_duplicate() {
    let folder =
        std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/tmp/cluster/grown");
    std::fs::create_dir_all(&folder).expect("creates");
    let line = "{\"kind\":\"Event\",\"auditID\":\"a\",\"stage\":\"Panic\"}\n";
    let long = line.repeat(COMPARED_BYTES as usize / line.len() + 2_000);
    let pack = |name: &str, text: &str| {
        let file = std::fs::File::create(folder.join(name)).expect("creates");
        let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, text.as_bytes()).expect("writes");
        packed.finish().expect("writes");
    };
    pack("a.log.gz", &long);
    pack("b.log.gz", &(long.clone() + line));
    pack("c.log.gz", &long);
    let gathered = gather(&[folder]);
    let names: Vec<&str> = gathered.inputs.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(names, ["a.log.gz", "b.log.gz"]);
    assert_eq!(gathered.skipped[0].file, "c.log.gz");
}
