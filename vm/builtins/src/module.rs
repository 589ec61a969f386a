//! Module objects.
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use std::cell::Cell;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.module;
    t.slots.new.set(Some(|vm, class, _| {
        let m = Module {
            dict: vm.new_dict(),
            lazy: Cell::new(None),
        };
        Ok(vm.heap.alloc(class, m).into())
    }));
    t.slots.init.set(Some(module_init));
    t.slots
        .getattr
        .set(Some(|vm, v, n| vm.module_getattr(v, n)));
    t.slots.repr.set(Some(module_repr));
    t.set_flag(TypeFlags::DICT);
    vm.getset(
        t,
        "__dict__",
        |vm, v| Ok(vm.this::<Module>(v)?.dict.value()),
        None,
    );
    vm.add_methods(t, METHODS);
    vm.getset(
        t,
        "__annotations__",
        annotations,
        Some(|vm, v, x| {
            let d = &vm.this::<Module>(v)?.dict;
            match x {
                Some(x) => vm.dict_set_str(d, &vm.names.annotations, x.clone()),
                None => drop(vm.dict_del_str(d, &vm.names.annotations)),
            }
            Ok(())
        }),
    );
}

lasti_core::methods! { METHODS =
    "__dir__" "__dir__($self, /)\n--\n\n" dir;
}

fn dir(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let d = vm.this::<Module>(v)?.dict.clone();
    match vm.dict_get_str(&d, &vm.names.dir) {
        Some(f) => vm.call(&f, &[]),
        None => Ok(vm.new_list(d.keys())),
    }
}

fn annotations(vm: &Vm, v: &Value) -> PyResult<Value> {
    let d = &vm.this::<Module>(v)?.dict;
    if let Some(a) = vm.dict_get_str(d, &vm.names.annotations) {
        return Ok(a);
    }
    let a = match vm.dict_get_str(d, &vm.names.annotate) {
        Some(f) if !f.is_none() => vm.call(&f, &[Value::small_int(1)])?,
        _ => vm.new_dict().into(),
    };
    vm.dict_set_str(d, &vm.names.annotations, a.clone());
    Ok(a)
}

fn module_init(vm: &Vm, v: &Value, args: Args) -> PyResult<()> {
    let [name, doc] = args.bind(vm, "module", ["name", "doc"], 1)?;
    if let Some(n) = name
        && n.downcast::<Str>().is_none()
    {
        let t = vm.type_name(n);
        return Err(vm.type_error(format!("module() argument 'name' must be str, not {t}")));
    }
    let d = &vm.this::<Module>(v)?.dict;
    let n = &vm.names;
    vm.dict_set_str(d, &n.name, name.cloned().unwrap_or(Value::NONE));
    vm.dict_set_str(d, &n.doc, doc.cloned().unwrap_or(Value::NONE));
    for k in [&n.package, &n.loader, &n.spec] {
        vm.dict_set_str(d, k, Value::NONE);
    }
    Ok(())
}

fn module_repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let d: &Ref<Dict> = &vm.this::<Module>(v)?.dict;
    let name = match vm.dict_get_str(d, &vm.names.name) {
        Some(n) => vm.repr_string(&n)?,
        None => "'?'".into(),
    };
    Ok(vm.str_value(&match vm.dict_get_str(d, &vm.names.file) {
        Some(f) => format!("<module {name} from {}>", vm.repr_string(&f)?),
        None => format!("<module {name} (built-in)>"),
    }))
}
