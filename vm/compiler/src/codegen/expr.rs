//! Expressions.
use super::*;

pub(super) fn binary(op: BinOp) -> Op {
    match op {
        BinOp::Add => Op::BinaryAdd,
        BinOp::Sub => Op::BinarySubtract,
        BinOp::Mult => Op::BinaryMultiply,
        BinOp::MatMult => Op::BinaryMatrixMultiply,
        BinOp::Div => Op::BinaryTrueDivide,
        BinOp::Mod => Op::BinaryModulo,
        BinOp::Pow => Op::BinaryPower,
        BinOp::LShift => Op::BinaryLshift,
        BinOp::RShift => Op::BinaryRshift,
        BinOp::BitOr => Op::BinaryOr,
        BinOp::BitXor => Op::BinaryXor,
        BinOp::BitAnd => Op::BinaryAnd,
        BinOp::FloorDiv => Op::BinaryFloorDivide,
    }
}

pub(super) fn inplace(op: BinOp) -> Op {
    match op {
        BinOp::Add => Op::InplaceAdd,
        BinOp::Sub => Op::InplaceSubtract,
        BinOp::Mult => Op::InplaceMultiply,
        BinOp::MatMult => Op::InplaceMatrixMultiply,
        BinOp::Div => Op::InplaceTrueDivide,
        BinOp::Mod => Op::InplaceModulo,
        BinOp::Pow => Op::InplacePower,
        BinOp::LShift => Op::InplaceLshift,
        BinOp::RShift => Op::InplaceRshift,
        BinOp::BitOr => Op::InplaceOr,
        BinOp::BitXor => Op::InplaceXor,
        BinOp::BitAnd => Op::InplaceAnd,
        BinOp::FloorDiv => Op::InplaceFloorDivide,
    }
}

