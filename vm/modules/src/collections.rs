//! `_collections`: deque, defaultdict and the helpers behind namedtuple and Counter (CPython's
//! Modules/_collectionsmodule.c). OrderedDict stands in `ordereddict`.
use crate::util::*;
use std::collections::VecDeque;

pub struct Deque {
    items: RefCell<VecDeque<Value>>,
    maxlen: Cell<Option<usize>>,
    /// Counts changes of size, for "mutated during iteration".
    changes: Cell<usize>,
}
impl Payload for Deque {
    const CONTAINER: bool = true;
    const NAME: &'static str = "collections.deque";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.items.show(visit);
    }
    fn clear(&self) {
        let old = self.items.take();
        drop(old);
    }
}

impl Deque {
    fn new() -> Deque {
        Deque {
            items: RefCell::default(),
            maxlen: Cell::new(None),
            changes: Cell::new(0),
        }
    }
    fn changed(&self) {
        self.changes.set(self.changes.get().wrapping_add(1));
    }
    pub fn len(&self) -> usize {
        self.items.borrow().len()
    }
    /// The deque behind a value that is exactly a `collections.deque` without `maxlen`.
    pub fn plain<'a>(vm: &Vm, v: &'a Value) -> Option<&'a Ref<Deque>> {
        v.as_ref::<Deque>()
            .filter(|d| !vm.type_of(v).is_heap_type() && d.maxlen.get().is_none())
    }
    /// A new `collections.deque`.
    pub fn empty(vm: &Vm) -> Ref<Deque> {
        vm.heap.alloc(&state(vm).deque, Deque::new())
    }
    pub fn is_empty(&self) -> bool {
        self.items.borrow().is_empty()
    }
    pub fn pop_front(&self) -> Option<Value> {
        self.changed();
        self.items.borrow_mut().pop_front()
    }
    /// Takes out the first item that is `v` itself; false when it is not there.
    pub fn remove_same(&self, v: &Value) -> bool {
        let at = self.items.borrow().iter().position(|x| x.is(v));
        let Some(at) = at else { return false };
        self.changed();
        let old = self.items.borrow_mut().remove(at);
        drop(old);
        true
    }
    /// Memory for one item more.
    #[inline]
    pub fn reserve(&self, vm: &Vm) -> PyResult<()> {
        let mut items = self.items.borrow_mut();
        if items.len() == items.capacity() && items.try_reserve(1).is_err() {
            return Err(vm.memory_error());
        }
        Ok(())
    }
    pub fn push_back(&self, v: Value) {
        self.changed();
        let mut items = self.items.borrow_mut();
        items.push_back(v);
        let over = self.maxlen.get().is_some_and(|m| items.len() > m);
        let old = if over { items.pop_front() } else { None };
        drop(items);
        drop(old);
    }
    fn push_front(&self, v: Value) {
        self.changed();
        let mut items = self.items.borrow_mut();
        items.push_front(v);
        let over = self.maxlen.get().is_some_and(|m| items.len() > m);
        let old = if over { items.pop_back() } else { None };
        drop(items);
        drop(old);
    }
    fn to_vec(&self, vm: &Vm) -> PyResult<Vec<Value>> {
        let items = self.items.borrow();
        let mut out = vm.try_vec(items.len())?;
        out.extend(items.iter().cloned());
        Ok(out)
    }
    /// Memory for so many more.
    fn reserve_many(&self, vm: &Vm, n: usize) -> PyResult<()> {
        let mut items = self.items.borrow_mut();
        items.try_reserve(n).map_err(|_| vm.memory_error())
    }
    pub fn get(&self, i: usize) -> Option<Value> {
        self.items.borrow().get(i).cloned()
    }
}

struct DequeIter {
    deque: RefSlot<Deque>,
    index: Cell<usize>,
    changes: Cell<usize>,
    reverse: bool,
}
payload!(DequeIter, "_deque_iterator", deque);

