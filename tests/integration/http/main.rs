//! The layer for HTTP servers: axum over real sockets, on memory and on a real Redis.

mod server;

mod addresses;
mod bodies;
mod browser;
mod changes;
mod cors;
mod examples;
mod failures;
mod grpc;
mod headers;
mod policies;
mod refusals;
mod settling;
mod sharing;
