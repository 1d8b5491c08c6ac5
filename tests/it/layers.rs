//! The layers point one way.

use std::fs;
use std::path::{Path, PathBuf};

/// From the top down; each may use what stands below it.
const LAYERS: [&str; 6] = ["cli", "app", "http", "session", "storage", "qoe"];

#[test]
fn no_layer_uses_one_above_it() {
    let mut offences = Vec::new();
    for (depth, layer) in LAYERS.iter().enumerate() {
        for file in rust_files(&source().join(layer)) {
            let text = fs::read_to_string(&file).unwrap();
            for above in &LAYERS[..depth] {
                let path = format!("crate::{above}");
                let uses = |line: &str| {
                    line.match_indices(&path).any(|(at, _)| {
                        !line[at + path.len()..]
                            .starts_with(|c: char| c.is_alphanumeric() || c == '_')
                    })
                };
                offences.extend(
                    text.lines()
                        .filter(|line| uses(line))
                        .map(|line| format!("{}: {line}", file.display())),
                );
            }
        }
    }
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

#[test]
fn the_model_knows_nothing_but_the_standard_library() {
    let is_test = |file: &PathBuf| file.components().any(|part| part.as_os_str() == "tests");
    for file in rust_files(&source().join("qoe"))
        .into_iter()
        .filter(|file| !is_test(file))
    {
        let text = fs::read_to_string(&file).unwrap();
        let code: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        let code = code.join("\n");
        let code = code.split("#[cfg(test)]").next().unwrap();
        for word in [
            "actix",
            "diesel",
            "serde",
            "tokio",
            "std::time",
            "std::fs",
            "std::net",
            "chrono",
        ] {
            assert!(!code.contains(word), "{} knows {word}", file.display());
        }
    }
}

#[test]
fn every_module_belongs_to_a_layer() {
    let library = fs::read_to_string(source().join("lib.rs")).unwrap();
    let mut modules: Vec<&str> = library
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    modules.sort_unstable();
    let mut layers = LAYERS;
    layers.sort_unstable();
    assert_eq!(modules, layers);
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
