//! `types.GenericAlias`: `list[int]` and the like (CPython's Objects/genericaliasobject.c).
use super::seq;
use lasti_core::memory::{Payload, Ref, Value};
use lasti_core::objects::*;
use lasti_core::self_iter;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;

pub(crate) use super::union::union_or;

/// A generic class with arguments.
pub struct GenericAlias {
    pub origin: Value,
    pub args: Ref<Tuple>,
    pub parameters: Ref<Tuple>,
    /// Made by `*tuple[int]`.
    pub starred: bool,
}

impl Payload for GenericAlias {
    const CONTAINER: bool = true;
    const NAME: &'static str = "types.GenericAlias";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.origin);
        visit(self.args.as_value());
        visit(self.parameters.as_value());
    }
}

struct AliasType(Ref<Type>);

/// The class `types.GenericAlias`.
pub fn alias_type(vm: &Vm) -> Ref<Type> {
    vm.module_state(|| AliasType(make_type(vm))).0.clone()
}

fn make_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<GenericAlias>(
        "types.GenericAlias",
        &vm.types.object,
        TypeFlags::BASE | TypeFlags::WEAKREF,
    );
    let s = &t.slots;
    s.new.set(Some(new));
    s.repr.set(Some(repr));
    s.hash.set(Some(|vm, v| {
        let a: &Ref<GenericAlias> = vm.this(v)?;
        Ok(seq::not_minus_one(
            vm.hash(&a.origin)? ^ vm.hash(a.args.as_value())?,
        ))
    }));
    s.richcmp.set(Some(richcmp));
    s.call.set(Some(call));
    s.getattr.set(Some(getattr));
    s.getitem.set(Some(getitem));
    s.iter.set(Some(iter));
    s.binary[BinOp::Or as usize].set(Some(union_or));
    vm.getset(
        &t,
        "__origin__",
        |vm, v| Ok(vm.this::<GenericAlias>(v)?.origin.clone()),
        None,
    );
    vm.getset(
        &t,
        "__args__",
        |vm, v| Ok(vm.this::<GenericAlias>(v)?.args.value()),
        None,
    );
    vm.getset(
        &t,
        "__parameters__",
        |vm, v| Ok(vm.this::<GenericAlias>(v)?.parameters.value()),
        None,
    );
    vm.getset(
        &t,
        "__unpacked__",
        |vm, v| Ok(Value::bool(vm.this::<GenericAlias>(v)?.starred)),
        None,
    );
    vm.getset(
        &t,
        "__typing_unpacked_tuple_args__",
        |vm, v| {
            let a = vm.this::<GenericAlias>(v)?;
            let tuple = a.starred && a.origin.is(vm.types.tuple.as_value());
            Ok(if tuple { a.args.value() } else { Value::NONE })
        },
        None,
    );
    vm.add_methods(&t, METHODS);
    vm.ready_type(&t);
    t
}

lasti_core::methods! { METHODS =
    "__mro_entries__" "__mro_entries__($self, object, /)\n--\n\n" mro_entries;
    "__instancecheck__" "__instancecheck__($self, object, /)\n--\n\n" instancecheck;
    "__subclasscheck__" "__subclasscheck__($self, object, /)\n--\n\n" subclasscheck;
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce;
    "__dir__" "__dir__($self, /)\n--\n\n" dir;
}

fn mro_entries(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.tuple_value([vm.this::<GenericAlias>(v)?.origin.clone()]))
}

fn instancecheck(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Err(vm.type_error("isinstance() argument 2 cannot be a parameterized generic"))
}

fn subclasscheck(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Err(vm.type_error("issubclass() argument 2 cannot be a parameterized generic"))
}

fn dir(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let a: &Ref<GenericAlias> = vm.this(v)?;
    let names = vm
        .call_special(&a.origin, &vm.names.dir, &[])?
        .unwrap_or(Value::NONE);
    let set = vm.new_set();
    super::set::update(vm, &set, &names)?;
    for name in OWN_ATTRIBUTES {
        vm.set_add(&set, vm.str_value(name))?;
    }
    Ok(vm.new_list(set.to_vec()))
}

/// `list[int]`: an alias of `origin` with the arguments in `item`.
pub fn generic_alias(vm: &Vm, origin: &Value, item: &Value) -> Value {
    let args = match item.as_ref::<Tuple>() {
        Some(t) => t.clone(),
        None => vm.new_tuple([item.clone()]),
    };
    make(vm, &alias_type(vm), origin.clone(), args, false)
}

