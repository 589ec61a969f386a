//! `with` and `async with`.
use super::*;

impl Compiler<'_> {
    pub(super) fn with(&mut self, w: &With, pos: Position) -> Pass {
        if w.is_async {
            self.need_async("'async with' outside async function", pos)?;
        }
        self.with_item(w, 0)
    }

    fn with_item(&mut self, w: &With, index: usize) -> Pass {
        stacker::maybe_grow(RED_ZONE, STACK_STEP, || self.with_item_inner(w, index))
    }

    fn with_item_inner(&mut self, w: &With, index: usize) -> Pass {
        let item = &w.items[index];
        let block = self.new_block();
        let finally = self.new_block();
        self.expr(&item.context)?;
        // The instructions of entering and leaving point at the context expression.
        let outer_pos = std::mem::replace(&mut self.u().pos, item.context.pos);
        let kind = if w.is_async {
            self.op(Op::BeforeAsyncWith);
            self.await_tos();
            self.jump(Op::SetupAsyncWith, finally);
            FBlockKind::AsyncWith
        } else {
            self.jump(Op::SetupWith, finally);
            FBlockKind::With
        };
        self.use_block(block);
        self.push_fblock(kind, block, Some(finally));
        match &item.target {
            Some(target) => self.expr(target)?,
            None => self.op(Op::PopTop),
        }
        self.u().pos = outer_pos;
        if index + 1 == w.items.len() {
            self.stmts(&w.body)?;
        } else {
            self.with_item(w, index + 1)?;
        }
        self.u().pos = item.context.pos;
        self.op(Op::PopBlock);
        self.op(Op::BeginFinally);
        self.pop_fblock();
        self.use_block(finally);
        self.push_fblock(FBlockKind::FinallyEnd, finally, None);
        self.op(Op::WithCleanupStart);
        if w.is_async {
            self.await_tos();
        }
        self.op(Op::WithCleanupFinish);
        self.op(Op::EndFinally);
        self.pop_fblock();
        self.u().pos = outer_pos;
        Ok(())
    }
}
