//! `_weakref`: references and proxies (CPython's Modules/_weakref.c and the proxies of Objects/weakrefobject.c).
use crate::util::*;
use std::rc::Rc;

struct State {
    proxy: Ref<Type>,
    callable: Ref<Type>,
}

fn state(vm: &Vm) -> Rc<State> {
    vm.module_state(|| State {
        proxy: proxy_type(vm, "ProxyType", false),
        callable: proxy_type(vm, "CallableProxyType", true),
    })
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_weakref");
    let st = state(vm);
    vm.add_value(&m, "ref", vm.types.weakref.value());
    vm.add_value(&m, "ReferenceType", vm.types.weakref.value());
    vm.add_value(&m, "ProxyType", st.proxy.value());
    vm.add_value(&m, "CallableProxyType", st.callable.value());
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "getweakrefcount" "getweakrefcount($module, object, /)\n--\n\n" getweakrefcount;
    "getweakrefs" "getweakrefs($module, object, /)\n--\n\n" getweakrefs;
    "_remove_dead_weakref" "_remove_dead_weakref($module, dct, key, /)\n--\n\n" remove_dead_weakref;
    "proxy" "proxy($module, object, callback=None, /)\n--\n\n" proxy;
}

fn getweakrefcount(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "getweakrefcount")?;
    Ok(vm.new_int(vm.weakrefs_of(x).len() as i64))
}

fn getweakrefs(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "getweakrefs")?;
    Ok(vm.new_list(vm.weakrefs_of(x)))
}

fn remove_dead_weakref(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [dict, key] = a.exactly::<2>(vm, "_remove_dead_weakref")?;
    let d = vm.this::<Dict>(dict)?;
    if let Some(w) = vm.dict_lookup(d, key)?
        && w.downcast::<WeakRef>().is_some_and(|w| w.get().is_none())
    {
        vm.dict_remove(d, key)?;
    }
    Ok(Value::NONE)
}

fn proxy(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "proxy", 1, 2)?;
    let st = state(vm);
    let callable = vm.type_of(&pos[0]).slots.call.get().is_some();
    let class = if callable { &st.callable } else { &st.proxy };
    let callback = pos.get(1).filter(|c| !c.is_none()).cloned();
    if callback.is_none() {
        let plain = |w: &Value| vm.type_of(w).is(class) && has_no_callback(vm, w);
        if let Some(w) = vm.weakrefs_of(&pos[0]).into_iter().find(plain) {
            return Ok(w);
        }
    }
    vm.make_weakref(class, &pos[0], callback).map(Value::from)
}

/// Whether a proxy was made without callback: the heap keeps plain ones apart by `weakref.ref`'s own getter.
fn has_no_callback(vm: &Vm, w: &Value) -> bool {
    let getter = vm.types.weakref.lookup(vm, &vm.intern("__callback__"));
    match getter.as_ref().and_then(|g| g.downcast::<GetSet>()) {
        Some(g) => (g.get)(vm, w).is_ok_and(|c| c.is_none()),
        None => false,
    }
}

/// The object behind a proxy; other values stand for themselves.
fn target(vm: &Vm, v: &Value) -> PyResult<Value> {
    let st = state(vm);
    let ty = vm.type_of(v);
    if !ty.is(&st.proxy) && !ty.is(&st.callable) {
        return Ok(v.clone());
    }
    v.downcast::<WeakRef>()
        .and_then(|w| w.get())
        .ok_or_else(|| {
            vm.new_exception(
                &vm.exc.reference_error,
                "weakly-referenced object no longer exists",
            )
        })
}

macro_rules! forward_binary {
    ($t:ident $($op:ident)*) => {
        $($t.slots.binary[BinOp::$op as usize].set(Some(|vm, a, b| {
            vm.binary(&target(vm, a)?, &target(vm, b)?, BinOp::$op)
        }));)*
    };
}
macro_rules! forward_inplace {
    ($t:ident $($op:ident)*) => {
        $($t.slots.inplace[BinOp::$op as usize].set(Some(|vm, a, b| {
            vm.inplace(&target(vm, a)?, &target(vm, b)?, BinOp::$op)
        }));)*
    };
}
macro_rules! forward_unary {
    ($t:ident $($op:ident)*) => {
        $($t.slots.unary[UnOp::$op as usize].set(Some(|vm, v| vm.unary(&target(vm, v)?, UnOp::$op)));)*
    };
}

