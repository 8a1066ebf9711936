use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::Error;
use super::program::Program;

const SCRIPT: &str = include_str!("keeper.sh");

/// The shell that starts, signals and ends one program.
#[derive(Debug)]
pub(crate) struct Keeper {
    shell: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    pid: u32,
}

impl Keeper {
    /// Starts the program.
    pub(crate) fn start(
        program: Program,
        arguments: &[String],
        folder: &Path,
    ) -> Result<Self, Error> {
        let mut keeper = Self::spawn(program, arguments, folder).map_err(Error::io("sh"))?;
        match keeper.read().map_err(Error::io(program.name))?.as_str() {
            "missing" => Err(program.is_missing()),
            pid => keeper.adopt(pid).map_err(Error::io(program.name)),
        }?;
        Ok(keeper)
    }

    /// The id of the program, the last one if it has ended.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Starts the program again, after killing it if need be.
    pub(crate) fn restart(&mut self) -> io::Result<()> {
        let pid = self.order("start")?;
        self.adopt(&pid)
    }

    /// Kills the program and waits for its end.
    pub(crate) fn kill(&mut self) -> io::Result<()> {
        self.order("KILL").map(drop)
    }

    /// Sends a signal, unless the program has been killed.
    pub(crate) fn signal(&mut self, name: &str) -> io::Result<()> {
        self.order(name).map(drop)
    }

    fn spawn(program: Program, arguments: &[String], folder: &Path) -> io::Result<Self> {
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "keeper"])
            .arg(folder)
            .arg(program.name)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C in a terminal must not end the keeper before its program.
            .process_group(0)
            .spawn()?;
        Ok(Self {
            orders: shell.stdin.take(),
            answers: BufReader::new(shell.stdout.take().expect("the output is piped")),
            shell,
            pid: 0,
        })
    }

    fn order(&mut self, order: &str) -> io::Result<String> {
        let orders = self.orders.as_mut().expect("it is taken only by drop");
        writeln!(orders, "{order}")?;
        self.read()
    }

    fn read(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    fn adopt(&mut self, pid: &str) -> io::Result<()> {
        self.pid = pid
            .parse()
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.orders.take());
        // It fails only for a shell that has ended.
        let _ = self.shell.wait();
    }
}
