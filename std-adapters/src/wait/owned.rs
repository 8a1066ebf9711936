//! Asks that outlive the call they were made for.

use core::num::NonZeroU32;

use limits_core::{Ask, Identifiers, Key, Limit, RateLimitItem};

/// An ask without borrows. A store may tell keys apart by their parts, so these are kept
/// rather than the key's text.
pub(super) struct OwnedAsk<K> {
    kind: K,
    key: OwnedKey,
    limit: Limit,
    cost: u64,
}

enum OwnedKey {
    Text(String),
    Item(RateLimitItem<'static>, String, OwnedIdentifiers),
}

enum OwnedIdentifiers {
    Text(String),
    Texts(Vec<String>),
    Number(u64),
    Bytes(Vec<u8>),
}

/// The parts of a key that an ask borrows from.
pub(super) struct Parts<'a> {
    item: Option<RateLimitItem<'a>>,
    texts: Vec<&'a str>,
}

impl<K: Copy> OwnedAsk<K> {
    pub(super) fn of(ask: &Ask<'_, K>) -> Self {
        Self {
            kind: ask.kind(),
            key: OwnedKey::of(&ask.key()),
            limit: ask.limit(),
            cost: ask.cost(),
        }
    }

    pub(super) fn parts(&self) -> Parts<'_> {
        let (item, identifiers) = match &self.key {
            OwnedKey::Item(item, namespace, ids) => (Some(item.with_namespace(namespace)), ids),
            OwnedKey::Text(_) => return Parts::NONE,
        };
        let texts = match identifiers {
            OwnedIdentifiers::Texts(texts) => texts.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        Parts { item, texts }
    }

    pub(super) fn ask<'a>(&'a self, parts: &'a Parts<'_>) -> Ask<'a, K> {
        let key = match (&self.key, &parts.item) {
            (OwnedKey::Item(_, _, ids), Some(item)) => item.key_for(ids.borrowed(&parts.texts)),
            (OwnedKey::Item(..), None) => Key::from(""),
            (OwnedKey::Text(text), _) => Key::from(text.as_str()),
        };
        Ask::of_key(self.kind, key, self.limit, self.cost)
    }
}

impl Parts<'_> {
    const NONE: Self = Self {
        item: None,
        texts: Vec::new(),
    };
}

impl OwnedKey {
    fn of(key: &Key<'_>) -> Self {
        let (Some(item), Some(ids)) = (key.item(), OwnedIdentifiers::of(key.identifiers())) else {
            return Self::Text(key.to_string());
        };
        let multiples = NonZeroU32::new(item.multiples()).unwrap_or(NonZeroU32::MIN);
        let own = RateLimitItem::new(item.amount(), item.granularity()).with_multiples(multiples);
        Self::Item(own, item.namespace().to_owned(), ids)
    }
}

impl OwnedIdentifiers {
    /// `None` for a form that this version doesn't know.
    fn of(identifiers: Identifiers<'_>) -> Option<Self> {
        Some(match identifiers {
            Identifiers::Text(text) => Self::Text(text.to_owned()),
            Identifiers::Texts(texts) => {
                Self::Texts(texts.iter().map(|text| (*text).to_owned()).collect())
            }
            Identifiers::Number(number) => Self::Number(number),
            Identifiers::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            _ => return None,
        })
    }

    fn borrowed<'a>(&'a self, texts: &'a [&'a str]) -> Identifiers<'a> {
        match self {
            Self::Text(text) => Identifiers::Text(text),
            Self::Texts(_) => Identifiers::Texts(texts),
            Self::Number(number) => Identifiers::Number(*number),
            Self::Bytes(bytes) => Identifiers::Bytes(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use limits_core::window::Moving;

    #[test]
    fn an_owned_ask_asks_the_same() {
        let two = NonZeroU32::MIN.saturating_add(1);
        let plain = RateLimitItem::per_minute(5);
        let named = RateLimitItem::per_hour(7)
            .with_multiples(two)
            .with_namespace("shop");
        for item in [plain, named] {
            for ids in [
                Identifiers::Text("a"),
                Identifiers::Texts(&["a", "b"]),
                Identifiers::Texts(&[]),
                Identifiers::Number(7),
                Identifiers::Bytes(&[1, 255]),
            ] {
                let ask = Ask::new(Moving, &item, ids, 3);
                let owned = OwnedAsk::of(&ask);
                let parts = owned.parts();
                let again = owned.ask(&parts);
                assert_eq!(again.key().to_string(), ask.key().to_string());
                assert_eq!(again.key().item(), Some(&item));
                assert_eq!(again.key().identifiers(), ids);
                assert_eq!((again.limit(), again.cost()), (ask.limit(), 3));
            }
        }
        let ask = Ask::of_key(Moving, Key::from("a/b"), plain.limit(), 1);
        let owned = OwnedAsk::of(&ask);
        assert_eq!(owned.ask(&owned.parts()).key().to_string(), "a/b");
    }
}
