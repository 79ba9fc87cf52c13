//! Reading a file, whatever lies at its path.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes a scenario file may have.
pub const LARGEST_FILE: u64 = 4 << 20;

/// The bytes of a file; one more than allowed where it is too large.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let why = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "no permission to read the file".to_owned(),
        _ => format!("the file cannot be read: {error}"),
    };
    if path.is_dir() {
        return Err("this is a directory, not a file".to_owned());
    }
    let file = File::open(path).map_err(why)?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(why)?;
    Ok(bytes)
}
