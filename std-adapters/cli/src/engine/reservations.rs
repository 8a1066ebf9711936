//! Hits that are to be settled.

use std::collections::HashMap;

use limits::window::Charge;

use super::operation::Subject;
use super::problem::Problem;

/// How many hits may wait to be settled at a time.
const MOST: usize = 65_536;

/// The hits that were allowed under a name, by their names.
#[derive(Debug, Default)]
pub(super) struct Reservations(HashMap<String, Reservation>);

/// What a hit took.
#[derive(Debug)]
pub(super) struct Reservation {
    pub(super) subject: Subject,
    /// One for each limit, in order; none for a hit that took nothing.
    pub(super) charges: Vec<Option<Charge>>,
}

impl Reservations {
    /// Finds out whether a hit may be remembered under a name.
    pub(super) fn check(&self, name: &str) -> Result<(), Problem> {
        if self.0.contains_key(name) {
            let reason = "`reserve` is the name of a hit that is not settled yet";
            return Err(Problem::invalid(reason));
        }
        if self.0.len() >= MOST {
            let reason = format!("{MOST} hits wait to be settled, settle some first");
            return Err(Problem::invalid(reason));
        }
        Ok(())
    }

    pub(super) fn keep(&mut self, name: String, reservation: Reservation) {
        self.0.insert(name, reservation);
    }

    /// Hands out what a hit took, once.
    pub(super) fn take(&mut self, name: &str) -> Result<Reservation, Problem> {
        let unknown = || Problem::invalid("`reserve` names no hit that waits to be settled");
        self.0.remove(name).ok_or_else(unknown)
    }
}