fn make(vm: &Vm, class: &Ref<Type>, origin: Value, args: Ref<Tuple>, starred: bool) -> Value {
    // What goes wrong while parameters are looked for leaves the alias without them.
    let parameters = parameters_of(vm, &args).unwrap_or_default();
    let parameters = vm.new_tuple(parameters);
    vm.heap
        .alloc(
            class,
            GenericAlias {
                origin,
                args,
                parameters,
                starred,
            },
        )
        .into()
}

fn new(vm: &Vm, class: &Ref<Type>, args: Args) -> PyResult<Value> {
    let [origin, item] = args.exactly::<2>(vm, "GenericAlias")?;
    let args = match item.as_ref::<Tuple>() {
        Some(t) => t.clone(),
        None => vm.new_tuple([item.clone()]),
    };
    Ok(make(vm, class, origin.clone(), args, false))
}

fn reduce(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let a: &Ref<GenericAlias> = vm.this(v)?;
    let class = vm.type_of(v).clone();
    let parts = vm.tuple_value([a.origin.clone(), a.args.value()]);
    if !a.starred {
        return Ok(vm.tuple_value([class.into(), parts]));
    }
    let plain = make(vm, &class, a.origin.clone(), a.args.clone(), false);
    let next = vm.dict_get(&vm.builtins, "next").unwrap_or(Value::NONE);
    Ok(vm.tuple_value([next, vm.tuple_value([vm.iter(&plain)?])]))
}

// ---- representation ----

fn repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let a: &Ref<GenericAlias> = vm.this(v)?;
    let mut out = Vec::new();
    if a.starred {
        out.push(b'*');
    }
    push_item(vm, &mut out, &a.origin)?;
    out.push(b'[');
    for (i, x) in a.args.iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(b", ");
        }
        match x.downcast::<List>() {
            // The parameter list of a Callable.
            Some(list) => {
                out.push(b'[');
                for (i, x) in list.to_vec().iter().enumerate() {
                    if i > 0 {
                        out.extend_from_slice(b", ");
                    }
                    push_item(vm, &mut out, x)?;
                }
                out.push(b']');
            }
            None => push_item(vm, &mut out, x)?,
        }
    }
    if a.args.is_empty() {
        out.extend_from_slice(b"()");
    }
    out.push(b']');
    Ok(vm.try_new_wtf8(&out)?.into())
}

/// Appends how an argument is shown: classes by name, aliases by repr.
pub(crate) fn push_item(vm: &Vm, out: &mut Vec<u8>, v: &Value) -> PyResult<()> {
    if v.is(&Value::ELLIPSIS) {
        out.extend_from_slice(b"...");
        return Ok(());
    }
    let attr = |name: &str| vm.lookup_attr(v, &vm.intern(name));
    if attr("__origin__")?.is_some() && attr("__args__")?.is_some() {
        return seq::push_repr(vm, out, v);
    }
    if let (Some(q), Some(m)) = (attr("__qualname__")?, attr("__module__")?)
        && let Some(q) = q.downcast::<Str>()
        && !m.is_none()
    {
        let m = vm.str_of(&m)?;
        if *m != *"builtins" {
            out.extend_from_slice(m.as_bytes());
            out.push(b'.');
        }
        out.extend_from_slice(q.as_bytes());
        return Ok(());
    }
    seq::push_repr(vm, out, v)
}

