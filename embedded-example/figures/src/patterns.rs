//! How hits arrive: ordinary traffic, and what is hardest on a table.

use core::hint::black_box;
use core::sync::atomic::{AtomicU32, Ordering};

use limits_core::{Clock, RateLimitItem, Timestamp};
use semihosting::{print, println, process};

use crate::count::Counter;
use crate::{ANY_COST, KEYS};

/// A clock that costs two loads, so that what is counted is the limiter.
#[derive(Clone, Copy)]
pub struct CheapClock;

static NOW: [AtomicU32; 2] = [AtomicU32::new(0), AtomicU32::new(0)];

impl Clock for CheapClock {
    #[inline(always)]
    fn now(&self) -> Timestamp {
        let [low, high] = &NOW;
        let (low, high) = (low.load(Ordering::Relaxed), high.load(Ordering::Relaxed));
        Timestamp::from_micros((u64::from(high) << 32) | u64::from(low))
    }
}

/// A hit.
pub struct Call {
    /// The limit, which the compiler does not know.
    pub item: &'static RateLimitItem<'static>,
    /// Whom it limits.
    pub key: u32,
    /// How many units it takes.
    pub cost: u64,
}

/// What a limiter has answered.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Answer {
    /// The hit passes.
    Allowed,
    /// The limit is exceeded.
    Refused,
    /// The table has no slot for the key.
    Full,
    /// Any other error, which ends the run.
    Failed,
}

/// Counts the instructions of hits, tells what it found and ends the emulator.
pub fn run(
    size: usize,
    items: &'static [RateLimitItem<'static>],
    hit: fn(&Call) -> Answer,
    forget_all: fn(),
) -> ! {
    println!("bytes={size}");
    let mut traffic = Traffic::new(hit);
    for item in items {
        for (name, pattern) in PATTERNS {
            forget_all();
            traffic.now = 1 << 40;
            traffic.start(name, item);
            pattern(&mut traffic);
        }
    }
    traffic.tell();
    process::exit(0)
}

type Pattern = fn(&mut Traffic);

const ORDINARY: &str = "ordinary";

const PATTERNS: [(&str, Pattern); 5] = [
    (ORDINARY, ordinary),
    ("one key", one_key),
    ("full table", full_table),
    ("turn-over", turn_over),
    ("anything", anything),
];

/// A hit of one unit at a time, with half as many keys live as the table has
/// slots, a third of the hits from keys that come again and again.
fn ordinary(traffic: &mut Traffic) {
    for number in 0..2_000 {
        traffic.wait(traffic.period() * 2 / u64::from(KEYS));
        let key = traffic.random(if number % 3 == 0 { KEYS } else { 100_000 });
        traffic.hit(key, 1);
    }
}

/// One key until it is refused, and more, over the ends of some windows.
fn one_key(traffic: &mut Traffic) {
    for divisor in [1, 2, 3, 7, 100] {
        for _ in 0..40 {
            traffic.wait(traffic.period() / divisor / 10);
            for cost in [1, 2, 3, traffic.amount(), traffic.amount() + 1] {
                traffic.hit(1, cost);
            }
        }
    }
}

/// More new keys than there are slots, all at once, and again when those that
/// came first are over: known keys at the end of a set, and new ones that find
/// no slot or only the last of a set.
fn full_table(traffic: &mut Traffic) {
    for _ in 0..12 {
        for key in 0..4 * KEYS {
            traffic.hit(key, 1);
        }
        for key in (0..4 * KEYS).rev() {
            traffic.hit(key, traffic.amount().min(2));
        }
        traffic.wait(traffic.period() / 4);
    }
    traffic.wait(traffic.period());
    for key in 0..4 * KEYS {
        traffic.wait(traffic.period() / u64::from(KEYS));
        traffic.hit(key, 1);
    }
}

/// Known keys just before, at and after the ends of their windows.
fn turn_over(traffic: &mut Traffic) {
    let period = traffic.period();
    for gap in [
        1,
        period / 2,
        period - 1,
        period,
        period + 1,
        2 * period - 1,
        2 * period,
        3 * period,
    ] {
        for cost in [1, traffic.amount().div_ceil(2), traffic.amount()] {
            for _ in 0..3 {
                for key in 0..KEYS {
                    traffic.hit(key, cost);
                }
                traffic.wait(1);
            }
            traffic.wait(gap);
        }
    }
}

