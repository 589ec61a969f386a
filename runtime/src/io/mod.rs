//! `_io`: files, buffers and text streams (CPython's Modules/_io). `io.py` of the library puts the ABCs on top.
//!
//! Each class calls the stream below it through its methods, as CPython's do, unless that is exactly one of ours: then
//! bytes go from one to the other without an object in between.
mod base;
mod buffered;
mod bytesio;
mod fileio;
mod newline;
mod open;
mod pair;
mod stringio;
mod text;

use lasti_core::objects::{Module, Str, Type, TypeFlags};
use lasti_core::{Exc, PyResult, Ref, Value, Vm};
use std::rc::Rc;

/// `io.DEFAULT_BUFFER_SIZE`.
const BUFFER_SIZE: usize = 128 * 1024;

/// The classes.
pub(crate) struct Io {
    base: Ref<Type>,
    raw: Ref<Type>,
    buffered: Ref<Type>,
    text_base: Ref<Type>,
    file: Ref<Type>,
    bytes: Ref<Type>,
    string: Ref<Type>,
    reader: Ref<Type>,
    writer: Ref<Type>,
    random: Ref<Type>,
    pair: Ref<Type>,
    text: Ref<Type>,
    newline: Ref<Type>,
    unsupported: Value,
}

fn io(vm: &Vm) -> Rc<Io> {
    vm.module_state(|| {
        let base = base::io_base(vm);
        let raw = base::raw_base(vm, &base);
        let buffered = base::buffered_base(vm, &base);
        let text_base = base::text_base(vm, &base);
        Io {
            file: fileio::make(vm, &raw),
            bytes: bytesio::make(vm, &buffered),
            reader: buffered::make(vm, &buffered, buffered::Kind::Reader),
            writer: buffered::make(vm, &buffered, buffered::Kind::Writer),
            random: buffered::make(vm, &buffered, buffered::Kind::Random),
            pair: pair::make(vm, &buffered),
            string: stringio::make(vm, &text_base),
            text: text::make(vm, &text_base),
            newline: newline::make(vm),
            unsupported: unsupported_class(vm),
            base,
            raw,
            buffered,
            text_base,
        }
    })
}

fn unsupported_class(vm: &Vm) -> Value {
    let bases = vm.tuple_value([vm.exc.os_error.value(), vm.exc.value_error.value()]);
    let namespace = vm.new_dict();
    vm.dict_set(&namespace, "__module__", vm.str_value("io"));
    let args = [
        vm.str_value("UnsupportedOperation"),
        bases,
        namespace.into(),
    ];
    vm.call(vm.types.type_.as_value(), &args)
        .expect("two built-in exceptions make a class")
}

pub(crate) fn register(vm: &Vm) {
    vm.register_module("_io", init);
}

fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_io");
    let io = io(vm);
    let classes = [
        ("_IOBase", &io.base),
        ("_RawIOBase", &io.raw),
        ("_BufferedIOBase", &io.buffered),
        ("_TextIOBase", &io.text_base),
        ("FileIO", &io.file),
        ("BytesIO", &io.bytes),
        ("StringIO", &io.string),
        ("BufferedReader", &io.reader),
        ("BufferedWriter", &io.writer),
        ("BufferedRandom", &io.random),
        ("BufferedRWPair", &io.pair),
        ("TextIOWrapper", &io.text),
        ("IncrementalNewlineDecoder", &io.newline),
    ];
    for (name, class) in classes {
        vm.add_value(&m, name, class.value());
    }
    vm.add_value(&m, "UnsupportedOperation", io.unsupported.clone());
    vm.add_value(
        &m,
        "BlockingIOError",
        vm.dict_get(&vm.builtins, "BlockingIOError")
            .unwrap_or(Value::NONE),
    );
    vm.add_value(&m, "DEFAULT_BUFFER_SIZE", vm.new_int(BUFFER_SIZE as i64));
    open::add(vm, &m);
    Ok(m)
}

// ---- what the classes share ----

fn unsupported(vm: &Vm, msg: &str) -> Exc {
    match vm.call(&io(vm).unsupported, &[vm.str_value(msg)]) {
        Ok(e) => Exc(e),
        Err(e) => e,
    }
}

fn closed_file(vm: &Vm) -> Exc {
    vm.value_error("I/O operation on closed file.")
}

fn text_of(v: &Value) -> Option<String> {
    v.downcast::<Str>()
        .map(|s| s.to_string_lossy().into_owned())
}

/// A size argument: none, None and negative numbers mean all there is.
fn size_arg(vm: &Vm, v: Option<&Value>) -> PyResult<Option<usize>> {
    match v {
        None => Ok(None),
        Some(v) if v.is_none() => Ok(None),
        Some(v) => {
            let v = vm.index(v).map_err(|_| {
                vm.type_error(format!(
                    "argument should be integer or None, not '{}'",
                    vm.type_name(v)
                ))
            })?;
            Ok(usize::try_from(vm.to_i64(&v)?).ok())
        }
    }
}

/// Whether a stream of ours is of exactly the native class, so that no method of a subclass is in the way.
fn is_native(vm: &Vm, v: &Value) -> bool {
    !vm.type_of(v).has(TypeFlags::HEAP)
}

fn truth(vm: &Vm, v: &Value, method: &str) -> PyResult<bool> {
    vm.is_true(&vm.call_method(v, method, &[])?)
}

/// The bytes of an argument.
fn bytes_arg(vm: &Vm, v: &Value) -> PyResult<Vec<u8>> {
    if v.downcast::<Str>().is_some() {
        return Err(vm.type_error("a bytes-like object is required, not 'str'"));
    }
    vm.buffer(v)
}

/// Both of two steps, the second even when the first failed; the first failure is the context of the second.
fn both<T>(vm: &Vm, first: PyResult<T>, second: impl FnOnce() -> PyResult<()>) -> PyResult<T> {
    match (first, second()) {
        (first, Ok(())) => first,
        (Ok(_), Err(e)) => Err(e),
        (Err(a), Err(b)) => {
            if !a.0.is(&b.0) {
                vm.setattr(&b.0, &vm.intern("__context__"), Some(&a.0))?;
            }
            Err(b)
        }
    }
}

fn cannot_pickle(vm: &Vm, v: &Value) -> Exc {
    vm.type_error(format!(
        "cannot pickle '{}' instances",
        vm.type_full_name(vm.type_of(v))
    ))
}

/// Where the first line ends, its newline included; none when there is no newline.
fn line_end(bytes: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', bytes).map(|i| i + 1)
}