struct State {
    deque: Ref<Type>,
    iter: Ref<Type>,
    reverse_iter: Ref<Type>,
}

fn state(vm: &Vm) -> std::rc::Rc<State> {
    vm.module_state(|| State {
        deque: deque_type(vm),
        iter: iter_type(vm, "_collections._deque_iterator"),
        reverse_iter: iter_type(vm, "_collections._deque_reverse_iterator"),
    })
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_collections");
    let st = state(vm);
    vm.add_value(&m, "deque", st.deque.value());
    vm.add_value(&m, "_deque_iterator", st.iter.value());
    vm.add_value(&m, "_deque_reverse_iterator", st.reverse_iter.value());
    vm.add_value(&m, "_tuplegetter", vm.tuple_field_type().value());
    add_type(vm, &m, "defaultdict", &defaultdict_type(vm));
    vm.add_value(&m, "OrderedDict", crate::ordereddict::the_type(vm).value());
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "_count_elements" "_count_elements($module, mapping, iterable, /)\n--\n\n" count_elements;
}

/// `Counter`'s counting loop.
fn count_elements(vm: &Vm, _: &Value, args: Args) -> PyResult<Value> {
    let [mapping, iterable] = args.exactly::<2>(vm, "_count_elements")?;
    let get = vm.intern("get");
    let one = Value::small_int(1);
    let add = |old: Value| match old.as_small_int() {
        Some(i) => Ok(vm.new_int(i + 1)),
        None => vm.binary(&old, &one, BinOp::Add),
    };
    // A subclass that overrides neither `get` nor `__setitem__` counts straight into the dict.
    let ty = vm.type_of(mapping);
    let own = |n: &Ref<Str>| {
        let (a, b) = (ty.lookup(vm, n), vm.types.dict.lookup(vm, n));
        matches!((a, b), (Some(a), Some(b)) if a.is(&b))
    };
    if let Some(d) = mapping.downcast::<Dict>()
        && own(&get)
        && own(&vm.names.setitem)
    {
        vm.for_each(iterable, |k| {
            let n = match vm.dict_lookup(d, &k)? {
                Some(old) => add(old)?,
                None => one.clone(),
            };
            vm.dict_insert(d, k, n)?;
            Ok(true)
        })?;
        return Ok(Value::NONE);
    }
    vm.for_each(iterable, |k| {
        let old =
            vm.call_method_args(mapping, &get, Args::pos(&[k.clone(), Value::small_int(0)]))?;
        vm.setitem(mapping, &k, &add(old)?)?;
        Ok(true)
    })?;
    Ok(Value::NONE)
}

// ---- deque ----

fn deque(v: &Value) -> Option<&Ref<Deque>> {
    v.as_ref::<Deque>()
}

fn new_deque(vm: &Vm, class: &Ref<Type>, items: Vec<Value>, maxlen: Option<usize>) -> Value {
    let d = Deque::new();
    d.maxlen.set(maxlen);
    for v in items {
        d.push_back(v);
    }
    vm.heap.alloc(class, d).into()
}

/// A new deque of the same class as `v`, with the same `maxlen`.
fn same_class(vm: &Vm, v: &Value, items: Vec<Value>) -> PyResult<Value> {
    let d = vm.this::<Deque>(v)?;
    let ty = vm.type_of(v);
    if !ty.is_heap_type() {
        vm.room_for::<Value>(items.len())?;
        return Ok(new_deque(vm, ty, items, d.maxlen.get()));
    }
    let list = vm.new_list(items);
    match d.maxlen.get() {
        Some(m) => vm.call(ty.as_value(), &[list, vm.new_int(m as i64)]),
        None => vm.call(ty.as_value(), &[list]),
    }
}

