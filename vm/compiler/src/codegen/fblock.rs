//! Open loops, handlers and `with`s, and how `break`, `continue` and `return` leave them.
use super::*;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FBlockKind {
    WhileLoop,
    ForLoop,
    Except,
    FinallyTry,
    /// The finally body leaves with break, continue or return: a placeholder lies under the block.
    FinallyTry2,
    FinallyEnd,
    With,
    AsyncWith,
    HandlerCleanup,
    /// The body of an `except*` clause, which nothing may leave.
    StarHandler,
}

#[derive(Clone, Copy, Debug)]
pub struct FBlock {
    pub kind: FBlockKind,
    pub block: BlockId,
    pub exit: Option<BlockId>,
}

impl FBlock {
    /// Entries it keeps on the interpreter's block stack.
    pub fn runtime_blocks(&self) -> u32 {
        match self.kind {
            FBlockKind::WhileLoop | FBlockKind::ForLoop => 0,
            FBlockKind::HandlerCleanup => 1 + u32::from(self.exit.is_some()),
            FBlockKind::StarHandler => 2,
            FBlockKind::Except
            | FBlockKind::FinallyTry
            | FBlockKind::FinallyTry2
            | FBlockKind::FinallyEnd
            | FBlockKind::With
            | FBlockKind::AsyncWith => 1,
        }
    }

    fn is_loop(&self) -> bool {
        matches!(self.kind, FBlockKind::WhileLoop | FBlockKind::ForLoop)
    }
}

impl Compiler<'_> {
    /// Code that leaves the `depth`-th fblock (compiler_unwind_fblock).
    fn unwind(&mut self, depth: usize, preserve: bool) -> Pass {
        let info = self.unit().fblocks[depth];
        match info.kind {
            FBlockKind::WhileLoop => {}
            FBlockKind::FinallyEnd => {
                self.u().fblocks[depth].exit = None;
                self.op_arg(Op::PopFinally, usize::from(preserve));
                if preserve {
                    self.op(Op::RotTwo);
                }
                self.op(Op::PopTop);
            }
            FBlockKind::ForLoop => {
                if preserve {
                    self.op(Op::RotTwo);
                }
                self.op(Op::PopTop);
            }
            FBlockKind::Except => self.op(Op::PopBlock),
            FBlockKind::FinallyTry => {
                self.op(Op::PopBlock);
                self.jump(Op::CallFinally, info.exit.expect("finally has a body"));
            }
            FBlockKind::FinallyTry2 => {
                self.op(Op::PopBlock);
                let exit = info.exit.expect("finally has a body");
                if preserve {
                    self.op(Op::RotTwo);
                    self.op(Op::PopTop);
                    self.jump(Op::CallFinally, exit);
                } else {
                    self.jump(Op::CallFinally, exit);
                    self.op(Op::PopTop);
                }
            }
            FBlockKind::With | FBlockKind::AsyncWith => {
                self.op(Op::PopBlock);
                if preserve {
                    self.op(Op::RotTwo);
                }
                self.op(Op::BeginFinally);
                self.op(Op::WithCleanupStart);
                if info.kind == FBlockKind::AsyncWith {
                    self.await_tos();
                }
                self.op(Op::WithCleanupFinish);
                self.op_arg(Op::PopFinally, 0);
            }
            FBlockKind::HandlerCleanup => {
                if preserve {
                    self.op(Op::RotFour);
                }
                match info.exit {
                    Some(exit) => {
                        self.op(Op::PopBlock);
                        self.op(Op::PopExcept);
                        self.jump(Op::CallFinally, exit);
                    }
                    None => self.op(Op::PopExcept),
                }
            }
            FBlockKind::StarHandler => {
                let msg = "'break', 'continue' and 'return' cannot appear in an except* block";
                return Err(Fault::syntax(msg, self.unit().pos));
            }
        }
        Ok(())
    }

    pub(super) fn return_(&mut self, value: Option<&Expr>, pos: Position) -> Pass {
        let result = self.return_inner(value, pos);
        result.map_err(|mut fault| {
            // What it may not leave is named at the value.
            if let Some(value) = value
                && fault.pos == pos
                && fault.msg.ends_with("in an except* block")
            {
                fault.pos = value.pos;
            }
            fault
        })
    }

    fn return_inner(&mut self, value: Option<&Expr>, pos: Position) -> Pass {
        if !self.in_real_function() {
            return Err(Fault::syntax("'return' outside function", pos));
        }
        let preserve = value.is_some_and(|v| v.as_const().is_none());
        if let (Some(value), true) = (value, preserve) {
            self.expr(value)?;
        }
        for depth in (0..self.unit().fblocks.len()).rev() {
            self.unwind(depth, preserve)?;
        }
        match value {
            Some(value) if !preserve => self.expr(value)?,
            Some(_) => {}
            None => self.load_const(Const::None),
        }
        self.op(Op::ReturnValue);
        Ok(())
    }

    pub(super) fn break_(&mut self, pos: Position) -> Pass {
        for depth in (0..self.unit().fblocks.len()).rev() {
            self.unwind(depth, false)?;
            let info = self.unit().fblocks[depth];
            if info.is_loop() {
                self.jump(Op::JumpAbsolute, info.exit.expect("loops have an end"));
                return Ok(());
            }
        }
        Err(Fault::syntax("'break' outside loop", pos))
    }

    pub(super) fn continue_(&mut self, pos: Position) -> Pass {
        for depth in (0..self.unit().fblocks.len()).rev() {
            let info = self.unit().fblocks[depth];
            if info.is_loop() {
                self.jump(Op::JumpAbsolute, info.block);
                return Ok(());
            }
            self.unwind(depth, false)?;
        }
        Err(Fault::syntax("'continue' not properly in loop", pos))
    }
}