fn proxy_type(vm: &Vm, name: &str, callable: bool) -> Ref<Type> {
    let t = vm.new_native_type::<WeakRef>(
        &format!("weakref.{name}"),
        &vm.types.object,
        TypeFlags::NO_NEW,
    );
    let s = &t.slots;
    s.repr.set(Some(|vm, v| {
        let x = target(vm, v);
        let at = vm.id(v);
        Ok(vm.str_value(&match x {
            Ok(x) => format!(
                "<weakproxy at {at:#x} to {} at {:#x}>",
                vm.type_name(&x),
                vm.id(&x)
            ),
            Err(_) => format!("<weakproxy at {at:#x}; dead>"),
        }))
    }));
    s.str
        .set(Some(|vm, v| vm.str_of(&target(vm, v)?).map(Value::from)));
    s.getattr
        .set(Some(|vm, v, n| vm.getattr(&target(vm, v)?, n).map(Some)));
    s.setattr
        .set(Some(|vm, v, n, x| vm.setattr(&target(vm, v)?, n, x)));
    s.richcmp.set(Some(|vm, a, b, op| {
        vm.compare(&target(vm, a)?, &target(vm, b)?, op)
    }));
    s.hash.set(None);
    s.bool_.set(Some(|vm, v| vm.is_true(&target(vm, v)?)));
    s.len.set(Some(|vm, v| vm.len(&target(vm, v)?)));
    s.getitem
        .set(Some(|vm, v, k| vm.getitem(&target(vm, v)?, k)));
    s.setitem.set(Some(|vm, v, k, x| {
        let o = target(vm, v)?;
        match x {
            Some(x) => vm.setitem(&o, k, x),
            None => vm.delitem(&o, k),
        }
    }));
    s.contains
        .set(Some(|vm, v, x| vm.contains(&target(vm, v)?, x)));
    s.iter.set(Some(|vm, v| vm.iter(&target(vm, v)?)));
    s.next.set(Some(|vm, v| {
        let o = target(vm, v)?;
        if vm.type_of(&o).slots.next.get().is_none() {
            return Err(vm.type_error(format!(
                "Weakref proxy referenced a non-iterator '{}' object",
                vm.type_name(&o)
            )));
        }
        vm.next(&o)
    }));
    s.index.set(Some(|vm, v| vm.index(&target(vm, v)?)));
    s.int.set(Some(|vm, v| {
        vm.call(vm.types.int.as_value(), &[target(vm, v)?])
    }));
    s.float
        .set(Some(|vm, v| Ok(vm.new_float(vm.to_f64(&target(vm, v)?)?))));
    forward_binary!(t Add Sub Mul MatMul TrueDiv FloorDiv Mod DivMod Pow LShift RShift And Xor Or);
    forward_inplace!(t Add Sub Mul MatMul TrueDiv FloorDiv Mod Pow LShift RShift And Xor Or);
    forward_unary!(t Neg Pos Invert Abs);
    if callable {
        t.slots
            .call
            .set(Some(|vm, v, a| vm.call_args(&target(vm, v)?, a)));
    }
    vm.add_methods(&t, PROXY_TYPE_METHODS);
    vm.ready_type(&t);
    t
}

lasti_core::methods! { PROXY_TYPE_METHODS =
    "__bytes__" "__bytes__($self, /)\n--\n\n" bytes;
    "__reversed__" "__reversed__($self, /)\n--\n\n" reversed;
}

fn bytes(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    vm.call_method(&target(vm, v)?, "__bytes__", &[])
}

fn reversed(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    vm.call_method(&target(vm, v)?, "__reversed__", &[])
}
