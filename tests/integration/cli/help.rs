//! What the command says about itself.

use super::program::limits;

const COMMANDS: [&str; 12] = [
    "parse",
    "hit",
    "test",
    "stats",
    "clear",
    "check",
    "reset",
    "batch",
    "run",
    "demo",
    "bench",
    "completions",
];

#[test]
fn help_names_every_command_and_exit_code() {
    let ran = limits(&["--help"]);
    let help = ran.answer(0);
    for command in COMMANDS {
        assert!(
            help.contains(&format!("\n  {command} ")),
            "{command}: {help}"
        );
    }
    for line in [
        "Exit codes:",
        "  0  allowed",
        "  1  refused",
        "  2  ",
        "  3  the storage",
    ] {
        assert!(help.contains(line), "{line}: {help}");
    }
    assert!(help.contains("A memory:// storage lives as long as the process"));
}

#[test]
fn help_of_every_command_has_examples() {
    for command in COMMANDS {
        let ran = limits(&[command, "--help"]);
        let help = ran.answer(0);
        let (_, examples) = help.split_once("Examples:").expect(command);
        assert!(examples.contains("limits "), "{help}");
        assert!(examples.contains(command), "{help}");
    }
}

#[test]
fn lines_of_help_are_not_wider_than_a_terminal() {
    for command in COMMANDS {
        let ran = limits(&[command, "--help"]);
        let (_, taught) = ran.stdout.split_once("\nGlobal options:").expect(command);
        let (_, taught) = taught.split_once("\n\n").expect(command);
        for line in taught.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn the_version_is_that_of_the_library() {
    let version = concat!("limits ", env!("CARGO_PKG_VERSION"));
    assert_eq!(limits(&["--version"]).answer(0), version);
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = limits(&["completions", shell]);
        let script = ran.answer(0);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
}
