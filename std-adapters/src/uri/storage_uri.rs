use core::fmt;
use core::str::FromStr;
#[cfg(any(
    feature = "etcd",
    feature = "memcached",
    feature = "mongodb",
    feature = "redis",
    feature = "resilience"
))]
use core::{num::NonZeroU32, time::Duration};
use std::borrow::Cow;

use crate::error::StorageError;

/// A storage's URI in parts: `scheme://location?option=value`.
///
/// Its `Debug` shows neither the location nor the options, which may hold secrets.
#[derive(Clone, Eq, PartialEq)]
pub struct StorageUri {
    scheme: String,
    location: String,
    options: Vec<(String, String)>,
}

impl StorageUri {
    /// Tells the scheme in lower case, without `async+`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Tells what is between the scheme and the options: user, hosts and path.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Reads an option, `None` if it is not given.
    ///
    /// # Errors
    ///
    /// The option is given and is not a `T`.
    pub fn option<T: FromStr>(&self, name: &str) -> Result<Option<T>, StorageError> {
        let Some((_, value)) = self.options.iter().find(|(option, _)| option == name) else {
            return Ok(None);
        };
        let value = value.parse();
        value
            .map(Some)
            .map_err(|_| self.wrong(format!("the option `{name}` has a wrong value")))
    }

    /// Reads an option that is `true` or `false`, in any case, or `1` or `0`; `false`
    /// if it is not given.
    ///
    /// # Errors
    ///
    /// The option is given and is none of these.
    pub fn flag(&self, name: &str) -> Result<bool, StorageError> {
        let value = self.option::<String>(name)?.unwrap_or_default();
        match value.to_ascii_lowercase().as_str() {
            "" | "false" | "0" => Ok(false),
            "true" | "1" => Ok(true),
            _ => Err(self.wrong(format!("the option `{name}` is neither true nor false"))),
        }
    }

    /// Reads an option that is a number of milliseconds, one at least.
    #[cfg(any(
        feature = "etcd",
        feature = "memcached",
        feature = "mongodb",
        feature = "redis",
        feature = "resilience"
    ))]
    pub(crate) fn millis(&self, name: &str) -> Result<Option<Duration>, StorageError> {
        let millis: Option<NonZeroU32> = self.option(name)?;
        Ok(millis.map(|millis| Duration::from_millis(millis.get().into())))
    }

    /// Refuses options that are not among `known`, and options given twice.
    ///
    /// # Errors
    ///
    /// An option is unknown, which is not named, or is given twice.
    pub fn check_options(&self, known: &[&str]) -> Result<(), StorageError> {
        for (place, (option, _)) in self.options.iter().enumerate() {
            if !known.contains(&option.as_str()) {
                // It is not quoted: it may be the rest of a password with a `?` in it.
                let known = known.join(", ");
                let hint = "in a user or password a ? is written %3F";
                return Err(self.wrong(format!("unknown option, known: {known} ({hint})")));
            }
            let mut earlier = self.options[..place].iter();
            if earlier.any(|(earlier, _)| earlier == option) {
                return Err(self.wrong(format!("the option `{option}` is given twice")));
            }
        }
        Ok(())
    }

    /// The URI with some options only, and the URI with the others.
    pub(crate) fn split(&self, names: &[&str]) -> (Self, Self) {
        let options = self.options.iter().cloned();
        let (own, rest) = options.partition(|(option, _)| names.contains(&option.as_str()));
        let with = |options| Self {
            options,
            ..self.clone()
        };
        (with(own), with(rest))
    }

    /// Whether there are options.
    pub(crate) fn has_options(&self) -> bool {
        !self.options.is_empty()
    }

    /// The options besides one's `own`, as they are written in a URI. Those are looked at by
    /// somebody else, who may know ones that are given twice.
    #[cfg(feature = "mongodb")]
    pub(crate) fn options_besides(&self, own: &[&str]) -> Result<String, StorageError> {
        let (own_options, rest) = self.split(own);
        own_options.check_options(own)?;
        let rest = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(rest.options)
            .finish();
        // A plus is a space in forms only.
        Ok(rest.replace('+', "%20"))
    }

    /// Reads the URI of a storage that has these schemes and no others.
    #[cfg(any(
        feature = "etcd",
        feature = "memcached",
        feature = "mongodb",
        feature = "redis"
    ))]
    pub(crate) fn of_schemes(schemes: &[&str], uri: &str) -> Result<Self, StorageError> {
        let uri: Self = uri.parse()?;
        if schemes.contains(&uri.scheme()) {
            return Ok(uri);
        }
        let expected = schemes.join(", ");
        Err(uri.wrong(format!("not a scheme of this storage, expected {expected}")))
    }

    /// Makes an error about this URI that doesn't hold it.
    pub fn wrong(&self, reason: impl Into<Cow<'static, str>>) -> StorageError {
        StorageError::configuration(&self.scheme, reason.into())
    }
}

impl FromStr for StorageUri {
    type Err = StorageError;

    fn from_str(uri: &str) -> Result<Self, StorageError> {
        let not_a_uri = || {
            let reason = "the storage is not a URI, expected one such as memory://";
            StorageError::configuration("limits", reason)
        };
        let (scheme, rest) = uri.trim().split_once(':').ok_or_else(not_a_uri)?;
        let is_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        if scheme.is_empty() || !scheme.chars().all(is_scheme) {
            return Err(not_a_uri());
        }
        let scheme = scheme.to_ascii_lowercase();
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (location, query) = rest.split_once('?').unwrap_or((rest, ""));
        Ok(Self {
            scheme: scheme.strip_prefix("async+").unwrap_or(&scheme).to_owned(),
            location: location.to_owned(),
            options: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        })
    }
}

impl fmt::Debug for StorageUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageUri")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}
