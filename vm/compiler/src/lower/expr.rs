//! Expressions, calls, parameters and comprehensions.
use super::*;
use crate::literal;

fn context(ctx: ruff::ExprContext) -> Ctx {
    match ctx {
        ruff::ExprContext::Store => Ctx::Store,
        ruff::ExprContext::Del => Ctx::Del,
        ruff::ExprContext::Load | ruff::ExprContext::Invalid => Ctx::Load,
    }
}

pub(super) fn operator(op: ruff::Operator) -> BinOp {
    use ruff::Operator as O;
    match op {
        O::Add => BinOp::Add,
        O::Sub => BinOp::Sub,
        O::Mult => BinOp::Mult,
        O::MatMult => BinOp::MatMult,
        O::Div => BinOp::Div,
        O::Mod => BinOp::Mod,
        O::Pow => BinOp::Pow,
        O::LShift => BinOp::LShift,
        O::RShift => BinOp::RShift,
        O::BitOr => BinOp::BitOr,
        O::BitXor => BinOp::BitXor,
        O::BitAnd => BinOp::BitAnd,
        O::FloorDiv => BinOp::FloorDiv,
    }
}

fn comparison(op: ruff::CmpOp) -> CmpOp {
    use ruff::CmpOp as C;
    match op {
        C::Eq => CmpOp::Eq,
        C::NotEq => CmpOp::NotEq,
        C::Lt => CmpOp::Lt,
        C::LtE => CmpOp::LtE,
        C::Gt => CmpOp::Gt,
        C::GtE => CmpOp::GtE,
        C::Is => CmpOp::Is,
        C::IsNot => CmpOp::IsNot,
        C::In => CmpOp::In,
        C::NotIn => CmpOp::NotIn,
    }
}

