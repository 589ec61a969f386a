//! Calls and class headers.
use super::*;

fn str_const(name: &Name) -> Const {
    Const::Str(crate::literal::wtf8(name.as_bytes().to_vec()))
}

impl Compiler<'_> {
    /// No keyword may be given twice.
    fn check_keywords(&self, keywords: &[Keyword]) -> Pass {
        for (i, k) in keywords.iter().enumerate() {
            if let Some(name) = &k.arg
                && let Some(again) = keywords[i + 1..]
                    .iter()
                    .find(|b| b.arg.as_ref() == Some(name))
            {
                let msg = format!("keyword argument repeated: {name}");
                return Err(Fault::syntax(msg, again.pos));
            }
        }
        Ok(())
    }

    pub(super) fn call(&mut self, call: &Call) -> Pass {
        self.check_keywords(&call.keywords)?;
        let starred = |e: &Expr| matches!(e.kind, ExprKind::Starred(..));
        if let ExprKind::Attribute(object, attr, Ctx::Load) = &call.func.kind
            && call.keywords.is_empty()
            && !call.args.iter().any(starred)
        {
            self.expr(object)?;
            self.op_name(Op::LoadMethod, attr);
            self.exprs(&call.args)?;
            self.op_arg(Op::CallMethod, call.args.len());
            return Ok(());
        }
        self.expr(&call.func)?;
        self.call_helper(0, &call.args, None, &call.keywords)
    }

    /// The arguments and the call itself; `pushed` positional arguments lie on the stack already, `extra`
    /// is a variable passed after `args` (compiler_call_helper).
    pub(super) fn call_helper(
        &mut self,
        pushed: usize,
        args: &[Expr],
        extra: Option<&str>,
        keywords: &[Keyword],
    ) -> Pass {
        if pushed > 0 {
            self.check_keywords(keywords)?;
        }
        let unpacks_dict = keywords.iter().any(|k| k.arg.is_none());
        let (mut tuples, mut seen) = (0, pushed);
        for arg in args {
            if let ExprKind::Starred(value, _) = &arg.kind {
                if seen > 0 {
                    self.op_arg(Op::BuildTuple, seen);
                    seen = 0;
                    tuples += 1;
                }
                self.expr(value)?;
                tuples += 1;
            } else {
                self.expr(arg)?;
                seen += 1;
            }
        }
        if let Some(name) = extra {
            self.load_name(name)?;
            seen += 1;
        }
        if tuples > 0 || unpacks_dict {
            if seen > 0 {
                self.op_arg(Op::BuildTuple, seen);
                tuples += 1;
            }
            match tuples {
                0 => self.op_arg(Op::BuildTuple, 0),
                1 => {}
                _ => self.op_arg(Op::BuildTupleUnpackWithCall, tuples),
            }
            let maps = self.keyword_maps(keywords)?;
            self.op_arg(Op::CallFunctionEx, usize::from(maps > 0));
        } else if !keywords.is_empty() {
            for k in keywords {
                self.expr(&k.value)?;
            }
            self.keyword_names(keywords);
            self.op_arg(Op::CallFunctionKw, seen + keywords.len());
        } else {
            self.op_arg(Op::CallFunction, seen);
        }
        Ok(())
    }

    fn keyword_names(&mut self, keywords: &[Keyword]) {
        let names: Vec<Const> = keywords
            .iter()
            .filter_map(|k| k.arg.as_ref())
            .map(str_const)
            .collect();
        self.load_const(Const::Tuple(names.into()));
    }

    /// Keyword arguments as mappings on the stack, joined into one.
    fn keyword_maps(&mut self, keywords: &[Keyword]) -> Pass<usize> {
        let (mut maps, mut seen) = (0, 0);
        for (i, k) in keywords.iter().enumerate() {
            if k.arg.is_some() {
                seen += 1;
                continue;
            }
            if seen > 0 {
                self.keyword_map(&keywords[i - seen..i])?;
                maps += 1;
                seen = 0;
            }
            self.expr(&k.value)?;
            maps += 1;
        }
        if seen > 0 {
            self.keyword_map(&keywords[keywords.len() - seen..])?;
            maps += 1;
        }
        if maps > 1 {
            self.op_arg(Op::BuildMapUnpackWithCall, maps);
        }
        Ok(maps)
    }

    fn keyword_map(&mut self, keywords: &[Keyword]) -> Pass {
        if keywords.len() > 1 {
            for k in keywords {
                self.expr(&k.value)?;
            }
            self.keyword_names(keywords);
            self.op_arg(Op::BuildConstKeyMap, keywords.len());
        } else {
            for k in keywords {
                if let Some(name) = &k.arg {
                    self.load_const(str_const(name));
                }
                self.expr(&k.value)?;
            }
            self.op_arg(Op::BuildMap, keywords.len());
        }
        Ok(())
    }
}
