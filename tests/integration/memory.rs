//! What is special to the memory of a server.

mod sharded;
