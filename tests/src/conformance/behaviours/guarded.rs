//! A storage behind blocks: what a server's `Retry-After` asks for, penalties, and
//! refusals that are remembered.

use libtest_mimic::Failed;
use limits_core::{
    Ask, Clock, Decision, Guarded, Keeps, Micros, Origin, RateLimitItem, RateLimiter, Timestamp,
};

use crate::conformance::case::{Case, PERIOD, part, times, unique_id};
use crate::conformance::counted::Counted;
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};

pub(super) fn all<F: Fixture<Storage: Keeps<K>>, K: Tested>() -> Vec<Law<F, K>> {
    vec![
        law(
            "a_blocked_key_is_refused_until_the_end_of_its_block",
            a_blocked_key_is_refused_until_the_end_of_its_block,
        ),
        law(
            "a_blocked_hit_takes_nothing_and_is_one_storage_call",
            a_blocked_hit_takes_nothing_and_is_one_storage_call,
        ),
        law(
            "a_blocked_hit_passes_when_block_and_limit_let_it",
            a_blocked_hit_passes_when_block_and_limit_let_it,
        ),
        law(
            "the_longer_of_two_blocks_stays",
            the_longer_of_two_blocks_stays,
        ),
        law(
            "node_rate_limiter_flexible_210_a_block_without_end_stays_one",
            node_rate_limiter_flexible_210_a_block_without_end_stays_one,
        ),
        law(
            "an_unblocked_key_passes_at_once",
            an_unblocked_key_passes_at_once,
        ),
        law("clear_ends_no_block", clear_ends_no_block),
        law("a_block_is_of_one_key", a_block_is_of_one_key),
        law(
            "a_blocked_key_refuses_a_hit_of_several_limits",
            a_blocked_key_refuses_a_hit_of_several_limits,
        ),
        law(
            "a_penalty_begins_with_a_refusal_and_ends_by_itself",
            a_penalty_begins_with_a_refusal_and_ends_by_itself,
        ),
        law(
            "an_impossible_cost_has_no_penalty",
            an_impossible_cost_has_no_penalty,
        ),
        law(
            "a_refusal_is_remembered_until_the_hit_passes",
            a_refusal_is_remembered_until_the_hit_passes,
        ),
        law(
            "a_refusal_of_several_units_is_not_remembered",
            a_refusal_of_several_units_is_not_remembered,
        ),
        law(
            "what_is_given_back_or_cleared_is_remembered_no_more",
            what_is_given_back_or_cleared_is_remembered_no_more,
        ),
    ]
}

type OfFixture<F> = Guarded<Counted<<F as Fixture>::Storage>, <F as Fixture>::Blocks>;

/// Somebody whose storage is guarded.
struct Guest<F: Fixture, K> {
    limiter: RateLimiter<K, OfFixture<F>, F::Clock>,
    item: RateLimitItem<'static>,
    id: String,
}

fn guest<F, K>(
    case: &Case<F, K>,
    guard: impl FnOnce(Counted<F::Storage>, F::Blocks) -> OfFixture<F>,
    amount: u64,
) -> Guest<F, K>
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let storage = guard(Counted::new(case.fixture.storage()), case.fixture.blocks());
    Guest {
        limiter: RateLimiter::with_clock(storage, case.fixture.clock()),
        item: case.item(amount),
        id: unique_id(),
    }
}

impl<F: Fixture<Storage: Keeps<K>>, K: Tested> Guest<F, K> {
    async fn hit(&self, cost: u64) -> Result<Decision, Failed> {
        Ok(self.limiter.hit(&self.item, &self.id, cost).await?)
    }

    async fn test(&self, cost: u64) -> Result<Decision, Failed> {
        Ok(self.limiter.test(&self.item, &self.id, cost).await?)
    }

    async fn passes(&self, cost: u64) -> Outcome {
        let hit = self.hit(cost).await?;
        assert!(hit.allowed(), "{hit:?}");
        Ok(())
    }

    async fn refused(&self, cost: u64, origin: Origin) -> Result<Decision, Failed> {
        let hit = self.hit(cost).await?;
        assert!(!hit.allowed(), "{hit:?}");
        assert_eq!(hit.origin(), origin, "{hit:?}");
        Ok(hit)
    }

    async fn fails(&self, cost: u64, origin: Origin) -> Outcome {
        self.refused(cost, origin).await.map(drop)
    }

    fn block_until(&self, until: Timestamp) -> Outcome {
        let now = self.limiter.clock().now();
        let guarded = self.limiter.storage();
        let blocked = guarded.block_until(&self.item, &self.id, until, now);
        Ok(blocked.map_err(|_| "there is room for a block")?)
    }

    fn unblock(&self) -> Outcome {
        let unblocked = self.limiter.storage().unblock(&self.item, &self.id);
        Ok(unblocked.map_err(|_| "the key fits")?)
    }

    fn take_calls(&self) -> u64 {
        self.limiter.storage().storage().take_calls()
    }
}

