//! One member of a cluster and the connection to it, which all calls share.

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

/// A member: a connection to it is made when one is needed.
pub(super) struct Member {
    endpoint: Endpoint,
    timeouts: Timeouts,
    channel: Mutex<Option<Channel>>,
}

/// Proves who calls.
pub(super) type Token = MetadataValue<Ascii>;

impl Member {
    pub(super) fn new(endpoint: Endpoint, timeouts: Timeouts) -> Self {
        Self {
            endpoint: endpoint.connect_timeout(timeouts.connect()),
            timeouts,
            channel: Mutex::new(None),
        }
    }

    /// Calls a method, once more if an older connection turns out to be gone before it
    /// was called.
    pub(super) async fn call<Q, A>(
        &self,
        method: Method,
        question: &Q,
        token: Option<&Token>,
    ) -> Result<A, Failure>
    where
        Q: Message + Clone + 'static,
        A: Message + Default + 'static,
    {
        let (channel, is_new) = self.channel().await?;
        let answer = self.ask(channel, method, question.clone(), token).await;
        match answer {
            Err(failure) if failure.is_of_member() => {
                *self.channel.lock().await = None;
                if is_new || !failure.is_unsent() {
                    return Err(failure);
                }
                let (channel, _) = self.channel().await?;
                self.ask(channel, method, question.clone(), token).await
            }
            answer => answer,
        }
    }

    /// The connection, and whether it was made just now.
    async fn channel(&self) -> Result<(Channel, bool), Failure> {
        let limit = self.timeouts.connect();
        let connected = timeout(limit, async {
            let mut channel = self.channel.lock().await;
            if let Some(channel) = &*channel {
                return Ok((channel.clone(), false));
            }
            let connected = self.endpoint.connect().await?;
            *channel = Some(connected.clone());
            Ok((connected, true))
        });
        match connected.await {
            Ok(Ok(connected)) => Ok(connected),
            Ok(Err(error)) => Err(Failure::of_connecting(error)),
            Err(_) => Err(Failure::late_connection(limit)),
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
