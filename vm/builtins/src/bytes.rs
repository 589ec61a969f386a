//! The `bytes` type: construction, slots and iteration (CPython's Objects/bytesobject.c). `bytearray` stands in
//! `bytearray`, the methods both have in `bytes_methods`.
use super::encoding;
use super::slicing::slice_indices;
use super::str::item_index;
use super::util::{has_index, repeat, repeat_count};
use lasti_core::memory::{Ref, Slot, Value};
use lasti_core::model::buffer::{self, Data, bytes_like, try_bytes_like};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use lasti_text::wtf8;

const DOC: &str = "bytes(iterable_of_ints) -> bytes\nbytes(string, encoding[, errors]) -> bytes\nbytes(bytes_or_buffer) -> \
immutable copy of bytes_or_buffer\nbytes(int) -> bytes object of size given by the parameter initialized with null \
bytes\nbytes() -> empty bytes object\n\nConstruct an immutable array of bytes from:\n  - an iterable yielding integers in \
range(256)\n  - a text string encoded using the specified encoding\n  - any object implementing the buffer API.\n  - an \
integer";

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.bytes;
    vm.type_attr(t, "__doc__", vm.str_value(DOC));
    let s = &t.slots;
    s.new.set(Some(bytes_new));
    s.repr.set(Some(|vm, v| {
        let data = &this(vm, v)?.data;
        vm.room(data.len().saturating_mul(super::str::ESCAPED))?;
        let shown = lasti_text::repr::bytes_repr(data);
        Ok(vm.try_new_wtf8(shown.as_bytes())?.into())
    }));
    s.hash.set(Some(|vm, v| {
        let b = this(vm, v)?;
        if b.hash.get() == 0 {
            b.hash.set(vm.hash_keys.hash_bytes(&b.data));
        }
        Ok(b.hash.get())
    }));
    s.richcmp.set(Some(|_, a, b, op| {
        let (Some(x), Some(y)) = (a.downcast::<Bytes>(), b.downcast::<Bytes>()) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        Ok(Value::bool(match op {
            CmpOp::Eq => x.data == y.data,
            CmpOp::Ne => x.data != y.data,
            _ => op.holds(x.data.cmp(&y.data)),
        }))
    }));
    s.len.set(Some(|vm, v| Ok(this(vm, v)?.data.len())));
    s.getitem.set(Some(bytes_getitem));
    s.contains.set(Some(contains));
    s.iter.set(Some(|vm, v| {
        let it = SeqIter {
            seq: Slot::new(v.clone()),
            index: Default::default(),
        };
        Ok(vm.heap.alloc(&vm.types.bytes_iterator, it).into())
    }));
    s.binary[BinOp::Add as usize].set(Some(|vm, a, b| {
        let Some(x) = a.downcast::<Bytes>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let Some(y) = try_bytes_like(vm, b)? else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let mut out = vm.try_vec(x.data.len().saturating_add(y.len()))?;
        out.extend_from_slice(&x.data);
        out.extend_from_slice(&y);
        Ok(vm.new_bytes(out))
    }));
    s.binary[BinOp::Mul as usize].set(Some(|vm, a, b| {
        let (x, n) = match (a.downcast::<Bytes>(), b.downcast::<Bytes>()) {
            (Some(x), _) => (x, b),
            (_, Some(x)) => (x, a),
            _ => return Ok(Value::NOT_IMPLEMENTED),
        };
        if !has_index(vm, n) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        vm.try_new_bytes(repeat(vm, &x.data, repeat_count(vm, n)?)?)
    }));
    s.binary[BinOp::Mod as usize].set(Some(|vm, a, b| match a.downcast::<Bytes>() {
        Some(f) => vm.try_new_bytes(super::percent::format_bytes(vm, &f.data, b)?),
        None => Ok(Value::NOT_IMPLEMENTED),
    }));
    super::bytes_methods::init(vm, t);
    super::bytes_search::init(vm, t);
    super::memoryview::add_methods(vm, t);
    vm.add_methods(t, METHODS);
    init_iterator(vm, &vm.types.bytes_iterator);
    super::bytearray::init(vm);
}

lasti_core::methods! { METHODS =
    "__bytes__" "__bytes__($self, /)\n--\n\nConvert this value to exact type bytes." |vm, v, _| exact(vm, v);
    "__getnewargs__" "__getnewargs__($self, /)\n--\n\n" getnewargs;
}

fn getnewargs(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.tuple_value([vm.try_new_bytes(vm.copy_of(&this(vm, v)?.data)?)?]))
}

/// Fills the class of iterators over bytes or bytearrays.
pub(crate) fn init_iterator(vm: &Vm, t: &Ref<Type>) {
    t.slots.iter.set(Some(lasti_core::self_iter));
    t.slots.next.set(Some(|vm, v| {
        let it = vm.this::<SeqIter>(v)?;
        let at = it.index.get();
        let seq = it.seq.get();
        match byte_at(&seq, at) {
            Some(b) => {
                it.index.set(at + 1);
                Ok(Some(Value::small_int(b as i64)))
            }
            None => {
                it.seq.set(Value::NONE);
                Ok(None)
            }
        }
    }));
    vm.add_methods(t, ITERATOR_METHODS);
}

