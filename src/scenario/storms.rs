//! The standard storms: what befalls every cluster sooner or later, built from its fleets.
//!
//! `import` writes them into a scenario as profiles, `assess` lays them over one that has none.

use std::fmt::Write;

/// Five names, in the order in which they are told.
pub const NAMES: [&str; 5] = ["restart-agents", "lose-a-server", "roll", "cold-start", "rollout"];

/// What storms are built from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fleets<'a> {
    /// The fleet whose restart asks for most bytes, with its members.
    pub heaviest: Option<(&'a str, u32)>,
    /// Servers.
    pub replicas: u16,
    /// Whether the cluster has Pods.
    pub pods: bool,
    /// Members of a new agent: as the keys of a client have them, such as `count = 1`, `per = "node"`.
    pub per_node: Vec<(&'static str, String)>,
}

/// A table of a storm's overlay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its path: `run`, `events`.
    pub path: &'static str,
    /// Whether it is an entry of an array.
    pub entry: bool,
    /// Keys and values as TOML has them.
    pub keys: Vec<(&'static str, String)>,
}

/// A storm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storm {
    /// Its name, one of [`NAMES`].
    pub name: &'static str,
    /// What it is, in one sentence.
    pub what: String,
    /// The overlay.
    pub parts: Vec<Part>,
}

impl Storm {
    /// The overlay as TOML.
    #[must_use]
    pub fn overlay(&self) -> String {
        self.parts.iter().fold(String::new(), |mut text, part| {
            let (open, close) = if part.entry { ("[[", "]]") } else { ("[", "]") };
            let _ = writeln!(text, "{open}{}{close}", part.path);
            for (key, value) in &part.keys {
                let _ = writeln!(text, "{key} = {value}");
            }
            text
        })
    }
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn storm(name: &'static str, what: String, event: &str, action: (&'static str, String)) -> Storm {
    let keys = vec![("name", quoted(event)), ("at", quoted("2m")), action];
    Storm { name, what, parts: vec![Part { path: "events", entry: true, keys }] }
}

/// The storms of a cluster; one that makes no sense in it is left out.
#[must_use]
pub fn storms(fleets: &Fleets<'_>) -> Vec<Storm> {
    let mut found = Vec::new();
    if let Some((name, members)) = fleets.heaviest {
        found.push(storm(
            "restart-agents",
            format!(
                "All {members} members of {name} restart within ten seconds: of all fleets they read \
                 most."
            ),
            &format!("{name} restart"),
            ("restart", format!("{{ client = {}, over = \"10s\" }}", quoted(name))),
        ));
    }
    found.push(storm(
        "lose-a-server",
        "The first server is killed; the others take its clients over.".to_owned(),
        "a server is lost",
        ("kill", "{ apiserver = 0 }".to_owned()),
    ));
    let mut roll = storm(
        "roll",
        "An upgrade: all servers restart, one after the other.".to_owned(),
        "rolling restart",
        ("roll", "{ every = \"2m\" }".to_owned()),
    );
    if fleets.replicas > 2 {
        let minutes = 6 + 2 * u32::from(fleets.replicas);
        let keys = vec![("duration", quoted(&format!("{minutes}m")))];
        roll.parts.push(Part { path: "run", entry: false, keys });
    }
    found.push(roll);
    found.push(storm(
        "cold-start",
        "All servers restart at once, with cold caches.".to_owned(),
        "all servers restart",
        ("kill", "{ apiserver = \"all\" }".to_owned()),
    ));
    if fleets.pods {
        let mut rollout = storm(
            "rollout",
            "A new agent on every node lists and watches all Pods, as JSON.".to_owned(),
            "agents roll out",
            ("start", "{ client = \"new-agent\", over = \"30s\" }".to_owned()),
        );
        let mut keys = vec![("name", quoted("new-agent"))];
        keys.extend(fleets.per_node.iter().cloned());
        keys.push(("start", quoted("stopped")));
        keys.push(("start-jitter", quoted("10s")));
        keys.push(("reflector", "{ resource = \"pods\", encoding = \"json\" }".to_owned()));
        rollout.parts.insert(0, Part { path: "clients", entry: true, keys });
        found.push(rollout);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Fleets, NAMES, storms};

    #[test]
    fn every_storm_is_toml() {
        let per_node = vec![("count", "100".to_owned())];
        let all =
            storms(&Fleets { heaviest: Some(("a \"b\"", 7)), replicas: 3, pods: true, per_node });
        assert_eq!(all.iter().map(|storm| storm.name).collect::<Vec<_>>(), NAMES);
        for storm in all {
            storm.overlay().parse::<toml::Table>().expect("TOML");
        }
    }
}
