use limits_core::window::Hit;
use limits_core::{Micros, Timestamp};
use mongodb::bson::{Bson, Document};

/// A millisecond in microseconds.
const MILLI: u64 = 1_000;

/// What the server shows of a document, with its clock; nothing where there is none.
#[derive(Debug)]
pub struct Found(Document);

impl Found {
    pub(super) const fn new(document: Document) -> Self {
        Self(document)
    }

    /// Whether the last hit was admitted.
    pub(super) fn is_acquired(&self) -> Option<bool> {
        self.0.get_bool("_acquired").ok()
    }

    /// A whole number, 0 if it is missing; `None` if it is something else. One below 0,
    /// which Python's negative costs can make, is as good as 0.
    pub(super) fn count(&self, field: &str) -> Option<u64> {
        let number = match self.0.get(field) {
            None | Some(Bson::Null) => 0,
            Some(Bson::Int32(number)) => i64::from(*number),
            Some(Bson::Int64(number)) => *number,
            Some(_) => return None,
        };
        Some(u64::try_from(number).unwrap_or(0))
    }

    /// An instant of the server, the first there is if it is missing; `None` if it is
    /// something else.
    pub(super) fn instant(&self, field: &str) -> Option<Timestamp> {
        let millis = match self.0.get(field) {
            None | Some(Bson::Null) => 0,
            Some(Bson::DateTime(date)) => date.timestamp_millis(),
            Some(_) => return None,
        };
        let millis = u64::try_from(millis).unwrap_or(0);
        Some(Timestamp::from_micros(millis.saturating_mul(MILLI)))
    }

    /// Whether the server says so.
    pub(super) fn is(&self, field: &str) -> bool {
        self.0.get_bool(field).unwrap_or(false)
    }

    /// What is shown of a part; `None` if that is nothing. Where there is no document, an
    /// empty part.
    pub(super) fn within(&self, field: &str) -> Option<Self> {
        if self.0.is_empty() {
            return Some(Self::new(Document::new()));
        }
        self.0.get_document(field).ok().cloned().map(Self::new)
    }

    /// The server's clock.
    pub(super) fn now(&self) -> Timestamp {
        self.instant("now").unwrap_or(Timestamp::ZERO)
    }

    /// When by the caller's clock it is `instant` by the server's; now, if that is past.
    pub(super) fn at(&self, instant: Timestamp, hit: Hit) -> Timestamp {
        hit.now().saturating_add(self.until(instant))
    }

    /// How long it is until it is `instant` by the server's clock.
    pub(super) fn until(&self, instant: Timestamp) -> Micros {
        instant.saturating_since(self.now())
    }
}
