//! The `builtins` module: its types and constants, and the functions about objects, attributes and iteration
//! (CPython's Python/bltinmodule.c). Numbers stand in `numeric`, code in `execute`, the terminal in `console`.
use super::{console, execute, numeric};
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::{Exc, PyResult};
use std::cell::{Cell, RefCell};

pub(crate) fn init_module(vm: &Vm) {
    // The module shows the dict that code looks up built-in names in.
    let m = vm.heap.alloc(
        &vm.types.module,
        Module {
            dict: vm.builtins.clone(),
            lazy: Cell::new(None),
        },
    );
    vm.add_value(&m, "__name__", vm.str_value("builtins"));
    vm.add_value(&m, "__doc__", vm.str_value("Built-in functions, types, exceptions, and other objects.\n\nThis module provides direct access to all 'built-in'\nidentifiers of Python; for example, builtins.len is\nthe full name for the built-in function len()."));
    vm.add_value(&m, "__package__", vm.names.empty.value());
    vm.add_value(&m, "__loader__", Value::NONE);
    vm.add_value(&m, "__spec__", Value::NONE);
    vm.add_value(&m, "__debug__", Value::bool(vm.flags.optimize == 0));
    vm.add_value(&m, "None", Value::NONE);
    vm.add_value(&m, "True", Value::TRUE);
    vm.add_value(&m, "False", Value::FALSE);
    vm.add_value(&m, "Ellipsis", Value::ELLIPSIS);
    vm.add_value(&m, "NotImplemented", Value::NOT_IMPLEMENTED);
    add_types(vm, &m);
    add_functions(vm, &m);
    numeric::init(vm, &m);
    execute::init(vm, &m);
    console::init(vm, &m);
    vm.dict_set(&vm.modules, "builtins", m.into());
}

fn add_types(vm: &Vm, m: &Ref<Module>) {
    let t = &vm.types;
    let types = [
        &t.object,
        &t.type_,
        &t.str,
        &t.int,
        &t.bool_,
        &t.float,
        &t.complex,
        &t.bytes,
        &t.bytearray,
        &t.tuple,
        &t.list,
        &t.dict,
        &t.set,
        &t.frozenset,
        &t.range,
        &t.slice,
        &t.property,
        &t.staticmethod,
        &t.classmethod,
        &t.super_,
        &t.enumerate,
        &t.zip,
        &t.map,
        &t.filter,
        &t.reversed,
    ];
    for t in types {
        vm.add_value(m, &t.name(), t.value());
    }
}

fn add_functions(vm: &Vm, m: &Ref<Module>) {
    vm.add_functions(m, FUNCTIONS);
}

lasti_core::methods! { FUNCTIONS =
    "aiter" "aiter($module, async_iterable, /)\n--\n\nReturn an AsyncIterator for an AsyncIterable object." aiter;
    "all" "all($module, iterable, /)\n--\n\nReturn True if bool(x) is True for all values x in the iterable." all;
    "anext" "anext($module, aiterator, default=<unrepresentable>, /)\n--\n\nReturn the next item from the async iterator." anext;
    "any" "any($module, iterable, /)\n--\n\nReturn True if bool(x) is True for any x in the iterable." any;
    "ascii" "ascii($module, obj, /)\n--\n\nReturn an ASCII-only representation of an object." ascii;
    "callable" "callable($module, obj, /)\n--\n\nReturn whether the object is callable (i.e., some kind of function)." callable;
    "delattr" "delattr($module, obj, name, /)\n--\n\nDeletes the named attribute from the given object." delattr;
    "format" "format($module, value, format_spec='', /)\n--\n\nReturn type(value).__format__(value, format_spec)." format;
    "getattr" "(object, name, default=None, /)\n--\n\nGet a named attribute from an object." getattr;
    "hasattr" "hasattr($module, obj, name, /)\n--\n\nReturn whether the object has an attribute with the given name." hasattr;
    "hash" "hash($module, obj, /)\n--\n\nReturn the hash value for the given object." hash;
    "id" "id($module, obj, /)\n--\n\nReturn the identity of an object." id;
    "isinstance" "isinstance($module, obj, class_or_tuple, /)\n--\n\nReturn whether an object is an instance of a class or of a subclass thereof." isinstance;
    "issubclass" "issubclass($module, cls, class_or_tuple, /)\n--\n\nReturn whether 'cls' is derived from another class or is the same class." issubclass;
    "iter" "(object, sentinel=None, /)\n--\n\nGet an iterator from an object." iter;
    "len" "len($module, obj, /)\n--\n\nReturn the number of items in a container." len_function;
    tail "next" "(iterator, default=None, /)\n--\n\nReturn the next item from the iterator." next;
    "repr" "repr($module, obj, /)\n--\n\nReturn the canonical string representation of the object." repr;
    "setattr" "setattr($module, obj, name, value, /)\n--\n\nSets the named attribute on the given object to the specified value." setattr;
    unchecked "sorted" "sorted($module, iterable, /, *, key=None, reverse=False)\n--\n\nReturn a new list containing all items from the iterable in ascending order." super::list::sorted;
}

