//! The pure-Python library, compiled at build time and loaded module by module.
//!
//! Three modules of the overlay do less when they are imported than CPython's: `_colorize` runs the library's file when something of it is
//! asked for, `_py_warnings` has a first filter without a regular expression, and `_tokenize` compiles its patterns when it reads.
#![forbid(unsafe_code)]

use lasti_bytecode::marshal::Image;

/// Name, whether it is a package, offset and length in the blob; sorted by name.
static INDEX: &[(&str, bool, usize, usize)] = include!(concat!(env!("OUT_DIR"), "/index.rs"));
static BLOB: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/frozen.bin"));

/// A module of the frozen library.
pub struct Frozen {
    /// Its file name is `<frozen name>`, what tracebacks show.
    pub image: Image,
    pub package: bool,
}

/// Loads a module by its dotted name; none when it is not frozen.
pub fn find(name: &str) -> Option<Frozen> {
    let at = INDEX.binary_search_by(|row| row.0.cmp(name)).ok()?;
    let (_, package, offset, len) = INDEX[at];
    let filename = format!("<frozen {name}>");
    let bytes = BLOB.get(offset..offset + len)?;
    let image = Image::open(bytes, &filename).expect("the blob was written by the same build");
    Some(Frozen { image, package })
}

/// Names of all frozen modules.
pub fn names() -> impl Iterator<Item = &'static str> {
    INDEX.iter().map(|row| row.0)
}

#[cfg(test)]
mod tests {
    use lasti_bytecode::marshal::{Image, Item};

    /// Reading part by part finds what reading at once does.
    fn check(image: &Image, at: usize) {
        let whole = image.code(at).expect("reads");
        let (head, body) = (
            image.head(at).expect("reads"),
            image.body(at).expect("reads"),
        );
        assert_eq!(
            *image.string(head.name).expect("a string"),
            *whole.name.as_bytes()
        );
        assert_eq!(head.nlocals as usize, whole.varnames.len());
        assert_eq!(head.firstlineno, whole.firstlineno);
        assert_eq!((body.code, body.lnotab), (&*whole.code, &*whole.lnotab));
        assert_eq!(body.names.len(), whole.names.len());
        assert_eq!(body.consts.len(), whole.consts.len());
        for item in body.consts {
            if let Item::Code(at) = item {
                check(image, at);
            }
        }
    }

    #[test]
    fn every_module_loads() {
        for name in super::names() {
            let found = super::find(name).expect(name);
            assert!(found.image.code(0).is_ok(), "{name}");
            check(&found.image, 0);
        }
        assert!(super::find("no_such_module").is_none());
    }

    #[test]
    fn every_module_passes_the_verifier() {
        for name in super::names() {
            let found = super::find(name).expect(name);
            let code = found.image.code(0).expect("reads");
            if let Err(flaw) = lasti_bytecode::verify::verify_all(&code) {
                panic!("{name}: {flaw}");
            }
        }
    }
}
