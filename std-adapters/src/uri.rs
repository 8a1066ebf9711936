//! Storages by URI.

use core::fmt;
use core::str::FromStr;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::any::AnyStorage;
use crate::error::StorageError;

/// Makes the storage that `uri` names, with the schemes of this crate.
///
/// | scheme | storage | options |
/// |---|---|---|
/// | `memory://` | `MemoryStorage` | `max_keys`: a bound on the keys |
///
/// Every scheme may have `async+` in front, as in Python `limits`. Options are
/// query parameters: `memory://?max_keys=10000`.
///
/// # Errors
///
/// Of kind [`Configuration`](crate::StorageErrorKind::Configuration), saying
/// which part of the URI is wrong. No connection is made yet.
pub fn storage_from_string(uri: &str) -> Result<AnyStorage, StorageError> {
    StorageSchemes::default().storage_from_string(uri)
}

/// Built-in schemes, each with a feature of its name.
const FEATURES: [&str; 1] = ["memory"];

type Make = dyn Fn(&StorageUri) -> Result<AnyStorage, StorageError> + Send + Sync;

/// The schemes that URIs of storages may have: the built-in ones and your own.
///
/// ```
/// use limits::{AnyStorage, MemoryStorage, StorageSchemes};
///
/// let schemes = StorageSchemes::default().with_scheme("mine", |uri| {
///     let size = uri.option("size")?.unwrap_or(100);
///     Ok(AnyStorage::new("mine", MemoryStorage::with_max_keys(size)))
/// });
/// let storage = schemes.storage_from_string("mine://?size=5")?;
/// # Ok::<(), limits::StorageError>(())
/// ```
#[derive(Clone)]
pub struct StorageSchemes(BTreeMap<String, Arc<Make>>);

impl Default for StorageSchemes {
    /// Starts with the schemes of the features that this crate was built with.
    fn default() -> Self {
        let schemes = Self(BTreeMap::new());
        #[cfg(feature = "memory")]
        let schemes = schemes.with_scheme(crate::memory::SCHEME, crate::memory::from_uri);
        schemes
    }
}

impl StorageSchemes {
    /// Adds a scheme, or replaces one, by how a storage is made for it.
    ///
    /// Schemes compare in lower case.
    #[must_use]
    pub fn with_scheme<F>(mut self, scheme: &str, make: F) -> Self
    where
        F: Fn(&StorageUri) -> Result<AnyStorage, StorageError> + Send + Sync + 'static,
    {
        self.0.insert(scheme.to_ascii_lowercase(), Arc::new(make));
        self
    }

    /// Makes the storage that `uri` names.
    ///
    /// # Errors
    ///
    /// As [`storage_from_string`], and what the scheme's own maker says.
    pub fn storage_from_string(&self, uri: &str) -> Result<AnyStorage, StorageError> {
        let uri: StorageUri = uri.parse()?;
        let Some(make) = self.0.get(uri.scheme()) else {
            return Err(self.unknown(&uri));
        };
        make(&uri)
    }

    fn unknown(&self, uri: &StorageUri) -> StorageError {
        if FEATURES.contains(&uri.scheme()) {
            return uri.wrong(format!(
                "needs the feature `{}` of the crate limits",
                uri.scheme()
            ));
        }
        let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
        let known = known.join(", ");
        uri.wrong(format!("unknown storage scheme, expected one of: {known}"))
    }
}

impl fmt::Debug for StorageSchemes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

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

    /// Refuses options that are not among `known`, and options given twice.
    ///
    /// # Errors
    ///
    /// Names the first such option.
    pub fn check_options(&self, known: &[&str]) -> Result<(), StorageError> {
        for (place, (option, _)) in self.options.iter().enumerate() {
            if !known.contains(&option.as_str()) {
                let known = known.join(", ");
                return Err(self.wrong(format!("unknown option `{option}`, known: {known}")));
            }
            if self.options[..place]
                .iter()
                .any(|(earlier, _)| earlier == option)
            {
                return Err(self.wrong(format!("the option `{option}` is given twice")));
            }
        }
        Ok(())
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

#[cfg(all(test, not(feature = "memory")))]
mod tests_without_features {
    use super::*;

    #[test]
    fn a_scheme_whose_feature_is_off_names_it() {
        let error = storage_from_string("memory://").expect_err("the feature is off");
        assert_eq!(
            error.to_string(),
            "memory: needs the feature `memory` of the crate limits"
        );
    }
}

#[cfg(all(test, feature = "memory"))]
mod tests {
    use super::*;

    fn message(uri: &str) -> String {
        storage_from_string(uri)
            .expect_err("a wrong URI")
            .to_string()
    }

    #[test]
    fn accepts_the_spellings_that_python_accepts() {
        for uri in [
            "memory://",
            "async+memory://",
            "MEMORY://",
            " memory://",
            "memory:",
        ] {
            assert!(storage_from_string(uri).is_ok(), "{uri}");
        }
    }

    #[test]
    fn says_which_part_is_wrong() {
        assert_eq!(
            message("memory"),
            "limits: the storage is not a URI, expected one such as memory://"
        );
        assert_eq!(
            message("carrier-pigeon://coop"),
            "carrier-pigeon: unknown storage scheme, expected one of: memory"
        );
        assert_eq!(
            message("memory://here"),
            "memory: takes no host and no path"
        );
        assert_eq!(
            message("memory://?max_keys=many"),
            "memory: the option `max_keys` has a wrong value"
        );
        assert_eq!(
            message("memory://?size=1"),
            "memory: unknown option `size`, known: max_keys"
        );
        assert_eq!(
            message("memory://?max_keys=1&max_keys=2"),
            "memory: the option `max_keys` is given twice"
        );
    }

    #[test]
    fn errors_hold_no_secret() {
        for uri in [
            "x://user:hunter2@host/0?password=hunter2",
            "user:hunter2@host",
            "hunter2",
        ] {
            let error = storage_from_string(uri).expect_err("an unknown scheme");
            assert!(
                !format!("{error} {error:?}").contains("hunter2"),
                "{error:?}"
            );
        }
        let uri: StorageUri = "x://user:hunter2@host?p=hunter2".parse().expect("a URI");
        assert!(!format!("{uri:?}").contains("hunter2"));
    }
}
