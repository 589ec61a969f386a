//! Entering frames from Rust: functions, code with a namespace, and generators.
use super::{Outcome, Start};
use crate::frame::{Frame, Mode};
use crate::memory::{Ref, RefSlot, Slot, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::args::Args;
use crate::vm::error::{Exc, PyResult};
use lasti_bytecode::code::flags;
use std::cell::Cell;

impl Vm {
    /// Calls a Python function from Rust.
    pub fn run_function(&self, f: &Ref<Function>, args: Args) -> PyResult<Value> {
        let code = self.function_code(f)?;
        if let Some(v) = self.call_intrinsic(f, &code, &args)? {
            return Ok(v);
        }
        if is_generator(&code) {
            return self.make_generator(f, code, |frame| self.bind_args(f, frame, args));
        }
        self.guard_native_stack("")?;
        let frame = self.push_frame(f.clone(), code)?;
        if let Err(e) = self.bind_args(f, frame, args) {
            self.discard_frame(frame);
            return Err(e);
        }
        self.enter_from_rust(frame)
    }

    /// Runs a function's code with a namespace of its own: class bodies, modules, exec and eval.
    pub fn run_code(&self, f: &Ref<Function>, locals: Value) -> PyResult<Value> {
        let code = self.function_code(f)?;
        self.guard_native_stack("")?;
        if is_generator(&code) {
            return self.make_generator(f, code, |frame| {
                frame.locals.set(locals);
                Ok(())
            });
        }
        let frame = self.push_frame(f.clone(), code)?;
        frame.locals.set(locals);
        self.enter_from_rust(frame)
    }

    fn enter_from_rust(&self, frame: &Frame) -> PyResult<Value> {
        frame.mode.set(Mode::Entry);
        self.make_cells(frame);
        match self.run(frame, Start::Fresh)? {
            Outcome::Return(v) | Outcome::Yield(v) => Ok(v),
            Outcome::AsyncYield(w) => Ok(w.value.take()),
        }
    }

    pub(crate) fn function_code(&self, f: &Function) -> PyResult<Ref<Code>> {
        let code = f
            .code
            .get()
            .ok_or_else(|| self.runtime_error("function without code"))?;
        self.load_code(&code);
        Ok(code)
    }

    /// Puts a new frame on top of the running one. It is not entered yet.
    #[inline(always)]
    pub(crate) fn push_frame(&self, f: Ref<Function>, code: Ref<Code>) -> PyResult<&Frame> {
        let depth = self.depth.get();
        if depth >= self.recursion_limit.get() {
            return Err(self.recursion_error(""));
        }
        // A recursion without a loop does not look at the eval breaker.
        if !self.stack.fits(&code) {
            self.check_memory()?;
        }
        self.depth.set(depth + 1);
        let frame = self.stack.push(Frame::new(code, f, false));
        // SAFETY: it was just made.
        let frame = unsafe { crate::frame::live(frame) };
        frame.back.set(self.frame.get());
        Ok(frame)
    }

    /// Takes back a frame that was pushed and never entered.
    pub(crate) fn discard_frame(&self, frame: &Frame) {
        self.depth.set(self.depth.get() - 1);
        super::frames::discard(self, frame);
    }

    /// Makes the generator, coroutine or async generator that calling a function of that kind returns.
    pub(crate) fn make_generator(
        &self,
        f: &Ref<Function>,
        code: Ref<Code>,
        bind: impl FnOnce(&Frame) -> PyResult<()>,
    ) -> PyResult<Value> {
        let (kind, class) = if code.flags() & flags::COROUTINE != 0 {
            (GenKind::Coroutine, &self.types.coroutine)
        } else if code.flags() & flags::ASYNC_GENERATOR != 0 {
            (GenKind::AsyncGenerator, &self.types.async_generator)
        } else {
            (GenKind::Generator, &self.types.generator)
        };
        let origin = kind == GenKind::Coroutine && self.origin_depth.get() > 0;
        let slots = code.frame_slots();
        let g = Generator::new(kind, Frame::new(code, f.clone(), true));
        let g = crate::frame::place_generator(&self.heap, class, g, slots);
        g.take_names();
        if origin {
            g.set_origin(self.coroutine_origin());
        }
        if let Err(e) = bind(&g.frame) {
            g.finish();
            return Err(e);
        }
        self.make_cells(&g.frame);
        if kind == GenKind::Coroutine {
            // "was never awaited" is due if it is dropped like this.
            crate::memory::Heap::set_finalize(g.as_value(), true);
        }
        Ok(g.into())
    }

    /// `cr_origin`: the frames from the caller outwards, `origin_depth` at most.
    fn coroutine_origin(&self) -> Value {
        let mut rows = Vec::new();
        let frames = std::iter::successors(self.current_frame(), |f| f.back());
        for f in frames.take(self.origin_depth.get() as usize) {
            let line = self.new_int(f.line() as i64);
            rows.push(self.tuple_value([f.code.filename.value(), line, f.code.name.value()]));
        }
        self.new_tuple(rows).into()
    }

    /// A function object over a code object, as modules, exec and class bodies run one.
    pub fn function_of_code(&self, code: &Ref<Code>, globals: &Ref<Dict>) -> Ref<Function> {
        let builtins = self.builtins_of(globals);
        self.heap.alloc(
            &self.types.function,
            Function {
                code: RefSlot::new(Some(code.clone())),
                globals: globals.clone(),
                builtins,
                closure: None,
                defaults: RefSlot::default(),
                kwdefaults: RefSlot::default(),
                name: Slot::new(code.name.value()),
                qualname: Slot::new(code.qualname.value()),
                doc: Slot::new(Value::NONE),
                module: Slot::new(Value::NONE),
                annotations: Slot::empty(),
                annotate: Slot::new(Value::NONE),
                type_params: Slot::new(self.empty_tuple.value()),
                dict: RefSlot::default(),
                version: Cell::new(0),
            },
        )
    }

    /// The builtins that code with these globals sees (`__builtins__` may be a module or a dict).
    pub fn builtins_of(&self, globals: &Dict) -> Ref<Dict> {
        match self.dict_get_str(globals, &self.names.builtins) {
            Some(b) => match (b.as_ref::<Dict>(), b.downcast::<Module>()) {
                (Some(d), _) => d.clone(),
                (_, Some(m)) => m.dict.clone(),
                _ => self.builtins.clone(),
            },
            None => self.builtins.clone(),
        }
    }

    /// Globals of the Python code that runs.
    pub fn current_globals(&self) -> Option<Ref<Dict>> {
        self.current_frame().map(|f| f.function.globals.clone())
    }

    /// Runs source text as a module's code would be, in the given globals.
    pub fn exec_source(
        &self,
        source: &[u8],
        filename: &str,
        globals: &Ref<Dict>,
    ) -> PyResult<Value> {
        let code = self.compile(source, filename, lasti_compiler::Mode::Exec)?;
        self.exec_code(&code, globals)
    }

    /// Runs a module's code in the given globals.
    pub fn exec_code(&self, code: &Ref<Code>, globals: &Ref<Dict>) -> PyResult<Value> {
        if self.dict_get_str(globals, &self.names.builtins).is_none()
            && let Some(m) = self.dict_get(&self.modules, "builtins")
        {
            self.dict_set_str(globals, &self.names.builtins, m);
        }
        self.run_code(&self.function_of_code(code, globals), globals.value())
    }

    /// Compiles source to a code object; a compile error comes as the SyntaxError it stands for.
    pub fn compile(
        &self,
        source: &[u8],
        filename: &str,
        mode: lasti_compiler::Mode,
    ) -> PyResult<Ref<Code>> {
        let options = lasti_compiler::Options {
            optimize: self.flags.optimize,
            ..Default::default()
        };
        self.compile_with(source, filename, mode, options)
    }

    pub fn compile_with(
        &self,
        source: &[u8],
        filename: &str,
        mode: lasti_compiler::Mode,
        options: lasti_compiler::Options,
    ) -> PyResult<Ref<Code>> {
        match lasti_compiler::compile_bytes(source, filename, mode, &options) {
            Ok(data) => Ok(self.new_code(&data)),
            Err(e) => Err(self.syntax_error(&e)),
        }
    }

    /// The exception that a compile error stands for.
    pub fn syntax_error(&self, e: &lasti_compiler::CompileError) -> Exc {
        use lasti_compiler::ErrorKind::*;
        let class = match e.kind {
            Syntax => &self.exc.syntax_error,
            Indentation => &self.exc.indentation_error,
            Tab => &self.exc.tab_error,
            Value => return self.value_error(&e.msg),
            _ => return self.new_exception(&self.exc.memory_error, &e.msg),
        };
        let int = |n: u32| self.new_int(n as i64);
        // Errors of a tree have no text: the line is the file's, if there is one.
        let of_file = || self.host.source_line(&e.filename, e.lineno);
        let text = e.text.clone().or_else(of_file);
        let text = text.map_or(crate::memory::Value::NONE, |t| self.str_value(&t));
        let fields = [
            self.str_value(&e.msg),
            self.name_value(&e.filename),
            int(e.lineno),
            int(e.offset),
            text,
            int(e.end_lineno),
            e.end_offset.map_or(crate::memory::Value::NONE, |n| {
                self.new_int((n as i32).into())
            }),
        ];
        let details = self.new_tuple(fields[1..].to_vec());
        let exc =
            self.new_exception_args(class, self.new_tuple([fields[0].clone(), details.into()]));
        if let Some(x) = exc.0.downcast::<Exception>() {
            for (i, v) in fields.into_iter().enumerate() {
                x.set_field(i, v);
            }
        }
        exc
    }
}

pub(crate) fn is_generator(code: &Code) -> bool {
    let any = flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR;
    code.flags() & any != 0
}