async fn a_blocked_key_is_refused_until_the_end_of_its_block<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let guest = guest(&case, Guarded::new, 3);
    let until = case.now().saturating_add(part(PERIOD, 2));
    guest.block_until(until)?;
    for _ in 0..2 {
        let hit = guest.refused(1, Origin::Blocked).await?;
        let test = guest.test(1).await?;
        for refused in [hit, test] {
            assert_eq!(refused.origin(), Origin::Blocked, "{refused:?}");
            assert_eq!(refused.retry_at(), Some(until), "{refused:?}");
            assert_eq!(refused.reset_time(), until, "{refused:?}");
            assert_eq!(refused.remaining(), 0, "{refused:?}");
        }
        case.pass_to_just_before(until).await;
    }
    case.pass_to(until).await;
    let hit = guest.hit(3).await?;
    assert!(hit.allowed(), "{hit:?}");
    assert_eq!(hit.origin(), Origin::Storage, "{hit:?}");
    Ok(())
}

async fn a_blocked_hit_takes_nothing_and_is_one_storage_call<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let guest = guest(&case, Guarded::new, 3);
    guest.block_until(case.now().saturating_add(PERIOD))?;
    for cost in [0, 1, 3] {
        guest.fails(cost, Origin::Blocked).await?;
        assert_eq!(guest.take_calls(), 1, "{cost} units");
    }
    let never = guest.hit(4).await?;
    assert_eq!(never.retry_at(), None, "{never:?}");
    assert_eq!(guest.take_calls(), 0, "{never:?}");
    guest.unblock()?;
    guest.passes(3).await
}

async fn a_blocked_hit_passes_when_block_and_limit_let_it<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let guest = guest(&case, Guarded::new, 3);
    guest.passes(2).await?;
    let full = guest.test(3).await?.retry_at().ok_or("three units fit")?;
    let until = case.now().saturating_add(part(PERIOD, 8));
    guest.block_until(until)?;
    let one = guest.refused(1, Origin::Blocked).await?;
    assert_eq!(one.retry_at(), Some(until), "{one:?}");
    let three = guest.refused(3, Origin::Blocked).await?;
    let retry_at = three.retry_at().ok_or("three units fit")?;
    case.assert_same(retry_at, full, &three);
    case.pass_to(until).await;
    guest.passes(1).await
}

async fn the_longer_of_two_blocks_stays<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let guest = guest(&case, Guarded::new, 3);
    let now = case.now();
    let until = |quarters| now.saturating_add(part(times(PERIOD, quarters), 4));
    for (quarters, longest) in [(2, 2), (1, 2), (0, 2), (3, 3)] {
        guest.block_until(until(quarters))?;
        let refused = guest.refused(1, Origin::Blocked).await?;
        assert_eq!(refused.retry_at(), Some(until(longest)), "{refused:?}");
    }
    Ok(())
}

/// A further hit gave the block an end.
async fn node_rate_limiter_flexible_210_a_block_without_end_stays_one<F, K>(
    case: Case<F, K>,
) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let last = Timestamp::from_micros(u64::MAX);
    for penalty in [Micros::ZERO, PERIOD] {
        let guest = guest(
            &case,
            |storage, blocks| Guarded::with_penalty(storage, blocks, penalty),
            2,
        );
        guest.passes(2).await?;
        let _ = guest.hit(1).await?;
        guest.block_until(last)?;
        for _ in 0..3 {
            let refused = guest.refused(1, Origin::Blocked).await?;
            assert_eq!(refused.retry_at(), Some(last), "{refused:?}");
            guest.block_until(case.now().saturating_add(PERIOD))?;
        }
        case.pass_everything().await;
        case.pass(penalty).await;
        guest.fails(1, Origin::Blocked).await?;
        guest.unblock()?;
        guest.passes(2).await?;
    }
    Ok(())
}

async fn an_unblocked_key_passes_at_once<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let guest = guest(&case, Guarded::new, 3);
    guest.unblock()?;
    for _ in 0..2 {
        guest.block_until(case.now().saturating_add(PERIOD))?;
        guest.fails(1, Origin::Blocked).await?;
        guest.unblock()?;
        guest.passes(1).await?;
    }
    Ok(())
}

async fn clear_ends_no_block<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let guest = guest(&case, Guarded::new, 3);
    guest.passes(3).await?;
    guest.block_until(case.now().saturating_add(times(PERIOD, 10)))?;
    guest.limiter.clear(&guest.item, &guest.id).await?;
    guest.fails(1, Origin::Blocked).await?;
    guest.unblock()?;
    guest.passes(3).await
}

async fn a_block_is_of_one_key<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let guest = guest(&case, Guarded::new, 3);
    guest.block_until(case.now().saturating_add(PERIOD))?;
    let other = guest.limiter.hit(&guest.item, &unique_id(), 1).await?;
    assert!(other.allowed(), "{other:?}");
    let another = guest.limiter.hit(&case.item(4), &guest.id, 1).await?;
    assert!(another.allowed(), "the whole text is the key: {another:?}");
    guest.fails(1, Origin::Blocked).await?;
    Ok(())
}

