//! One hidden value beside a native object whose payload belongs to the core crate (`defaultdict`'s factory): an entry
//! of the object's side namespace under a name that no source text can spell.
use crate::util::*;

fn hidden(vm: &Vm, name: &str) -> Ref<Str> {
    vm.intern(&format!(" {name}"))
}

pub(crate) fn get(vm: &Vm, v: &Value, name: &str) -> Option<Value> {
    vm.generic_getattr(v, &hidden(vm, name)).ok().flatten()
}

pub(crate) fn set(vm: &Vm, v: &Value, name: &str, x: Value) {
    let dict = match vm.dict_of(v) {
        Some(d) => d,
        None => {
            let d = vm.new_dict();
            vm.set_dict_of(v, d.clone());
            d
        }
    };
    vm.dict_set_str(&dict, &hidden(vm, name), x);
}
