//! Rate limits for HTTP servers.

mod address;

pub use address::{ClientAddress, ForwardedHeader, PeerAddress};
