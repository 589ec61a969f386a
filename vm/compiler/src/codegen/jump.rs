//! Conditional jumps and the expressions built from them.
use super::*;

fn flip(op: UnaryOp) -> bool {
    op == UnaryOp::Not
}

impl Compiler<'_> {
    /// Jumps to `next` when `e` is as true as `when` (compiler_jump_if).
    pub(super) fn jump_if(&mut self, e: &Expr, next: BlockId, when: bool) -> Pass {
        stacker::maybe_grow(RED_ZONE, STACK_STEP, || self.jump_if_inner(e, next, when))
    }

    fn jump_if_inner(&mut self, e: &Expr, next: BlockId, when: bool) -> Pass {
        match &e.kind {
            ExprKind::UnaryOp(op, operand) if flip(*op) => {
                return self.jump_if(operand, next, !when);
            }
            ExprKind::BoolOp(op, values) => {
                let inner_when = *op == BoolOp::Or;
                let inner = if inner_when != when {
                    self.new_block()
                } else {
                    next
                };
                let (last, rest) = values.split_last().expect("a BoolOp has operands");
                for value in rest {
                    self.jump_if(value, inner, inner_when)?;
                }
                self.jump_if(last, next, when)?;
                if inner != next {
                    self.use_block(inner);
                }
                return Ok(());
            }
            ExprKind::IfExp(test, body, orelse) => {
                let end = self.new_block();
                let otherwise = self.new_block();
                self.jump_if(test, otherwise, false)?;
                self.jump_if(body, next, when)?;
                self.jump(Op::JumpForward, end);
                self.use_block(otherwise);
                self.jump_if(orelse, next, when)?;
                self.use_block(end);
                return Ok(());
            }
            ExprKind::Compare(left, ops, comparators) if ops.len() > 1 => {
                let cleanup = self.new_block();
                self.expr(left)?;
                self.compare_chain(ops, comparators, Op::PopJumpIfFalse, cleanup)?;
                let op = if when {
                    Op::PopJumpIfTrue
                } else {
                    Op::PopJumpIfFalse
                };
                self.jump(op, next);
                let end = self.new_block();
                self.jump(Op::JumpForward, end);
                self.use_block(cleanup);
                self.op(Op::PopTop);
                if !when {
                    self.jump(Op::JumpForward, next);
                }
                self.use_block(end);
                return Ok(());
            }
            _ => {}
        }
        self.expr(e)?;
        self.jump(
            if when {
                Op::PopJumpIfTrue
            } else {
                Op::PopJumpIfFalse
            },
            next,
        );
        Ok(())
    }

    /// All comparisons of a chain, leaving the last result; an earlier false one jumps.
    fn compare_chain(
        &mut self,
        ops: &[CmpOp],
        comparators: &[Expr],
        jump: Op,
        cleanup: BlockId,
    ) -> Pass {
        let last = ops.len() - 1;
        for (op, comparator) in ops.iter().zip(comparators).take(last) {
            self.expr(comparator)?;
            self.op(Op::DupTop);
            self.op(Op::RotThree);
            self.op_arg(Op::CompareOp, *op as usize);
            self.jump(jump, cleanup);
            self.next_block();
        }
        self.expr(&comparators[last])?;
        self.op_arg(Op::CompareOp, ops[last] as usize);
        Ok(())
    }

    pub(super) fn compare(&mut self, left: &Expr, ops: &[CmpOp], comparators: &[Expr]) -> Pass {
        self.expr(left)?;
        if ops.len() == 1 {
            self.expr(&comparators[0])?;
            self.op_arg(Op::CompareOp, ops[0] as usize);
            return Ok(());
        }
        let cleanup = self.new_block();
        self.compare_chain(ops, comparators, Op::JumpIfFalseOrPop, cleanup)?;
        let end = self.new_block();
        self.jump(Op::JumpForward, end);
        self.use_block(cleanup);
        self.op(Op::RotTwo);
        self.op(Op::PopTop);
        self.use_block(end);
        Ok(())
    }

    pub(super) fn bool_op(&mut self, op: BoolOp, values: &[Expr]) -> Pass {
        let end = self.new_block();
        let jump = if op == BoolOp::And {
            Op::JumpIfFalseOrPop
        } else {
            Op::JumpIfTrueOrPop
        };
        let (last, rest) = values.split_last().expect("a BoolOp has operands");
        for value in rest {
            self.expr(value)?;
            self.jump(jump, end);
        }
        self.expr(last)?;
        self.use_block(end);
        Ok(())
    }

    pub(super) fn if_exp(&mut self, test: &Expr, body: &Expr, orelse: &Expr) -> Pass {
        let end = self.new_block();
        let next = self.new_block();
        self.jump_if(test, next, false)?;
        self.expr(body)?;
        self.jump(Op::JumpForward, end);
        self.use_block(next);
        self.expr(orelse)?;
        self.use_block(end);
        Ok(())
    }
}