lasti_core::methods! { ITERATOR_METHODS =
    "__length_hint__" "__length_hint__($self, /)\n--\n\n" length_hint;
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce;
    "__setstate__" "__setstate__($self, object, /)\n--\n\n" setstate;
}

fn length_hint(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let it = vm.this::<SeqIter>(v)?;
    let seq = it.seq.get();
    let len = if seq.is_none() {
        0
    } else {
        data(vm, &seq)?.len()
    };
    Ok(vm.new_int(len.saturating_sub(it.index.get()) as i64))
}

fn reduce(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let it = vm.this::<SeqIter>(v)?;
    let iter = vm.dict_get(&vm.builtins, "iter").unwrap_or(Value::NONE);
    let seq = it.seq.get();
    Ok(if seq.is_none() {
        vm.tuple_value([iter, vm.tuple_value([vm.empty_tuple.value()])])
    } else {
        vm.tuple_value([
            iter,
            vm.tuple_value([seq]),
            vm.new_int(it.index.get() as i64),
        ])
    })
}

fn setstate(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "__setstate__")?;
    let n = usize::try_from(vm.to_i64(n)?).unwrap_or(0);
    vm.this::<SeqIter>(v)?.index.set(n);
    Ok(Value::NONE)
}

fn byte_at(v: &Value, at: usize) -> Option<u8> {
    if let Some(b) = v.downcast::<Bytes>() {
        return b.data.get(at).copied();
    }
    v.downcast::<ByteArray>()?.data.borrow().get(at).copied()
}

fn this<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Ref<Bytes>> {
    vm.this::<Bytes>(v)
}

/// The bytes of a `bytes` or `bytearray`. Hold them only while no Python runs.
#[inline]
pub(crate) fn data<'a>(vm: &Vm, v: &'a Value) -> PyResult<Data<'a>> {
    if let Some(b) = v.downcast::<Bytes>() {
        return Ok(Data::Slice(&b.data));
    }
    Ok(Data::Guard(vm.this::<ByteArray>(v)?.data.borrow()))
}

/// A new object of the built-in type of `this`.
#[inline]
pub(crate) fn like(vm: &Vm, this: &Value, out: Vec<u8>) -> PyResult<Value> {
    if this.downcast::<ByteArray>().is_some() {
        Ok(vm.new_bytearray(out))
    } else {
        vm.try_new_bytes(out)
    }
}

fn exact(vm: &Vm, v: &Value) -> PyResult<Value> {
    let b = this(vm, v)?;
    if b.class().is(&vm.types.bytes) {
        Ok(v.clone())
    } else {
        vm.try_new_bytes(vm.copy_of(&b.data)?)
    }
}

fn bytes_getitem(vm: &Vm, v: &Value, key: &Value) -> PyResult<Value> {
    let b = this(vm, v)?;
    if let Some(slice) = key.downcast::<Slice>() {
        let r = slice_indices(vm, slice, b.data.len())?;
        if r.step == 1 && r.count == b.data.len() {
            return exact(vm, v);
        }
        return vm.try_new_bytes(sliced(vm, &b.data, r)?);
    }
    if !has_index(vm, key) {
        return Err(vm.type_error(format!(
            "byte indices must be integers or slices, not {}",
            vm.type_name(key)
        )));
    }
    let i = item_index(vm, key, b.data.len(), "index out of range")?;
    Ok(Value::small_int(b.data[i] as i64))
}

/// The bytes a slice selects.
pub(crate) fn sliced(vm: &Vm, data: &[u8], r: super::slicing::SliceRange) -> PyResult<Vec<u8>> {
    if r.step == 1 {
        let start = r.start as usize;
        return vm.copy_of(&data[start..start + r.count]);
    }
    let mut out = vm.try_vec(r.count)?;
    out.extend(r.indices().map(|i| data[i]));
    Ok(out)
}

/// `item in v` for an int or a buffer.
pub(crate) fn contains(vm: &Vm, v: &Value, item: &Value) -> PyResult<bool> {
    if has_index(vm, item) {
        let b = byte_value(vm, item, "byte must be in range(0, 256)")?;
        return Ok(data(vm, v)?.contains(&b));
    }
    let needle = bytes_like(vm, item)?;
    Ok(wtf8::find(&data(vm, v)?, &needle).is_some())
}

/// A value as one byte; ValueError with `msg` outside.
pub(crate) fn byte_value(vm: &Vm, v: &Value, msg: &str) -> PyResult<u8> {
    let i = match v.as_small_int() {
        Some(i) => i,
        None => vm.to_i64_clamped(v)?,
    };
    u8::try_from(i).map_err(|_| vm.value_error(msg))
}

// ---- construction ----

