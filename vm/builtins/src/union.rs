//! `int | str`: the class `typing.Union`, which is `types.UnionType` too (CPython's Objects/unionobject.c).
use super::alias::{GenericAlias, parameters_of, push_item, substitute};
use lasti_core::memory::{Payload, Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;

pub struct Union {
    pub args: Ref<Tuple>,
    pub parameters: Ref<Tuple>,
}

impl Payload for Union {
    const CONTAINER: bool = true;
    const NAME: &'static str = "typing.Union";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.args.as_value());
        visit(self.parameters.as_value());
    }
}

struct UnionType(Ref<Type>);

/// The class `typing.Union`.
pub fn union_type(vm: &Vm) -> Ref<Type> {
    vm.module_state(|| UnionType(make_type(vm))).0.clone()
}

fn make_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Union>(
        "typing.Union",
        &vm.types.object,
        TypeFlags::NO_NEW | TypeFlags::WEAKREF,
    );
    let s = &t.slots;
    s.repr.set(Some(repr));
    s.hash.set(Some(|vm, v| {
        let set = as_set(vm, &vm.this::<Union>(v)?.args)?;
        vm.hash(set.as_value())
    }));
    s.richcmp.set(Some(richcmp));
    s.getitem.set(Some(getitem));
    s.binary[BinOp::Or as usize].set(Some(union_or));
    vm.getset(
        &t,
        "__args__",
        |vm, v| Ok(vm.this::<Union>(v)?.args.value()),
        None,
    );
    vm.getset(
        &t,
        "__parameters__",
        |vm, v| Ok(vm.this::<Union>(v)?.parameters.value()),
        None,
    );
    vm.getset(&t, "__origin__", |vm, _| Ok(union_type(vm).into()), None);
    vm.getset(&t, "__name__", |vm, _| Ok(vm.str_value("Union")), None);
    vm.getset(&t, "__qualname__", |vm, _| Ok(vm.str_value("Union")), None);
    vm.add_methods(&t, METHODS);
    vm.ready_type(&t);
    t
}

lasti_core::methods! { METHODS =
    "__mro_entries__" "__mro_entries__($self, object, /)\n--\n\n" mro_entries;
    "__instancecheck__" "__instancecheck__($self, object, /)\n--\n\n" instancecheck;
    "__subclasscheck__" "__subclasscheck__($self, object, /)\n--\n\n" subclasscheck;
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce;
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" class_getitem;
}

fn mro_entries(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Err(vm.type_error(format!("Cannot subclass {}", vm.repr_string(v)?)))
}

fn instancecheck(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "__instancecheck__")?;
    Ok(Value::bool(
        vm.isinstance(x, vm.this::<Union>(v)?.args.as_value())?,
    ))
}

fn subclasscheck(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "__subclasscheck__")?;
    Ok(Value::bool(
        vm.issubclass(x, vm.this::<Union>(v)?.args.as_value())?,
    ))
}

fn reduce(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let or = vm.getattr_str(&vm.import("operator")?, "or_")?;
    let args = vm.this::<Union>(v)?.args.clone();
    let (last, rest) = match args.split_last() {
        Some((last, rest)) => (last.clone(), rest.to_vec()),
        None => return Err(vm.type_error("empty union")),
    };
    let rest = make(vm, rest)?;
    Ok(vm.tuple_value([or, vm.tuple_value([rest, last])]))
}

fn class_getitem(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [item] = a.exactly::<1>(vm, "__class_getitem__")?;
    let items = match item.downcast::<Tuple>() {
        Some(t) => t.to_vec(),
        None => vec![item.clone()],
    };
    if items.is_empty() {
        return Err(vm.type_error("Cannot take a Union of no types."));
    }
    make(vm, items)
}

/// A union of these, flattened and without repetition; a single one stands for itself.
pub fn make(vm: &Vm, items: Vec<Value>) -> PyResult<Value> {
    let mut out: Vec<Value> = Vec::with_capacity(items.len());
    for v in items {
        let parts = match v.downcast::<Union>() {
            Some(u) => u.args.to_vec(),
            None if v.is_none() => vec![vm.types.none.value()],
            None => vec![v],
        };
        'part: for p in parts {
            for x in &out {
                if vm.same(x, &p)? {
                    continue 'part;
                }
            }
            out.push(p);
        }
    }
    if let [one] = &out[..] {
        return Ok(one.clone());
    }
    let parameters = vm.new_tuple(parameters_of(vm, &out)?);
    let u = Union {
        args: vm.new_tuple(out),
        parameters,
    };
    Ok(vm.heap.alloc(&union_type(vm), u).into())
}

fn is_unionable(vm: &Vm, v: &Value) -> bool {
    v.is_none()
        || v.downcast::<Type>().is_some()
        || v.downcast::<GenericAlias>().is_some()
        || v.downcast::<Union>().is_some()
        || vm.type_full_name(vm.type_of(v)) == "typing.TypeAliasType"
}

/// `int | str` on types.
pub(crate) fn union_or(vm: &Vm, a: &Value, b: &Value) -> PyResult<Value> {
    // The union of None with itself is no type expression.
    if !is_unionable(vm, a) || !is_unionable(vm, b) || a.is_none() && b.is_none() {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    make(vm, vec![a.clone(), b.clone()])
}

fn repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let u: &Ref<Union> = vm.this(v)?;
    let mut out = Vec::new();
    for (i, x) in u.args.iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(b" | ");
        }
        if x.is(vm.types.none.as_value()) {
            out.extend_from_slice(b"None");
        } else {
            push_item(vm, &mut out, x)?;
        }
    }
    Ok(vm.try_new_wtf8(&out)?.into())
}

fn as_set(vm: &Vm, args: &Tuple) -> PyResult<Ref<Set>> {
    let set = vm.new_frozenset();
    for v in args.iter() {
        vm.set_add(&set, v.clone())?;
    }
    Ok(set)
}

fn richcmp(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
    let (Some(x), Some(y)) = (a.downcast::<Union>(), b.downcast::<Union>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let (p, q) = (as_set(vm, &x.args)?, as_set(vm, &y.args)?);
    vm.compare(p.as_value(), q.as_value(), op)
}

fn getitem(vm: &Vm, v: &Value, item: &Value) -> PyResult<Value> {
    let u: &Ref<Union> = vm.this(v)?;
    make(vm, substitute(vm, v, &u.args, &u.parameters, item)?)
}