fn richcmp(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
    let (Some(x), Some(y)) = (a.downcast::<GenericAlias>(), b.downcast::<GenericAlias>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let equal = x.starred == y.starred
        && vm.same(&x.origin, &y.origin)?
        && vm.same(x.args.as_value(), y.args.as_value())?;
    Ok(Value::bool(equal == (op == CmpOp::Eq)))
}

// ---- standing in for the class ----

fn call(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let a: &Ref<GenericAlias> = vm.this(v)?;
    let made = vm.call_args(&a.origin, args)?;
    match vm.setattr(&made, &vm.intern("__orig_class__"), Some(v)) {
        Err(e) if !vm.exc_is(&e, &vm.exc.attribute_error) && !vm.exc_is(&e, &vm.exc.type_error) => {
            Err(e)
        }
        _ => Ok(made),
    }
}

/// Attributes that are the alias's own; all others are the class's.
const OWN_ATTRIBUTES: [&str; 10] = [
    "__class__",
    "__origin__",
    "__args__",
    "__unpacked__",
    "__parameters__",
    "__typing_unpacked_tuple_args__",
    "__mro_entries__",
    "__reduce_ex__",
    "__reduce__",
    "__orig_class__",
];
/// Attributes that neither shows: the alias is no class, and copies are made through `__reduce_ex__`.
const BLOCKED: [&str; 3] = ["__bases__", "__copy__", "__deepcopy__"];

fn getattr(vm: &Vm, v: &Value, name: &Ref<Str>) -> PyResult<Option<Value>> {
    let a: &Ref<GenericAlias> = vm.this(v)?;
    let is = |n: &&str| **name == **n;
    if OWN_ATTRIBUTES.iter().any(is) || BLOCKED.iter().any(is) {
        return vm.generic_getattr(v, name);
    }
    vm.getattr(&a.origin, name).map(Some)
}

struct AliasIterType(Ref<Type>);

/// `*tuple[int]` in a type expression takes one starred alias from here.
fn iter(vm: &Vm, v: &Value) -> PyResult<Value> {
    let class = vm.module_state(|| {
        let t = vm.new_native_type::<NativeIter>(
            "generic_alias_iterator",
            &vm.types.object,
            TypeFlags::NO_NEW,
        );
        super::iter::add_native_slots(&t);
        t.slots.iter.set(Some(self_iter));
        vm.ready_type(&t);
        AliasIterType(t)
    });
    Ok(vm.new_native_iter(&class.0, iter_next, vec![v.clone()]))
}

fn iter_next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<NativeIter>(v)?;
    let alias = it.item(0);
    let Some(a) = alias.downcast::<GenericAlias>() else {
        return Ok(None);
    };
    it.set_item(0, Value::UNBOUND);
    Ok(Some(make(
        vm,
        &alias_type(vm),
        a.origin.clone(),
        a.args.clone(),
        true,
    )))
}

// ---- type parameters ----

fn push_new(vm: &Vm, out: &mut Vec<Value>, v: Value) -> PyResult<()> {
    for x in out.iter() {
        if vm.same(x, &v)? {
            return Ok(());
        }
    }
    out.push(v);
    Ok(())
}

fn is_parameter(vm: &Vm, v: &Value) -> PyResult<bool> {
    Ok(v.downcast::<Type>().is_none()
        && vm.lookup_attr(v, &vm.intern("__typing_subst__"))?.is_some())
}

/// The parameters of an argument that is an alias or a union itself.
fn inner_parameters(vm: &Vm, v: &Value) -> PyResult<Vec<Value>> {
    if v.downcast::<Type>().is_some() {
        return Ok(Vec::new());
    }
    let p = vm.lookup_attr(v, &vm.intern("__parameters__"))?;
    Ok(p.and_then(|p| p.downcast::<Tuple>().map(|t| t.to_vec()))
        .unwrap_or_default())
}

/// Type variables in the arguments, each once, in order of appearance.
pub(crate) fn parameters_of(vm: &Vm, args: &[Value]) -> PyResult<Vec<Value>> {
    vm.guard_native_stack("")?;
    let mut out = Vec::new();
    for v in args {
        let nested = match (v.downcast::<List>(), v.downcast::<Tuple>()) {
            (Some(l), _) => parameters_of(vm, &l.to_vec())?,
            (_, Some(t)) => parameters_of(vm, t)?,
            _ if is_parameter(vm, v)? => vec![v.clone()],
            _ => inner_parameters(vm, v)?,
        };
        for p in nested {
            push_new(vm, &mut out, p)?;
        }
    }
    Ok(out)
}

fn getitem(vm: &Vm, v: &Value, item: &Value) -> PyResult<Value> {
    let a: &Ref<GenericAlias> = vm.this(v)?;
    let args = substitute(vm, v, &a.args, &a.parameters, item)?;
    Ok(make(
        vm,
        vm.type_of(v),
        a.origin.clone(),
        vm.new_tuple(args),
        a.starred,
    ))
}

