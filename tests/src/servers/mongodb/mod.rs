//! MongoDB: a single server, alone or as a replica set of one, and a replica set of three.

mod options;
mod replica_set;
mod server;

pub use options::MongoDbOptions;
pub use replica_set::MongoDbReplicaSet;
pub use server::MongoDbServer;
