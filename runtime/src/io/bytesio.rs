//! `BytesIO` (CPython's Modules/_io/bytesio.c).
use super::{base, bytes_arg, closed_file, line_end, size_arg};
use crate::os::buffer;
use lasti_core::buffer::{BufferInfo, BufferProcs};
use lasti_core::objects::{Dict, Str, Type};
use lasti_core::vm::args::Args;
use lasti_core::{Payload, PyResult, Ref, Value, Vm};
use std::cell::{Cell, RefCell};

#[derive(Default)]
pub(super) struct BytesIo {
    data: RefCell<Vec<u8>>,
    at: Cell<usize>,
    closed: Cell<bool>,
    /// Views of the data; while there are any its size stays.
    exports: Cell<usize>,
}
impl Payload for BytesIo {
    // By its attributes.
    const CONTAINER: bool = true;
    const NAME: &'static str = "BytesIO";
}

/// What `getbuffer` gives memoryview to look at.
struct Export(Value);
impl Payload for Export {
    const CONTAINER: bool = true;
    const NAME: &'static str = "_BytesIOBuffer";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.0);
    }
}

struct ExportType(Ref<Type>);

fn exported(v: &Value) -> Option<&Ref<BytesIo>> {
    v.downcast::<Export>()?.0.as_ref::<BytesIo>()
}

const EXPORT: BufferProcs = BufferProcs {
    info: |_, _| Ok(BufferInfo::bytes(false)),
    read: |v, f| {
        if let Some(b) = exported(v) {
            f(&b.data.borrow());
        }
    },
    write: |v, f| {
        if let Some(b) = exported(v)
            && let Ok(mut data) = b.data.try_borrow_mut()
        {
            f(&mut data);
        }
    },
    export: |v, on| {
        if let Some(b) = exported(v) {
            let n = b.exports.get();
            b.exports.set(if on { n + 1 } else { n.saturating_sub(1) });
        }
    },
};

fn export_type(vm: &Vm) -> Ref<Type> {
    let made = vm.module_state(|| {
        let t = vm.new_native_type::<Export>("_io._BytesIOBuffer", &vm.types.object, 0);
        vm.ready_type(&t);
        vm.register_buffer(&t, EXPORT);
        ExportType(t)
    });
    made.0.clone()
}

impl BytesIo {
    fn check(&self, vm: &Vm) -> PyResult<()> {
        match self.closed.get() {
            true => Err(closed_file(vm)),
            false => Ok(()),
        }
    }
    fn check_resize(&self, vm: &Vm) -> PyResult<()> {
        match self.exports.get() {
            0 => Ok(()),
            _ => Err(vm.new_exception(
                &vm.exc.buffer_error,
                "Existing exports of data: object cannot be re-sized",
            )),
        }
    }
    fn take(&self, n: Option<usize>) -> Vec<u8> {
        let data = self.data.borrow();
        let from = self.at.get().min(data.len());
        let n = n.map_or(data.len() - from, |n| n.min(data.len() - from));
        if n > 0 {
            self.at.set(from + n);
        }
        data[from..from + n].to_vec()
    }
    fn line(&self, limit: Option<usize>) -> Vec<u8> {
        let n = {
            let data = self.data.borrow();
            let rest = &data[self.at.get().min(data.len())..];
            let rest = &rest[..limit.map_or(rest.len(), |n| n.min(rest.len()))];
            line_end(rest).unwrap_or(rest.len())
        };
        self.take(Some(n))
    }
    fn write(&self, vm: &Vm, bytes: &[u8]) -> PyResult<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let mut data = self.data.borrow_mut();
        let from = self.at.get();
        let to = from
            .checked_add(bytes.len())
            .filter(|n| *n < isize::MAX as usize)
            .ok_or_else(|| vm.overflow_error("new buffer size too large"))?;
        if to > data.len() {
            let more = to - data.len();
            if data.try_reserve(more).is_err() {
                return Err(vm.memory_error());
            }
            data.resize(to, 0);
        }
        data[from..to].copy_from_slice(bytes);
        self.at.set(to);
        Ok(())
    }
}

fn open<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Ref<BytesIo>> {
    let b = vm.this::<BytesIo>(v)?;
    b.check(vm)?;
    Ok(b)
}

