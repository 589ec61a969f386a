//! What every module here needs: names of the core crate and a few helpers for arguments and iteration.
pub(crate) use lasti_core::memory::Unpacked;
pub(crate) use lasti_core::objects::*;
pub(crate) use lasti_core::{Args, Exc, Payload, PyResult, Ref, RefSlot, Slot, Value, Vm};
pub(crate) use std::cell::{Cell, RefCell};

/// `__iter__` of iterators.
pub(crate) fn self_iter(_: &Vm, v: &Value) -> PyResult<Value> {
    Ok(v.clone())
}

/// `__class_getitem__` of generic types: an instance of `types.GenericAlias`.
pub(crate) fn class_getitem(vm: &Vm, this: &Value, args: Args) -> PyResult<Value> {
    let [item] = args.exactly::<1>(vm, "__class_getitem__")?;
    let alias = generic_alias_type(vm)?;
    if alias.is(this) {
        return Ok(this.clone());
    }
    vm.call(&alias, &[this.clone(), item.clone()])
}

/// The class of `list[int]`.
pub(crate) fn generic_alias_type(vm: &Vm) -> PyResult<Value> {
    let sample = vm.getitem(vm.types.list.as_value(), vm.types.int.as_value())?;
    Ok(vm.type_of(&sample).value())
}

/// Finishes a native type and puts it into a module.
pub(crate) fn add_type(vm: &Vm, m: &Ref<Module>, name: &str, t: &Ref<Type>) {
    vm.ready_type(t);
    vm.add_value(m, name, t.value());
}

/// Text of a `str` value as Rust text, lone surrogates replaced.
pub(crate) fn text(v: &Value) -> Option<String> {
    v.downcast::<Str>()
        .map(|s| s.to_string_lossy().into_owned())
}

/// The text of a `str` argument.
pub(crate) fn text_arg(vm: &Vm, v: &Value, what: &str) -> PyResult<String> {
    Ok(vm.expect_str(v, what)?.to_string_lossy().into_owned())
}

/// A non-negative sequence index from a Python index; none when it lies outside.
pub(crate) fn wrap_index(i: i64, len: usize) -> Option<usize> {
    let i = if i < 0 { i.checked_add(len as i64)? } else { i };
    if i >= 0 && (i as usize) < len {
        Some(i as usize)
    } else {
        None
    }
}

/// `len(x)` clamps as slices have them.
pub(crate) fn clamp_index(i: i64, len: usize) -> usize {
    if i < 0 {
        (i.saturating_add(len as i64)).max(0) as usize
    } else {
        (i as usize).min(len)
    }
}

/// Raises "takes at least n arguments" and the like.
pub(crate) fn need_at_least(vm: &Vm, func: &str, n: usize, given: usize) -> PyResult<()> {
    if given >= n {
        return Ok(());
    }
    let s = if n == 1 { "" } else { "s" };
    Err(vm.type_error(format!(
        "{func} expected at least {n} argument{s}, got {given}"
    )))
}

/// Looks up `vm.names`-less attributes by text.
pub(crate) fn attr_opt(vm: &Vm, v: &Value, name: &str) -> PyResult<Option<Value>> {
    vm.lookup_attr(v, &vm.intern(name))
}

/// Declares traversal for payloads made of slots and values. `clear` empties slots, which alone can come to lead back to their owner:
/// what a payload was made with is older than itself.
macro_rules! payload {
    ($t:ty, $name:literal, $($field:ident),*) => {
        impl Payload for $t {
            const CONTAINER: bool = true;
            const NAME: &'static str = $name;
            fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
                let _ = &visit;
                $($crate::util::Show::show(&self.$field, visit);)*
            }
            fn clear(&self) {
                $($crate::util::Show::forget(&self.$field);)*
            }
        }
    };
}
pub(crate) use payload;

/// What `payload!` can traverse.
pub(crate) trait Show {
    fn show(&self, visit: &mut dyn FnMut(&Value));
    /// Empties what can change.
    fn forget(&self) {}
}
impl Show for Value {
    fn show(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self);
    }
}
impl Show for Slot {
    fn show(&self, visit: &mut dyn FnMut(&Value)) {
        self.visit(visit);
    }
    fn forget(&self) {
        self.set(Value::NONE);
    }
}
impl<T: Payload> Show for Ref<T> {
    fn show(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.as_value());
    }
}
impl<T: Payload> Show for RefSlot<T> {
    fn show(&self, visit: &mut dyn FnMut(&Value)) {
        self.visit(visit);
    }
    fn forget(&self) {
        self.set(None);
    }
}
impl<T: Show> Show for Option<T> {
    fn show(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some(v) = self {
            v.show(visit);
        }
    }
}
impl<T: Show> Show for Vec<T> {
    fn show(&self, visit: &mut dyn FnMut(&Value)) {
        for v in self {
            v.show(visit);
        }
    }
}
impl<T: Show> Show for std::collections::VecDeque<T> {
    fn show(&self, visit: &mut dyn FnMut(&Value)) {
        for v in self {
            v.show(visit);
        }
    }
}
impl<T: Show + Default> Show for RefCell<T> {
    fn show(&self, visit: &mut dyn FnMut(&Value)) {
        self.borrow().show(visit);
    }
    fn forget(&self) {
        let old = self.take();
        drop(old);
    }
}

/// Exception classes of modules, by full name.
#[derive(Default)]
struct ExceptionClasses(RefCell<std::collections::HashMap<&'static str, Value>>);

/// The exception class `module.Name` of a native module, made on first use.
pub fn exception_class(vm: &Vm, name: &'static str, base: &Ref<Type>) -> PyResult<Value> {
    let st = vm.module_state(ExceptionClasses::default);
    if let Some(c) = st.0.borrow().get(name) {
        return Ok(c.clone());
    }
    let (module, short) = name.rsplit_once('.').unwrap_or(("builtins", name));
    let ns = vm.new_dict();
    vm.dict_set_str(&ns, &vm.names.module, vm.str_value(module));
    let bases = vm.tuple_value([base.value()]);
    let class = vm.call(
        vm.types.type_.as_value(),
        &[vm.str_value(short), bases, ns.into()],
    )?;
    st.0.borrow_mut().insert(name, class.clone());
    Ok(class)
}

/// An instance of such a class with one message.
pub(crate) fn module_error(
    vm: &Vm,
    name: &'static str,
    base: &Ref<Type>,
    msg: impl AsRef<str>,
) -> Exc {
    match exception_class(vm, name, base) {
        Ok(c) => match c.as_ref::<Type>() {
            Some(t) => vm.new_exception(t, msg),
            None => vm.runtime_error(msg),
        },
        Err(e) => e,
    }
}
