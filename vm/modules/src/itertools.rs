//! `itertools` (CPython's Modules/itertoolsmodule.c): every iterator is one payload with a few slots and counters; its
//! class decides what they mean.
use crate::util::*;
use std::rc::Rc;

#[derive(Default)]
pub(crate) struct It {
    a: Slot,
    b: Slot,
    c: Slot,
    n: Cell<i64>,
    m: Cell<i64>,
    k: Cell<i64>,
    pool: RefCell<Vec<Value>>,
    result: RefCell<Vec<Value>>,
    idx: RefCell<Vec<usize>>,
    idx2: RefCell<Vec<usize>>,
}
impl Payload for It {
    const CONTAINER: bool = true;
    const NAME: &'static str = "itertools iterator";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.a.visit(visit);
        self.b.visit(visit);
        self.c.visit(visit);
        self.pool.show(visit);
        self.result.show(visit);
    }
    fn clear(&self) {
        self.a.take();
        self.b.take();
        self.c.take();
        let old = (self.pool.take(), self.result.take());
        drop(old);
    }
}

impl It {
    fn of(a: Value) -> It {
        It {
            a: Slot::new(a),
            ..It::default()
        }
    }
    fn with(a: Value, b: Value) -> It {
        It {
            a: Slot::new(a),
            b: Slot::new(b),
            ..It::default()
        }
    }
}

struct State {
    grouper: Ref<Type>,
    tee: Ref<Type>,
    chain: Ref<Type>,
}

