//! One member of a cluster and the connection to it, which all calls share.

use core::sync::atomic::{AtomicU64, Ordering};

use http::uri::PathAndQuery;
use prost::Message;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tonic::Request;
use tonic::client::Grpc;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

use super::error::Failure;
use crate::uri::Timeouts;

/// What is called, such as `/etcdserverpb.KV/Txn`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Method(pub(super) &'static str);

/// Whether a question that may have been answered can be asked again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Repeats {
    Yes,
    No,
}

/// How many connections are tried one after the other that are closed at once.
const CONNECTIONS: usize = 3;

/// A member: a connection to it is made when one is needed.
pub(super) struct Member {
    endpoint: Endpoint,
    timeouts: Timeouts,
    next_number: AtomicU64,
    connection: Mutex<Option<Connection>>,
}

/// A connection, and which one of those to this member it is.
#[derive(Clone)]
struct Connection {
    number: u64,
    channel: Channel,
}

/// Proves who calls.
pub(super) type Token = MetadataValue<Ascii>;

impl Member {
    pub(super) fn new(endpoint: Endpoint, timeouts: Timeouts) -> Self {
        Self {
            endpoint: endpoint.connect_timeout(timeouts.connect()),
            timeouts,
            connection: Mutex::new(None),
            next_number: AtomicU64::new(0),
        }
    }

    /// Calls a method, again on a new connection if one was closed.
    pub(super) async fn call<Q, A>(
        &self,
        (method, repeats): (Method, Repeats),
        question: &Q,
        token: Option<&Token>,
    ) -> Result<A, Failure>
    where
        Q: Message + Clone + 'static,
        A: Message + Default + 'static,
    {
        let mut answer = Err(Failure::out_of_step());
        for _ in 0..CONNECTIONS {
            let Connection { number, channel } = self.connection().await?;
            answer = self.ask(channel, method, question.clone(), token).await;
            let Err(failure) = &answer else { break };
            if failure.is_of_member() {
                self.forget(number).await;
            }
            let may_repeat = failure.is_unsent() || repeats == Repeats::Yes;
            if !(failure.is_of_connection() && may_repeat) {
                break;
            }
        }
        answer
    }

    /// The connection that there is, or one that is made now.
    async fn connection(&self) -> Result<Connection, Failure> {
        let limit = self.timeouts.connect();
        let connected = timeout(limit, async {
            let mut connection = self.connection.lock().await;
            if let Some(connection) = &*connection {
                return Ok(connection.clone());
            }
            let channel = self.endpoint.connect().await?;
            let number = self.next_number.fetch_add(1, Ordering::Relaxed);
            Ok(connection.insert(Connection { number, channel }).clone())
        });
        match connected.await {
            Ok(Ok(connected)) => Ok(connected),
            Ok(Err(error)) => Err(Failure::of_connecting(error)),
            Err(_) => Err(Failure::late_connection(limit)),
        }
    }

    /// Has the next call make a new connection, unless somebody has made one already.
    async fn forget(&self, number: u64) {
        let mut connection = self.connection.lock().await;
        if connection
            .as_ref()
            .is_some_and(|connection| connection.number == number)
        {
            *connection = None;
        }
    }

    async fn ask<Q, A>(
        &self,
        channel: Channel,
        Method(path): Method,
        question: Q,
        token: Option<&Token>,
    ) -> Result<A, Failure>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut request = Request::new(question);
        if let Some(token) = token {
            request.metadata_mut().insert("token", token.clone());
        }
        let mut grpc = Grpc::new(channel).max_decoding_message_size(usize::MAX);
        let limit = self.timeouts.response();
        let answered = timeout(limit, async {
            grpc.ready().await.map_err(Failure::of_connecting)?;
            let path = PathAndQuery::from_static(path);
            let answer = grpc.unary(request, path, ProstCodec::default()).await;
            answer.map_err(Failure::of_status)
        });
        match answered.await {
            Ok(answer) => Ok(answer?.into_inner()),
            Err(_) => Err(Failure::late_answer(limit)),
        }
    }
}
