//! Prometheus' rule files, as far as their alerts and what they ask for are concerned. `promtool` has
//! checked them before; what it would refuse is passed over here.

use super::promql::{Selector, selectors};
use crate::language::Log;
use crate::language::text::source::Sources;
use crate::language::text::yaml::{Entry, Item, Node, documents};

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
}

impl Rules {
    /// Adds those of a file.
    pub fn read(&mut self, file: &str, text: &str) {
        let mut log = Log::new(Sources::new(file, text.to_owned()));
        for document in documents(0, &mut log) {
            let groups = list(field(&document, "groups"));
            for rule in groups.iter().flat_map(|group| list(field(group, "rules"))) {
                self.add(file, rule);
            }
        }
    }

    fn add(&mut self, file: &str, rule: &Node) {
        let text = |name| text(field(rule, name));
        let selectors = selectors(&text("expr"));
        let record = text("record");
        if !record.is_empty() {
            self.recorded.push((record, selectors));
            return;
        }
        let severity = field(rule, "labels").and_then(|labels| field(labels, "severity"));
        let severity = self::text(severity);
        let alert = AlertRule {
            alert: text("alert"),
            severity,
            file: file.to_owned(),
            wait: text("for"),
            selectors,
        };
        // Two rules of one name and severity are one alert to those who are paged.
        let same = |other: &&mut AlertRule| {
            (&other.alert, &other.severity) == (&alert.alert, &alert.severity)
        };
        match self.alerts.iter_mut().find(same) {
            Some(known) => known.selectors.extend(alert.selectors),
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

fn entries(node: &Node) -> &[Entry] {
    match &node.item {
        Item::Object(entries) => entries,
        Item::Null
        | Item::Flag(_)
        | Item::Integer(_)
        | Item::Float
        | Item::Text(_)
        | Item::List(_) => &[],
    }
}

fn field<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    entries(node).iter().find(|entry| entry.name == name).map(|entry| &entry.node)
}

fn list(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.item) {
        Some(Item::List(items)) => items,
        _ => &[],
    }
}

fn text(node: Option<&Node>) -> String {
    match node.map(|node| &node.item) {
        Some(Item::Text(text)) => text.clone(),
        Some(Item::Integer(number)) => number.to_string(),
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
