//! The link to servers: connections that many calls share, made when they are needed
//! and made anew when they are lost.
//!
//! From below: [`Source`], what connections are made from; a session,
//! one connection or the attempt to make it; [`Connection`], one session after the other.

mod connection;
mod session;
mod source;

pub(super) use connection::Connection;
pub(super) use source::{Live, Route, Source};
