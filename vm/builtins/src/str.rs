//! The `str` type: construction, slots and iteration (CPython's Objects/unicodeobject.c). Methods stand in
//! `str_methods`, formatting in `str_format`.
use super::encoding;
use super::slicing::{slice_adjust, slice_unpack};
use super::util::{has_index, repeat, repeat_count};
use lasti_core::memory::{Ref, Slot, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use lasti_text::wtf8;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.str;
    let s = &t.slots;
    s.new.set(Some(str_new));
    s.repr.set(Some(str_repr));
    s.str.set(Some(|vm, v| exact(vm, this(vm, v)?)));
    s.hash
        .set(Some(|vm, v| Ok(this(vm, v)?.hash_with(&vm.hash_keys))));
    s.richcmp.set(Some(str_richcmp));
    s.len.set(Some(|vm, v| Ok(this(vm, v)?.char_len())));
    s.getitem.set(Some(str_getitem));
    s.contains.set(Some(str_contains));
    s.iter.set(Some(|vm, v| {
        let it = SeqIter {
            seq: Slot::new(v.clone()),
            index: Default::default(),
        };
        // Two types, as in CPython since 3.10.
        let class = match v.downcast::<Str>() {
            Some(s) if s.is_ascii() => &vm.types.str_ascii_iterator,
            _ => &vm.types.str_iterator,
        };
        Ok(vm.heap.alloc(class, it).into())
    }));
    s.binary[BinOp::Add as usize].set(Some(str_add));
    s.binary[BinOp::Mul as usize].set(Some(str_mul));
    s.binary[BinOp::Mod as usize].set(Some(|vm, a, b| match a.as_ref::<Str>() {
        Some(f) => super::percent::format_str(vm, f, b),
        None => Ok(Value::NOT_IMPLEMENTED),
    }));
    super::str_methods::init(vm);
    super::str_search::init(vm);
    super::str_format::init(vm);

    init_iterator(vm, &vm.types.str_iterator);
    init_iterator(vm, &vm.types.str_ascii_iterator);
}

fn init_iterator(vm: &Vm, it: &Ref<Type>) {
    it.slots.iter.set(Some(lasti_core::self_iter));
    it.slots.next.set(Some(iter_next));
    vm.add_methods(it, ITERATOR_METHODS);
}

lasti_core::methods! { ITERATOR_METHODS =
    "__length_hint__" "__length_hint__($self, /)\n--\n\n" length_hint;
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce;
    "__setstate__" "__setstate__($self, object, /)\n--\n\n" setstate;
}

fn length_hint(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let it = vm.this::<SeqIter>(v)?;
    let left = match it.seq.get().downcast::<Str>() {
        Some(s) if s.is_ascii() => s.as_bytes().len().saturating_sub(it.index.get()),
        Some(s) => wtf8::count(s.as_bytes().get(it.index.get()..).unwrap_or_default()),
        None => 0,
    };
    Ok(vm.new_int(left as i64))
}

fn reduce(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let it = vm.this::<SeqIter>(v)?;
    let iter = vm.dict_get(&vm.builtins, "iter").unwrap_or(Value::NONE);
    let seq = it.seq.get();
    Ok(match seq.downcast::<Str>() {
        Some(s) => {
            let index = wtf8::index_of(s.as_bytes(), it.index.get());
            vm.tuple_value([
                iter,
                vm.tuple_value([seq.clone()]),
                vm.new_int(index as i64),
            ])
        }
        None => vm.tuple_value([iter, vm.tuple_value([vm.names.empty.value()])]),
    })
}

fn setstate(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "__setstate__")?;
    let n = usize::try_from(vm.to_i64(n)?).unwrap_or(0);
    let it = vm.this::<SeqIter>(v)?;
    if let Some(s) = it.seq.get().downcast::<Str>() {
        it.index
            .set(wtf8::offset_of(s.as_bytes(), n).unwrap_or(s.as_bytes().len()));
    }
    Ok(Value::NONE)
}

