//! `_struct` (CPython's Modules/_struct.c) over the text crate's formats.
use crate::util::*;
use lasti_text::int::Int as TextInt;
use lasti_text::structfmt::{self, Field, Kind, Layout};
use lasti_text::{ErrorKind, TextError};
use std::rc::Rc;

struct StructObject {
    format: Slot,
    layout: RefCell<Option<Rc<Layout>>>,
}
payload!(StructObject, "_struct.Struct", format);

struct UnpackIter {
    layout: Rc<Layout>,
    data: Vec<u8>,
    at: Cell<usize>,
}
impl Payload for UnpackIter {
    const NAME: &'static str = "_struct.unpack_iterator";
}

struct State {
    error: Value,
    iter: Ref<Type>,
    cache: RefCell<std::collections::HashMap<Vec<u8>, Rc<Layout>>>,
}

fn st(vm: &Vm) -> PyResult<Rc<State>> {
    // The class is made first: making it calls `type`, which runs Python.
    let error = exception_class(vm, "struct.error", &vm.exc.exception)?;
    Ok(vm.module_state(|| {
        let iter = vm.new_native_type::<UnpackIter>(
            "_struct.unpack_iterator",
            &vm.types.object,
            TypeFlags::NO_NEW,
        );
        iter.slots.iter.set(Some(self_iter));
        iter.slots.next.set(Some(|vm, v| {
            let it = vm.this::<UnpackIter>(v)?;
            let at = it.at.get();
            let Some(part) = it.data.get(at..at + it.layout.size) else {
                return Ok(None);
            };
            it.at.set(at + it.layout.size);
            unpack_values(vm, &it.layout, part).map(Some)
        }));
        vm.add_methods(&iter, ST_METHODS);
        vm.ready_type(&iter);
        State {
            error,
            iter,
            cache: RefCell::default(),
        }
    }))
}

lasti_core::methods! { ST_METHODS =
    "__length_hint__" "__length_hint__($self, /)\n--\n\n" length_hint;
}

fn length_hint(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let it = vm.this::<UnpackIter>(v)?;
    Ok(vm.new_int(((it.data.len() - it.at.get()) / it.layout.size.max(1)) as i64))
}

fn error(vm: &Vm, msg: impl AsRef<str>) -> Exc {
    match st(vm) {
        Ok(s) => match s.error.as_ref::<Type>() {
            Some(t) => vm.new_exception(t, msg),
            None => vm.value_error(msg),
        },
        Err(e) => e,
    }
}

fn text_error(vm: &Vm, e: TextError) -> Exc {
    match e.kind {
        ErrorKind::Struct => error(vm, e.msg),
        _ => vm.text_error(e),
    }
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_struct");
    vm.add_value(
        &m,
        "__doc__",
        vm.str_value("Functions to convert between Python values and C structs."),
    );
    vm.add_value(&m, "error", st(vm)?.error.clone());
    vm.add_functions(&m, FUNCTIONS);
    add_type(vm, &m, "Struct", &struct_type(vm));
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "_clearcache" "_clearcache($module, /)\n--\n\n" clearcache;
    "calcsize" "calcsize($module, format, /)\n--\n\n" calcsize;
    "pack" "(*args)\n--\n\n" pack;
    "pack_into" "(*args)\n--\n\n" pack_into_function;
    "unpack" "unpack($module, format, buffer, /)\n--\n\n" unpack_function;
    "unpack_from" "unpack_from($module, format, /, buffer, offset=0)\n--\n\n" unpack_from_function;
    "iter_unpack" "iter_unpack($module, format, buffer, /)\n--\n\n" iter_unpack_function;
}

fn clearcache(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    st(vm)?.cache.borrow_mut().clear();
    Ok(Value::NONE)
}

fn calcsize(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fmt] = a.exactly::<1>(vm, "calcsize")?;
    Ok(vm.new_int(layout(vm, fmt)?.size as i64))
}

fn pack(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    a.no_kw(vm, "pack")?;
    let Some((fmt, values)) = a.pos.split_first() else {
        return Err(vm.type_error("missing format argument"));
    };
    vm.try_new_bytes(pack_values(vm, &*layout(vm, fmt)?, values, "pack")?)
}

fn pack_into_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    a.no_kw(vm, "pack_into")?;
    let Some((fmt, rest)) = a.pos.split_first() else {
        return Err(vm.type_error("missing format argument"));
    };
    pack_into(vm, &*layout(vm, fmt)?, rest)
}

fn unpack_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fmt, data] = a.exactly::<2>(vm, "unpack")?;
    unpack(vm, &*layout(vm, fmt)?, data)
}