pub(super) fn make(vm: &Vm, base: &Ref<Type>) -> Ref<Type> {
    let t = vm.new_native_type::<BytesIo>("_io.BytesIO", base, base::FLAGS);
    t.slots.new.set(Some(|vm, class, _| {
        Ok(vm.heap.alloc(class, BytesIo::default()).into())
    }));
    t.slots.init.set(Some(|vm, v, a| {
        let [initial] = a.bind(vm, "BytesIO", ["initial_bytes"], 0)?;
        let b = vm.this::<BytesIo>(v)?;
        b.check_resize(vm)?;
        let data = match initial {
            Some(x) if !x.is_none() => bytes_arg(vm, x)?,
            _ => Vec::new(),
        };
        b.data.replace(data);
        b.at.set(0);
        b.closed.set(false);
        Ok(())
    }));
    vm.add_methods(&t, MAKE_METHODS);
    t.slots.next.set(Some(|vm, v| {
        let line = open(vm, v)?.line(None);
        Ok((!line.is_empty()).then(|| vm.new_bytes(line)))
    }));
    for name in ["readable", "writable", "seekable"] {
        vm.method(&t, name, "()\n--\n\n", |vm, v, _| {
            open(vm, v)?;
            Ok(Value::TRUE)
        });
    }
    vm.getset(
        &t,
        "closed",
        |vm, v| Ok(Value::bool(vm.this::<BytesIo>(v)?.closed.get())),
        None,
    );
    vm.ready_type(&t);
    t
}

lasti_core::methods! { MAKE_METHODS =
    "read" "read($self, size=-1, /)\n--\n\n" read;
    "read1" "read1($self, size=-1, /)\n--\n\n" read1;
    "readline" "readline($self, size=-1, /)\n--\n\n" readline;
    "readlines" "readlines($self, size=None, /)\n--\n\n" readlines;
    "readinto" "readinto($self, buffer, /)\n--\n\n" readinto;
    "write" "write($self, b, /)\n--\n\n" write_method;
    "seek" "seek($self, pos, whence=0, /)\n--\n\n" seek;
    "tell" "tell($self, /)\n--\n\n" tell;
    "truncate" "truncate($self, size=None, /)\n--\n\n" truncate;
    "getvalue" "getvalue($self, /)\n--\n\n" getvalue;
    "getbuffer" "getbuffer($self, /)\n--\n\n" getbuffer;
    "flush" "flush($self, /)\n--\n\n" flush;
    "isatty" "isatty($self, /)\n--\n\n" isatty;
    "close" "close($self, /)\n--\n\n" close;
    "__getstate__" "__getstate__($self, /)\n--\n\n" getstate;
    "__setstate__" "__setstate__($self, object, /)\n--\n\n" setstate;
}

fn read(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let n = size_arg(vm, a.between(vm, "read", 0, 1)?.first())?;
    vm.try_new_bytes(open(vm, v)?.take(n))
}

fn read1(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let n = size_arg(vm, a.between(vm, "read1", 0, 1)?.first())?;
    vm.try_new_bytes(open(vm, v)?.take(n))
}

fn readline(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let n = size_arg(vm, a.between(vm, "readline", 0, 1)?.first())?;
    vm.try_new_bytes(open(vm, v)?.line(n))
}

fn readlines(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let hint = size_arg(vm, a.between(vm, "readlines", 0, 1)?.first())?;
    let hint = hint.filter(|n| *n > 0).unwrap_or(usize::MAX);
    let b = open(vm, v)?;
    let (mut lines, mut total) = (Vec::new(), 0);
    while total < hint {
        let line = b.line(None);
        if line.is_empty() {
            break;
        }
        total += line.len();
        lines.push(vm.new_bytes(line));
    }
    Ok(vm.new_list(lines))
}

fn readinto(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [target] = a.exactly::<1>(vm, "readinto")?;
    let b = open(vm, v)?;
    buffer::fill(vm, target, "readinto", |n| {
        // To ask for the buffer may have closed the stream.
        b.check(vm)?;
        Ok(Some(b.take(Some(n))))
    })
}

fn write_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [data] = a.exactly::<1>(vm, "write")?;
    let b = open(vm, v)?;
    b.check_resize(vm)?;
    let data = bytes_arg(vm, data)?;
    b.check(vm)?;
    b.check_resize(vm)?;
    b.write(vm, &data)?;
    Ok(vm.new_int(data.len() as i64))
}

