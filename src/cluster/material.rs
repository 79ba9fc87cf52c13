//! Everything that was read, form by form, before anything is concluded from it.

use std::io::Read;
use std::path::PathBuf;

use serde_json::Value;

use super::findings::{Findings, Skipped};
use super::metrics::servers::{ServerScrapes, pair};
use super::metrics::{Answers, Scrape, text};
use super::objects::Objects;
use super::read::{Input, Kind, gather};

/// What an answer of Prometheus, or of `/version`, may take.
const MOST_ANSWER_BYTES: u64 = 24 << 20;

/// What was read.
#[derive(Debug, Default)]
pub struct Material {
    /// Servers with their scrapes.
    pub servers: Vec<ServerScrapes>,
    /// Objects.
    pub objects: Objects,
    /// `gitVersion`, and the file it is from.
    pub version: Option<(String, String)>,
    /// Audit logs, still to be read.
    pub audit: Vec<Input>,
}

impl Material {
    /// Reads what is at the paths. What was read and what was skipped goes to the findings.
    #[must_use]
    pub fn read(paths: &[PathBuf], findings: &mut Findings) -> Self {
        let gathered = gather(paths);
        findings.skipped.extend(gathered.skipped);
        let mut material = Self::default();
        let (mut scrapes, mut answers) = (Vec::new(), Answers::default());
        for input in gathered.inputs {
            findings.read.push((input.name.clone(), input.kind.label().to_owned()));
            match input.kind {
                Kind::Audit => material.audit.push(input),
                Kind::Metrics => {
                    let (found, skipped) = text::read(&input);
                    findings.skipped.extend(skipped);
                    let before = scrapes.len();
                    scrapes.extend(found.into_iter().filter(Scrape::is_apiserver));
                    if scrapes.len() == before {
                        let what = "metrics of something else than a kube-apiserver".to_owned();
                        let cost = "nothing: oomcast has no use for them".to_owned();
                        findings.skipped.push(Skipped { file: input.name, line: None, what, cost });
                    }
                }
                Kind::Prometheus => {
                    let added = small_json(&input).and_then(|a| answers.add(&input.name, &a));
                    findings.skipped.extend(added.err().map(|what| Skipped {
                        file: input.name,
                        line: None,
                        what,
                        cost: "the figures of this answer".to_owned(),
                    }));
                }
                Kind::Version => match small_json(&input).map(|version| git_version(&version)) {
                    Ok(Some(version)) => material.version = Some((version, input.name)),
                    Ok(None) => {}
                    Err(what) => findings.skipped.push(Skipped {
                        file: input.name,
                        line: None,
                        what,
                        cost: "the release, unless metrics tell it".to_owned(),
                    }),
                },
                Kind::Dump => {}
                Kind::ObjectsJson | Kind::ObjectsYaml => {
                    findings.skipped.extend(material.objects.read(&input));
                }
            }
        }
        // What servers say themselves goes before what was kept of it.
        let kept = answers.scrapes();
        let (servers, skipped) = pair(scrapes);
        let (told, more_skipped) = pair(kept);
        findings.skipped.extend(skipped.into_iter().chain(more_skipped));
        material.servers = if servers.is_empty() { told } else { servers };
        material
    }
}

/// A small JSON file, whole.
fn small_json(input: &Input) -> Result<Value, String> {
    let text = input.open().map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    let read = text.take(MOST_ANSWER_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST_ANSWER_BYTES {
        let most = MOST_ANSWER_BYTES >> 20;
        return Err(format!("more than {most} MiB: ask for fewer series, or a longer step"));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    serde_json::from_slice(text).map_err(|error| error.to_string())
}

/// Of `/version`, or of `kubectl version -o json`: that of the server.
fn git_version(version: &Value) -> Option<String> {
    let own = version.get("gitVersion");
    let of_server = version.pointer("/serverVersion/gitVersion");
    of_server.or(own).and_then(Value::as_str).map(str::to_owned)
}
