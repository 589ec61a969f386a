//! `_contextvars` (CPython's Python/context.c). A context's variables stand in a persistent map (Python/hamt.c): a copy
//! shares its nodes, and a change makes new ones of those shared on the way to the variable. The running thread's context
//! stands in `Vm::context`.
use crate::util::*;
use std::rc::Rc;

/// A node of the map. Nodes are objects of the heap, so that the collector sees each of their references once however many
/// contexts share them.
struct Node {
    /// Which of 32 places are taken; the entries are those, in order.
    taken: Cell<u32>,
    /// No borrow is open while something is released.
    entries: RefCell<Vec<Entry>>,
}
#[derive(Clone)]
enum Entry {
    Leaf(Value, Value),
    Sub(Ref<Node>),
}
impl Payload for Node {
    const CONTAINER: bool = true;
    const NAME: &'static str = "_contextvars.Node";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for e in &*self.entries.borrow() {
            match e {
                Entry::Leaf(k, v) => {
                    visit(k);
                    visit(v);
                }
                Entry::Sub(n) => visit(n.as_value()),
            }
        }
    }
    fn clear(&self) {
        self.taken.set(0);
        drop(self.entries.take());
    }
}

/// Variables are compared by identity. No two have the same hash (a product with an odd number), so no two keys share all
/// places down the tree, which ends at the 13th level.
fn hash(key: &Value) -> u64 {
    (key.bits() >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The five bits that a level looks at are the highest.
fn bit(hash: u64) -> u32 {
    1 << (hash >> 59)
}

/// Whether nobody but its one holder sees a node, so that it can be changed.
fn is_unshared(node: &Ref<Node>) -> bool {
    node.as_value().ref_count() == 1
}

impl Node {
    fn new(taken: u32, entries: Vec<Entry>) -> Node {
        Node {
            taken: Cell::new(taken),
            entries: RefCell::new(entries),
        }
    }
    fn index(&self, bit: u32) -> usize {
        (self.taken.get() & (bit - 1)).count_ones() as usize
    }
    fn has(&self, bit: u32) -> bool {
        self.taken.get() & bit != 0
    }
    fn get(&self, key: &Value, h: u64) -> Option<Value> {
        let bit = bit(h);
        if !self.has(bit) {
            return None;
        }
        match &self.entries.borrow()[self.index(bit)] {
            Entry::Leaf(k, v) => k.is(key).then(|| v.clone()),
            Entry::Sub(sub) => sub.get(key, h << 5),
        }
    }
    fn with(&self, bit: u32, entry: Entry) -> Node {
        let at = self.index(bit);
        let old = self.entries.borrow();
        let mut entries = Vec::with_capacity(old.len() + 1);
        entries.extend_from_slice(&old[..at]);
        entries.push(entry);
        entries.extend_from_slice(&old[at + usize::from(self.has(bit))..]);
        Node::new(self.taken.get() | bit, entries)
    }
    fn but(&self, bit: u32) -> Node {
        let mut entries = self.entries.borrow().clone();
        entries.remove(self.index(bit));
        Node::new(self.taken.get() & !bit, entries)
    }
    /// The leaf that is the only thing left in it.
    fn single(&self) -> Option<Entry> {
        match &self.entries.borrow()[..] {
            [leaf @ Entry::Leaf(..)] => Some(leaf.clone()),
            _ => None,
        }
    }
    fn items(&self, out: &mut Vec<(Value, Value)>) {
        for e in &*self.entries.borrow() {
            match e {
                Entry::Leaf(k, v) => out.push((k.clone(), v.clone())),
                Entry::Sub(n) => n.items(out),
            }
        }
    }
}

/// The map of a context.
#[derive(Clone, Default)]
struct Map {
    root: Option<Ref<Node>>,
    len: usize,
}

impl Map {
    fn get(&self, key: &Value) -> Option<Value> {
        self.root.as_ref()?.get(key, hash(key))
    }
    fn set(&mut self, vm: &Vm, key: &Value, value: &Value) {
        let new = (key.clone(), value.clone());
        let Some(root) = &self.root else {
            let (k, v) = new;
            let node = Node::new(bit(hash(key)), vec![Entry::Leaf(k, v)]);
            self.root = Some(vm.heap.alloc(&state(vm).node, node));
            self.len = 1;
            return;
        };
        let class = vm.type_of(root.as_value()).clone();
        let make = |node: Node| vm.heap.alloc(&class, node);
        let mut added = true;
        if is_unshared(root) {
            put_here(&make, root, 0, new, &mut added);
        } else {
            let root = put(&make, root, 0, new, &mut added);
            self.root = Some(root);
        }
        self.len += usize::from(added);
    }
    fn remove(&mut self, vm: &Vm, key: &Value) {
        let Some(root) = self.root.clone() else {
            return;
        };
        if root.get(key, hash(key)).is_none() {
            return;
        }
        self.len -= 1;
        // Its one holder is this function now.
        self.root = None;
        let class = vm.type_of(root.as_value()).clone();
        let make = |node: Node| vm.heap.alloc(&class, node);
        self.root = if is_unshared(&root) {
            remove_here(&make, &root, hash(key));
            (root.taken.get() != 0).then_some(root)
        } else {
            match remove(&make, &root, hash(key)) {
                Some(Entry::Sub(root)) => Some(root),
                Some(Entry::Leaf(k, v)) => {
                    let taken = bit(hash(&k));
                    Some(make(Node::new(taken, vec![Entry::Leaf(k, v)])))
                }
                None => None,
            }
        };
    }
    fn items(&self) -> Vec<(Value, Value)> {
        let mut out = Vec::with_capacity(self.len);
        if let Some(root) = &self.root {
            root.items(&mut out);
        }
        out
    }
}

type Make<'a> = &'a dyn Fn(Node) -> Ref<Node>;

type Pair = (Value, Value);

/// A copy of a node of this level with a variable set.
fn put(make: Make, node: &Node, level: u32, new: Pair, added: &mut bool) -> Ref<Node> {
    let bit = bit(hash(&new.0) << level);
    let there = node
        .has(bit)
        .then(|| node.entries.borrow()[node.index(bit)].clone());
    let entry = match there {
        None => Entry::Leaf(new.0, new.1),
        Some(Entry::Leaf(k, _)) if k.is(&new.0) => {
            *added = false;
            Entry::Leaf(new.0, new.1)
        }
        Some(Entry::Sub(sub)) => Entry::Sub(put(make, &sub, level + 5, new, added)),
        Some(Entry::Leaf(k, v)) => Entry::Sub(both(make, level + 5, (k, v), new)),
    };
    make(node.with(bit, entry))
}

/// Sets a variable in an unshared node of this level.
fn put_here(make: Make, node: &Node, level: u32, new: Pair, added: &mut bool) {
    let bit = bit(hash(&new.0) << level);
    let at = node.index(bit);
    let mut entries = node.entries.borrow_mut();
    if !node.has(bit) {
        entries.insert(at, Entry::Leaf(new.0, new.1));
        node.taken.set(node.taken.get() | bit);
        return;
    }
    let entry = match &mut entries[at] {
        Entry::Leaf(k, v) if k.is(&new.0) => {
            *added = false;
            let old = std::mem::replace(v, new.1);
            drop(entries);
            drop(old);
            return;
        }
        Entry::Sub(sub) if is_unshared(sub) => return put_here(make, sub, level + 5, new, added),
        Entry::Sub(sub) => Entry::Sub(put(make, sub, level + 5, new, added)),
        Entry::Leaf(k, v) => Entry::Sub(both(make, level + 5, (k.clone(), v.clone()), new)),
    };
    let old = std::mem::replace(&mut entries[at], entry);
    drop(entries);
    drop(old);
}

/// A node with two variables.
fn both(make: Make, level: u32, a: Pair, b: Pair) -> Ref<Node> {
    let place = |p: &Pair| bit(hash(&p.0) << level);
    let leaf = |p: Pair| Entry::Leaf(p.0, p.1);
    let (x, y) = (place(&a), place(&b));
    let entries = match x.cmp(&y) {
        std::cmp::Ordering::Less => vec![leaf(a), leaf(b)],
        std::cmp::Ordering::Greater => vec![leaf(b), leaf(a)],
        std::cmp::Ordering::Equal => vec![Entry::Sub(both(make, level + 5, a, b))],
    };
    make(Node::new(x | y, entries))
}

/// What is left of a node without a variable that is in it. A single leaf stands for itself.
fn remove(make: Make, node: &Node, h: u64) -> Option<Entry> {
    let bit = bit(h);
    let there = node.entries.borrow()[node.index(bit)].clone();
    let left = match there {
        Entry::Leaf(..) => None,
        Entry::Sub(sub) => remove(make, &sub, h << 5),
    };
    let node = match left {
        Some(entry) => node.with(bit, entry),
        None => node.but(bit),
    };
    if node.taken.get() == 0 {
        return None;
    }
    Some(node.single().unwrap_or_else(|| Entry::Sub(make(node))))
}

/// Takes a variable that is in it out of an unshared node.
fn remove_here(make: Make, node: &Node, h: u64) {
    let bit = bit(h);
    let at = node.index(bit);
    let mut entries = node.entries.borrow_mut();
    let left = match &entries[at] {
        Entry::Leaf(..) => None,
        Entry::Sub(sub) if is_unshared(sub) => {
            remove_here(make, sub, h << 5);
            // With a leaf alone it is no node any more; it is never empty.
            match sub.single() {
                Some(leaf) => Some(leaf),
                None => return,
            }
        }
        Entry::Sub(sub) => remove(make, sub, h << 5),
    };
    let old = match left {
        Some(entry) => std::mem::replace(&mut entries[at], entry),
        None => {
            node.taken.set(node.taken.get() & !bit);
            entries.remove(at)
        }
    };
    drop(entries);
    drop(old);
}

pub struct Context {
    vars: RefCell<Map>,
    /// What was current when this context was entered; unbound while it is not entered.
    previous: Slot,
    entered: Cell<bool>,
}
impl Payload for Context {
    const CONTAINER: bool = true;
    const NAME: &'static str = "_contextvars.Context";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some(root) = &self.vars.borrow().root {
            visit(root.as_value());
        }
        self.previous.visit(visit);
    }
}

