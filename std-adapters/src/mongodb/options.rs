//! What a URI says of the servers and the collections.

use mongodb::options::ConnectionString;

use crate::error::StorageError;
use crate::uri::{StorageUri, Timeouts};

/// The options that the driver does not know.
const OWN: [&str; 3] = [
    "database_name",
    "counter_collection_name",
    "window_collection_name",
];

/// Where the documents are: by default where Python `limits` has them.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) database: String,
    pub(super) counters: String,
    pub(super) windows: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            database: "limits".to_owned(),
            counters: "counters".to_owned(),
            windows: "windows".to_owned(),
        }
    }
}

/// A URI that has been read.
pub(super) struct Options {
    pub(super) connection: ConnectionString,
    pub(super) names: Names,
    pub(super) timeouts: Timeouts,
}

impl Options {
    pub(super) fn read(uri: &StorageUri) -> Result<Self, StorageError> {
        let rest = uri.options_besides(&[&OWN[..], &Timeouts::OPTIONS].concat())?;
        let location = uri.location();
        // The driver wants a slash before the options.
        let slash = if location.contains('/') || rest.is_empty() {
            ""
        } else {
            "/"
        };
        let mark = if rest.is_empty() { "" } else { "?" };
        let text = format!("{}://{location}{slash}{mark}{rest}", uri.scheme());
        let connection = ConnectionString::parse(text).map_err(|_| {
            // What the driver says may quote a password.
            uri.wrong(
                "the driver refuses the URI: look at the hosts, at the user and the password, \
                 which are percent-encoded, and at the driver's options",
            )
        })?;
        Ok(Self {
            connection,
            names: names(uri)?,
            timeouts: Timeouts::of(uri)?,
        })
    }
}

fn names(uri: &StorageUri) -> Result<Names, StorageError> {
    let name = |option: &str, default: String| match uri.option::<String>(option)? {
        Some(name) if name.is_empty() => Err(uri.wrong(format!("the option `{option}` is empty"))),
        name => Ok(name.unwrap_or(default)),
    };
    let default = Names::default();
    Ok(Names {
        database: name("database_name", default.database)?,
        counters: name("counter_collection_name", default.counters)?,
        windows: name("window_collection_name", default.windows)?,
    })
}
