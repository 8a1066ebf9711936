use core::pin::Pin;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Conclusion, Failed, Trial};
use limits_core::window::{Elastic, Fixed, Gcra, Moving, SlidingCounter};
use limits_core::{Keeps, StrategyName};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::RwLock;
use tokio::time::timeout;

use super::attempts::{Tally, attempt};
use super::case::Case;
use super::fixture::Fixture;
use super::strategy::Tested;
use super::{behaviours, laws};

/// After this time a trial is taken for stuck.
const TRIAL_TIME: Duration = Duration::from_secs(60);

/// How a trial ends.
pub type Outcome = Result<(), Failed>;

/// One function about a single backend, by its name.
pub(super) type Own = (&'static str, fn() -> Boxed<Outcome>);

pub(super) type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

/// One function of the suite, by its name.
pub(super) struct Law<F, K> {
    name: &'static str,
    run: Box<dyn Fn(Case<F, K>) -> Boxed<Outcome> + Send + Sync>,
    runs_alone: bool,
    applies: fn(&F) -> bool,
}

/// Names a function of the suite.
pub(super) fn law<F, K, R>(
    name: &'static str,
    run: impl Fn(Case<F, K>) -> R + Send + Sync + 'static,
) -> Law<F, K>
where
    R: Future<Output = Outcome> + 'static,
{
    Law {
        name,
        run: Box::new(move |case| Box::pin(run(case))),
        runs_alone: false,
        applies: |_| true,
    }
}

impl<F, K> Law<F, K> {
    /// Says that nothing else may use the backend meanwhile.
    pub(super) fn alone(self) -> Self {
        Self {
            runs_alone: true,
            ..self
        }
    }

    /// Says on which fixtures the function can find anything out.
    pub(super) fn only_where(self, applies: fn(&F) -> bool) -> Self {
        Self { applies, ..self }
    }
}

/// A name and a way to make fixtures: what [`Suite::backend`] returns.
pub struct Backend<F> {
    name: &'static str,
    make: Arc<dyn Fn() -> Boxed<Result<F, Failed>> + Send + Sync>,
    /// Held for writing by a trial that empties the storage.
    quiet: Arc<RwLock<()>>,
}

impl<F> core::fmt::Debug for Backend<F> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Backend").field(&self.name).finish()
    }
}

/// A storage that keeps windows of all kinds, also by a name at run time.
pub trait KeepsAll:
    Keeps<Fixed>
    + Keeps<Elastic>
    + Keeps<Moving>
    + Keeps<SlidingCounter>
    + Keeps<Gcra>
    + Keeps<StrategyName>
{
}

impl<S> KeepsAll for S where
    S: Keeps<Fixed>
        + Keeps<Elastic>
        + Keeps<Moving>
        + Keeps<SlidingCounter>
        + Keeps<Gcra>
        + Keeps<StrategyName>
{
}

/// The list of trials, and the runtime they run on.
#[derive(Debug)]
pub struct Suite {
    runtime: Arc<Runtime>,
    trials: Vec<Trial>,
    /// Those that run alone: last, since each waits for all others to end.
    lone_trials: Vec<Trial>,
    tally: Arc<Tally>,
    trials_at_once: usize,
}

impl Suite {
    /// Makes a suite without trials.
    ///
    /// # Errors
    ///
    /// The runtime can't start its threads.
    pub fn new() -> io::Result<Self> {
        // More threads than one even on a single processor: that is what is tested.
        let runtime = Builder::new_multi_thread()
            .worker_threads(4)
            .enable_all()
            .build()?;
        Ok(Self {
            runtime: Arc::new(runtime),
            trials: Vec::new(),
            lone_trials: Vec::new(),
            tally: Arc::default(),
            // Where time is real, trials wait for it most of the time.
            trials_at_once: 32,
        })
    }

    /// Runs fewer trials at once than usual, or more: as many as leave a server the time to
    /// answer quickly.
    #[must_use]
    pub fn with_trials_at_once(self, trials_at_once: usize) -> Self {
        Self {
            trials_at_once,
            ..self
        }
    }

    /// Names a backend whose fixtures `make` makes, one for each trial.
    pub fn backend<F, R>(
        &self,
        name: &'static str,
        make: impl Fn() -> R + Send + Sync + 'static,
    ) -> Backend<F>
    where
        R: Future<Output = Result<F, Failed>> + 'static,
    {
        Backend {
            name,
            make: Arc::new(move || Box::pin(make())),
            quiet: Arc::default(),
        }
    }

    /// Adds the trials of every strategy, and of those that share a storage: for a
    /// storage that keeps all kinds of windows, also by a name at run time.
    pub fn every_strategy<F>(&mut self, backend: &Backend<F>)
    where
        F: Fixture<Storage: KeepsAll>,
    {
        self.fixed_window(backend);
        self.moving_window(backend);
        self.sliding_window_counter(backend);
        self.gcra(backend);
        self.all_strategies_together(backend);
    }