impl Context {
    fn map(&self) -> Map {
        self.vars.borrow().clone()
    }
    fn get(&self, var: &Value) -> Option<Value> {
        self.vars.borrow().get(var)
    }
    /// Changes the map. What goes with the old value runs nothing, and looks at no context.
    fn change(&self, change: impl FnOnce(&mut Map)) {
        change(&mut self.vars.borrow_mut());
    }
}

struct ContextVar {
    name: Value,
    default: Option<Value>,
}
payload!(ContextVar, "_contextvars.ContextVar", name, default);

struct Token {
    context: Value,
    var: Value,
    /// Unbound: the variable had no value.
    old: Slot,
    used: Cell<bool>,
}
payload!(Token, "_contextvars.Token", context, var, old);

struct State {
    node: Ref<Type>,
    context: Ref<Type>,
    var: Ref<Type>,
    token: Ref<Type>,
    /// The iterators over a context's keys, values and items.
    walkers: [Ref<Type>; 3],
    missing: Value,
}

fn state(vm: &Vm) -> Rc<State> {
    vm.module_state(|| {
        let mt = vm.new_native_type::<Plain>("Token.MISSING", &vm.types.object, TypeFlags::NO_NEW);
        mt.slots
            .repr
            .set(Some(|vm, _| Ok(vm.str_value("<Token.MISSING>"))));
        vm.ready_type(&mt);
        let missing: Value = vm.heap.alloc(&mt, Plain).into();
        let node =
            vm.new_native_type::<Node>("_contextvars.Node", &vm.types.object, TypeFlags::NO_NEW);
        vm.ready_type(&node);
        State {
            node,
            context: context_type(vm),
            var: var_type(vm),
            token: token_type(vm, &missing),
            walkers: ["keys", "values", "items"].map(|name| walker_type(vm, name)),
            missing,
        }
    })
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_contextvars");
    let st = state(vm);
    vm.add_value(&m, "Context", st.context.value());
    vm.add_value(&m, "ContextVar", st.var.value());
    vm.add_value(&m, "Token", st.token.value());
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "copy_context" "copy_context($module, /)\n--\n\n" copy_context_function;
}

