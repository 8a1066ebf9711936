//! What a URI holds beside its scheme is told to nobody.

use super::program::{Ran, command, limits};

const SECRET: &str = "hunter2";

fn hides(ran: &Ran) {
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert!(!told.contains(SECRET), "{told}");
}

#[test]
fn errors_about_a_storage_hold_no_secret() {
    for storage in [
        "x://user:hunter2@h",
        "memory://user:hunter2@h",
        "memory://?password=hunter2&password=hunter2",
        "memory://?max_keys=hunter2",
        "user:hunter2@h",
        "hunter2",
    ] {
        hides(&limits(&["--storage", storage, "check"]));
        hides(&limits(&["--storage", storage, "batch"]));
        hides(&limits(&["--storage", storage, "bench"]));
        let output = command(&["check"]).env("LIMITS_STORAGE", storage).output();
        hides(&output.expect("the program can be run").into());
    }
}

#[test]
fn errors_about_a_misplaced_uri_hold_no_secret() {
    const URI: &str = "x://user:hunter2@h/?password=it's a hunter2";
    for arguments in [
        &[URI, "check"][..],
        &["check", URI],
        &["hit", URI, "me"],
        &["parse", URI],
        &["hit", "1/second", "me", "--cost", URI],
        &["hit", "1/second", "me", "--strategy", URI],
        &["run", "1/second", "me", "--wait", URI, "--", "true"],
        &["bench", URI],
        &["bench", "--duration", URI],
        &["completions", URI],
        &["check", "--storag=x://user:hunter2@h"],
        &["check", "--json=x://user:hunter2@h"],
    ] {
        hides(&limits(arguments));
    }
}

#[test]
fn help_does_not_tell_the_storage_of_the_environment() {
    for arguments in [&["--help"][..], &["-h"], &["hit", "--help"]] {
        let output = command(arguments)
            .env("LIMITS_STORAGE", "x://user:hunter2@h")
            .output();
        let ran = Ran::from(output.expect("the program can be run"));
        assert!(ran.answer(0).contains("LIMITS_STORAGE"), "{ran:?}");
        assert!(!ran.stdout.contains(SECRET), "{ran:?}");
    }
}