fn all(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [src] = a.exactly::<1>(vm, "all")?;
    Ok(Value::bool(!search(vm, src, false)?))
}

fn any(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [src] = a.exactly::<1>(vm, "any")?;
    Ok(Value::bool(search(vm, src, true)?))
}

fn ascii(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v] = a.exactly::<1>(vm, "ascii")?;
    vm.ascii(v)
}

fn callable(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v] = a.exactly::<1>(vm, "callable")?;
    Ok(Value::bool(is_callable(vm, v)))
}

fn delattr(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v, name] = a.exactly::<2>(vm, "delattr")?;
    vm.setattr(v, attribute_name(vm, name)?, None)?;
    Ok(Value::NONE)
}

fn format(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let a = a.between(vm, "format", 1, 2)?;
    match a.get(1) {
        Some(spec) if spec.downcast::<Str>().is_none() => {
            let t = vm.type_name_or_none(spec);
            Err(vm.type_error(format!("format() argument 2 must be str, not {t}")))
        }
        Some(spec) => vm.format(&a[0], spec),
        None => vm.format(&a[0], vm.names.empty.as_value()),
    }
}

fn hasattr(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v, name] = a.exactly::<2>(vm, "hasattr")?;
    Ok(Value::bool(
        vm.lookup_attr(v, attribute_name(vm, name)?)?.is_some(),
    ))
}

fn hash(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v] = a.exactly::<1>(vm, "hash")?;
    Ok(vm.new_int(vm.hash(v)? as i64))
}

fn id(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v] = a.exactly::<1>(vm, "id")?;
    Ok(vm.new_uint(vm.id(v)))
}

fn isinstance(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v, class] = a.exactly::<2>(vm, "isinstance")?;
    Ok(Value::bool(vm.isinstance(v, class)?))
}

fn issubclass(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v, class] = a.exactly::<2>(vm, "issubclass")?;
    Ok(Value::bool(vm.issubclass(v, class)?))
}

fn iter(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let a = a.between(vm, "iter", 1, 2)?;
    match a.get(1) {
        None => vm.iter(&a[0]),
        Some(sentinel) if is_callable(vm, &a[0]) => {
            Ok(super::iter::callable_iter(vm, &a[0], sentinel))
        }
        Some(_) => Err(vm.type_error("iter(v, w): v must be callable")),
    }
}

fn len_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v] = a.exactly::<1>(vm, "len")?;
    Ok(vm.new_int(vm.len(v)? as i64))
}

fn repr(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v] = a.exactly::<1>(vm, "repr")?;
    Ok(vm.repr(v)?.into())
}

fn setattr(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [v, name, value] = a.exactly::<3>(vm, "setattr")?;
    vm.setattr(v, attribute_name(vm, name)?, Some(value))?;
    Ok(Value::NONE)
}