fn copy_context_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "copy_context")?;
    Ok(copy_context(vm))
}

// ---- for the event loop ----

/// The running thread's context, made when there is none yet.
pub fn current_context(vm: &Vm) -> Value {
    if let Some(c) = vm.context.get_bound() {
        return c;
    }
    let c = new_context(vm, &state(vm).context, Map::default());
    vm.context.set(c.clone());
    c
}

/// A copy of the current context. Costs one object; the variables are shared.
pub fn copy_context(vm: &Vm) -> Value {
    let now = current_context(vm);
    let vars = now.downcast::<Context>().map(|c| c.map());
    new_context(vm, vm.type_of(&now), vars.unwrap_or_default())
}

/// Makes `ctx` current until `exit_context`. RuntimeError when it is entered already.
pub fn enter_context(vm: &Vm, ctx: &Value) -> PyResult<()> {
    let c = vm.this::<Context>(ctx)?;
    if c.entered.replace(true) {
        return Err(vm.runtime_error(format!(
            "cannot enter context: {} is already entered",
            vm.repr_string(ctx)?
        )));
    }
    c.previous.set(vm.context.replace(ctx.clone()));
    Ok(())
}

/// Puts back what was current before `ctx` was entered.
pub fn exit_context(vm: &Vm, ctx: &Value) {
    if let Some(c) = ctx.downcast::<Context>() {
        c.entered.set(false);
        vm.context.set(c.previous.take());
    }
}

