//! What Python `limits` 4.8 keeps in etcd, and how it is read.

use core::marker::PhantomData;

use limits_core::window::{Decide, Kind, Usage, Window};
use limits_core::{FixedWindow, Micros, Timestamp};

use crate::cas::{Form, Found, Write, instant, number, seconds};

/// A count and the end of its window, as `count:window_end`.
pub(super) struct Counter<K>(PhantomData<fn() -> K>);

impl<K> Counter<K> {
    pub(super) const FORM: Self = Self(PhantomData);
}

impl<K: Kind> Form for Counter<K>
where
    FixedWindow: Decide<K, Usage: Into<Usage>>,
{
    type Kind = K;
    type Window = FixedWindow;

    fn names(&self, key: &str, _place: u64) -> Vec<String> {
        vec![key.to_owned()]
    }

    fn read(
        &self,
        _place: u64,
        found: &[Option<Found<()>>],
        _period: Micros,
        _now: Timestamp,
    ) -> Option<FixedWindow> {
        let Some(found) = found.first()? else {
            return Some(FixedWindow::EMPTY);
        };
        let mut parts = found.value.splitn(2, |byte| *byte == b':');
        let (count, end) = (parts.next()?, parts.next()?);
        Some(FixedWindow::new(number(count)?, instant(end)?))
    }

    fn write(&self, window: &FixedWindow, now: Timestamp) -> Option<Write> {
        let (count, end) = (window.count(now), window.end());
        Some(Write {
            value: format!("{count}:{}", seconds(end)).into_bytes(),
            note: 0,
            lives: end.saturating_since(now),
            beside: None,
        })
    }
}