fn state(vm: &Vm) -> Rc<State> {
    vm.module_state(|| {
        let make = |name: &str, flags| {
            let t = vm.new_native_type::<It>(&format!("itertools.{name}"), &vm.types.object, flags);
            t.slots.iter.set(Some(self_iter));
            t
        };
        State {
            grouper: make("_grouper", TypeFlags::NO_NEW),
            tee: make("_tee", TypeFlags::BASE | TypeFlags::WEAKREF),
            chain: make("chain", TypeFlags::BASE),
        }
    })
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("itertools");
    let st = state(vm);
    let def = |name: &str, new: NewFn, next: NextFn| {
        let t = vm.new_native_type::<It>(
            &format!("itertools.{name}"),
            &vm.types.object,
            TypeFlags::BASE,
        );
        t.slots.iter.set(Some(self_iter));
        t.slots.new.set(Some(new));
        t.slots.next.set(Some(next));
        add_type(vm, &m, name, &t);
        t
    };
    let count = def("count", count_new, count_next);
    count.slots.repr.set(Some(count_repr));
    let repeat = def("repeat", repeat_new, repeat_next);
    repeat.slots.repr.set(Some(repeat_repr));
    vm.add_methods(&repeat, METHODS);
    vm.ready_type(&count);
    vm.ready_type(&repeat);
    def("cycle", cycle_new, cycle_next);
    def("compress", compress_new, compress_next);
    def("dropwhile", two_new::<false>, dropwhile_next);
    def("takewhile", two_new::<false>, takewhile_next);
    def("filterfalse", two_new::<false>, filterfalse_next);
    def("starmap", two_new::<false>, starmap_next);
    def("islice", islice_new, islice_next);
    def("zip_longest", zip_longest_new, zip_longest_next);
    def("accumulate", accumulate_new, accumulate_next);
    def("batched", batched_new, batched_next);
    def("pairwise", pairwise_new, pairwise_next);
    def("groupby", groupby_new, groupby_next);
    def("product", product_new, product_next);
    def("permutations", permutations_new, permutations_next);
    def("combinations", combinations_new, combinations_next);
    def(
        "combinations_with_replacement",
        combinations_new,
        with_replacement_next,
    );
    let chain = &st.chain;
    chain.slots.new.set(Some(|vm, class, a| {
        no_kw(vm, class, a)?;
        let sources = vm.iter(&vm.new_tuple(a.pos.to_vec()).into())?;
        Ok(vm.heap.alloc(class, It::of(sources)).into())
    }));
    chain.slots.next.set(Some(chain_next));
    vm.add_methods(chain, CHAIN_METHODS);
    add_type(vm, &m, "chain", chain);
    st.grouper.slots.next.set(Some(grouper_next));
    add_type(vm, &m, "_grouper", &st.grouper);
    st.tee.slots.next.set(Some(tee_next));
    st.tee.slots.new.set(Some(|vm, class, a| {
        let [iterable] = a.exactly::<1>(vm, "_tee")?;
        tee_of(vm, class, &vm.iter(iterable)?)
    }));
    vm.add_methods(&st.tee, TEE_METHODS);
    add_type(vm, &m, "_tee", &st.tee);
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { METHODS =
    "__length_hint__" "__length_hint__($self, /)\n--\n\n" length_hint;
}

fn length_hint(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let it = vm.this::<It>(v)?;
    if it.n.get() < 0 {
        return Err(vm.type_error("len() of unsized object"));
    }
    Ok(vm.new_int(it.n.get()))
}

lasti_core::methods! { CHAIN_METHODS =
    class "from_iterable" "from_iterable($type, iterable, /)\n--\n\n" from_iterable;
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" class_getitem;
}

fn from_iterable(vm: &Vm, this: &Value, a: Args) -> PyResult<Value> {
    let [iterable] = a.exactly::<1>(vm, "from_iterable")?;
    let class = vm.this::<Type>(this)?;
    let sources = vm.iter(iterable)?;
    Ok(vm.heap.alloc(class, It::of(sources)).into())
}

lasti_core::methods! { TEE_METHODS =
    "__copy__" "__copy__($self, /)\n--\n\n" |vm, v, _| tee_copy(vm, v);
}

lasti_core::methods! { FUNCTIONS =
    "tee" "tee($module, iterable, n=2, /)\n--\n\nReturns a tuple of n independent iterators." tee;
}

fn no_kw(vm: &Vm, class: &Ref<Type>, a: Args) -> PyResult<()> {
    // Subclasses may take keywords in their own __init__.
    if a.kw.is_empty() || class.is_heap_type() {
        Ok(())
    } else {
        a.no_kw(vm, &class.name())
    }
}

fn alloc(vm: &Vm, class: &Ref<Type>, it: It) -> PyResult<Value> {
    Ok(vm.heap.alloc(class, it).into())
}

// ---- endless ones ----

fn count_new(vm: &Vm, class: &Ref<Type>, a: Args) -> PyResult<Value> {
    let [start, step] = a.bind(vm, "count", ["start", "step"], 0)?;
    let start = start.cloned().unwrap_or(Value::small_int(0));
    let step = step.cloned().unwrap_or(Value::small_int(1));
    for v in [&start, &step] {
        let s = &vm.type_of(v).slots;
        if s.index.get().is_none()
            && s.float.get().is_none()
            && !vm.is_int(v)
            && s.binary[BinOp::Add as usize].get().is_none()
        {
            return Err(vm.type_error("a number is required"));
        }
    }
    alloc(vm, class, It::with(start, step))
}
fn count_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    let (now, step) = (it.a.get(), it.b.get());
    let next = match Value::both_small(&now, &step) {
        Some((a, b)) => vm.new_int(a + b),
        None => vm.binary(&now, &step, BinOp::Add)?,
    };
    it.a.set(next);
    Ok(Some(now))
}
fn count_repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let it = vm.this::<It>(v)?;
    let now = vm.repr_string(&it.a.get())?;
    let name = vm.type_name(v);
    Ok(vm.str_value(&match it.b.get().as_small_int() {
        Some(1) => format!("{name}({now})"),
        _ => format!("{name}({now}, {})", vm.repr_string(&it.b.get())?),
    }))
}

/// `n` counts what is left; negative: endless.
fn repeat_new(vm: &Vm, class: &Ref<Type>, a: Args) -> PyResult<Value> {
    let [object, times] = a.bind(vm, "repeat", ["object", "times"], 1)?;
    let it = It::of(object.cloned().unwrap_or(Value::NONE));
    it.n.set(match times {
        Some(t) => vm.to_i64(t)?.max(0),
        None => -1,
    });
    alloc(vm, class, it)
}
fn repeat_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    match it.n.get() {
        0 => return Ok(None),
        n if n > 0 => it.n.set(n - 1),
        _ => {}
    }
    Ok(Some(it.a.get()))
}
fn repeat_repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let it = vm.this::<It>(v)?;
    let x = vm.repr_string(&it.a.get())?;
    let name = vm.type_name(v);
    Ok(vm.str_value(&match it.n.get() {
        n if n < 0 => format!("{name}({x})"),
        n => format!("{name}({x}, {n})"),
    }))
}

