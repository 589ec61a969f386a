//! Classes and module bodies.
use lasti_bytecode::opcode::intrinsic1;

use super::*;

impl Compiler<'_> {
    pub(super) fn module_body(&mut self, body: &[Stmt]) -> Pass {
        if let Some(first) = body.first() {
            self.u().line = first.pos.line;
        }
        self.module_annotations(body)?;
        self.body(body)
    }

    /// A class or module body: docstring, then statements (compiler_body).
    fn body(&mut self, body: &[Stmt]) -> Pass {
        let mut rest = body;
        if self.options.optimize < 2
            && let Some(doc) = docstring(body)
            && let Some((first, others)) = body.split_first()
            && let StmtKind::Expr(e) = &first.kind
        {
            self.u().has_docstring = true;
            self.u().docstring = Some(doc.clone());
            self.expr(e)?;
            self.store_name("__doc__")?;
            rest = others;
        }
        self.stmts(rest)
    }

    pub(super) fn class(&mut self, c: &ClassDef, s: &Stmt) -> Pass {
        let first_line = self.decorators(&c.decorators, s.pos.line)?;
        let generic = !c.type_params.is_empty();
        if generic {
            let outer: Name = Rc::from(format!("<generic parameters of {}>", c.name));
            self.enter(outer, c.id, Role::TypeParams, first_line, s.pos);
            self.u().private = Some(c.name.clone());
            self.type_params(&c.type_params)?;
            self.store_name(".type_params")?;
        }
        let code = self.class_body(c, s, first_line)?;
        let name = code.name.clone();
        if generic {
            self.load_name(".type_params")?;
            self.op_arg(Op::CallIntrinsic1, intrinsic1::SUBSCRIPT_GENERIC as usize);
            self.store_name(".generic_base")?;
        }
        self.op(Op::LoadBuildClass);
        self.make_closure(code, 0, &name);
        self.load_str(&c.name);
        let base = generic.then_some(".generic_base");
        self.call_helper(2, &c.bases, base, &c.keywords)?;
        if generic {
            self.op(Op::ReturnValue);
            self.call_wrapper(0);
        }
        self.apply_decorators(&c.decorators);
        self.u().pos = s.pos;
        self.name_op(&c.name, Ctx::Store)
    }

    fn class_body(&mut self, c: &ClassDef, s: &Stmt, first_line: u32) -> Pass<Arc<CodeData>> {
        self.enter(c.name.clone(), c.id, Role::Body, first_line, s.pos);
        self.u().private = Some(c.name.clone());
        self.load_name("__name__")?;
        self.store_name("__module__")?;
        let qualname = self.unit().qualname.clone();
        self.load_str(&qualname);
        self.store_name("__qualname__")?;
        if !c.type_params.is_empty() {
            self.load_name(".type_params")?;
            self.store_name("__type_params__")?;
        }
        if self.block().needs_classdict {
            self.op(Op::LoadLocals);
            let index = self.u().cell_index("__classdict__", false);
            self.op_arg(Op::StoreDeref, index);
        }
        if self.block().conditional_annotations {
            self.number_annotations(&c.body);
            self.op_arg(Op::BuildSet, 0);
            let index = self.u().cell_index("__conditional_annotations__", false);
            self.op_arg(Op::StoreDeref, index);
        }
        self.body(&c.body)?;
        self.class_annotations(c, s)?;
        if self.block().needs_classdict {
            let index = self.u().cell_index("__classdict__", false);
            self.op_arg(Op::LoadClosure, index);
            self.store_name("__classdictcell__")?;
        }
        if self.block().needs_class_closure {
            let index = self.u().cell_index("__class__", false);
            self.op_arg(Op::LoadClosure, index);
            self.op(Op::DupTop);
            self.store_name("__classcell__")?;
        } else {
            self.load_const(Const::None);
        }
        self.op(Op::ReturnValue);
        Ok(self.finish(true))
    }
}