pub(crate) fn is_callable(vm: &Vm, v: &Value) -> bool {
    vm.type_of(v).slots.call.get().is_some()
        || v.downcast::<Function>().is_some()
        || v.downcast::<NativeFunction>().is_some()
        || v.downcast::<BoundMethod>().is_some()
}

fn attribute_name<'a>(vm: &Vm, name: &'a Value) -> PyResult<&'a Ref<Str>> {
    name.as_ref::<Str>().ok_or_else(|| {
        vm.type_error(format!(
            "attribute name must be string, not '{}'",
            vm.type_name(name)
        ))
    })
}

fn getattr(vm: &Vm, _: &Value, args: Args) -> PyResult<Value> {
    let args = args.between(vm, "getattr", 2, 3)?;
    let name = attribute_name(vm, &args[1])?;
    match args.get(2) {
        Some(default) => Ok(vm
            .lookup_attr(&args[0], name)?
            .unwrap_or_else(|| default.clone())),
        None => vm.getattr(&args[0], name),
    }
}

/// Whether an item's truth is `wanted`.
fn search(vm: &Vm, src: &Value, wanted: bool) -> PyResult<bool> {
    let mut found = false;
    vm.for_each(src, |x| {
        found = vm.is_true(&x)? == wanted;
        Ok(!found)
    })?;
    Ok(found)
}

/// `next(iterator[, default])`. A generator is resumed by the interpreter, not from here.
fn next(vm: &Vm, _: &Value, args: Args) -> PyResult<Tail> {
    let args = args.between(vm, "next", 1, 2)?;
    let it = &args[0];
    let default = args.get(1);
    if default.is_none()
        && let Some(g) = it.as_ref::<Generator>()
        && g.kind == GenKind::Generator
    {
        return Ok(Tail::Send {
            generator: g.clone(),
            input: Value::NONE,
        });
    }
    let ty = vm.type_of(it);
    let Some(step) = ty.slots.next.get() else {
        return Err(vm.type_error(format!("'{}' object is not an iterator", ty.name())));
    };
    // The StopIteration of a Python iterator is passed on as it is.
    let r = if ty.is_heap_type() {
        vm.call_special(it, &vm.names.next, &[])
    } else {
        step(vm, it)
    };
    match (r, default) {
        (Ok(Some(x)), _) => Ok(Tail::Done(x)),
        (Ok(None), Some(d)) => Ok(Tail::Done(d.clone())),
        (Ok(None), None) => Err(vm.stop_iteration(Value::NONE)),
        (Err(e), Some(d)) if vm.exc_is(&e, &vm.exc.stop_iteration) => Ok(Tail::Done(d.clone())),
        (Err(e), _) => Err(e),
    }
}

// ---- asynchronous iteration ----

fn aiter(vm: &Vm, _: &Value, args: Args) -> PyResult<Value> {
    let [v] = args.exactly::<1>(vm, "aiter")?;
    let Some(f) = vm.type_of(v).slots.aiter.get() else {
        return Err(vm.type_error(format!(
            "'{}' object is not an async iterable",
            vm.type_name(v)
        )));
    };
    let it = f(vm, v)?;
    if vm.type_of(&it).slots.anext.get().is_none() {
        let t = vm.type_name(&it);
        return Err(vm.type_error(format!(
            "aiter() returned not an async iterator of type '{t}'"
        )));
    }
    Ok(it)
}

fn anext(vm: &Vm, _: &Value, args: Args) -> PyResult<Value> {
    let args = args.between(vm, "anext", 1, 2)?;
    let Some(f) = vm.type_of(&args[0]).slots.anext.get() else {
        return Err(vm.type_error(format!(
            "'{}' object is not an async iterator",
            vm.type_name(&args[0])
        )));
    };
    let awaitable = f(vm, &args[0])?;
    let Some(default) = args.get(1) else {
        return Ok(awaitable);
    };
    let class = vm.module_state(|| AnextType(make_anext_type(vm)));
    let state = vec![awaitable, default.clone(), Value::UNBOUND];
    let it = NativeIter {
        next: anext_next,
        state: RefCell::new(state),
        count: Cell::new(0),
    };
    Ok(vm.heap.alloc(&class.0, it).into())
}

