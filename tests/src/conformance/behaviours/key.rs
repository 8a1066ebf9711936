//! Which hits count together: those of one item and one text of identifiers.

use limits_core::{Identifiers, Keeps, RateLimitItem};

use crate::conformance::case::{Case, unique_id};
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};

pub(super) fn all<F: Fixture<Storage: Keeps<K>>, K: Tested>() -> Vec<Law<F, K>> {
    vec![
        law("identifiers_are_kept_apart", identifiers_are_kept_apart),
        law("namespaces_are_kept_apart", namespaces_are_kept_apart),
        law("amounts_are_kept_apart", amounts_are_kept_apart),
        law("periods_are_kept_apart", periods_are_kept_apart),
        law("equal_limits_share_a_counter", equal_limits_share_a_counter),
        law(
            "several_identifiers_name_one_counter",
            several_identifiers_name_one_counter,
        ),
        law(
            "numbers_and_bytes_are_identifiers",
            numbers_and_bytes_are_identifiers,
        ),
        law(
            "odd_identifiers_are_kept_apart",
            odd_identifiers_are_kept_apart,
        ),
        law(
            "an_empty_identifier_is_not_none",
            an_empty_identifier_is_not_none,
        ),
        law(
            "the_longest_keys_are_kept_apart",
            the_longest_keys_are_kept_apart,
        ),
    ]
}

async fn identifiers_are_kept_apart<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let users: Vec<_> = (0..5).map(|_| case.patient_user(2)).collect();
    for user in &users {
        user.passes(2).await?;
        user.fails(1).await?;
    }
    users[2].clear().await?;
    for (number, user) in users.iter().enumerate() {
        let hit = user.hit(1).await?;
        assert_eq!(hit.allowed(), number == 2, "user {number}: {hit:?}");
    }
    Ok(())
}

async fn namespaces_are_kept_apart<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let (item, id) = (RateLimitItem::per_hour(2), unique_id());
    let namespaces = ["LIMITER", "limiter", "API", "API/v1", ""];
    for namespace in namespaces {
        let user = case.user_of(item.with_namespace(namespace), &id);
        user.passes(2).await?;
        user.fails(1).await?;
    }
    case.user_of(item.with_namespace("API"), &id)
        .clear()
        .await?;
    for namespace in namespaces {
        let user = case.user_of(item.with_namespace(namespace), &id);
        let hit = user.hit(1).await?;
        assert_eq!(hit.allowed(), namespace == "API", "{namespace}: {hit:?}");
    }
    Ok(())
}

async fn amounts_are_kept_apart<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let id = unique_id();
    for amount in [2, 3, 10, 1] {
        let user = case.user_of(RateLimitItem::per_hour(amount), &id);
        user.passes(amount).await?;
        user.fails(1).await?;
    }
    Ok(())
}

async fn periods_are_kept_apart<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let id = unique_id();
    let hour = RateLimitItem::per_hour(2);
    let two_hours = hour.with_multiples(core::num::NonZeroU32::MIN.saturating_add(1));
    for item in [hour, two_hours, RateLimitItem::per_day(2)] {
        let user = case.user_of(item, &id);
        user.passes(2).await?;
        user.fails(1).await?;
    }
    Ok(())
}

async fn equal_limits_share_a_counter<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let id = unique_id();
    let built = case.user_of(RateLimitItem::per_hour(3), &id);
    let written = case.user_of(RateLimitItem::parse("3 per 1 hour")?, &id);
    built.passes(2).await?;
    written.passes(1).await?;
    built.fails(1).await?;
    written.fails(1).await?;
    Ok(())
}

async fn several_identifiers_name_one_counter<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let (user, other) = (case.patient_user(2), unique_id());
    let (limiter, item, id) = (&user.limiter, &user.item, user.id.as_str());
    for _ in 0..2 {
        let hit = limiter.hit(item, &[id, &other], 1).await?;
        assert!(hit.allowed(), "{hit:?}");
    }
    let hit = limiter.hit(item, &[id, &other], 1).await?;
    assert!(!hit.allowed(), "{hit:?}");
    for apart in [&[other.as_str(), id][..], &[id], &[id, &other, "x"]] {
        let hit = limiter.hit(item, apart, 1).await?;
        assert!(hit.allowed(), "{apart:?}: {hit:?}");
    }
    // Nothing is escaped, as in Python.
    let joined = format!("{id}/{other}");
    let hit = limiter.hit(item, &joined, 1).await?;
    assert!(!hit.allowed(), "{hit:?}");
    Ok(())
}

