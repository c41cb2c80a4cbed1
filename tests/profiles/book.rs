//! The data and the tests that it names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use amqp_proto::Profile;

use crate::peers::Peers;

fn load() -> Peers {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    toml::from_str(&fs::read_to_string(root.join("spec/profiles.toml")).unwrap()).unwrap()
}

#[test]
fn each_difference_names_tests_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for difference in load().chapter.iter().flat_map(|chapter| &chapter.difference) {
        assert!(!difference.test.is_empty(), "{}", difference.id);
        for test in &difference.test {
            let (file, name) = test.split_once("::").unwrap();
            let text =
                fs::read_to_string(root.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
            assert!(text.contains(&format!("fn {name}(")), "{}: there is no {test}", difference.id);
        }
    }
}

/// Each part of `Profile` but its name is some difference's.
#[test]
fn each_part_of_a_profile_is_told() {
    let peers = load();
    let differences = || peers.chapter.iter().flat_map(|chapter| &chapter.difference);
    let fields: BTreeSet<_> = differences().filter_map(|d| d.field.as_deref()).collect();
    let shown = format!("{:?}", Profile::DEFAULT);
    let shown = shown.replace(&format!("{:?}", Profile::DEFAULT.known), "");
    for word in shown.split([' ', '{', ',']) {
        let Some(field) = word.strip_suffix(':') else { continue };
        let is_told = fields.contains(field) || fields.contains(&format!("arguments.{field}")[..]);
        assert!(is_told || ["name", "arguments", "refuses"].contains(&field), "{field}");
    }
}

/// A difference in what the engine does is one between peers: else it would be none.
#[test]
fn peers_differ_in_what_is_told() {
    let peers = load();
    for difference in peers.chapter.iter().flat_map(|chapter| &chapter.difference) {
        let decides = difference.field.is_some() || difference.refuses.is_some();
        let answers: Vec<_> = peers.peer.iter().map(|peer| difference.answer(peer)).collect();
        let all_alike = answers.windows(2).all(|pair| pair[0] == pair[1]);
        assert!(!decides || !all_alike, "{} is the same for all", difference.id);
    }
}

#[test]
fn each_peer_is_a_profile() {
    let peers = load();
    let names: Vec<_> = peers.peer.iter().map(|peer| peer.name.as_str()).collect();
    assert_eq!(Profile::ALL.iter().map(|profile| profile.name).collect::<Vec<_>>(), names);
}
