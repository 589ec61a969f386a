//! Lazily evaluated annotations (PEP 649): `__annotate__` functions.
use lasti_bytecode::opcode::{common_constant, make_function};

use super::*;
use crate::symtable::annotated;

/// An annotated variable of a class or module: name, annotation, and whether it may be skipped.
struct Variable<'a> {
    node: &'a AnnAssign,
    name: &'a Name,
    annotation: &'a Annotation,
    conditional: bool,
}

impl Compiler<'_> {
    /// Opens a scope that takes `.format` and refuses what it does not know.
    pub(super) fn enter_lazy(
        &mut self,
        name: Name,
        id: NodeId,
        role: Role,
        line: u32,
        pos: Position,
    ) {
        self.enter(name, id, role, line, pos);
        let u = self.u();
        u.argcount = 1;
        u.posonlyargcount = 1;
        u.consts.add(Const::None);
        let body = self.new_block();
        self.op_arg(Op::LoadFast, 0);
        self.load_int(2);
        self.op_arg(Op::CompareOp, CmpOp::Gt as usize);
        self.jump(Op::PopJumpIfFalse, body);
        self.op_arg(
            Op::LoadCommonConstant,
            common_constant::NOT_IMPLEMENTED_ERROR as usize,
        );
        self.op_arg(Op::RaiseVarargs, 1);
        self.use_block(body);
    }

    fn annotation_value(&mut self, a: &Annotation) -> Pass {
        if self.flags & FUTURE_ANNOTATIONS != 0 {
            self.load_const(Const::Str(crate::unparse::expression(&a.expr)));
            return Ok(());
        }
        match &a.expr.kind {
            ExprKind::Starred(value, _) => {
                self.expr(value)?;
                self.op_arg(Op::UnpackSequence, 1);
                Ok(())
            }
            _ => self.expr(&a.expr),
        }
    }

    /// Pushes a function's annotate function, when it has annotations.
    pub(super) fn function_annotations(&mut self, f: &FunctionDef, s: &Stmt) -> Pass<u32> {
        let mut all: Vec<(Name, &Annotation)> = annotated(&f.args)
            .filter_map(|a| Some((a.name.clone(), a.annotation.as_ref()?)))
            .collect();
        all.extend(f.returns.as_ref().map(|r| ("return".into(), r)));
        if all.is_empty() {
            return Ok(0);
        }
        self.enter_lazy(
            "__annotate__".into(),
            f.id,
            Role::Annotate,
            s.pos.line,
            s.pos,
        );
        for (name, annotation) in &all {
            let mangled = mangle(self.unit().private.as_deref(), name);
            self.load_str(&mangled);
            self.annotation_value(annotation)?;
        }
        self.op_arg(Op::BuildMap, all.len());
        self.op(Op::ReturnValue);
        self.close_annotate();
        Ok(make_function::ANNOTATE)
    }

    fn close_annotate(&mut self) {
        let qualname = self.unit().qualname.clone();
        let code = self.finish(true);
        self.make_closure(code, 0, &qualname);
    }

    /// At a module's start: its annotate function, which reads the set of annotations reached so far.
    pub(super) fn module_annotations(&mut self, body: &[Stmt]) -> Pass {
        let mut all = Vec::new();
        variables(body, true, &mut all);
        if all.is_empty() {
            return Ok(());
        }
        self.number_annotations(body);
        self.op_arg(Op::BuildSet, 0);
        self.store_name("__conditional_annotations__")?;
        let (line, pos) = (self.unit().line, self.unit().pos);
        self.variables_function(&all, symtable::MODULE, line, pos)?;
        self.store_name("__annotate__")
    }

    /// At a class body's end.
    pub(super) fn class_annotations(&mut self, c: &ClassDef, s: &Stmt) -> Pass {
        let mut all = Vec::new();
        variables(&c.body, false, &mut all);
        if all.is_empty() {
            return Ok(());
        }
        self.variables_function(&all, c.id, s.pos.line, s.pos)?;
        self.store_name("__annotate_func__")
    }

    fn variables_function(
        &mut self,
        all: &[Variable<'_>],
        id: NodeId,
        line: u32,
        pos: Position,
    ) -> Pass {
        self.enter_lazy("__annotate__".into(), id, Role::Annotate, line, pos);
        self.op_arg(Op::BuildMap, 0);
        let mut number = 0;
        for v in all {
            let skip = self.new_block();
            if v.conditional {
                self.load_int(number);
                number += 1;
                self.load_conditional_set();
                self.op_arg(Op::CompareOp, CmpOp::In as usize);
                self.jump(Op::PopJumpIfFalse, skip);
            }
            let mangled = mangle(self.unit().private.as_deref(), v.name);
            self.load_str(&mangled);
            self.annotation_value(v.annotation)?;
            self.op_arg(Op::MapAdd, 1);
            self.use_block(skip);
        }
        self.op(Op::ReturnValue);
        self.close_annotate();
        Ok(())
    }

    /// The set is a cell of a class, a global of a module.
    fn load_conditional_set(&mut self) {
        const NAME: &str = "__conditional_annotations__";
        if self.block().scope(NAME) == Scope::Free {
            let index = self.u().cell_index(NAME, true);
            self.op_arg(Op::LoadDeref, index);
        } else if self.block().kind == BlockType::Class {
            let index = self.u().cell_index(NAME, false);
            self.op_arg(Op::LoadDeref, index);
        } else {
            let index = self.u().names.add(&NAME.into());
            self.op_arg(
                if self.is_function() {
                    Op::LoadGlobal
                } else {
                    Op::LoadName
                },
                index,
            );
        }
    }

    pub(super) fn ann_assign(&mut self, a: &AnnAssign) -> Pass {
        if let Some(value) = &a.value {
            self.expr(value)?;
            self.expr(&a.target)?;
        }
        let evaluated = !self.is_function();
        match &a.target.kind {
            ExprKind::Name(..) if a.simple => {
                if evaluated {
                    self.note_annotation(a);
                }
                return Ok(());
            }
            ExprKind::Attribute(value, _, _) if a.value.is_none() => self.evaluate(value)?,
            ExprKind::Subscript(value, slice, _) if a.value.is_none() => {
                self.evaluate(value)?;
                self.slice(slice)?;
                self.op(Op::PopTop);
            }
            _ => {}
        }
        if evaluated && self.flags & FUTURE_ANNOTATIONS == 0 {
            self.evaluate(&a.annotation.expr)?;
        }
        Ok(())
    }

    fn evaluate(&mut self, e: &Expr) -> Pass {
        self.expr(e)?;
        self.op(Op::PopTop);
        Ok(())
    }

    /// Numbers the conditional annotations of a body that is about to be compiled.
    pub(super) fn number_annotations(&mut self, body: &[Stmt]) {
        let mut all = Vec::new();
        variables(body, self.at_top_level(), &mut all);
        let conditional = all.iter().filter(|v| v.conditional);
        let numbers = conditional.enumerate().map(|(i, v)| (address(v.node), i));
        self.u().annotation_numbers = numbers.collect();
    }

    /// Marks a conditional annotation as reached.
    fn note_annotation(&mut self, node: &AnnAssign) {
        let Some(&number) = self.unit().annotation_numbers.get(&address(node)) else {
            return;
        };
        self.load_conditional_set();
        self.load_int(number);
        self.op_arg(Op::SetAdd, 1);
        self.op(Op::PopTop);
    }
}

