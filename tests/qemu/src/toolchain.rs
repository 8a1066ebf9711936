//! Finds a cargo that can build for a bare-metal target.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

/// Names the folder of a toolchain to use instead of the current one.
const FOLDER: &str = "EMBEDDED_TOOLCHAIN";

/// What an outer cargo, or who called it, means for the host.
const FOR_THE_HOST: [&str; 9] = [
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "DEFMT_LOG",
    "RUSTC",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTFLAGS",
];

/// Makes a command that runs cargo for `target`, in a clean environment.
pub(crate) fn cargo(target: &'static str) -> Result<Command, Error> {
    let toolchain = Toolchain::find();
    if toolchain.has_core(target) {
        Ok(toolchain.cargo())
    } else {
        Err(Error::NoTarget { target })
    }
}

/// Tells the version of the compiler that builds for bare metal, such as `rustc 1.95.0`.
///
/// # Errors
///
/// If there is no compiler.
pub fn rustc_version() -> Result<String, Error> {
    let toolchain = Toolchain::find();
    let mut rustc = toolchain.command(&toolchain.rustc);
    let answer = rustc
        .arg("--version")
        .output()
        .map_err(Error::io("rustc"))?;
    let answer = String::from_utf8_lossy(&answer.stdout);
    // Without the hash and the date, which say nothing about figures.
    Ok(answer
        .split(" (")
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned())
}

struct Toolchain {
    cargo: OsString,
    rustc: OsString,
    is_folder: bool,
}

impl Toolchain {
    fn find() -> Self {
        match env::var_os(FOLDER).filter(|folder| !folder.is_empty()) {
            Some(folder) => Self::in_folder(Path::new(&folder)),
            None => Self::current(),
        }
    }

    fn in_folder(folder: &Path) -> Self {
        Self {
            cargo: folder.join("bin/cargo").into(),
            rustc: folder.join("bin/rustc").into(),
            is_folder: true,
        }
    }

    fn current() -> Self {
        Self {
            cargo: env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
            rustc: env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()),
            is_folder: false,
        }
    }

    fn has_core(&self, target: &str) -> bool {
        let ask = ["--print", "target-libdir", "--target", target];
        let Ok(answer) = self.command(&self.rustc).args(ask).output() else {
            return false;
        };
        let folder = PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim());
        fs::read_dir(folder).is_ok_and(|entries| {
            let mut names = entries.flatten().map(|entry| entry.file_name());
            names.any(|name| name.to_string_lossy().starts_with("libcore-"))
        })
    }

    fn cargo(&self) -> Command {
        let mut cargo = self.command(&self.cargo);
        cargo.env("RUSTC", &self.rustc);
        cargo
    }

    fn command(&self, program: &OsString) -> Command {
        let mut command = Command::new(program);
        for name in FOR_THE_HOST {
            command.env_remove(name);
        }
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("CARGO_PROFILE_") {
                command.env_remove(name);
            }
        }
        if self.is_folder {
            // Else rustup's own programs would run the outer toolchain.
            command.env_remove("RUSTUP_TOOLCHAIN");
        }
        command
    }
}
