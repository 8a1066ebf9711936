//! Does what a request asks for: the part that `batch` and the single commands share.

mod answer;
mod identifier;
mod members;
mod op;
mod request;

use core::time::Duration;
use std::io;

use limits::{AnyStorage, RateLimitItem, Storage, StorageError, StrategyName};

pub(crate) use answer::{Answer, Seconds, Window};
pub(crate) use op::Op;
pub(crate) use request::{Defaults, Problem, Request};

/// The longest time that one request may sleep for.
pub(crate) const LONGEST_SLEEP: Duration = Duration::from_secs(3_600);

/// What can be asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Operation {
    Hit(Subject),
    Test(Subject),
    Stats(Subject),
    Clear(Subject),
    Check,
    Reset,
    Sleep(Duration),
}

impl Operation {
    pub(crate) const fn op(&self) -> Op {
        match self {
            Self::Hit(_) => Op::Hit,
            Self::Test(_) => Op::Test,
            Self::Stats(_) => Op::Stats,
            Self::Clear(_) => Op::Clear,
            Self::Check => Op::Check,
            Self::Reset => Op::Reset,
            Self::Sleep(_) => Op::Sleep,
        }
    }
}

/// Whose limit a request is about, and how it is decided.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Subject {
    pub(crate) item: RateLimitItem<'static>,
    pub(crate) ids: Vec<String>,
    pub(crate) cost: u64,
    pub(crate) namespace: String,
    pub(crate) strategy: StrategyName,
}

/// A storage, and what can be asked of it.
#[derive(Debug)]
pub(crate) struct Engine {
    storage: AnyStorage,
}

impl Engine {
    pub(crate) const fn new(storage: AnyStorage) -> Self {
        Self { storage }
    }

    /// Answers one line of JSON with another, without its line end; a wrong one with an error.
    pub(crate) async fn answer(&self, line: &[u8], defaults: &Defaults) -> io::Result<String> {
        let request = Request::read(line, defaults);
        let answer = match &request.operation {
            Ok(operation) => self
                .perform(operation)
                .await
                .unwrap_or_else(|error| Answer::failed(&error)),
            Err(problem) => Answer::from(problem.clone()),
        };
        answer.to_json(request.op, request.id)
    }

    /// Does what is asked for.
    pub(crate) async fn perform(&self, operation: &Operation) -> Result<Answer, StorageError> {
        match operation {
            Operation::Hit(subject) => self.hit(subject).await,
            Operation::Test(subject) => self.test(subject).await,
            Operation::Stats(subject) => self.stats(subject).await,
            Operation::Clear(subject) => self.clear(subject).await,
            Operation::Check => self.storage.check().await.map(|()| Answer::DONE),
            Operation::Reset => self.storage.reset().await.map(Answer::deleted),
            Operation::Sleep(time) => {
                tokio::time::sleep(*time).await;
                Ok(Answer::DONE)
            }
        }
    }

    async fn hit(&self, subject: &Subject) -> Result<Answer, StorageError> {
        let limiter = self.storage.limiter(subject.strategy)?;
        let (item, ids) = (subject.item(), subject.ids());
        let decision = limiter.hit(&item, ids.as_slice(), subject.cost).await?;
        Ok(Answer::from(&decision))
    }

    async fn test(&self, subject: &Subject) -> Result<Answer, StorageError> {
        let limiter = self.storage.limiter(subject.strategy)?;
        let (item, ids) = (subject.item(), subject.ids());
        let decision = limiter.test(&item, ids.as_slice(), subject.cost).await?;
        Ok(Answer::from(&decision))
    }

    async fn stats(&self, subject: &Subject) -> Result<Answer, StorageError> {
        let limiter = self.storage.limiter(subject.strategy)?;
        let (item, ids) = (subject.item(), subject.ids());
        let stats = limiter.get_window_stats(&item, ids.as_slice()).await?;
        Ok(Answer::from(&stats))
    }

    async fn clear(&self, subject: &Subject) -> Result<Answer, StorageError> {
        let (item, ids) = (subject.item(), subject.ids());
        self.storage.clear(item.key_for(ids.as_slice())).await?;
        Ok(Answer::DONE)
    }
}

impl Subject {
    /// Tells the limit under its namespace.
    pub(crate) fn item(&self) -> RateLimitItem<'_> {
        self.item.with_namespace(&self.namespace)
    }

    fn ids(&self) -> Vec<&str> {
        self.ids.iter().map(String::as_str).collect()
    }
}