/// Identity of a node while the tree stands still.
fn address(node: &AnnAssign) -> usize {
    std::ptr::from_ref(node) as usize
}

/// Annotated names of a body and the blocks in it, in source order.
fn variables<'a>(body: &'a [Stmt], conditional: bool, out: &mut Vec<Variable<'a>>) {
    stacker::maybe_grow(RED_ZONE, STACK_STEP, || {
        for s in body {
            match &s.kind {
                StmtKind::AnnAssign(a) if a.simple => {
                    if let ExprKind::Name(name, _) = &a.target.kind {
                        out.push(Variable {
                            node: a,
                            name,
                            annotation: &a.annotation,
                            conditional,
                        });
                    }
                }
                StmtKind::For(f) => {
                    variables(&f.body, true, out);
                    variables(&f.orelse, true, out);
                }
                StmtKind::While(_, body, orelse) | StmtKind::If(_, body, orelse) => {
                    variables(body, true, out);
                    variables(orelse, true, out);
                }
                StmtKind::With(w) => variables(&w.body, true, out),
                StmtKind::Match(_, cases) => {
                    cases.iter().for_each(|c| variables(&c.body, true, out));
                }
                StmtKind::Try(t) => {
                    variables(&t.body, true, out);
                    t.handlers
                        .iter()
                        .for_each(|h| variables(&h.body, true, out));
                    variables(&t.orelse, true, out);
                    variables(&t.finalbody, true, out);
                }
                _ => {}
            }
        }
    });
}