/// `a`: the source until it ends; `n`: position in the saved items.
fn cycle_new(vm: &Vm, class: &Ref<Type>, a: Args) -> PyResult<Value> {
    no_kw(vm, class, a)?;
    let [x] = Args::pos(a.pos).exactly::<1>(vm, "cycle")?;
    alloc(vm, class, It::of(vm.iter(x)?))
}
fn cycle_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    if let Some(source) = it.a.get_bound() {
        if let Some(x) = vm.next(&source)? {
            vm.push(&mut it.pool.borrow_mut(), x.clone())?;
            return Ok(Some(x));
        }
        it.a.take();
    }
    let pool = it.pool.borrow();
    if pool.is_empty() {
        return Ok(None);
    }
    let i = it.n.get() as usize % pool.len();
    it.n.set(i as i64 + 1);
    Ok(Some(pool[i].clone()))
}

// ---- filters and chains ----

fn chain_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    loop {
        if let Some(source) = it.b.get_bound() {
            if let Some(x) = vm.next(&source)? {
                return Ok(Some(x));
            }
            it.b.take();
        }
        let Some(sources) = it.a.get_bound() else {
            return Ok(None);
        };
        match vm.next(&sources)? {
            Some(s) => match vm.iter(&s) {
                Ok(i) => it.b.set(i),
                Err(e) => {
                    it.a.take();
                    return Err(e);
                }
            },
            None => {
                it.a.take();
                return Ok(None);
            }
        }
    }
}

fn compress_new(vm: &Vm, class: &Ref<Type>, a: Args) -> PyResult<Value> {
    let [data, selectors] = a.bind(vm, "compress", ["data", "selectors"], 2)?;
    let none = Value::NONE;
    alloc(
        vm,
        class,
        It::with(
            vm.iter(data.unwrap_or(&none))?,
            vm.iter(selectors.unwrap_or(&none))?,
        ),
    )
}
fn compress_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    let (data, selectors) = (it.a.get(), it.b.get());
    loop {
        let Some(x) = vm.next(&data)? else {
            return Ok(None);
        };
        let Some(s) = vm.next(&selectors)? else {
            return Ok(None);
        };
        if vm.is_true(&s)? {
            return Ok(Some(x));
        }
    }
}

/// A function and an iterable, both positional.
fn two_new<const _KW: bool>(vm: &Vm, class: &Ref<Type>, a: Args) -> PyResult<Value> {
    no_kw(vm, class, a)?;
    let pos = Args::pos(a.pos).between(vm, &class.name(), 2, 2)?;
    alloc(vm, class, It::with(pos[0].clone(), vm.iter(&pos[1])?))
}
fn dropwhile_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    let source = it.b.get();
    loop {
        let Some(x) = vm.next(&source)? else {
            return Ok(None);
        };
        if it.n.get() == 1 {
            return Ok(Some(x));
        }
        let r = vm.call(&it.a.get(), std::slice::from_ref(&x))?;
        if !vm.is_true(&r)? {
            it.n.set(1);
            return Ok(Some(x));
        }
    }
}
fn takewhile_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    if it.n.get() == 1 {
        return Ok(None);
    }
    let Some(x) = vm.next(&it.b.get())? else {
        return Ok(None);
    };
    let r = vm.call(&it.a.get(), std::slice::from_ref(&x))?;
    if vm.is_true(&r)? {
        return Ok(Some(x));
    }
    it.n.set(1);
    Ok(None)
}
fn filterfalse_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    let (f, source) = (it.a.get(), it.b.get());
    let plain = f.is_none() || f.is(vm.types.bool_.as_value());
    loop {
        let Some(x) = vm.next(&source)? else {
            return Ok(None);
        };
        let keep = if plain {
            !vm.is_true(&x)?
        } else {
            !vm.is_true(&vm.call(&f, std::slice::from_ref(&x))?)?
        };
        if keep {
            return Ok(Some(x));
        }
    }
}
fn starmap_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    let Some(x) = vm.next(&it.b.get())? else {
        return Ok(None);
    };
    let args = vm.collect(&x)?;
    vm.call(&it.a.get(), &args).map(Some)
}