/// The arguments with type variables replaced by what `item` gives for them.
pub(crate) fn substitute(
    vm: &Vm,
    this: &Value,
    args: &[Value],
    parameters: &[Value],
    item: &Value,
) -> PyResult<Vec<Value>> {
    if parameters.is_empty() {
        return Err(vm.type_error(format!("{} is not a generic class", vm.repr_string(this)?)));
    }
    let mut item = unpack_item(vm, item)?;
    for p in parameters {
        if let Some(prepare) = vm.lookup_attr(p, &vm.intern("__typing_prepare_subst__"))?
            && !prepare.is_none()
        {
            let packed: Value = vm.new_tuple(item).into();
            let prepared = vm.call(&prepare, &[this.clone(), packed])?;
            item = match prepared.downcast::<Tuple>() {
                Some(t) => t.to_vec(),
                None => vec![prepared],
            };
        }
    }
    if item.len() != parameters.len() {
        let word = if item.len() > parameters.len() {
            "many"
        } else {
            "few"
        };
        return Err(vm.type_error(format!(
            "Too {word} arguments for {}; actual {}, expected {}",
            vm.repr_string(this)?,
            item.len(),
            parameters.len()
        )));
    }
    replace(vm, args, parameters, &item)
}

/// The given arguments as a list; a starred tuple alias gives its own.
fn unpack_item(vm: &Vm, item: &Value) -> PyResult<Vec<Value>> {
    let given = match item.downcast::<Tuple>() {
        Some(t) => t.to_vec(),
        None => vec![item.clone()],
    };
    let mut out = Vec::with_capacity(given.len());
    for v in given {
        match unpacked_args(vm, &v)? {
            Some(inner) => out.extend(inner),
            None => out.push(v),
        }
    }
    Ok(out)
}

/// `__typing_unpacked_tuple_args__` unless it ends in an ellipsis.
fn unpacked_args(vm: &Vm, v: &Value) -> PyResult<Option<Vec<Value>>> {
    if v.downcast::<Type>().is_some() {
        return Ok(None);
    }
    let args = vm.lookup_attr(v, &vm.intern("__typing_unpacked_tuple_args__"))?;
    let args = args.and_then(|a| a.downcast::<Tuple>().map(|t| t.to_vec()));
    Ok(args.filter(|a| !a.last().is_some_and(|l| l.is(&Value::ELLIPSIS))))
}

fn replace(vm: &Vm, args: &[Value], parameters: &[Value], item: &[Value]) -> PyResult<Vec<Value>> {
    let mut out = Vec::with_capacity(args.len());
    for v in args {
        if v.downcast::<Type>().is_some() {
            out.push(v.clone());
        } else if let Some(l) = v.downcast::<List>() {
            out.push(vm.new_list(replace(vm, &l.to_vec(), parameters, item)?));
        } else if let Some(t) = v.downcast::<Tuple>() {
            out.push(vm.new_tuple(replace(vm, t, parameters, item)?).into());
        } else if let Some(subst) = vm.lookup_attr(v, &vm.intern("__typing_subst__"))? {
            let given = given_for(vm, v, parameters, item)?;
            let new = vm.call(&subst, &[given.unwrap_or_else(|| v.clone())])?;
            push_substituted(vm, &mut out, v, new)?;
        } else {
            let new = replace_inside(vm, v, parameters, item)?;
            push_substituted(vm, &mut out, v, new)?;
        }
    }
    Ok(out)
}

fn given_for(vm: &Vm, v: &Value, parameters: &[Value], item: &[Value]) -> PyResult<Option<Value>> {
    for (p, given) in parameters.iter().zip(item) {
        if vm.same(p, v)? {
            return Ok(Some(given.clone()));
        }
    }
    Ok(None)
}

/// `v[...]` for an argument with type variables of its own.
fn replace_inside(vm: &Vm, v: &Value, parameters: &[Value], item: &[Value]) -> PyResult<Value> {
    let inner = inner_parameters(vm, v)?;
    if inner.is_empty() {
        return Ok(v.clone());
    }
    let mut given = Vec::with_capacity(inner.len());
    for p in &inner {
        let x = given_for(vm, p, parameters, item)?.unwrap_or_else(|| p.clone());
        // A TypeVarTuple stands for several.
        match x.downcast::<Tuple>() {
            Some(t) => given.extend(t.iter().cloned()),
            None => given.push(x),
        }
    }
    vm.getitem(v, &vm.new_tuple(given).into())
}

/// Adds what an argument became; an unpacked one that became a tuple adds its items.
fn push_substituted(vm: &Vm, out: &mut Vec<Value>, old: &Value, new: Value) -> PyResult<()> {
    if let Some(t) = new.downcast::<Tuple>() {
        let unpacked = vm.lookup_attr(old, &vm.intern("__typing_is_unpacked_typevartuple__"))?;
        if unpacked.is_some_and(|u| u.is_true()) {
            out.extend(t.iter().cloned());
            return Ok(());
        }
    }
    out.push(new);
    Ok(())
}
