//! A connection that is made when it is needed and made anew when it is lost.

use core::future::poll_fn;
use core::pin::pin;
use core::time::Duration;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::sync::{Mutex as AsyncMutex, OnceCell};
use tokio::time::{Instant, timeout};

use super::error::Failure;
use super::primary::Primary;
use super::source::{Live, Source};

/// The wait after the first attempt to connect that failed; it doubles with each…
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// …up to this one.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long a connection may take to be made if nothing else is said.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How long an answer may take if nothing else is said.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_millis(500);

pub(super) struct Connection {
    source: Source,
    pub(super) connect_timeout: Duration,
    pub(super) response_timeout: Duration,
    /// Empty until somebody connects; replaced when the connection is lost.
    session: Mutex<Session>,
    /// One that is used on while a call makes another, since it is in doubt.
    doubted: Mutex<Option<Session>>,
    /// Held by the call that does, with the instant before which none does again.
    renewal: AsyncMutex<Option<Instant>>,
    outage: Mutex<Option<Outage>>,
}

type Session = Arc<OnceCell<Live>>;

/// No connection could be made, and none is tried again before some instant.
struct Outage {
    error: RedisError,
    pause: Duration,
    ends_at: Instant,
}

impl Connection {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            connect_timeout: CONNECT_TIMEOUT,
            response_timeout: RESPONSE_TIMEOUT,
            session: Mutex::default(),
            doubted: Mutex::default(),
            renewal: AsyncMutex::default(),
            outage: Mutex::default(),
        }
    }

    /// Sends a command and waits for the answer: at most the connect timeout, if
    /// there is no connection, and the response timeout.
    ///
    /// A command that surely did not run, since the connection had been closed
    /// or the server is no primary any more, is sent once more, on a connection
    /// made anew. One that may have run is not: it could charge a hit twice.
    pub(super) async fn query(&self, command: &Cmd) -> Result<Value, Failure> {
        let mut may_repeat = true;
        loop {
            let (session, mut live) = self.live().await?;
            let (error, at_once) = match self.send(command, &mut live).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let unsent = at_once && error.is_connection_dropped();
            if unsent || self.source.is_lost_by(&error) {
                self.forget(&session);
            } else if self.source.is_in_doubt_by(&error) {
                *lock(&self.doubted) = Some(session);
            }
            if !may_repeat || !(unsent || is_demotion(&error)) {
                return Err(Failure::of_command(error));
            }
            may_repeat = false;
        }
    }

    /// Sends a command to each primary, and tells the answers with what to name
    /// each by in [`query_primary`](Self::query_primary).
    pub(super) async fn query_primaries(
        &self,
        command: &Cmd,
    ) -> Result<Vec<(Primary, Value)>, Failure> {
        let (_, mut live) = self.live().await?;
        let Live::Cluster(cluster) = &mut live else {
            return Ok(vec![(Primary::Only, self.query(command).await?)]);
        };
        let answers = cluster.route_command(command.clone(), Primary::all());
        let answers = self.timely(answers).await.map_err(Failure::of_command)?;
        let named = Primary::by_name(answers);
        named.map_err(Failure::of_command)
    }

    pub(super) async fn query_primary(
        &self,
        primary: &Primary,
        command: &Cmd,
    ) -> Result<Value, Failure> {
        let (_, mut live) = self.live().await?;
        match (&mut live, primary.route()) {
            (Live::Cluster(cluster), Some(route)) => {
                let answer = cluster.route_command(command.clone(), route);
                self.timely(answer).await.map_err(Failure::of_command)
            }
            _ => self.query(command).await,
        }
    }

    /// Tells the error with whether it came without any wait: nothing was sent then.
    async fn send(&self, command: &Cmd, live: &mut Live) -> Result<Value, (RedisError, bool)> {
        let mut answer = pin!(self.timely(live.query(command)));
        let mut at_once = true;
        let answer = poll_fn(|context| {
            let poll = answer.as_mut().poll(context);
            at_once &= poll.is_ready();
            poll
        });
        answer.await.map_err(|error| (error, at_once))
    }

    async fn timely<T>(&self, answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        let in_time = timeout(self.response_timeout, answer).await;
        in_time.unwrap_or_else(|_| Err(timed_out("answer", self.response_timeout)))
    }

    async fn live(&self) -> Result<(Session, Live), Failure> {
        self.renew().await;
        let session = Arc::clone(&lock(&self.session));
        let live = match session.get() {
            Some(live) => Ok(live.clone()),
            None => self.connect(&session).await,
        };
        let live = live.map_err(|error| Failure::of_connect(error, &self.source))?;
        Ok((session, live))
    }

    /// Connects, or waits for who does already; whoever is dropped leaves it to the next.
    async fn connect(&self, session: &Session) -> RedisResult<Live> {
        let connecting = session.get_or_try_init(async || {
            self.outage_error()?;
            let live = self.source.connect().await;
            self.note(live.as_ref().err());
            live
        });
        match timeout(self.connect_timeout, connecting).await {
            Ok(live) => live.cloned(),
            Err(_) => {
                let error = timed_out("connection", self.connect_timeout);
                self.note(Some(&error));
                Err(error)
            }
        }
    }

    /// Makes a session in doubt anew, while other calls go on with it.
    async fn renew(&self) {
        if lock(&self.doubted).is_none() {
            return;
        }
        let Ok(mut not_before) = self.renewal.try_lock() else {
            return;
        };
        if not_before.is_some_and(|instant| Instant::now() < instant) {
            return;
        }
        let renewed = timeout(self.connect_timeout, self.source.connect()).await;
        *not_before = Some(Instant::now() + LONGEST_PAUSE);
        if let (Some(doubted), Ok(Ok(live))) = (lock(&self.doubted).take(), renewed) {
            self.replace(&doubted, OnceCell::from(live));
        }
    }

    fn forget(&self, lost: &Session) {
        self.replace(lost, OnceCell::new());
    }

    fn replace(&self, lost: &Session, by: OnceCell<Live>) {
        let mut session = lock(&self.session);
        if Arc::ptr_eq(&session, lost) {
            *session = Arc::new(by);
        }
    }

    /// Fails while the last attempt to connect is too short ago.
    fn outage_error(&self) -> RedisResult<()> {
        match &*lock(&self.outage) {
            Some(outage) if Instant::now() < outage.ends_at => Err(outage.error.clone()),
            _ => Ok(()),
        }
    }

    /// Takes note of how an attempt to connect ended.
    fn note(&self, error: Option<&RedisError>) {
        let mut outage = lock(&self.outage);
        let now = Instant::now();
        let pause = match (&*outage, error) {
            (_, None) => {
                *outage = None;
                return;
            }
            // The others who waited for the same attempt.
            (Some(outage), _) if now < outage.ends_at => return,
            (Some(outage), _) => (outage.pause * 2).min(LONGEST_PAUSE),
            (None, _) => FIRST_PAUSE,
        };
        *outage = error.map(|error| Outage {
            error: error.clone(),
            pause,
            ends_at: now + pause,
        });
    }
}

/// Nothing that runs under these locks can leave a value half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn timed_out(what: &str, limit: Duration) -> RedisError {
    let message = format!("no {what} within {limit:?}");
    io::Error::new(io::ErrorKind::TimedOut, message).into()
}

/// Tells whether the server refused to write since it is a replica now.
pub(super) fn is_demotion(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}
