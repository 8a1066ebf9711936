use limits_core::window::{
    Charge, Decide, Elastic, Fixed, Gcra, Hit, Kind, Moving, Settled, SlidingCounter, Usage, Window,
};
use limits_core::{
    Decision, FixedWindow, GcraWindow, MovingWindow, SlidingWindow, StrategyName, Timestamp,
};

use super::shard::Tables;
use super::table::Table;
use super::text::Form;
use crate::error::StorageError;
use crate::log::Log;

/// A kind of window that shards keep, known to the compiler or at run time.
pub(super) trait Kept {
    /// The table of its windows, as a number: kinds that share it share their counters.
    fn table_number(&self) -> u8;

    /// Takes units, making room for a key that is not known.
    fn acquire(
        &self,
        tables: &mut Tables,
        hash: u64,
        form: &Form<'_>,
        hit: Hit,
        shard_keys: usize,
    ) -> Result<Decision, StorageError>;

    /// Finds out whether units fit.
    fn peek(&self, tables: &mut Tables, hash: u64, form: &Form<'_>, hit: Hit) -> Decision;

    /// Settles a charge, if its key is still there.
    fn settle(
        &self,
        tables: &mut Tables,
        hash: u64,
        form: &Form<'_>,
        charge: &Charge,
        used: u64,
        now: Timestamp,
    ) -> Settled;
}

/// A kind with a table in each shard.
trait Tabled: Kind {
    type Window: Decide<Self, Usage: Into<Usage>>;

    const TABLE: u8;

    fn table(tables: &mut Tables) -> &mut Table<Self::Window>;
}

impl Tabled for Fixed {
    type Window = FixedWindow;

    const TABLE: u8 = 0;

    fn table(tables: &mut Tables) -> &mut Table<FixedWindow> {
        &mut tables.fixed
    }
}

impl Tabled for Elastic {
    type Window = FixedWindow;

    const TABLE: u8 = Fixed::TABLE;

    fn table(tables: &mut Tables) -> &mut Table<FixedWindow> {
        &mut tables.fixed
    }
}

impl Tabled for Moving {
    type Window = MovingWindow<Log>;

    const TABLE: u8 = 1;

    fn table(tables: &mut Tables) -> &mut Table<MovingWindow<Log>> {
        &mut tables.moving
    }
}

impl Tabled for SlidingCounter {
    type Window = SlidingWindow;

    const TABLE: u8 = 2;

    fn table(tables: &mut Tables) -> &mut Table<SlidingWindow> {
        &mut tables.sliding
    }
}

impl Tabled for Gcra {
    type Window = GcraWindow;

    const TABLE: u8 = 3;

    fn table(tables: &mut Tables) -> &mut Table<GcraWindow> {
        &mut tables.gcra
    }
}

impl<K: Tabled> Kept for K {
    fn table_number(&self) -> u8 {
        K::TABLE
    }

    #[inline]
    fn acquire(
        &self,
        tables: &mut Tables,
        hash: u64,
        form: &Form<'_>,
        hit: Hit,
        shard_keys: usize,
    ) -> Result<Decision, StorageError> {
        let (now, period) = (hit.now(), hit.limit().period());
        tables.notice(now);
        let table = K::table(tables);
        if let Some(window) = table.get_mut(hash, form, period) {
            let (allowed, usage) = window.acquire(hit);
            table.sweep_some(now);
            return Ok(Decision::hit(allowed, hit, usage));
        }
        let mut window = <K::Window as Window>::EMPTY;
        let (allowed, usage) = window.acquire(hit);
        if !window.is_over(now) {
            tables.make_room(shard_keys, now, window.expires_at())?;
            let table = K::table(tables);
            table.insert(hash, form, window, period, now);
            table.sweep_some(now);
        }
        Ok(Decision::hit(allowed, hit, usage))
    }

    #[inline]
    fn peek(&self, tables: &mut Tables, hash: u64, form: &Form<'_>, hit: Hit) -> Decision {
        let window = K::table(tables).get(hash, form);
        let usage = window.map(|window| window.peek(hit));
        Decision::test(hit, usage.map_or(Usage::Untouched, Into::into))
    }

    fn settle(
        &self,
        tables: &mut Tables,
        hash: u64,
        form: &Form<'_>,
        charge: &Charge,
        used: u64,
        now: Timestamp,
    ) -> Settled {
        let window = K::table(tables).find_mut(hash, form);
        let settled = window.map_or(Settled::NOTHING, |window| window.settle(charge, used, now));
        if settled.given_back > 0 {
            // The window may be over by that.
            tables.search_again();
        }
        settled
    }
}

/// The kinds by the numbers of their names.
const KINDS: [&dyn Kept; StrategyName::ALL.len()] =
    [&Fixed, &Elastic, &Moving, &SlidingCounter, &Gcra];

impl Kept for StrategyName {
    fn table_number(&self) -> u8 {
        KINDS[*self as usize].table_number()
    }

    fn acquire(
        &self,
        tables: &mut Tables,
        hash: u64,
        form: &Form<'_>,
        hit: Hit,
        shard_keys: usize,
    ) -> Result<Decision, StorageError> {
        KINDS[*self as usize].acquire(tables, hash, form, hit, shard_keys)
    }

    fn peek(&self, tables: &mut Tables, hash: u64, form: &Form<'_>, hit: Hit) -> Decision {
        KINDS[*self as usize].peek(tables, hash, form, hit)
    }

    fn settle(
        &self,
        tables: &mut Tables,
        hash: u64,
        form: &Form<'_>,
        charge: &Charge,
        used: u64,
        now: Timestamp,
    ) -> Settled {
        KINDS[*self as usize].settle(tables, hash, form, charge, used, now)
    }
}