impl Lower<'_> {
    pub(super) fn expr(&mut self, e: &ruff::Expr) -> Pass<Expr> {
        let range = e.range();
        self.deeper(range, |l| {
            let kind = l.expr_kind(e)?;
            Ok(l.make(kind, range))
        })
    }

    fn expr_kind(&mut self, e: &ruff::Expr) -> Pass<ExprKind> {
        use ruff::Expr as E;
        Ok(match e {
            E::BoolOp(n) => {
                let op = match n.op {
                    ruff::BoolOp::And => BoolOp::And,
                    ruff::BoolOp::Or => BoolOp::Or,
                };
                ExprKind::BoolOp(op, self.exprs(&n.values)?)
            }
            E::Named(n) => ExprKind::Named(self.boxed(&n.target)?, self.boxed(&n.value)?),
            E::BinOp(n) => {
                ExprKind::BinOp(self.boxed(&n.left)?, operator(n.op), self.boxed(&n.right)?)
            }
            E::UnaryOp(n) => {
                let op = match n.op {
                    ruff::UnaryOp::Invert => UnaryOp::Invert,
                    ruff::UnaryOp::Not => UnaryOp::Not,
                    ruff::UnaryOp::UAdd => UnaryOp::UAdd,
                    ruff::UnaryOp::USub => UnaryOp::USub,
                };
                ExprKind::UnaryOp(op, self.boxed(&n.operand)?)
            }
            E::Lambda(n) => {
                let id = self.id();
                let args = match &n.parameters {
                    Some(p) => self.arguments(p)?,
                    None => Arguments::default(),
                };
                let body = self.expr(&n.body)?;
                ExprKind::Lambda(Box::new(Lambda { id, args, body }))
            }
            E::If(n) => ExprKind::IfExp(
                self.boxed(&n.test)?,
                self.boxed(&n.body)?,
                self.boxed(&n.orelse)?,
            ),
            E::Dict(n) => {
                let mut items = Vec::with_capacity(n.items.len());
                for item in &n.items {
                    items.push((self.optional(item.key.as_ref())?, self.expr(&item.value)?));
                }
                ExprKind::Dict(items)
            }
            E::Set(n) => ExprKind::Set(self.exprs(&n.elts)?),
            E::ListComp(n) => self.comp(CompKind::List, &n.elt, None, &n.generators)?,
            E::SetComp(n) => self.comp(CompKind::Set, &n.elt, None, &n.generators)?,
            E::Generator(n) => self.comp(CompKind::Generator, &n.elt, None, &n.generators)?,
            E::DictComp(n) => match &n.key {
                Some(key) => self.comp(CompKind::Dict, key, Some(&n.value), &n.generators)?,
                None => {
                    let msg = "dict unpacking cannot be used in dict comprehension";
                    return Err(Fault::syntax(msg, self.pos(n.value.range())));
                }
            },
            E::Await(n) => ExprKind::Await(self.boxed(&n.value)?),
            E::Yield(n) => ExprKind::Yield(n.value.as_deref().map(|v| self.boxed(v)).transpose()?),
            E::YieldFrom(n) => ExprKind::YieldFrom(self.boxed(&n.value)?),
            E::Compare(n) => ExprKind::Compare(
                self.boxed(&n.left)?,
                n.ops.iter().map(|&op| comparison(op)).collect(),
                self.exprs(&n.comparators[..])?,
            ),
            E::Call(n) => {
                let func = self.expr(&n.func)?;
                let (args, keywords) = self.call_arguments(&n.arguments)?;
                ExprKind::Call(Box::new(Call {
                    func,
                    args,
                    keywords,
                }))
            }
            E::FString(n) => self.fstring(n)?,
            E::TString(n) => self.tstring(n)?,
            E::StringLiteral(n) => {
                let mut text = Vec::new();
                for part in n.value.as_slice() {
                    literal::string_part(self.source, part, &mut text);
                }
                ExprKind::Constant(Const::Str(literal::wtf8(text)))
            }
            E::BytesLiteral(n) => {
                let bytes: Vec<u8> = n
                    .value
                    .iter()
                    .flat_map(|part| part.as_slice())
                    .copied()
                    .collect();
                ExprKind::Constant(Const::Bytes(bytes.into()))
            }
            E::NumberLiteral(n) => {
                let text = self.text(n.range);
                let value = literal::number(text, &n.value)
                    .map_err(|msg| Fault::syntax(msg, self.pos(n.range)))?;
                ExprKind::Constant(value)
            }
            E::BooleanLiteral(n) => {
                ExprKind::Constant(if n.value { Const::True } else { Const::False })
            }
            E::NoneLiteral(_) => ExprKind::Constant(Const::None),
            E::EllipsisLiteral(_) => ExprKind::Constant(Const::Ellipsis),
            E::Attribute(n) => {
                let value = self.boxed(&n.value)?;
                ExprKind::Attribute(value, self.name(&n.attr), context(n.ctx))
            }
            E::Subscript(n) => {
                ExprKind::Subscript(self.boxed(&n.value)?, self.boxed(&n.slice)?, context(n.ctx))
            }
            E::Starred(n) => ExprKind::Starred(self.boxed(&n.value)?, context(n.ctx)),
            E::Name(n) => ExprKind::Name(self.name(&n.id), context(n.ctx)),
            E::List(n) => ExprKind::List(self.exprs(&n.elts)?, context(n.ctx)),
            E::Tuple(n) => ExprKind::Tuple(self.exprs(&n.elts)?, context(n.ctx)),
            E::Slice(n) => ExprKind::Slice(Box::new(Slice {
                lower: self.optional(n.lower.as_deref())?,
                upper: self.optional(n.upper.as_deref())?,
                step: self.optional(n.step.as_deref())?,
            })),
            E::IpyEscapeCommand(n) => {
                return Err(Fault::syntax("invalid syntax", self.pos(n.range)));
            }
        })
    }

    fn comp(
        &mut self,
        kind: CompKind,
        elt: &ruff::Expr,
        value: Option<&ruff::Expr>,
        generators: &[ruff::Comprehension],
    ) -> Pass<ExprKind> {
        let id = self.id();
        let elt = self.expr(elt)?;
        let value = self.optional(value)?;
        let mut list = Vec::with_capacity(generators.len());
        for g in generators {
            list.push(Generator {
                target: self.expr(&g.target)?,
                iter: self.expr(&g.iter)?,
                ifs: self.exprs(&g.ifs)?,
                is_async: g.is_async,
            });
        }
        Ok(ExprKind::Comp(Box::new(Comp {
            id,
            kind,
            elt,
            value,
            generators: list,
        })))
    }

    pub(super) fn call_arguments(
        &mut self,
        arguments: &ruff::Arguments,
    ) -> Pass<(Vec<Expr>, Vec<Keyword>)> {
        let mut args = self.exprs(&arguments.args[..])?;
        // 3.8 gives a bare generator argument the place of the call's parenthesis.
        if let [ruff::Expr::Generator(g)] = &arguments.args[..]
            && !g.parenthesized
        {
            args[0].line = self.shifted(self.lines.line(arguments.range.start().to_u32()));
            args[0].pos = self.pos(arguments.range);
        }
        let mut keywords: Vec<Keyword> = Vec::with_capacity(arguments.keywords.len());
        for k in &arguments.keywords {
            let arg = k.arg.as_ref().map(|a| self.name(a));
            let pos = self.pos(k.range);
            keywords.push(Keyword {
                arg,
                value: self.expr(&k.value)?,
                pos,
            });
        }
        Ok((args, keywords))
    }

    pub(super) fn annotation(&mut self, e: &ruff::Expr) -> Pass<Annotation> {
        self.expr(e).map(|expr| Annotation { expr })
    }

    fn parameter(&mut self, p: &ruff::Parameter) -> Pass<Arg> {
        let annotation = match &p.annotation {
            Some(a) => Some(self.annotation(a)?),
            None => None,
        };
        Ok(Arg {
            name: self.name(&p.name),
            annotation,
            // The star of `*args` is no part of it.
            pos: self.pos(TextRange::new(p.name.range.start(), p.range.end())),
        })
    }

    pub(super) fn arguments(&mut self, p: &ruff::Parameters) -> Pass<Arguments> {
        let mut out = Arguments::default();
        for (list, target) in [(&p.posonlyargs, 0), (&p.args, 1)] {
            for item in list {
                let arg = self.parameter(&item.parameter)?;
                if target == 0 {
                    out.posonly.push(arg)
                } else {
                    out.args.push(arg)
                }
                if let Some(default) = &item.default {
                    out.defaults.push(self.expr(default)?);
                }
            }
        }
        for item in &p.kwonlyargs {
            out.kwonly.push(self.parameter(&item.parameter)?);
            out.kw_defaults
                .push(self.optional(item.default.as_deref())?);
        }
        out.vararg = p.vararg.as_deref().map(|a| self.parameter(a)).transpose()?;
        out.kwarg = p.kwarg.as_deref().map(|a| self.parameter(a)).transpose()?;
        Ok(out)
    }
}
