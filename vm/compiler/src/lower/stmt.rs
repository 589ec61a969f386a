//! Statements.
use super::*;
use crate::lower::expr::operator;

impl Lower<'_> {
    pub(super) fn body(&mut self, body: &[ruff::Stmt]) -> Pass<Vec<Stmt>> {
        let mut out = Vec::with_capacity(body.len());
        for s in body {
            out.push(self.stmt(s)?);
        }
        Ok(out)
    }

    fn stmt(&mut self, s: &ruff::Stmt) -> Pass<Stmt> {
        let range = s.range();
        self.deeper(range, |l| {
            let kind = l.stmt_kind(s)?;
            let range = match s {
                ruff::Stmt::FunctionDef(f) => {
                    l.with_semicolon(l.after_decorators(range, &f.decorator_list))
                }
                ruff::Stmt::ClassDef(c) => {
                    l.with_semicolon(l.after_decorators(range, &c.decorator_list))
                }
                ruff::Stmt::For(_)
                | ruff::Stmt::While(_)
                | ruff::Stmt::If(_)
                | ruff::Stmt::With(_)
                | ruff::Stmt::Match(_)
                | ruff::Stmt::Try(_) => l.with_semicolon(range),
                _ => range,
            };
            Ok(Stmt {
                kind,
                pos: l.pos(range),
            })
        })
    }

    /// A block that ends in a semicolon holds it.
    fn with_semicolon(&self, range: TextRange) -> TextRange {
        let mut at = range.end().to_usize();
        let bytes = self.source.as_bytes();
        loop {
            match bytes.get(at) {
                Some(b' ' | b'\t' | b'\x0c') => at += 1,
                Some(b'\\') if bytes.get(at + 1) == Some(&b'\n') => at += 2,
                Some(b';') => return TextRange::new(range.start(), (at as u32 + 1).into()),
                _ => return range,
            }
        }
    }

    /// A decorated definition's node starts at its keyword in CPython.
    fn after_decorators(&self, range: TextRange, decorators: &[ruff::Decorator]) -> TextRange {
        let Some(last) = decorators.last() else {
            return range;
        };
        let mut at = last.range.end().to_usize();
        let bytes = self.source.as_bytes();
        while at < range.end().to_usize() {
            match bytes[at] {
                b'#' => {
                    while at < bytes.len() && bytes[at] != b'\n' {
                        at += 1;
                    }
                }
                b' ' | b'\t' | b'\n' | b'\x0c' | b'\\' | b'\r' | b')' => at += 1,
                _ => break,
            }
        }
        TextRange::new((at as u32).into(), range.end())
    }

    fn names_of(&mut self, names: &[ruff::Identifier]) -> Vec<Name> {
        names.iter().map(|n| self.name(n)).collect()
    }

    fn decorators(&mut self, list: &[ruff::Decorator]) -> Pass<Vec<Expr>> {
        list.iter().map(|d| self.expr(&d.expression)).collect()
    }

    fn aliases(&mut self, names: &[ruff::Alias]) -> Vec<Alias> {
        names
            .iter()
            .map(|a| Alias {
                name: self.name(&a.name),
                asname: a.asname.as_ref().map(|n| self.name(n)),
                pos: self.pos(a.range),
            })
            .collect()
    }

    fn stmt_kind(&mut self, s: &ruff::Stmt) -> Pass<StmtKind> {
        use ruff::Stmt as S;
        Ok(match s {
            S::FunctionDef(n) => StmtKind::FunctionDef(Box::new(FunctionDef {
                id: self.id(),
                name: self.name(&n.name),
                is_async: n.is_async,
                decorators: self.decorators(&n.decorator_list)?,
                type_params: self.type_params(n.type_params.as_deref())?,
                args: self.arguments(&n.parameters)?,
                returns: n
                    .returns
                    .as_deref()
                    .map(|r| self.annotation(r))
                    .transpose()?,
                body: self.body(&n.body)?,
            })),
            S::ClassDef(n) => {
                let id = self.id();
                let decorators = self.decorators(&n.decorator_list)?;
                let type_params = self.type_params(n.type_params.as_deref())?;
                let (bases, keywords) = match &n.arguments {
                    Some(a) => self.call_arguments(a)?,
                    None => (Vec::new(), Vec::new()),
                };
                StmtKind::ClassDef(Box::new(ClassDef {
                    id,
                    name: self.name(&n.name),
                    decorators,
                    type_params,
                    bases,
                    keywords,
                    body: self.body(&n.body)?,
                }))
            }
            S::Return(n) => StmtKind::Return(self.optional(n.value.as_deref())?),
            S::Delete(n) => StmtKind::Delete(self.exprs(&n.targets)?),
            S::Assign(n) => StmtKind::Assign(self.exprs(&n.targets)?, self.expr(&n.value)?),
            S::AugAssign(n) => {
                StmtKind::AugAssign(self.expr(&n.target)?, operator(n.op), self.expr(&n.value)?)
            }
            S::AnnAssign(n) => StmtKind::AnnAssign(Box::new(AnnAssign {
                target: self.expr(&n.target)?,
                annotation: self.annotation(&n.annotation)?,
                value: self.optional(n.value.as_deref())?,
                simple: n.simple,
            })),
            S::TypeAlias(n) => StmtKind::TypeAlias(Box::new(TypeAlias {
                id: self.id(),
                name: self.expr(&n.name)?,
                type_params: self.type_params(n.type_params.as_deref())?,
                value: self.expr(&n.value)?,
            })),
            S::For(n) => StmtKind::For(Box::new(For {
                is_async: n.is_async,
                target: self.expr(&n.target)?,
                iter: self.expr(&n.iter)?,
                body: self.body(&n.body)?,
                orelse: self.body(&n.orelse)?,
            })),
            S::While(n) => StmtKind::While(
                self.expr(&n.test)?,
                self.body(&n.body)?,
                self.body(&n.orelse)?,
            ),
            S::If(n) => {
                let test = self.expr(&n.test)?;
                let body = self.body(&n.body)?;
                let end = n.range.end();
                StmtKind::If(test, body, self.elif(&n.elif_else_clauses, end)?)
            }
            S::With(n) => {
                let mut items = Vec::with_capacity(n.items.len());
                for item in &n.items {
                    items.push(WithItem {
                        context: self.expr(&item.context_expr)?,
                        target: self.optional(item.optional_vars.as_deref())?,
                    });
                }
                let body = self.body(&n.body)?;
                StmtKind::With(Box::new(With {
                    is_async: n.is_async,
                    items,
                    body,
                }))
            }
            S::Match(n) => {
                let subject = self.expr(&n.subject)?;
                let mut cases = Vec::with_capacity(n.cases.len());
                for case in &n.cases {
                    cases.push(MatchCase {
                        pattern: self.pattern(&case.pattern)?,
                        guard: self.optional(case.guard.as_deref())?,
                        body: self.body(&case.body)?,
                    });
                }
                StmtKind::Match(subject, cases)
            }
            S::Raise(n) => StmtKind::Raise(
                self.optional(n.exc.as_deref())?,
                self.optional(n.cause.as_deref())?,
            ),
            S::Try(n) => {
                let body = self.body(&n.body)?;
                let mut handlers = Vec::with_capacity(n.handlers.len());
                for ruff::ExceptHandler::ExceptHandler(h) in &n.handlers {
                    handlers.push(Handler {
                        type_: self.optional(h.type_.as_deref())?,
                        name: h.name.as_ref().map(|n| self.name(n)),
                        body: self.body(&h.body)?,
                        pos: self.pos(self.with_semicolon(h.range)),
                    });
                }
                StmtKind::Try(Box::new(Try {
                    body,
                    handlers,
                    orelse: self.body(&n.orelse)?,
                    finalbody: self.body(&n.finalbody)?,
                    is_star: n.is_star,
                }))
            }
            S::Assert(n) => StmtKind::Assert(self.expr(&n.test)?, self.optional(n.msg.as_deref())?),
            S::Import(n) => StmtKind::Import(self.aliases(&n.names)),
            S::ImportFrom(n) => StmtKind::ImportFrom(Box::new(ImportFrom {
                module: n.module.as_ref().map(|m| self.name(m)),
                names: self.aliases(&n.names),
                level: n.level,
            })),
            S::Global(n) => StmtKind::Global(self.names_of(&n.names)),
            S::Nonlocal(n) => StmtKind::Nonlocal(self.names_of(&n.names)),
            S::Expr(n) => StmtKind::Expr(self.expr(&n.value)?),
            S::Pass(_) => StmtKind::Pass,
            S::Break(_) => StmtKind::Break,
            S::Continue(_) => StmtKind::Continue,
            S::IpyEscapeCommand(n) => {
                return Err(Fault::syntax("invalid syntax", self.pos(n.range)));
            }
        })
    }

    /// `elif` chains nest in CPython's tree.
    fn elif(
        &mut self,
        clauses: &[ruff::ElifElseClause],
        end: ruff_text_size::TextSize,
    ) -> Pass<Vec<Stmt>> {
        let Some((first, rest)) = clauses.split_first() else {
            return Ok(Vec::new());
        };
        let Some(test) = &first.test else {
            return self.body(&first.body);
        };
        let range = self.with_semicolon(TextRange::new(first.range.start(), end));
        self.deeper(range, |l| {
            let test = l.expr(test)?;
            let body = l.body(&first.body)?;
            let orelse = l.elif(rest, end)?;
            Ok(vec![Stmt {
                kind: StmtKind::If(test, body, orelse),
                pos: l.pos(range),
            }])
        })
    }

    fn type_params(&mut self, params: Option<&ruff::TypeParams>) -> Pass<Vec<TypeParam>> {
        let Some(params) = params else {
            return Ok(Vec::new());
        };
        let mut out = Vec::with_capacity(params.type_params.len());
        for p in &params.type_params {
            let id = self.id();
            let pos = self.pos(p.range());
            let (name, kind, default) = match p {
                ruff::TypeParam::TypeVar(t) => (
                    &t.name,
                    TypeParamKind::TypeVar(self.optional(t.bound.as_deref())?),
                    &t.default,
                ),
                ruff::TypeParam::TypeVarTuple(t) => {
                    (&t.name, TypeParamKind::TypeVarTuple, &t.default)
                }
                ruff::TypeParam::ParamSpec(t) => (&t.name, TypeParamKind::ParamSpec, &t.default),
            };
            let default = self.optional(default.as_deref())?;
            out.push(TypeParam {
                id,
                name: self.name(name),
                kind,
                default,
                pos,
            });
        }
        Ok(out)
    }
}