fn unpack_from_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fmt, buffer, offset] = a.bind(vm, "unpack_from", ["format", "buffer", "offset"], 2)?;
    let none = Value::NONE;
    unpack_from(
        vm,
        &*layout(vm, fmt.unwrap_or(&none))?,
        buffer.unwrap_or(&none),
        offset,
    )
}

fn iter_unpack_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [fmt, data] = a.exactly::<2>(vm, "iter_unpack")?;
    iter_unpack(vm, layout(vm, fmt)?, data)
}

fn layout(vm: &Vm, format: &Value) -> PyResult<Rc<Layout>> {
    let bytes = match format.downcast::<Str>() {
        Some(s) => {
            if !s.is_ascii() {
                // The encoder has the words for what is not ASCII.
                vm.call_method(format, "encode", &[vm.str_value("ascii")])?;
                return Err(error(vm, "bad char in struct format"));
            }
            s.as_bytes().to_vec()
        }
        None => match format.downcast::<Bytes>() {
            Some(b) => b.data.to_vec(),
            None => {
                // CPython looks into its cache of formats first, which takes a hash.
                vm.hash(format)?;
                return Err(vm.type_error(format!(
                    "Struct() argument 1 must be a str or bytes object, not {}",
                    vm.type_name(format)
                )));
            }
        },
    };
    let s = st(vm)?;
    if let Some(l) = s.cache.borrow().get(&bytes) {
        return Ok(l.clone());
    }
    let l = Rc::new(structfmt::parse(&bytes).map_err(|e| text_error(vm, e))?);
    let mut cache = s.cache.borrow_mut();
    if cache.len() > 100 {
        cache.clear();
    }
    cache.insert(bytes, l.clone());
    Ok(l)
}

fn pack_values(vm: &Vm, l: &Layout, values: &[Value], func: &str) -> PyResult<Vec<u8>> {
    if values.len() != l.values {
        return Err(error(
            vm,
            format!(
                "{func} expected {} items for packing (got {})",
                l.values,
                values.len()
            ),
        ));
    }
    let mut out = vm.zeroed(l.size)?;
    let mut values = values.iter();
    for field in &l.fields {
        for i in 0..field.count {
            let Some(v) = values.next() else { break };
            let at = field.offset + i * field.size;
            pack_one(vm, l, field, &mut out[at..at + field.size], v)?;
        }
    }
    Ok(out)
}

fn float_of(vm: &Vm, v: &Value) -> PyResult<f64> {
    vm.to_f64(v)
        .map_err(|_| error(vm, "required argument is not a float"))
}

fn pack_one(vm: &Vm, l: &Layout, field: &Field, out: &mut [u8], v: &Value) -> PyResult<()> {
    let code = field.code as char;
    match field.kind {
        Kind::Pad => Ok(()),
        Kind::Char => match v
            .downcast::<Bytes>()
            .map(|b| b.data.to_vec())
            .or_else(|| v.downcast::<ByteArray>().map(|b| b.data.borrow().clone()))
        {
            Some(b) if b.len() == 1 => {
                out[0] = b[0];
                Ok(())
            }
            _ => Err(error(vm, "char format requires a bytes object of length 1")),
        },
        Kind::Bool => {
            out[0] = vm.is_true(v)? as u8;
            Ok(())
        }
        Kind::Signed | Kind::Unsigned | Kind::Pointer => {
            if !vm.is_int(v) && vm.type_of(v).slots.index.get().is_none() {
                return Err(error(vm, "required argument is not an integer"));
            }
            let n = TextInt::from(vm.to_bigint(v)?);
            structfmt::pack_int(out, field, l.order, &n).map_err(|e| text_error(vm, e))
        }
        Kind::Float => {
            structfmt::pack_float(out, l.order, float_of(vm, v)?).map_err(|e| text_error(vm, e))
        }
        Kind::Complex => {
            let (re, im) = match v.downcast::<Complex>() {
                Some(c) => (c.0, c.1),
                None => (
                    vm.to_f64(v)
                        .map_err(|_| error(vm, "required argument is not a complex"))?,
                    0.0,
                ),
            };
            let half = out.len() / 2;
            structfmt::pack_float(&mut out[..half], l.order, re).map_err(|e| text_error(vm, e))?;
            structfmt::pack_float(&mut out[half..], l.order, im).map_err(|e| text_error(vm, e))
        }
        Kind::Bytes | Kind::Pascal => {
            let data = v.downcast::<Bytes>().map(|b| b.data.to_vec());
            let data = data.or_else(|| v.downcast::<ByteArray>().map(|b| b.data.borrow().clone()));
            let Some(data) = data else {
                return Err(error(
                    vm,
                    format!("argument for '{code}' must be a bytes object"),
                ));
            };
            if field.kind == Kind::Bytes {
                structfmt::pack_bytes(out, &data);
            } else {
                structfmt::pack_pascal(out, &data);
            }
            Ok(())
        }
    }
}

