use core::fmt;
use core::time::Duration;

use limits_core::{Key, Storage};
use mongodb::Client;
use mongodb::bson::doc;

use super::error::Failure;
use super::kinds::bucket_id;
use super::link::{Link, Place, Source};
use super::options::{Names, Options};
use crate::doubles::MOST_UNITS;
use crate::error::StorageError;
use crate::uri::StorageUri;

/// Counters in MongoDB, shared by every process that uses them: `mongodb://`,
/// `mongodb+srv://`.
///
/// The module's documentation says what is stored, how long calls take and what
/// happens when servers fail.
///
/// ```no_run
/// use limits::{MongoDbStorage, MovingWindowRateLimiter, RateLimitItem};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), limits::StorageError> {
/// let storage = MongoDbStorage::from_uri("mongodb://user:password@localhost:27017")?;
/// let limiter = MovingWindowRateLimiter::new(storage);
/// let decision = limiter.hit(&RateLimitItem::per_minute(100), "user-42", 1).await?;
/// # Ok(())
/// # }
/// ```
pub struct MongoDbStorage {
    pub(super) link: Link,
    pub(super) backend: String,
}

impl MongoDbStorage {
    /// The schemes of its URIs.
    pub(crate) const SCHEMES: &[&str] = &["mongodb", "mongodb+srv"];

    /// Makes the storage that a URI names; [`storage_from_string`](crate::storage_from_string)
    /// tells the options. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// Of kind [`Configuration`](crate::StorageErrorKind::Configuration), saying which
    /// part of the URI is wrong.
    pub fn from_uri(uri: &str) -> Result<Self, StorageError> {
        Self::of(&StorageUri::of_schemes(Self::SCHEMES, uri)?)
    }

    /// Makes the storage that a URI of one of its schemes names.
    pub(crate) fn of(uri: &StorageUri) -> Result<Self, StorageError> {
        let options = Options::read(uri)?;
        let mut link = Link::new(Source::Uri(Box::new(options.connection)));
        link.names = options.names;
        link.timeouts = options.timeouts;
        let backend = uri.scheme().to_owned();
        Ok(Self { link, backend })
    }

    /// Makes a storage of a client of your own, with that client's own timeouts beside the
    /// storage's.
    #[must_use]
    pub fn from_client(client: Client) -> Self {
        Self {
            link: Link::new(Source::Given(client)),
            backend: Self::SCHEMES[0].to_owned(),
        }
    }

    /// Uses a database of another name than `limits`.
    #[must_use]
    pub fn with_database_name(self, name: &str) -> Self {
        self.with_names(|names| name.clone_into(&mut names.database))
    }

    /// Uses a collection of another name than `counters` for fixed windows.
    #[must_use]
    pub fn with_counter_collection_name(self, name: &str) -> Self {
        self.with_names(|names| name.clone_into(&mut names.counters))
    }

    /// Uses a collection of another name than `windows` for all other windows.
    #[must_use]
    pub fn with_window_collection_name(self, name: &str) -> Self {
        self.with_names(|names| name.clone_into(&mut names.windows))
    }

    fn with_names(mut self, change: impl FnOnce(&mut Names)) -> Self {
        change(&mut self.link.names);
        self
    }

    /// Sets how long a server may take to be found and connected to, instead of one
    /// second; at most a day. The first call fixes it.
    #[must_use]
    pub fn with_connect_timeout(mut self, limit: Duration) -> Self {
        self.link.timeouts = self.link.timeouts.with_connect(limit);
        self
    }

    /// Sets how long an answer may take, instead of 500 ms; at most a day.
    #[must_use]
    pub fn with_response_timeout(mut self, limit: Duration) -> Self {
        self.link.timeouts = self.link.timeouts.with_response(limit);
        self
    }

    pub(super) fn error(&self, failure: Failure) -> StorageError {
        failure.into_storage_error(&self.backend)
    }

    async fn ping(&self) -> Result<(), Failure> {
        let database = self
            .link
            .client()
            .await?
            .database(&self.link.names.database);
        let work = async move { database.run_command(doc! { "ping": 1 }).await.map(drop) };
        self.link.bounded(work).await
    }

    async fn drop_collections(&self) -> Result<u64, Failure> {
        let mut documents = 0;
        for place in [Place::Counters, Place::Windows] {
            let collection = self.link.bare_collection(place).await?;
            let work = async move {
                let count = collection.count_documents(doc! {}).await?;
                collection.drop().await.map(|()| count)
            };
            documents += self.link.bounded(work).await?;
        }
        self.link.make_indexes().await?;
        Ok(documents)
    }

    async fn delete(&self, key: Key<'_>) -> Result<(), Failure> {
        let windows = doc! { "$in": [key.to_string(), bucket_id(key)] };
        let filters = [
            (Place::Counters, doc! { "_id": key.to_string() }),
            (Place::Windows, doc! { "_id": windows }),
        ];
        for (place, filter) in filters {
            let collection = self.link.bare_collection(place).await?;
            let work = async move { collection.delete_many(filter).await.map(drop) };
            self.link.bounded(work).await?;
        }
        Ok(())
    }
}

impl fmt::Debug for MongoDbStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoDbStorage")
            .field("backend", &self.backend)
            .field("names", &self.link.names)
            .finish_non_exhaustive()
    }
}

impl Storage for MongoDbStorage {
    type Error = StorageError;

    const MOST_UNITS: u64 = MOST_UNITS;

    /// Pings the server that is written to.
    async fn check(&self) -> Result<(), StorageError> {
        self.ping().await.map_err(|failure| self.error(failure))
    }

    /// Counts the documents of both collections, those too that are over and not yet
    /// deleted, drops the collections and makes their indexes anew: six round trips.
    async fn reset(&self) -> Result<u64, StorageError> {
        let documents = self.drop_collections().await;
        documents.map_err(|failure| self.error(failure))
    }

    /// Two round trips, one for each collection.
    async fn clear(&self, key: Key<'_>) -> Result<(), StorageError> {
        let cleared = self.delete(key).await;
        cleared.map_err(|failure| self.error(failure))
    }
}