fn seek(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "seek", 1, 2)?;
    let to = vm.to_i64(&vm.index(&pos[0])?)?;
    let how = pos.get(1).map_or(Ok(0), |h| vm.to_i64(h))?;
    let b = open(vm, v)?;
    let from = match how {
        0 if to < 0 => return Err(vm.value_error(format!("negative seek value {to}"))),
        0 => 0,
        1 => b.at.get() as i64,
        2 => b.data.borrow().len() as i64,
        _ => {
            return Err(vm.value_error(format!("invalid whence ({how}, should be 0, 1 or 2)")));
        }
    };
    let to = from
        .checked_add(to)
        .ok_or_else(|| vm.overflow_error("new position too large"))?
        .max(0);
    b.at.set(to as usize);
    Ok(vm.new_int(to))
}

fn tell(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(open(vm, v)?.at.get() as i64))
}

fn truncate(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let size = a.between(vm, "truncate", 0, 1)?.first();
    let b = open(vm, v)?;
    b.check_resize(vm)?;
    let n = match size {
        Some(n) if !n.is_none() => vm.to_i64(&vm.index(n)?)?,
        _ => b.at.get() as i64,
    };
    b.check(vm)?;
    b.check_resize(vm)?;
    if n < 0 {
        return Err(vm.value_error(format!("negative size value {n}")));
    }
    b.data.borrow_mut().truncate(n as usize);
    Ok(vm.new_int(n))
}

fn getvalue(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    vm.try_new_bytes(vm.copy_of(&open(vm, v)?.data.borrow())?)
}

fn getbuffer(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    open(vm, v)?;
    let class = vm.getattr_str(&vm.import("builtins")?, "memoryview")?;
    let export = vm.heap.alloc(&export_type(vm), Export(v.clone()));
    vm.call(&class, &[export.into()])
}

fn flush(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    open(vm, v)?;
    Ok(Value::NONE)
}

fn isatty(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    open(vm, v)?;
    Ok(Value::FALSE)
}

fn close(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let b = vm.this::<BytesIo>(v)?;
    b.check_resize(vm)?;
    b.data.replace(Vec::new());
    b.closed.set(true);
    Ok(Value::NONE)
}

fn getstate(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let b = open(vm, v)?;
    let data = vm.new_bytes(&**b.data.borrow());
    Ok(vm.tuple_value([data, vm.new_int(b.at.get() as i64), own_dict(vm, v)]))
}

fn setstate(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [state] = a.exactly::<1>(vm, "__setstate__")?;
    let b = vm.this::<BytesIo>(v)?;
    let wrong = || {
        vm.type_error(format!(
            "{}.__setstate__ argument should be 3-tuple, got {}",
            vm.type_full_name(vm.type_of(v)),
            vm.type_name(state)
        ))
    };
    let parts = state
        .downcast::<lasti_core::objects::Tuple>()
        .ok_or_else(wrong)?;
    let [data, at, dict, ..] = &parts[..] else {
        return Err(wrong());
    };
    b.check(vm)?;
    b.check_resize(vm)?;
    let data = bytes_arg(vm, data)?;
    let at = vm.to_i64(at).map_err(|_| {
        vm.type_error(format!(
            "second item of state must be an integer, not {}",
            vm.type_name(at)
        ))
    })?;
    if at < 0 {
        return Err(vm.value_error("position value cannot be negative"));
    }
    b.data.replace(data);
    b.at.set(at as usize);
    restore_dict(vm, v, dict)?;
    Ok(Value::NONE)
}

/// A copy of the attributes of an instance, for pickling.
pub(super) fn own_dict(vm: &Vm, v: &Value) -> Value {
    match vm.dict_of(v) {
        Some(d) if !d.is_empty() => {
            let copy = vm.new_dict();
            for (k, x) in d.items() {
                if let Some(name) = k.as_ref::<Str>() {
                    vm.dict_set_str(&copy, name, x);
                }
            }
            copy.into()
        }
        _ => Value::NONE,
    }
}

pub(super) fn restore_dict(vm: &Vm, v: &Value, dict: &Value) -> PyResult<()> {
    if dict.is_none() {
        return Ok(());
    }
    let Some(from) = dict.downcast::<Dict>() else {
        return Err(vm.type_error(format!(
            "third item of state should be a dict, got a {}",
            vm.type_name(dict)
        )));
    };
    for (k, x) in from.items() {
        vm.setattr(v, vm.expect_str(&k, "attribute name")?, Some(&x))?;
    }
    Ok(())
}
