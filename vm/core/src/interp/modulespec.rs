//! `ModuleSpec` (PEP 451), native so that importing a module needs no Python for its `__spec__`. The loader is made by
//! `importlib` when somebody looks at it.
use crate::memory::{Payload, Ref, Slot, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::args::Args;
use crate::vm::error::PyResult;
use std::cell::Cell;

const NAME: usize = 0;
const LOADER: usize = 1;
const ORIGIN: usize = 2;
const STATE: usize = 3;
const SEARCH: usize = 4;
const CACHED: usize = 5;

struct ModuleSpec {
    fields: [Slot; 6],
    /// Whether `origin` is a file that gives `__file__`.
    has_location: Cell<bool>,
    /// The importer's own: the loader is made when first asked for.
    lazy_loader: Cell<bool>,
}

impl Payload for ModuleSpec {
    const CONTAINER: bool = true;
    const NAME: &'static str = "ModuleSpec";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.fields.iter().for_each(|f| f.visit(visit));
    }
    fn clear(&self) {
        self.fields.iter().for_each(|f| f.set(Value::NONE));
    }
}

struct SpecType(Ref<Type>);

fn get<const N: usize>(vm: &Vm, v: &Value) -> PyResult<Value> {
    Ok(vm.this::<ModuleSpec>(v)?.fields[N].get())
}

fn set<const N: usize>(vm: &Vm, v: &Value, to: Option<&Value>) -> PyResult<()> {
    let spec = vm.this::<ModuleSpec>(v)?;
    if N == LOADER {
        spec.lazy_loader.set(false);
    }
    spec.fields[N].set(to.cloned().unwrap_or(Value::NONE));
    Ok(())
}

fn loader(vm: &Vm, v: &Value) -> PyResult<Value> {
    let spec = vm.this::<ModuleSpec>(v)?;
    if spec.lazy_loader.replace(false) {
        let made = vm
            .import("importlib._native")
            .and_then(|m| vm.call_method(&m, "_loader_of", std::slice::from_ref(v)));
        match made {
            Ok(l) => spec.fields[LOADER].set(l),
            Err(e) => {
                spec.lazy_loader.set(true);
                return Err(e);
            }
        }
    }
    Ok(spec.fields[LOADER].get())
}

fn is_package(spec: &ModuleSpec) -> bool {
    !spec.fields[SEARCH].get().is_none()
}

fn init(vm: &Vm, v: &Value, args: Args) -> PyResult<()> {
    let names = ["name", "loader", "*origin", "*loader_state", "*is_package"];
    let [name, loader, origin, state, package] = args.bind(vm, "ModuleSpec", names, 2)?;
    let spec = vm.this::<ModuleSpec>(v)?;
    let given = [name, loader, origin, state];
    for (field, value) in spec.fields.iter().zip(given) {
        field.set(value.cloned().unwrap_or(Value::NONE));
    }
    let package = package.map_or(Ok(false), |p| vm.is_true(p))?;
    spec.fields[SEARCH].set(if package {
        vm.new_list(Vec::new())
    } else {
        Value::NONE
    });
    Ok(())
}

fn repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let loader = loader(vm, v)?;
    let spec = vm.this::<ModuleSpec>(v)?;
    let show = |n: usize| vm.repr_string(&spec.fields[n].get());
    let mut out = format!(
        "ModuleSpec(name={}, loader={}",
        show(NAME)?,
        vm.repr_string(&loader)?
    );
    if !spec.fields[ORIGIN].get().is_none() {
        out.push_str(&format!(", origin={}", show(ORIGIN)?));
    }
    if is_package(spec) {
        out.push_str(&format!(", submodule_search_locations={}", show(SEARCH)?));
    }
    out.push(')');
    Ok(vm.str_value(&out))
}

fn make_type(vm: &Vm) -> SpecType {
    let flags = TypeFlags::DICT | TypeFlags::BASE;
    let t =
        vm.new_native_type::<ModuleSpec>("_frozen_importlib.ModuleSpec", &vm.types.object, flags);
    t.slots
        .new
        .set(Some(|vm, class, _| Ok(blank(vm, class).into())));
    t.slots.init.set(Some(init));
    t.slots.repr.set(Some(repr));
    t.slots.richcmp.set(Some(|vm, a, b, op| {
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) || b.downcast::<ModuleSpec>().is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let (x, y) = (vm.this::<ModuleSpec>(a)?, vm.this::<ModuleSpec>(b)?);
        let mut same = vm.eq(&loader(vm, a)?, &loader(vm, b)?)?
            && x.has_location.get() == y.has_location.get();
        for n in [NAME, ORIGIN, SEARCH] {
            same = same && vm.eq(&x.fields[n].get(), &y.fields[n].get())?;
        }
        Ok(Value::bool(same == (op == CmpOp::Eq)))
    }));
    vm.getset(&t, "name", get::<NAME>, Some(set::<NAME>));
    vm.getset(&t, "loader", loader, Some(set::<LOADER>));
    vm.getset(&t, "origin", get::<ORIGIN>, Some(set::<ORIGIN>));
    vm.getset(&t, "loader_state", get::<STATE>, Some(set::<STATE>));
    vm.getset(
        &t,
        "submodule_search_locations",
        get::<SEARCH>,
        Some(set::<SEARCH>),
    );
    vm.getset(&t, "cached", get::<CACHED>, Some(set::<CACHED>));
    for name in ["has_location", "_set_fileattr"] {
        vm.getset(
            &t,
            name,
            |vm, v| Ok(Value::bool(vm.this::<ModuleSpec>(v)?.has_location.get())),
            Some(|vm, v, to| {
                let on = to.map_or(Ok(false), |t| vm.is_true(t))?;
                vm.this::<ModuleSpec>(v)?.has_location.set(on);
                Ok(())
            }),
        );
    }
    vm.getset(
        &t,
        "parent",
        |vm, v| {
            let spec = vm.this::<ModuleSpec>(v)?;
            let name = spec.fields[NAME].get();
            if is_package(spec) {
                return Ok(name);
            }
            let text = vm.display(&name);
            Ok(vm.str_value(text.rsplit_once('.').map_or("", |(p, _)| p)))
        },
        None,
    );
    vm.ready_type(&t);
    SpecType(t)
}

fn blank(vm: &Vm, class: &Ref<Type>) -> Ref<ModuleSpec> {
    let spec = ModuleSpec {
        fields: std::array::from_fn(|_| Slot::new(Value::NONE)),
        has_location: Cell::new(false),
        lazy_loader: Cell::new(false),
    };
    vm.heap.alloc(class, spec)
}

impl Vm {
    /// The class of modules' `__spec__`.
    pub fn module_spec_type(&self) -> Ref<Type> {
        self.module_state(|| make_type(self)).0.clone()
    }

    /// The spec of a module that the native importer loads. `search` is a package's `__path__`.
    pub fn new_module_spec(&self, name: &str, origin: &str, search: Option<Value>) -> Value {
        let spec = blank(self, &self.module_spec_type());
        spec.fields[NAME].set(self.str_value(name));
        spec.fields[ORIGIN].set(self.name_value(origin));
        if let Some(s) = search {
            spec.fields[SEARCH].set(s);
        }
        let file = origin != "built-in" && !origin.starts_with("<frozen");
        spec.has_location.set(file);
        spec.lazy_loader.set(true);
        spec.into()
    }
}
