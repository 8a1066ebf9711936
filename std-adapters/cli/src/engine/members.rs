//! The members of a JSON object, kept as they were written.

use core::fmt;

use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::problem::Problem;

/// The members of an object in order, duplicates included.
pub(super) struct Members<'l>(Vec<(String, &'l RawValue)>);

impl<'l> Members<'l> {
    /// Reads an object.
    pub(super) fn read(line: &'l str) -> Result<Self, Problem> {
        serde_json::from_str(line).map_err(|error| {
            let reason = format!("the line is not a JSON object: {error}");
            Problem::malformed(reason)
        })
    }

    /// Refuses members that are not among `known`, and those given twice.
    pub(super) fn check_names(&self, known: &[&str]) -> Result<(), Problem> {
        for (place, (name, _)) in self.0.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let (name, known) = (quoted(name), known.join(", "));
                let reason = format!("unknown member {name}, known: {known}");
                return Err(Problem::invalid(reason));
            }
            if self.0[..place].iter().any(|(earlier, _)| earlier == name) {
                return Err(Problem::invalid(format!("`{name}` is given twice")));
            }
        }
        Ok(())
    }

    /// Finds a member.
    pub(super) fn get(&self, name: &str) -> Option<&'l RawValue> {
        let mut members = self.0.iter();
        let member = members.find(|(member, _)| member == name);
        member.map(|(_, value)| *value)
    }

    /// Reads a member that may be absent or `null`.
    pub(super) fn optional<T: DeserializeOwned>(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        serde_json::from_str(value.get())
            .map_err(|_| Problem::invalid(format!("`{name}` must be {expected}")))
    }
}

impl<'de> serde::Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// Quotes what a caller wrote, cut to a length that suits a message.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}