/// `anext_awaitable`: what `anext(it, default)` gives. State: the awaitable, the default, the iterator once awaited.
struct AnextType(Ref<Type>);

fn make_anext_type(vm: &Vm) -> Ref<Type> {
    let t =
        vm.new_native_type::<NativeIter>("anext_awaitable", &vm.types.object, TypeFlags::NO_NEW);
    super::iter::add_native_slots(&t);
    t.slots.await_.set(Some(lasti_core::self_iter));
    t.slots.send.set(Some(anext_send));
    vm.add_methods(&t, ANEXT_TYPE_METHODS);
    vm.ready_type(&t);
    t
}

lasti_core::methods! { ANEXT_TYPE_METHODS =
    "send" "send($self, object, /)\n--\n\n" send;
    "throw" "(type, value=None, traceback=None, /)\n--\n\n" throw;
    "close" "close($self, /)\n--\n\n" close;
}

fn send(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [input] = a.exactly::<1>(vm, "send")?;
    as_step(vm, anext_send(vm, v, input)?)
}

fn throw(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let it = anext_inner(vm, v)?;
    let r = match (it.as_ref::<Generator>(), a.pos.first()) {
        (Some(g), Some(e)) if a.pos.len() == 1 && vm.is_instance(e, &vm.exc.base_exception) => {
            vm.resume(g, lasti_core::vm::args::Resume::Throw(Exc(e.clone())))
        }
        _ => vm
            .call_method_args(&it, &vm.names.throw, a)
            .map(lasti_core::vm::args::Resumed::Yield),
    };
    as_step(vm, or_default(vm, v, r)?)
}

fn close(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let it = anext_inner(vm, v)?;
    match vm.lookup_attr(&it, &vm.names.close)? {
        Some(close) => vm.call(&close, &[]),
        None => Ok(Value::NONE),
    }
}

fn anext_inner(vm: &Vm, v: &Value) -> PyResult<Value> {
    let state = vm.this::<NativeIter>(v)?;
    let it = state.item(2);
    if !it.is_unbound() {
        return Ok(it);
    }
    let it = vm.awaitable_iter(&state.item(0))?;
    state.set_item(2, it.clone());
    Ok(it)
}

fn anext_send(vm: &Vm, v: &Value, input: &Value) -> PyResult<lasti_core::vm::args::Resumed> {
    let it = anext_inner(vm, v)?;
    let r = match it.as_ref::<Generator>() {
        Some(g) => vm.resume(g, lasti_core::vm::args::Resume::Send(input.clone())),
        None => vm.send_step(&it, input),
    };
    or_default(vm, v, r)
}

/// The end of the asynchronous iterator becomes the default.
fn or_default(
    vm: &Vm,
    v: &Value,
    r: PyResult<lasti_core::vm::args::Resumed>,
) -> PyResult<lasti_core::vm::args::Resumed> {
    match r {
        Err(e) if vm.exc_is(&e, &vm.exc.stop_async_iteration) => Ok(
            lasti_core::vm::args::Resumed::Return(vm.this::<NativeIter>(v)?.item(1)),
        ),
        r => r,
    }
}

fn as_step(vm: &Vm, r: lasti_core::vm::args::Resumed) -> PyResult<Value> {
    match r {
        lasti_core::vm::args::Resumed::Yield(v) => Ok(v),
        lasti_core::vm::args::Resumed::Return(v) => Err(vm.stop_iteration(v)),
    }
}

fn anext_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    as_step(vm, anext_send(vm, v, &Value::NONE)?).map(Some)
}
