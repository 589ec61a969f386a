//! Comprehensions and generator expressions: functions of their own, as in 3.8.
use super::*;

impl Compiler<'_> {
    pub(super) fn comprehension(&mut self, c: &Comp, e: &Expr) -> Pass {
        let name = match c.kind {
            CompKind::List => "<listcomp>",
            CompKind::Set => "<setcomp>",
            CompKind::Dict => "<dictcomp>",
            CompKind::Generator => "<genexpr>",
        };
        let async_around = self.unit().is_async
            || self.block().comprehension.is_some()
            || (self.options.allow_top_level_await && self.at_top_level());
        self.enter(name.into(), c.id, Role::Body, e.line, e.pos);
        let is_async = self.block().coroutine;
        if is_async && !async_around && c.kind != CompKind::Generator {
            let msg = "asynchronous comprehension outside of an asynchronous function";
            return Err(Fault::syntax(msg, e.pos));
        }
        match c.kind {
            CompKind::List => self.op_arg(Op::BuildList, 0),
            CompKind::Set => self.op_arg(Op::BuildSet, 0),
            CompKind::Dict => self.op_arg(Op::BuildMap, 0),
            CompKind::Generator => {}
        }
        self.generator(c, 0)?;
        if c.kind != CompKind::Generator {
            self.op(Op::ReturnValue);
        }
        let qualname = self.unit().qualname.clone();
        let code = self.finish(true);
        self.make_closure(code, 0, &qualname);
        let outermost = &c.generators[0];
        self.expr(&outermost.iter)?;
        self.op(if outermost.is_async {
            Op::GetAiter
        } else {
            Op::GetIter
        });
        self.op_arg(Op::CallFunction, 1);
        if is_async && c.kind != CompKind::Generator {
            self.await_tos();
        }
        Ok(())
    }

    fn generator(&mut self, c: &Comp, index: usize) -> Pass {
        stacker::maybe_grow(RED_ZONE, STACK_STEP, || {
            if c.generators[index].is_async {
                self.async_generator(c, index)
            } else {
                self.sync_generator(c, index)
            }
        })
    }

    fn source(&mut self, g: &Generator, index: usize) -> Pass {
        if index == 0 {
            self.u().argcount = 1;
            self.op_arg(Op::LoadFast, 0);
            return Ok(());
        }
        self.expr(&g.iter)?;
        self.op(if g.is_async {
            Op::GetAiter
        } else {
            Op::GetIter
        });
        Ok(())
    }

    fn conditions(&mut self, g: &Generator, cleanup: BlockId) -> Pass {
        for condition in &g.ifs {
            self.jump_if(condition, cleanup, false)?;
            self.next_block();
        }
        Ok(())
    }

    /// The innermost action: yield, or add to what is being built.
    fn element(&mut self, c: &Comp, depth: usize) -> Pass {
        self.expr(&c.elt)?;
        match c.kind {
            CompKind::Generator => {
                self.op(Op::YieldValue);
                self.op(Op::PopTop);
            }
            CompKind::List => self.op_arg(Op::ListAppend, depth + 1),
            CompKind::Set => self.op_arg(Op::SetAdd, depth + 1),
            CompKind::Dict => {
                let value = c.value.as_ref().expect("a dict comprehension has values");
                self.expr(value)?;
                self.op_arg(Op::MapAdd, depth + 1);
            }
        }
        Ok(())
    }

    /// What is done for each item: the conditions, then the inner clause or the element.
    fn filtered_element(&mut self, c: &Comp, index: usize, cleanup: BlockId) -> Pass {
        self.conditions(&c.generators[index], cleanup)?;
        let depth = index + 1;
        if depth < c.generators.len() {
            self.generator(c, depth)
        } else {
            self.element(c, depth)
        }
    }

    fn sync_generator(&mut self, c: &Comp, index: usize) -> Pass {
        let start = self.new_block();
        let cleanup = self.new_block();
        let anchor = self.new_block();
        let g = &c.generators[index];
        self.source(g, index)?;
        self.use_block(start);
        self.jump(Op::ForIter, anchor);
        self.next_block();
        self.expr(&g.target)?;
        self.filtered_element(c, index, cleanup)?;
        self.use_block(cleanup);
        self.jump(Op::JumpAbsolute, start);
        self.use_block(anchor);
        Ok(())
    }

    fn async_generator(&mut self, c: &Comp, index: usize) -> Pass {
        let start = self.new_block();
        let except = self.new_block();
        let cleanup = self.new_block();
        let g = &c.generators[index];
        self.source(g, index)?;
        self.use_block(start);
        self.jump(Op::SetupFinally, except);
        self.op(Op::GetAnext);
        self.yield_from_tos();
        self.op(Op::PopBlock);
        self.expr(&g.target)?;
        self.filtered_element(c, index, cleanup)?;
        self.use_block(cleanup);
        self.jump(Op::JumpAbsolute, start);
        self.use_block(except);
        self.op(Op::EndAsyncFor);
        Ok(())
    }
}
