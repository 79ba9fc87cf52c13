//! What predictions rest on, as Markdown.

use crate::results::{Assumption, Held};

/// A section for each way of knowing.
#[must_use]
pub fn markdown(rows: &[Assumption]) -> String {
    let mut text = String::new();
    for held in Held::ALL {
        let (title, meaning) = heading(held);
        text.extend(["\n## ", title, "\n\n", meaning, "\n\n"]);
        text += "| what | value | source | range | leans on it |\n|---|---|---|---|---|\n";
        for row in rows.iter().filter(|row| row.held == held) {
            let cells = [row.what, &row.value, row.source, row.range, row.leans];
            let cells = cells.map(|cell| cell.replace('|', "\\|"));
            text.extend(["| ", &cells.join(" | "), " |\n"]);
        }
    }
    text
}

fn heading(held: Held) -> (&'static str, &'static str) {
    match held {
        Held::Exact => ("Exact", "Compared bit for bit with recordings of the real code."),
        Held::Source => {
            ("Read in a source", "Rules and constants of Kubernetes, Go and the kernel.")
        }
        Held::Measured => (
            "Measured",
            "On a real kube-apiserver; [fidelity.md](fidelity.md) says how far off the whole is.",
        ),
        Held::Published => ("Published", "Or computed from what is."),
        Held::Assumed => (
            "Assumed",
            "Neither measured nor published: read results that rest on these as comparisons, not as figures.",
        ),
    }
}