    /// Adds the trials of strategies that share a storage.
    pub fn all_strategies_together<F>(&mut self, backend: &Backend<F>)
    where
        F: Fixture<Storage: KeepsAll>,
    {
        self.add::<F, Fixed>(backend, behaviours::every_kind());
    }

    /// Adds the trials of the fixed window, plain and with elastic expiry.
    pub fn fixed_window<F>(&mut self, backend: &Backend<F>)
    where
        F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
    {
        self.strategy::<F, Fixed>(backend, behaviours::fixed());
        self.strategy::<F, Elastic>(backend, behaviours::elastic());
    }

    /// Adds the trials of the moving window.
    pub fn moving_window<F>(&mut self, backend: &Backend<F>)
    where
        F: Fixture<Storage: Keeps<Moving>>,
    {
        self.strategy::<F, Moving>(backend, behaviours::moving());
    }

    /// Adds the trials of the sliding window counter.
    pub fn sliding_window_counter<F>(&mut self, backend: &Backend<F>)
    where
        F: Fixture<Storage: Keeps<SlidingCounter>>,
    {
        self.strategy::<F, SlidingCounter>(backend, behaviours::sliding());
    }

    /// Adds the trials of the bucket that refills evenly.
    pub fn gcra<F>(&mut self, backend: &Backend<F>)
    where
        F: Fixture<Storage: Keeps<Gcra>>,
    {
        self.strategy::<F, Gcra>(backend, behaviours::gcra());
    }

    /// Adds the trials that are about the core's storage of fixed capacity only.
    pub fn fixed_capacity(&mut self, name: &str) {
        for (behaviour, run) in behaviours::fixed_capacity() {
            self.trial(&format!("{name}/{behaviour}"), run);
        }
    }

    /// Adds the trials that are about the bound of the storage in memory only.
    pub fn bounded_memory(&mut self, name: &str) {
        for (behaviour, run) in behaviours::bounded() {
            self.trial(&format!("{name}/{behaviour}"), run);
        }
    }

    /// Adds a trial that is about one backend only.
    pub fn trial<R>(&mut self, name: &str, run: impl FnOnce() -> R + Send + 'static)
    where
        R: Future<Output = Outcome>,
    {
        let run = async move || {
            timely(run()).await?;
            Ok(Completion::Completed)
        };
        self.trials.push(self.ignorable_trial(name, run));
    }

    /// Runs the trials that the command line asks for, and fails if too many of
    /// those in real time were disturbed and had to be run again.
    pub fn run(self) -> Conclusion {
        let mut arguments = Arguments::from_args();
        arguments.test_threads.get_or_insert(self.trials_at_once);
        let trials = self.trials.into_iter().chain(self.lone_trials);
        let mut conclusion = libtest_mimic::run(&arguments, trials.collect());
        if self.tally.has_trials() {
            println!("{}\n", self.tally);
        }
        if self.tally.is_unbearable() {
            eprintln!("the suite failed: so disturbed, what passed shows too little");
            conclusion.num_failed += 1;
        }
        conclusion
    }

    /// Adds what holds for every strategy, and what is special to one.
    fn strategy<F, K>(&mut self, backend: &Backend<F>, own: Vec<Law<F, K>>)
    where
        F: Fixture<Storage: Keeps<K>>,
        K: Tested,
    {
        self.add(backend, laws::all());
        self.add(backend, behaviours::all());
        self.add(backend, own);
    }

    fn add<F, K>(&mut self, backend: &Backend<F>, laws: Vec<Law<F, K>>)
    where
        F: Fixture<Storage: Keeps<K>>,
        K: Tested,
    {
        for law in laws {
            let name = format!("{}/{}/{}", backend.name, K::default().name(), law.name);
            let (make, quiet) = (Arc::clone(&backend.make), Arc::clone(&backend.quiet));
            let tally = Arc::clone(&self.tally);
            let runs_alone = law.runs_alone;
            let trial = self.ignorable_trial(&name, async move || {
                let (_some, _all);
                if law.runs_alone {
                    _all = quiet.write().await;
                } else {
                    _some = quiet.read().await;
                }
                let fixture = make().await?;
                if !(law.applies)(&fixture) {
                    return Ok(Completion::ignored_with("not shown by this backend"));
                }
                let trial = async || timely((law.run)(Case::new(make().await?))).await;
                attempt(&fixture, &tally, trial).await?;
                Ok(Completion::Completed)
            });
            if runs_alone {
                self.lone_trials.push(trial);
            } else {
                self.trials.push(trial);
            }
        }
    }

    fn ignorable_trial<R>(&self, name: &str, run: impl FnOnce() -> R + Send + 'static) -> Trial
    where
        R: Future<Output = Result<Completion, Failed>>,
    {
        let runtime = Arc::clone(&self.runtime);
        Trial::ignorable_test(name, move || runtime.block_on(run()))
    }
}

/// Ends a trial that would not end by itself.
async fn timely(trial: impl Future<Output = Outcome>) -> Outcome {
    let late = |_| format!("the trial did not end in {TRIAL_TIME:?}");
    timeout(TRIAL_TIME, trial).await.map_err(late)?
}
