//! The servers that other tests start: they answer, obey, and go away in every case.

mod launch;
