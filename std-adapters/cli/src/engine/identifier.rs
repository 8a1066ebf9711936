//! Identifiers in JSON: strings, and numbers as Python writes them.

use serde_json::value::RawValue;

/// Reads an identifier, `None` if it is neither a string nor a number.
pub(super) fn identifier(value: &RawValue) -> Option<String> {
    let json = value.get();
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok(),
        b'-' | b'0'..=b'9' if is_integer(json) => Some(integer(json)),
        b'-' | b'0'..=b'9' => json.parse().ok().filter(|n: &f64| n.is_finite()).map(float),
        _ => None,
    }
}

fn is_integer(json: &str) -> bool {
    !json.contains(['.', 'e', 'E'])
}

/// Python's integers have any length and no negative zero.
fn integer(json: &str) -> String {
    if json == "-0" { "0" } else { json }.to_owned()
}

/// Writes what Python's `repr` does: the fewest digits that tell the number from
/// others, as a power of ten where it is very large or very small.
///
/// Of two equally near decimals `{:?}` takes the upper one and Python the even
/// one, as formatting to a given number of places does here.
fn float(number: f64) -> String {
    let shortest = format!("{number:e}");
    let (digits, power) = scientific(&shortest);
    let places = digits.split_once('.').map_or(0, |(_, places)| places.len());
    if (-4..16).contains(&power) {
        let places = i64::try_from(places).map_or(0, |places| places - power);
        let places = usize::try_from(places).unwrap_or_default().max(1);
        return format!("{number:.places$}");
    }
    let rounded = format!("{number:.places$e}");
    let (digits, power) = scientific(&rounded);
    let sign = if power < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", power.abs())
}

fn scientific(text: &str) -> (&str, i64) {
    let (digits, power) = text.split_once('e').unwrap_or((text, "0"));
    (digits, power.parse().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<String> {
        identifier(&RawValue::from_string(json.to_owned()).expect("JSON"))
    }

    #[test]
    fn writes_numbers_as_python_does() {
        for (json, expected) in [
            ("0", "0"),
            ("-0", "0"),
            ("-7", "-7"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("1.0", "1.0"),
            ("1.50", "1.5"),
            ("-0.0", "-0.0"),
            ("1e3", "1000.0"),
            ("0.1", "0.1"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("12345678901234567.0", "1.2345678901234568e+16"),
            ("1.5e300", "1.5e+300"),
            ("1223383794756801.25", "1223383794756801.2"),
            ("31619498421306.8125", "31619498421306.812"),
            ("5e-324", "5e-324"),
        ] {
            assert_eq!(read(json).as_deref(), Some(expected), "{json}");
        }
    }

    #[test]
    fn reads_strings_and_nothing_else() {
        assert_eq!(read(r#""a\u00e9\n""#).as_deref(), Some("aé\n"));
        assert_eq!(read(r#""""#).as_deref(), Some(""));
        for json in ["null", "true", "[1]", "{}", "1e999", r#""\ud800""#] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}