fn unpack_values(vm: &Vm, l: &Layout, data: &[u8]) -> PyResult<Value> {
    let mut out = vm.try_vec(l.values)?;
    for field in &l.fields {
        for i in 0..field.count {
            let at = field.offset + i * field.size;
            let part = &data[at..at + field.size];
            out.push(match field.kind {
                Kind::Pad => continue,
                Kind::Char | Kind::Bytes => vm.try_new_bytes(vm.copy_of(part)?)?,
                Kind::Bool => Value::bool(part[0] != 0),
                Kind::Signed | Kind::Unsigned | Kind::Pointer => {
                    match structfmt::unpack_int(part, field.kind, l.order) {
                        TextInt::Small(i) => vm.new_int(i),
                        TextInt::Big(b) => vm.new_bigint(b),
                    }
                }
                Kind::Float => vm.new_float(structfmt::unpack_float(part, l.order)),
                Kind::Complex => {
                    let (re, im) = part.split_at(part.len() / 2);
                    vm.new_complex(
                        structfmt::unpack_float(re, l.order),
                        structfmt::unpack_float(im, l.order),
                    )
                }
                Kind::Pascal => vm.new_bytes(structfmt::unpack_pascal(part)),
            });
        }
    }
    Ok(vm.try_new_tuple(out)?.into())
}

fn unpack(vm: &Vm, l: &Layout, data: &Value) -> PyResult<Value> {
    let data = vm.buffer(data)?;
    if data.len() != l.size {
        return Err(error(
            vm,
            format!("unpack requires a buffer of {} bytes", l.size),
        ));
    }
    unpack_values(vm, l, &data)
}

fn unpack_from(vm: &Vm, l: &Layout, buffer: &Value, offset: Option<&Value>) -> PyResult<Value> {
    let data = vm.buffer(buffer)?;
    let offset = offset.map_or(Ok(0), |o| vm.to_i64(o))?;
    let at = if offset < 0 {
        if offset + (l.size as i64) > 0 {
            return Err(error(
                vm,
                format!("not enough data to unpack {} bytes", l.size),
            ));
        }
        let at = offset + data.len() as i64;
        if at < 0 {
            return Err(error(
                vm,
                format!(
                    "offset {offset} out of range for {}-byte buffer",
                    data.len()
                ),
            ));
        }
        at as usize
    } else {
        offset as usize
    };
    match at.checked_add(l.size).and_then(|end| data.get(at..end)) {
        Some(part) => unpack_values(vm, l, part),
        None => Err(error(
            vm,
            format!(
                "unpack_from requires a buffer of at least {} bytes for unpacking {} bytes at offset {at} (actual buffer size is {})",
                at.saturating_add(l.size),
                l.size,
                data.len()
            ),
        )),
    }
}

fn iter_unpack(vm: &Vm, l: Rc<Layout>, data: &Value) -> PyResult<Value> {
    let data = vm.buffer(data)?;
    if l.size == 0 {
        return Err(error(
            vm,
            "cannot iteratively unpack with a struct of length 0",
        ));
    }
    if data.len() % l.size != 0 {
        return Err(error(
            vm,
            format!(
                "iterative unpacking requires a buffer of a multiple of {} bytes",
                l.size
            ),
        ));
    }
    let s = st(vm)?;
    Ok(vm
        .heap
        .alloc(
            &s.iter,
            UnpackIter {
                layout: l,
                data,
                at: Cell::new(0),
            },
        )
        .into())
}

