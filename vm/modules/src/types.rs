//! `_types`: the built-in classes that have no name in `builtins`, and SimpleNamespace.
use crate::util::*;
use std::rc::Rc;

struct State {
    namespace: Ref<Type>,
    capsule: Ref<Type>,
}

fn state(vm: &Vm) -> Rc<State> {
    vm.module_state(|| {
        let capsule =
            vm.new_native_type::<Plain>("types.CapsuleType", &vm.types.object, TypeFlags::NO_NEW);
        vm.ready_type(&capsule);
        State {
            namespace: namespace_type(vm),
            capsule,
        }
    })
}

/// `types.SimpleNamespace`.
pub fn simple_namespace_type(vm: &Vm) -> Ref<Type> {
    state(vm).namespace.clone()
}

/// A SimpleNamespace with these attributes.
pub fn new_simple_namespace(vm: &Vm, items: &[(&str, Value)]) -> Value {
    let v: Value = vm.heap.alloc(&state(vm).namespace, Namespace).into();
    let d = vm.new_dict();
    for (k, x) in items {
        vm.dict_set(&d, k, x.clone());
    }
    vm.set_dict_of(&v, d);
    v
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_types");
    let t = &vm.types;
    let st = state(vm);
    let alias = generic_alias_type(vm)?;
    let union = vm
        .binary(t.int.as_value(), t.str.as_value(), BinOp::Or)
        .unwrap_or(Value::NONE);
    let rows: &[(&str, &Ref<Type>)] = &[
        ("AsyncGeneratorType", &t.async_generator),
        ("BuiltinFunctionType", &t.native),
        ("BuiltinMethodType", &t.native),
        ("CapsuleType", &st.capsule),
        ("CellType", &t.cell),
        ("ClassMethodDescriptorType", &t.classmethod_descriptor),
        ("CodeType", &t.code),
        ("CoroutineType", &t.coroutine),
        ("EllipsisType", &t.ellipsis),
        ("FrameType", &t.frame),
        ("FunctionType", &t.function),
        ("GeneratorType", &t.generator),
        ("GetSetDescriptorType", &t.getset_descriptor),
        ("LambdaType", &t.function),
        ("MappingProxyType", &t.mappingproxy),
        ("MemberDescriptorType", &t.member_descriptor),
        ("MethodDescriptorType", &t.method_descriptor),
        ("MethodType", &t.method),
        ("MethodWrapperType", &t.method_wrapper),
        ("ModuleType", &t.module),
        ("NoneType", &t.none),
        ("NotImplementedType", &t.not_implemented),
        ("SimpleNamespace", &st.namespace),
        ("TracebackType", &t.traceback),
        ("WrapperDescriptorType", &t.wrapper_descriptor),
    ];
    for (name, t) in rows {
        vm.add_value(&m, name, t.value());
    }
    vm.add_value(&m, "GenericAlias", alias);
    vm.add_value(&m, "UnionType", vm.type_of(&union).value());
    Ok(m)
}

/// All attributes stand in the instance's `__dict__`.
struct Namespace;
impl Payload for Namespace {
    const CONTAINER: bool = true;
    const NAME: &'static str = "types.SimpleNamespace";
}

fn namespace_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Namespace>(
        "types.SimpleNamespace",
        &vm.types.object,
        TypeFlags::BASE | TypeFlags::DICT | TypeFlags::WEAKREF,
    );
    t.slots.new.set(Some(|vm, class, _| {
        let v: Value = vm.heap.alloc(class, Namespace).into();
        vm.set_dict_of(&v, vm.new_dict());
        Ok(v)
    }));
    t.slots.init.set(Some(|vm, v, a| {
        if a.pos.len() > 1 {
            return Err(vm.type_error(format!(
                "{} expected at most 1 argument, got {}",
                vm.type_name(v),
                a.pos.len()
            )));
        }
        let d = vm.dict_of(v).unwrap_or_else(|| vm.new_dict());
        if let Some(first) = a.pos.first() {
            let from = vm.new_dict();
            vm.dict_update(&from, first)?;
            if from.keys().iter().any(|k| k.downcast::<Str>().is_none()) {
                return Err(vm.type_error("keywords must be strings"));
            }
            vm.dict_update(&d, from.as_value())?;
        }
        for (k, x) in a.names.iter().zip(a.kw) {
            vm.dict_insert(&d, k.clone(), x.clone())?;
        }
        Ok(())
    }));
    t.slots.repr.set(Some(|vm, v| {
        let name = if vm.type_of(v).is_heap_type() {
            vm.type_name(v)
        } else {
            "namespace".into()
        };
        if !vm.repr_enter(v) {
            return Ok(vm.str_value(&format!("{name}(...)")));
        }
        let items = vm.dict_of(v).map_or(Vec::new(), |d| d.items());
        let mut out = format!("{name}(").into_bytes();
        let start = out.len();
        let made = items.iter().try_for_each(|(k, x)| {
            let Some(k) = k.downcast::<Str>().filter(|s| !s.is_empty()) else {
                return Ok(());
            };
            if out.len() > start {
                vm.extend(&mut out, b", ")?;
            }
            vm.extend(&mut out, k.as_bytes())?;
            vm.extend(&mut out, b"=")?;
            vm.extend(&mut out, vm.repr(x)?.as_bytes())
        });
        vm.repr_leave(v);
        made?;
        vm.concat(&[&out, b")"])
    }));
    t.slots.richcmp.set(Some(|vm, a, b, op| {
        let ns = &state(vm).namespace;
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) || !vm.is_instance(a, ns) || !vm.is_instance(b, ns)
        {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let (x, y) = (vm.dict_of(a), vm.dict_of(b));
        match (x, y) {
            (Some(x), Some(y)) => vm.compare(x.as_value(), y.as_value(), op),
            _ => Ok(Value::NOT_IMPLEMENTED),
        }
    }));
    crate::functools::dict_attr(vm, &t);
    vm.add_methods(&t, NAMESPACE_TYPE_METHODS);
    vm.ready_type(&t);
    t
}

lasti_core::methods! { NAMESPACE_TYPE_METHODS =
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce;
    "__replace__" "__replace__($self, /, **changes)\n--\n\n" replace;
}

fn reduce(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let d = vm.dict_of(v).map_or(Value::NONE, Value::from);
    Ok(vm.tuple_value([vm.type_of(v).value(), vm.new_tuple([]).into(), d]))
}

fn replace(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let new = vm.call(vm.type_of(v).as_value(), &[])?;
    let (Some(from), Some(to)) = (vm.dict_of(v), vm.dict_of(&new)) else {
        return Ok(new);
    };
    vm.dict_update(&to, from.as_value())?;
    for (k, x) in a.names.iter().zip(a.kw) {
        vm.dict_insert(&to, k.clone(), x.clone())?;
    }
    Ok(new)
}
