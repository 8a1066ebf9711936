use std::sync::Arc;

use tower_layer::Layer;

use super::policies::Policies;
use super::service::RateLimit;

/// Puts [`Policies`] around services, which share them and what they count.
///
/// Made by [`Policies::layer`]. Put it inside of a layer that answers preflights and adds
/// the headers of CORS, such as tower-http's `CorsLayer`: or a browser can't read a refusal.
/// Expose `RateLimit`, `RateLimit-Policy` and `Retry-After` there to scripts. Clients that
/// are to be limited by who they are go outside of it, too: the layer that checks them.
#[derive(Clone, Debug)]
pub struct RateLimitLayer(Arc<Policies>);

impl RateLimitLayer {
    pub(super) fn new(policies: Policies) -> Self {
        Self(Arc::new(policies))
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> RateLimit<S> {
        RateLimit::new(inner, Arc::clone(&self.0))
    }
}
