//! The `bytearray` type (CPython's Objects/bytearrayobject.c).
use super::bytes::{self, byte_value, sliced};
use super::slicing::{SliceRange, slice_adjust, slice_unpack};
use super::str::item_index;
use super::util::{has_index, repeat, repeat_count};
use lasti_core::memory::{Ref, Slot, Value};
use lasti_core::model::buffer::try_bytes_like;
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use std::cell::RefCell;

const DOC: &str = "bytearray(iterable_of_ints) -> bytearray\nbytearray(string, encoding[, errors]) -> \
bytearray\nbytearray(bytes_or_buffer) -> mutable copy of bytes_or_buffer\nbytearray(int) -> bytes array of size given by \
the parameter initialized with null bytes\nbytearray() -> empty bytes array\n\nConstruct a mutable bytearray object from:\n  \
- an iterable yielding integers in range(256)\n  - a text string encoded using the specified encoding\n  - a bytes or a \
buffer object\n  - any object implementing the buffer API.\n  - an integer";
const RANGE: &str = "byte must be in range(0, 256)";
const OUTSIDE: &str = "bytearray index out of range";

/// The class of iterators over bytearrays.
struct IterClass(Ref<Type>);

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.bytearray;
    vm.type_attr(t, "__doc__", vm.str_value(DOC));
    let iter_class =
        vm.new_native_type::<SeqIter>("bytearray_iterator", &vm.types.object, TypeFlags::NO_NEW);
    bytes::init_iterator(vm, &iter_class);
    vm.ready_type(&iter_class);
    vm.module_state(|| IterClass(iter_class));
    let s = &t.slots;
    s.new.set(Some(|vm, class, _| {
        Ok(vm
            .heap
            .alloc(
                class,
                ByteArray {
                    data: RefCell::default(),
                    exports: Default::default(),
                },
            )
            .into())
    }));
    s.init.set(Some(bytearray_init));
    s.repr.set(Some(|vm, v| {
        let name = vm.type_name(v);
        let data = this(vm, v)?.data.borrow();
        vm.room(data.len().saturating_mul(2 * super::str::ESCAPED))?;
        let text = lasti_text::repr::bytearray_repr(&name, &data);
        Ok(vm.try_new_wtf8(text.as_bytes())?.into())
    }));
    s.str.set(s.repr.get());
    s.richcmp.set(Some(|vm, a, b, op| {
        if a.downcast::<Str>().is_some() || b.downcast::<Str>().is_some() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        // What refuses its buffer is unequal.
        let Ok(Some(y)) = try_bytes_like(vm, b) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let x = this(vm, a)?.data.borrow();
        Ok(Value::bool(op.holds(x[..].cmp(&y))))
    }));
    s.len
        .set(Some(|vm, v| Ok(this(vm, v)?.data.borrow().len())));
    s.getitem.set(Some(getitem));
    s.setitem.set(Some(setitem));
    s.contains.set(Some(bytes::contains));
    s.iter.set(Some(|vm, v| {
        let it = SeqIter {
            seq: Slot::new(v.clone()),
            index: Default::default(),
        };
        let class = vm.module_state(|| IterClass(vm.types.bytes_iterator.clone()));
        Ok(vm.heap.alloc(&class.0, it).into())
    }));
    s.binary[BinOp::Add as usize].set(Some(|vm, a, b| {
        if a.downcast::<ByteArray>().is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let Some(y) = try_bytes_like(vm, b)? else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let x = this(vm, a)?.data.borrow();
        let mut out = vm.try_vec(x.len().saturating_add(y.len()))?;
        out.extend_from_slice(&x);
        out.extend_from_slice(&y);
        Ok(vm.new_bytearray(out))
    }));
    s.binary[BinOp::Mul as usize].set(Some(|vm, a, b| {
        let (v, n) = if a.downcast::<ByteArray>().is_some() {
            (a, b)
        } else {
            (b, a)
        };
        if v.downcast::<ByteArray>().is_none() || !has_index(vm, n) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let n = repeat_count(vm, n)?;
        let out = repeat(vm, &this(vm, v)?.data.borrow(), n)?;
        Ok(vm.new_bytearray(out))
    }));
    s.binary[BinOp::Mod as usize].set(Some(|vm, a, b| match a.downcast::<ByteArray>() {
        Some(f) => {
            let format = f.data.borrow().clone();
            Ok(vm.new_bytearray(super::percent::format_bytes(vm, &format, b)?))
        }
        None => Ok(Value::NOT_IMPLEMENTED),
    }));
    s.inplace[BinOp::Add as usize].set(Some(|vm, a, b| {
        let Some(y) = try_bytes_like(vm, b)? else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        if a.is(b) {
            return Err(exported(vm));
        }
        let y = y.into_vec(vm)?;
        resize(vm, a, |d| vm.extend(d, &y))??;
        Ok(a.clone())
    }));
    s.inplace[BinOp::Mul as usize].set(Some(|vm, a, b| {
        if !has_index(vm, b) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let n = repeat_count(vm, b)?;
        let out = repeat(vm, &this(vm, a)?.data.borrow(), n)?;
        resize(vm, a, |d| *d = out)?;
        Ok(a.clone())
    }));
    super::bytes_methods::init(vm, t);
    super::bytes_search::init(vm, t);
    super::memoryview::add_methods(vm, t);
    init_methods(vm, t);
}

