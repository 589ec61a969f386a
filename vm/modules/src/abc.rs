//! `_abc`: what ABCMeta does natively: abstract methods, registered subclasses and the caches of checks (CPython's
//! Modules/_abc.c).
use crate::util::*;
use std::collections::HashMap;
use std::rc::Rc;

/// Classes held weakly, by address.
#[derive(Default)]
struct WeakClasses(RefCell<HashMap<u64, Ref<WeakRef>>>);

impl WeakClasses {
    fn has(&self, vm: &Vm, c: &Value) -> bool {
        match self.0.borrow().get(&vm.id(c)) {
            Some(w) => w.get().is_some_and(|x| x.is(c)),
            None => false,
        }
    }
    fn add(&self, vm: &Vm, c: &Value) {
        if c.downcast::<Type>().is_none() {
            return;
        }
        let w = vm.new_weakref(&vm.types.weakref, c, None);
        let old = self.0.borrow_mut().insert(vm.id(c), w);
        drop(old);
    }
    fn alive(&self) -> Vec<Value> {
        let refs: Vec<Ref<WeakRef>> = self.0.borrow().values().cloned().collect();
        refs.iter().filter_map(|w| w.get()).collect()
    }
    fn refs(&self) -> Vec<Value> {
        self.0.borrow().values().map(|w| w.value()).collect()
    }
    fn clear(&self) {
        let old = self.0.take();
        drop(old);
    }
    fn show(&self, visit: &mut dyn FnMut(&Value)) {
        for w in self.0.borrow().values() {
            visit(w.as_value());
        }
    }
}

#[derive(Default)]
struct AbcData {
    registry: WeakClasses,
    cache: WeakClasses,
    negative: WeakClasses,
    negative_version: Cell<u64>,
}
impl Payload for AbcData {
    const CONTAINER: bool = true;
    const NAME: &'static str = "_abc._abc_data";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.registry.show(visit);
        self.cache.show(visit);
        self.negative.show(visit);
    }
}

struct State {
    data: Ref<Type>,
    /// Grows with every registration, so that negative answers are asked again.
    counter: Cell<u64>,
    attr: Ref<Str>,
}

fn state(vm: &Vm) -> Rc<State> {
    vm.module_state(|| {
        let t =
            vm.new_native_type::<AbcData>("_abc._abc_data", &vm.types.object, TypeFlags::NO_NEW);
        vm.ready_type(&t);
        State {
            data: t,
            counter: Cell::new(0),
            attr: vm.intern("_abc_impl"),
        }
    })
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_abc");
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "get_cache_token" "get_cache_token($module, /)\n--\n\n" get_cache_token;
    "_abc_init" "_abc_init($module, self, /)\n--\n\n" abc_init;
    "_abc_register" "_abc_register($module, self, subclass, /)\n--\n\n" register;
    "_abc_instancecheck" "_abc_instancecheck($module, self, instance, /)\n--\n\n" instancecheck;
    "_abc_subclasscheck" "_abc_subclasscheck($module, self, subclass, /)\n--\n\n" abc_subclasscheck;
    "_get_dump" "_get_dump($module, self, /)\n--\n\n" get_dump;
    "_reset_registry" "_reset_registry($module, self, /)\n--\n\n" reset_registry;
    "_reset_caches" "_reset_caches($module, self, /)\n--\n\n" reset_caches;
}

fn get_cache_token(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(state(vm).counter.get() as i64))
}

fn abc_subclasscheck(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [class, sub] = a.exactly::<2>(vm, "_abc_subclasscheck")?;
    Ok(Value::bool(subclasscheck(vm, class, sub)?))
}

fn get_dump(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [class] = a.exactly::<1>(vm, "_get_dump")?;
    let d = data(vm, class)?;
    let set = |c: &WeakClasses| -> PyResult<Value> {
        let s = vm.new_set();
        for w in c.refs() {
            vm.set_add(&s, w)?;
        }
        Ok(s.into())
    };
    let version = vm.new_int(d.negative_version.get() as i64);
    Ok(vm.tuple_value([
        set(&d.registry)?,
        set(&d.cache)?,
        set(&d.negative)?,
        version,
    ]))
}

fn reset_registry(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [class] = a.exactly::<1>(vm, "_reset_registry")?;
    data(vm, class)?.registry.clear();
    Ok(Value::NONE)
}

fn reset_caches(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [class] = a.exactly::<1>(vm, "_reset_caches")?;
    let d = data(vm, class)?;
    d.cache.clear();
    d.negative.clear();
    Ok(Value::NONE)
}

fn data(vm: &Vm, class: &Value) -> PyResult<Ref<AbcData>> {
    let st = state(vm);
    let own = class
        .downcast::<Type>()
        .and_then(|t| vm.dict_get_str(&t.dict(), &st.attr));
    let found = match own {
        Some(d) => d,
        None => vm.getattr(class, &st.attr)?,
    };
    found
        .into_ref::<AbcData>()
        .map_err(|_| vm.type_error("_abc_impl is set to a wrong type"))
}

fn is_abstract(vm: &Vm, v: &Value) -> PyResult<bool> {
    // Plain values and functions without attributes are the common case.
    if !v.is_object() {
        return Ok(false);
    }
    match vm.lookup_attr(v, &vm.names.isabstractmethod)? {
        Some(f) => vm.is_true(&f),
        None => Ok(false),
    }
}

