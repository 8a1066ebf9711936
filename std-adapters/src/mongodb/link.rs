use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::error::Error;
use mongodb::options::{ClientOptions, ConnectionString, IndexOptions};
use mongodb::{Client, Collection, IndexModel};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::error::Failure;
use super::options::Names;
use crate::error::StorageErrorKind;
use crate::uri::Timeouts;

/// Where a client comes from.
pub(super) enum Source {
    /// It is made when first needed, in the runtime of the first call.
    Uri(Box<ConnectionString>),
    Given(Client),
}

/// A collection of documents.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// Fixed windows.
    Counters,
    /// All others.
    Windows,
}

/// The way to the two collections.
pub(super) struct Link {
    source: Source,
    client: OnceCell<Client>,
    pub(super) names: Names,
    pub(super) timeouts: Timeouts,
    has_indexes: AtomicBool,
    /// As far as is known.
    pub(super) has_transactions: AtomicBool,
}

impl Link {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            client: OnceCell::new(),
            names: Names::default(),
            timeouts: Timeouts::default(),
            has_indexes: AtomicBool::new(false),
            has_transactions: AtomicBool::new(true),
        }
    }

    pub(super) async fn client(&self) -> Result<&Client, Failure> {
        let client = self.client.get_or_try_init(|| self.connect());
        let client = timeout(self.timeouts.connect(), client).await;
        client.unwrap_or_else(|_| Err(Failure::timed_out()))
    }

    async fn connect(&self) -> Result<Client, Failure> {
        let client = match &self.source {
            Source::Given(client) => Ok(client.clone()),
            Source::Uri(connection) => self.connect_to(connection).await,
        };
        client.map_err(|error| Failure::of(&error))
    }

    async fn connect_to(&self, connection: &ConnectionString) -> Result<Client, Error> {
        let mut options = ClientOptions::parse(connection.clone()).await?;
        options.connect_timeout = Some(self.timeouts.connect());
        options.server_selection_timeout = Some(self.timeouts.connect());
        Client::with_options(options)
    }

    /// One of the collections, which has its index.
    pub(super) async fn collection(&self, place: Place) -> Result<Collection<Document>, Failure> {
        if !self.has_indexes.load(Ordering::Acquire) {
            self.make_indexes().await?;
        }
        self.bare_collection(place).await
    }

    /// One of the collections, as it is.
    pub(super) async fn bare_collection(
        &self,
        place: Place,
    ) -> Result<Collection<Document>, Failure> {
        let database = self.client().await?.database(&self.names.database);
        Ok(database.collection(match place {
            Place::Counters => &self.names.counters,
            Place::Windows => &self.names.windows,
        }))
    }

    /// Makes the indexes by which the server deletes what is over, where they are missing.
    ///
    /// Calls that come together each do so: none waits for another.
    pub(super) async fn make_indexes(&self) -> Result<(), Failure> {
        for place in [Place::Counters, Place::Windows] {
            let collection = self.bare_collection(place).await?;
            let work = async move { collection.create_index(over()).await.map(drop) };
            self.bounded(work).await?;
        }
        self.has_indexes.store(true, Ordering::Release);
        Ok(())
    }

    /// Lets an operation of the driver take as long as the two timeouts together: as a
    /// task of its own, since the driver's futures are not to be dropped on their way
    /// (RUST-937), which callers of ours may do.
    pub(super) async fn bounded<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Failure> {
        let limit = self
            .timeouts
            .connect()
            .saturating_add(self.timeouts.response());
        match tokio::spawn(timeout(limit, work)).await {
            Ok(Ok(answer)) => answer.map_err(|error| Failure::of(&error)),
            Ok(Err(_)) => Err(Failure::timed_out()),
            Err(_) => {
                let message = "the operation ended with its runtime";
                Err(Failure::new(StorageErrorKind::Unavailable, message))
            }
        }
    }
}

/// The index of Python `limits`, under the name that it gets by default.
fn over() -> IndexModel {
    let options = IndexOptions::builder()
        .name("expireAt_1".to_owned())
        .expire_after(Duration::ZERO)
        .build();
    IndexModel::builder()
        .keys(doc! { "expireAt": 1 })
        .options(options)
        .build()
}
