//! The seeds of every fuzz target and some mutations of each, the same ones every time: what `fuzz/` does
//! by chance, on the stable toolchain.

use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::mistakes::mutated::{Draws, mutate};
use crate::readers::READERS;
use crate::support::{done, folder, root};

/// Mutations tried with each reader; of scenarios `mutated.rs` tries more.
const ROUNDS: u32 = 120;
/// Bytes of a seed.
const LARGEST: usize = 16_000;

fn unpacked(file: &str) -> Vec<u8> {
    let path = root().join("tests/data/cluster").join(file);
    let mut bytes = Vec::new();
    let packed = std::fs::File::open(path).expect("test data");
    MultiGzDecoder::new(packed).read_to_end(&mut bytes).expect("unpacks");
    bytes
}

/// Lines of an audit log, from here and there.
fn logs() -> Vec<Vec<u8>> {
    let log = unpacked("audit.log.gz");
    let lines: Vec<&[u8]> = log.split_inclusive(|byte| *byte == b'\n').collect();
    [0, 2_000, 4_000].map(|from| lines[from..from + 10].concat()).to_vec()
}

fn exports() -> Vec<Vec<u8>> {
    let files = ["metrics-0.txt", "nodes.json", "flowschemas.json", "version.json"];
    let mut found: Vec<Vec<u8>> =
        files.iter().map(|file| unpacked(&format!("a-1.34/{file}.gz"))).collect();
    for bytes in &mut found {
        bytes.truncate(LARGEST);
    }
    found.extend(logs());
    found
}

fn manifests() -> Vec<Vec<u8>> {
    let of = |folder: &str| std::fs::read_dir(root().join(folder)).expect("a folder");
    let entries = of("tests/data/manifests").chain(of("scenarios/manifests"));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("readable")).collect()
}

fn observations() -> Vec<Vec<u8>> {
    let text = include_str!("../data/measured.jsonl");
    let mut lines: Vec<&str> = text.lines().filter(|line| line.len() < LARGEST).collect();
    lines.sort_by_key(|line| line.len());
    lines.iter().step_by(lines.len() / 8).map(|line| line.as_bytes().to_vec()).collect()
}

fn series() -> Vec<Vec<u8>> {
    let rows = "2026-05-12 10:00:00,1 GiB,3 GiB\n2026-05-12 10:00:30,1.5 GiB,\n\
        2026-05-12 10:01:00,2 GiB,3.5 GiB\n";
    let texts = [
        format!("Time,cp-1,cp-2\n{rows}"),
        format!("\u{feff}sep=;\nTime;a\n{}", rows.replace(',', ";")),
        "time,a\n1778580000,2000000000\n1778580015,4e9\n1778580030.5,3GiB\n".to_owned(),
        "\"Series\",\"Time\",\"Value\"\n\"a\",1,1e9\n\"a\",2,1e9\n\"b\",2,2e9\n".to_owned(),
        "\"Series\",\"Time\",\"Value\"\n\"a\",1,1e9\n\"b\",4,1e9\n\"c\",2,2e9\n".to_owned(),
        "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":\
         {\"pod\":\"a\"},\"values\":[[1,\"1e9\"],[2,\"2e9\"],[3.5,\"3e9\"]]}]}}"
            .to_owned(),
        "schema = 1\nseries = \"a.csv\"\nmetric = \"rss\"\nscenario = \"s.toml\"\n[[bursts]]\n\
         name = \"r\"\nfrom = 2026-05-12T10:09:30Z\nto = 1778580700\nevent = \"r\"\n\
         restarts = 0\nseconds = \"42s\"\nset = [\"clients.a.count=3\"]\n"
            .to_owned(),
    ];
    texts.map(String::into_bytes).to_vec()
}

/// The rows of a small sweep, without their checksums.
fn rows() -> Vec<Vec<u8>> {
    let folder = folder("replayed", "sweep");
    let storm = root().join("tests/data/storm.toml").display().to_string();
    let vary = "clients.agents.count=2,4";
    let arguments = ["sweep", &storm, "--vary", vary, "--out", "out", "--no-charts"];
    done(&folder, &arguments);
    let written = std::fs::read_to_string(folder.join("out/rows.jsonl")).expect("rows");
    let inner = |line: &str| Some(line.split_once(":{")?.1.strip_suffix('}')?.to_owned());
    let plain: Vec<String> =
        written.lines().filter_map(inner).map(|s| format!("{{{s}\n")).collect();
    assert_eq!(plain.len(), 3, "{written}");
    vec![plain.concat().into_bytes(), written.into_bytes()]
}

fn seeds(reader: &str) -> Vec<Vec<u8>> {
    match reader {
        "load" => vec![
            include_bytes!("../data/everything.toml").to_vec(),
            b"#--set run.seed=1\n#--vary clients.a.count=1..9:2\nschema = 1\n".to_vec(),
        ],
        "manifest" => manifests(),
        "observation" => observations(),
        "series" => series(),
        "rows" => rows(),
        "import" => exports(),
        "audit" => logs(),
        "rules" => vec![
            include_bytes!("../../deploy/rules/control-plane.yaml").to_vec(),
            b"    expr: \"ALERTS\", time: 1m30s,\n        exp: nil\n        got: {alertname=\"A\\n\", \
              severity=\"b\"} 1E+00, {} 2E+00\n"
                .to_vec(),
        ],
        other => panic!("{other} has no seeds"),
    }
}

fn write(folder: &Path, seeds: &[Vec<u8>]) {
    for (i, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("{i:03}")), seed).expect("writes");
    }
}

/// The seeds are also left in `target/tmp/seeds`, for `fuzz/`.
#[test]
fn no_reader_breaks_on_seeds_and_their_mutations() {
    for (name, reader) in READERS {
        let (seeds, scratch) = (seeds(name), folder("replayed", name));
        write(&folder("seeds", name), &seeds);
        for seed in &seeds {
            reader(&scratch, seed);
        }
        let mut draws = Draws(0x2545_f491_4f6c_dd1d);
        for _ in 0..ROUNDS {
            let mut text = seeds[draws.below(seeds.len())].clone();
            text.truncate(LARGEST);
            for _ in 0..=draws.below(4) {
                mutate(&mut text, &seeds, &mut draws);
            }
            reader(&scratch, &text);
        }
    }
}
