//! What a file is, by its beginning.

/// What a cluster exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An audit log: an event per line.
    Audit,
    /// Metrics in Prometheus' or `OpenMetrics`' text form.
    Metrics,
    /// An answer of Prometheus' HTTP API.
    Prometheus,
    /// What `gather_etcd` of an `OpenShift` must-gather counts: objects and bytes by prefix of the key.
    EtcdCounts,
    /// What `etcdctl endpoint status -w json` says.
    EtcdStatus,
    /// A table of `/debug/api_priority_and_fairness`: of one moment, and not needed.
    Dump,
    /// An answer of `/version`, or of `kubectl version -o json`.
    Version,
    /// Objects of Kubernetes as JSON: one, or a list.
    ObjectsJson,
    /// Objects of Kubernetes as YAML: one, several, or a list.
    ObjectsYaml,
}

impl Kind {
    /// What it is called.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Audit => "audit log",
            Self::Metrics => "metrics",
            Self::Prometheus => "answer of Prometheus",
            Self::EtcdCounts => "objects in etcd",
            Self::EtcdStatus => "state of etcd",
            Self::Dump => "state of flow control, not needed",
            Self::Version => "version",
            Self::ObjectsJson => "objects (JSON)",
            Self::ObjectsYaml => "objects (YAML)",
        }
    }

    /// What a file is that begins like this; `None`: nothing that is known.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        let head = String::from_utf8_lossy(head);
        let text = head.trim_start_matches('\u{feff}').trim_start();
        if is_wrapped_audit(text) {
            return Some(Self::Audit);
        }
        match text.chars().next()? {
            '{' | '[' => json(text),
            _ => plain(text),
        }
    }
}

/// Whether events of an audit log follow something else in the line, or are texts in other JSON.
fn is_wrapped_audit(text: &str) -> bool {
    const GROUP: &str = "audit.k8s.io/";
    text.lines().take(50).any(|line| {
        let escaped = line.contains("\\\"auditID\\\"") && line.contains(GROUP);
        let follows = line.find("{\"").is_some_and(|at| at > 0) && line.contains("\"auditID\"");
        escaped || follows && line.contains(GROUP) && line.contains("\"stage\"")
    })
}

/// Whether an unescaped key is in a text, however it is indented.
fn has_key(text: &str, key: &str) -> bool {
    let quoted = format!("\"{key}\"");
    text.match_indices(&quoted).any(|(at, _)| {
        let after = text[at + quoted.len()..].trim_start();
        after.starts_with(':') && !text[..at].ends_with('\\')
    })
}

fn json(text: &str) -> Option<Kind> {
    let has = |key| has_key(text, key);
    if has("auditID") && (has("stage") || has("requestURI")) {
        Some(Kind::Audit)
    } else if has("etcd_resources") {
        Some(Kind::EtcdCounts)
    } else if has("Endpoint") && has("dbSize") {
        Some(Kind::EtcdStatus)
    } else if has("resultType") || has("errorType") && has("status") && !has("kind") {
        Some(Kind::Prometheus)
    } else if has("gitVersion") && !has("kind") {
        Some(Kind::Version)
    } else if has("apiVersion") {
        Some(Kind::ObjectsJson)
    } else {
        None
    }
}

/// YAML says `kind:` or `items:` at the beginning of a line; metrics are names with values.
fn plain(text: &str) -> Option<Kind> {
    if text.starts_with("PriorityLevelName,") {
        return Some(Kind::Dump);
    }
    let yaml = |line: &str| {
        ["kind:", "apiVersion:", "items:", "- apiVersion:", "- kind:"]
            .iter()
            .any(|key| line.starts_with(key))
    };
    if text.lines().take(400).any(yaml) {
        return Some(Kind::ObjectsYaml);
    }
    // A line of prose can look like a metric; most lines of prose do not.
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(400).collect();
    let metrics = lines.iter().filter(|line| is_metric(line)).count();
    (metrics > 0 && metrics * 2 >= lines.len()).then_some(Kind::Metrics)
}

/// `# HELP go_info …`, `# TYPE …`, `up 1`, `up{job="a"} 1`.
fn is_metric(line: &str) -> bool {
    if line.starts_with("# HELP ") || line.starts_with("# TYPE ") {
        return true;
    }
    let name = line.split(['{', ' ']).next().unwrap_or_default();
    let is_name = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_:".contains(c));
    let rest = line.get(name.len()..).unwrap_or_default();
    let value = rest.rsplit_once('}').map_or(rest, |(_, value)| value);
    let mut words = value.split_whitespace();
    let value = words.next().unwrap_or_default();
    // A time, or an exemplar. A line of a journal goes on with words: `Sep 14 14:05:52 node …`.
    let ends = words.next().is_none_or(|word| word.starts_with('#') || word.parse::<f64>().is_ok());
    is_name && rest.starts_with(['{', ' ']) && value.parse::<f64>().is_ok() && ends
}