/// Calls `callable` with `ctx` as the current context.
pub fn run_in_context(vm: &Vm, ctx: &Value, callable: &Value, args: Args) -> PyResult<Value> {
    enter_context(vm, ctx)?;
    let r = vm.call_args(callable, args);
    exit_context(vm, ctx);
    r
}

/// Whether a value is a Context.
pub fn is_context(v: &Value) -> bool {
    v.downcast::<Context>().is_some()
}

// ---- Context ----

fn new_context(vm: &Vm, class: &Ref<Type>, vars: Map) -> Value {
    let c = Context {
        vars: RefCell::new(vars),
        previous: Slot::empty(),
        entered: Cell::new(false),
    };
    vm.heap.alloc(class, c).into()
}

fn check_var(vm: &Vm, v: &Value) -> PyResult<()> {
    if v.downcast::<ContextVar>().is_some() {
        return Ok(());
    }
    Err(vm.type_error(format!(
        "a ContextVar key was expected, got {}",
        vm.repr_string(v)?
    )))
}

/// The variables of a context, as a list of what is made of each.
fn list(vm: &Vm, v: &Value, make: impl Fn(Value, Value) -> Value) -> PyResult<Vec<Value>> {
    let items = vm.this::<Context>(v)?.map().items();
    Ok(items.into_iter().map(|(k, x)| make(k, x)).collect())
}

fn walker_type(vm: &Vm, name: &'static str) -> Ref<Type> {
    let t = vm.new_native_type::<NativeIter>(name, &vm.types.object, TypeFlags::NO_NEW);
    t.slots.iter.set(Some(self_iter));
    t.slots.next.set(Some(|vm, v| {
        let it = vm.this::<NativeIter>(v)?;
        let n = it.count.get();
        let item = it.state.borrow().get(n as usize).cloned();
        it.count.set(n + item.is_some() as i64);
        Ok(item)
    }));
    t.slots.len.set(Some(|vm, v| {
        Ok(vm.this::<NativeIter>(v)?.state.borrow().len())
    }));
    vm.ready_type(&t);
    t
}

/// An iterator over what a context has now. Contexts do not change under it.
fn walk(vm: &Vm, class: &Ref<Type>, items: Vec<Value>) -> PyResult<Value> {
    Ok(vm.new_native_iter(class, |_, _| Ok(None), items))
}

