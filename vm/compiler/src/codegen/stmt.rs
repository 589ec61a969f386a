//! Statements other than definitions, `try`, `with` and `match`.
use super::expr::inplace;
use super::*;

impl Compiler<'_> {
    pub(super) fn stmt_kind(&mut self, s: &Stmt) -> Pass {
        match &s.kind {
            StmtKind::FunctionDef(f) => self.function(f, s),
            StmtKind::ClassDef(c) => self.class(c, s),
            StmtKind::Return(value) => self.return_(value.as_ref(), s.pos),
            StmtKind::Delete(targets) => self.exprs(targets),
            StmtKind::Assign(targets, value) => {
                self.expr(value)?;
                let last = targets.len() - 1;
                for (i, target) in targets.iter().enumerate() {
                    if i < last {
                        self.op(Op::DupTop);
                    }
                    self.expr(target)?;
                }
                Ok(())
            }
            StmtKind::AugAssign(target, op, value) => self.aug_assign(target, *op, value),
            StmtKind::AnnAssign(a) => self.ann_assign(a),
            StmtKind::TypeAlias(t) => self.type_alias(t),
            StmtKind::For(f) if f.is_async => self.async_for(f, s.pos),
            StmtKind::For(f) => self.for_(f),
            StmtKind::While(test, body, orelse) => self.while_(test, body, orelse),
            StmtKind::If(test, body, orelse) => self.if_(test, body, orelse),
            StmtKind::With(w) => self.with(w, s.pos),
            StmtKind::Match(subject, cases) => self.match_(subject, cases),
            StmtKind::Raise(exc, cause) => {
                let mut n = 0;
                for e in [exc, cause].into_iter().flatten() {
                    self.expr(e)?;
                    n += 1;
                }
                self.op_arg(Op::RaiseVarargs, n);
                Ok(())
            }
            StmtKind::Try(t) => self.try_(t, s.pos),
            StmtKind::Assert(test, msg) => self.assert(test, msg.as_ref()),
            StmtKind::Import(names) => self.import(names),
            StmtKind::ImportFrom(i) => self.import_from(i, s.pos),
            StmtKind::Global(_) | StmtKind::Nonlocal(_) | StmtKind::Pass => Ok(()),
            StmtKind::Expr(e) => self.expr_stmt(e),
            StmtKind::Break => self.break_(s.pos),
            StmtKind::Continue => self.continue_(s.pos),
        }
    }

    fn expr_stmt(&mut self, e: &Expr) -> Pass {
        if self.interactive && self.units.len() <= 1 {
            self.expr(e)?;
            self.op(Op::PrintExpr);
        } else if e.as_const().is_none() {
            self.expr(e)?;
            self.op(Op::PopTop);
        }
        Ok(())
    }

    fn aug_assign(&mut self, target: &Expr, op: BinOp, value: &Expr) -> Pass {
        match &target.kind {
            ExprKind::Name(name, _) => {
                self.name_op(name, Ctx::Load)?;
                self.expr(value)?;
                self.op(inplace(op));
                self.name_op(name, Ctx::Store)
            }
            ExprKind::Attribute(object, attr, _) => {
                self.at(target, |c| {
                    c.expr(object)?;
                    c.op(Op::DupTop);
                    c.op_name(Op::LoadAttr, attr);
                    Ok(())
                })?;
                self.expr(value)?;
                self.op(inplace(op));
                self.note_static_attribute(object, attr);
                self.at(target, |c| {
                    c.op(Op::RotTwo);
                    c.op_name(Op::StoreAttr, attr);
                    Ok(())
                })
            }
            ExprKind::Subscript(object, slice, _) => {
                self.at(target, |c| {
                    c.expr(object)?;
                    c.slice(slice)?;
                    c.op(Op::DupTopTwo);
                    c.op(Op::BinarySubscr);
                    Ok(())
                })?;
                self.expr(value)?;
                self.op(inplace(op));
                self.at(target, |c| {
                    c.op(Op::RotThree);
                    c.op(Op::StoreSubscr);
                    Ok(())
                })
            }
            _ => Err(Fault::syntax("invalid syntax", target.pos)),
        }
    }

    /// Runs `f` as if visiting the expression `e` (line bookkeeping of compiler_visit_expr).
    fn at(&mut self, e: &Expr, f: impl FnOnce(&mut Self) -> Pass) -> Pass {
        let u = self.u();
        let (old_line, old_pos) = (u.line, u.pos);
        if e.line != u.line {
            u.line = e.line;
            u.line_set = false;
        }
        u.pos = e.pos;
        let result = f(self);
        let u = self.u();
        if old_line != u.line {
            u.line = old_line;
            u.line_set = false;
        }
        u.pos = old_pos;
        result
    }

    fn for_(&mut self, f: &For) -> Pass {
        let start = self.new_block();
        let cleanup = self.new_block();
        let end = self.new_block();
        self.push_fblock(FBlockKind::ForLoop, start, Some(end));
        self.expr(&f.iter)?;
        self.op(Op::GetIter);
        self.use_block(start);
        self.jump(Op::ForIter, cleanup);
        self.expr(&f.target)?;
        self.stmts(&f.body)?;
        self.jump(Op::JumpAbsolute, start);
        self.use_block(cleanup);
        self.pop_fblock();
        self.stmts(&f.orelse)?;
        self.use_block(end);
        Ok(())
    }

    fn async_for(&mut self, f: &For, pos: Position) -> Pass {
        self.need_async("'async for' outside async function", pos)?;
        let start = self.new_block();
        let except = self.new_block();
        let end = self.new_block();
        self.expr(&f.iter)?;
        self.op(Op::GetAiter);
        self.use_block(start);
        self.push_fblock(FBlockKind::ForLoop, start, Some(end));
        self.jump(Op::SetupFinally, except);
        self.op(Op::GetAnext);
        self.yield_from_tos();
        self.op(Op::PopBlock);
        self.expr(&f.target)?;
        self.stmts(&f.body)?;
        self.jump(Op::JumpAbsolute, start);
        self.pop_fblock();
        self.use_block(except);
        self.op(Op::EndAsyncFor);
        self.stmts(&f.orelse)?;
        self.use_block(end);
        Ok(())
    }

    pub(super) fn need_async(&mut self, msg: &str, pos: Position) -> Pass {
        let top = self.options.allow_top_level_await && self.at_top_level();
        if top || self.unit().is_async {
            if top {
                self.u().top_level_await = true;
            }
            return Ok(());
        }
        Err(Fault::syntax(msg, pos))
    }

    fn while_(&mut self, test: &Expr, body: &[Stmt], orelse: &[Stmt]) -> Pass {
        let constant = truth(test);
        if constant == Some(false) {
            // The dummy loop lets `break` in the body pass the checks.
            let dummy = BlockId(0);
            self.push_fblock(FBlockKind::WhileLoop, dummy, Some(dummy));
            self.dead(body)?;
            self.pop_fblock();
            return self.stmts(orelse);
        }
        let start = self.new_block();
        let end = self.new_block();
        let anchor = constant.is_none().then(|| self.new_block());
        self.use_block(start);
        self.push_fblock(FBlockKind::WhileLoop, start, Some(end));
        if let Some(anchor) = anchor {
            self.jump_if(test, anchor, false)?;
        }
        self.stmts(body)?;
        self.jump(Op::JumpAbsolute, start);
        if let Some(anchor) = anchor {
            self.use_block(anchor);
        }
        self.pop_fblock();
        self.stmts(orelse)?;
        self.use_block(end);
        Ok(())
    }

    fn if_(&mut self, test: &Expr, body: &[Stmt], orelse: &[Stmt]) -> Pass {
        let end = self.new_block();
        match truth(test) {
            Some(false) => {
                self.dead(body)?;
                self.stmts(orelse)?;
            }
            Some(true) => {
                self.stmts(body)?;
                self.dead(orelse)?;
            }
            None => {
                let next = if orelse.is_empty() {
                    end
                } else {
                    self.new_block()
                };
                self.jump_if(test, next, false)?;
                self.stmts(body)?;
                if !orelse.is_empty() {
                    self.jump(Op::JumpForward, end);
                    self.use_block(next);
                    self.stmts(orelse)?;
                }
            }
        }
        self.use_block(end);
        Ok(())
    }

    fn assert(&mut self, test: &Expr, msg: Option<&Expr>) -> Pass {
        if self.options.optimize > 0 {
            return Ok(());
        }
        let end = self.new_block();
        self.jump_if(test, end, true)?;
        if self.muted == 0 {
            let index = self.u().names.add(&"AssertionError".into());
            self.op_arg(Op::LoadGlobal, index);
        }
        if let Some(msg) = msg {
            self.expr(msg)?;
            self.op_arg(Op::CallFunction, 1);
        }
        self.op_arg(Op::RaiseVarargs, 1);
        self.use_block(end);
        Ok(())
    }

    fn import(&mut self, names: &[Alias]) -> Pass {
        for alias in names {
            self.load_int(0);
            self.load_const(Const::None);
            self.op_name(Op::ImportName, &alias.name);
            match &alias.asname {
                Some(asname) => self.import_as(&alias.name, asname)?,
                None => {
                    let first = alias.name.split('.').next().expect("split yields once");
                    self.store_name(first)?;
                }
            }
        }
        Ok(())
    }

    fn import_as(&mut self, name: &Name, asname: &Name) -> Pass {
        let mut rest = name.split('.').skip(1).peekable();
        if rest.peek().is_none() {
            return self.name_op(asname, Ctx::Store);
        }
        while let Some(attr) = rest.next() {
            self.op_name(Op::ImportFrom, &attr.into());
            if rest.peek().is_some() {
                self.op(Op::RotTwo);
                self.op(Op::PopTop);
            }
        }
        self.name_op(asname, Ctx::Store)?;
        self.op(Op::PopTop);
        Ok(())
    }

    fn import_from(&mut self, i: &ImportFrom, pos: Position) -> Pass {
        let module: Name = i.module.clone().unwrap_or_else(|| "".into());
        if pos.line > self.future_line && i.level == 0 && &*module == "__future__" {
            let msg = "from __future__ imports must occur at the beginning of the file";
            return Err(Fault::syntax(msg, pos));
        }
        self.load_int(i.level as usize);
        let text = |n: &Name| Const::Str(crate::literal::wtf8(n.as_bytes().to_vec()));
        let names: Vec<Const> = i.names.iter().map(|a| text(&a.name)).collect();
        self.load_const(Const::Tuple(names.into()));
        self.op_name(Op::ImportName, &module);
        for alias in &i.names {
            if &*alias.name == "*" {
                self.op(Op::ImportStar);
                return Ok(());
            }
            self.op_name(Op::ImportFrom, &alias.name);
            self.name_op(alias.asname.as_ref().unwrap_or(&alias.name), Ctx::Store)?;
        }
        self.op(Op::PopTop);
        Ok(())
    }
}

/// Truth of a constant test (expr_constant).
fn truth(e: &Expr) -> Option<bool> {
    e.as_const().map(crate::fold::is_true)
}
