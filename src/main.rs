//! The `oomcast` binary: parse, run, exit code. Everything else is in the library.

fn main() -> std::process::ExitCode {
    oomcast::cli::main()
}