fn extend(vm: &Vm, d: &Ref<Deque>, iterable: &Value, left: bool) -> PyResult<()> {
    let push = |v| {
        if left {
            d.push_front(v)
        } else {
            d.push_back(v)
        }
    };
    let push_one = |v| {
        d.reserve(vm)?;
        push(v);
        PyResult::Ok(true)
    };
    if d.as_value().is(iterable) {
        let more = d.to_vec(vm)?;
        d.reserve_many(vm, more.len())?;
        more.into_iter().for_each(push);
        return Ok(());
    }
    vm.for_each(iterable, push_one)
}

fn deque_init(vm: &Vm, v: &Value, args: Args) -> PyResult<()> {
    let [iterable, maxlen] = args.bind(vm, "deque", ["iterable", "maxlen"], 0)?;
    let d = vm.this::<Deque>(v)?;
    let maxlen = match maxlen {
        Some(m) if !m.is_none() => {
            if !vm.is_int(m) && vm.type_of(m).slots.index.get().is_none() {
                return Err(vm.type_error("an integer is required"));
            }
            let n = vm.to_i64(m)?;
            Some(usize::try_from(n).map_err(|_| vm.value_error("maxlen must be non-negative"))?)
        }
        _ => None,
    };
    d.maxlen.set(maxlen);
    if !d.is_empty() {
        d.changed();
        let old = d.items.take();
        drop(old);
    }
    match iterable {
        Some(it) => extend(vm, d, it, false),
        None => Ok(()),
    }
}

fn index_of(vm: &Vm, d: &Ref<Deque>, key: &Value, what: &str) -> PyResult<usize> {
    let i = vm.to_i64(key)?;
    wrap_index(i, d.len()).ok_or_else(|| vm.index_error(what))
}

/// The position of the first item equal to `x` in `from..to`.
fn find(vm: &Vm, d: &Ref<Deque>, x: &Value, from: usize, to: usize) -> PyResult<Option<usize>> {
    let changes = d.changes.get();
    for i in from..to {
        let Some(v) = d.get(i) else { break };
        if vm.same(&v, x)? {
            return Ok(Some(i));
        }
        if d.changes.get() != changes {
            return Err(vm.runtime_error("deque mutated during iteration"));
        }
    }
    Ok(None)
}

fn deque_type(vm: &Vm) -> Ref<Type> {
    let flags = TypeFlags::BASE | TypeFlags::WEAKREF | TypeFlags::SEQUENCE;
    let t = vm.new_native_type::<Deque>("collections.deque", &vm.types.object, flags);
    let s = &t.slots;
    s.new.set(Some(|vm, class, _| {
        Ok(vm.heap.alloc(class, Deque::new()).into())
    }));
    s.init.set(Some(deque_init));
    s.len.set(Some(|vm, v| Ok(vm.this::<Deque>(v)?.len())));
    s.iter.set(Some(|vm, v| deque_iter(vm, v, false)));
    s.repr.set(Some(deque_repr));
    s.richcmp.set(Some(deque_richcmp));
    s.contains.set(Some(|vm, v, x| {
        let d = vm.this::<Deque>(v)?;
        Ok(find(vm, d, x, 0, d.len())?.is_some())
    }));
    s.getitem.set(Some(|vm, v, k| {
        let d = vm.this::<Deque>(v)?;
        let i = index_of(vm, d, k, "deque index out of range")?;
        d.get(i)
            .ok_or_else(|| vm.index_error("deque index out of range"))
    }));
    s.setitem.set(Some(|vm, v, k, x| {
        let d = vm.this::<Deque>(v)?;
        let i = index_of(vm, d, k, "deque index out of range")?;
        let old = match x {
            Some(x) => d
                .items
                .borrow_mut()
                .get_mut(i)
                .map(|slot| std::mem::replace(slot, x.clone())),
            None => {
                d.changed();
                d.items.borrow_mut().remove(i)
            }
        };
        drop(old);
        Ok(())
    }));
    s.binary[BinOp::Add as usize].set(Some(|vm, a, b| {
        let Some(x) = deque(a) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let Some(y) = deque(b) else {
            return Err(vm.type_error(format!(
                "can only concatenate deque (not \"{}\") to deque",
                vm.type_name(b)
            )));
        };
        let mut items = x.to_vec(vm)?;
        vm.extend(&mut items, &y.to_vec(vm)?)?;
        same_class(vm, a, items)
    }));
    s.binary[BinOp::Mul as usize].set(Some(|vm, a, b| {
        let (v, n) = if deque(a).is_some() { (a, b) } else { (b, a) };
        let Some(d) = deque(v) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        if !vm.is_int(n) && vm.type_of(n).slots.index.get().is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let items = repeated(vm, d, vm.to_i64(n)?)?;
        same_class(vm, v, items)
    }));
    s.inplace[BinOp::Add as usize].set(Some(|vm, a, b| {
        extend(vm, vm.this::<Deque>(a)?, b, false)?;
        Ok(a.clone())
    }));
    s.inplace[BinOp::Mul as usize].set(Some(|vm, a, b| {
        let d = vm.this::<Deque>(a)?;
        if !vm.is_int(b) && vm.type_of(b).slots.index.get().is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let items = repeated(vm, d, vm.to_i64(b)?)?;
        d.changed();
        let old = d.items.take();
        drop(old);
        d.reserve_many(vm, items.len())?;
        items.into_iter().for_each(|v| d.push_back(v));
        Ok(a.clone())
    }));
    deque_methods(vm, &t);
    vm.ready_type(&t);
    t
}

