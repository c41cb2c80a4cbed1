//! The files of this folder: seeds, corpus, regressions and the dictionary.

use alloc::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use crate::{dictionary, seeds};

/// The folders that hold inputs, each with a folder for each target.
#[cfg(test)]
pub(crate) const FOLDERS: [&str; 3] = ["seeds", "corpus", "regressions"];

/// Every input of a target, by the path that it has inside of this folder.
#[cfg(test)]
pub(crate) fn inputs(root: &Path, target: &str) -> BTreeMap<String, Vec<u8>> {
    let mut inputs = BTreeMap::new();
    for folder in FOLDERS {
        inputs.extend(read(root, &format!("{folder}/{target}")));
    }
    inputs
}

/// The files of a folder that may not be there; those that begin with a dot are no inputs.
fn read(root: &Path, folder: &str) -> Vec<(String, Vec<u8>)> {
    let entries = match fs::read_dir(root.join(folder)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => panic!("{folder}: {error}"),
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names = names.filter(|name| !name.starts_with('.'));
    names
        .map(|name| format!("{folder}/{name}"))
        .map(|path| {
            let octets = fs::read(root.join(&path)).unwrap();
            (path, octets)
        })
        .collect()
}

/// The files that differ from what would be written, or are too many; `write`: writes and removes them.
pub(crate) fn generate(root: &Path, write: bool) -> Vec<String> {
    let mut expected: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    expected.insert("amqp.dict".into(), dictionary::text().into());
    let mut found: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    found.extend(fs::read(root.join("amqp.dict")).map(|text| ("amqp.dict".into(), text)));
    for seed in seeds::all() {
        let folder = format!("seeds/{}", seed.target);
        let path = format!("{folder}/{}", seed.name);
        assert!(expected.insert(path.clone(), seed.octets).is_none(), "{path} twice");
        found.extend(read(root, &folder));
    }
    let paths: Vec<_> = expected.keys().chain(found.keys()).cloned().collect();
    let mut stale: Vec<_> =
        paths.into_iter().filter(|path| expected.get(path) != found.get(path)).collect();
    stale.sort();
    stale.dedup();
    if write {
        for path in &stale {
            let file = root.join(path);
            match expected.get(path) {
                Some(octets) => {
                    fs::create_dir_all(file.parent().unwrap()).unwrap();
                    fs::write(file, octets).unwrap();
                }
                None => fs::remove_file(file).unwrap(),
            }
        }
    }
    stale
}
