//! One server and the connection to it, which all calls share.

use core::time::Duration;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use super::error;
use super::protocol::{Command, Reply, read};
use crate::error::StorageError;
use crate::uri::Timeouts;

/// The most requests that wait to be sent; more callers wait for their place.
const QUEUE: usize = 1_024;

/// The most bytes that are sent at once, about.
const BATCH: usize = 1 << 16;

/// A server: connections to it are made when they are needed.
pub(super) struct Node {
    host: String,
    port: u16,
    login: Option<(String, String)>,
    pub(super) timeouts: Timeouts,
    requests: Mutex<Option<mpsc::Sender<Request>>>,
}

/// Commands that are sent together, and who waits for their replies.
struct Request {
    bytes: Vec<u8>,
    replies: usize,
    answer: oneshot::Sender<Result<Vec<Reply>, StorageError>>,
}

/// What was sent, in the order in which replies come. Whoever asked may have gone: the
/// replies are read all the same, so nobody else gets them.
struct Sent {
    replies: usize,
    by: Instant,
    answer: oneshot::Sender<Result<Vec<Reply>, StorageError>>,
}

impl Node {
    pub(super) const fn new(
        host: String,
        port: u16,
        login: Option<(String, String)>,
        timeouts: Timeouts,
    ) -> Self {
        Self {
            host,
            port,
            login,
            timeouts,
            requests: Mutex::new(None),
        }
    }

    /// Sends commands and waits for their replies: for at most the connect timeout and the
    /// response timeout.
    pub(super) async fn ask(&self, commands: &[&Command]) -> Result<Vec<Reply>, StorageError> {
        let (answer, answered) = oneshot::channel();
        let request = Request {
            bytes: commands
                .iter()
                .flat_map(|command| &command.0)
                .copied()
                .collect(),
            replies: commands.len(),
            answer,
        };
        let limit = self.timeouts.connect() + self.timeouts.response();
        let exchange = async {
            self.send(request).await?;
            // The connection ended before it came to this request.
            answered.await.unwrap_or_else(|_| Err(error::lost()))
        };
        match timeout(limit, exchange).await {
            Ok(result) => result,
            Err(_) => {
                // Whoever serves the connection does not get on.
                self.forget();
                Err(error::late("answer", limit))
            }
        }
    }

    async fn send(&self, mut request: Request) -> Result<(), StorageError> {
        // A connection that has just ended takes nothing any more.
        for _ in 0..2 {
            let requests = self.connection()?;
            match requests.send(request).await {
                Ok(()) => return Ok(()),
                Err(mpsc::error::SendError(unsent)) => request = unsent,
            }
        }
        Err(error::lost())
    }

    /// The connection that there is, or one that is made now.
    fn connection(&self) -> Result<mpsc::Sender<Request>, StorageError> {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(requests) = requests.as_ref().filter(|requests| !requests.is_closed()) {
            return Ok(requests.clone());
        }
        let runtime = Handle::try_current().map_err(|_| error::no_runtime())?;
        let (sender, receiver) = mpsc::channel(QUEUE);
        let address = (self.host.clone(), self.port);
        runtime.spawn(serve(address, self.login.clone(), self.timeouts, receiver));
        *requests = Some(sender.clone());
        Ok(sender)
    }