fn init_methods(vm: &Vm, t: &Ref<Type>) {
    vm.add_methods(t, METHODS);
}

lasti_core::methods! { METHODS =
    "append" "append($self, item, /)\n--\n\nAppend a single item to the end of the bytearray." append;
    "extend" "extend($self, iterable_of_ints, /)\n--\n\nAppend all the items from the iterator or sequence to the end of the bytearray." extend;
    "insert" "insert($self, index, item, /)\n--\n\nInsert a single item into the bytearray before the given index." insert;
    "pop" "pop($self, index=-1, /)\n--\n\nRemove and return a single item from B." pop;
    "remove" "remove($self, value, /)\n--\n\nRemove the first occurrence of a value in the bytearray." remove;
    "reverse" "reverse($self, /)\n--\n\nReverse the order of the values in B in place." reverse;
    "clear" "clear($self, /)\n--\n\nRemove all items from the bytearray." clear;
    "copy" "copy($self, /)\n--\n\nReturn a copy of B." copy;
    "resize" "resize($self, size, /)\n--\n\nResize the internal buffer of bytearray to len." resize_method;
    "__alloc__" "__alloc__($self, /)\n--\n\n" alloc;
    "__reduce__" "__reduce__($self, /)\n--\n\n" |vm, v, _| reduce(vm, v, 2);
    "__reduce_ex__" "__reduce_ex__($self, proto=0, /)\n--\n\n" reduce_ex;
}

fn append(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [item] = a.exactly::<1>(vm, "bytearray.append")?;
    let b = byte_value(vm, item, RANGE)?;
    resize(vm, v, |d| vm.push(d, b))??;
    Ok(Value::NONE)
}

fn extend(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [items] = a.exactly::<1>(vm, "bytearray.extend")?;
    let more = match try_bytes_like(vm, items)? {
        Some(d) => d.into_vec(vm)?,
        None => {
            let slots = &vm.type_of(items).slots;
            if slots.iter.get().is_none() && slots.getitem.get().is_none() {
                return Err(vm.type_error(format!(
                    "can't extend bytearray with {}",
                    vm.type_name(items)
                )));
            }
            if items.downcast::<Str>().is_some() {
                return Err(vm.type_error("expected iterable of integers; got: 'str'"));
            }
            bytes::from_ints(vm, items, RANGE)?
        }
    };
    resize(vm, v, |d| vm.extend(d, &more))??;
    Ok(Value::NONE)
}

fn insert(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [at, item] = a.exactly::<2>(vm, "insert")?;
    let at = vm.to_i64(at)?;
    let b = byte_value(vm, item, RANGE)?;
    resize(vm, v, |d| {
        vm.reserve(d, 1)?;
        let n = d.len() as i64;
        let at = if at < 0 {
            at.saturating_add(n).max(0)
        } else {
            at.min(n)
        };
        d.insert(at as usize, b);
        Ok(())
    })??;
    Ok(Value::NONE)
}