fn repeated(vm: &Vm, d: &Ref<Deque>, n: i64) -> PyResult<Vec<Value>> {
    let items = d.to_vec(vm)?;
    let n = n.max(0) as usize;
    let total = items.len().checked_mul(n).filter(|t| *t < 1 << 40);
    let Some(total) = total else {
        return Err(vm.memory_error());
    };
    let keep = d.maxlen.get().unwrap_or(total).min(total);
    let mut out = vm.try_vec(keep)?;
    let mut ticks = lasti_core::vm::Ticks::default();
    for i in total - keep..total {
        out.push(items[i % items.len()].clone());
        ticks.tick(vm)?;
    }
    Ok(out)
}

#[cold]
fn exhausted(vm: &Vm) -> Exc {
    vm.index_error("pop from an empty deque")
}

fn deque_methods(vm: &Vm, t: &Ref<Type>) {
    vm.add_methods(t, DEQUE_METHODS);
    vm.getset(
        t,
        "maxlen",
        |vm, v| {
            Ok(vm
                .this::<Deque>(v)?
                .maxlen
                .get()
                .map_or(Value::NONE, |m| vm.new_int(m as i64)))
        },
        None,
    );
}

lasti_core::methods! { DEQUE_METHODS =
    "append" "append($self, item, /)\n--\n\nAdd an element to the right side of the deque." append;
    "appendleft" "appendleft($self, item, /)\n--\n\nAdd an element to the left side of the deque." appendleft;
    "pop" "pop($self, /)\n--\n\nRemove and return the rightmost element." pop;
    "popleft" "popleft($self, /)\n--\n\nRemove and return the leftmost element." popleft;
    "extend" "extend($self, iterable, /)\n--\n\n" extend_method;
    "extendleft" "extendleft($self, iterable, /)\n--\n\n" extendleft;
    "clear" "clear($self, /)\n--\n\n" clear_method;
    "copy" "copy($self, /)\n--\n\nReturn a shallow copy of a deque." copy;
    "__copy__" "__copy__($self, /)\n--\n\n" copy;
    "count" "count($self, value, /)\n--\n\n" count;
    "index" "index($self, value, [start, [stop]])\n--\n\n" index;
    "insert" "insert($self, index, value, /)\n--\n\n" insert;
    "remove" "remove($self, value, /)\n--\n\n" remove;
    "reverse" "reverse($self, /)\n--\n\n" reverse;
    "rotate" "rotate($self, n=1, /)\n--\n\n" rotate;
    "__reversed__" "__reversed__($self, /)\n--\n\n" reversed;
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce;
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" class_getitem;
}

