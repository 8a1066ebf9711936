use std::sync::Arc;

use limits_core::window::{Kind, Usage};
use limits_core::{Ask, Decision, Decisions, Limit, Origin, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};

use super::error::WaitError;
use super::owned::{OwnedAsk, Parts};
use super::release::Release;

/// The decisions of several limits, or of one.
pub(super) type Several = Decisions<Vec<Decision>>;

pub(super) type Answer<E> = Result<Several, WaitError<Several, E>>;

/// Somebody who wants units, and by when.
pub(super) struct Waiter<K> {
    pub(super) ticket: u64,
    asks: Vec<OwnedAsk<K>>,
    pub(super) places: Vec<Place>,
    pub(super) deadline: Timestamp,
    /// Units came back: it is worth to ask before the time.
    pub(super) stirred: Notify,
}

/// Where a waiter stands in line: at one key.
pub(super) struct Place {
    pub(super) name: String,
    /// The units of all asks for it.
    pub(super) cost: u64,
    limit: Limit,
    /// The number of the ask for it, if there is one only.
    ask: Option<usize>,
}

/// A waiter whose answer is still to be found.
pub(super) struct Job<K, E> {
    pub(super) waiter: Arc<Waiter<K>>,
    pub(super) answer: oneshot::Sender<Answer<E>>,
    /// That of the waiter: where it lives, so does the search for its answer.
    pub(super) runtime: Handle,
}

impl<K: Kind> Waiter<K> {
    pub(super) fn new(ticket: u64, asks: &[Ask<'_, K>], deadline: Timestamp) -> Self {
        Self {
            ticket,
            asks: asks.iter().map(OwnedAsk::of).collect(),
            places: Place::of(asks),
            deadline,
            stirred: Notify::new(),
        }
    }

    pub(super) fn parts(&self) -> Vec<Parts<'_>> {
        self.asks.iter().map(OwnedAsk::parts).collect()
    }

    pub(super) fn asks<'a>(&'a self, parts: &'a [Parts<'a>]) -> Vec<Ask<'a, K>> {
        let asks = self.asks.iter().zip(parts);
        asks.map(|(ask, parts)| ask.ask(parts)).collect()
    }

    /// What the refusal of all asks, until an instant, says of each place.
    pub(super) fn releases(&self, refusal: &Several, at: Timestamp) -> Vec<Release> {
        let release = |place: &Place| {
            let decision = place.ask.and_then(|ask| refusal.as_slice().get(ask));
            Release::of(decision, place.limit, at)
        };
        self.places.iter().map(release).collect()
    }
}

impl<K: Kind, E> Job<K, E> {
    /// Ends it; whoever is gone needs no answer.
    pub(super) fn refuse(self, error: WaitError<Several, E>) {
        let _ = self.answer.send(Err(error));
    }

    /// Ends it, since it would not pass before `at`.
    pub(super) fn too_late(self, at: Timestamp, now: Timestamp) {
        let waiter = Arc::clone(&self.waiter);
        let parts = waiter.parts();
        self.refuse(WaitError::TooLong(queued(&waiter.asks(&parts), at, now)));
    }
}

impl Place {
    /// The places of some asks: those for one key stand there together.
    pub(super) fn of<K: Kind>(asks: &[Ask<'_, K>]) -> Vec<Self> {
        let mut places: Vec<Self> = Vec::with_capacity(asks.len());
        for (number, ask) in asks.iter().enumerate() {
            let name = ask.key().to_string();
            if let Some(place) = places.iter_mut().find(|place| place.name == name) {
                place.cost = place.cost.saturating_add(ask.cost());
                place.ask = None;
            } else {
                places.push(Self {
                    name,
                    cost: ask.cost(),
                    limit: ask.limit(),
                    ask: Some(number),
                });
            }
        }
        places
    }
}

/// The refusal of who has not asked the storage, and need not before an instant.
pub(super) fn queued<K: Kind>(asks: &[Ask<'_, K>], at: Timestamp, now: Timestamp) -> Several {
    let refused = |ask: &Ask<'_, K>| {
        let refused = Decision::hit(false, ask.hit(now), Usage::Blocked(at));
        refused.with_origin(Origin::Queued)
    };
    Decisions::new(asks.iter().map(refused).collect())
}