fn pop(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let at = match a.between(vm, "pop", 0, 1)? {
        [i] => vm.to_i64(i)?,
        _ => -1,
    };
    let n = this(vm, v)?.data.borrow().len() as i64;
    if n == 0 {
        return Err(vm.index_error("pop from empty bytearray"));
    }
    let at = if at < 0 { at + n } else { at };
    if !(0..n).contains(&at) {
        return Err(vm.index_error("pop index out of range"));
    }
    let b = resize(vm, v, |d| d.remove(at as usize))?;
    Ok(Value::small_int(b as i64))
}

fn remove(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [item] = a.exactly::<1>(vm, "bytearray.remove")?;
    let b = byte_value(vm, item, RANGE)?;
    let at = this(vm, v)?.data.borrow().iter().position(|x| *x == b);
    let Some(at) = at else {
        return Err(vm.value_error("value not found in bytearray"));
    };
    resize(vm, v, |d| d.remove(at))?;
    Ok(Value::NONE)
}

fn reverse(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "bytearray.reverse")?;
    edit(vm, v, |d| d.reverse())?;
    Ok(Value::NONE)
}

fn clear(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "bytearray.clear")?;
    resize(vm, v, |d| *d = Vec::new())?;
    Ok(Value::NONE)
}

fn copy(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "bytearray.copy")?;
    let d = vm.copy_of(&this(vm, v)?.data.borrow())?;
    Ok(vm.new_bytearray(d))
}

fn resize_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "bytearray.resize")?;
    let n = vm.to_i64(n)?;
    let Ok(size) = usize::try_from(n) else {
        return Err(vm.value_error(format!(
            "bytearray.resize(): new size must be >= 0, got {n}"
        )));
    };
    let fits = resize(vm, v, |d| {
        let more = size.saturating_sub(d.len());
        let ok = d.try_reserve(more).is_ok();
        if ok {
            d.resize(size, 0);
        }
        ok
    })?;
    if fits {
        Ok(Value::NONE)
    } else {
        Err(vm.memory_error())
    }
}

fn alloc(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(this(vm, v)?.data.borrow().capacity() as i64))
}

fn reduce_ex(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let proto = match a.between(vm, "__reduce_ex__", 0, 1)? {
        [p] => vm.to_i64(p)?,
        _ => 0,
    };
    reduce(vm, v, proto)
}

fn this<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Ref<ByteArray>> {
    vm.this::<ByteArray>(v)
}

/// Changes bytes in place.
fn edit<R>(vm: &Vm, v: &Value, f: impl FnOnce(&mut Vec<u8>) -> R) -> PyResult<R> {
    match this(vm, v)?.data.try_borrow_mut() {
        Ok(mut d) => Ok(f(&mut d)),
        Err(_) => Err(exported(vm)),
    }
}

/// Changes bytes and their number, unless somebody looks at them.
fn resize<R>(vm: &Vm, v: &Value, f: impl FnOnce(&mut Vec<u8>) -> R) -> PyResult<R> {
    if this(vm, v)?.exports.get() > 0 {
        return Err(exported(vm));
    }
    edit(vm, v, f)
}

#[cold]
fn exported(vm: &Vm) -> lasti_core::vm::error::Exc {
    vm.new_exception(
        &vm.exc.buffer_error,
        "Existing exports of data: object cannot be re-sized",
    )
}

fn bytearray_init(vm: &Vm, v: &Value, args: Args) -> PyResult<()> {
    let [source, encoding, errors] = bytes::bind_source(vm, args, "bytearray")?;
    let out = bytes::from_source(vm, source, encoding, errors, "bytearray")?;
    if out.len() == this(vm, v)?.data.borrow().len() {
        return edit(vm, v, |d| *d = out);
    }
    resize(vm, v, |d| *d = out)
}