fn append(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "deque.append")?;
    let d = vm.this::<Deque>(v)?;
    d.reserve(vm)?;
    d.push_back(x.clone());
    Ok(Value::NONE)
}

fn appendleft(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "deque.appendleft")?;
    let d = vm.this::<Deque>(v)?;
    d.reserve(vm)?;
    d.push_front(x.clone());
    Ok(Value::NONE)
}

fn pop(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "deque.pop")?;
    let d = vm.this::<Deque>(v)?;
    let x = d.items.borrow_mut().pop_back();
    d.changed();
    x.ok_or_else(|| exhausted(vm))
}

fn popleft(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "deque.popleft")?;
    let d = vm.this::<Deque>(v)?;
    let x = d.items.borrow_mut().pop_front();
    d.changed();
    x.ok_or_else(|| exhausted(vm))
}

fn extend_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "deque.extend")?;
    extend(vm, vm.this::<Deque>(v)?, x, false)?;
    Ok(Value::NONE)
}

fn extendleft(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "deque.extendleft")?;
    extend(vm, vm.this::<Deque>(v)?, x, true)?;
    Ok(Value::NONE)
}

fn clear_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "deque.clear")?;
    let d = vm.this::<Deque>(v)?;
    d.changed();
    let old = d.items.take();
    drop(old);
    Ok(Value::NONE)
}

fn copy(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "deque.copy")?;
    same_class(vm, v, vm.this::<Deque>(v)?.to_vec(vm)?)
}

fn count(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "deque.count")?;
    let d = vm.this::<Deque>(v)?;
    let changes = d.changes.get();
    let mut n = 0;
    for item in d.to_vec(vm)? {
        n += vm.same(&item, x)? as i64;
        if d.changes.get() != changes {
            return Err(vm.runtime_error("deque mutated during iteration"));
        }
    }
    Ok(vm.new_int(n))
}

fn index(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "index", 1, 3)?;
    let d = vm.this::<Deque>(v)?;
    let len = d.len();
    let from = pos
        .get(1)
        .map_or(Ok(0), |x| Ok(clamp_index(vm.to_i64_clamped(x)?, len)))?;
    let to = pos
        .get(2)
        .map_or(Ok(len), |x| Ok(clamp_index(vm.to_i64_clamped(x)?, len)))?;
    match find(vm, d, &pos[0], from, to)? {
        Some(i) => Ok(vm.new_int(i as i64)),
        None => Err(vm.value_error("deque.index(x): x not in deque")),
    }
}

fn insert(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [i, x] = a.exactly::<2>(vm, "insert")?;
    let d = vm.this::<Deque>(v)?;
    let i = vm.to_i64(i)?;
    if d.maxlen.get().is_some_and(|m| d.len() >= m) {
        return Err(vm.index_error("deque already at its maximum size"));
    }
    let at = clamp_index(i, d.len());
    d.changed();
    d.items.borrow_mut().insert(at, x.clone());
    Ok(Value::NONE)
}

fn remove(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "deque.remove")?;
    let d = vm.this::<Deque>(v)?;
    let changes = d.changes.get();
    for i in 0..d.len() {
        let Some(item) = d.get(i) else { break };
        let same = vm.same(&item, x)?;
        if d.changes.get() != changes {
            return Err(vm.index_error("deque mutated during remove()."));
        }
        if same {
            d.changed();
            let old = d.items.borrow_mut().remove(i);
            drop(old);
            return Ok(Value::NONE);
        }
    }
    Err(vm.value_error("deque.remove(x): x not in deque"))
}

fn reverse(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "deque.reverse")?;
    vm.this::<Deque>(v)?
        .items
        .borrow_mut()
        .make_contiguous()
        .reverse();
    Ok(Value::NONE)
}

