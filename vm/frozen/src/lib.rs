//! The pure-Python library, compiled at build time and loaded module by module.
#![forbid(unsafe_code)]

use lasti_bytecode::code::CodeData;
use lasti_bytecode::marshal;
use std::sync::Arc;

/// Name, whether it is a package, offset and length in the blob; sorted by name.
static INDEX: &[(&str, bool, usize, usize)] = include!(concat!(env!("OUT_DIR"), "/index.rs"));
static BLOB: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/frozen.bin"));

/// A module of the frozen library.
pub struct Frozen {
    pub code: Arc<CodeData>,
    /// `<frozen name>`, what tracebacks show.
    pub filename: String,
    pub package: bool,
}

/// Loads a module by its dotted name; none when it is not frozen.
pub fn find(name: &str) -> Option<Frozen> {
    let at = INDEX.binary_search_by(|row| row.0.cmp(name)).ok()?;
    let (_, package, offset, len) = INDEX[at];
    let filename = format!("<frozen {name}>");
    let bytes = BLOB.get(offset..offset + len)?;
    let code = marshal::load(bytes, &filename).expect("the blob was written by the same build");
    Some(Frozen {
        code,
        filename,
        package,
    })
}

/// Names of all frozen modules.
pub fn names() -> impl Iterator<Item = &'static str> {
    INDEX.iter().map(|row| row.0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_module_loads() {
        for name in super::names() {
            assert!(super::find(name).is_some(), "{name}");
        }
        assert!(super::find("no_such_module").is_none());
    }
}
