//! `_functools`: reduce, partial with placeholders, cmp_to_key and the cache behind lru_cache (CPython's
//! Modules/_functoolsmodule.c).
use crate::util::*;
use std::rc::Rc;

struct Partial {
    func: Slot,
    args: RefSlot<Tuple>,
    kw: RefSlot<Dict>,
    placeholders: Cell<usize>,
}
payload!(Partial, "functools.partial", func, args, kw);

struct CmpKey {
    cmp: Value,
    obj: Slot,
}
payload!(CmpKey, "functools.KeyWrapper", cmp, obj);

struct State {
    partial: Ref<Type>,
    placeholder: Value,
    key: Ref<Type>,
    kwd_mark: Value,
}

fn state(vm: &Vm) -> Rc<State> {
    vm.module_state(|| {
        let pt = vm.new_native_type::<Plain>(
            "functools._PlaceholderType",
            &vm.types.object,
            TypeFlags::NO_NEW,
        );
        pt.slots
            .repr
            .set(Some(|vm, _| Ok(vm.str_value("Placeholder"))));
        vm.add_methods(&pt, STATE_METHODS);
        pt.slots.new.set(Some(|vm, _, a| {
            if a.is_empty() {
                return Ok(state(vm).placeholder.clone());
            }
            Err(vm.type_error("PlaceholderType takes no arguments"))
        }));
        vm.ready_type(&pt);
        let mark = vm.heap.alloc(&vm.types.object, Plain);
        State {
            partial: partial_type(vm),
            placeholder: vm.heap.alloc(&pt, Plain).into(),
            key: key_type(vm),
            kwd_mark: mark.into(),
        }
    })
}

lasti_core::methods! { STATE_METHODS =
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce_method;
}

fn reduce_method(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.str_value("Placeholder"))
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_functools");
    let st = state(vm);
    vm.add_value(&m, "partial", st.partial.value());
    vm.add_value(&m, "Placeholder", st.placeholder.clone());
    vm.add_value(&m, "_PlaceholderType", vm.type_of(&st.placeholder).value());
    vm.add_functions(&m, FUNCTIONS);
    add_type(vm, &m, "_lru_cache_wrapper", &lru_type(vm));
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "reduce" "reduce($module, function, iterable, /, initial=<functools._initial_missing>)\n--\n\n" reduce;
    "cmp_to_key" "cmp_to_key($module, mycmp)\n--\n\n" cmp_to_key;
}

fn cmp_to_key(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [cmp] = a.bind(vm, "cmp_to_key", ["mycmp"], 1)?;
    let k = CmpKey {
        cmp: cmp.cloned().unwrap_or(Value::NONE),
        obj: Slot::empty(),
    };
    Ok(vm.heap.alloc(&state(vm).key, k).into())
}

fn reduce(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    need_at_least(vm, "reduce", 2, a.pos.len())?;
    let [f, iterable, initial] = a.bind(vm, "reduce", ["function", "iterable", "initial"], 2)?;
    let none = Value::NONE;
    let (f, iterable) = (f.unwrap_or(&none), iterable.unwrap_or(&none));
    let it = match vm.iter(iterable) {
        Err(e) if vm.exc_is(&e, &vm.exc.type_error) => {
            return Err(vm.type_error("reduce() arg 2 must support iteration"));
        }
        r => r?,
    };
    let mut acc = initial.cloned();
    let mut ticks = lasti_core::vm::Ticks::default();
    while let Some(x) = vm.next(&it)? {
        ticks.tick(vm)?;
        acc = Some(match acc {
            Some(total) => vm.call(f, &[total, x])?,
            None => x,
        });
    }
    acc.ok_or_else(|| vm.type_error("reduce() of empty iterable with no initial value"))
}

// ---- partial ----

fn partial_type(vm: &Vm) -> Ref<Type> {
    let flags = TypeFlags::BASE | TypeFlags::WEAKREF | TypeFlags::DICT;
    let t = vm.new_native_type::<Partial>("functools.partial", &vm.types.object, flags);
    t.slots.new.set(Some(partial_new));
    t.slots.call.set(Some(partial_call));
    t.slots.repr.set(Some(partial_repr));
    t.slots.descr_get.set(Some(|vm, d, obj, _| {
        Ok(match obj {
            Some(o) if !o.is_none() => vm.new_bound(d.clone(), o.clone()),
            _ => d.clone(),
        })
    }));
    dict_attr(vm, &t);
    vm.getset(
        &t,
        "func",
        |vm, v| Ok(vm.this::<Partial>(v)?.func.get()),
        None,
    );
    vm.getset(
        &t,
        "args",
        |vm, v| Ok(vm.this::<Partial>(v)?.args.value()),
        None,
    );
    vm.getset(
        &t,
        "keywords",
        |vm, v| Ok(vm.this::<Partial>(v)?.kw.value()),
        None,
    );
    vm.add_methods(&t, PARTIAL_TYPE_METHODS);
    vm.ready_type(&t);
    t
}