/// `n`: next index to give; `m`: stop (negative: none); `k`: step; `idx2[0]`: items read so far.
fn islice_new(vm: &Vm, class: &Ref<Type>, a: Args) -> PyResult<Value> {
    no_kw(vm, class, a)?;
    let pos = Args::pos(a.pos).between(vm, "islice", 2, 4)?;
    let number = |v: &Value, what: &str| -> PyResult<Option<i64>> {
        if v.is_none() {
            return Ok(None);
        }
        match vm.to_i64(v) {
            Ok(n) if n >= 0 => Ok(Some(n)),
            _ => Err(vm.value_error(what)),
        }
    };
    let stop_text = "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
    let text = "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
    let (start, stop) = match pos {
        [_, stop] => (0, number(stop, stop_text)?),
        [_, start, stop, ..] => (number(start, text)?.unwrap_or(0), number(stop, text)?),
        _ => (0, None),
    };
    let step = match pos.get(3) {
        Some(s) => {
            let what = "Step for islice() must be a positive integer or None.";
            let n = number(s, what)?.unwrap_or(1);
            if n == 0 {
                return Err(vm.value_error(what));
            }
            n
        }
        None => 1,
    };
    let it = It::of(vm.iter(&pos[0])?);
    it.n.set(start);
    it.m.set(stop.unwrap_or(-1));
    it.k.set(step);
    *it.idx.borrow_mut() = vec![0];
    alloc(vm, class, it)
}
fn islice_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    let Some(source) = it.a.get_bound() else {
        return Ok(None);
    };
    let (next, stop) = (it.n.get(), it.m.get());
    let until = if stop >= 0 { next.min(stop) } else { next };
    let mut read = it.idx.borrow()[0] as i64;
    let end = |it: &It| {
        it.a.take();
        Ok(None)
    };
    while read < until {
        if vm.next(&source)?.is_none() {
            return end(it);
        }
        read += 1;
        it.idx.borrow_mut()[0] = read as usize;
    }
    if stop >= 0 && next >= stop {
        return end(it);
    }
    let Some(x) = vm.next(&source)? else {
        return end(it);
    };
    it.idx.borrow_mut()[0] = read as usize + 1;
    let following = next.saturating_add(it.k.get());
    it.n.set(if stop >= 0 {
        following.min(stop)
    } else {
        following
    });
    Ok(Some(x))
}

/// `pool`: sources, unbound once ended; `a`: the fill value; `n`: sources still alive.
fn zip_longest_new(vm: &Vm, class: &Ref<Type>, a: Args) -> PyResult<Value> {
    let mut fill = Value::NONE;
    for (name, v) in a.names.iter().zip(a.kw) {
        if text(name).as_deref() != Some("fillvalue") {
            return Err(vm.type_error("zip_longest() got an unexpected keyword argument"));
        }
        fill = v.clone();
    }
    let mut sources = Vec::with_capacity(a.pos.len());
    for x in a.pos {
        sources.push(vm.iter(x)?);
    }
    let it = It::of(fill);
    it.n.set(sources.len() as i64);
    *it.pool.borrow_mut() = sources;
    alloc(vm, class, it)
}
fn zip_longest_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    let len = it.pool.borrow().len();
    if len == 0 || it.n.get() == 0 {
        return Ok(None);
    }
    let mut out = Vec::with_capacity(len);
    for i in 0..len {
        let source = it.pool.borrow()[i].clone();
        if source.is_none() {
            out.push(it.a.get());
            continue;
        }
        match vm.next(&source) {
            Ok(Some(x)) => out.push(x),
            Ok(None) => {
                let left = it.n.get() - 1;
                it.n.set(left);
                if left == 0 {
                    return Ok(None);
                }
                let old = std::mem::replace(&mut it.pool.borrow_mut()[i], Value::NONE);
                drop(old);
                out.push(it.a.get());
            }
            Err(e) => {
                it.n.set(0);
                return Err(e);
            }
        }
    }
    Ok(Some(vm.new_tuple(out).into()))
}