fn same_vars(vm: &Vm, a: &Map, b: &Map) -> PyResult<bool> {
    if a.len != b.len {
        return Ok(false);
    }
    for (k, x) in a.items() {
        match b.get(&k) {
            Some(y) if vm.same(&x, &y)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

fn context_type(vm: &Vm) -> Ref<Type> {
    let t =
        vm.new_native_type::<Context>("_contextvars.Context", &vm.types.object, TypeFlags::WEAKREF);
    t.slots.new.set(Some(|vm, class, a| {
        if !a.is_empty() {
            return Err(vm.type_error("Context() does not accept any arguments"));
        }
        Ok(new_context(vm, class, Map::default()))
    }));
    t.slots
        .len
        .set(Some(|vm, v| Ok(vm.this::<Context>(v)?.vars.borrow().len)));
    t.slots.iter.set(Some(|vm, v| keys(vm, v, Args::NONE)));
    t.slots.contains.set(Some(|vm, v, k| {
        check_var(vm, k)?;
        Ok(vm.this::<Context>(v)?.get(k).is_some())
    }));
    t.slots.getitem.set(Some(|vm, v, k| {
        check_var(vm, k)?;
        vm.this::<Context>(v)?.get(k).ok_or_else(|| vm.key_error(k))
    }));
    t.slots.richcmp.set(Some(|vm, a, b, op| {
        if b.downcast::<Context>().is_none() || !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let same = same_vars(
            vm,
            &vm.this::<Context>(a)?.map(),
            &vm.this::<Context>(b)?.map(),
        )?;
        Ok(Value::bool(same == (op == CmpOp::Eq)))
    }));
    vm.add_methods(&t, CONTEXT_TYPE_METHODS);
    vm.ready_type(&t);
    t
}

lasti_core::methods! { CONTEXT_TYPE_METHODS =
    "get" "get($self, key, default=None, /)\n--\n\n" get_method;
    "keys" "keys($self, /)\n--\n\n" keys;
    "values" "values($self, /)\n--\n\n" values;
    "items" "items($self, /)\n--\n\n" items_method;
    "copy" "copy($self, /)\n--\n\n" copy;
    "run" "(callable, /, *args, **kwargs)\n--\n\n" run;
}

fn get_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "get", 1, 2)?;
    check_var(vm, &pos[0])?;
    Ok(vm
        .this::<Context>(v)?
        .get(&pos[0])
        .or_else(|| pos.get(1).cloned())
        .unwrap_or(Value::NONE))
}

fn keys(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    walk(vm, &state(vm).walkers[0], list(vm, v, |k, _| k)?)
}

fn values(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    walk(vm, &state(vm).walkers[1], list(vm, v, |_, x| x)?)
}

fn items_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let pairs = list(vm, v, |k, x| vm.tuple_value([k, x]))?;
    walk(vm, &state(vm).walkers[2], pairs)
}

fn copy(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let c = vm.this::<Context>(v)?;
    Ok(new_context(vm, vm.type_of(v), c.map()))
}

fn run(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let Some((f, rest)) = a.pos.split_first() else {
        return Err(vm.type_error("run() missing 1 required positional argument"));
    };
    run_in_context(vm, v, f, Args { pos: rest, ..a })
}

// ---- ContextVar ----

fn var_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<ContextVar>("_contextvars.ContextVar", &vm.types.object, 0);
    t.slots.new.set(Some(|vm, class, a| {
        let [name, default] = a.bind(vm, "ContextVar", ["name", "*default"], 1)?;
        let name = name.cloned().unwrap_or(Value::NONE);
        if name.downcast::<Str>().is_none() {
            return Err(vm.type_error("context variable name must be a str"));
        }
        Ok(vm
            .heap
            .alloc(
                class,
                ContextVar {
                    name,
                    default: default.cloned(),
                },
            )
            .into())
    }));
    t.slots.repr.set(Some(|vm, v| {
        let var = vm.this::<ContextVar>(v)?;
        let name = vm.repr_string(&var.name)?;
        let default = match &var.default {
            Some(d) => format!(" default={}", vm.repr_string(d)?),
            None => String::new(),
        };
        Ok(vm.str_value(&format!(
            "<ContextVar name={name}{default} at {:#x}>",
            vm.id(v)
        )))
    }));
    vm.getset(
        &t,
        "name",
        |vm, v| Ok(vm.this::<ContextVar>(v)?.name.clone()),
        None,
    );
    vm.add_methods(&t, VAR_TYPE_METHODS);
    vm.ready_type(&t);
    t
}