lasti_core::methods! { PARTIAL_TYPE_METHODS =
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce_other;
    "__setstate__" "__setstate__($self, object, /)\n--\n\n" partial_setstate;
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" class_getitem;
}

fn reduce_other(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let p = vm.this::<Partial>(v)?;
    let dict = vm
        .dict_of(v)
        .filter(|d| !d.is_empty())
        .map_or(Value::NONE, Value::from);
    let st = vm.tuple_value([p.func.get(), p.args.value(), p.kw.value(), dict]);
    Ok(vm.tuple_value([vm.type_of(v).value(), vm.tuple_value([p.func.get()]), st]))
}

/// `__dict__` of a native type whose instances have one.
pub(crate) fn dict_attr(vm: &Vm, t: &Ref<Type>) {
    vm.getset(
        t,
        "__dict__",
        |vm, v| Ok(vm.dict_of(v).map_or(Value::NONE, Value::from)),
        Some(|vm, v, x| match x.and_then(|x| x.as_ref::<Dict>()) {
            Some(d) => {
                vm.set_dict_of(v, d.clone());
                Ok(())
            }
            None => Err(vm.type_error("__dict__ must be set to a dictionary")),
        }),
    );
}

fn count_placeholders(vm: &Vm, args: &[Value]) -> PyResult<usize> {
    let ph = &state(vm).placeholder;
    if args.last().is_some_and(|v| v.is(ph)) {
        return Err(vm.type_error("trailing Placeholders are not allowed"));
    }
    Ok(args.iter().filter(|v| v.is(ph)).count())
}

/// `new` fills the placeholders of `old` and goes on behind it.
fn fill(vm: &Vm, old: &[Value], holes: usize, new: &[Value]) -> Vec<Value> {
    let mut out = Vec::with_capacity(old.len() + new.len());
    if holes == 0 {
        out.extend_from_slice(old);
        out.extend_from_slice(new);
        return out;
    }
    let ph = &state(vm).placeholder;
    let mut rest = new.iter();
    for v in old {
        if v.is(ph) {
            out.push(rest.next().cloned().unwrap_or_else(|| ph.clone()));
        } else {
            out.push(v.clone());
        }
    }
    out.extend(rest.cloned());
    out
}

fn partial_new(vm: &Vm, class: &Ref<Type>, a: Args) -> PyResult<Value> {
    let Some((func, rest)) = a.pos.split_first() else {
        return Err(vm.type_error("type 'partial' takes at least one argument"));
    };
    if vm.type_of(func).slots.call.get().is_none() {
        return Err(vm.type_error("the first argument must be callable"));
    }
    let st = state(vm);
    if a.kw.iter().any(|v| v.is(&st.placeholder)) {
        return Err(vm.type_error("Placeholder cannot be passed as a keyword argument"));
    }
    count_placeholders(vm, rest)?;
    let kw = vm.new_dict();
    let mut target = func.clone();
    let mut args = rest.to_vec();
    // A partial of a partial is one partial, unless the inner one carries attributes.
    if let Some(inner) = func.downcast::<Partial>()
        && vm.type_of(func).is(&st.partial)
        && class.is(&st.partial)
        && vm.dict_of(func).is_none_or(|d| d.is_empty())
    {
        target = inner.func.get();
        let old = inner.args.get().map_or(Vec::new(), |t| t.to_vec());
        args = fill(vm, &old, inner.placeholders.get(), rest);
        if let Some(k) = inner.kw.get() {
            vm.dict_update(&kw, k.as_value())?;
        }
    }
    // Holes that stayed open at the end go away only by being filled.
    let holes = args.iter().filter(|v| v.is(&st.placeholder)).count();
    for (n, v) in a.names.iter().zip(a.kw) {
        vm.dict_insert(&kw, n.clone(), v.clone())?;
    }
    let p = Partial {
        func: Slot::new(target),
        args: RefSlot::new(Some(vm.new_tuple(args))),
        kw: RefSlot::new(Some(kw)),
        placeholders: Cell::new(holes),
    };
    Ok(vm.heap.alloc(class, p).into())
}