/// The string a slot or method works on.
#[inline]
pub(crate) fn this<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Ref<Str>> {
    vm.this::<Str>(v)
}

/// The same text as an exact `str`.
pub(crate) fn exact(vm: &Vm, s: &Ref<Str>) -> PyResult<Value> {
    if s.class().is(&vm.types.str) {
        Ok(s.value())
    } else {
        Ok(vm.try_new_wtf8(s.as_bytes())?.into())
    }
}

/// The argument of `__format__`.
pub(crate) fn format_spec_arg<'a>(vm: &Vm, args: Args<'a>) -> PyResult<&'a Ref<Str>> {
    let [spec] = args.exactly::<1>(vm, "__format__")?;
    spec.as_ref::<Str>().ok_or_else(|| {
        vm.type_error(format!(
            "__format__() argument must be str, not {}",
            vm.type_name_or_none(spec)
        ))
    })
}

fn str_new(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    if let ([v], []) = (args.pos, args.kw)
        && class.is(&vm.types.str)
    {
        return vm.str_of(v).map(Value::from);
    }
    if args.pos.len() > 3 {
        return Err(vm.type_error(format!(
            "str expected at most 3 arguments, got {}",
            args.pos.len()
        )));
    }
    let [object, encoding, errors] = args.bind(vm, "str", ["object", "encoding", "errors"], 0)?;
    let v: Value = match (object, encoding.or(errors)) {
        (None, _) => vm.names.empty.value(),
        (Some(v), None) => vm.str_of(v)?.into(),
        (Some(v), Some(_)) => {
            let (encoding, errors) = encoding::names(vm, "str", encoding, errors)?;
            if v.downcast::<Str>().is_some() {
                return Err(vm.type_error("decoding str is not supported"));
            }
            if !super::memoryview::is_buffer(vm, v) {
                return Err(vm.type_error(format!(
                    "decoding to str: need a bytes-like object, {} found",
                    vm.type_name(v)
                )));
            }
            encoding::decode(vm, v, &encoding, &errors)?
        }
    };
    if class.is(&vm.types.str) {
        return Ok(v);
    }
    let s = this(vm, &v)?;
    vm.prepare::<Str>(s.byte_len())?;
    Ok(Str::alloc(&vm.heap, class, s.as_bytes()).into())
}

/// How many times as long a text can get by escapes: `\\x00` for a byte.
pub(crate) const ESCAPED: usize = 4;

fn str_repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let s = this(vm, v)?;
    let plain = |b: &u8| (0x20..0x7F).contains(b) && *b != b'\'' && *b != b'\\';
    if s.as_bytes().iter().all(plain) {
        let mut out = vm.try_vec(s.byte_len() + 2)?;
        out.push(b'\'');
        out.extend_from_slice(s.as_bytes());
        out.push(b'\'');
        return Ok(vm.try_new_wtf8(&out)?.into());
    }
    vm.room(s.byte_len().saturating_mul(ESCAPED))?;
    let shown = lasti_text::repr::str_repr(s.as_bytes());
    Ok(vm.try_new_wtf8(shown.as_bytes())?.into())
}