fn bytes_new(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    let [source, encoding, errors] = bind_source(vm, args, "bytes")?;
    if class.is(&vm.types.bytes)
        && let (Some(v), None, None) = (source, encoding, errors)
        && vm.type_of(v).is(class)
    {
        return Ok(v.clone());
    }
    if let (Some(v), None, None) = (source, encoding, errors)
        && class.is(&vm.types.bytes)
        && let Some(r) = call_bytes(vm, v)?
    {
        return Ok(r);
    }
    let out = from_source(vm, source, encoding, errors, "bytes")?;
    if class.is(&vm.types.bytes) {
        return vm.try_new_bytes(out);
    }
    Ok(vm.heap.alloc(class, Bytes::new(out.into())).into())
}

pub(crate) fn bind_source<'a>(
    vm: &Vm,
    args: Args<'a>,
    name: &str,
) -> PyResult<[Option<&'a Value>; 3]> {
    if args.pos.len() + args.kw.len() > 3 {
        let n = args.pos.len() + args.kw.len();
        return Err(vm.type_error(format!("{name}() takes at most 3 arguments ({n} given)")));
    }
    args.bind(vm, name, ["source", "encoding", "errors"], 0)
}

/// What `__bytes__` of the object gives.
fn call_bytes(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let Some(r) = vm.call_special(v, &vm.names.bytes, &[])? else {
        return Ok(None);
    };
    if r.downcast::<Bytes>().is_none() {
        return Err(vm.type_error(format!(
            "__bytes__ returned non-bytes (type {})",
            vm.type_name(&r)
        )));
    }
    Ok(Some(r))
}

/// The content that `bytes(...)` or `bytearray(...)` gets.
pub(crate) fn from_source(
    vm: &Vm,
    source: Option<&Value>,
    encoding: Option<&Value>,
    errors: Option<&Value>,
    name: &str,
) -> PyResult<Vec<u8>> {
    let given = if encoding.is_some() {
        "encoding"
    } else {
        "errors"
    };
    let text = source.and_then(|v| v.as_ref::<Str>());
    if encoding.is_some() || errors.is_some() {
        let (encoding, errors) = encoding::names(vm, name, encoding, errors)?;
        let Some(s) = text else {
            return Err(vm.type_error(format!("{given} without a string argument")));
        };
        let v = encoding::encode(vm, s, &encoding, &errors)?;
        return bytes_like(vm, &v)?.into_vec(vm);
    }
    let Some(v) = source else {
        return Ok(Vec::new());
    };
    if text.is_some() {
        return Err(vm.type_error("string argument without an encoding"));
    }
    if name == "bytes"
        && let Some(r) = call_bytes(vm, v)?
    {
        return bytes_like(vm, &r)?.into_vec(vm);
    }
    if has_index(vm, v) {
        match vm.index(v) {
            Ok(n) => return zeros(vm, &n),
            Err(e) if vm.exc_is(&e, &vm.exc.type_error) => {}
            Err(e) => return Err(e),
        }
    }
    from_object(vm, v, name)
}

fn zeros(vm: &Vm, n: &Value) -> PyResult<Vec<u8>> {
    let n = vm.to_bigint(n)?;
    let n = i64::try_from(&n)
        .map_err(|_| vm.overflow_error("cannot fit 'int' into an index-sized integer"))?;
    let Ok(n) = usize::try_from(n) else {
        return Err(vm.value_error("negative count"));
    };
    let mut out = Vec::new();
    if out.try_reserve_exact(n).is_err() {
        return Err(vm.memory_error());
    }
    out.resize(n, 0);
    Ok(out)
}

/// Bytes of a buffer or of an iterable of ints.
pub(crate) fn from_object(vm: &Vm, v: &Value, name: &str) -> PyResult<Vec<u8>> {
    if let Some(d) = try_bytes_like(vm, v)? {
        return d.into_vec(vm);
    }
    let slots = &vm.type_of(v).slots;
    if v.downcast::<Str>().is_some() || slots.iter.get().is_none() && slots.getitem.get().is_none()
    {
        return Err(vm.type_error(format!(
            "cannot convert '{}' object to {name}",
            vm.type_name(v)
        )));
    }
    from_ints(
        vm,
        v,
        if name == "bytes" {
            "bytes must be in range(0, 256)"
        } else {
            "byte must be in range(0, 256)"
        },
    )
}

/// Bytes of an iterable of ints.
pub(crate) fn from_ints(vm: &Vm, v: &Value, range_msg: &str) -> PyResult<Vec<u8>> {
    let mut out = Vec::with_capacity(vm.length_hint(v).min(1 << 16));
    vm.for_each(v, |item| {
        let byte = byte_value(vm, &item, range_msg)?;
        vm.push(&mut out, byte)?;
        Ok(true)
    })?;
    Ok(out)
}

/// `PyObject_Bytes`: through `__bytes__`, a buffer or an iterable of ints.
pub(crate) fn bytes_of_object(vm: &Vm, v: &Value) -> PyResult<Vec<u8>> {
    if let Some(b) = v.downcast::<Bytes>()
        && vm.type_of(v).is(&vm.types.bytes)
    {
        return vm.copy_of(&b.data);
    }
    if let Some(r) = call_bytes(vm, v)? {
        return buffer::bytes_like(vm, &r)?.into_vec(vm);
    }
    from_object(vm, v, "bytes")
}
