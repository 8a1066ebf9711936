/// How servers are grouped: [`Single`], [`Cluster`] or [`Sentinel`].
pub trait Topology: sealed::Sealed {}

/// One server.
#[derive(Debug)]
pub enum Single {}

/// A cluster.
#[derive(Debug)]
pub enum Cluster {}

/// A primary that sentinels watch and replace.
#[derive(Debug)]
pub enum Sentinel {}

impl<T: sealed::Sealed> Topology for T {}

pub(super) use sealed::Kind;

impl Kind {
    /// Tells the schemes of URIs, the one to name the storage by first.
    pub(super) const fn schemes(self) -> &'static [&'static str] {
        match self {
            Self::Single => &SINGLE,
            Self::Cluster => &CLUSTER,
            Self::Sentinel => &SENTINEL,
        }
    }
}

/// Those that end in `s` are encrypted.
const SINGLE: [&str; 6] = [
    "redis",
    "rediss",
    "redis+unix",
    "valkey",
    "valkeys",
    "valkey+unix",
];
const CLUSTER: [&str; 2] = ["redis+cluster", "valkey+cluster"];
const SENTINEL: [&str; 2] = ["redis+sentinel", "valkey+sentinel"];

mod sealed {
    /// A topology as a value.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    pub enum Kind {
        Single,
        Cluster,
        Sentinel,
    }

    pub trait Sealed {
        const KIND: Kind;
    }

    impl Sealed for super::Single {
        const KIND: Kind = Kind::Single;
    }

    impl Sealed for super::Cluster {
        const KIND: Kind = Kind::Cluster;
    }

    impl Sealed for super::Sentinel {
        const KIND: Kind = Kind::Sentinel;
    }
}
