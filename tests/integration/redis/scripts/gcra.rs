use limits_core::window::{Decide, Gcra, Hit, Usage, Window};
use limits_core::{Decision, GcraWindow, Limit, Micros, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::{LONGEST_MILLIS, MOST, at_one_of, counted, for_all, numbers, same};
use crate::server::{Passage, Server, Told};

const STORED: &str = "LIMITS:{key}/gcra";

#[test]
fn a_hit_does_what_the_core_does() {
    let server = Server::start();
    for_all(800, &cases(), |case| acquire(&server, &case));
}

#[test]
fn a_question_is_answered_as_the_core_does() {
    let server = Server::start();
    for_all(300, &cases(), |case| peek(&server, &case));
}

#[derive(Clone, Debug)]
struct Case {
    amount: u64,
    /// In microseconds.
    period: u64,
    /// In how many microseconds the bucket is full, and the parts by which it is sooner;
    /// a clock that went back leaves some of more than a period.
    bucket: Option<(i64, u64)>,
    cost: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    let longest = LONGEST_MILLIS * 1_000;
    let period = prop_oneof![
        3 => 1_000_000..100_000_000_u64,
        1 => 1..=longest,
        1 => longest / 2..=longest,
    ];
    let amount = prop_oneof![3 => 1..200_u64, 1 => 1..=MOST, 1 => Just(MOST), 1 => Just(u64::MAX)];
    let ahead = prop_oneof![4 => 0..1_000_i64, 1 => 1_000..1_500_i64, 1 => Just(-1)];
    let bucket = proptest::option::weighted(0.9, (ahead, any::<u64>()));
    let cost = prop_oneof![3 => (0..1_001_u64).prop_map(|share| (share, 0)), 2 => numbers().prop_map(|cost| (0, cost))];
    let case = (amount, period, bucket, cost);
    case.prop_map(|(amount, period, bucket, (share, cost))| {
        let most = amount.min(MOST);
        let part_of = |whole: u64, share: i64| {
            let part = i128::from(whole) * i128::from(share) / 1_000;
            i64::try_from(part).expect("it is not above 2^53")
        };
        let of_the_amount = u128::from(most) * u128::from(share) / 1_000;
        let cost = cost + u64::try_from(of_the_amount).expect("it is a part");
        let bucket = bucket.map(|(ahead, sooner)| (part_of(period, ahead), sooner % most));
        Case {
            amount,
            period,
            bucket,
            cost: cost.min(most),
        }
    })
}

/// The three numbers that are kept.
type Bucket = (u64, u64, u64);

impl Case {
    fn limit(&self) -> Limit {
        Limit::new(self.amount, Micros::from_micros(self.period))
    }

    fn hit_at(&self, now: u64) -> Hit {
        Hit::new(
            counted(self.limit()),
            self.cost,
            Timestamp::from_micros(now),
        )
    }

    /// Puts the bucket into the server and tells its numbers.
    fn keep(&self, server: &Server) -> Option<Bucket> {
        server.forget(STORED);
        let (ahead, sooner) = self.bucket?;
        let full_at = server
            .now()
            .checked_add_signed(ahead)
            .expect("it is not long ago");
        let () = server.ask(&[
            "SET",
            STORED,
            &format!("{full_at} {sooner} 77"),
            "EX",
            "1000",
        ]);
        Some((full_at, sooner, 77))
    }

    /// The core's window of a bucket at an instant.
    fn window(&self, bucket: Option<Bucket>, now: u64) -> GcraWindow {
        let amount = self.hit_at(now).limit().amount();
        let (full_at, sooner, given) = bucket.unwrap_or((0, 0, 0));
        let ahead = full_at.saturating_sub(now);
        let (ahead, sooner) = if ahead > self.period {
            (self.period, 0)
        } else {
            (ahead, sooner)
        };
        let missing = u128::from(amount) * u128::from(ahead);
        let missing = missing.saturating_sub(sooner.into());
        GcraWindow::new(missing, Timestamp::from_micros(now), amount, given)
    }

    /// The instants at which an answer may have been made: what is missing tells them.
    fn instants(&self, bucket: Option<Bucket>, decision: Decision, passage: Passage) -> Vec<u64> {
        let Usage::Gcra(window) = *decision.usage() else {
            panic!("{decision:?}")
        };
        let amount = decision.limit().max(1);
        let ahead = window.missing().div_ceil(amount.into());
        let ahead = u64::try_from(ahead).expect("it is not above 2^53");
        let by_end = bucket.and_then(|(full_at, ..)| full_at.checked_sub(ahead));
        let instants = [passage.before, passage.after].into_iter().chain(by_end);
        instants
            .filter(|instant| (passage.before..=passage.after).contains(instant))
            .collect()
    }
}

fn stored(server: &Server) -> Option<Bucket> {
    let text: Option<String> = server.ask(&["GET", STORED]);
    let text = text?;
    let mut numbers = text
        .split(' ')
        .map(|number| number.parse().expect("it is a number"));
    let mut next = || numbers.next().expect("there are three");
    Some((next(), next(), next()))
}

fn acquire(server: &Server, case: &Case) -> TestCaseResult {
    let bucket = case.keep(server);
    let before = server.entry(STORED);
    let (seen, passage) = server.timed(|| server.hit(Gcra, case.limit(), case.cost));
    let (after, kept) = (server.entry(STORED), stored(server));
    let mut instants = case.instants(bucket, seen, passage);
    instants.extend(case.instants(kept, seen, passage));
    at_one_of(instants, |now| {
        let (mut window, hit) = (case.window(bucket, *now), case.hit_at(*now));
        let is_far = bucket.is_some_and(|(full_at, ..)| full_at > now + case.period);
        let (allowed, usage) = window.acquire(hit);
        same(
            "told",
            &Told::from(seen),
            &Decision::hit(allowed, hit, usage).into(),
        )?;
        if case.cost == 0 || !(allowed || is_far) {
            return same("kept", &after, &before);
        }
        // What is full again at once may be gone by now.
        if kept.is_none() && window.is_over(Timestamp::from_micros(now + 5_000)) {
            return Ok(());
        }
        let kept_window = case.window(kept, *now);
        same("missing", &kept_window.missing(), &window.missing())?;
        let expires_at = kept.map_or(0, |(full_at, ..)| full_at / 1_000);
        let expires = u64::try_from(after.end)
            .is_ok_and(|end| (expires_at..=expires_at + 1 + passage.whole_millis()).contains(&end));
        same("expires when it is full", &expires, &true)
    })
}

fn peek(server: &Server, case: &Case) -> TestCaseResult {
    let bucket = case.keep(server);
    let before = server.entry(STORED);
    let (seen, passage) = server.timed(|| server.test(Gcra, case.limit(), case.cost));
    prop_assert_eq!(server.entry(STORED), before);
    at_one_of(case.instants(bucket, seen, passage), |now| {
        let (window, hit) = (case.window(bucket, *now), case.hit_at(*now));
        let expected = Decision::test(hit, window.peek(hit));
        same("told", &Told::from(seen), &expected.into())
    })
}

#[test]
fn units_given_back_are_counted_anew_when_the_bucket_was_full() {
    let server = Server::start();
    let limit = Limit::new(5, Micros::from_secs(60));
    let () = server.ask(&[
        "SET",
        STORED,
        &format!("{} 0 77", server.now() + 60_000_000),
    ]);
    assert!(!server.hit(Gcra, limit, 1).allowed());
    assert_eq!(stored(&server).map(|(.., given)| given), Some(77));
    let () = server.ask(&["SET", STORED, &format!("{} 0 77", server.now() + 6_000_000)]);
    assert!(server.hit(Gcra, limit, 1).allowed());
    assert_eq!(stored(&server).map(|(.., given)| given), Some(77));
    let () = server.ask(&["SET", STORED, &format!("{} 0 77", server.now() - 1)]);
    assert!(server.hit(Gcra, limit, 1).allowed());
    let first = stored(&server).map(|(.., given)| given);
    assert!(
        first.is_some_and(|given| given != 77 && given <= MOST),
        "{first:?}"
    );
}