// ---- accumulate, batched, pairwise ----

/// `a`: source; `b`: function or None; `c`: running total; `n`: 1 while the initial value is still to be given.
fn accumulate_new(vm: &Vm, class: &Ref<Type>, a: Args) -> PyResult<Value> {
    let [iterable, func, initial] =
        a.bind(vm, "accumulate", ["iterable", "func", "*initial"], 1)?;
    let none = Value::NONE;
    let it = It::with(
        vm.iter(iterable.unwrap_or(&none))?,
        func.cloned().unwrap_or(Value::NONE),
    );
    if let Some(i) = initial.filter(|i| !i.is_none()) {
        it.c.set(i.clone());
        it.n.set(1);
    }
    alloc(vm, class, it)
}
fn accumulate_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    if it.n.get() == 1 {
        it.n.set(0);
        return Ok(Some(it.c.get()));
    }
    let Some(x) = vm.next(&it.a.get())? else {
        return Ok(None);
    };
    let total = match it.c.get_bound() {
        None => x,
        Some(t) => {
            let f = it.b.get();
            if f.is_none() {
                vm.binary(&t, &x, BinOp::Add)?
            } else {
                vm.call(&f, &[t, x])?
            }
        }
    };
    it.c.set(total.clone());
    Ok(Some(total))
}

fn batched_new(vm: &Vm, class: &Ref<Type>, a: Args) -> PyResult<Value> {
    let [iterable, n, strict] = a.bind(vm, "batched", ["iterable", "n", "*strict"], 2)?;
    let none = Value::NONE;
    let n = vm.to_i64(n.unwrap_or(&none))?;
    if n < 1 {
        return Err(vm.value_error("n must be at least one"));
    }
    let it = It::of(vm.iter(iterable.unwrap_or(&none))?);
    it.n.set(n);
    it.m.set(strict.map_or(Ok(false), |s| vm.is_true(s))? as i64);
    alloc(vm, class, it)
}
fn batched_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    let Some(source) = it.a.get_bound() else {
        return Ok(None);
    };
    let n = it.n.get() as usize;
    let mut out = Vec::with_capacity(n.min(1024));
    let mut ticks = lasti_core::vm::Ticks::default();
    while out.len() < n {
        ticks.tick(vm)?;
        match vm.next(&source)? {
            Some(x) => vm.push(&mut out, x)?,
            None => {
                it.a.take();
                break;
            }
        }
    }
    if out.is_empty() {
        return Ok(None);
    }
    if out.len() < n && it.m.get() == 1 {
        return Err(vm.value_error("batched(): incomplete batch"));
    }
    Ok(Some(vm.try_new_tuple(out)?.into()))
}

fn pairwise_new(vm: &Vm, class: &Ref<Type>, a: Args) -> PyResult<Value> {
    no_kw(vm, class, a)?;
    let [x] = Args::pos(a.pos).exactly::<1>(vm, "pairwise")?;
    alloc(vm, class, It::of(vm.iter(x)?))
}
fn pairwise_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    let Some(source) = it.a.get_bound() else {
        return Ok(None);
    };
    let old = match it.b.get_bound() {
        Some(o) => o,
        None => match vm.next(&source)? {
            Some(o) => {
                it.b.set(o.clone());
                if it.a.is_unbound() {
                    return Ok(None);
                }
                o
            }
            None => {
                it.a.take();
                return Ok(None);
            }
        },
    };
    match vm.next(&source)? {
        Some(new) => {
            it.b.set(new.clone());
            Ok(Some(vm.tuple_value([old, new])))
        }
        None => {
            it.a.take();
            it.b.take();
            Ok(None)
        }
    }
}

// ---- groupby ----

