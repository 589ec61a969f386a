//! What native code sees of frames: frame objects and their variables, the namespaces of the code that runs, and the caller's `super()`.
//! A frame itself is not handed out.
use crate::frame::Frame;
use crate::memory::{Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::error::PyResult;

impl FrameObject {
    /// `f_lasti`.
    pub fn lasti(&self) -> i32 {
        match self.frame() {
            Some(f) => {
                // A frame that waits in a chain stands before its YIELD_FROM, and at it while the chain runs.
                match f.generator() {
                    Some(g) if g.delegating.get() && g.state() == GenState::Suspended => {
                        f.lasti() - 2
                    }
                    _ => f.lasti(),
                }
            }
            None => self.lasti.get(),
        }
    }
    /// The line that runs, or ran last.
    pub fn line(&self) -> u32 {
        let lasti = self.lasti();
        if lasti < 0 {
            self.code.firstlineno
        } else {
            self.code.line_of(lasti as usize / 2)
        }
    }
    /// A variable by its number among locals, cells and free variables; none when unbound.
    pub fn variable(&self, i: usize) -> Option<Value> {
        let v = match self.frame() {
            Some(f) if !f.retired.get() => f.slot(i).get(),
            _ => self.saved.borrow().get(i).cloned()?,
        };
        if i >= self.code.nlocals as usize {
            return v.downcast::<PyCell>().and_then(|c| c.content.get_bound());
        }
        if v.is_unbound() { None } else { Some(v) }
    }
    /// Sets such a variable; unbound deletes it.
    pub fn set_variable(&self, i: usize, v: Value) {
        if i >= self.code.nlocals as usize {
            let cell = match self.frame() {
                Some(f) if !f.retired.get() => f.slot(i).get(),
                _ => self
                    .saved
                    .borrow()
                    .get(i)
                    .cloned()
                    .unwrap_or(Value::UNBOUND),
            };
            if let Some(c) = cell.downcast::<PyCell>() {
                c.content.set(v);
            }
            return;
        }
        match self.frame() {
            Some(f) if !f.retired.get() => f.slot(i).set(v),
            _ => {
                let mut saved = self.saved.borrow_mut();
                if let Some(slot) = saved.get_mut(i) {
                    let old = std::mem::replace(slot, v);
                    drop(saved);
                    drop(old);
                }
            }
        }
    }
}

impl Vm {
    /// `f_back`.
    pub fn frame_back(&self, f: &FrameObject) -> Option<Ref<FrameObject>> {
        match f.frame() {
            Some(live) => back_of(live).map(|b| self.frame_object(b)),
            None => f.back.get(),
        }
    }
    /// The namespace of a module's, class body's or exec's frame; None for a function's.
    pub fn frame_namespace(&self, f: &FrameObject) -> Option<Value> {
        let own = match f.frame() {
            Some(live) => live.locals.get(),
            None => f.locals.get(),
        };
        (!own.is_unbound()).then_some(own)
    }
    /// `f_generator`.
    pub fn frame_generator(&self, f: &FrameObject) -> Value {
        f.generator().map_or_else(|| f.owner.get(), Value::from)
    }
    /// `frame.clear()`.
    pub fn clear_frame(&self, f: &FrameObject) -> PyResult<()> {
        let Some(live) = f.frame() else {
            crate::memory::Payload::clear(f);
            return Ok(());
        };
        match live.generator() {
            Some(g) if g.state() == GenState::Suspended => {
                Err(self.runtime_error("cannot clear a suspended frame"))
            }
            Some(g) if g.state() != GenState::Running => {
                // Clearing the frame of a coroutine that never ran is giving it up.
                if g.kind == GenKind::Coroutine && g.state.get() == GenState::Created {
                    self.warn_never_awaited_value(g);
                }
                g.finish();
                Ok(())
            }
            _ => Err(self.runtime_error("cannot clear an executing frame")),
        }
    }
    /// The frame object of a generator, which is None once that is closed.
    pub fn generator_frame(&self, g: &Generator) -> Option<Ref<FrameObject>> {
        (g.state.get() != GenState::Closed).then(|| self.frame_object(&g.frame))
    }
    /// `co_flags` of the code that runs; 0 outside any.
    pub fn current_code_flags(&self) -> u32 {
        self.current_frame().map_or(0, |f| f.code.flags())
    }
    /// `f_builtins` of the code that runs.
    pub fn current_builtins(&self) -> Ref<Dict> {
        let frame = self.current_frame();
        frame.map_or_else(|| self.builtins.clone(), |f| f.function.builtins.clone())
    }
}

/// The frame that called or resumed this one, as `f_back` shows it: none while suspended, except within a running chain.
fn back_of(f: &Frame) -> Option<&Frame> {
    if let Some(g) = f.generator()
        && g.state() != GenState::Running
    {
        return None;
    }
    f.back()
}

/// The bound variables of a frame as a dict, and what was added through `f_locals`.
pub fn snapshot(vm: &Vm, f: &Ref<FrameObject>) -> Ref<Dict> {
    let d = vm.new_dict();
    for (i, name) in f.code.varnames.iter().enumerate() {
        if let Some(v) = f.variable(i) {
            vm.dict_set_str(&d, name, v);
        }
    }
    if let Some(extra) = f.extra_locals.get() {
        for (k, v) in extra.items() {
            let _ = vm.dict_insert(&d, k, v);
        }
    }
    d
}

/// `locals()` for the code that runs: its namespace, or a fresh dict of a function's variables. A comprehension's
/// are joined with those of the code around it.
pub fn locals_of_current(vm: &Vm) -> PyResult<Value> {
    let Some(f) = vm.current_frame() else {
        return Ok(vm.new_dict().into());
    };
    let own = f.locals.get();
    if !own.is_unbound() {
        return Ok(own);
    }
    let d = snapshot(vm, &vm.frame_object(f));
    if f.code.is_comprehension
        && let Some(outer) = f.back()
    {
        vm.dict_del_str(&d, &vm.intern(".0"));
        let around = outer.locals.get();
        let rest = match around.as_ref::<Dict>() {
            Some(d) => d.clone(),
            None => snapshot(vm, &vm.frame_object(outer)),
        };
        for (k, v) in rest.items() {
            if vm.dict_lookup(&d, &k)?.is_none() {
                vm.dict_insert(&d, k, v)?;
            }
        }
    }
    Ok(d.into())
}

/// `super()`: the `__class__` cell and the first argument of the function that calls; comprehensions are looked through.
pub fn super_of_caller(vm: &Vm) -> PyResult<(Value, Option<Value>)> {
    let no_frame = || vm.runtime_error("super(): no current frame");
    let mut f = vm.current_frame().ok_or_else(no_frame)?;
    let find_cell = |f: &crate::frame::Frame| {
        let code = &f.code;
        let from = code.nlocals as usize + code.ncells as usize;
        let n = code.varnames[from..]
            .iter()
            .position(|n| n.is(&vm.intern("__class__")))?;
        f.slot(from + n)
            .get()
            .downcast::<PyCell>()
            .and_then(|c| c.content.get_bound())
    };
    let class = find_cell(f);
    while f.code.is_comprehension {
        f = f.back().ok_or_else(no_frame)?;
    }
    let Some(class) = class.or_else(|| find_cell(f)) else {
        let missing = !f.code.varnames[(f.code.nlocals + f.code.ncells) as usize..]
            .iter()
            .any(|n| &**n == "__class__");
        return Err(vm.runtime_error(if missing {
            "super(): __class__ cell not found"
        } else {
            "super(): empty __class__ cell"
        }));
    };
    if f.code.argcount == 0 {
        return Err(vm.runtime_error("super(): no arguments"));
    }
    let mut first = f.slot(0).get();
    if first.is_unbound() {
        // The argument is captured, so it moved into its cell.
        let n = f.code.cell_args.iter().position(|a| *a == Some(0));
        if let Some(n) = n
            && let Some(c) = f
                .slot(f.code.nlocals as usize + n)
                .get()
                .downcast::<PyCell>()
        {
            first = c.content.get();
        }
    }
    if first.is_unbound() {
        return Err(vm.runtime_error("super(): arg[0] deleted"));
    }
    Ok((class, Some(first)))
}