async fn a_blocked_key_refuses_a_hit_of_several_limits<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let guest = guest(&case, Guarded::new, 3);
    let other = unique_id();
    let asks = [&guest.id, &other].map(|id| Ask::new(K::default(), &guest.item, id, 2));
    let until = case.now().saturating_add(part(PERIOD, 4));
    guest.block_until(until)?;
    for refused in [
        guest.limiter.hit_all(&asks).await?,
        guest.limiter.test_all(&asks).await?,
    ] {
        let [blocked, free] = refused.as_slice() else {
            return Err("each limit has an answer".into());
        };
        assert!(!refused.allowed() && free.allowed(), "{refused:?}");
        assert_eq!(free.remaining(), 3, "{refused:?}");
        assert_eq!(blocked.origin(), Origin::Blocked, "{refused:?}");
        let binding = refused.binding().and_then(Decision::retry_at);
        assert_eq!(binding, Some(until), "{refused:?}");
    }
    case.pass_to(until).await;
    let hits = guest.limiter.hit_all(&asks).await?;
    assert!(hits.allowed(), "{hits:?}");
    Ok(())
}

async fn a_penalty_begins_with_a_refusal_and_ends_by_itself<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let penalty = times(PERIOD, 2);
    let guest = guest(
        &case,
        |storage, blocks| Guarded::with_penalty(storage, blocks, penalty),
        2,
    );
    guest.passes(2).await?;
    let first = guest.refused(1, Origin::Storage).await?;
    let until = first.now().saturating_add(penalty);
    let retry_at = first.retry_at().ok_or("one unit of two fits")?;
    assert!(retry_at >= until, "{first:?}");
    case.pass(part(PERIOD, 4)).await;
    let second = guest.refused(1, Origin::Blocked).await?;
    assert_eq!(second.retry_at(), Some(until), "{first:?}, {second:?}");
    case.pass_to_just_before(retry_at).await;
    guest.fails(1, Origin::Blocked).await?;
    case.pass_to(retry_at).await;
    guest.passes(1).await
}

async fn an_impossible_cost_has_no_penalty<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let guest = guest(
        &case,
        |storage, blocks| Guarded::with_penalty(storage, blocks, times(PERIOD, 9)),
        2,
    );
    let never = guest.hit(3).await?;
    assert_eq!(never.retry_at(), None, "{never:?}");
    let ask = Ask::new(K::default(), &guest.item, &guest.id, 3);
    let never = guest.limiter.hit_all(&[ask]).await?;
    assert!(!never.allowed(), "{never:?}");
    guest.passes(2).await
}

async fn a_refusal_is_remembered_until_the_hit_passes<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let guest = guest(&case, Guarded::remembering, 2);
    guest.passes(2).await?;
    let first = guest.refused(1, Origin::Storage).await?;
    assert_eq!(guest.take_calls(), 2, "{first:?}");
    let retry_at = first.retry_at().ok_or("one unit of two fits")?;
    if K::default().extends() {
        // Who keeps hitting an elastic window is to stay refused: it has to know.
        guest.fails(1, Origin::Storage).await?;
        assert_eq!(guest.take_calls(), 1, "{first:?}");
        return Ok(());
    }
    for _ in 0..2 {
        for refused in [
            guest.hit(1).await?,
            guest.hit(2).await?,
            guest.test(1).await?,
        ] {
            assert!(!refused.allowed(), "{refused:?}");
            assert_eq!(refused.origin(), Origin::Remembered, "{refused:?}");
            assert_eq!(refused.retry_at(), Some(retry_at), "{refused:?}");
        }
        assert_eq!(guest.take_calls(), 0, "{first:?}");
        case.pass_to_just_before(retry_at).await;
    }
    // A question takes no unit, so it may pass.
    let nothing = guest.hit(0).await?;
    assert!(nothing.allowed(), "{nothing:?}");
    case.pass_to(retry_at).await;
    guest.passes(1).await
}

async fn a_refusal_of_several_units_is_not_remembered<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let guest = guest(&case, Guarded::remembering, 3);
    guest.passes(2).await?;
    guest.fails(2, Origin::Storage).await?;
    guest.fails(2, Origin::Storage).await?;
    guest.passes(1).await
}

async fn what_is_given_back_or_cleared_is_remembered_no_more<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let guest = guest(&case, Guarded::remembering, 2);
    let reserved = guest.limiter.reserve(&guest.item, &guest.id, 2).await?;
    let reserved = reserved.map_err(|refused| format!("two of two are left: {refused:?}"))?;
    let _ = guest.hit(1).await?;
    reserved.settle(1).await?;
    guest.passes(1).await?;
    let _ = guest.hit(1).await?;
    guest.limiter.clear(&guest.item, &guest.id).await?;
    guest.passes(2).await
}
