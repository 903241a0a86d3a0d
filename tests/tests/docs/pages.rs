//! The files of the repository.

use std::fs;
use std::path::{Path, PathBuf};

use machinist_tests::repository;

/// Every page.
pub(crate) fn all() -> Vec<PathBuf> {
    files("md")
}

/// Every file with this extension, without what was built.
pub(crate) fn files(extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(&repository().canonicalize().unwrap(), extension, &mut files);
    files.sort();
    files
}

fn collect(folder: &Path, extension: &str, files: &mut Vec<PathBuf>) {
    let is_built = folder.join("CACHEDIR.TAG").exists() || folder.ends_with("target");
    if is_built || folder.ends_with(".git") {
        return;
    }
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            collect(&path, extension, files);
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
}