/// `a`: source; `b`: key function or None; `c`: the key of the running group; `pool`: [current key, current value];
/// `n`: number of the running group.
fn groupby_new(vm: &Vm, class: &Ref<Type>, a: Args) -> PyResult<Value> {
    let [iterable, key] = a.bind(vm, "groupby", ["iterable", "key"], 1)?;
    let none = Value::NONE;
    let it = It::with(
        vm.iter(iterable.unwrap_or(&none))?,
        key.cloned().unwrap_or(Value::NONE),
    );
    alloc(vm, class, it)
}
/// Reads one more item; false at the end.
fn groupby_step(vm: &Vm, it: &It) -> PyResult<bool> {
    let Some(x) = vm.next(&it.a.get())? else {
        return Ok(false);
    };
    let f = it.b.get();
    let key = if f.is_none() {
        x.clone()
    } else {
        vm.call(&f, std::slice::from_ref(&x))?
    };
    let old = it.pool.replace(vec![key, x]);
    drop(old);
    Ok(true)
}
fn current(it: &It) -> Option<(Value, Value)> {
    match it.pool.borrow().as_slice() {
        [k, v] => Some((k.clone(), v.clone())),
        _ => None,
    }
}
fn groupby_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    it.n.set(it.n.get() + 1);
    loop {
        match (current(it), it.c.get_bound()) {
            (None, _) => {}
            (Some(_), None) => break,
            (Some((k, _)), Some(target)) => {
                if !vm.same(&target, &k)? {
                    break;
                }
            }
        }
        if !groupby_step(vm, it)? {
            return Ok(None);
        }
    }
    let Some((key, _)) = current(it) else {
        return Ok(None);
    };
    it.c.set(key.clone());
    let group = It::with(v.clone(), key.clone());
    group.n.set(it.n.get());
    let group = vm.heap.alloc(&state(vm).grouper, group).into();
    Ok(Some(vm.tuple_value([key, group])))
}
fn grouper_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let g = vm.this::<It>(v)?;
    let parent = g.a.get();
    let it = vm.this::<It>(&parent)?;
    if it.n.get() != g.n.get() {
        return Ok(None);
    }
    if current(it).is_none() && !groupby_step(vm, it)? {
        return Ok(None);
    }
    let Some((key, value)) = current(it) else {
        return Ok(None);
    };
    if !vm.same(&g.b.get(), &key)? {
        return Ok(None);
    }
    let old = it.pool.take();
    drop(old);
    Ok(Some(value))
}

// ---- tee ----

const TEE_BLOCK: usize = 57;

/// A block of items read from a teed source, and the block after it.
struct TeeBlock {
    source: Value,
    items: RefCell<Vec<Value>>,
    next: RefSlot<TeeBlock>,
    running: Cell<bool>,
}
payload!(TeeBlock, "itertools._tee_dataobject", source, items, next);

struct TeeType(Ref<Type>);
fn block_type(vm: &Vm) -> Ref<Type> {
    let st = vm.module_state(|| {
        let t = vm.new_native_type::<TeeBlock>(
            "itertools._tee_dataobject",
            &vm.types.object,
            TypeFlags::NO_NEW,
        );
        vm.ready_type(&t);
        TeeType(t)
    });
    st.0.clone()
}
fn new_block(vm: &Vm, source: Value) -> Ref<TeeBlock> {
    let b = TeeBlock {
        source,
        items: RefCell::default(),
        next: RefSlot::default(),
        running: Cell::new(false),
    };
    vm.heap.alloc(&block_type(vm), b)
}

