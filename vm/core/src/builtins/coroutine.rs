//! Coroutines as Python sees them (PEP 492), and the warning for one that nobody awaited.
use crate::memory::{Ref, Value};
use crate::model::call::{Args, Resume, Resumed};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::error::PyResult;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.coroutine;
    t.slots.await_.set(Some(|vm, v| {
        let g = vm.this::<Generator>(v)?;
        Ok(vm
            .heap
            .alloc(
                &vm.types.coroutine_wrapper,
                CoroutineWrapper {
                    coroutine: g.clone(),
                },
            )
            .into())
    }));
    vm.tail_method(
        t,
        "send",
        "send(arg) -> send 'arg' into coroutine,\nreturn next iterated value or raise StopIteration.",
        |vm, this, args| {
            let [v] = args.exactly::<1>(vm, "send")?;
            Ok(Tail::Send {
                generator: vm.this::<Generator>(this)?.clone(),
                input: v.clone(),
            })
        },
    );
    super::generator::common(vm, t);
    super::generator::fields(
        vm,
        t,
        [
            "cr_frame",
            "cr_running",
            "cr_code",
            "cr_await",
            "cr_suspended",
        ],
    );
    vm.getset(
        t,
        "cr_origin",
        |vm, v| Ok(vm.this::<Generator>(v)?.origin()),
        None,
    );

    let t = &vm.types.coroutine_wrapper;
    t.slots.iter.set(Some(super::self_iter));
    t.slots
        .next
        .set(Some(|vm, v| match wrapper_send(vm, v, &Value::NONE)? {
            Resumed::Yield(v) => Ok(Some(v)),
            Resumed::Return(v) if v.is_none() => Ok(None),
            Resumed::Return(v) => Err(vm.stop_iteration(v)),
        }));
    t.slots.send.set(Some(wrapper_send));
    vm.method(t, "send", "", |vm, v, a| {
        let [x] = a.exactly::<1>(vm, "send")?;
        match wrapper_send(vm, v, x)? {
            Resumed::Yield(v) => Ok(v),
            Resumed::Return(v) => Err(vm.stop_iteration(v)),
        }
    });
    vm.method(t, "throw", "", |vm, v, a: Args| {
        let e = super::generator::thrown(vm, a, Some("throw"))?;
        let c = vm.this::<CoroutineWrapper>(v)?.coroutine.clone();
        match vm.resume(&c, Resume::Throw(e))? {
            Resumed::Yield(v) => Ok(v),
            Resumed::Return(v) => Err(vm.stop_iteration(v)),
        }
    });
    vm.method(t, "close", "", |vm, v, _| {
        let c = vm.this::<CoroutineWrapper>(v)?.coroutine.clone();
        vm.close_generator(&c)?;
        Ok(Value::NONE)
    });
}

fn wrapper_send(vm: &Vm, v: &Value, input: &Value) -> PyResult<Resumed> {
    let c = vm.this::<CoroutineWrapper>(v)?.coroutine.clone();
    vm.resume(&c, Resume::Send(input.clone()))
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

/// The same for a coroutine that is known by its payload alone; it lives on.
pub(crate) fn warn_never_awaited_value(vm: &Vm, g: &Generator) {
    let msg = format!(
        "coroutine '{}' was never awaited",
        vm.display(&g.qualified_name())
    );
    if let Err(e) = vm.warn(&vm.exc.runtime_warning, &msg, 1, None) {
        vm.unraisable(&e, "Exception ignored while finalizing coroutine", None);
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

impl Vm {
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
