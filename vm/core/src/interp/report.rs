//! Warnings, and exceptions that nobody can be given: what is reported beside the program's course.
use crate::memory::{Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::args::Args;
use crate::vm::error::{Exc, PyResult};

impl Vm {
    /// [`warn_never_awaited`] for a coroutine that is known by its payload alone; it lives on.
    pub fn warn_never_awaited_value(&self, g: &Generator) {
        let msg = format!(
            "coroutine '{}' was never awaited",
            self.display(&g.qualified_name())
        );
        if let Err(e) = self.warn(&self.exc.runtime_warning, &msg, 1, None) {
            self.unraisable(&e, "Exception ignored while finalizing coroutine", None);
        }
    }
    /// `warnings.warn(msg, category, stacklevel, source=source)`.
    pub fn warn(
        &self,
        category: &Ref<Type>,
        msg: &str,
        stacklevel: i64,
        source: Option<&Value>,
    ) -> PyResult<()> {
        let warnings = self.import("warnings")?;
        let f = self.getattr_str(&warnings, "warn")?;
        let mut all = vec![
            self.str_value(msg),
            category.value(),
            self.new_int(stacklevel),
        ];
        let mut names = Vec::new();
        if let Some(s) = source {
            all.push(s.clone());
            names.push(self.str_value("source"));
        }
        self.call_args(&f, Args::split(&all, &names)).map(|_| ())
    }
}

impl Vm {
    /// Reports an exception that cannot be raised where it occurred, through `sys.unraisablehook`. The message ends in the repr of
    /// `object`, which the hook does not get itself (CPython's PyErr_FormatUnraisable).
    pub fn unraisable(&self, e: &Exc, msg: &str, object: Option<&Value>) {
        let shown = object.map(|o| {
            self.repr_string(o)
                .unwrap_or_else(|_| "<object repr() failed>".into())
        });
        let msg = &shown.map_or(msg.to_owned(), |o| format!("{msg} {o}"));
        let hook = self
            .sys
            .get()
            .and_then(|s| self.dict_get(&s.dict, "unraisablehook"));
        let args = self
            .loaded_module("sys")
            .and_then(|s| self.dict_get(&s.dict, "UnraisableHookArgs"));
        if let (Some(hook), Some(make)) = (hook, args) {
            let tb =
                e.0.downcast::<Exception>()
                    .map_or(Value::NONE, |x| x.traceback.value());
            let parts = [
                self.type_of(&e.0).value(),
                e.0.clone(),
                tb,
                self.str_value(msg),
                Value::NONE,
            ];
            let parts: Value = self.new_tuple(parts).into();
            if let Ok(a) = self.call(&make, &[parts])
                && self.call(&hook, &[a]).is_ok()
            {
                return;
            }
        }
        self.host.write_stderr(&format!(
            "{msg}: {}: {}\n",
            self.type_name(&e.0),
            self.display(&e.0)
        ));
    }
}

/// `RuntimeWarning: coroutine 'x' was never awaited`, through the warnings module so that filters and origin lines apply.
pub(crate) fn warn_never_awaited(vm: &Vm, g: &Ref<Generator>) {
    if let Err(e) = try_warn(vm, g) {
        vm.unraisable(
            &e,
            "Exception ignored while finalizing coroutine",
            Some(g.as_value()),
        );
    }
}

fn try_warn(vm: &Vm, g: &Ref<Generator>) -> PyResult<()> {
    let mut msg = format!(
        "coroutine '{}' was never awaited",
        vm.display(&g.qualified_name())
    );
    if let Some(origin) = g.origin().downcast::<Tuple>() {
        msg.push_str("\nCoroutine created at (most recent call last)\n");
        for row in origin.iter().rev() {
            let Some(row) = row.downcast::<Tuple>() else {
                continue;
            };
            let [file, line, name] = &row[..] else {
                continue;
            };
            msg.push_str(&format!(
                "  File \"{}\", line {}, in {}\n",
                vm.display(file),
                vm.display(line),
                vm.display(name)
            ));
            if let Ok(linecache) = vm.import("linecache") {
                let text = vm.call_method(&linecache, "getline", &[file.clone(), line.clone()])?;
                let text = vm.display(&text);
                if !text.trim().is_empty() {
                    msg.push_str(&format!("    {}\n", text.trim()));
                }
            }
        }
        let trimmed = msg.trim_end().len();
        msg.truncate(trimmed);
    }
    vm.warn(&vm.exc.runtime_warning, &msg, 1, Some(g.as_value()))
}
