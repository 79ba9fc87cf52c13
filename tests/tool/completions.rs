//! Completions and manual pages: produced, complete, and sound as far as tools can tell.

use std::process::Command;

use crate::support::{done, folder, oomcast, root};
use clap::CommandFactory;
use oomcast::cli::Args;

/// What a command prints that must succeed.
fn printed(arguments: &[&str]) -> String {
    let output = done(root(), arguments);
    assert!(output.stderr.is_empty());
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Every verb, from the definition of the command line.
fn verbs() -> Vec<String> {
    let verbs: Vec<String> =
        Args::command().get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    assert!(verbs.len() > 10 && verbs.contains(&"run".to_owned()), "{verbs:?}");
    verbs
}

#[test]
fn completions_name_every_verb() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = printed(&["completions", shell]);
        for verb in verbs() {
            assert!(script.contains(&verb), "no {verb} for {shell}");
        }
        assert!(script.contains("until-ci"), "no flags for {shell}");
    }
    assert_eq!(oomcast(root(), &["completions", "tcsh"]).status.code(), Some(2));
    assert_eq!(oomcast(root(), &["completions"]).status.code(), Some(2));
}

/// Where there is a bash, it reads its script, and completes a verb by it.
#[test]
fn bash_takes_its_completions() {
    if Command::new("bash").arg("--version").output().is_err() {
        return;
    }
    let script = folder("completions", "bash").join("completions.bash");
    std::fs::write(&script, printed(&["completions", "bash"])).expect("written");
    let parsed = Command::new("bash").arg("-n").arg(&script).output().expect("bash starts");
    assert!(parsed.status.success(), "{}", String::from_utf8_lossy(&parsed.stderr));
    let complete = "source \"$0\"; COMP_WORDS=(oomcast cali); COMP_CWORD=1; \
                    _oomcast oomcast cali oomcast; echo \"${COMPREPLY[@]}\"";
    let output =
        Command::new("bash").args(["-c", complete]).arg(&script).output().expect("bash starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "calibrate");
}

#[test]
fn manual_pages_have_no_empty_sections() {
    let folder = folder("completions", "man").join("pages");
    let written = printed(&["man", &folder.to_string_lossy()]);
    let mut names: Vec<String> = verbs().iter().map(|verb| format!("oomcast-{verb}.1")).collect();
    names.push("oomcast.1".to_owned());
    assert_eq!(written.lines().count(), names.len());
    for name in names {
        let page = std::fs::read_to_string(folder.join(&name)).expect("a page");
        let sections: Vec<&str> = page.split("\n.SH ").skip(1).collect();
        assert!(sections.len() >= 3, "{name}: {page}");
        for section in sections {
            let (title, body) = section.split_once('\n').unwrap_or((section, ""));
            assert!(!body.trim().is_empty(), "{name}: nothing under {title}");
        }
        assert!(
            page.contains(&format!(".TH {} 1", name.trim_end_matches(".1").to_uppercase())),
            "{name}"
        );
    }
    let first = printed(&["man"]);
    assert_eq!(first, std::fs::read_to_string(folder.join("oomcast.1")).expect("a page"));
}

#[test]
fn the_schema_is_the_committed_one() {
    let committed = root().join("scenarios/oomcast.schema.json");
    let committed = std::fs::read_to_string(committed).expect("the schema");
    assert!(printed(&["schema"]) == committed, "`oomcast schema` prints another");
}