fn abc_init(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [class] = a.exactly::<1>(vm, "_abc_init")?;
    let t = vm.this::<Type>(class)?;
    let names = vm.new_frozenset();
    for (k, v) in t.dict().items() {
        if is_abstract(vm, &v)? {
            vm.set_add(&names, k)?;
        }
    }
    let bases = vm.getattr(class, &vm.names.bases)?;
    for base in vm.collect(&bases)? {
        let Some(inherited) = vm.lookup_attr(&base, &vm.names.abstractmethods)? else {
            continue;
        };
        for name in vm.collect(&inherited)? {
            let Some(n) = name.as_ref::<Str>() else {
                continue;
            };
            if let Some(v) = vm.lookup_attr(class, n)?
                && is_abstract(vm, &v)?
            {
                vm.set_add(&names, name)?;
            }
        }
    }
    vm.setattr(class, &vm.names.abstractmethods, Some(names.as_value()))?;
    let st = state(vm);
    let d = AbcData::default();
    d.negative_version.set(st.counter.get());
    let d: Value = vm.heap.alloc(&st.data, d).into();
    vm.setattr(class, &st.attr, Some(&d))?;
    // What patterns treat as sequences and mappings.
    let flags = vm.intern("__abc_tpflags__");
    if let Some(f) = vm.dict_get_str(&t.dict(), &flags) {
        let bits = f.as_small_int().unwrap_or(0);
        if bits & (1 << 5) != 0 {
            t.set_flag(TypeFlags::SEQUENCE);
        }
        if bits & (1 << 6) != 0 {
            t.set_flag(TypeFlags::MAPPING);
        }
        vm.setattr(class, &flags, None)?;
    }
    Ok(Value::NONE)
}

fn set_collection_flag(t: &Ref<Type>, flag: u32) {
    // Built-in types keep what they are: str and bytes are registered as sequences but no pattern takes them for one.
    if t.has(TypeFlags::SEQUENCE) || t.has(TypeFlags::MAPPING) || t.has(TypeFlags::IMMUTABLE) {
        return;
    }
    t.set_flag(flag);
    for s in t.subclasses() {
        set_collection_flag(&s, flag);
    }
}

fn register(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [class, sub] = a.exactly::<2>(vm, "_abc_register")?;
    let Some(sub_type) = sub.as_ref::<Type>() else {
        return Err(vm.type_error("Can only register classes"));
    };
    if vm.issubclass(sub, class)? {
        return Ok(sub.clone());
    }
    if vm.issubclass(class, sub)? {
        return Err(vm.runtime_error("Refusing to create an inheritance cycle"));
    }
    data(vm, class)?.registry.add(vm, sub);
    let st = state(vm);
    st.counter.set(st.counter.get() + 1);
    if let Some(t) = class.downcast::<Type>() {
        for flag in [TypeFlags::SEQUENCE, TypeFlags::MAPPING] {
            if t.has(flag) {
                set_collection_flag(sub_type, flag);
            }
        }
    }
    Ok(sub.clone())
}

fn instancecheck(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [class, instance] = a.exactly::<2>(vm, "_abc_instancecheck")?;
    let d = data(vm, class)?;
    let sub = vm.getattr(instance, &vm.names.class)?;
    if d.cache.has(vm, &sub) {
        return Ok(Value::TRUE);
    }
    let subtype = vm.type_of(instance).value();
    if subtype.is(&sub)
        && d.negative_version.get() == state(vm).counter.get()
        && d.negative.has(vm, &sub)
    {
        return Ok(Value::FALSE);
    }
    let check = vm.intern("__subclasscheck__");
    let r = vm.call_method_args(class, &check, Args::pos(std::slice::from_ref(&sub)))?;
    if subtype.is(&sub) || vm.is_true(&r)? {
        return Ok(r);
    }
    vm.call_method_args(class, &check, Args::pos(&[subtype]))
}

fn subclasscheck(vm: &Vm, class: &Value, sub: &Value) -> PyResult<bool> {
    let Some(sub_type) = sub.as_ref::<Type>() else {
        return Err(vm.type_error("issubclass() arg 1 must be a class"));
    };
    vm.guard_native_stack("in __subclasscheck__")?;
    let d = data(vm, class)?;
    if d.cache.has(vm, sub) {
        return Ok(true);
    }
    let now = state(vm).counter.get();
    if d.negative_version.get() < now {
        d.negative.clear();
        d.negative_version.set(now);
    } else if d.negative.has(vm, sub) {
        return Ok(false);
    }
    let hook = vm.call_method_args(
        class,
        &vm.names.subclasshook,
        Args::pos(std::slice::from_ref(sub)),
    )?;
    if hook.is_true() {
        d.cache.add(vm, sub);
        return Ok(true);
    }
    if hook.is_false() {
        d.negative.add(vm, sub);
        return Ok(false);
    }
    if !hook.is_not_implemented() {
        return Err(vm.new_exception(
            &vm.exc.assertion_error,
            "__subclasshook__ must return either False, True, or NotImplemented",
        ));
    }
    if class
        .as_ref::<Type>()
        .is_some_and(|c| sub_type.is_subtype(c))
    {
        d.cache.add(vm, sub);
        return Ok(true);
    }
    for r in d.registry.alive() {
        if vm.issubclass(sub, &r)? {
            d.cache.add(vm, sub);
            return Ok(true);
        }
    }
    let children = vm.call_method_args(class, &vm.names.subclasses, Args::NONE)?;
    for c in vm.collect(&children)? {
        if vm.issubclass(sub, &c)? {
            d.cache.add(vm, sub);
            return Ok(true);
        }
    }
    d.negative.add(vm, sub);
    Ok(false)
}
