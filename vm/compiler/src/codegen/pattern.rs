//! `match`: patterns keep the subject on the stack and jump to blocks that pop what is left of it.
use super::*;

/// What one case's pattern has bound and where it fails to (pattern_context).
#[derive(Default)]
struct Context {
    /// Names captured so far; their values lie on the stack in this order.
    stores: Vec<Name>,
    allow_irrefutable: bool,
    /// Blocks that pop one value each and fall into the one before.
    fail_pop: Vec<BlockId>,
    /// Values on top of the captured ones that a failure has to pop.
    on_top: usize,
}

fn is_wildcard(p: &Pattern) -> bool {
    matches!(p.kind, PatternKind::As(None, None))
}

fn is_star_wildcard(p: &Pattern) -> bool {
    matches!(p.kind, PatternKind::Star(None))
}

impl Compiler<'_> {
    pub(super) fn match_(&mut self, subject: &Expr, cases: &[MatchCase]) -> Pass {
        self.expr(subject)?;
        let end = self.new_block();
        let has_default = cases.len() > 1 && cases.last().is_some_and(|c| is_wildcard(&c.pattern));
        let plain = cases.len() - usize::from(has_default);
        for (i, case) in cases[..plain].iter().enumerate() {
            self.u().pos = case.pattern.pos;
            self.u().line_set = false;
            self.u().line = case.pattern.pos.line;
            let last = i + 1 == plain;
            if !last {
                self.op(Op::DupTop);
            }
            let mut pc = Context {
                allow_irrefutable: case.guard.is_some() || i + 1 == cases.len(),
                ..Context::default()
            };
            self.pattern(&case.pattern, &mut pc)?;
            for name in std::mem::take(&mut pc.stores) {
                self.name_op(&name, Ctx::Store)?;
            }
            if let Some(guard) = &case.guard {
                self.ensure_fail_pop(&mut pc, 0);
                self.jump_if(guard, pc.fail_pop[0], false)?;
            }
            if !last {
                self.op(Op::PopTop);
            }
            self.stmts(&case.body)?;
            self.jump(Op::JumpForward, end);
            self.emit_fail_pop(&mut pc);
        }
        if has_default {
            let case = &cases[plain];
            if let Some(guard) = &case.guard {
                self.jump_if(guard, end, false)?;
            }
            self.stmts(&case.body)?;
        }
        self.use_block(end);
        Ok(())
    }

    fn ensure_fail_pop(&mut self, pc: &mut Context, n: usize) {
        while pc.fail_pop.len() <= n {
            let block = self.new_block();
            pc.fail_pop.push(block);
        }
    }

    fn jump_to_fail(&mut self, pc: &mut Context, op: Op) {
        let pops = pc.on_top + pc.stores.len();
        self.ensure_fail_pop(pc, pops);
        self.jump(op, pc.fail_pop[pops]);
    }

    fn emit_fail_pop(&mut self, pc: &mut Context) {
        let blocks = std::mem::take(&mut pc.fail_pop);
        if blocks.is_empty() {
            self.next_block();
        }
        for (i, block) in blocks.into_iter().enumerate().rev() {
            self.use_block(block);
            if i > 0 {
                self.op(Op::PopTop);
            }
        }
    }

    /// Moves TOS below the `count - 1` values under it.
    fn rotate(&mut self, count: usize) {
        match count {
            0 | 1 => {}
            2 => self.op(Op::RotTwo),
            3 => self.op(Op::RotThree),
            4 => self.op(Op::RotFour),
            _ => (2..=count).rev().for_each(|n| self.op_arg(Op::Swap, n)),
        }
    }

    fn capture(&mut self, name: Option<&Name>, pc: &mut Context, pos: Position) -> Pass {
        let Some(name) = name else {
            self.op(Op::PopTop);
            return Ok(());
        };
        if pc.stores.contains(name) {
            let msg = format!("multiple assignments to name '{name}' in pattern");
            return Err(Fault::syntax(msg, pos));
        }
        self.rotate(pc.on_top + pc.stores.len() + 1);
        pc.stores.push(name.clone());
        Ok(())
    }

    fn sub_pattern(&mut self, p: &Pattern, pc: &mut Context) -> Pass {
        let old = std::mem::replace(&mut pc.allow_irrefutable, true);
        let result = self.pattern(p, pc);
        pc.allow_irrefutable = old;
        result
    }

    fn pattern(&mut self, p: &Pattern, pc: &mut Context) -> Pass {
        let u = self.u();
        if u.line != p.pos.line {
            u.line = p.pos.line;
            u.line_set = false;
        }
        u.pos = p.pos;
        stacker::maybe_grow(RED_ZONE, STACK_STEP, || self.pattern_inner(p, pc))
    }

    fn pattern_inner(&mut self, p: &Pattern, pc: &mut Context) -> Pass {
        match &p.kind {
            PatternKind::Value(value) => {
                if matches!(
                    value.kind,
                    ExprKind::JoinedStr(_) | ExprKind::TemplateStr(_)
                ) {
                    let msg = "patterns may only match literals and attribute lookups";
                    return Err(Fault::syntax(msg, p.pos));
                }
                self.expr(value)?;
                self.op_arg(Op::CompareOp, CmpOp::Eq as usize);
                self.jump_to_fail(pc, Op::PopJumpIfFalse);
                Ok(())
            }
            PatternKind::Singleton(value) => {
                self.load_const(value.clone());
                self.op_arg(Op::CompareOp, CmpOp::Is as usize);
                self.jump_to_fail(pc, Op::PopJumpIfFalse);
                Ok(())
            }
            PatternKind::Sequence(patterns) => self.sequence_pattern(patterns, pc, p.pos),
            PatternKind::Mapping(keys, patterns, rest) => {
                self.mapping_pattern(keys, patterns, rest.as_ref(), pc, p.pos)
            }
            PatternKind::Class(class, positional, keywords) => {
                self.class_pattern(class, positional, keywords, pc)
            }
            PatternKind::Star(name) => self.capture(name.as_ref(), pc, p.pos),
            PatternKind::As(inner, name) => {
                self.as_pattern(inner.as_deref(), name.as_ref(), pc, p.pos)
            }
            PatternKind::Or(alternatives) => self.or_pattern(alternatives, pc, p.pos),
        }
    }

    fn as_pattern(
        &mut self,
        inner: Option<&Pattern>,
        name: Option<&Name>,
        pc: &mut Context,
        pos: Position,
    ) -> Pass {
        let Some(inner) = inner else {
            if !pc.allow_irrefutable {
                let msg = match name {
                    Some(name) => {
                        format!("name capture '{name}' makes remaining patterns unreachable")
                    }
                    None => "wildcard makes remaining patterns unreachable".to_owned(),
                };
                return Err(Fault::syntax(msg, pos));
            }
            return self.capture(name, pc, pos);
        };
        pc.on_top += 1;
        self.op(Op::DupTop);
        self.pattern(inner, pc)?;
        pc.on_top -= 1;
        self.capture(name, pc, pos)
    }

    fn sequence_pattern(&mut self, patterns: &[Pattern], pc: &mut Context, pos: Position) -> Pass {
        let mut star = None;
        for (i, p) in patterns.iter().enumerate() {
            if matches!(p.kind, PatternKind::Star(_)) {
                if star.is_some() {
                    let msg = "multiple starred names in sequence pattern";
                    return Err(Fault::syntax(msg, pos));
                }
                star = Some(i);
            }
        }
        pc.on_top += 1;
        self.op(Op::MatchSequence);
        self.jump_to_fail(pc, Op::PopJumpIfFalse);
        let least = patterns.len() - usize::from(star.is_some());
        if star.is_none() || least > 0 {
            self.op(Op::GetLen);
            self.load_int(least);
            let op = if star.is_none() {
                CmpOp::Eq
            } else {
                CmpOp::GtE
            };
            self.op_arg(Op::CompareOp, op as usize);
            self.jump_to_fail(pc, Op::PopJumpIfFalse);
        }
        pc.on_top -= 1;
        if patterns
            .iter()
            .all(|p| is_wildcard(p) || is_star_wildcard(p))
        {
            self.op(Op::PopTop);
            return Ok(());
        }
        match star {
            Some(i) if is_star_wildcard(&patterns[i]) => self.sequence_subscr(patterns, i, pc),
            _ => self.sequence_unpack(patterns, star, pc, pos),
        }
    }

    fn sequence_unpack(
        &mut self,
        patterns: &[Pattern],
        star: Option<usize>,
        pc: &mut Context,
        pos: Position,
    ) -> Pass {
        match star {
            Some(i) => {
                let after = patterns.len() - i - 1;
                if i >= 1 << 8 || after >= 1 << 23 {
                    let msg = "too many expressions in star-unpacking sequence pattern";
                    return Err(Fault::syntax(msg, pos));
                }
                self.op_arg(Op::UnpackEx, i + (after << 8));
            }
            None => self.op_arg(Op::UnpackSequence, patterns.len()),
        }
        pc.on_top += patterns.len();
        for p in patterns {
            pc.on_top -= 1;
            self.sub_pattern(p, pc)?;
        }
        Ok(())
    }

    /// With `*_` only the wanted elements are fetched.
    fn sequence_subscr(&mut self, patterns: &[Pattern], star: usize, pc: &mut Context) -> Pass {
        pc.on_top += 1;
        for (i, p) in patterns.iter().enumerate() {
            if is_wildcard(p) || i == star {
                continue;
            }
            self.op(Op::DupTop);
            if i < star {
                self.load_int(i);
            } else {
                self.op(Op::GetLen);
                self.load_int(patterns.len() - i);
                self.op(Op::BinarySubtract);
            }
            self.op(Op::BinarySubscr);
            self.sub_pattern(p, pc)?;
        }
        pc.on_top -= 1;
        self.op(Op::PopTop);
        Ok(())
    }

    fn mapping_pattern(
        &mut self,
        keys: &[Expr],
        patterns: &[Pattern],
        rest: Option<&Name>,
        pc: &mut Context,
        pos: Position,
    ) -> Pass {
        pc.on_top += 1;
        self.op(Op::MatchMapping);
        self.jump_to_fail(pc, Op::PopJumpIfFalse);
        if keys.is_empty() && rest.is_none() {
            pc.on_top -= 1;
            self.op(Op::PopTop);
            return Ok(());
        }
        if !keys.is_empty() {
            self.op(Op::GetLen);
            self.load_int(keys.len());
            self.op_arg(Op::CompareOp, CmpOp::GtE as usize);
            self.jump_to_fail(pc, Op::PopJumpIfFalse);
        }
        let (mut seen, mut numbers) = (Vec::new(), Vec::new());
        for key in keys {
            if matches!(key.kind, ExprKind::JoinedStr(_) | ExprKind::TemplateStr(_)) {
                let msg = "mapping pattern keys may only match literals and attribute lookups";
                return Err(Fault::syntax(msg, pos));
            }
            if let Some(constant) = key.as_const() {
                let k = crate::constkey::const_key(constant);
                if seen.contains(&k) || numbers.iter().any(|&n| number(constant) == Some(n)) {
                    let shown = lasti_bytecode::dis::const_repr(constant);
                    let msg = format!("mapping pattern checks duplicate key ({shown})");
                    return Err(Fault::syntax(msg, pos));
                }
                seen.push(k);
                numbers.extend(number(constant));
            }
            self.expr(key)?;
        }
        self.op_arg(Op::BuildTuple, keys.len());
        self.op(Op::MatchKeys);
        pc.on_top += 2;
        self.not_none(pc);
        self.op_arg(Op::UnpackSequence, keys.len());
        pc.on_top += keys.len();
        pc.on_top -= 1;
        for p in patterns {
            pc.on_top -= 1;
            self.sub_pattern(p, pc)?;
        }
        pc.on_top -= 2;
        let Some(rest) = rest else {
            self.op(Op::PopTop);
            self.op(Op::PopTop);
            return Ok(());
        };
        // (subject, keys): a copy of the subject without the keys.
        self.op(Op::RotTwo);
        self.op_arg(Op::BuildMapUnpack, 1);
        self.op(Op::RotTwo);
        self.op_arg(Op::UnpackSequence, keys.len());
        for left in (1..=keys.len()).rev() {
            self.op_arg(Op::Copy, 1 + left);
            self.op(Op::RotTwo);
            self.op(Op::DeleteSubscr);
        }
        self.capture(Some(rest), pc, pos)
    }

    /// Fails when TOS is None; TOS stays.
    fn not_none(&mut self, pc: &mut Context) {
        self.op(Op::DupTop);
        self.load_const(Const::None);
        self.op_arg(Op::CompareOp, CmpOp::IsNot as usize);
        self.jump_to_fail(pc, Op::PopJumpIfFalse);
    }

    fn class_pattern(
        &mut self,
        class: &Expr,
        positional: &[Pattern],
        keywords: &[(Name, Pattern)],
        pc: &mut Context,
    ) -> Pass {
        for (i, (name, p)) in keywords.iter().enumerate() {
            if keywords[..i].iter().any(|(n, _)| n == name) {
                let msg = format!("attribute name repeated in class pattern: {name}");
                return Err(Fault::syntax(msg, p.pos));
            }
        }
        self.expr(class)?;
        let text = |n: &Name| Const::Str(crate::literal::wtf8(n.as_bytes().to_vec()));
        let names: Vec<Const> = keywords.iter().map(|(n, _)| text(n)).collect();
        self.load_const(Const::Tuple(names.into()));
        self.op_arg(Op::MatchClass, positional.len());
        pc.on_top += 1;
        self.not_none(pc);
        let count = positional.len() + keywords.len();
        self.op_arg(Op::UnpackSequence, count);
        pc.on_top += count;
        pc.on_top -= 1;
        for p in positional.iter().chain(keywords.iter().map(|(_, p)| p)) {
            pc.on_top -= 1;
            if is_wildcard(p) {
                self.op(Op::PopTop);
            } else {
                self.sub_pattern(p, pc)?;
            }
        }
        Ok(())
    }

    fn or_pattern(&mut self, alternatives: &[Pattern], pc: &mut Context, pos: Position) -> Pass {
        let end = self.new_block();
        let mut control: Vec<Name> = Vec::new();
        for (i, alternative) in alternatives.iter().enumerate() {
            let mut inner = Context {
                allow_irrefutable: i + 1 == alternatives.len() && pc.allow_irrefutable,
                ..Context::default()
            };
            self.op(Op::DupTop);
            self.pattern(alternative, &mut inner)?;
            if i == 0 {
                control = inner.stores.clone();
            } else if !self.same_names(&control, &mut inner.stores) {
                let msg = "alternative patterns bind different names";
                return Err(Fault::syntax(msg, pos));
            }
            self.jump(Op::JumpForward, end);
            self.emit_fail_pop(&mut inner);
        }
        self.op(Op::PopTop);
        self.jump_to_fail(pc, Op::JumpForward);
        self.use_block(end);
        let rotations = control.len() + 1 + pc.on_top + pc.stores.len();
        for name in control {
            self.rotate(rotations);
            if pc.stores.contains(&name) {
                let msg = format!("multiple assignments to name '{name}' in pattern");
                return Err(Fault::syntax(msg, pos));
            }
            pc.stores.push(name);
        }
        self.op(Op::PopTop);
        Ok(())
    }

    /// Brings an alternative's captures into the order of the first one's.
    fn same_names(&mut self, control: &[Name], stores: &mut Vec<Name>) -> bool {
        if control.len() != stores.len() {
            return false;
        }
        for target in (0..control.len()).rev() {
            let Some(at) = stores.iter().position(|n| *n == control[target]) else {
                return false;
            };
            if at == target {
                continue;
            }
            let rotations = at + 1;
            let moved: Vec<Name> = stores.drain(..rotations).collect();
            let insert = target - at;
            stores.splice(insert..insert, moved);
            for _ in 0..rotations {
                self.rotate(target + 1);
            }
        }
        true
    }
}

/// Real and imaginary part of a number that a float holds: those that are equal are the same key.
fn number(c: &Const) -> Option<(f64, f64)> {
    match c {
        Const::False => Some((0.0, 0.0)),
        Const::True => Some((1.0, 0.0)),
        Const::Int(i) if i.unsigned_abs() < 1 << 53 => Some((*i as f64, 0.0)),
        Const::Float(f) => Some((*f, 0.0)),
        Const::Complex(re, im) => Some((*re, *im)),
        _ => None,
    }
}
