//! Binding arguments to parameters, with CPython's errors (`_PyEval_MakeFrameVector`, `too_many_positional`, ...).
use crate::frame::Frame;
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::args::Args;
use crate::vm::error::{Exc, PyResult};
use lasti_bytecode::code::flags;

impl Vm {
    /// Fills the parameters of a new frame of `f`.
    pub(crate) fn bind_args(&self, f: &Function, frame: &Frame, args: Args) -> PyResult<()> {
        let code = &frame.code;
        let d = &**code;
        let argcount = d.argcount as usize;
        let kwonly = d.kwonlyargcount as usize;
        let posonly = d.posonlyargcount as usize;
        let total = argcount + kwonly;
        let has_star = d.flags & flags::VARARGS != 0;
        let n = args.pos.len();
        let take = n.min(argcount);
        for (i, v) in args.pos[..take].iter().enumerate() {
            frame.slot(i).set(v.clone());
        }
        let mut next = total;
        if has_star {
            let rest = self.new_tuple(args.pos[take..].to_vec());
            frame.slot(next).set(rest.into());
            next += 1;
        }
        let kwdict = if d.flags & flags::VARKEYWORDS != 0 {
            let kw = self.new_dict();
            frame.slot(next).set(kw.value());
            Some(kw)
        } else {
            None
        };
        for (name, v) in args.names.iter().zip(args.kw) {
            let Some(s) = name.as_ref::<Str>() else {
                return Err(self.type_error(format!(
                    "{}() keywords must be strings",
                    self.func_qualname(f)
                )));
            };
            let find = |s: &crate::memory::Ref<Str>| {
                let params = &code.varnames[..total];
                let by_identity = params[posonly..].iter().position(|p| p.is(s));
                by_identity.or_else(|| {
                    params[posonly..]
                        .iter()
                        .position(|p| p.as_bytes() == s.as_bytes())
                })
            };
            match find(s) {
                Some(i) => {
                    let slot = frame.slot(i + posonly);
                    if !slot.is_unbound() {
                        return Err(self.type_error(format!(
                            "{}() got multiple values for argument '{}'",
                            self.func_qualname(f),
                            s.to_string_lossy()
                        )));
                    }
                    slot.set(v.clone());
                }
                None => match &kwdict {
                    Some(kw) => self.dict_set_str(kw, s, v.clone()),
                    None => return Err(self.unexpected_keyword(f, code, args, s, posonly)),
                },
            }
        }
        if n > argcount && !has_star {
            return Err(self.too_many_positional(f, frame, n));
        }
        self.fill_defaults(f, frame, n)
    }

    /// Fills what was not given from the defaults.
    pub(crate) fn fill_defaults(&self, f: &Function, frame: &Frame, given: usize) -> PyResult<()> {
        let code = &frame.code;
        let argcount = code.argcount as usize;
        let kwonly = code.kwonlyargcount as usize;
        if given < argcount {
            let defaults = f.defaults.get();
            let ndefaults = defaults.as_ref().map_or(0, |d| d.len());
            let required = argcount.saturating_sub(ndefaults);
            let missing: Vec<usize> = (given..required)
                .filter(|i| frame.slot(*i).is_unbound())
                .collect();
            if !missing.is_empty() {
                return Err(self.missing_arguments(f, frame, &missing, "positional"));
            }
            if let Some(defaults) = defaults {
                for i in given.max(required)..argcount {
                    if frame.slot(i).is_unbound() {
                        // More defaults than parameters: the last ones count.
                        frame
                            .slot(i)
                            .set(defaults[i + ndefaults - argcount].clone());
                    }
                }
            }
        }
        if kwonly > 0 {
            let kwdefaults = f.kwdefaults.get();
            let mut missing = Vec::new();
            for i in argcount..argcount + kwonly {
                if !frame.slot(i).is_unbound() {
                    continue;
                }
                let default = kwdefaults
                    .as_ref()
                    .and_then(|d| self.dict_get_str(d, &code.varnames[i]));
                match default {
                    Some(v) => frame.slot(i).set(v),
                    None => missing.push(i),
                }
            }
            if !missing.is_empty() {
                return Err(self.missing_arguments(f, frame, &missing, "keyword-only"));
            }
        }
        Ok(())
    }

    pub fn func_qualname(&self, f: &Function) -> String {
        f.qualname
            .get()
            .downcast::<Str>()
            .map_or(String::new(), |s| s.to_string_lossy().into_owned())
    }

    #[cold]
    fn missing_arguments(&self, f: &Function, frame: &Frame, missing: &[usize], kind: &str) -> Exc {
        let names: Vec<String> = missing
            .iter()
            .map(|i| format!("'{}'", frame.code.varnames[*i].to_string_lossy()))
            .collect();
        let list = match &names[..] {
            [a] => a.clone(),
            [a, b] => format!("{a} and {b}"),
            [head @ .., last] => format!("{}, and {last}", head.join(", ")),
            [] => String::new(),
        };
        let s = if names.len() == 1 { "" } else { "s" };
        self.type_error(format!(
            "{}() missing {} required {kind} argument{s}: {list}",
            self.func_qualname(f),
            names.len()
        ))
    }

    #[cold]
    fn too_many_positional(&self, f: &Function, frame: &Frame, given: usize) -> Exc {
        let argcount = frame.code.argcount as usize;
        let kwonly = frame.code.kwonlyargcount as usize;
        let defaults = f.defaults.get().map_or(0, |d| d.len());
        let (sig, plural) = if defaults > 0 {
            (
                format!("from {} to {argcount}", argcount.saturating_sub(defaults)),
                true,
            )
        } else {
            (argcount.to_string(), argcount != 1)
        };
        let kw_given = (argcount..argcount + kwonly)
            .filter(|i| !frame.slot(*i).is_unbound())
            .count();
        let kw_part = if kw_given > 0 {
            format!(
                " positional argument{} (and {kw_given} keyword-only argument{})",
                if given == 1 { "" } else { "s" },
                if kw_given == 1 { "" } else { "s" }
            )
        } else {
            String::new()
        };
        self.type_error(format!(
            "{}() takes {sig} positional argument{} but {given}{kw_part} {} given",
            self.func_qualname(f),
            if plural { "s" } else { "" },
            if given == 1 && kw_given == 0 {
                "was"
            } else {
                "were"
            }
        ))
    }

    #[cold]
    fn unexpected_keyword(
        &self,
        f: &Function,
        code: &Code,
        args: Args,
        name: &Str,
        posonly: usize,
    ) -> Exc {
        let qualname = self.func_qualname(f);
        let positional: Vec<String> = code.varnames[..posonly]
            .iter()
            .filter(|p| {
                args.names.iter().any(|n| {
                    n.downcast::<Str>()
                        .is_some_and(|s| s.as_bytes() == p.as_bytes())
                })
            })
            .map(|p| p.to_string_lossy().into_owned())
            .collect();
        if !positional.is_empty() {
            return self.type_error(format!(
                "{qualname}() got some positional-only arguments passed as keyword arguments: '{}'",
                positional.join(", ")
            ));
        }
        self.type_error(format!(
            "{qualname}() got an unexpected keyword argument '{}'",
            name.to_string_lossy()
        ))
    }

    /// Whether all parameters can be filled by moving `n` positional arguments.
    #[inline(always)]
    pub(crate) fn fits_exactly(&self, code: &Code, n: usize) -> bool {
        code.argcount as usize == n && code.shape.get() != CallKind::General
    }
}