fn partial_call(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let p = vm.this::<Partial>(v)?;
    let holes = p.placeholders.get();
    if a.pos.len() < holes {
        return Err(vm.type_error(format!(
            "missing positional arguments in 'partial' call; expected at least {holes}, got {}",
            a.pos.len()
        )));
    }
    let Some(args) = p.args.get() else {
        return Err(vm.runtime_error("partial was cleared"));
    };
    let mut all = fill(vm, &args, holes, a.pos);
    let kw = p.kw.get().map_or(Vec::new(), |d| d.items());
    if kw.is_empty() {
        let n = all.len();
        all.extend_from_slice(a.kw);
        return vm.call_args(
            &p.func.get(),
            Args {
                pos: &all[..n],
                kw: &all[n..],
                names: a.names,
            },
        );
    }
    let mut names: Vec<Value> = Vec::with_capacity(kw.len() + a.kw.len());
    let mut values = Vec::with_capacity(kw.len() + a.kw.len());
    for (k, v) in kw {
        names.push(k);
        values.push(v);
    }
    for (k, v) in a.names.iter().zip(a.kw) {
        let at = names.iter().position(|n| {
            n.is(k) || matches!((n.downcast::<Str>(), k.downcast::<Str>()), (Some(x), Some(y)) if x.as_bytes() == y.as_bytes())
        });
        match at {
            Some(i) => values[i] = v.clone(),
            None => {
                names.push(k.clone());
                values.push(v.clone());
            }
        }
    }
    vm.call_args(
        &p.func.get(),
        Args {
            pos: &all,
            kw: &values,
            names: &names,
        },
    )
}

fn partial_repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let name = vm.type_full_name(vm.type_of(v));
    if !vm.repr_enter(v) {
        return Ok(vm.str_value("..."));
    }
    let r = (|| {
        let p = vm.this::<Partial>(v)?;
        let mut out = format!("{name}(").into_bytes();
        vm.extend(&mut out, vm.repr(&p.func.get())?.as_bytes())?;
        for x in p.args.get().map_or(Vec::new(), |t| t.to_vec()) {
            vm.extend(&mut out, b", ")?;
            vm.extend(&mut out, vm.repr(&x)?.as_bytes())?;
        }
        for (k, x) in p.kw.get().map_or(Vec::new(), |d| d.items()) {
            vm.extend(&mut out, format!(", {}=", vm.display(&k)).as_bytes())?;
            vm.extend(&mut out, vm.repr(&x)?.as_bytes())?;
        }
        vm.concat(&[&out, b")"])
    })();
    vm.repr_leave(v);
    r
}

fn partial_setstate(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [st] = a.exactly::<1>(vm, "__setstate__")?;
    let p = vm.this::<Partial>(v)?;
    let bad = || vm.type_error("invalid partial state");
    let Some([func, args, kw, dict]) = st
        .downcast::<Tuple>()
        .and_then(|t| <&[Value; 4]>::try_from(&**t).ok())
    else {
        return Err(bad());
    };
    if vm.type_of(func).slots.call.get().is_none() || args.downcast::<Tuple>().is_none() {
        return Err(bad());
    }
    let args = vm.new_tuple(vm.collect(args)?);
    p.placeholders.set(count_placeholders(vm, &args)?);
    let kw = match kw.as_ref::<Dict>() {
        Some(k) => k.clone(),
        None if kw.is_none() => vm.new_dict(),
        None => return Err(bad()),
    };
    p.func.set(func.clone());
    p.args.set(Some(args));
    p.kw.set(Some(kw));
    vm.set_dict_of(
        v,
        dict.as_ref::<Dict>()
            .cloned()
            .unwrap_or_else(|| vm.new_dict()),
    );
    Ok(Value::NONE)
}

// ---- cmp_to_key ----

