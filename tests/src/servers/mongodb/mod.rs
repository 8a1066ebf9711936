//! MongoDB: a single server, alone or as a replica set of one.

mod options;
mod server;

pub use options::MongoDbOptions;
pub use server::MongoDbServer;