lasti_core::methods! { VAR_TYPE_METHODS =
    "get" "get($self, default=<unrepresentable>, /)\n--\n\n" var_get;
    "set" "set($self, value, /)\n--\n\n" set_method;
    "reset" "reset($self, token, /)\n--\n\n" reset_method;
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" class_getitem;
}

fn var_get(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "get", 0, 1)?;
    let var = vm.this::<ContextVar>(v)?;
    if let Some(ctx) = vm.context.get_bound()
        && let Some(x) = ctx.downcast::<Context>().and_then(|c| c.get(v))
    {
        return Ok(x);
    }
    match pos.first().or(var.default.as_ref()) {
        Some(d) => Ok(d.clone()),
        None => Err(vm.new_exception_args(&vm.exc.lookup_error, vm.new_tuple([v.clone()]))),
    }
}

fn set_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "set")?;
    let ctx = current_context(vm);
    let c = vm.this::<Context>(&ctx)?;
    let old = c.get(v);
    c.change(|vars| vars.set(vm, v, x));
    let token = Token {
        context: ctx.clone(),
        var: v.clone(),
        old: Slot::new(old.unwrap_or(Value::UNBOUND)),
        used: Cell::new(false),
    };
    Ok(vm.heap.alloc(&state(vm).token, token).into())
}

fn reset_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [token] = a.exactly::<1>(vm, "reset")?;
    reset(vm, v, token)
}

fn reset(vm: &Vm, var: &Value, token: &Value) -> PyResult<Value> {
    let Some(t) = token.downcast::<Token>() else {
        return Err(vm.type_error(format!(
            "expected an instance of Token, got {}",
            vm.repr_string(token)?
        )));
    };
    if t.used.get() {
        return Err(vm.runtime_error(format!(
            "{} has already been used once",
            vm.repr_string(token)?
        )));
    }
    if !t.var.is(var) {
        return Err(vm.value_error(format!(
            "{} was created by a different ContextVar",
            vm.repr_string(token)?
        )));
    }
    let ctx = current_context(vm);
    if !t.context.is(&ctx) {
        return Err(vm.value_error(format!(
            "{} was created in a different Context",
            vm.repr_string(token)?
        )));
    }
    t.used.set(true);
    let c = vm.this::<Context>(&ctx)?;
    c.change(|vars| match t.old.get_bound() {
        Some(old) => vars.set(vm, var, &old),
        None => vars.remove(vm, var),
    });
    Ok(Value::NONE)
}

// ---- Token ----

fn token_type(vm: &Vm, missing: &Value) -> Ref<Type> {
    let t = vm.new_native_type::<Token>("_contextvars.Token", &vm.types.object, 0);
    t.slots.new.set(Some(|vm, _, _| {
        Err(vm.runtime_error("Tokens can only be created by ContextVars"))
    }));
    t.slots.repr.set(Some(|vm, v| {
        let t = vm.this::<Token>(v)?;
        let used = if t.used.get() { " used" } else { "" };
        Ok(vm.str_value(&format!(
            "<Token{used} var={} at {:#x}>",
            vm.repr_string(&t.var)?,
            vm.id(v)
        )))
    }));
    vm.getset(
        &t,
        "var",
        |vm, v| Ok(vm.this::<Token>(v)?.var.clone()),
        None,
    );
    vm.getset(
        &t,
        "old_value",
        |vm, v| {
            Ok(vm
                .this::<Token>(v)?
                .old
                .get_bound()
                .unwrap_or_else(|| state(vm).missing.clone()))
        },
        None,
    );
    vm.type_attr(&t, "MISSING", missing.clone());
    vm.add_methods(&t, TOKEN_TYPE_METHODS);
    vm.ready_type(&t);
    t
}

lasti_core::methods! { TOKEN_TYPE_METHODS =
    "__enter__" "__enter__($self, /)\n--\n\n" |_, v, _| Ok(v.clone());
    "__exit__" "__exit__($self, type, val, tb, /)\n--\n\n" exit;
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" class_getitem;
}

fn exit(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let var = vm.this::<Token>(v)?.var.clone();
    reset(vm, &var, v)
}
