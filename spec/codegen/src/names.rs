//! Names of the specification in the styles of Rust.

/// `declare-ok` as `DeclareOk`.
pub(crate) fn pascal(name: &str) -> String {
    name.split('-').map(capitalised).collect()
}

/// `routing-key` as `routing_key`; keywords as raw identifiers.
pub(crate) fn snake(name: &str) -> String {
    let plain = plain_snake(name);
    if KEYWORDS.contains(&plain.as_str()) { format!("r#{plain}") } else { plain }
}

/// `type` as `type`, to be a part of a longer identifier.
pub(crate) fn plain_snake(name: &str) -> String {
    name.replace('-', "_")
}

/// `frame-error` as `FRAME_ERROR`.
pub(crate) fn shouty(name: &str) -> String {
    plain_snake(name).to_uppercase()
}

/// Whether this is a name as the data should spell it: lower case, digits, single hyphens.
pub(crate) fn is_regular(name: &str) -> bool {
    name.split('-').all(|part| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    }) && name.starts_with(|c: char| c.is_ascii_lowercase())
}

fn capitalised(part: &str) -> String {
    let mut chars = part.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + chars.as_str())
}

/// The keywords that could be a field's name; the protocol uses `type` alone today.
const KEYWORDS: [&str; 12] = [
    "type", "match", "return", "move", "ref", "loop", "use", "where", "final", "priv", "abstract",
    "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_their_style() {
        assert_eq!(pascal("declare-ok"), "DeclareOk");
        assert_eq!(pascal("tx"), "Tx");
        assert_eq!(snake("routing-key"), "routing_key");
        assert_eq!(shouty("frame-error"), "FRAME_ERROR");
    }

    #[test]
    fn keywords_become_raw_identifiers_when_they_stand_alone() {
        assert_eq!(snake("type"), "r#type");
        assert_eq!(plain_snake("type"), "type");
        assert_eq!(snake("content-type"), "content_type");
    }

    #[test]
    fn irregular_names_are_found() {
        assert!(is_regular("reserved-1"));
        for name in ["", "-a", "a--b", "queue name", "Queue", "1a"] {
            assert!(!is_regular(name), "{name:?}");
        }
    }
}