impl Compiler<'_> {
    pub(super) fn expr_kind(&mut self, e: &Expr) -> Pass {
        match &e.kind {
            ExprKind::BoolOp(op, values) => self.bool_op(*op, values),
            ExprKind::Named(target, value) => {
                self.expr(value)?;
                self.op(Op::DupTop);
                self.expr(target)
            }
            ExprKind::BinOp(left, op, right) => {
                self.expr(left)?;
                self.expr(right)?;
                self.op(binary(*op));
                Ok(())
            }
            ExprKind::UnaryOp(op, operand) => {
                self.expr(operand)?;
                self.op(match op {
                    UnaryOp::Invert => Op::UnaryInvert,
                    UnaryOp::Not => Op::UnaryNot,
                    UnaryOp::UAdd => Op::UnaryPositive,
                    UnaryOp::USub => Op::UnaryNegative,
                });
                Ok(())
            }
            ExprKind::Lambda(l) => self.lambda(l, e),
            ExprKind::IfExp(test, body, orelse) => self.if_exp(test, body, orelse),
            ExprKind::Dict(items) => self.dict(items),
            ExprKind::Set(elts) => {
                self.star_unpack(elts, Op::BuildSet, Op::BuildSet, Op::BuildSetUnpack)
            }
            ExprKind::Comp(c) => self.comprehension(c, e),
            ExprKind::Await(value) => self.await_(value, e.pos),
            ExprKind::Yield(value) => {
                if !self.in_real_function() {
                    return Err(Fault::syntax("'yield' outside function", e.pos));
                }
                match value {
                    Some(value) => self.expr(value)?,
                    None => self.load_const(Const::None),
                }
                self.op(Op::YieldValue);
                Ok(())
            }
            ExprKind::YieldFrom(value) => {
                if !self.in_real_function() {
                    return Err(Fault::syntax("'yield from' outside function", e.pos));
                }
                if self.unit_is_async_function() {
                    return Err(Fault::syntax("'yield from' inside async function", e.pos));
                }
                self.expr(value)?;
                self.op(Op::GetYieldFromIter);
                self.yield_from_tos();
                Ok(())
            }
            ExprKind::Compare(left, ops, comparators) => self.compare(left, ops, comparators),
            ExprKind::Call(call) => self.call(call),
            ExprKind::FormattedValue(f) => self.formatted_value(f),
            ExprKind::JoinedStr(values) => {
                self.exprs(values)?;
                if values.len() != 1 {
                    self.op_arg(Op::BuildString, values.len());
                }
                Ok(())
            }
            ExprKind::Interpolation(i) => self.interpolation(i),
            ExprKind::TemplateStr(values) => self.template(values),
            ExprKind::Constant(value) => {
                self.load_const(value.clone());
                Ok(())
            }
            ExprKind::Attribute(value, attr, ctx) => {
                self.expr(value)?;
                if *ctx == Ctx::Store {
                    self.note_static_attribute(value, attr);
                }
                let op = match ctx {
                    Ctx::Load => Op::LoadAttr,
                    Ctx::Store => Op::StoreAttr,
                    Ctx::Del => Op::DeleteAttr,
                };
                self.op_name(op, attr);
                Ok(())
            }
            ExprKind::Subscript(value, slice, ctx) => {
                self.expr(value)?;
                self.slice(slice)?;
                self.op(match ctx {
                    Ctx::Load => Op::BinarySubscr,
                    Ctx::Store => Op::StoreSubscr,
                    Ctx::Del => Op::DeleteSubscr,
                });
                Ok(())
            }
            ExprKind::Starred(_, Ctx::Store) => Err(Fault::syntax(
                "starred assignment target must be in a list or tuple",
                e.pos,
            )),
            ExprKind::Starred(..) => Err(Fault::syntax("can't use starred expression here", e.pos)),
            ExprKind::Name(name, ctx) => self.name_op(name, *ctx),
            ExprKind::List(elts, ctx) => match ctx {
                Ctx::Store => self.unpack(elts, e.pos),
                Ctx::Load => {
                    self.star_unpack(elts, Op::BuildList, Op::BuildTuple, Op::BuildListUnpack)
                }
                Ctx::Del => self.exprs(elts),
            },
            ExprKind::Tuple(elts, ctx) => match ctx {
                Ctx::Store => self.unpack(elts, e.pos),
                Ctx::Load => {
                    self.star_unpack(elts, Op::BuildTuple, Op::BuildTuple, Op::BuildTupleUnpack)
                }
                Ctx::Del => self.exprs(elts),
            },
            ExprKind::Slice(s) => self.slice_object(s),
        }
    }

    fn unit_is_async_function(&self) -> bool {
        self.unit().is_async
    }

    fn await_(&mut self, value: &Expr, pos: Position) -> Pass {
        if !self.options.allow_top_level_await || !self.at_top_level() {
            if !self.in_real_function() {
                return Err(Fault::syntax("'await' outside function", pos));
            }
            let ok = self.unit_is_async_function() || self.block().comprehension.is_some();
            if !ok {
                return Err(Fault::syntax("'await' outside async function", pos));
            }
        }
        self.expr(value)?;
        self.await_tos();
        Ok(())
    }

    pub(super) fn at_top_level(&self) -> bool {
        self.block().kind == BlockType::Module
    }

    /// `self.NAME = ...` in a method is a static attribute of the class around it.
    pub(super) fn note_static_attribute(&mut self, value: &Expr, attr: &Name) {
        if !matches!(&value.kind, ExprKind::Name(name, _) if &**name == "self") {
            return;
        }
        let table = &self.table;
        let class = self
            .units
            .iter_mut()
            .rev()
            .find(|u| table.blocks[u.scope].kind == BlockType::Class);
        if let Some(class) = class {
            class.static_attributes.add(attr);
        }
    }

    /// Elements with stars: runs of plain ones are packed by `inner`, all joined by `outer`.
    pub(super) fn star_unpack(&mut self, elts: &[Expr], single: Op, inner: Op, outer: Op) -> Pass {
        let (mut parts, mut seen) = (0, 0);
        for elt in elts {
            if let ExprKind::Starred(value, _) = &elt.kind {
                if seen > 0 {
                    self.op_arg(inner, seen);
                    seen = 0;
                    parts += 1;
                }
                self.expr(value)?;
                parts += 1;
            } else {
                self.expr(elt)?;
                seen += 1;
            }
        }
        if parts == 0 {
            self.op_arg(single, seen);
        } else {
            if seen > 0 {
                self.op_arg(inner, seen);
                parts += 1;
            }
            self.op_arg(outer, parts);
        }
        Ok(())
    }

    /// Assignment to a list or tuple of targets.
    fn unpack(&mut self, elts: &[Expr], pos: Position) -> Pass {
        let mut star = None;
        for (i, elt) in elts.iter().enumerate() {
            if matches!(elt.kind, ExprKind::Starred(..)) {
                if star.is_some() {
                    let msg = "multiple starred expressions in assignment";
                    return Err(Fault::syntax(msg, pos));
                }
                star = Some(i);
            }
        }
        match star {
            Some(i) => {
                let after = elts.len() - i - 1;
                if i >= 1 << 8 || after >= 1 << 23 {
                    let msg = "too many expressions in star-unpacking assignment";
                    return Err(Fault::syntax(msg, pos));
                }
                self.op_arg(Op::UnpackEx, i + (after << 8));
            }
            None => self.op_arg(Op::UnpackSequence, elts.len()),
        }
        for elt in elts {
            match &elt.kind {
                ExprKind::Starred(value, _) => self.expr(value)?,
                _ => self.expr(elt)?,
            }
        }
        Ok(())
    }

    fn dict(&mut self, items: &[(Option<Expr>, Expr)]) -> Pass {
        let (mut containers, mut elements) = (0, 0);
        let mut unpacking = false;
        for (i, (key, value)) in items.iter().enumerate() {
            unpacking = key.is_none();
            if elements == 0xffff || (elements > 0 && unpacking) {
                self.sub_dict(&items[i - elements..i])?;
                containers += 1;
                elements = 0;
            }
            if unpacking {
                self.expr(value)?;
                containers += 1;
            } else {
                elements += 1;
            }
        }
        if elements > 0 || containers == 0 {
            self.sub_dict(&items[items.len() - elements..])?;
            containers += 1;
        }
        if containers > 1 || unpacking {
            self.op_arg(Op::BuildMapUnpack, containers);
        }
        Ok(())
    }

    fn sub_dict(&mut self, items: &[(Option<Expr>, Expr)]) -> Pass {
        let constants: Option<Vec<Const>> = items
            .iter()
            .map(|(k, _)| k.as_ref().and_then(Expr::as_const).cloned())
            .collect();
        match constants {
            Some(keys) if items.len() > 1 => {
                for (_, value) in items {
                    self.expr(value)?;
                }
                self.load_const(Const::Tuple(keys.into()));
                self.op_arg(Op::BuildConstKeyMap, items.len());
            }
            _ => {
                for (key, value) in items {
                    if let Some(key) = key {
                        self.expr(key)?;
                    }
                    self.expr(value)?;
                }
                self.op_arg(Op::BuildMap, items.len());
            }
        }
        Ok(())
    }

    /// A subscript's index. Slices, and tuples with slices, are no expressions in 3.8's tree, so their own
    /// line does not count.
    pub(super) fn slice(&mut self, e: &Expr) -> Pass {
        match &e.kind {
            ExprKind::Slice(s) => self.slice_object(s),
            ExprKind::Tuple(elts, _)
                if elts.iter().any(|e| matches!(e.kind, ExprKind::Slice(_)))
                    && !elts.iter().any(|e| matches!(e.kind, ExprKind::Starred(..))) =>
            {
                for elt in elts {
                    self.slice(elt)?;
                }
                self.op_arg(Op::BuildTuple, elts.len());
                Ok(())
            }
            _ => self.expr(e),
        }
    }

    fn slice_object(&mut self, s: &Slice) -> Pass {
        for part in [&s.lower, &s.upper] {
            match part {
                Some(e) => self.expr(e)?,
                None => self.load_const(Const::None),
            }
        }
        match &s.step {
            Some(step) => {
                self.expr(step)?;
                self.op_arg(Op::BuildSlice, 3);
            }
            None => self.op_arg(Op::BuildSlice, 2),
        }
        Ok(())
    }

    fn formatted_value(&mut self, f: &FormattedValue) -> Pass {
        self.expr(&f.value)?;
        let mut arg = f.conversion as usize;
        if let Some(spec) = &f.spec {
            self.expr(spec)?;
            arg |= 4;
        }
        self.op_arg(Op::FormatValue, arg);
        Ok(())
    }

    fn interpolation(&mut self, i: &Interpolation) -> Pass {
        self.expr(&i.value)?;
        self.load_const(i.text.clone());
        let mut arg = (i.conversion as usize) << 2;
        if let Some(spec) = &i.spec {
            self.expr(spec)?;
            arg |= 1;
        }
        self.op_arg(Op::BuildInterpolation, arg);
        Ok(())
    }

    /// Strings and interpolations alternate, beginning and ending with a string.
    fn template(&mut self, values: &[Expr]) -> Pass {
        let empty = || Const::Str(crate::literal::wtf8(Vec::new()));
        let mut strings = 0;
        let mut last_was_string = false;
        for value in values {
            match value.as_const() {
                Some(text) => self.load_const(text.clone()),
                None if last_was_string => {
                    last_was_string = false;
                    continue;
                }
                None => self.load_const(empty()),
            }
            strings += 1;
            last_was_string = value.as_const().is_some();
        }
        if !last_was_string {
            self.load_const(empty());
            strings += 1;
        }
        self.op_arg(Op::BuildTuple, strings);
        let mut count = 0;
        for value in values.iter().filter(|v| v.as_const().is_none()) {
            self.expr(value)?;
            count += 1;
        }
        self.op_arg(Op::BuildTuple, count);
        self.op(Op::BuildTemplate);
        Ok(())
    }
}