/// Any key, cost and gap; now and then the clock goes back.
fn anything(traffic: &mut Traffic) {
    for _ in 0..6_000 {
        let period = traffic.period();
        match traffic.random(8) {
            0 => traffic.wait(period / 7),
            1 => traffic.wait(period / 3),
            2 => traffic.wait(period / u64::from(KEYS)),
            3 if traffic.random(8) == 0 => traffic.wait(period - 1),
            4 if traffic.random(20) == 0 => traffic.now -= period / 5,
            _ => traffic.wait(1),
        }
        let few = traffic.random(2) == 0;
        let key = traffic.random(if few { 4 } else { 2 * KEYS });
        let cost = match traffic.random(4) {
            0 => (traffic.amount() * u64::from(traffic.random(1 << 10))) >> 10,
            1 => traffic.amount() + 1,
            _ => 1,
        };
        traffic.hit(key, cost);
    }
}

/// The hits so far and what they cost.
struct Traffic {
    counter: Counter,
    hit: fn(&Call) -> Answer,
    pattern: &'static str,
    item: &'static RateLimitItem<'static>,
    now: u64,
    random: u32,
    answers: [u32; 4],
    min: u32,
    worst: u32,
    worst_in: (&'static str, &'static RateLimitItem<'static>, u64, Answer),
    ordinary: (u32, u32),
}

static NO_ITEM: RateLimitItem<'static> = RateLimitItem::per_second(1);

impl Traffic {
    fn new(hit: fn(&Call) -> Answer) -> Self {
        Self {
            counter: Counter::start(),
            hit,
            pattern: "",
            item: &NO_ITEM,
            now: 0,
            random: 1,
            answers: [0; 4],
            min: u32::MAX,
            worst: 0,
            worst_in: ("", &NO_ITEM, 0, Answer::Failed),
            ordinary: (0, 0),
        }
    }

    fn start(&mut self, pattern: &'static str, item: &'static RateLimitItem<'static>) {
        self.pattern = pattern;
        self.item = item;
    }

    fn period(&self) -> u64 {
        self.item.get_expiry().as_micros()
    }

    fn amount(&self) -> u64 {
        self.item.amount()
    }

    fn wait(&mut self, micros: u64) {
        self.now += micros;
    }

    /// Tells a number below `end`, the same ones in every run (xorshift).
    fn random(&mut self, end: u32) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random % end
    }

    fn hit(&mut self, key: u32, cost: u64) {
        let cost = if ANY_COST { cost } else { 1 };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it splits the number in two"
        )]
        for (half, value) in NOW.iter().zip([self.now as u32, (self.now >> 32) as u32]) {
            half.store(value, Ordering::Relaxed);
        }
        let call = black_box(Call {
            item: self.item,
            key,
            cost,
        });
        let mut answer = Answer::Failed;
        let count = self.counter.instructions_of(|| answer = (self.hit)(&call));
        assert!(answer != Answer::Failed);
        self.add(count, cost, answer);
    }

    fn add(&mut self, count: u32, cost: u64, answer: Answer) {
        self.answers[answer as usize] += 1;
        self.min = self.min.min(count);
        if self.worst < count {
            self.worst = count;
            self.worst_in = (self.pattern, self.item, cost, answer);
        }
        if self.pattern == ORDINARY {
            self.ordinary.0 += count;
            self.ordinary.1 += 1;
        }
    }

    fn tell(&self) {
        println!("min={}", self.min);
        println!("mean={}", self.ordinary.0 / self.ordinary.1);
        println!("worst={}", self.worst);
        let (pattern, item, cost, answer) = self.worst_in;
        print!("worst_in={pattern}, {item}, cost {cost}, ");
        println!(
            "{}",
            ["allowed", "refused", "full", "failed"][answer as usize]
        );
        let [allowed, refused, full, _] = self.answers;
        println!("answers={allowed} allowed, {refused} refused, {full} full");
    }
}