fn str_richcmp(_: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
    let (Some(x), Some(y)) = (a.downcast::<Str>(), b.downcast::<Str>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    Ok(Value::bool(match op {
        CmpOp::Eq => a.is(b) || x.as_bytes() == y.as_bytes(),
        CmpOp::Ne => !a.is(b) && x.as_bytes() != y.as_bytes(),
        // The order of the bytes is the order of the code points.
        _ => op.holds(x.as_bytes().cmp(y.as_bytes())),
    }))
}

fn str_contains(vm: &Vm, v: &Value, item: &Value) -> PyResult<bool> {
    let s = this(vm, v)?;
    match item.downcast::<Str>() {
        Some(needle) => Ok(wtf8::find(s.as_bytes(), needle.as_bytes()).is_some()),
        None => Err(vm.type_error(format!(
            "'in <string>' requires string as left operand, not {}",
            vm.type_name(item)
        ))),
    }
}

fn str_add(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let (Some(x), Some(y)) = (a.as_ref::<Str>(), b.as_ref::<Str>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if y.is_empty() {
        return exact(vm, x);
    }
    if x.is_empty() {
        return exact(vm, y);
    }
    vm.prepare::<Str>(x.byte_len() + y.byte_len())?;
    Ok(Str::concat(&vm.heap, &vm.types.str, x, y, false).into())
}

fn str_mul(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    let (s, n) = match (a.as_ref::<Str>(), b.as_ref::<Str>()) {
        (Some(s), _) => (s, b),
        (None, Some(s)) => (s, a),
        _ => return Ok(Value::NOT_IMPLEMENTED),
    };
    if !has_index(vm, n) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let n = repeat_count(vm, n)?;
    if n == 1 {
        return exact(vm, s);
    }
    Ok(vm.try_new_wtf8(&repeat(vm, s.as_bytes(), n)?)?.into())
}

// ---- indexing ----

/// An index into `len` items; IndexError with `msg` outside.
pub(crate) fn item_index(vm: &Vm, key: &Value, len: usize, msg: &str) -> PyResult<usize> {
    let i = match key.as_small_int() {
        Some(i) => i,
        None => {
            let big = vm.to_bigint(key)?;
            i64::try_from(&big).map_err(|_| {
                vm.index_error(format!(
                    "cannot fit '{}' into an index-sized integer",
                    vm.type_name(key)
                ))
            })?
        }
    };
    let i = if i < 0 { i + len as i64 } else { i };
    match usize::try_from(i) {
        Ok(i) if i < len => Ok(i),
        _ => Err(vm.index_error(msg)),
    }
}

fn str_getitem(vm: &Vm, v: &Value, key: &Value) -> PyResult<Value> {
    let s = this(vm, v)?;
    if let Some(slice) = key.downcast::<Slice>() {
        return get_slice(vm, s, slice);
    }
    if !has_index(vm, key) {
        return Err(vm.type_error(format!(
            "string indices must be integers, not '{}'",
            vm.type_name(key)
        )));
    }
    let i = item_index(vm, key, s.char_len(), "string index out of range")?;
    Ok(vm.try_new_wtf8(s.part(i, i + 1))?.into())
}

fn get_slice(vm: &Vm, s: &Ref<Str>, slice: &Slice) -> PyResult<Value> {
    let raw = slice_unpack(vm, slice)?;
    let len = s.char_len();
    let r = slice_adjust(raw, len);
    if r.count == 0 {
        return Ok(vm.names.empty.value());
    }
    if r.step == 1 && r.count == len {
        return exact(vm, s);
    }
    let data = s.as_bytes();
    let start = r.start as usize;
    if r.step == 1 {
        return Ok(vm.try_new_wtf8(s.part(start, start + r.count))?.into());
    }
    if s.is_ascii() {
        let mut out = vm.try_vec(r.count)?;
        out.extend(r.indices().map(|i| data[i]));
        return Ok(vm.try_new_wtf8(&out)?.into());
    }
    // The code points, and the text, which grows.
    vm.room(
        len.saturating_mul(size_of::<u32>())
            .saturating_add(data.len() * 3),
    )?;
    let points: Vec<u32> = wtf8::code_points(data).collect();
    let out = wtf8::from_code_points(r.indices().map(|i| points[i]));
    Ok(vm.try_new_wtf8(&out)?.into())
}

// ---- iteration ----

/// The index of a string iterator counts bytes, so that each step is short.
fn iter_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<SeqIter>(v)?;
    let seq = it.seq.get();
    let Some(s) = seq.downcast::<Str>() else {
        return Ok(None);
    };
    let at = it.index.get();
    let data = s.as_bytes();
    let Some(&lead) = data.get(at) else {
        drop(it.seq.take());
        it.seq.set(Value::NONE);
        return Ok(None);
    };
    let end = (at + wtf8::width_of_lead(lead)).min(data.len());
    it.index.set(end);
    Ok(Some(vm.new_wtf8(&data[at..end]).into()))
}
