//! What `--help` teaches beyond the options.

pub(crate) const ABOUT: &str = "\
Decides on rate limits, with counters in any storage of the limits library.";

pub(crate) const AFTER: &str = "\
Exit codes:
  0  allowed, or done
  1  refused
  2  the command line, the limit or the storage's URI is wrong
  3  the storage failed, or input or output did

Limits:
  10/minute, 10 per minute, '100 per 2 hours'; second, minute, hour, day,
  month (30 days) and year (360 days)

A memory:// storage lives as long as the process: two single hits never meet in
it. Use batch or demo to try it, or a storage that is shared. Its URI may say what
happens when it is slow or fails: redis://localhost?timeout_ms=100&fail=open

Examples:
  limits parse '5/second; 100 per 2 hours'
  limits hit 10/minute user 42 || echo 'too many'
  limits --strategy moving-window run 1/minute backup -- ./backup
  limits demo
  limits bench --duration 1s

limits COMMAND --help tells more about each command.";

pub(crate) const PARSE: &str = "\
Several limits are separated by , ; or |. The key is the one that counters are
stored under; ID… stands for the identifiers, joined by /.

Examples:
  limits parse 10/minute
  limits parse '5/second; 100 per 2 hours' --json";

pub(crate) const HIT: &str = "\
A refused hit takes nothing. A cost above the limit is refused for ever; a cost
of 0 takes nothing and passes while the limit is not exceeded.
Exit code: 0 allowed, 1 refused, 2 wrong usage, 3 the storage failed.

A memory:// storage ends with this process, so every hit is the first one there.

Several limits are decided together: the hit takes from all or from none.

Examples:
  limits hit 10/minute user 42
  limits hit '5/second; 100/hour' user 42
  limits hit '1000 per day' upload alice --cost 25 --strategy moving-window
  limits hit 10/minute user 42 --json";

pub(crate) const TEST: &str = "\
Exit code: 0 it would be allowed, 1 it would be refused, 2 wrong usage, 3 the
storage failed.

Examples:
  limits test 10/minute user 42
  limits test 10/minute user 42 --cost 5 && echo 'room for five'";

pub(crate) const STATS: &str = "\
Ask by the strategy that the hits were decided by: windows differ in kind.

Examples:
  limits stats 10/minute user 42
  limits stats 10/minute user 42 --strategy sliding-window-counter --json";

pub(crate) const CLEAR: &str = "\
Examples:
  limits clear 10/minute user 42";

pub(crate) const CHECK: &str = "\
Exit code: 0 it answers, 2 its URI is wrong, 3 it doesn't answer.

Examples:
  limits check
  LIMITS_STORAGE=memory:// limits check --json";

pub(crate) const RESET: &str = "\
Examples:
  limits reset --yes";

pub(crate) const BATCH: &str = "\
Each line is a request and gets one line in answer, in order and at once:

  {\"op\":\"hit\",\"limit\":\"10/minute\",\"ids\":[\"user\",\"42\"]}
  {\"op\":\"hit\",\"allowed\":true,\"limit\":10,\"remaining\":9,
   \"reset_time\":1795455938.703191,\"retry_after\":0.0}

Requests:
  op         hit, test, stats, clear, check, reset, settle or sleep
  limit      one limit or several, '5/second; 100/hour', decided together:
             all or none; for hit, test, stats and clear
  ids        an array of strings and numbers; for the same
  cost       a whole number, 1 if not given
  namespace, strategy
             as --namespace and --strategy if not given
  reserve    a name under which an allowed hit is remembered; for hit and settle
  used       how many units a remembered hit used; for settle
  ms         how long to sleep, at most 3600000
  id         any value, given back in the answer

Answers:
  reset_time   seconds since 1970
  retry_after  seconds until the hit can pass; null if it never can
  limits       each limit's own answer, if there are several; the numbers beside
               it are those of the limit that binds
  origin       who answered, if it was not the storage: failed-open,
               failed-closed, fallback, remembered or shadow, as its URI asks
  ok           true, for clear, check, reset, settle and sleep; reset adds
               deleted
  given_back   units that settle gave back: below 0 if it took more, 0 when the
               window is over
  error, kind  what was wrong; kind is malformed for a line that is no JSON
               object or longer than 1 MiB, invalid for a member that is
               missing, wrong or unknown, else that of the storage's failure

A wrong line doesn't end the stream, blank ones are skipped.
Exit code: 0 when the stream has ended, whatever the answers; 2 the storage's
URI is wrong; 3 input or output failed.

Examples:
  echo '{\"op\":\"hit\",\"limit\":\"1/minute\",\"ids\":[\"me\"]}' | limits batch
  limits batch --strategy moving-window < requests.jsonl > answers.jsonl";

pub(crate) const RUN: &str = "\
Without --wait a command whose turn it isn't is refused at once. With it, the
wait is as long as the limit says, and none at all if that is longer than
DURATION. A command that ends while it waits has taken nothing.
Exit code: CMD's own; 1 refused, CMD was not run; 2 wrong usage; 3 the storage
failed; 126 CMD can't be run; 127 CMD was not found.

A memory:// storage ends with this process: only a shared one can limit CMD.

Examples:
  limits run 1/minute backup -- ./backup --all
  limits run 5/second api --wait 10s -- curl https://example.com/";

pub(crate) const DEMO: &str = "\
Virtual time: it takes no time and shows the same every time. The pattern grows
with the limit: its bursts are parts of the amount, at parts of the period. The
amount is at most 1000, the period at most a year.

Examples:
  limits demo
  limits demo --limit 20/minute --svg strategies.svg";

pub(crate) const BENCH: &str = "\
Every task hits again as soon as it has its answer, after a warm-up of a tenth
of DURATION, at most 1 s, that is not counted. One thread does it all, so the
figures are those of one process and its connections. Latency is the time from
a hit to its answer, in three digits; hits that failed have none and are no
decisions.

The keys are LIMITS-BENCH/0 and so on, whatever --namespace says. After the
warm-up and at the end those that were hit are cleared, one call each; no other
key is touched. Whoever stops it leaves those keys to expire. Two measurements
of a storage at a time share their keys.

With --json the same is one object: storage is the scheme of the URI, seconds
the time measured, p50_us to max_us are the latency in microseconds.
Exit code: 0 measured, though some hits may have failed; 2 wrong usage; 3 the
storage doesn't answer, failed at every hit, or can't be cleared.

Examples:
  limits bench
  limits bench 100/minute --keys 10 --duration 2s --strategy moving-window
  limits --storage memory://?max_keys=500 bench --concurrency 1 --json";

pub(crate) const COMPLETIONS: &str = "\
Examples:
  limits completions bash > ~/.local/share/bash-completion/completions/limits
  limits completions fish > ~/.config/fish/completions/limits.fish
  limits completions zsh > \"${fpath[1]}/_limits\"";
