use core::cmp::Reverse;

use limits_core::window::{Decide, Hit, Moving, MovingWindow, Run, RunLog};
use limits_core::{Decision, Limit, Micros, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::log::VecLog;
use super::{at_one_of, counted, for_all, same};
use crate::server::{Passage, Server, Told};

const STORED: &str = "LIMITS:key";

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

#[test]
fn hits_about_as_large_as_a_call_has_arguments_do_what_the_core_does() {
    let server = Server::start();
    for cost in [4_999, 5_000, 5_001, 9_999, 10_000, 10_001] {
        let case = Case {
            period: 60_000_000,
            entries: vec![(1_000_000, Style::Micros), (59_000_000, Style::Python(1))],
            amount: cost + 1,
            cost,
        };
        acquire(&server, &case).expect("it does what the core does");
        let case = Case {
            amount: cost + 2,
            ..case
        };
        acquire(&server, &case).expect("it does what the core does");
    }
}

#[derive(Clone, Debug)]
struct Case {
    /// In microseconds.
    period: u64,
    /// The ages of the entries, those of the future below 0, and how they are written.
    entries: Vec<(i64, Style)>,
    amount: u64,
    cost: u64,
}

/// How a client writes an instant.
#[derive(Clone, Copy, Debug)]
enum Style {
    /// `1795456495.906910`, as we do.
    Micros,
    /// `1795456495.9069104`: a double of Python.
    Python(i8),
    /// `1795456495.90691`: 15 digits of it, as some client of Python does.
    Short,
    /// `1795456495.9`: without zeros at the end.
    Bare,
}

fn cases() -> impl Strategy<Value = Case> {
    let style = prop_oneof![
        Just(Style::Micros),
        (-2..=2_i8).prop_map(Style::Python),
        Just(Style::Short),
        Just(Style::Bare),
    ];
    let period = prop_oneof![4 => 1_000_000..100_000_000_u64, 1 => 1..=(1_u64 << 52)];
    // Many are equal, and many are released about when the call comes.
    let age = prop_oneof![
        2 => (0..1_300_i64).prop_map(|share| (share, 0)),
        2 => (-900..100_i64).prop_map(|offset| (1_000, offset)),
        1 => Just((500, 0)),
    ];
    let newest = prop_oneof![4 => Just(None), 1 => (-400..1_i64).prop_map(Some)];
    let entries = (vec((age, style), 0..14), newest);
    let amount = prop_oneof![6 => 0..14_u64, 1 => Just(u64::MAX)];
    let case = (period, entries, amount, 0..14_u64);
    case.prop_map(|(period, (entries, newest), amount, cost)| {
        let entries = entries.into_iter();
        let mut entries: Vec<(i64, Style)> = entries
            .map(|((share, offset), style)| (age_of(period, share) + offset, style))
            .collect();
        entries.extend(newest.map(|share| (age_of(period, share), Style::Micros)));
        Case {
            period,
            entries,
            amount: amount.max(cost),
            cost,
        }
    })
}

/// A part of a period in thousandths, of at most about thirty years.
fn age_of(period: u64, thousandths: i64) -> i64 {
    let period = i64::try_from(period.min(1_000_000_000_000_000)).expect("it is small");
    period * thousandths / 1_000
}

impl Style {
    /// Writes an instant and tells the microsecond it then is.
    fn write(self, micros: u64) -> (u64, String) {
        let text = |micros: u64| format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        match self {
            Self::Micros => (micros, text(micros)),
            Self::Python(tenths) => {
                let tenths = (micros * 10).saturating_add_signed(tenths.into());
                let (seconds, rest) = (tenths / 10_000_000, tenths % 10_000_000);
                (micros, format!("{seconds}.{rest:07}"))
            }
            Self::Short => {
                let micros = micros / 10 * 10;
                let text = text(micros);
                (micros, text[..text.len() - 1].to_owned())
            }
            Self::Bare => {
                let micros = micros / 100_000 * 100_000;
                let text = text(micros);
                let text = text.trim_end_matches('0').trim_end_matches('.');
                (micros, text.to_owned())
            }
        }
    }
}

impl Case {
    fn limit(&self) -> Limit {
        Limit::new(self.amount, Micros::from_micros(self.period))
    }

    fn hit_at(&self, micros: u64) -> Hit {
        let now = Timestamp::from_micros(micros);
        Hit::new(counted(self.limit()), self.cost, now)
    }

    /// Puts the log into the server and tells the instants in it, newest first.
    fn keep(&self, server: &Server) -> Vec<(u64, String)> {
        let now = server.now();
        let entries = self.entries.iter();
        let mut log: Vec<(u64, String)> = entries
            .map(|(age, style)| style.write(now.saturating_add_signed(-age)))
            .collect();
        log.sort_by_key(|(taken, _)| Reverse(*taken));
        let texts: Vec<String> = log.iter().map(|(_, text)| text.clone()).collect();
        server.keep_list(STORED, &texts);
        if !texts.is_empty() {
            let end = now / 1_000 + 100_000;
            let () = server.ask(&["PEXPIREAT", STORED, &end.to_string()]);
        }
        log
    }

    /// The instants at which an answer may have been made that says when the
    /// oldest unit is released: which of them is the oldest tells the instant.
    fn instants(&self, log: &[(u64, String)], told: Told, passage: Passage) -> Vec<u64> {
        let releases = log.iter().map(|(taken, _)| taken + self.period);
        let by_release = releases.filter_map(|release| release.checked_sub(told.reset_after));
        let Passage { before, after } = passage;
        let mut instants: Vec<u64> = by_release.chain([before, after]).collect();
        instants.retain(|instant| (before..=after).contains(instant));
        instants
    }

    fn window(&self, log: &[(u64, String)]) -> MovingWindow<VecLog> {
        let mut runs = VecLog::EMPTY;
        for (taken, _) in log.iter().rev() {
            let released_at = Timestamp::from_micros(taken + self.period);
            runs.push(Run {
                released_at,
                units: 1,
            });
        }
        MovingWindow::new(runs)
    }
}

fn acquire(server: &Server, case: &Case) -> TestCaseResult {
    let log = case.keep(server);
    let before = server.entry(STORED);
    let hit = || server.hit(Moving, case.limit(), case.cost);
    let (seen, passage) = server.timed(hit);
    let seen = Told::from(seen);
    let (after, list) = (server.entry(STORED), server.list(STORED));
    let mut instants = case.instants(&log, seen, passage);
    // A unit taken says when.
    instants.extend(
        list.first()
            .and_then(|text| text.replace('.', "").parse::<u64>().ok()),
    );
    at_one_of(instants, |micros| {
        let mut window = case.window(&log);
        let (allowed, usage) = window.acquire(case.hit_at(*micros));
        let told = Decision::hit(allowed, case.hit_at(*micros), usage);
        same("told", &seen, &told.into())?;
        let ahead = log.iter().filter(|(taken, _)| taken > micros).count();
        if case.cost == 0 || (!allowed && ahead == 0) {
            return same("kept", &after, &before);
        }
        let taken = if allowed { case.cost } else { 0 };
        let now = ahead + usize::try_from(taken).expect("it is small");
        let mut expected = vec![Style::Micros.write(*micros).1; now];
        expected.extend(log[ahead..].iter().map(|(_, text)| text.clone()));
        if allowed {
            expected.truncate(usize::try_from(usage.used).expect("it is small"));
        }
        same("list", &list, &expected)?;
        let ends = (micros + case.period).div_ceil(1_000);
        let ends = ends - 1..=ends + 1 + passage.whole_millis();
        let expires = u64::try_from(after.end).is_ok_and(|end| ends.contains(&end));
        same("expires in time", &expires, &true)
    })
}

fn peek(server: &Server, case: &Case) -> TestCaseResult {
    let log = case.keep(server);
    let before = server.entry(STORED);
    let (seen, passage) = server.timed(|| server.test(Moving, case.limit(), case.cost));
    prop_assert_eq!(server.entry(STORED), before);
    let seen = Told::from(seen);
    at_one_of(case.instants(&log, seen, passage), |micros| {
        let hit = case.hit_at(*micros);
        let usage = case.window(&log).peek(hit);
        same("told", &seen, &Decision::test(hit, usage).into())
    })
}
