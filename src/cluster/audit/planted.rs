//! Audit logs of clusters that never were.

use std::io::Cursor;

use super::{Audit, Log, read};
use crate::cluster::read::Lines;
use crate::units::Sort as _;

/// Who asks.
#[derive(Clone, Copy)]
pub(crate) struct Who<'w> {
    pub(crate) user: &'w str,
    /// Its Pod; `node:` and a name: only the node of it.
    pub(crate) pod: &'w str,
    pub(crate) address: &'w str,
    pub(crate) agent: &'w str,
}

/// A log that grows.
#[derive(Clone, Default)]
pub(crate) struct Planted {
    pub(crate) lines: Vec<(f64, String)>,
    requests: u64,
}

/// 2026-05-12T10:00:00Z and so many seconds.
fn stamp(seconds: f64) -> String {
    let micros = (seconds * 1e6).round() as u64;
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    let (hour, minute, second) = (10 + whole / 3_600, whole / 60 % 60, whole % 60);
    format!("2026-05-12T{hour:02}:{minute:02}:{second:02}.{rest:06}Z")
}

impl Planted {
    /// One stage of a request.
    pub(crate) fn stage(
        &mut self,
        (id, stage, code): (u64, &str, u32),
        (verb, uri): (&str, &str),
        who: Who<'_>,
        (received, at): (f64, f64),
    ) {
        let extra = match who.pod {
            "" => String::new(),
            pod if pod.starts_with("node:") => format!(
                r#","extra":{{"authentication.kubernetes.io/node-name":["{}"]}}"#,
                pod.trim_start_matches("node:")
            ),
            pod => format!(
                r#","extra":{{"authentication.kubernetes.io/pod-name":["{pod}"],"authentication.kubernetes.io/pod-uid":["uid-{pod}"]}}"#
            ),
        };
        let line = format!(
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"id-{id}","stage":"{stage}","requestURI":"{}","verb":"{verb}","user":{{"username":"{}","groups":["system:authenticated"]{extra}}},"sourceIPs":["{}"],"userAgent":"{}","responseStatus":{{"metadata":{{}},"code":{code}}},"requestReceivedTimestamp":"{}","stageTimestamp":"{}"}}"#,
            uri.replace('&', "\\u0026"),
            who.user,
            who.address,
            who.agent,
            stamp(received),
            stamp(at),
        );
        self.lines.push((at, line));
    }

    fn next(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }

    /// A request that is answered at once.
    pub(crate) fn request(&mut self, verb: &str, uri: &str, who: Who<'_>, at: f64) {
        let id = self.next();
        self.stage((id, "ResponseComplete", 200), (verb, uri), who, (at, at + 0.001));
    }

    /// A watch that begins, and ends if it does within the log.
    pub(crate) fn watch(&mut self, path: &str, who: Who<'_>, from: f64, to: Option<f64>) {
        let id = self.next();
        let seconds = to.map_or(500.0, |to| (to - from).ceil());
        let glue = if path.contains('?') { '&' } else { '?' };
        let uri =
            format!("{path}{glue}watch=true&allowWatchBookmarks=true&timeoutSeconds={seconds}");
        self.stage((id, "ResponseStarted", 200), ("watch", &uri), who, (from, from));
        if let Some(to) = to {
            self.stage((id, "ResponseComplete", 200), ("watch", &uri), who, (from, to));
        }
    }

    /// A reflector from here on: it lists, and watches for seven minutes again and again.
    pub(crate) fn reflector(&mut self, path: &str, who: Who<'_>, from: f64, until: f64) {
        let glue = if path.contains('?') { '&' } else { '?' };
        self.request("list", &format!("{path}{glue}limit=500&resourceVersion=0"), who, from);
        let mut at = from + 0.1;
        while at < until {
            let end = at + 420.0;
            self.watch(path, who, at, (end < until).then_some(end));
            at = end;
        }
    }

    /// The text of the log, in the order of time.
    pub(crate) fn text(&self) -> String {
        let mut lines = self.lines.clone();
        lines.order_by(|a, b| a.0.total_cmp(&b.0));
        lines.into_iter().map(|(_, line)| line + "\n").collect()
    }

    /// What the log says.
    pub(crate) fn audit(&self) -> Audit {
        audit(&[&self.text()])
    }
}

/// What logs say.
pub(crate) fn audit(texts: &[&str]) -> Audit {
    let log = |(number, text): (usize, &&str)| {
        let text = (*text).to_owned();
        let open = move || Ok(Lines::new(Box::new(Cursor::new(text.clone().into_bytes()))));
        Log { name: format!("audit-{number}.log"), open: Box::new(open) }
    };
    read(&texts.iter().enumerate().map(log).collect::<Vec<_>>())
}