fn rotate(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "deque.rotate", 0, 1)?;
    let n = pos.first().map_or(Ok(1), |x| vm.to_i64(x))?;
    let d = vm.this::<Deque>(v)?;
    let mut items = d.items.borrow_mut();
    if items.len() > 1 {
        let by = n.rem_euclid(items.len() as i64) as usize;
        items.rotate_right(by);
        drop(items);
        d.changed();
    }
    Ok(Value::NONE)
}

fn reversed(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "deque.__reversed__")?;
    deque_iter(vm, v, true)
}

fn reduce(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let d = vm.this::<Deque>(v)?;
    let args = match d.maxlen.get() {
        Some(m) => vm.tuple_value([vm.new_tuple([]).into(), vm.new_int(m as i64)]),
        None => vm.new_tuple([]).into(),
    };
    let st = vm.call_method(v, "__getstate__", &[])?;
    let it = vm.iter(v)?;
    Ok(vm.tuple_value([vm.type_of(v).value(), args, st, it]))
}

fn deque_repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let d = vm.this::<Deque>(v)?;
    let name = vm.type_name(v);
    if !vm.repr_enter(v) {
        return Ok(vm.str_value("[...]"));
    }
    let list = vm.new_list(d.to_vec(vm)?);
    let inner = vm.repr(&list);
    vm.repr_leave(v);
    let inner = inner?;
    let tail = match d.maxlen.get() {
        Some(m) => format!(", maxlen={m})"),
        None => ")".into(),
    };
    vm.concat(&[name.as_bytes(), b"(", inner.as_bytes(), tail.as_bytes()])
}

fn deque_richcmp(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
    let (Some(x), Some(y)) = (deque(a), deque(b)) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if x.len() != y.len() && matches!(op, CmpOp::Eq | CmpOp::Ne) {
        return Ok(Value::bool(op == CmpOp::Ne));
    }
    let (x, y) = (x.to_vec(vm)?, y.to_vec(vm)?);
    for (p, q) in x.iter().zip(&y) {
        if !vm.same(p, q)? {
            return match op {
                CmpOp::Eq => Ok(Value::FALSE),
                CmpOp::Ne => Ok(Value::TRUE),
                _ => vm.compare(p, q, op),
            };
        }
    }
    Ok(Value::bool(op.holds(x.len().cmp(&y.len()))))
}

fn deque_iter(vm: &Vm, v: &Value, reverse: bool) -> PyResult<Value> {
    let d = vm.this::<Deque>(v)?;
    let st = state(vm);
    let class = if reverse { &st.reverse_iter } else { &st.iter };
    let it = DequeIter {
        deque: RefSlot::new(Some(d.clone())),
        index: Cell::new(0),
        changes: Cell::new(d.changes.get()),
        reverse,
    };
    Ok(vm.heap.alloc(class, it).into())
}

fn iter_type(vm: &Vm, name: &str) -> Ref<Type> {
    let t = vm.new_native_type::<DequeIter>(name, &vm.types.object, TypeFlags::NO_NEW);
    t.slots.iter.set(Some(self_iter));
    t.slots.next.set(Some(|vm, v| {
        let it = vm.this::<DequeIter>(v)?;
        let Some(d) = it.deque.get() else {
            return Ok(None);
        };
        let i = it.index.get();
        if d.changes.get() != it.changes.get() {
            it.index.set(usize::MAX);
            return Err(vm.runtime_error("deque mutated during iteration"));
        }
        let len = d.len();
        if i >= len {
            it.deque.set(None);
            return Ok(None);
        }
        it.index.set(i + 1);
        Ok(d.get(if it.reverse { len - 1 - i } else { i }))
    }));
    vm.add_methods(&t, ITER_TYPE_METHODS);
    vm.ready_type(&t);
    t
}

lasti_core::methods! { ITER_TYPE_METHODS =
    "__length_hint__" "__length_hint__($self, /)\n--\n\n" length_hint;
}

fn length_hint(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let it = vm.this::<DequeIter>(v)?;
    let left = it
        .deque
        .get()
        .map_or(0, |d| d.len().saturating_sub(it.index.get()));
    Ok(vm.new_int(left as i64))
}

