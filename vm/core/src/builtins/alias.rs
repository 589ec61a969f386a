//! `types.GenericAlias` and `types.UnionType`.
use crate::heap::Value;
use crate::vm::Vm;

pub(crate) fn init(_vm: &Vm) {}

/// `list[int]`: an alias of `origin` with the arguments in `item`.
pub fn generic_alias(_vm: &Vm, origin: &Value, _item: &Value) -> Value {
    origin.clone()
}

/// `int | str` on types: a union.
pub(crate) fn union_or(_vm: &Vm, _a: &Value, _b: &Value) -> crate::error::PyResult<Value> {
    Ok(Value::NOT_IMPLEMENTED)
}
