//! `try`: handlers, finally, `except*`.
use lasti_bytecode::opcode::intrinsic2;

use super::*;

impl Compiler<'_> {
    pub(super) fn try_(&mut self, t: &Try, pos: Position) -> Pass {
        if t.finalbody.is_empty() {
            self.try_except(t)
        } else {
            self.try_finally(t, pos)
        }
    }

    fn try_except(&mut self, t: &Try) -> Pass {
        if t.is_star {
            self.try_star(t)
        } else {
            self.try_plain(t)
        }
    }

    /// The finally body is compiled first: whether it leaves by break, continue or return decides
    /// whether a placeholder has to lie under the block.
    fn try_finally(&mut self, t: &Try, pos: Position) -> Pass {
        let body = self.new_block();
        let end = self.new_block();
        let start = self.unit().current;

        self.use_block(end);
        self.push_fblock(FBlockKind::FinallyEnd, end, Some(end));
        self.stmts(&t.finalbody)?;
        self.op(Op::EndFinally);
        let leaves = self.unit().fblocks.last().is_some_and(|f| f.exit.is_none());
        if leaves {
            self.op(Op::PopTop);
        }
        self.pop_fblock();

        let u = self.u();
        let after = u.current;
        u.current = start;
        u.blocks[start].next = None;
        u.line_set = false;
        u.line = pos.line;
        u.pos = pos;
        if leaves {
            self.load_const(Const::None);
        }
        self.jump(Op::SetupFinally, end);
        self.use_block(body);
        let kind = if leaves {
            FBlockKind::FinallyTry2
        } else {
            FBlockKind::FinallyTry
        };
        self.push_fblock(kind, body, Some(end));
        if t.handlers.is_empty() {
            self.stmts(&t.body)?;
        } else {
            self.try_except(t)?;
        }
        self.op(Op::PopBlock);
        self.op(Op::BeginFinally);
        self.pop_fblock();
        let u = self.u();
        let current = u.current;
        u.blocks[current].next = Some(end);
        u.current = after;
        Ok(())
    }

    fn try_plain(&mut self, t: &Try) -> Pass {
        let mut except = self.new_block();
        let orelse = self.new_block();
        let end = self.new_block();
        self.guarded_body(&t.body, except, orelse)?;
        self.use_block(except);
        for (i, handler) in t.handlers.iter().enumerate() {
            if handler.type_.is_none() && i + 1 < t.handlers.len() {
                return Err(Fault::syntax("default 'except:' must be last", handler.pos));
            }
            self.at_handler(handler);
            except = self.new_block();
            if let Some(type_) = &handler.type_ {
                self.op(Op::DupTop);
                self.expr(type_)?;
                self.op_arg(Op::CompareOp, 10);
                self.jump(Op::PopJumpIfFalse, except);
            }
            self.op(Op::PopTop);
            match &handler.name {
                Some(name) => self.named_handler(handler, name)?,
                None => self.plain_handler(handler)?,
            }
            self.jump(Op::JumpForward, end);
            self.use_block(except);
        }
        self.op(Op::EndFinally);
        self.use_block(orelse);
        self.stmts(&t.orelse)?;
        self.use_block(end);
        Ok(())
    }

    /// The statements of `try`, with their handlers at `except` and what follows them at `orelse`.
    fn guarded_body(&mut self, stmts: &[Stmt], except: BlockId, orelse: BlockId) -> Pass {
        let body = self.new_block();
        self.jump(Op::SetupFinally, except);
        self.use_block(body);
        self.push_fblock(FBlockKind::Except, body, None);
        self.stmts(stmts)?;
        self.op(Op::PopBlock);
        self.pop_fblock();
        self.jump(Op::JumpForward, orelse);
        Ok(())
    }

    fn at_handler(&mut self, handler: &Handler) {
        let u = self.u();
        u.line_set = false;
        u.line = handler.pos.line;
        u.pos = handler.pos;
    }

    fn plain_handler(&mut self, handler: &Handler) -> Pass {
        let body = self.new_block();
        self.op(Op::PopTop);
        self.op(Op::PopTop);
        self.use_block(body);
        self.push_fblock(FBlockKind::HandlerCleanup, body, None);
        self.stmts(&handler.body)?;
        self.op(Op::PopExcept);
        self.pop_fblock();
        Ok(())
    }

    /// The name is unbound when the handler is left, whichever way.
    fn named_handler(&mut self, handler: &Handler, name: &Name) -> Pass {
        let end = self.new_block();
        let body = self.new_block();
        self.name_op(name, Ctx::Store)?;
        self.op(Op::PopTop);
        self.jump(Op::SetupFinally, end);
        self.use_block(body);
        self.push_fblock(FBlockKind::HandlerCleanup, body, Some(end));
        self.stmts(&handler.body)?;
        self.op(Op::PopBlock);
        self.op(Op::BeginFinally);
        self.pop_fblock();
        self.use_block(end);
        self.push_fblock(FBlockKind::FinallyEnd, end, None);
        self.unbind(name)?;
        self.op(Op::EndFinally);
        self.op(Op::PopExcept);
        self.pop_fblock();
        Ok(())
    }

    fn unbind(&mut self, name: &Name) -> Pass {
        self.load_const(Const::None);
        self.name_op(name, Ctx::Store)?;
        self.name_op(name, Ctx::Del)
    }

    /// `except*`: the handler keeps `(orig, list, rest)` above the six exception slots.
    fn try_star(&mut self, t: &Try) -> Pass {
        let except = self.new_block();
        let orelse = self.new_block();
        let end = self.new_block();
        self.guarded_body(&t.body, except, orelse)?;
        self.use_block(except);
        // Of (tb, value, type) only the value is needed.
        self.op(Op::PopTop);
        self.op(Op::RotTwo);
        self.op(Op::PopTop);
        self.op_arg(Op::BuildList, 0);
        self.op_arg(Op::Copy, 2);
        for handler in &t.handlers {
            self.star_handler(handler)?;
        }
        self.op_arg(Op::ListAppend, 1);
        self.op_arg(Op::CallIntrinsic2, intrinsic2::PREP_RERAISE_STAR as usize);
        let reraise = self.new_block();
        self.op(Op::DupTop);
        self.load_const(Const::None);
        self.op_arg(Op::CompareOp, CmpOp::Is as usize);
        self.jump(Op::PopJumpIfFalse, reraise);
        self.op(Op::PopTop);
        self.op(Op::PopExcept);
        self.jump(Op::JumpForward, end);
        self.use_block(reraise);
        self.op(Op::Reraise);
        self.use_block(orelse);
        self.stmts(&t.orelse)?;
        self.use_block(end);
        Ok(())
    }

    fn star_handler(&mut self, handler: &Handler) -> Pass {
        self.at_handler(handler);
        let no_match = self.new_block();
        let next = self.new_block();
        let body = self.new_block();
        let failed = self.new_block();
        if let Some(type_) = &handler.type_ {
            self.expr(type_)?;
        }
        self.op(Op::CheckEgMatch);
        self.op(Op::DupTop);
        self.load_const(Const::None);
        self.op_arg(Op::CompareOp, CmpOp::Is as usize);
        self.jump(Op::PopJumpIfTrue, no_match);
        match &handler.name {
            Some(name) => self.name_op(name, Ctx::Store)?,
            None => self.op(Op::PopTop),
        }
        self.push_fblock(FBlockKind::Except, body, None);
        self.jump(Op::SetupFinally, failed);
        self.pop_fblock();
        self.use_block(body);
        self.push_fblock(FBlockKind::StarHandler, body, None);
        self.stmts(&handler.body)?;
        self.pop_fblock();
        self.op(Op::PopBlock);
        if let Some(name) = &handler.name {
            self.unbind(name)?;
        }
        self.jump(Op::JumpForward, next);
        self.use_block(failed);
        if let Some(name) = &handler.name {
            self.unbind(name)?;
        }
        self.op(Op::StarCollect);
        self.jump(Op::JumpForward, next);
        self.use_block(no_match);
        self.op(Op::PopTop);
        self.use_block(next);
        Ok(())
    }
}