/// `a`: the block; `n`: position in it.
fn tee_of(vm: &Vm, class: &Ref<Type>, source: &Value) -> PyResult<Value> {
    if vm.type_of(source).is(&state(vm).tee) {
        return tee_copy(vm, source);
    }
    let block = new_block(vm, source.clone());
    alloc(vm, class, It::of(block.into()))
}
fn tee_copy(vm: &Vm, v: &Value) -> PyResult<Value> {
    let it = vm.this::<It>(v)?;
    let new = It::of(it.a.get());
    new.n.set(it.n.get());
    alloc(vm, &state(vm).tee, new)
}
fn tee_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    let at = it.a.get();
    let mut block = vm.this::<TeeBlock>(&at)?.clone();
    let mut i = it.n.get() as usize;
    if i >= TEE_BLOCK {
        let next = match block.next.get() {
            Some(n) => n,
            None => {
                let n = new_block(vm, block.source.clone());
                block.next.set(Some(n.clone()));
                n
            }
        };
        block = next;
        i = 0;
        it.a.set(block.value());
        it.n.set(0);
    }
    let have = block.items.borrow().get(i).cloned();
    let x = match have {
        Some(x) => x,
        None => {
            if block.running.replace(true) {
                return Err(vm.runtime_error("cannot re-enter the tee iterator"));
            }
            let r = vm.next(&block.source);
            block.running.set(false);
            let Some(x) = r? else { return Ok(None) };
            block.items.borrow_mut().push(x.clone());
            x
        }
    };
    it.n.set(i as i64 + 1);
    Ok(Some(x))
}
fn tee(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "tee", 1, 2)?;
    let n = pos.get(1).map_or(Ok(2), |n| vm.to_i64(n))?;
    if n < 0 {
        return Err(vm.value_error("n must be >= 0"));
    }
    if n == 0 {
        return Ok(vm.new_tuple([]).into());
    }
    let class = state(vm).tee.clone();
    let source = vm.iter(&pos[0])?;
    let first = tee_of(vm, &class, &source)?;
    let mut out = vm.try_vec(n as usize)?;
    out.push(first);
    for _ in 1..n {
        out.push(tee_copy(vm, &out[0])?);
    }
    Ok(vm.try_new_tuple(out)?.into())
}

// ---- combinatorics ----

/// `pool`: all pools one behind the other; `idx2`: where each starts, and the end; `idx`: the running indices;
/// `n`: 0 before the first, 1 while running, 2 at the end.
fn product_new(vm: &Vm, class: &Ref<Type>, a: Args) -> PyResult<Value> {
    let mut repeat = 1;
    for (name, v) in a.names.iter().zip(a.kw) {
        match text(name).as_deref() {
            Some("repeat") => repeat = vm.to_i64(v)?,
            other => {
                return Err(vm.type_error(format!(
                    "product() got an unexpected keyword argument '{}'",
                    other.unwrap_or_default()
                )));
            }
        }
    }
    if repeat < 0 {
        return Err(vm.value_error("repeat argument cannot be negative"));
    }
    let mut pools = Vec::new();
    for x in a.pos {
        pools.push(vm.collect(x)?);
    }
    let it = It::default();
    let mut flat = Vec::new();
    let mut starts = vec![0];
    let mut ticks = lasti_core::vm::Ticks::default();
    for _ in 0..repeat {
        for p in &pools {
            vm.extend(&mut flat, p)?;
            vm.push(&mut starts, flat.len())?;
            ticks.tick(vm)?;
        }
    }
    if starts.windows(2).any(|w| w[0] == w[1]) {
        it.n.set(2);
    }
    let mut idx = vm.try_vec(starts.len() - 1)?;
    idx.resize(starts.len() - 1, 0);
    *it.idx.borrow_mut() = idx;
    *it.idx2.borrow_mut() = starts;
    *it.pool.borrow_mut() = flat;
    alloc(vm, class, it)
}
fn product_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    match it.n.get() {
        2 => return Ok(None),
        0 => it.n.set(1),
        _ => {
            let mut idx = it.idx.borrow_mut();
            let starts = it.idx2.borrow();
            let mut i = idx.len();
            loop {
                if i == 0 {
                    it.n.set(2);
                    return Ok(None);
                }
                i -= 1;
                idx[i] += 1;
                if idx[i] < starts[i + 1] - starts[i] {
                    break;
                }
                idx[i] = 0;
            }
        }
    }
    let (idx, starts, pool) = (it.idx.borrow(), it.idx2.borrow(), it.pool.borrow());
    let out: Vec<Value> = idx
        .iter()
        .zip(starts.iter())
        .map(|(i, s)| pool[s + i].clone())
        .collect();
    Ok(Some(vm.new_tuple(out).into()))
}

fn picked(vm: &Vm, it: &It, r: usize) -> Value {
    let (idx, pool) = (it.idx.borrow(), it.pool.borrow());
    vm.new_tuple(
        idx[..r]
            .iter()
            .map(|i| pool[*i].clone())
            .collect::<Vec<_>>(),
    )
    .into()
}

