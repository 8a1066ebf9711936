//! The layer for HTTP servers: axum over real sockets, on memory and on a real Redis.

mod server;

mod policies;
