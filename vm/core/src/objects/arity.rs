//! How many arguments a native function takes: read from its signature once, checked at each call (CPython's METH flags).
use crate::memory::Value;
use crate::objects::NativeFunction;
use crate::vm::Vm;
use crate::vm::args::Args;
use crate::vm::error::{Exc, PyResult};

/// The counts of a signature, without the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arity {
    /// Parameters without a default that can be given by position.
    min: u8,
    /// Parameters that can be given by position; [`MANY`] when there is no bound.
    max: u8,
    /// Those of `min` that cannot be given by name.
    unnamed: u8,
    keywords: bool,
}

const MANY: u8 = u8::MAX;

impl Arity {
    /// A function without a signature: it checks its arguments itself.
    pub const ANY: Arity = Arity {
        min: 0,
        max: MANY,
        unnamed: 0,
        keywords: true,
    };

    /// The arity that a documentation string begins with: `name($self, a, b=1, /, *, c)\n--\n\n…`.
    pub const fn of(doc: &str) -> Arity {
        let Some(end) = signature_end(doc) else {
            return Arity::ANY;
        };
        let s = doc.as_bytes();
        let mut found = Arity {
            min: 0,
            max: 0,
            unnamed: 0,
            keywords: false,
        };
        // Parameters so far that can also be given by name.
        let mut named = 0;
        let mut by_name_only = false;
        // Inside of `[, start[, end]]`.
        let mut optional = false;
        let mut i = 0;
        while i < end && s[i] != b'(' {
            i += 1;
        }
        i += 1;
        while i < end {
            while i < end && (s[i] == b' ' || s[i] == b'\n') {
                i += 1;
            }
            let start = i;
            let (next, default) = parameter_end(s, i, end);
            i = next + 1;
            let default = default || optional;
            if next < end && s[next] == b'[' {
                optional = true;
            }
            if start >= next {
                continue;
            }
            match s[start] {
                b'$' => {}
                b'/' => {
                    found.unnamed = found.min;
                    named = 0;
                }
                b'*' => {
                    if start + 1 < next && s[start + 1] == b'*' {
                        found.keywords = true;
                    } else if start + 1 < next {
                        found.max = MANY;
                    }
                    by_name_only = true;
                }
                _ if by_name_only => found.keywords = true,
                _ => {
                    found.max += 1;
                    named += 1;
                    if !default {
                        found.min = found.max;
                    }
                }
            }
        }
        if named > 0 {
            found.keywords = true;
        }
        found
    }

    /// Whether these arguments are a common case: a right number of positional ones. Other calls need [`Vm::check_arity`].
    #[inline(always)]
    pub fn fits(self, args: &Args) -> bool {
        let n = args.pos.len();
        args.names.is_empty() && n >= self.min as usize && n <= self.max as usize
    }
}

/// Where the closing parenthesis of the signature stands, if the text begins with one.
const fn signature_end(doc: &str) -> Option<usize> {
    let s = doc.as_bytes();
    let mut i = 0;
    while i + 4 < s.len() {
        if s[i] == b')' && s[i + 1] == b'\n' && s[i + 2] == b'-' && s[i + 3] == b'-' {
            return Some(i);
        }
        // A long signature goes on in an indented line.
        if s[i] == b'\n' && s[i + 1] != b' ' {
            return None;
        }
        i += 1;
    }
    None
}

/// Where a parameter ends, and whether it has a default.
const fn parameter_end(s: &[u8], mut i: usize, end: usize) -> (usize, bool) {
    let mut depth = 0;
    let mut quote = 0;
    let mut default = false;
    while i < end {
        let c = s[i];
        if quote != 0 {
            if c == b'\\' {
                i += 1;
            } else if c == quote {
                quote = 0;
            }
        } else {
            match c {
                b'\'' | b'"' => quote = c,
                b'[' | b']' if !default => return (i, default),
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth -= 1,
                b'=' => default = true,
                b',' if depth == 0 => return (i, default),
                _ => {}
            }
        }
        i += 1;
    }
    (end, default)
}

impl Vm {
    /// Raises TypeError where a native function does not take these arguments. Names of keywords are the function's matter.
    #[inline(always)]
    pub(crate) fn check_arity(&self, f: &NativeFunction, args: &Args) -> PyResult<()> {
        if f.arity.fits(args) {
            return Ok(());
        }
        self.check_unusual(f, args)
    }

    #[cold]
    #[inline(never)]
    fn check_unusual(&self, f: &NativeFunction, args: &Args) -> PyResult<()> {
        let (arity, n, named) = (f.arity, args.pos.len(), args.names.len());
        if named > 0 && !arity.keywords {
            let name = self.native_name(f);
            return Err(self.type_error(format!("{name} takes no keyword arguments")));
        }
        let missing = if named > 0 { arity.unnamed } else { arity.min } as usize;
        let surplus = arity.max != MANY && n > arity.max as usize;
        if n >= missing && !surplus {
            return Ok(());
        }
        Err(
            if arity.keywords && (arity.max == 0 || !any_keywords(f.doc)) {
                self.wrong_keyword_call(f, n, named, surplus)
            } else {
                self.wrong_positional_call(f, n)
            },
        )
    }

