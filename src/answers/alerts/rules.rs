//! Prometheus' rule files, as far as their alerts and what they ask for are concerned. `promtool` has
//! checked them before; what it would refuse is passed over here.

use super::promql::{Selector, selectors};
use crate::language::Log;
use crate::language::text::source::Sources;
use crate::language::text::tree::{Item, Node};
use crate::language::text::yaml::documents;
use crate::units::{SimSpan, parse_span};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// An alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertRule {
    /// Its name.
    pub alert: String,
    /// Its label `severity`.
    pub severity: String,
    /// The rule file.
    pub file: String,
    /// `for`, as it is written.
    pub wait: String,
    /// `interval` of its group, in whole seconds; `None`: the group does not say.
    pub interval: Option<SimSpan>,
    /// What it asks for; through recorded series, what these ask for.
    pub selectors: Vec<Selector>,
}

/// The rules of all files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Alerts, in order.
    pub alerts: Vec<AlertRule>,
    /// Recorded series: their names, and what they ask for.
    pub recorded: Vec<(String, Vec<Selector>)>,
    /// The groups of each file, as they are written.
    files: Vec<Vec<Value>>,
}

impl Rules {
    /// Adds those of a file.
    pub fn read(&mut self, file: &str, text: &str) {
        let mut log = Log::new(Sources::new(file, text.to_owned()));
        let mut all = Vec::new();
        for document in documents(0, &mut log) {
            let groups = items(document.get("groups"));
            for group in groups {
                let interval = interval(&self::text(group.get("interval")));
                for rule in items(group.get("rules")) {
                    self.add(file, rule, interval);
                }
                all.push(group.to_json());
            }
        }
        self.files.push(all);
    }

    /// The intervals at which alerts are evaluated, each once; `None`: that of the command line.
    #[must_use]
    pub fn intervals(&self) -> Vec<Option<SimSpan>> {
        let all: BTreeSet<_> = self.alerts.iter().map(|alert| alert.interval).collect();
        all.into_iter().collect()
    }

    /// The texts of the files without the rules of these names.
    #[must_use]
    pub fn without(&self, names: &BTreeSet<String>) -> Vec<String> {
        let dropped = |rule: &Value| {
            let name = rule.get("alert").or_else(|| rule.get("record")).and_then(Value::as_str);
            name.is_some_and(|name| names.contains(name))
        };
        let file = |groups: &Vec<Value>| {
            let mut groups = groups.clone();
            for group in &mut groups {
                if let Some(rules) = group.get_mut("rules").and_then(Value::as_array_mut) {
                    rules.retain(|rule| !dropped(rule));
                }
            }
            json!({ "groups": groups }).to_string()
        };
        self.files.iter().map(file).collect()
    }

    fn add(&mut self, file: &str, rule: &Node, interval: Option<SimSpan>) {
        let text = |name| text(rule.get(name));
        let selectors = selectors(&text("expr"));
        let record = text("record");
        if !record.is_empty() {
            self.recorded.push((record, selectors));
            return;
        }
        let severity = rule.get("labels").and_then(|labels| labels.get("severity"));
        let severity = self::text(severity);
        let alert = AlertRule {
            alert: text("alert"),
            severity,
            file: file.to_owned(),
            wait: text("for"),
            interval,
            selectors,
        };
        // Two rules of one name and severity are one alert to those who are paged.
        let same = |other: &&mut AlertRule| {
            (&other.alert, &other.severity) == (&alert.alert, &alert.severity)
        };
        match self.alerts.iter_mut().find(same) {
            Some(known) => {
                known.selectors.extend(alert.selectors);
                known.interval = known.interval.or(alert.interval);
            }
            None if !alert.alert.is_empty() => self.alerts.push(alert),
            None => {}
        }
    }

    /// All selectors, each once.
    #[must_use]
    pub fn selectors(&self) -> Vec<Selector> {
        let recorded = self.recorded.iter().flat_map(|(_, selectors)| selectors);
        let mut all: Vec<Selector> = self
            .alerts
            .iter()
            .flat_map(|alert| &alert.selectors)
            .chain(recorded)
            .cloned()
            .collect();
        all.sort();
        all.dedup();
        all
    }

    /// What an alert asks for in the end: its own selectors, and those behind recorded series.
    #[must_use]
    pub fn asked_by(&self, alert: &AlertRule) -> Vec<Selector> {
        let mut asked = alert.selectors.clone();
        let mut next = 0;
        while let Some(selector) = asked.get(next).cloned() {
            let behind = self.recorded.iter().filter(|(name, _)| *name == selector.metric);
            for more in behind.flat_map(|(_, selectors)| selectors) {
                if !asked.contains(more) {
                    asked.push(more.clone());
                }
            }
            next += 1;
        }
        asked
    }
}

/// A group's interval: whole seconds, one at least.
fn interval(text: &str) -> Option<SimSpan> {
    let span = parse_span(text).ok().filter(|span| *span > SimSpan::ZERO)?;
    Some(SimSpan::secs((span.0 / SimSpan::secs(1).0).max(1)))
}

fn items(node: Option<&Node>) -> &[Node] {
    node.map_or(&[], Node::items)
}

fn text(node: Option<&Node>) -> String {
    match node.map(|node| &node.item) {
        Some(Item::Text(text)) => text.clone(),
        Some(Item::Integer(Some(number))) => number.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::Rules;

    const TEXT: &str = "\
groups:
- name: a
  rules:
  - record: job:x:sum
    expr: sum by (job) (x_total{code=\"500\"})
  - alert: Slow
    expr: job:x:sum > 1
    for: 5m
    labels: {severity: page}
  - alert: Slow
    expr: |
      y > 2
    labels: {severity: page}
  - alert: Down
    expr: up == 0
";

    #[test]
    fn alerts_are_read_with_what_stands_behind_them() {
        let mut rules = Rules::default();
        rules.read("r.yaml", TEXT);
        let names: Vec<&str> = rules.alerts.iter().map(|alert| &*alert.alert).collect();
        assert_eq!(names, ["Slow", "Down"]);
        assert_eq!((&*rules.alerts[0].wait, &*rules.alerts[0].severity), ("5m", "page"));
        let asked = rules.asked_by(&rules.alerts[0]);
        let asked: Vec<&str> = asked.iter().map(|selector| &*selector.text).collect();
        assert_eq!(asked, ["job:x:sum", "y", "x_total{code=\"500\"}"]);
        assert_eq!(rules.selectors().len(), 4);
        rules.read("broken.yaml", "groups: [");
        rules.read("other.yaml", "groups: {rules: 3}");
        assert_eq!(rules.alerts.len(), 2);
    }
}