fn reduce(vm: &Vm, v: &Value, proto: i64) -> PyResult<Value> {
    let state = vm.call_method(v, "__getstate__", &[])?;
    let data = this(vm, v)?.data.borrow().clone();
    let args = if proto < 3 {
        let text = lasti_text::wtf8::from_code_points(data.iter().map(|b| *b as u32));
        vm.tuple_value([vm.new_wtf8(&text).into(), vm.str_value("latin-1")])
    } else {
        vm.tuple_value([vm.new_bytes(data)])
    };
    Ok(vm.tuple_value([vm.type_of(v).value(), args, state]))
}

// ---- items ----

fn wrong_index(vm: &Vm, key: &Value) -> lasti_core::vm::error::Exc {
    vm.type_error(format!(
        "bytearray indices must be integers or slices, not {}",
        vm.type_name(key)
    ))
}

fn getitem(vm: &Vm, v: &Value, key: &Value) -> PyResult<Value> {
    if let Some(slice) = key.downcast::<Slice>() {
        let raw = slice_unpack(vm, slice)?;
        let out = {
            let d = this(vm, v)?.data.borrow();
            sliced(vm, &d, slice_adjust(raw, d.len()))?
        };
        return Ok(vm.new_bytearray(out));
    }
    if !has_index(vm, key) {
        return Err(wrong_index(vm, key));
    }
    let key = vm.index(key)?;
    let d = this(vm, v)?.data.borrow();
    let i = item_index(vm, &key, d.len(), OUTSIDE)?;
    Ok(Value::small_int(d[i] as i64))
}

fn setitem(vm: &Vm, v: &Value, key: &Value, value: Option<&Value>) -> PyResult<()> {
    if let Some(slice) = key.downcast::<Slice>() {
        let raw = slice_unpack(vm, slice)?;
        let new = match value {
            None => Vec::new(),
            Some(x) => slice_value(vm, x)?,
        };
        let r = slice_adjust(raw, this(vm, v)?.data.borrow().len());
        return set_slice(vm, v, r, &new, value.is_none());
    }
    if !has_index(vm, key) {
        return Err(wrong_index(vm, key));
    }
    let key = vm.index(key)?;
    let byte = match value {
        // The index is checked first, and again: getting the byte may run Python.
        Some(x) => {
            item_index(vm, &key, this(vm, v)?.data.borrow().len(), OUTSIDE)?;
            Some(byte_value(vm, x, RANGE)?)
        }
        None => None,
    };
    let i = item_index(vm, &key, this(vm, v)?.data.borrow().len(), OUTSIDE)?;
    match byte {
        Some(b) => edit(vm, v, |d| d[i] = b),
        None => resize(vm, v, |d| d.remove(i)).map(|_| ()),
    }
}

fn slice_value(vm: &Vm, x: &Value) -> PyResult<Vec<u8>> {
    if let Some(d) = try_bytes_like(vm, x)? {
        return d.into_vec(vm);
    }
    let slots = &vm.type_of(x).slots;
    let iterable = slots.iter.get().is_some() || slots.getitem.get().is_some();
    if vm.is_int(x) || x.downcast::<Str>().is_some() || !iterable {
        return Err(
            vm.type_error("can assign only bytes, buffers, or iterables of ints in range(0, 256)")
        );
    }
    bytes::from_ints(vm, x, RANGE)
}

fn set_slice(vm: &Vm, v: &Value, r: SliceRange, new: &[u8], delete: bool) -> PyResult<()> {
    if r.step == 1 {
        let start = r.start as usize;
        let range = start..start + r.count;
        if r.count == new.len() {
            return edit(vm, v, |d| d[range].copy_from_slice(new));
        }
        return resize(vm, v, |d| drop(d.splice(range, new.iter().copied())));
    }
    if delete {
        let mut gone: Vec<usize> = r.indices().collect();
        gone.sort_unstable();
        return resize(vm, v, |d| {
            let mut next = gone.iter().peekable();
            let mut at = 0;
            d.retain(|_| {
                let drop = next.next_if(|g| **g == at).is_some();
                at += 1;
                !drop
            });
        });
    }
    if new.len() != r.count {
        return Err(vm.value_error(format!(
            "attempt to assign bytes of size {} to extended slice of size {}",
            new.len(),
            r.count
        )));
    }
    edit(vm, v, |d| {
        for (i, b) in r.indices().zip(new) {
            d[i] = *b;
        }
    })
}