/// `args`: buffer, offset, values.
fn pack_into(vm: &Vm, l: &Layout, args: &[Value]) -> PyResult<Value> {
    let [buffer, offset, values @ ..] = args else {
        return Err(error(
            vm,
            if args.is_empty() {
                "pack_into expected buffer argument"
            } else {
                "pack_into expected offset argument"
            },
        ));
    };
    if values.len() != l.values {
        return Err(error(
            vm,
            format!(
                "pack_into expected {} items for packing (got {})",
                l.values,
                values.len()
            ),
        ));
    }
    let offset = vm.to_i64(offset)?;
    let size = vm.len(buffer)? as i64;
    let at = if offset < 0 {
        if offset + (l.size as i64) > 0 {
            return Err(error(
                vm,
                format!("no space to pack {} bytes at offset {offset}", l.size),
            ));
        }
        if offset + size < 0 {
            return Err(error(
                vm,
                format!("offset {offset} out of range for {size}-byte buffer"),
            ));
        }
        offset + size
    } else {
        offset
    };
    if at.saturating_add(l.size as i64) > size {
        return Err(error(
            vm,
            format!(
                "pack_into requires a buffer of at least {} bytes for packing {} bytes at offset {at} (actual buffer size is {size})",
                at.saturating_add(l.size as i64),
                l.size
            ),
        ));
    }
    let bytes = pack_values(vm, l, values, "pack_into")?;
    let at = at as usize;
    match buffer.downcast::<ByteArray>() {
        Some(b) => {
            let mut data = b.data.borrow_mut();
            if let Some(part) = data.get_mut(at..at + bytes.len()) {
                part.copy_from_slice(&bytes);
            }
        }
        None => {
            // A memoryview or another writable buffer takes the bytes as a slice.
            let slice = vm.new_slice(
                vm.new_int(at as i64),
                vm.new_int((at + bytes.len()) as i64),
                Value::NONE,
            );
            vm.setitem(buffer, &slice, &vm.new_bytes(bytes))?;
        }
    }
    Ok(Value::NONE)
}

fn own_layout(vm: &Vm, v: &Value) -> PyResult<Rc<Layout>> {
    let l = vm.this::<StructObject>(v)?.layout.borrow().clone();
    l.ok_or_else(|| vm.runtime_error("Struct object is not initialized"))
}

fn struct_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<StructObject>(
        "_struct.Struct",
        &vm.types.object,
        TypeFlags::BASE | TypeFlags::WEAKREF,
    );
    t.slots.new.set(Some(|vm, class, _| {
        Ok(vm
            .heap
            .alloc(
                class,
                StructObject {
                    format: Slot::new(Value::NONE),
                    layout: RefCell::default(),
                },
            )
            .into())
    }));
    t.slots.init.set(Some(|vm, v, a| {
        let [fmt] = a.bind(vm, "Struct", ["format"], 1)?;
        let none = Value::NONE;
        let fmt = fmt.unwrap_or(&none);
        let l = layout(vm, fmt)?;
        let s = vm.this::<StructObject>(v)?;
        let text = match fmt.downcast::<Str>() {
            Some(_) => fmt.clone(),
            None => vm.str_value(&String::from_utf8_lossy(&vm.buffer(fmt)?)),
        };
        s.format.set(text);
        *s.layout.borrow_mut() = Some(l);
        Ok(())
    }));
    t.slots.repr.set(Some(|vm, v| {
        let f = vm.repr_string(&vm.this::<StructObject>(v)?.format.get())?;
        Ok(vm.str_value(&format!("{}({f})", vm.type_full_name(vm.type_of(v)))))
    }));
    vm.getset(
        &t,
        "format",
        |vm, v| Ok(vm.this::<StructObject>(v)?.format.get()),
        None,
    );
    vm.getset(
        &t,
        "size",
        |vm, v| Ok(vm.new_int(own_layout(vm, v)?.size as i64)),
        None,
    );
    vm.add_methods(&t, STRUCT_TYPE_METHODS);
    t
}

lasti_core::methods! { STRUCT_TYPE_METHODS =
    "pack" "(*values)\n--\n\n" pack_method;
    "pack_into" "(*args)\n--\n\n" own_pack_into;
    "unpack" "unpack($self, buffer, /)\n--\n\n" own_unpack;
    "unpack_from" "unpack_from($self, /, buffer, offset=0)\n--\n\n" own_unpack_from;
    "iter_unpack" "iter_unpack($self, buffer, /)\n--\n\n" own_iter_unpack;
}

fn pack_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.no_kw(vm, "pack")?;
    vm.try_new_bytes(pack_values(vm, &*own_layout(vm, v)?, a.pos, "pack")?)
}

fn own_pack_into(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    pack_into(vm, &*own_layout(vm, v)?, a.pos)
}

fn own_unpack(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [data] = a.exactly::<1>(vm, "unpack")?;
    unpack(vm, &*own_layout(vm, v)?, data)
}

fn own_unpack_from(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [buffer, offset] = a.bind(vm, "unpack_from", ["buffer", "offset"], 1)?;
    let none = Value::NONE;
    unpack_from(vm, &*own_layout(vm, v)?, buffer.unwrap_or(&none), offset)
}

fn own_iter_unpack(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [data] = a.exactly::<1>(vm, "iter_unpack")?;
    iter_unpack(vm, own_layout(vm, v)?, data)
}