/// `idx`: indices; `idx2`: cycles; `m`: r.
fn permutations_new(vm: &Vm, class: &Ref<Type>, a: Args) -> PyResult<Value> {
    let [iterable, r] = a.bind(vm, "permutations", ["iterable", "r"], 1)?;
    let none = Value::NONE;
    let pool = vm.collect(iterable.unwrap_or(&none))?;
    let n = pool.len();
    let r = match r.filter(|r| !r.is_none()) {
        Some(r) => {
            if !vm.is_int(r) {
                return Err(vm.type_error("Expected int as r"));
            }
            let r = vm.to_i64(r)?;
            if r < 0 {
                return Err(vm.value_error("r must be non-negative"));
            }
            r as usize
        }
        None => n,
    };
    let it = It::default();
    it.m.set(r as i64);
    if r > n {
        it.n.set(2);
    } else {
        *it.idx.borrow_mut() = (0..n).collect();
        *it.idx2.borrow_mut() = (0..r).map(|i| n - i).collect();
    }
    *it.pool.borrow_mut() = pool;
    alloc(vm, class, it)
}
fn permutations_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    let r = it.m.get() as usize;
    match it.n.get() {
        2 => return Ok(None),
        0 => it.n.set(1),
        _ => {
            let (mut idx, mut cycles) = (it.idx.borrow_mut(), it.idx2.borrow_mut());
            let n = idx.len();
            let mut i = r;
            loop {
                if i == 0 {
                    it.n.set(2);
                    return Ok(None);
                }
                i -= 1;
                cycles[i] -= 1;
                if cycles[i] == 0 {
                    idx[i..].rotate_left(1);
                    cycles[i] = n - i;
                } else {
                    let j = n - cycles[i];
                    idx.swap(i, j);
                    break;
                }
            }
        }
    }
    Ok(Some(picked(vm, it, r)))
}

fn combinations_new(vm: &Vm, class: &Ref<Type>, a: Args) -> PyResult<Value> {
    let [iterable, r] = a.bind(vm, &class.name(), ["iterable", "r"], 2)?;
    let none = Value::NONE;
    let pool = vm.collect(iterable.unwrap_or(&none))?;
    let r = vm.to_i64(r.unwrap_or(&none))?;
    if r < 0 {
        return Err(vm.value_error("r must be non-negative"));
    }
    let it = It::default();
    it.m.set(r);
    *it.pool.borrow_mut() = pool;
    alloc(vm, class, it)
}
fn combinations_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    let r = it.m.get() as usize;
    let n = it.pool.borrow().len();
    match it.n.get() {
        2 => return Ok(None),
        0 => {
            if r > n {
                it.n.set(2);
                return Ok(None);
            }
            it.n.set(1);
            *it.idx.borrow_mut() = (0..r).collect();
        }
        _ => {
            let mut idx = it.idx.borrow_mut();
            let Some(i) = (0..r).rev().find(|i| idx[*i] != i + n - r) else {
                it.n.set(2);
                return Ok(None);
            };
            idx[i] += 1;
            for j in i + 1..r {
                idx[j] = idx[j - 1] + 1;
            }
        }
    }
    Ok(Some(picked(vm, it, r)))
}
fn with_replacement_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<It>(v)?;
    let r = it.m.get() as usize;
    let n = it.pool.borrow().len();
    match it.n.get() {
        2 => return Ok(None),
        0 => {
            if n == 0 && r > 0 {
                it.n.set(2);
                return Ok(None);
            }
            it.n.set(1);
            let mut idx = vm.try_vec(r)?;
            idx.resize(r, 0);
            *it.idx.borrow_mut() = idx;
        }
        _ => {
            let mut idx = it.idx.borrow_mut();
            let Some(i) = (0..r).rev().find(|i| idx[*i] != n - 1) else {
                it.n.set(2);
                return Ok(None);
            };
            let next = idx[i] + 1;
            idx[i..].fill(next);
        }
    }
    Ok(Some(picked(vm, it, r)))
}
