//! Compiles the pure-Python library into one blob of marshalled code objects and an index of where each stands.
//!
//! Files of `overlay/` shadow the library crate's: modules that speak of another runtime's opcodes or paths, and
//! those that lasti does its own way. A file `NAME+.py` there is put behind the library's `NAME.py` instead.
use lasti_compiler::{Mode, Options, compile_bytes};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Packages and modules that make no sense here: tools with windows, other systems, installers, tests.
const LEFT_OUT: &[&str] = &[
    "idlelib",
    "tkinter",
    "turtle",
    "turtledemo",
    "ensurepip",
    "venv",
    "test",
    "lib2to3",
    "pydoc_data",
    "ctypes",
    "antigravity",
    "this",
    "_pyrepl.windows_console",
    "_pyrepl.windows_eventqueue",
    "msilib",
    "distutils",
    "_android_support",
    "_apple_support",
    "_ios_support",
    "_osx_support",
    "_aix_support",
    "_dummy_os",
    "_pycodecs",
    "dummy_threading",
    "_dummy_thread",
    "asyncio.windows_events",
    "asyncio.windows_utils",
    "asyncio.proactor_events",
    "__hello__",
    "__phello__",
];

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    // Asked for at run time: a build script may be reused for another checkout that shares the target folder.
    let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let overlay = Path::new(&package).join("overlay");
    println!("cargo:rerun-if-changed={}", overlay.display());
    println!("cargo:rerun-if-changed=build.rs");
    let mut modules = BTreeMap::new();
    collect(Path::new(rustpython_pylib::LIB_PATH), "", &mut modules);
    // Files that the overlay replaces by lighter ones, and loads when something seldom used is asked for.
    for name in ["events", "futures", "coroutines", "tasks", "locks"] {
        let library = modules[&format!("asyncio.{name}")].clone();
        modules.insert(format!("asyncio._library_{name}"), library);
    }
    let library = modules["_colorize"].clone();
    modules.insert("_library_colorize".to_owned(), library);
    collect(&overlay, "", &mut modules);
    let additions: Vec<String> = modules
        .keys()
        .filter(|n| n.ends_with('+'))
        .cloned()
        .collect();
    let additions: BTreeMap<String, PathBuf> = additions
        .into_iter()
        .filter_map(|n| {
            let (path, _) = modules.remove(&n)?;
            Some((n.trim_end_matches('+').to_owned(), path))
        })
        .collect();
    let mut blob = Vec::new();
    let mut index = String::from("&[\n");
    for (name, (path, package)) in &modules {
        let read =
            |path: &Path| fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut source = read(path);
        if let Some(more) = additions.get(name) {
            source.extend(read(more));
        }
        let filename = format!("<frozen {name}>");
        let code = match compile_bytes(&source, &filename, Mode::Exec, &Options::default()) {
            Ok(code) => code,
            Err(e) => {
                println!("cargo:warning=left out of the frozen library: {name}: {e}");
                continue;
            }
        };
        let bytes = lasti_bytecode::marshal::dump(&code);
        index.push_str(&format!(
            "    ({name:?}, {package}, {}, {}),\n",
            blob.len(),
            bytes.len()
        ));
        blob.extend_from_slice(&bytes);
    }
    index.push_str("]\n");
    fs::write(out.join("frozen.bin"), blob).expect("OUT_DIR can be written");
    fs::write(out.join("index.rs"), index).expect("OUT_DIR can be written");
}

/// Adds every module below a folder. Later calls win.
fn collect(folder: &Path, prefix: &str, modules: &mut BTreeMap<String, (PathBuf, bool)>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let file = entry.file_name().to_string_lossy().into_owned();
        let stem = file.strip_suffix(".py").unwrap_or(&file);
        let name = if prefix.is_empty() {
            stem.to_owned()
        } else {
            format!("{prefix}.{stem}")
        };
        if LEFT_OUT.contains(&name.as_str()) || stem == "test" || stem == "tests" {
            continue;
        }
        if path.is_dir() {
            if path.join("__init__.py").exists() {
                modules.insert(name.clone(), (path.join("__init__.py"), true));
            }
            // A folder of the overlay may shadow single files of a package.
            if modules.contains_key(&name) {
                collect(&path, &name, modules);
            }
        } else if file.ends_with(".py") && stem != "__init__" {
            modules.insert(name, (path, false));
        }
    }
}
