//! `oomcast explain`: what a code or a key of the scenario means.

use std::fmt::Write;

use super::exit::{Exit, Failure};
use super::output;
use crate::scenario::explain::{self, Found, KeyText};
use crate::scenario::keys::{Key, ROOT};
use crate::scenario::measure::Measure;
use crate::scenario::{Code, Severity};

/// `oomcast explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ExplainArgs {
    /// A code (E0101), a key (apiserver.memory-limit, objects.pods.size) or a key's bare name
    /// [default: lists codes and sections].
    #[arg(value_name = "CODE|KEY")]
    pub word: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  oomcast explain W0301
  oomcast explain clients.reflector.encoding
  oomcast explain memory-limit
  oomcast explain apiserver
      Every key of a section.
";

/// Explains a word.
pub(super) fn explain(args: &ExplainArgs) -> Result<Exit, Failure> {
    let page = Page { width: output::width() };
    let Some(word) = &args.word else {
        output::result(&page.contents())?;
        return Ok(Exit::Done);
    };
    let text = match explain::find(word) {
        Found::Code(code) => page.code(code),
        Found::Key(place) => page.key(&place.text()),
        Found::Several(paths) => {
            let mut text = page.prose(&format!("`{word}` is the name of several keys:"), "");
            for path in paths {
                let _ = writeln!(text, "  oomcast explain {path}");
            }
            text
        }
        Found::Nothing(_) if elsewhere(word).is_some() => {
            page.prose(elsewhere(word).unwrap_or_default(), "")
        }
        Found::Nothing(_) if measure(word).is_some() => String::new(),
        Found::Nothing(near) => {
            let shown: String = word.chars().take(60).flat_map(char::escape_debug).collect();
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`oomcast explain` lists the codes and the sections".to_owned(),
            };
            let message = format!("there is no code and no key `{shown}`: {help}");
            return Err(Failure::new(Exit::Usage, message));
        }
    };
    let measured = measure(word).map_or_else(String::new, |measure| page.measure(measure));
    let gap = if text.is_empty() || measured.is_empty() { "" } else { "\n" };
    output::result(&(text + gap + &measured))?;
    Ok(Exit::Done)
}

/// The metric of this name.
fn measure(word: &str) -> Option<Measure> {
    Measure::ALL.into_iter().find(|measure| measure.key() == word)
}

/// Words of the trade that are no keys, and what says the same.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &["crd", "crds", "customresource", "customresources"],
        "Definitions are the resource [objects.customresourcedefinitions] with `count` and `size`; a \
         custom resource is [objects.NAME] with shape = \"custom\".",
    ),
    (
        &["qps", "burst", "ratelimit", "rate-limit"],
        "client-go's client-side limit (--kube-api-qps) bounds the calls of one client; a reflector \
         lists once, so no key sets it. `start-jitter` of a client and `over` of an event spread a \
         fleet; `pause` sets how often a lister calls; [apf] bounds what the server admits.",
    ),
    (
        &["informer", "informers", "sharedinformer", "cache"],
        "An informer is a `reflector` of a client: `oomcast explain clients.reflector`.",
    ),
    (
        &["hpa", "deployment", "scale", "churn"],
        "What writes is a [[workloads]] entry: `oomcast explain workloads.kind`.",
    ),
    (
        &["daemonset", "rolling-update", "rollingupdate"],
        "A DaemonSet is a client with per = \"node\"; the event action `rollout` updates it: `oomcast \
         explain events.rollout`.",
    ),
    (
        &["ram", "oom", "oomkill", "limits"],
        "`apiserver.memory-limit` is the container's limit, `node.memory` the machine's.",
    ),
    (
        &["cpu", "cpus", "processors"],
        "`node.cores` is what the machine has, `apiserver.cpu-limit` the container's quota, \
         `hardware.cpu-speed` how fast they are.",
    ),
    (
        &["list", "watch", "get", "relist"],
        "Reads are `reflector`, `lister` and `watcher` of [[clients]].",
    ),
];

/// What to use instead of a word.
fn elsewhere(word: &str) -> Option<&'static str> {
    let word = word.trim().to_lowercase();
    let found = ELSEWHERE.iter().find(|(words, _)| words.contains(&word.as_str()));
    found.map(|(_, text)| *text)
}

/// Text of a width.
struct Page {
    width: usize,
}

impl Page {
    /// A paragraph; what follows its first line is indented alike.
    fn prose(&self, text: &str, indent: &str) -> String {
        let later = " ".repeat(indent.chars().count());
        let options =
            textwrap::Options::new(self.width).initial_indent(indent).subsequent_indent(&later);
        textwrap::fill(text, options.break_words(false)) + "\n"
    }

    /// A metric.
    fn measure(&self, measure: Measure) -> String {
        let text = format!("The metric `{}`: {}", measure.key(), measure.meaning());
        self.prose(&text, "")
            + &self.prose("`oomcast explain expect.metric` lists what [[expect]] can judge.", "")
    }

    /// A name and what is said of it, in two columns.
    fn row(&self, name: &str, column: usize, text: &str) -> String {
        let column = column.min(self.width / 3);
        if name.chars().count() > column {
            return format!("  {name}\n") + &self.prose(text, &" ".repeat(column + 4));
        }
        self.prose(text, &format!("  {name:column$}  "))
    }

    fn contents(&self) -> String {
        let mut text = self.prose(
            "oomcast explain CODE|KEY says what a finding or a key of the scenario means. Keys go by \
             their dotted path, or by their name alone.",
            "",
        );
        for (severity, title) in [
            (Severity::Error, "Errors: the scenario cannot be run"),
            (Severity::Warning, "Warnings: it can, but was probably not meant so"),
            (Severity::Note, "Notes: something was assumed"),
        ] {
            let _ = write!(text, "\n{title}\n");
            for code in Code::ALL.iter().filter(|code| code.severity() == severity) {
                text += &self.row(code.id(), 5, code.meaning());
            }
        }
        text.push_str("\nSections and keys of a scenario\n");
        text + &self.keys(ROOT.keys)
    }

    fn keys(&self, keys: &[Key]) -> String {
        let longest = keys.iter().map(|key| key.name.len()).max().unwrap_or(0);
        keys.iter().map(|key| self.row(key.name, longest, key.doc)).collect()
    }

    fn code(&self, code: Code) -> String {
        let mut text = self.prose(&format!("{}: {}", code.id(), code.meaning()), "");
        if let Some(more) = explain::code(code) {
            text = text + "\n" + &self.prose(more.why, "");
            for (title, example) in [("Wrong", more.wrong), ("Right", more.right)] {
                let _ = write!(text, "\n{title}:\n\n{}", indented(&example.text()));
            }
        }
        text
    }

    fn key(&self, key: &KeyText<'_>) -> String {
        let mut text = self.prose(&format!("{}: {}", key.path(), key.key.doc), "");
        text.push('\n');
        let inner = key.keys();
        if inner.is_empty() {
            text += &self.row("takes", 9, &format!("{}.", key.forms()));
            if let Some(bounds) = key.bounds() {
                text += &self.row("bounds", 9, &format!("{bounds}."));
            }
        }
        text += &self.row("default", 9, &format!("{}.", key.left_out()));
        let _ = write!(text, "\nExample:\n\n{}", indented(&key.example()));
        if !inner.is_empty() {
            text.push_str("\nKeys:\n");
            text += &self.keys(inner);
        }
        let codes: Vec<&str> = key.codes().iter().map(|code| code.id()).collect();
        text + "\n" + &self.prose(&format!("Findings: {}", codes.join(", ")), "")
    }
}

fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |all, line| all + "    " + line + "\n")
}