async fn numbers_and_bytes_are_identifiers<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    // A number can't be made unique, so the namespace is.
    let namespace: &'static str = unique_id().leak();
    let item = RateLimitItem::per_hour(1).with_namespace(namespace);
    let user = case.user_of(item, "7");
    let limiter = &user.limiter;
    assert!(
        limiter.hit(&item, 7_u8, 1).await?.allowed(),
        "at {:?}",
        user.now()
    );
    user.fails(1).await?;
    assert!(
        limiter.hit(&item, u64::MAX, 1).await?.allowed(),
        "at {:?}",
        user.now()
    );
    assert!(
        !limiter.hit(&item, u64::MAX, 1).await?.allowed(),
        "at {:?}",
        user.now()
    );
    assert!(
        limiter
            .hit(&item, Identifiers::Bytes(&[7, 255]), 1)
            .await?
            .allowed(),
        "at {:?}",
        user.now()
    );
    assert!(
        !limiter.hit(&item, "07ff", 1).await?.allowed(),
        "at {:?}",
        user.now()
    );
    Ok(())
}

async fn odd_identifiers_are_kept_apart<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let id = unique_id();
    let odd = [
        "", " ", "  ", "\t", "\r\n", "\0", "\u{1}", "\u{7f}", "/", "//", ":", "*", "?", "[a-z]",
        "{", "}", "{x}", "\"", "'", "\\", "%", "%20", "$", ".", "..", "é", "e\u{301}", "ß", "限制",
        "🦀",
    ];
    // A storage of fixed capacity holds no more keys at once.
    assert!(odd.len() < 32, "{} identifiers", odd.len());
    for suffix in odd {
        let user = case.user_of(RateLimitItem::per_hour(2), format!("{id}{suffix}"));
        user.passes(2).await?;
        let refused = user.refused(1).await?;
        assert_eq!(refused.remaining(), 0, "{suffix:?}: {refused:?}");
    }
    for suffix in odd {
        let user = case.user_of(RateLimitItem::per_hour(2), format!("{id}{suffix}"));
        let stats = user.stats().await?;
        assert_eq!(stats.remaining, 0, "{suffix:?}: {stats:?}");
        user.clear().await?;
        let stats = user.stats().await?;
        assert_eq!(stats.remaining, 2, "{suffix:?}: {stats:?}");
    }
    Ok(())
}

async fn an_empty_identifier_is_not_none<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let namespace: &'static str = unique_id().leak();
    let user = case.user_of(RateLimitItem::per_hour(2).with_namespace(namespace), "");
    user.passes(2).await?;
    user.fails(1).await?;
    let none: &[&str] = &[];
    let hit = user.limiter.hit(&user.item, none, 2).await?;
    assert!(hit.allowed(), "{hit:?}");
    let hit = user.limiter.hit(&user.item, none, 1).await?;
    assert!(!hit.allowed(), "{hit:?}");
    user.clear().await?;
    user.passes(2).await?;
    Ok(())
}

async fn the_longest_keys_are_kept_apart<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let item = RateLimitItem::per_hour(2);
    let around = item.key_for("").to_string().len();
    let longest = case.fixture.longest_key() - around;
    let id = unique_id();
    let users = [("a", longest), ("b", longest), ("a", longest - 1)].map(|(end, length)| {
        let padding = "x".repeat(length - id.len() - end.len());
        case.user_of(item, format!("{id}{padding}{end}"))
    });
    for user in &users {
        user.passes(2).await?;
        user.fails(1).await?;
    }
    users[1].clear().await?;
    users[0].fails(1).await?;
    users[1].passes(2).await?;
    users[2].fails(1).await?;
    Ok(())
}
