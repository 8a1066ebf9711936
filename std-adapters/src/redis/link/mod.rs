//! The link to servers: connections that many calls share, made when they are needed
//! and made anew when they are lost.
//!
//! From below: [`Timeouts`]; [`Source`], what connections are made from; a session,
//! one connection or the attempt to make it; [`Connection`], one session after the other.

mod connection;
mod session;
mod source;
mod timeouts;

pub(super) use connection::Connection;
pub(super) use source::{Live, Route, Source};
pub(super) use timeouts::Timeouts;
