//! A hash of the sources that results depend on: two builds of one version may come to other figures.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// What a result follows from, besides its scenario.
const SOURCES: [&str; 7] = [
    "presets",
    "src/engine",
    "src/experiment",
    "src/language",
    "src/model",
    "src/scenario",
    "src/units",
];

fn main() -> io::Result<()> {
    let mut files = Vec::new();
    for folder in SOURCES {
        println!("cargo::rerun-if-changed={folder}");
        collect(Path::new(folder), &mut files)?;
    }
    files.sort();
    // FNV-1a, 64 bits: `draft-eastlake-fnv`, section 5.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for file in files {
        for byte in fs::read(file)? {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    println!("cargo::rustc-env=OOMCAST_MODEL={:012x}", hash >> 16);
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
