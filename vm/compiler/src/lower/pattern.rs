//! Patterns of `match`.
use super::*;

impl Lower<'_> {
    pub(super) fn pattern(&mut self, p: &ruff::Pattern) -> Pass<Pattern> {
        let range = p.range();
        self.deeper(range, |l| {
            let kind = l.pattern_kind(p)?;
            Ok(Pattern {
                kind,
                pos: l.pos(range),
            })
        })
    }

    fn patterns<'p>(
        &mut self,
        list: impl IntoIterator<Item = &'p ruff::Pattern>,
    ) -> Pass<Vec<Pattern>> {
        list.into_iter().map(|p| self.pattern(p)).collect()
    }

    fn optional_name(&mut self, name: Option<&ruff::Identifier>) -> Option<Name> {
        name.map(|n| self.name(n))
    }

    fn pattern_kind(&mut self, p: &ruff::Pattern) -> Pass<PatternKind> {
        use ruff::Pattern as P;
        Ok(match p {
            P::MatchValue(n) if !may_be_value(&n.value) => {
                return Err(Fault::syntax("invalid syntax", self.pos(n.range)));
            }
            P::MatchValue(n) => PatternKind::Value(self.expr(&n.value)?),
            P::MatchSingleton(n) => PatternKind::Singleton(match n.value {
                ruff::Singleton::None => Const::None,
                ruff::Singleton::True => Const::True,
                ruff::Singleton::False => Const::False,
            }),
            P::MatchSequence(n) => PatternKind::Sequence(self.patterns(&n.patterns)?),
            P::MatchMapping(n) => PatternKind::Mapping(
                self.exprs(&n.keys)?,
                self.patterns(&n.patterns)?,
                self.optional_name(n.rest.as_ref()),
            ),
            P::MatchClass(n) => {
                let class = self.boxed(&n.cls)?;
                let positional = self.patterns(&n.arguments.patterns)?;
                let mut keywords = Vec::with_capacity(n.arguments.keywords.len());
                for k in &n.arguments.keywords {
                    keywords.push((self.name(&k.attr), self.pattern(&k.pattern)?));
                }
                PatternKind::Class(class, positional, keywords)
            }
            P::MatchStar(n) => PatternKind::Star(self.optional_name(n.name.as_ref())),
            P::MatchAs(n) => {
                let inner = n.pattern.as_deref().map(|p| self.pattern(p)).transpose()?;
                PatternKind::As(inner.map(Box::new), self.optional_name(n.name.as_ref()))
            }
            P::MatchOr(n) => PatternKind::Or(self.patterns(&n.patterns)?),
        })
    }
}

/// Literals, signed and complex numbers, dotted names.
fn may_be_value(e: &ruff::Expr) -> bool {
    use ruff::Expr as E;
    match e {
        E::BinOp(n) => {
            matches!(n.op, ruff::Operator::Add | ruff::Operator::Sub)
                && matches!(*n.right, E::NumberLiteral(_))
                && matches!(*n.left, E::NumberLiteral(_) | E::UnaryOp(_))
        }
        E::UnaryOp(n) => matches!(*n.operand, E::NumberLiteral(_)),
        _ => true,
    }
}
