use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, request};
use http_body_util::{Either, Full};
use tower_service::Service;

use super::decide::{Admitted, Refused};
use super::policies::Policies;
use super::refusal::Refusal;

/// The body of an answer: that of a refusal, or the service's own as it is.
pub type ResponseBody<B> = Either<Full<Bytes>, B>;

/// A service whose requests are limited, made by [`RateLimitLayer`](super::RateLimitLayer).
///
/// The [`Verdict`](super::Verdict) is in the extensions of the request that the service
/// gets, and in those of its answer. Clones share what they count. Dropping a call leaves
/// what it took taken.
#[derive(Clone, Debug)]
pub struct RateLimit<S> {
    inner: S,
    policies: Arc<Policies>,
}

impl<S> RateLimit<S> {
    pub(super) const fn new(inner: S, policies: Arc<Policies>) -> Self {
        Self { inner, policies }
    }
}

type Call<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl<S, A, B> Service<Request<A>> for RateLimit<S>
where
    S: Service<Request<A>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    A: Send + 'static,
    B: Send + 'static,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = Call<Self::Response, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        // The one that is ready has to be called, and a clone of it need not be.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let policies = Arc::clone(&self.policies);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match policies.decide(&parts).await {
                Ok(admitted) => {
                    if let Some(verdict) = &admitted.verdict {
                        parts.extensions.insert(verdict.clone());
                    }
                    let response = inner.call(Request::from_parts(parts, body)).await?;
                    Ok(policies.answer(admitted, response).await)
                }
                Err(refused) => Ok(policies.refuse(&parts, refused)),
            }
        })
    }
}

impl Policies {
    /// The service's answer, with the headers, when what was used is settled.
    async fn answer<B>(
        &self,
        admitted: Admitted<'_>,
        response: Response<B>,
    ) -> Response<ResponseBody<B>> {
        let (mut parts, body) = response.into_parts();
        self.settle(admitted.taken, &parts).await;
        if let Some(verdict) = admitted.verdict {
            self.style.write(&verdict, &mut parts.headers);
            parts.extensions.insert(verdict);
        }
        Response::from_parts(parts, Either::Right(body))
    }

    fn refuse<B>(&self, request: &request::Parts, refused: Refused) -> Response<ResponseBody<B>> {
        let Refused { verdict, reason } = refused;
        let refusal = Refusal::new(request, &verdict, reason, self.style);
        let handler = self.handler.as_ref();
        let mut response = handler.map_or_else(|| refusal.response(), |answer| answer(&refusal));
        refusal.write_retry_after(response.headers_mut());
        self.style.write(&verdict, response.headers_mut());
        response.extensions_mut().insert(verdict);
        response.map(|body| Either::Left(Full::new(body)))
    }
}