    fn forget(&self) {
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Makes a connection and serves requests on it, until it is lost or nobody needs it.
async fn serve(
    address: (String, u16),
    login: Option<(String, String)>,
    timeouts: Timeouts,
    mut requests: mpsc::Receiver<Request>,
) {
    let limit = timeouts.connect();
    let connected = timeout(limit, connect(address, login)).await;
    let connected = connected.unwrap_or_else(|_| Err(error::late("connection", limit)));
    let failure = match connected {
        Ok(stream) => exchange(stream, timeouts.response(), &mut requests).await,
        Err(failure) => Some(failure),
    };
    // Those who wait learn why; whoever comes now makes another connection.
    requests.close();
    while let Some(request) = requests.recv().await {
        let failure = failure.clone().unwrap_or_else(error::lost);
        let _ = request.answer.send(Err(failure));
    }
}

async fn connect(
    address: (String, u16),
    login: Option<(String, String)>,
) -> Result<BufReader<TcpStream>, StorageError> {
    let stream = TcpStream::connect(address)
        .await
        .map_err(error::of_connecting)?;
    stream.set_nodelay(true).map_err(error::of_connecting)?;
    let mut stream = BufReader::new(stream);
    if let Some((username, password)) = login {
        let command = Command::log_in(&username, &password);
        stream
            .write_all(&command.0)
            .await
            .map_err(error::of_connecting)?;
        match read(&mut stream).await.map_err(error::of_connecting)? {
            Reply::Done => {}
            _ => return Err(error::wrong_login()),
        }
    }
    Ok(stream)
}

/// Serves requests until the connection is lost: tells why, if it was.
async fn exchange(
    stream: BufReader<TcpStream>,
    response: Duration,
    requests: &mut mpsc::Receiver<Request>,
) -> Option<StorageError> {
    // Nothing was read ahead: a server speaks only when asked.
    let (reader, writer) = stream.into_inner().into_split();
    let sent = Arc::new(Mutex::new(VecDeque::new()));
    let (wake, woken) = mpsc::channel(1);
    let failure = tokio::select! {
        failure = write_all(writer, response, requests, &sent, &wake) => failure,
        failure = read_all(reader, &sent, woken) => Some(failure),
    };
    let left = core::mem::take(&mut *lock(&sent));
    for Sent { answer, .. } in left {
        let _ = answer.send(Err(failure.clone().unwrap_or_else(error::lost)));
    }
    failure
}

type Pending = Arc<Mutex<VecDeque<Sent>>>;

fn lock(sent: &Pending) -> std::sync::MutexGuard<'_, VecDeque<Sent>> {
    sent.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends requests, as many together as wait; `None` once nobody can ask any more.
async fn write_all(
    mut writer: OwnedWriteHalf,
    response: Duration,
    requests: &mut mpsc::Receiver<Request>,
    sent: &Pending,
    wake: &mpsc::Sender<()>,
) -> Option<StorageError> {
    let mut bytes = Vec::new();
    loop {
        let mut next = Some(requests.recv().await?);
        bytes.clear();
        while let Some(request) = next {
            next = None;
            // Nobody waits any more, and nothing has been sent.
            if !request.answer.is_closed() {
                bytes.extend_from_slice(&request.bytes);
                lock(sent).push_back(Sent {
                    replies: request.replies,
                    by: Instant::now() + response,
                    answer: request.answer,
                });
            }
            if bytes.len() < BATCH {
                next = requests.try_recv().ok();
            }
        }
        // Full, it will wake the reader anyway.
        let _ = wake.try_send(());
        if let Err(error) = writer.write_all(&bytes).await {
            return Some(error::of_exchange(&error));
        }
    }
}

/// Reads the replies to what was sent, until the connection is lost.
async fn read_all(
    reader: OwnedReadHalf,
    sent: &Pending,
    mut woken: mpsc::Receiver<()>,
) -> StorageError {
    let mut reader = BufReader::new(reader);
    loop {
        let waits_for = lock(sent).front().map(|sent| (sent.replies, sent.by));
        let Some((replies, by)) = waits_for else {
            tokio::select! {
                _ = woken.recv() => continue,
                // Unasked a server sends nothing but its end.
                ended = reader.fill_buf() => match ended {
                    Ok([]) => return error::lost(),
                    // It may be the reply to what was sent just now.
                    Ok(_) if !lock(sent).is_empty() => continue,
                    Ok(_) => return error::of_exchange(&io::ErrorKind::InvalidData.into()),
                    Err(error) => return error::of_exchange(&error),
                },
            }
        };
        let mut read_replies = Vec::with_capacity(replies);
        for _ in 0..replies {
            match timeout_at(by, read(&mut reader)).await {
                Ok(Ok(reply)) => read_replies.push(reply),
                Ok(Err(error)) => return error::of_exchange(&error),
                Err(_) => return error::late_answer(),
            }
        }
        let answered = lock(sent).pop_front();
        if let Some(Sent { answer, .. }) = answered {
            let _ = answer.send(Ok(read_replies));
        }
    }
}
