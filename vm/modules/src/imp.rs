//! `_imp` and `_warnings`, as far as the library's `importlib` and `warnings` ask for them. The importer itself is
//! native (core's imports).
use crate::util::*;
use lasti_core::host::ModuleSource;

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_imp");
    vm.add_value(&m, "check_hash_based_pycs", vm.str_value("default"));
    vm.add_value(&m, "pyc_magic_number_token", vm.new_int(0x0A0D_0E2B));
    vm.add_functions(&m, FUNCTIONS);
    vm.add_value(&m, "_lasti_ModuleSpec", vm.module_spec_type().value());
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "acquire_lock" "acquire_lock($module, /)\n--\n\n" nothing;
    "release_lock" "release_lock($module, /)\n--\n\n" nothing;
    "_fix_co_filename" "_fix_co_filename($module, code, path, /)\n--\n\n" nothing;
    "lock_held" "lock_held($module, /)\n--\n\n" |_, _, _| Ok(Value::FALSE);
    "extension_suffixes" "extension_suffixes($module, /)\n--\n\n" |vm, _, _| Ok(vm.new_list(Vec::new()));
    "is_builtin" "is_builtin($module, name, /)\n--\n\n" is_builtin_function;
    "is_frozen" "is_frozen($module, name, /)\n--\n\n" is_frozen;
    "is_frozen_package" "is_frozen_package($module, name, /)\n--\n\n" no;
    "find_frozen" "find_frozen($module, name, /, *, withdata=False)\n--\n\n" nothing;
    "_override_multi_interp_extensions_check" "_override_multi_interp_extensions_check($module, override, /)\n--\n\n" override_multi_interp_extensions_check;
    "create_builtin" "create_builtin($module, spec, /)\n--\n\n" create_builtin;
    "exec_builtin" "exec_builtin($module, mod, /)\n--\n\n" |_, _, _| Ok(Value::small_int(0));
    "create_dynamic" "create_dynamic($module, spec, file=<unrepresentable>, /)\n--\n\n" create_dynamic;
    "source_hash" "source_hash($module, /, key, source)\n--\n\n" source_hash;
    "_lasti_find" "(name, path=None, /)\n--\n\n" lasti_find;
    "_lasti_code" "(name, path=None, /)\n--\n\n" lasti_code;
}

fn is_builtin_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [name] = a.exactly::<1>(vm, "is_builtin")?;
    vm.expect_str(name, "is_builtin() argument")?;
    Ok(Value::small_int(is_builtin(vm, name)? as i64))
}

/// No module is frozen for who asks: the loader of the library finds its own.
fn is_frozen(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    vm.expect_str(&a.pos[0], "is_frozen() argument")?;
    Ok(Value::FALSE)
}

fn no(_: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::FALSE)
}

fn nothing(_: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::NONE)
}

fn override_multi_interp_extensions_check(_: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::small_int(0))
}

fn create_builtin(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [spec] = a.exactly::<1>(vm, "create_builtin")?;
    let name = text_arg(vm, &vm.getattr_str(spec, "name")?, "name")?;
    vm.import(&name)
}

fn create_dynamic(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Err(vm.new_exception(
        &vm.exc.import_error,
        "lasti cannot load C extension modules",
    ))
}

fn source_hash(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "source_hash", 2, 2)?;
    let h = vm.hash_keys.hash_bytes(&vm.buffer(&pos[1])?);
    vm.try_new_bytes(h.to_le_bytes())
}

fn lasti_find(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "_lasti_find", 1, 2)?;
    let Some(source) = find(vm, pos)? else {
        return Ok(Value::NONE);
    };
    let (kind, filename, package) = match source {
        ModuleSource::Source {
            filename, package, ..
        } => ("source", filename, package),
        ModuleSource::Frozen { image, package } => ("frozen", image.filename().to_owned(), package),
    };
    Ok(vm.tuple_value([
        vm.str_value(kind),
        vm.name_value(&filename),
        Value::bool(package),
    ]))
}

fn lasti_code(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "_lasti_code", 1, 2)?;
    match find(vm, pos)? {
        Some(ModuleSource::Frozen { image, .. }) => Ok(vm.new_frozen_code(image).into()),
        Some(ModuleSource::Source {
            bytes, filename, ..
        }) => {
            let compile = vm.getattr_str(&vm.import("builtins")?, "compile")?;
            let args = [
                vm.new_bytes(bytes),
                vm.name_value(&filename),
                vm.str_value("exec"),
            ];
            vm.call(&compile, &args)
        }
        None => Err(vm.new_exception(&vm.exc.import_error, "no such module")),
    }
}

/// The names that `sys.builtin_module_names` lists, and what this crate registers.
fn is_builtin(vm: &Vm, name: &Value) -> PyResult<bool> {
    if let Some(n) = text(name)
        && crate::MODULES.iter().any(|(m, _)| *m == n)
    {
        return Ok(true);
    }
    let Some(sys) = vm.sys.get() else {
        return Ok(false);
    };
    match vm.dict_get(&sys.dict, "builtin_module_names") {
        Some(names) => vm.contains(&names, name),
        None => Ok(false),
    }
}

fn find(vm: &Vm, pos: &[Value]) -> PyResult<Option<ModuleSource>> {
    let name = text_arg(vm, &pos[0], "name")?;
    let path = match pos.get(1) {
        Some(p) if !p.is_none() => Some(
            vm.collect(p)?
                .iter()
                .filter_map(|v| v.downcast::<Str>())
                .map(|s| lasti_text::filename::to_string(s.as_bytes()))
                .collect::<Vec<String>>(),
        ),
        _ => None,
    };
    vm.host.find_module(vm, &name, path.as_deref())
}

/// `_warnings`: the functions C code calls; filters are the Python module's.
pub(crate) fn warnings(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_warnings");
    for name in ["warn", "warn_explicit"] {
        let host: HostFn = std::rc::Rc::new(move |vm, a| {
            let f = vm.getattr_str(&vm.import("warnings")?, name)?;
            vm.call_args(&f, a)
        });
        let f = vm.new_native(
            name,
            "",
            NativeKind::Host(host),
            Value::NONE,
            vm.str_value("_warnings"),
        );
        vm.add_value(&m, name, f);
    }
    Ok(m)
}
