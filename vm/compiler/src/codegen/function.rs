//! Functions and lambdas.
use lasti_bytecode::opcode::{intrinsic2, make_function};

use super::*;

impl Compiler<'_> {
    /// Pushes decorators; gives the line where the definition begins.
    pub(super) fn decorators(&mut self, decorators: &[Expr], line: u32) -> Pass<u32> {
        self.exprs(decorators)?;
        Ok(decorators.first().map_or(line, |d| d.line))
    }

    pub(super) fn apply_decorators(&mut self, decorators: &[Expr]) {
        for d in decorators.iter().rev() {
            self.u().pos = d.pos;
            self.op_arg(Op::CallFunction, 1);
        }
    }

    /// Pushes default values; gives the bits for MAKE_FUNCTION.
    fn defaults(&mut self, args: &Arguments) -> Pass<u32> {
        let mut flags = 0;
        if !args.defaults.is_empty() {
            self.exprs(&args.defaults)?;
            self.op_arg(Op::BuildTuple, args.defaults.len());
            flags |= make_function::DEFAULTS;
        }
        let mut keys = Vec::new();
        for (arg, default) in args.kwonly.iter().zip(&args.kw_defaults) {
            if let Some(default) = default {
                let mangled = mangle(self.unit().private.as_deref(), &arg.name);
                keys.push(Const::Str(crate::literal::wtf8(
                    mangled.as_bytes().to_vec(),
                )));
                self.expr(default)?;
            }
        }
        if !keys.is_empty() {
            let n = keys.len();
            self.load_const(Const::Tuple(keys.into()));
            self.op_arg(Op::BuildConstKeyMap, n);
            flags |= make_function::KWDEFAULTS;
        }
        Ok(flags)
    }

    fn set_argcounts(&mut self, args: &Arguments) {
        let u = self.u();
        u.argcount = (args.posonly.len() + args.args.len()) as u32;
        u.posonlyargcount = args.posonly.len() as u32;
        u.kwonlyargcount = args.kwonly.len() as u32;
    }

    pub(super) fn function(&mut self, f: &FunctionDef, s: &Stmt) -> Pass {
        let first_line = self.decorators(&f.decorators, s.pos.line)?;
        let flags = self.defaults(&f.args)?;
        let generic = !f.type_params.is_empty();
        if generic {
            let outer: Name = Rc::from(format!("<generic parameters of {}>", f.name));
            self.enter(outer, f.id, Role::TypeParams, first_line, s.pos);
            self.type_params(&f.type_params)?;
            let passed = flags.count_ones();
            self.u().argcount = passed;
            for i in 0..passed {
                self.op_arg(Op::LoadFast, i as usize);
            }
        }
        self.function_object(f, s, first_line, flags)?;
        if generic {
            self.op(Op::RotTwo);
            self.op_arg(
                Op::CallIntrinsic2,
                intrinsic2::SET_FUNCTION_TYPE_PARAMS as usize,
            );
            self.op(Op::ReturnValue);
            self.call_wrapper(flags.count_ones() as usize);
        }
        self.apply_decorators(&f.decorators);
        self.u().pos = s.pos;
        self.name_op(&f.name, Ctx::Store)
    }

    /// Closes a type-parameter scope and calls it with the `n` values on the stack.
    pub(super) fn call_wrapper(&mut self, n: usize) {
        let qualname = self.unit().qualname.clone();
        let code = self.finish(true);
        self.make_closure(code, 0, &qualname);
        match n {
            0 => {}
            1 => self.op(Op::RotTwo),
            _ => self.op(Op::RotThree),
        }
        self.op_arg(Op::CallFunction, n);
    }

    fn function_object(&mut self, f: &FunctionDef, s: &Stmt, first_line: u32, flags: u32) -> Pass {
        let flags = flags | self.function_annotations(f, s)?;
        self.enter(f.name.clone(), f.id, Role::Body, first_line, s.pos);
        self.u().is_async = f.is_async;
        let doc = docstring(&f.body).filter(|_| self.options.optimize < 2);
        let u = self.u();
        u.consts.add(doc.cloned().unwrap_or(Const::None));
        u.has_docstring = doc.is_some();
        u.docstring = doc.cloned();
        self.set_argcounts(&f.args);
        self.stmts(&f.body)?;
        let qualname = self.unit().qualname.clone();
        let code = self.finish(true);
        self.make_closure(code, flags, &qualname);
        Ok(())
    }

    pub(super) fn lambda(&mut self, l: &Lambda, e: &Expr) -> Pass {
        let flags = self.defaults(&l.args)?;
        self.enter("<lambda>".into(), l.id, Role::Body, e.line, e.pos);
        self.u().consts.add(Const::None);
        self.set_argcounts(&l.args);
        self.expr(&l.body)?;
        let generator = self.block().generator;
        if !generator {
            self.op(Op::ReturnValue);
        }
        let qualname = self.unit().qualname.clone();
        let code = self.finish(!generator);
        self.make_closure(code, flags, &qualname);
        Ok(())
    }
}