// ---- defaultdict ----

/// `defaultdict`: a dict whose `default_factory` stands in the instance's side namespace under this name.
const FACTORY: &str = "default_factory";

fn factory(vm: &Vm, v: &Value) -> Value {
    crate::hidden_attr::get(vm, v, FACTORY).unwrap_or(Value::NONE)
}

fn defaultdict_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Dict>(
        "collections.defaultdict",
        &vm.types.dict,
        TypeFlags::BASE | TypeFlags::WEAKREF | TypeFlags::MAPPING,
    );
    t.slots.init.set(Some(|vm, v, a| {
        let (first, rest) = match a.pos.split_first() {
            Some((f, rest)) => (f.clone(), rest),
            None => (Value::NONE, a.pos),
        };
        if !first.is_none() && vm.type_of(&first).slots.call.get().is_none() {
            return Err(vm.type_error("first argument must be callable or None"));
        }
        crate::hidden_attr::set(vm, v, FACTORY, first);
        match vm.types.dict.slots.init.get() {
            Some(init) => init(vm, v, Args { pos: rest, ..a }),
            None => Ok(()),
        }
    }));
    vm.add_methods(&t, DEFAULTDICT_TYPE_METHODS);
    vm.getset(
        &t,
        FACTORY,
        |vm, v| Ok(factory(vm, v)),
        Some(|vm, v, x| {
            crate::hidden_attr::set(vm, v, FACTORY, x.cloned().unwrap_or(Value::NONE));
            Ok(())
        }),
    );
    t.slots.repr.set(Some(|vm, v| {
        let name = vm.type_name(v);
        let f = factory(vm, v);
        let f = if vm.repr_enter(v) {
            let r = vm.repr_string(&f);
            vm.repr_leave(v);
            r?
        } else {
            "...".to_owned()
        };
        let inner = match vm.types.dict.slots.repr.get() {
            Some(r) => r(vm, v)?,
            None => vm.str_value("{}"),
        };
        let inner = vm.this::<Str>(&inner)?;
        let head = format!("{name}({f}, ");
        vm.concat(&[head.as_bytes(), inner.as_bytes(), b")"])
    }));
    t.slots.binary[BinOp::Or as usize].set(Some(|vm, a, b| {
        if a.downcast::<Dict>().is_none() || b.downcast::<Dict>().is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let this = if vm.type_of(a).lookup(vm, &vm.intern(FACTORY)).is_some() {
            a
        } else {
            b
        };
        let new = vm.call(vm.type_of(this).as_value(), &[factory(vm, this), a.clone()])?;
        vm.call_method(&new, "update", std::slice::from_ref(b))?;
        Ok(new)
    }));
    t
}

lasti_core::methods! { DEFAULTDICT_TYPE_METHODS =
    "__missing__" "__missing__($self, object, /)\n--\n\n" missing;
    "copy" "copy($self, /)\n--\n\nD.copy() -> a shallow copy of D." copy_method;
    "__copy__" "__copy__($self, /)\n--\n\nD.copy() -> a shallow copy of D." copy_method;
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce_method;
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" class_getitem;
}

fn missing(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [key] = a.exactly::<1>(vm, "__missing__")?;
    let f = factory(vm, v);
    if f.is_none() {
        return Err(vm.key_error(key));
    }
    let value = vm.call(&f, &[])?;
    vm.setitem(v, key, &value)?;
    Ok(value)
}

fn copy_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "copy")?;
    vm.call(vm.type_of(v).as_value(), &[factory(vm, v), v.clone()])
}

fn reduce_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let f = factory(vm, v);
    let args = if f.is_none() {
        vm.new_tuple([])
    } else {
        vm.new_tuple([f])
    };
    let items = vm.call_method(v, "items", &[])?;
    let it = vm.iter(&items)?;
    Ok(vm.tuple_value([
        vm.type_of(v).value(),
        args.into(),
        Value::NONE,
        Value::NONE,
        it,
    ]))
}