fn key_type(vm: &Vm) -> Ref<Type> {
    let t =
        vm.new_native_type::<CmpKey>("functools.KeyWrapper", &vm.types.object, TypeFlags::NO_NEW);
    t.slots.call.set(Some(|vm, v, a| {
        let [obj] = a.bind(vm, "K", ["obj"], 1)?;
        let k = CmpKey {
            cmp: vm.this::<CmpKey>(v)?.cmp.clone(),
            obj: Slot::new(obj.cloned().unwrap_or(Value::NONE)),
        };
        Ok(vm.heap.alloc(&state(vm).key, k).into())
    }));
    t.slots.richcmp.set(Some(|vm, a, b, op| {
        let (Some(x), Some(y)) = (a.downcast::<CmpKey>(), b.downcast::<CmpKey>()) else {
            return Err(vm.type_error("other argument must be K instance"));
        };
        let (Some(p), Some(q)) = (x.obj.get_bound(), y.obj.get_bound()) else {
            return Err(vm.new_exception(&vm.exc.attribute_error, "object"));
        };
        let r = vm.call(&x.cmp, &[p, q])?;
        vm.compare(&r, &Value::small_int(0), op)
    }));
    vm.getset(
        &t,
        "obj",
        |vm, v| Ok(vm.this::<CmpKey>(v)?.obj.get_bound().unwrap_or(Value::NONE)),
        Some(|vm, v, x| {
            vm.this::<CmpKey>(v)?
                .obj
                .set(x.cloned().unwrap_or(Value::NONE));
            Ok(())
        }),
    );
    vm.ready_type(&t);
    t
}

// ---- lru_cache ----

/// One cached call in a ring; node 0 is the ring's head: `next` of it is the oldest.
struct Node {
    key: Value,
    value: Value,
    prev: usize,
    next: usize,
}

struct Lru {
    func: Value,
    /// None: no limit.
    maxsize: Option<usize>,
    typed: bool,
    info_type: Value,
    /// Key to node number, or to the value itself when there is no limit.
    map: Ref<Dict>,
    nodes: RefCell<Vec<Node>>,
    hits: Cell<i64>,
    misses: Cell<i64>,
}
impl Payload for Lru {
    const CONTAINER: bool = true;
    const NAME: &'static str = "functools._lru_cache_wrapper";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.func);
        visit(&self.info_type);
        visit(self.map.as_value());
        for n in self.nodes.borrow().iter() {
            visit(&n.key);
            visit(&n.value);
        }
    }
    fn clear(&self) {
        self.map.clear_entries();
        let old = self.nodes.replace(Vec::new());
        drop(old);
    }
}

fn ring_head() -> Node {
    Node {
        key: Value::NONE,
        value: Value::NONE,
        prev: 0,
        next: 0,
    }
}

impl Lru {
    fn unlink(nodes: &mut [Node], i: usize) {
        let (p, n) = (nodes[i].prev, nodes[i].next);
        nodes[p].next = n;
        nodes[n].prev = p;
    }
    /// Makes node `i` the newest.
    fn link(nodes: &mut [Node], i: usize) {
        let last = nodes[0].prev;
        nodes[i].prev = last;
        nodes[i].next = 0;
        nodes[last].next = i;
        nodes[0].prev = i;
    }
    fn reset(&self) {
        self.map.clear_entries();
        let old = self.nodes.replace(vec![ring_head()]);
        drop(old);
        self.hits.set(0);
        self.misses.set(0);
    }
}

fn lru_type(vm: &Vm) -> Ref<Type> {
    let flags = TypeFlags::BASE | TypeFlags::WEAKREF | TypeFlags::DICT | TypeFlags::METHOD_DESCR;
    let t = vm.new_native_type::<Lru>("functools._lru_cache_wrapper", &vm.types.object, flags);
    t.slots.new.set(Some(|vm, class, a| {
        let [func, maxsize, typed, info] = a.bind(
            vm,
            "lru_cache",
            ["user_function", "maxsize", "typed", "cache_info_type"],
            4,
        )?;
        let none = Value::NONE;
        let func = func.unwrap_or(&none);
        if vm.type_of(func).slots.call.get().is_none() {
            return Err(vm.type_error("the first argument must be callable"));
        }
        let maxsize = match maxsize {
            Some(m) if m.is_none() => None,
            Some(m) => Some(vm.to_i64_clamped(m)?.max(0) as usize),
            None => None,
        };
        let lru = Lru {
            func: func.clone(),
            maxsize,
            typed: typed.map_or(Ok(false), |t| vm.is_true(t))?,
            info_type: info.cloned().unwrap_or(Value::NONE),
            map: vm.new_dict(),
            nodes: RefCell::new(vec![ring_head()]),
            hits: Cell::new(0),
            misses: Cell::new(0),
        };
        Ok(vm.heap.alloc(class, lru).into())
    }));
    t.slots.call.set(Some(lru_call));
    t.slots.descr_get.set(Some(|vm, d, obj, _| {
        Ok(match obj {
            Some(o) if !o.is_none() => vm.new_bound(d.clone(), o.clone()),
            _ => d.clone(),
        })
    }));
    dict_attr(vm, &t);
    vm.add_methods(&t, LRU_TYPE_METHODS);
    t
}

