//! `oomcast completions`: what a shell needs to complete the command line.

use clap_complete::Shell;

use super::exit::{Exit, Failure};
use super::output;

/// `oomcast completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  oomcast completions bash > ~/.local/share/bash-completion/completions/oomcast
  oomcast completions zsh > \"${fpath[1]}/_oomcast\"
  oomcast completions fish > ~/.config/fish/completions/oomcast.fish
  oomcast completions powershell >> $PROFILE
";

/// Prints the script for a command line.
pub(super) fn completions(
    args: &CompletionsArgs,
    whole: &mut clap::Command,
) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, whole, "oomcast", &mut script);
    output::result(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
