//! An image that counts the instructions of one strategy.

/// Makes an image of one limiter and counts its decisions.
///
/// Arguments: the limiter's type, the kind of window that its storage keeps, and
/// items, the first of which is that of ordinary traffic.
#[macro_export]
macro_rules! count_decisions {
    ($limiter:ident, $window:ty, $items:expr) => {
        use core::hint::black_box;

        use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
        use limits_core::{RateLimitItem, TableError, TableStorage, poll_once};
        use limits_figures::patterns::{Answer, Call, CheapClock, run};
        use limits_figures::{ANY_COST, KEYS};

        static STORAGE: TableStorage<CriticalSectionRawMutex, u32, $window, { KEYS as usize }> =
            TableStorage::new();
        static ITEMS: &[RateLimitItem<'static>] = &$items;

        #[inline(never)]
        fn hit(call: &Call) -> Answer {
            let limiter = $limiter::with_clock(&STORAGE, CheapClock);
            let cost = if ANY_COST { call.cost } else { 1 };
            match poll_once(limiter.hit(call.item, call.key, cost)) {
                Some(Ok(decision)) if decision.allowed() => Answer::Allowed,
                Some(Ok(_)) => Answer::Refused,
                Some(Err(TableError::Full)) => Answer::Full,
                _ => Answer::Failed,
            }
        }

        fn forget_all() {
            use limits_core::Storage;
            assert!(matches!(poll_once(STORAGE.reset()), Some(Ok(_))));
        }

        #[limits_figures::entry]
        fn main() -> ! {
            run(size_of_val(&STORAGE), black_box(ITEMS), hit, forget_all)
        }
    };
}