    /// The words for a function without keywords.
    fn wrong_positional_call(&self, f: &NativeFunction, n: usize) -> Exc {
        let (min, max) = (f.arity.min as usize, f.arity.max as usize);
        self.type_error(match (min, max) {
            (_, 0) => format!("{} takes no arguments ({n} given)", self.native_name(f)),
            (1, 1) => format!(
                "{} takes exactly one argument ({n} given)",
                self.native_name(f)
            ),
            _ => {
                let (word, bound) = match n < min {
                    _ if min == max => ("", min),
                    true => ("at least ", min),
                    false => ("at most ", max),
                };
                let s = if bound == 1 { "" } else { "s" };
                let name = f.name.to_string_lossy();
                format!("{name} expected {word}{bound} argument{s}, got {n}")
            }
        })
    }

    /// The words for a function with keywords.
    fn wrong_keyword_call(&self, f: &NativeFunction, n: usize, named: usize, surplus: bool) -> Exc {
        let name = f.name.to_string_lossy();
        let parameters = parameters(f.doc);
        let (min, max) = (f.arity.min as usize, f.arity.max as usize);
        if !surplus {
            let positional = f.arity.unnamed as usize;
            if n < positional {
                let word = if positional < max {
                    "at least"
                } else {
                    "exactly"
                };
                let s = if positional == 1 { "" } else { "s" };
                return self.type_error(format!(
                    "{name}() takes {word} {positional} positional argument{s} ({n} given)"
                ));
            }
            let missing = parameters.get(n).copied().unwrap_or_default();
            let at = n + 1;
            return self.type_error(format!(
                "{name}() missing required argument '{missing}' (pos {at})"
            ));
        }
        let all = parameters.len();
        let (kind, bound, given) = match n + named > all {
            true => ("", all, n + named),
            false => ("positional ", max, n),
        };
        if bound == 0 {
            return self.type_error(format!("{name}() takes no positional arguments"));
        }
        let word = if min < bound { "at most" } else { "exactly" };
        let s = if bound == 1 { "" } else { "s" };
        self.type_error(format!(
            "{name}() takes {word} {bound} {kind}argument{s} ({given} given)"
        ))
    }

    /// `module.name()` or `type.name()`, as errors show a native function.
    fn native_name(&self, f: &NativeFunction) -> String {
        let name = f.name.to_string_lossy();
        let this = f.this.get();
        let owner = match &f.owner {
            // A class method is named after the class that it is bound to.
            Some(t) => bound_type(&this).or_else(|| Some(t.name().to_string())),
            None => match f.module.get().downcast::<crate::objects::Str>() {
                Some(m) if *m != *"builtins" => Some(m.to_string_lossy().into_owned()),
                _ => bound_type(&this),
            },
        };
        match owner {
            Some(owner) => format!("{owner}.{name}()"),
            None => format!("{name}()"),
        }
    }
}

/// Whether the keywords are just `**kwargs`: errors are then those of a function without keywords.
fn any_keywords(doc: &str) -> bool {
    let signature = &doc[..signature_end(doc).unwrap_or(0)];
    signature.contains("/, **") || signature.contains("/, *") && signature.contains("**")
}

/// The name of the type that a class or static method hangs on.
fn bound_type(this: &Value) -> Option<String> {
    let t = this.downcast::<crate::objects::Type>()?;
    Some(t.name().to_string())
}

/// The names of a signature's parameters, in order.
fn parameters(doc: &str) -> Vec<&str> {
    let Some(end) = signature_end(doc) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    let mut i = doc.find('(').map_or(end, |n| n + 1);
    while i < end {
        let (next, _) = parameter_end(doc.as_bytes(), i, end);
        let name = doc[i..next].split('=').next().unwrap_or_default().trim();
        if !name.is_empty() && !name.starts_with(['$', '/', '*']) {
            all.push(name);
        }
        i = next + 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(signature: &str, min: u8, max: u8, unnamed: u8, keywords: bool) {
        let expected = Arity {
            min,
            max,
            unnamed,
            keywords,
        };
        let doc = format!("{signature}\n--\n\nText (a, b).");
        assert_eq!(Arity::of(&doc), expected, "{signature}");
    }

    #[test]
    fn arities_of_signatures() {
        check("f($self, /)", 0, 0, 0, false);
        check("f()", 0, 0, 0, false);
        check("f($module, x, /)", 1, 1, 1, false);
        check("f($self, index=-1, /)", 0, 1, 0, false);
        check(
            "f($self, value, start=0, stop=sys.maxsize, /)",
            1,
            3,
            1,
            false,
        );
        check("f($self, /, sep=', ', n=(1, 2))", 0, 2, 0, true);
        check("f($self, a, /, b, c=None, *, d)", 2, 3, 1, true);
        check("f($self, /, *, key=None)", 0, 0, 0, true);
        check("f($self, *args)", 0, MANY, 0, false);
        check("f($self, a, /, *args, **kw)", 1, MANY, 1, true);
        check("(value, /)", 1, 1, 1, false);
        check("f($self, sub[, start[, end]], /)", 1, 3, 1, false);
        check("f($module, a, b=[1],\n  c={}, /)", 1, 3, 1, false);
        assert_eq!(Arity::of("f(a[, b]) -> c\n\ntext"), Arity::ANY);
        assert_eq!(Arity::of(""), Arity::ANY);
    }

    #[test]
    fn names_of_parameters() {
        let names = parameters("f($self, a, /, b='(,', *, c=[1, 2])\n--\n\n");
        assert_eq!(names, ["a", "b", "c"]);
    }
}
