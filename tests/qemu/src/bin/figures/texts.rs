//! What the tables say beside their numbers.

pub(crate) const HEAD: &str = "\
What the firmware and a limiter in it cost. This file is made by

    cargo run --release -p limits-qemu --bin figures -- --write

from the images in this folder, in the firmware's release profile (`opt-level =
\"s\"`, fat LTO). `--check` measures again and compares, the tables of instructions
and of a table's RAM to 3 %, the others to 5 %, and five times as wide where the
compiler is another one than here. The bars hold under any.

Flash is all that is loaded: vector table, code, constants and the initial values
of variables. RAM is all variables, without the stack. Both in bytes.";

const INSTRUCTIONS: &str = "\
A `hit` through the public API and a look at `allowed()`, keys of 32 bits, under
`CriticalSectionRawMutex`, called as a function. The compiler knows neither the
limit nor the key; the cost is 1. The clock takes two loads.

Counted by `SysTick` in QEMU, exactly: instructions, not cycles. Minimum and worst
are of about 60,000 hits a row: tables that run full, keys at the end of a set,
refused hits, windows that turn over, clocks that go back, periods from a second
to a day. The mean is of ordinary traffic: half as many keys live as there are
slots, a third of the hits from known keys.

GCRA multiplies to 64 bits for every slot it looks at. A Cortex-M0 does that in
software.";

const ANY_COST: &str = "\
As above, but for a cost that is known at run time only and from 1 to above the
amount.";

/// Tells the title of a table of instructions and its text.
pub(crate) const fn instructions(any_cost: bool) -> (&'static str, &'static str) {
    if any_cost {
        ("Instructions of a decision of any cost", ANY_COST)
    } else {
        ("Instructions of a decision", INSTRUCTIONS)
    }
}

pub(crate) const MEMORY: &str = "\
Of a `TableStorage` with keys of 32 bits: the bytes of a slot, key included, and
what a table takes however many slots it has.";

pub(crate) const LIMITER: &str = "\
Empty is an embassy firmware with the executor, the time driver and a task that
sleeps. With it: a fixed window limiter with a table of 16 keys of 32 bits, hit
once whenever the task wakes.";

pub(crate) const EXAMPLES: &str = "With their logs.";

pub(crate) const RIVAL: &str = "\
A limiter of governor without keys, `RateLimiter::direct` with a
`FakeRelativeClock`, counted as above over 2,000 checks on a Cortex-M3; RAM is
the limiter, its heap and its static variables, most of them the locks that stand
in for atomics of 64 bits. Neither version builds for a Cortex-M0.";
