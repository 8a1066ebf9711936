//! A connection that is made when it is needed and made anew when it is lost.

use core::future::poll_fn;
use core::pin::pin;
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Fuse, FusedFuture, OptionFuture};
use redis::{Cmd, RedisError, RedisResult, Value};
use tokio::time::{Instant, timeout};

use super::session::{Session, timed_out};
use super::source::{Live, Route, Source};
use crate::redis::error::{Failure, is_demotion};
use crate::uri::Timeouts;

/// The wait after the first attempt to connect that failed; it doubles with each…
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// …up to this one.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub(in crate::redis) struct Connection {
    source: Arc<Source>,
    pub(in crate::redis) timeouts: Timeouts,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What calls use, or wait for; none until one connects.
    session: Option<Session>,
    /// The last attempt to connect failed.
    outage: Option<Outage>,
    /// What comes in the place of a session in doubt, which calls use meanwhile.
    renewal: Option<Session>,
    /// There is no other renewal before then.
    renewed_until: Option<Instant>,
}

impl State {
    fn is_current(&self, session: &Session) -> bool {
        self.session.as_ref().is_some_and(|own| own.is(session))
    }
}

/// No connection could be made, and none is tried again before some instant.
struct Outage {
    error: RedisError,
    pause: Duration,
    ends_at: Instant,
}

impl Connection {
    pub(in crate::redis) fn new(source: Source) -> Self {
        Self {
            source: Arc::new(source),
            timeouts: Timeouts::default(),
            state: Mutex::default(),
        }
    }

    /// Sends a command and waits for the answer: at most the connect timeout, if
    /// there is no connection, and the response timeout.
    ///
    /// A command that did not run, as far as can be told, since the connection had
    /// been closed before or the server is no primary any more, is sent once more, on
    /// a connection made anew. Any other may have run, and could charge a hit twice.
    pub(in crate::redis) async fn query(
        &self,
        command: &Cmd,
        route: Route<'_>,
    ) -> Result<Value, Failure> {
        let mut may_repeat = true;
        loop {
            let (session, mut live) = match self.ready() {
                Some(ready) => ready,
                // Rare and large: on the heap it doesn't weigh on every call.
                None => self.connected().boxed().await?,
            };
            let (error, at_once) = match self.send(command, route, &mut live).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let unsent = at_once && error.is_connection_dropped();
            // A server that has just been found is no better when it is found again.
            let is_left = is_demotion(&error) && session.age() > LONGEST_PAUSE;
            if unsent || is_left || self.source.is_lost_by(&error) {
                self.forget(&session);
            } else if self.source.is_in_doubt_by(&error) {
                self.doubt(&session);
            }
            if !may_repeat || !(unsent || is_left) {
                let is_of_cluster = matches!(live, Live::Cluster(_));
                return Err(Failure::of_command(error, is_of_cluster));
            }
            may_repeat = false;
        }
    }

    /// Tells the error with whether it came without any wait: hardly anything can
    /// have been sent then, and nothing answered.
    async fn send(
        &self,
        command: &Cmd,
        route: Route<'_>,
        live: &mut Live,
    ) -> Result<Value, (RedisError, bool)> {
        let limit = self.timeouts.response();
        let renewal = matches!(live, Live::Cluster(_)).then(|| self.renewal());
        let mut renewal = OptionFuture::from(renewal.flatten());
        let mut answer = pin!(timeout(limit, live.query(command, route)));
        let mut at_once = true;
        let in_time = poll_fn(|context| {
            // Whoever waits for an answer moves the renewal on.
            if !renewal.is_terminated() {
                let _ = renewal.poll_unpin(context);
            }
            let poll = answer.as_mut().poll(context);
            at_once &= poll.is_ready();
            poll
        });
        let answer = in_time.await;
        let answer = answer.unwrap_or_else(|_| Err(timed_out("answer", limit)));
        answer.map_err(|error| (error, at_once))
    }

    /// Tells the connection if there is one.
    fn ready(&self) -> Option<(Session, Live)> {
        let state = self.lock();
        let session = state.session.as_ref()?;
        let live = session.ready()?;
        Some((session.clone(), live))
    }

    /// Tells the connection, once there is one: the attempt to make it is shared by
    /// all who wait, and goes on when one of them gives up.
    async fn connected(&self) -> Result<(Session, Live), Failure> {
        let of_connect = |error| Failure::of_connect(error, &*self.source);
        let session = self.session().map_err(of_connect)?;
        let live = session.live().await;
        if let Err(error) = &live {
            self.begin_outage(&session, error);
        }
        Ok((session, live.map_err(of_connect)?))
    }

    fn session(&self) -> RedisResult<Session> {
        let mut state = self.lock();
        match &state.session {
            Some(session) if !session.is_abandoned() => return Ok(session.clone()),
            _ => {}
        }
        if let Some(outage) = &state.outage
            && Instant::now() < outage.ends_at
        {
            return Err(outage.error.clone());
        }
        let session = self.attempt();
        state.session = Some(session.clone());
        Ok(session)
    }

    fn attempt(&self) -> Session {
        let (source, timeouts) = (Arc::clone(&self.source), self.timeouts);
        let attempt = async move { source.connect(timeouts).await };
        Session::new(attempt, timeouts.connect())
    }

    /// Takes note, once for all who waited, that no connection could be made.
    fn begin_outage(&self, failed: &Session, error: &RedisError) {
        let mut state = self.lock();
        if !state.is_current(failed) {
            return;
        }
        let last = state.outage.take();
        let pause = last.map_or(FIRST_PAUSE, |last| (last.pause * 2).min(LONGEST_PAUSE));
        state.session = None;
        state.outage = Some(Outage {
            error: error.clone(),
            pause,
            ends_at: Instant::now() + pause,
        });
    }

    /// Gives a session up, so that the next call connects.
    fn forget(&self, lost: &Session) {
        let mut state = self.lock();
        if state.is_current(lost) {
            state.session = None;
            // It was a connection once, so there is no outage that went on.
            state.outage = None;
        }
    }

    /// Begins to make a session anew that others go on to use.
    fn doubt(&self, doubted: &Session) {
        let mut state = self.lock();
        let is_due = state
            .renewed_until
            .is_none_or(|until| Instant::now() >= until);
        if !is_due || state.renewal.is_some() || !state.is_current(doubted) {
            return;
        }
        let next = self.attempt();
        state.renewal = Some(next.clone());
        drop(state);
        // What the client does in the background begins now.
        let _ = next.live().now_or_never();
    }

    /// Waits for a renewal, if there is one, and puts it in the place of the session.
    fn renewal(&self) -> Option<Fuse<BoxFuture<'_, ()>>> {
        let renewal = self.lock().renewal.clone()?;
        let renewed = async move {
            let live = renewal.live().await;
            let mut state = self.lock();
            if state.renewal.as_ref().is_some_and(|next| next.is(&renewal)) {
                state.renewal = None;
                state.renewed_until = Some(Instant::now() + LONGEST_PAUSE);
                if live.is_ok() {
                    state.session = Some(renewal);
                }
            }
        };
        Some(renewed.boxed().fuse())
    }

    /// Nothing that runs under the lock can leave the state half changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
