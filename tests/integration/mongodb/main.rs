//! What only the storage in MongoDB does: its documents, its defects in Python that ours has
//! not, its URIs, and what it says when servers fail.

mod defects;
mod documents;
mod failures;
mod server;
mod together;
mod uris;
