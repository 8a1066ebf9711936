//! Who waits for what, in which order: no more than a structure.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use limits_core::Timestamp;
use limits_core::window::Kind;

use super::release::Release;
use super::waiter::{Job, Place, Waiter};

/// How many may wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) of_key: usize,
    pub(super) in_all: usize,
}

/// A line for each key that somebody waits for.
pub(super) struct Lines<K, E> {
    pub(super) bounds: Bounds,
    pub(super) is_closed: bool,
    lines: HashMap<String, Line>,
    waiting: HashMap<u64, Waiting<K, E>>,
}

#[derive(Default)]
struct Line {
    /// The tickets with the units that they want.
    tickets: VecDeque<(u64, u64)>,
    /// What the last refusal of the first one says, if it is of the one who is first now.
    release: Option<Release>,
}

struct Waiting<K, E> {
    waiter: Arc<Waiter<K>>,
    /// Nothing for who is first in all its lines: somebody is at work on it.
    job: Option<Job<K, E>>,
}

/// Jobs that have to go on, now that those in front of them are gone.
pub(super) type Next<K, E> = Vec<Job<K, E>>;

/// A job that came too late, and when it would pass at the earliest.
pub(super) type TooLate<K, E> = (Job<K, E>, Timestamp);

impl<K: Kind, E> Lines<K, E> {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            is_closed: false,
            lines: HashMap::new(),
            waiting: HashMap::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether somebody waits at one of the places.
    pub(super) fn are_ahead(&self, places: &[Place]) -> bool {
        let mut places = places.iter();
        places.any(|place| self.lines.contains_key(&place.name))
    }

    pub(super) fn have_room(&self, places: &[Place]) -> bool {
        let line_has_room = |place: &Place| {
            let line = self.lines.get(&place.name);
            line.is_none_or(|line| line.tickets.len() < self.bounds.of_key)
        };
        self.len() < self.bounds.in_all
            && self.bounds.of_key > 0
            && places.iter().all(line_has_room)
    }

    /// When who comes last passes, at the earliest, as far as is known.
    pub(super) fn earliest(&self, places: &[Place]) -> Option<Timestamp> {
        let earliest = |place: &Place| {
            let line = self.lines.get(&place.name)?;
            let costs = line.tickets.iter().map(|(_, cost)| *cost);
            let ahead = costs.fold(0, u64::saturating_add);
            Some(line.release.as_ref()?.earliest(ahead, place.cost))
        };
        places.iter().filter_map(earliest).max()
    }

    /// Puts a job at the end of its lines. It comes back if it is first in all of them.
    pub(super) fn push(&mut self, job: Job<K, E>) -> Option<Job<K, E>> {
        let waiter = Arc::clone(&job.waiter);
        let ticket = waiter.ticket;
        for place in &waiter.places {
            let line = self.lines.entry(place.name.clone()).or_default();
            line.tickets.push_back((ticket, place.cost));
        }
        let (job, back) = if self.is_first(&waiter) {
            (None, Some(job))
        } else {
            (Some(job), None)
        };
        self.waiting.insert(ticket, Waiting { waiter, job });
        back
    }

    /// Takes whoever has this ticket out of its lines.
    pub(super) fn remove(&mut self, ticket: u64) -> Next<K, E> {
        let Some(gone) = self.waiting.remove(&ticket) else {
            return Vec::new();
        };
        let mut next = Vec::new();
        for place in &gone.waiter.places {
            self.leave(place, ticket);
            next.extend(self.next_at(place));
        }
        next
    }

    /// Takes whoever has this ticket out of its lines, but not if it is first in all.
    pub(super) fn give_up(&mut self, ticket: u64) -> Option<Next<K, E>> {
        let waiting = self.waiting.get(&ticket)?;
        waiting.job.is_some().then(|| self.remove(ticket))
    }

    /// Takes note of when the first one in all its lines passes, and takes those out who
    /// are too late by that.
    pub(super) fn learn(
        &mut self,
        first: &Waiter<K>,
        releases: &[Release],
    ) -> (Vec<TooLate<K, E>>, Next<K, E>) {
        let (mut late, mut next) = (Vec::new(), Vec::new());
        for (place, release) in first.places.iter().zip(releases) {
            for (ticket, at) in self.too_late(place, release) {
                let waiting = self.waiting.get_mut(&ticket);
                let job = waiting.and_then(|waiting| waiting.job.take());
                late.extend(job.map(|job| (job, at)));
                next.extend(self.remove(ticket));
            }
            if let Some(line) = self.lines.get_mut(&place.name) {
                line.release = Some(*release);
            }
        }
        (late, next)
    }

    /// Wakes those who are first at the places, since units came back.
    pub(super) fn stir(&self, places: &[Place]) {
        for place in places {
            let first = self.lines.get(&place.name).and_then(Line::first);
            if let Some(waiting) = first.and_then(|ticket| self.waiting.get(&ticket)) {
                waiting.waiter.stirred.notify_one();
            }
        }
    }

    /// The tickets behind the first one that can't pass in time, and when they could.
    fn too_late(&self, place: &Place, release: &Release) -> Vec<(u64, Timestamp)> {
        let mut late = Vec::new();
        let mut ahead = place.cost;
        let tickets = self.lines.get(&place.name).map(|line| &line.tickets);
        for (ticket, cost) in tickets.into_iter().flatten().skip(1) {
            let at = release.earliest(ahead, *cost);
            let waiting = self.waiting.get(ticket);
            if waiting.is_some_and(|waiting| waiting.waiter.deadline < at) {
                late.push((*ticket, at));
            } else {
                ahead = ahead.saturating_add(*cost);
            }
        }
        late
    }

    fn leave(&mut self, place: &Place, ticket: u64) {
        let Some(line) = self.lines.get_mut(&place.name) else {
            return;
        };
        if line.first() == Some(ticket) {
            line.release = None;
        }
        line.tickets.retain(|(own, _)| *own != ticket);
        if line.tickets.is_empty() {
            self.lines.remove(&place.name);
        }
    }

    /// The job of who is first at a place, if it is so in all its lines and waits still.
    fn next_at(&mut self, place: &Place) -> Option<Job<K, E>> {
        let ticket = self.lines.get(&place.name)?.first()?;
        let waiter = Arc::clone(&self.waiting.get(&ticket)?.waiter);
        let is_first = self.is_first(&waiter);
        let waiting = self.waiting.get_mut(&ticket)?;
        is_first.then(|| waiting.job.take()).flatten()
    }

    fn is_first(&self, waiter: &Waiter<K>) -> bool {
        let is_first_at = |place: &Place| {
            let line = self.lines.get(&place.name);
            line.and_then(Line::first) == Some(waiter.ticket)
        };
        waiter.places.iter().all(is_first_at)
    }
}

impl Line {
    fn first(&self) -> Option<u64> {
        self.tickets.front().map(|(ticket, _)| *ticket)
    }
}
