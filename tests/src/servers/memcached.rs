use core::net::Ipv4Addr;
use core::time::Duration;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use super::Error;
use super::ports::free_port;
use super::process::Process;
use super::program::Program;
use super::wait::wait_until;

const MEMCACHED: Program = Program {
    name: "memcached",
    packages: "memcached",
};
const START_LIMIT: Duration = Duration::from_secs(10);
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// Another process may take the port between its choice and its use.
const PORTS_TO_TRY: usize = 5;

/// A memcached server; dropping it kills it.
///
/// # Examples
///
/// ```
/// use limits_tests::servers::MemcachedServer;
///
/// let server = MemcachedServer::start(&[])?;
/// assert_eq!(server.ask("set a 0 0 1\r\n1")?, "STORED");
/// server.restart()?;
/// assert_eq!(server.ask("get a")?, "END");
/// # Ok::<(), limits_tests::servers::Error>(())
/// ```
#[derive(Debug)]
pub struct MemcachedServer {
    process: Process,
    port: u16,
}

impl MemcachedServer {
    /// Starts a server with further options and waits until it answers.
    ///
    /// # Errors
    ///
    /// [`Error::NoProgram`] if it is not installed, [`Error::Ended`] if it does not take the
    /// options, [`Error::TimedOut`] if it does not answer.
    pub fn start(options: &[&str]) -> Result<Self, Error> {
        let mut server = Self::launch(options)?;
        for _ in 1..PORTS_TO_TRY {
            match server.wait_until_ready() {
                Err(Error::Ended { log, .. }) if log.contains("Address already in use") => {
                    server = Self::launch(options)?;
                }
                result => return result.map(|()| server),
            }
        }
        server.wait_until_ready().map(|()| server)
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `memcached://127.0.0.1:PORT`.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("memcached://{}", self.address())
    }

    /// Sends one command on a connection of its own and returns its answer: one line, or
    /// the lines up to `END`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the server can't be reached or does not answer within 5 seconds.
    pub fn ask(&self, command: &str) -> Result<String, Error> {
        self.exchange(command).map_err(Error::io("memcached"))
    }

    /// Kills the server with SIGKILL and waits for its end; its port stays its own.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the process cannot be reached.
    pub fn kill(&self) -> Result<(), Error> {
        self.process.kill()
    }

    /// Stops the server with SIGSTOP: its connections stay open, but nothing is answered.
    ///
    /// # Errors
    ///
    /// As [`kill`](Self::kill), and [`Error::Ended`] after a kill.
    pub fn stop(&self) -> Result<(), Error> {
        self.process.stop()
    }

    /// Lets a stopped server go on, with SIGCONT.
    ///
    /// # Errors
    ///
    /// As [`stop`](Self::stop).
    pub fn resume(&self) -> Result<(), Error> {
        self.process.resume()
    }

    /// Starts the server again, empty, with its port and options; kills a running one first.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn restart(&self) -> Result<(), Error> {
        self.process.restart()?;
        self.wait_until_ready()
    }

    fn launch(options: &[&str]) -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("limits-memcached-")
            .tempdir();
        let folder = folder.map_err(Error::io("temporary folder"))?;
        let port = free_port()?;
        let number = port.to_string();
        // As root it wants to be told whose rights to take.
        let own = ["-U", "0", "-l", "127.0.0.1", "-u", "root", "-p", &number];
        let arguments: Vec<String> = own
            .iter()
            .chain(options)
            .map(|&word| word.to_owned())
            .collect();
        let process = Process::start(MEMCACHED, &arguments, folder)?;
        Ok(Self { process, port })
    }

    fn wait_until_ready(&self) -> Result<(), Error> {
        let until = format!("memcached on port {} answered", self.port);
        let own = format!("STAT pid {}", self.process.pid());
        wait_until(&until, START_LIMIT, || {
            if self.process.has_ended() {
                return Ok(Err(self.process.ended()));
            }
            // It is ready if it answers itself, and not whoever had the port before; with
            // users, if it asks for one.
            match self.exchange("stats") {
                Ok(answer) if answer.contains(&own) || answer.contains("unauthenticated") => {
                    Ok(Ok(()))
                }
                Ok(answer) => Err(answer),
                Err(error) => Err(format!("{error}\n{}", self.process.log_tail())),
            }
        })?
    }

    fn exchange(&self, command: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(ANSWER_LIMIT))?;
        stream.write_all(format!("{command}\r\n").as_bytes())?;
        let mut lines = BufReader::new(stream).lines();
        let mut answer = lines.next().unwrap_or_else(|| Ok(String::new()))?;
        if answer.starts_with("VALUE") || answer.starts_with("STAT") {
            for line in lines {
                let line = line?;
                if line == "END" {
                    break;
                }
                answer = answer + "\n" + &line;
            }
        }
        Ok(answer)
    }
}
