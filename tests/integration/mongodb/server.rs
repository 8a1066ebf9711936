//! What the tests of MongoDB share.

use std::sync::LazyLock;

use limits::mongodb::Stored;
use limits::{MongoDbStorage, RateLimitItem, RateLimiter, SystemClock};
use limits_tests::servers::MongoDbServer;
use mongodb::bson::{DateTime, Document, doc};

/// A busy machine is not what is tested here.
pub(crate) const PATIENT: &str = "response_timeout_ms=5000&connect_timeout_ms=5000";

static SERVER: LazyLock<MongoDbServer> =
    LazyLock::new(|| MongoDbServer::start().expect("MongoDB starts"));

pub(crate) type Limiter<K> = RateLimiter<K, MongoDbStorage, SystemClock>;

/// The server of all tests that leave it as it is, and a database in it.
pub(crate) struct Database(pub(crate) &'static str);

impl Database {
    pub(crate) fn storage(&self) -> MongoDbStorage {
        let uri = format!("{}?{PATIENT}&database_name={}", SERVER.uri(), self.0);
        MongoDbStorage::from_uri(&uri).expect("the URI is right")
    }

    pub(crate) fn limiter<K: Stored + Default>(&self) -> Limiter<K> {
        RateLimiter::with_clock(self.storage(), SystemClock)
    }

    pub(crate) fn documents(&self, collection: &str) -> Vec<Document> {
        let documents = SERVER.documents(self.0, collection);
        documents.expect("MongoDB answers")
    }

    pub(crate) fn document(&self, collection: &str) -> Document {
        let [document] = &self.documents(collection)[..] else {
            panic!("not one document in {collection}");
        };
        document.clone()
    }

    pub(crate) fn index_names(&self, collection: &str) -> Vec<(String, Option<i32>)> {
        let indexes = SERVER.indexes(self.0, collection).expect("MongoDB answers");
        let index = |index: Document| {
            let name = index.get_str("name").expect("it has a name").to_owned();
            let after = index.get("expireAfterSeconds");
            (name, after.and_then(mongodb::bson::Bson::as_i32))
        };
        indexes.into_iter().map(index).collect()
    }

    /// Puts a document in a collection, under a key's name.
    pub(crate) fn put(&self, collection: &str, key: &str, fields: Document) {
        let mut document = doc! { "_id": key };
        document.extend(fields);
        let update = doc! { "q": { "_id": key }, "u": document, "upsert": true };
        let command = doc! { "update": collection, "updates": [update] };
        SERVER.command(self.0, command).expect("MongoDB answers");
    }
}

/// The key of an item and `u`.
pub(crate) fn key(item: &RateLimitItem<'_>) -> String {
    item.key_for("u").to_string()
}

/// The server's clock, which is ours here, and so many milliseconds later.
pub(crate) fn in_millis(millis: i64) -> DateTime {
    DateTime::from_millis(DateTime::now().timestamp_millis() + millis)
}
