//! The `__main__` module.
use lasti_core::objects::Module;
use lasti_core::{Ref, Vm};

/// A fresh `__main__` module.
pub(crate) fn main_module(vm: &Vm) -> Ref<Module> {
    let m = vm.new_module("__main__");
    vm.dict_set(&vm.modules, "__main__", m.value());
    if let Some(b) = vm.dict_get(&vm.modules, "builtins") {
        vm.dict_set_str(&m.dict, &vm.names.builtins, b);
    }
    m
}