lasti_core::methods! { LRU_TYPE_METHODS =
    "cache_info" "cache_info($self, /)\n--\n\nReport cache statistics" cache_info;
    "cache_clear" "cache_clear($self, /)\n--\n\nClear the cache and cache statistics" cache_clear;
    "__copy__" "__copy__($self, /)\n--\n\n" itself;
    "__deepcopy__" "__deepcopy__($self, unused, /)\n--\n\n" itself;
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce3;
}

fn cache_info(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let c = vm.this::<Lru>(v)?;
    let max = c.maxsize.map_or(Value::NONE, |m| vm.new_int(m as i64));
    let size = vm.new_int(c.map.len() as i64);
    vm.call(
        &c.info_type,
        &[
            vm.new_int(c.hits.get()),
            vm.new_int(c.misses.get()),
            max,
            size,
        ],
    )
}

fn cache_clear(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    vm.this::<Lru>(v)?.reset();
    Ok(Value::NONE)
}

fn itself(_: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(v.clone())
}

fn reduce3(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    vm.getattr(v, &vm.names.qualname)
}

fn make_key(vm: &Vm, typed: bool, a: Args) -> Value {
    if !typed && a.kw.is_empty() && a.pos.len() == 1 {
        let x = &a.pos[0];
        let ty = vm.type_of(x);
        if ty.is(&vm.types.int) || ty.is(&vm.types.str) {
            return x.clone();
        }
    }
    let mut key = a.pos.to_vec();
    if !a.kw.is_empty() {
        key.push(state(vm).kwd_mark.clone());
        for (n, v) in a.names.iter().zip(a.kw) {
            key.push(n.clone());
            key.push(v.clone());
        }
    }
    if typed {
        key.extend(a.pos.iter().chain(a.kw).map(|v| vm.type_of(v).value()));
    }
    vm.new_tuple(key).into()
}

fn lru_call(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let c = vm.this::<Lru>(v)?;
    match c.maxsize {
        Some(0) => {
            c.misses.set(c.misses.get() + 1);
            return vm.call_args(&c.func, a);
        }
        None => {
            let key = make_key(vm, c.typed, a);
            if let Some(x) = vm.dict_lookup(&c.map, &key)? {
                c.hits.set(c.hits.get() + 1);
                return Ok(x);
            }
            c.misses.set(c.misses.get() + 1);
            let x = vm.call_args(&c.func, a)?;
            vm.dict_insert(&c.map, key, x.clone())?;
            return Ok(x);
        }
        Some(_) => {}
    }
    let max = c.maxsize.unwrap_or(0);
    let key = make_key(vm, c.typed, a);
    if let Some(i) = vm.dict_lookup(&c.map, &key)?.and_then(|i| i.as_small_int()) {
        let i = i as usize;
        let mut nodes = c.nodes.borrow_mut();
        if i < nodes.len() {
            Lru::unlink(&mut nodes, i);
            Lru::link(&mut nodes, i);
            c.hits.set(c.hits.get() + 1);
            return Ok(nodes[i].value.clone());
        }
    }
    c.misses.set(c.misses.get() + 1);
    let x = vm.call_args(&c.func, a)?;
    if vm.dict_lookup(&c.map, &key)?.is_some() {
        // A recursive call has put it there already.
        return Ok(x);
    }
    let full = c.nodes.borrow().len() > max;
    if full {
        let (oldest, old_key) = {
            let nodes = c.nodes.borrow();
            let i = nodes[0].next;
            (i, nodes[i].key.clone())
        };
        vm.dict_remove(&c.map, &old_key)?;
        let mut nodes = c.nodes.borrow_mut();
        if oldest == 0 || oldest >= nodes.len() {
            return Ok(x);
        }
        let old = (
            std::mem::replace(&mut nodes[oldest].key, key.clone()),
            std::mem::replace(&mut nodes[oldest].value, x.clone()),
        );
        Lru::unlink(&mut nodes, oldest);
        Lru::link(&mut nodes, oldest);
        drop(nodes);
        drop(old);
        vm.dict_insert(&c.map, key, Value::small_int(oldest as i64))?;
        return Ok(x);
    }
    let mut nodes = c.nodes.borrow_mut();
    let i = nodes.len();
    nodes.push(Node {
        key: key.clone(),
        value: x.clone(),
        prev: 0,
        next: 0,
    });
    Lru::link(&mut nodes, i);
    drop(nodes);
    vm.dict_insert(&c.map, key, Value::small_int(i as i64))?;
    Ok(x)
}
