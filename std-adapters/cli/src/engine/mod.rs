//! Does what a request asks for: the part that `batch` and the single commands share.

mod answer;
mod identifier;
mod members;
mod op;
mod operation;
mod perform;
mod problem;
mod request;
mod reservations;

pub(crate) use answer::{Answer, One, Seconds, Window};
pub(crate) use op::Op;
pub(crate) use operation::{Operation, Subject};
pub(crate) use perform::Engine;
pub(crate) use problem::Problem;
pub(crate) use request::Defaults;
