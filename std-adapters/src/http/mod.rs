//! Rate limits for HTTP servers.

mod address;
mod asked;
mod caller;
mod counter;
mod decide;
mod error;
mod grpc;
mod hash;
mod headers;
mod layer;
mod limits;
mod policies;
mod policy;
mod preflight;
mod problem;
mod refusal;
mod service;
mod settle;
mod verdict;

pub use address::{ClientAddress, ForwardedHeader, PeerAddress};
pub use caller::Missing;
pub use error::PolicyError;
pub use headers::HeaderStyle;
pub use layer::RateLimitLayer;
pub use limits::Limits;
pub use policies::{Failure, Policies};
pub use policy::{Policy, Visibility};
pub use refusal::{Reason, Refusal};
pub use service::{RateLimit, ResponseBody};
pub use verdict::{Outcome, Verdict};
