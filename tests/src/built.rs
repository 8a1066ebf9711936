//! Programs of this workspace.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Builds one program, by `cargo build` with these arguments, and tells its path.
///
/// # Panics
///
/// If it can't be built.
#[must_use]
pub fn built(arguments: &[&str]) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    // What cargo says of the package under test would have dependencies built anew.
    for (name, _) in env::vars_os() {
        let is_of_this_package = name.to_str().is_some_and(|name| {
            ["CARGO_PKG_", "CARGO_MANIFEST_"]
                .iter()
                .any(|own| name.starts_with(own))
        });
        if is_of_this_package {
            cargo.env_remove(name);
        }
    }
    let output = cargo
        .arg("build")
        .args(arguments)
        .arg("--message-format=json")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo can be run");
    assert!(
        output.status.success(),
        "cargo could not build {arguments:?}"
    );
    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let messages = messages.lines().map(|line| {
        serde_json::from_str::<serde_json::Value>(line).expect("cargo writes messages in JSON")
    });
    let mut paths = messages.filter_map(|message| Some(message["executable"].as_str()?.into()));
    paths.next().expect("cargo tells the path of the program")
}
