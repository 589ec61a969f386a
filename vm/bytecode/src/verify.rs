//! Checks code objects that the compiler of this build did not make: those of `marshal.loads`, `CodeType(...)` and
//! `code.replace(...)`.
//!
//! The interpreter steps through code without checks. Code that passes here keeps its contract: operands are in range, jumps
//! lead to instructions, no path runs off the end, and the stacks of values and blocks stay within their bounds on every
//! path, exceptions included. The effects here are what the interpreter really pushes and pops; the opcode table has those that
//! the compiler reckons with, which differ for `finally`.
//!
//! A `finally` body is entered with one value (NULL, or the address to go back to) or with the six of an exception, and a
//! `return` value may lie below. Depths do not agree where such paths join, so each unit is visited once for each stack that
//! reaches it. What the compiler makes leads to few of them; code with very many is refused.
use crate::code::{CodeData, Const, flags};
use crate::opcode::{CMP_OP, Op, Operand, intrinsic1, intrinsic2};
use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// Blocks that a frame can count.
const MAX_BLOCKS: usize = u8::MAX as usize;
/// Values that a block's level can tell of.
const MAX_STACK: u32 = u16::MAX as u32;
/// Locals, cells and free variables of a frame.
const MAX_VARIABLES: usize = 1 << 20;
/// How often each unit is gone through, on average.
const MAX_EFFORT: usize = 400;

/// Why code was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flaw {
    what: &'static str,
    /// Byte offset of the instruction.
    at: Option<usize>,
}

impl Flaw {
    /// Says what is wrong, without the place.
    pub fn what(&self) -> &'static str {
        self.what
    }
    /// The byte offset of the instruction that is wrong.
    pub fn at(&self) -> Option<usize> {
        self.at
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "{} at offset {at}", self.what),
            None => f.write_str(self.what),
        }
    }
}

impl std::error::Error for Flaw {}

/// What `co_stacksize` has to be at least.
pub const STACK_TOO_SMALL: &str = "co_stacksize is too small";

/// What running a code object takes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Needs {
    /// Deepest stack of values.
    pub stack: u32,
    /// Deepest stack of blocks.
    pub blocks: u32,
}

type Check<T = ()> = Result<T, Flaw>;

fn flaw<T>(what: &'static str) -> Check<T> {
    Err(Flaw { what, at: None })
}

fn require(holds: bool, what: &'static str) -> Check {
    if holds { Ok(()) } else { flaw(what) }
}

/// Checks a code object and all that it nests, `max_blocks` included.
pub fn verify_all(code: &CodeData) -> Check {
    let needs = verify(code)?;
    require(
        needs.blocks <= code.max_blocks && code.max_blocks as usize <= MAX_BLOCKS,
        "too many blocks",
    )?;
    nested(&code.consts)
}

fn nested(consts: &[Const]) -> Check {
    consts.iter().try_for_each(|c| match c {
        Const::Code(code) => verify_all(code),
        Const::Tuple(items) | Const::FrozenSet(items) => nested(items),
        _ => Ok(()),
    })
}

/// Checks a code object, without those it nests and without its `max_blocks`.
pub fn verify(code: &CodeData) -> Check<Needs> {
    variables(code)?;
    let (units, targets) = decode(code)?;
    Walk {
        code,
        targets,
        units: &units,
        needs: Needs::default(),
        keys: RandomState::new(),
        seen: vec![HashSet::new(); units.len()],
        due: Vec::new(),
        effort: 0,
    }
    .run()
}

/// Checks the numbers that say how arguments are laid out.
fn variables(code: &CodeData) -> Check {
    let stars = [flags::VARARGS, flags::VARKEYWORDS];
    let stars = stars.iter().filter(|f| code.flags & **f != 0).count() as u64;
    let arguments = u64::from(code.argcount) + u64::from(code.kwonlyargcount) + stars;
    require(
        arguments <= code.varnames.len() as u64,
        "co_varnames is too small",
    )?;
    require(
        code.posonlyargcount <= code.argcount,
        "co_posonlyargcount is too large",
    )?;
    require(code.stacksize <= MAX_STACK, "co_stacksize is too large")?;
    let variables = code.varnames.len() + code.cellvars.len() + code.freevars.len();
    require(variables <= MAX_VARIABLES, "too many variables")
}

/// One wordcode unit with its whole operand; that of a jump is the target unit.
#[derive(Clone, Copy, Debug)]
struct Unit {
    op: Op,
    arg: u32,
}

/// The units, with their operands checked wherever they stand: the interpreter's form is made of all of them.
fn decode(code: &CodeData) -> Check<(Vec<Unit>, Vec<bool>)> {
    let bytes = &code.code;
    require(!bytes.is_empty(), "co_code is malformed")?;
    require(bytes.len().is_multiple_of(2), "co_code is malformed")?;
    require(bytes.len() <= i32::MAX as usize, "too many instructions")?;
    let mut units = Vec::with_capacity(bytes.len() / 2);
    let mut prefix = 0u32;
    let mut prefixes = 0;
    for (n, pair) in bytes.chunks_exact(2).enumerate() {
        let unit = (|| {
            let Some(op) = Op::from_u8(pair[0]) else {
                return flaw("unknown opcode");
            };
            let arg = prefix << 8 | u32::from(pair[1]);
            if op == Op::ExtendedArg {
                prefixes += 1;
                require(prefixes <= 3, "operand of more than four bytes")?;
                prefix = arg;
            } else {
                require(
                    op.has_arg() || prefixes == 0,
                    "EXTENDED_ARG without operand",
                )?;
                (prefix, prefixes) = (0, 0);
            }
            let arg = operand(code, n, op, arg)?;
            Ok(Unit { op, arg })
        })();
        units.push(unit.map_err(|f| Flaw {
            at: Some(2 * n),
            ..f
        })?);
    }
    require(prefixes == 0, "co_code is malformed")?;
    for (n, unit) in units.iter().enumerate() {
        if !unit.op.is_jump() {
            continue;
        }
        let to = unit.arg as usize;
        let inside = to < units.len() && (to == 0 || units[to - 1].op != Op::ExtendedArg);
        if !inside {
            return Err(Flaw {
                what: "bad jump target",
                at: Some(2 * n),
            });
        }
    }
    let targets = targets(&units);
    for n in 0..units.len() {
        neighbours(code, &units, &targets, n).map_err(|f| Flaw {
            at: Some(2 * n),
            ..f
        })?;
    }
    Ok((units, targets))
}

fn operand(code: &CodeData, n: usize, op: Op, arg: u32) -> Check<u32> {
    let below = |len: usize, what| require((arg as usize) < len, what);
    match op.operand() {
        Operand::Const => below(code.consts.len(), "constant out of range")?,
        Operand::Name => below(code.names.len(), "name out of range")?,
        Operand::Local => below(code.varnames.len(), "local out of range")?,
        Operand::Free => below(
            code.cellvars.len() + code.freevars.len(),
            "cell out of range",
        )?,
        // The last text is no comparison.
        Operand::Compare => below(CMP_OP.len() - 1, "comparison out of range")?,
        Operand::JumpAbs => {
            require(arg.is_multiple_of(2), "bad jump target")?;
            return Ok(arg / 2);
        }
        Operand::JumpRel => {
            require(arg.is_multiple_of(2), "bad jump target")?;
            return match u32::try_from(n as u64 + 1 + u64::from(arg / 2)) {
                Ok(to) => Ok(to),
                Err(_) => flaw("bad jump target"),
            };
        }
        Operand::None | Operand::Arg => {}
    }
    let valid = match op {
        Op::Copy | Op::ListAppend | Op::SetAdd | Op::MapAdd => arg >= 1,
        Op::Swap => arg >= 2,
        Op::CallIntrinsic1 => (intrinsic1::TYPEVAR..=intrinsic1::TYPEALIAS).contains(&arg),
        Op::CallIntrinsic2 => {
            (intrinsic2::PREP_RERAISE_STAR..=intrinsic2::SET_TYPEPARAM_DEFAULT).contains(&arg)
        }
        Op::LoadCommonConstant | Op::CallFunctionEx | Op::PopFinally => arg <= 1,
        Op::RaiseVarargs => arg <= 2,
        Op::MakeFunction => arg <= 0x1F,
        Op::BuildSlice => arg == 2 || arg == 3,
        Op::FormatValue => arg <= 7,
        Op::BuildInterpolation => arg >> 2 <= 3 && arg & 2 == 0,
        _ => true,
    };
    require(valid, "bad operand")?;
    Ok(arg)
}

/// What the interpreter takes for granted of instructions that stand side by side.
fn neighbours(code: &CodeData, units: &[Unit], targets: &[bool], n: usize) -> Check {
    match units[n].op {
        Op::CallFunctionKw => {
            // The names are a constant that nothing comes between.
            let names = n.checked_sub(1).map(|n| units[n]);
            let names = names.filter(|u| u.op == Op::LoadConst);
            let names = names.and_then(|u| code.consts.get(u.arg as usize));
            let good = match names {
                Some(Const::Tuple(names)) => {
                    names.len() <= units[n].arg as usize
                        && names.iter().all(|n| matches!(n, Const::Str(_)))
                        && !targets[n]
                }
                _ => false,
            };
            require(good, "bad keyword names")
        }
        // A frame that rests before a YIELD_FROM waits for what lies on its stack.
        Op::YieldValue => require(
            units.get(n + 1).is_none_or(|u| u.op != Op::YieldFrom),
            "YIELD_FROM behind YIELD_VALUE",
        ),
        _ => Ok(()),
    }
}

/// The units at which paths may join.
fn targets(units: &[Unit]) -> Vec<bool> {
    let mut targets = vec![false; units.len()];
    for (n, unit) in units.iter().enumerate() {
        if unit.op.is_jump() {
            targets[unit.arg as usize] = true;
        }
        if unit.op == Op::CallFinally && n + 1 < units.len() {
            targets[n + 1] = true;
        }
    }
    targets
}

/// What is known of a value on the stack.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Kind {
    /// A value that Python may see.
    Bound,
    /// None that WITH_CLEANUP_START pushed.
    None,
    /// The exception that a handler was entered with.
    Exception,
    Null,
    /// NULL or a method: what LOAD_METHOD leaves.
    Method,
    /// The unit that CALL_FINALLY came from, and one.
    Address(u32),
}

impl Kind {
    fn is_bound(self) -> bool {
        matches!(self, Kind::Bound | Kind::None | Kind::Exception)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Block {
    /// An exception is being handled; three values of the older one lie at `level`.
    handling: bool,
    level: usize,
}

impl Block {
    /// What is left of the stack when an exception gets here.
    fn bound(self) -> usize {
        self.level + 3 * usize::from(self.handling)
    }
}

/// Where a unit leads, beside its jumps.
enum Flow {
    Next,
    /// To the next one, whose depth is checked.
    Noted,
    End,
}

/// The stacks in front of a unit.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
struct State {
    values: Vec<Kind>,
    blocks: Vec<Block>,
}

impl State {
    fn depth(&self) -> usize {
        self.values.len()
    }
    fn peek(&self, n: usize) -> Check<Kind> {
        match self.depth().checked_sub(n) {
            Some(at) if n > 0 => Ok(self.values[at]),
            _ => flaw("stack underflow"),
        }
    }
    fn pop(&mut self) -> Check<Kind> {
        match self.values.pop() {
            Some(kind) => Ok(kind),
            None => flaw("stack underflow"),
        }
    }
    fn push(&mut self, kind: Kind) {
        self.values.push(kind);
    }
    /// Pops a value that Python may see.
    fn pop_bound(&mut self) -> Check {
        let kind = self.pop()?;
        require(kind.is_bound(), "NULL or an address as a value")
    }
    fn pop_bounds(&mut self, n: usize) -> Check {
        require(n <= self.depth(), "stack underflow")?;
        (0..n).try_for_each(|_| self.pop_bound())
    }
    /// The block of the handler that runs, which ends.
    fn pop_handler(&mut self) -> Check<Block> {
        match self.blocks.pop() {
            Some(b) if b.handling => Ok(b),
            _ => flaw("no exception is being handled"),
        }
    }
    /// What an instruction that may raise leaves at least when it does: what the blocks go back to.
    fn may_raise(&self) -> Check {
        let Some(b) = self.blocks.last() else {
            return Ok(());
        };
        require(self.depth() >= b.bound(), "stack below its block")?;
        let older = if b.handling {
            &self.values[b.level..b.bound()]
        } else {
            &[]
        };
        require(
            older.iter().all(|k| k.is_bound()),
            "NULL or an address as a value",
        )
    }
    /// What no instruction may touch: an exception takes it as it was.
    fn floor(&self) -> usize {
        match &self.blocks[..] {
            [.., below, b] if b.handling => below.bound(),
            [b] if b.handling => 0,
            [.., b] => b.bound(),
            [] => 0,
        }
    }
    /// Moves the `n` topmost values about. Those that a handler goes back to may be among them where that makes no difference
    /// to it: a `return` value goes below an exception before its block is popped.
    fn reorder(&mut self, n: usize, how: impl FnOnce(&mut [Kind])) -> Check {
        let (from, to) = (self.depth() - n, self.floor());
        let before: Vec<Kind> = self.values.get(from..to).unwrap_or_default().to_vec();
        how(&mut self.values);
        require(
            before.is_empty() || self.values[from..to] == before,
            "stack below its block",
        )
    }
    fn above_floor(&self) -> Check {
        require(self.depth() >= self.floor(), "stack below its block")
    }
    /// Pushes a block of the level that the stack has less `less`.
    fn begin(&mut self, less: usize) -> Check {
        self.may_raise()?;
        let level = self.depth().checked_sub(less);
        let below = self.blocks.last().map_or(0, |b| b.bound());
        match level.filter(|l| *l >= below) {
            Some(level) => {
                self.blocks.push(Block {
                    handling: false,
                    level,
                });
                Ok(())
            }
            None => flaw("stack below its block"),
        }
    }
    /// What the handler of the innermost block is entered with.
    fn in_handler(&self) -> Check<State> {
        let mut state = self.clone();
        let Some(b) = state.blocks.last_mut() else {
            return flaw("no block");
        };
        b.handling = true;
        state.values.truncate(b.level);
        // The older exception between Nones, then traceback, value and type.
        state.values.extend([Kind::Bound; 4]);
        state.values.extend([Kind::Exception; 2]);
        Ok(state)
    }
}

struct Walk<'a> {
    code: &'a CodeData,
    units: &'a [Unit],
    targets: Vec<bool>,
    needs: Needs,
    keys: RandomState,
    /// Keyed hashes of the states that were met at each target. The states themselves would take too much memory.
    seen: Vec<HashSet<u64>>,
    due: Vec<(usize, State)>,
    /// Units visited, and the sizes of stacks that were copied.
    effort: usize,
}

impl Walk<'_> {
    fn run(mut self) -> Check<Needs> {
        self.reach(0, State::default())?;
        while let Some((mut at, mut state)) = self.due.pop() {
            loop {
                let next = self.visit(at, &mut state).map_err(|f| Flaw {
                    at: f.at.or(Some(2 * at)),
                    ..f
                })?;
                let Some(next) = next else { break };
                at = next;
                if at >= self.units.len() {
                    return flaw("co_code is malformed");
                }
                if self.targets[at] && !self.is_new(at, &state) {
                    break;
                }
            }
        }
        Ok(self.needs)
    }

    /// Notes that a path leads to `at`.
    fn reach(&mut self, at: usize, state: State) -> Check {
        require(at < self.units.len(), "bad jump target")?;
        self.note(&state)?;
        if self.is_new(at, &state) {
            self.due.push((at, state));
        }
        Ok(())
    }

    /// Whether no path led to `at` with these stacks yet.
    fn is_new(&mut self, at: usize, state: &State) -> bool {
        self.effort += state.depth() / 8;
        self.seen[at].insert(self.keys.hash_one(state))
    }

    fn note(&mut self, state: &State) -> Check {
        let (stack, blocks) = (state.depth() as u32, state.blocks.len() as u32);
        self.needs.stack = self.needs.stack.max(stack);
        self.needs.blocks = self.needs.blocks.max(blocks);
        require(stack <= self.code.stacksize, STACK_TOO_SMALL)?;
        require(blocks as usize <= MAX_BLOCKS, "too many blocks")
    }

    /// Does the unit. Gives the one behind it, unless none is reached from here.
    fn visit(&mut self, at: usize, s: &mut State) -> Check<Option<usize>> {
        self.effort += 1;
        require(
            self.effort <= MAX_EFFORT * (self.units.len() + 16),
            "too many ways through the code",
        )?;
        let Unit { op, arg } = self.units[at];
        let flow = match self.visit_move(at, s)? {
            Some(flow) => flow,
            None => match self.visit_jump(at, s)? {
                Some(flow) => flow,
                None => match self.visit_value(at, s)? {
                    Some(flow) => flow,
                    None => {
                        let (pops, pushes) = plain(op, arg as usize);
                        self.effect(s, pops, pushes)?;
                        Flow::Noted
                    }
                },
            },
        };
        match flow {
            Flow::End => Ok(None),
            Flow::Next => Ok(Some(at + 1)),
            Flow::Noted => {
                s.above_floor()?;
                self.note(s)?;
                Ok(Some(at + 1))
            }
        }
    }

    /// Units that only move values, and cannot raise. None: it is none of them.
    fn visit_move(&mut self, at: usize, s: &mut State) -> Check<Option<Flow>> {
        let Unit { op, arg } = self.units[at];
        let n = arg as usize;
        match op {
            Op::Nop | Op::ExtendedArg => return Ok(Some(Flow::Next)),
            Op::RotTwo => return rotate(s, 2).map(|()| Some(Flow::Next)),
            Op::RotThree => return rotate(s, 3).map(|()| Some(Flow::Next)),
            Op::RotFour => return rotate(s, 4).map(|()| Some(Flow::Next)),
            Op::Swap => {
                s.peek(n)?;
                let top = s.depth() - 1;
                s.reorder(n, |values| values.swap(top, top + 1 - n))?;
                return Ok(Some(Flow::Next));
            }
            Op::DupTop => {
                let kind = s.peek(1)?;
                s.push(kind);
            }
            Op::DupTopTwo => {
                let (a, b) = (s.peek(2)?, s.peek(1)?);
                s.values.extend([a, b]);
            }
            Op::Copy => {
                let kind = s.peek(n)?;
                s.push(kind);
            }
            Op::JumpForward => {
                let state = std::mem::take(s);
                self.reach(n, state)?;
                return Ok(Some(Flow::End));
            }
            Op::BeginFinally => s.push(Kind::Null),
            Op::CallFinally => {
                s.push(Kind::Address(at as u32 + 1));
                let state = std::mem::take(s);
                self.reach(n, state)?;
                return Ok(Some(Flow::End));
            }
            Op::PopBlock => {
                let b = s.blocks.pop();
                require(b.is_some_and(|b| !b.handling), "POP_BLOCK without block")?;
                return Ok(Some(Flow::Next));
            }
            Op::PopExcept => {
                s.pop_handler()?;
                s.pop_bounds(3)?;
                s.above_floor()?;
                return Ok(Some(Flow::Next));
            }
            Op::PopFinally => {
                if n == 1 {
                    s.pop_bound()?;
                }
                match s.pop()? {
                    Kind::Null | Kind::Address(_) => {}
                    Kind::Exception => {
                        s.pop_bounds(2)?;
                        s.pop_handler()?;
                        s.pop_bounds(3)?;
                    }
                    _ => return flaw("POP_FINALLY outside of a finally"),
                }
                s.above_floor()?;
                if n == 1 {
                    s.push(Kind::Bound);
                }
                return Ok(Some(Flow::Next));
            }
            Op::ReturnValue => {
                s.pop_bound()?;
                require(s.blocks.is_empty(), "return within a block")?;
                return Ok(Some(Flow::End));
            }
            _ => return Ok(None),
        }
        Ok(Some(Flow::Noted))
    }

    /// Jumps, blocks, and exceptions. None: it is none of them.
    fn visit_jump(&mut self, at: usize, s: &mut State) -> Check<Option<Flow>> {
        let Unit { op, arg } = self.units[at];
        let n = arg as usize;
        match op {
            Op::JumpAbsolute => {
                s.may_raise()?;
                let state = std::mem::take(s);
                self.reach(n, state)?;
                return Ok(Some(Flow::End));
            }
            Op::PopJumpIfFalse | Op::PopJumpIfTrue => {
                self.effect(s, 1, 0)?;
                self.reach(n, s.clone())?;
            }
            Op::JumpIfFalseOrPop | Op::JumpIfTrueOrPop => {
                let taken = s.clone();
                self.effect(s, 1, 0)?;
                self.reach(n, taken)?;
            }
            Op::ForIter => {
                self.effect(s, 1, 0)?;
                self.reach(n, s.clone())?;
                s.values.extend([Kind::Bound; 2]);
            }

            Op::SetupFinally => {
                s.begin(0)?;
                self.reach(n, s.in_handler()?)?;
            }
            Op::SetupAsyncWith => {
                s.begin(1)?;
                self.reach(n, s.in_handler()?)?;
            }
            Op::SetupWith => {
                self.effect(s, 1, 1)?;
                s.begin(0)?;
                self.reach(n, s.in_handler()?)?;
                s.push(Kind::Bound);
            }
            Op::EndFinally => match s.pop()? {
                Kind::Null => {}
                Kind::Address(to) => {
                    let state = std::mem::take(s);
                    self.reach(to as usize, state)?;
                    return Ok(Some(Flow::End));
                }
                Kind::Exception => {
                    s.pop_bounds(2)?;
                    s.may_raise()?;
                    return Ok(Some(Flow::End));
                }
                _ => return flaw("END_FINALLY outside of a finally"),
            },
            Op::EndAsyncFor => {
                let top = s.pop()?;
                require(top == Kind::Exception, "no exception is being handled")?;
                s.pop_bounds(2)?;
                s.may_raise()?;
                s.pop_handler()?;
                s.pop_bounds(4)?;
            }
            Op::WithCleanupStart => with_cleanup_start(s)?,
            Op::WithCleanupFinish => {
                s.pop_bound()?;
                match s.pop()? {
                    Kind::None => s.may_raise()?,
                    Kind::Exception => {
                        s.may_raise()?;
                        // Swallowed.
                        let mut end = s.clone();
                        let b = end.pop_handler()?;
                        end.values.truncate(b.level);
                        end.push(Kind::Null);
                        self.reach(at + 1, end)?;
                    }
                    _ => return flaw("WITH_CLEANUP_FINISH outside of a with"),
                }
            }
            Op::RaiseVarargs => {
                self.effect(s, n, 0)?;
                return Ok(Some(Flow::End));
            }
            Op::Reraise => {
                self.effect(s, 1, 0)?;
                return Ok(Some(Flow::End));
            }
            Op::StarCollect => {
                s.pop_bounds(3)?;
                s.pop_handler()?;
                s.pop_bounds(3)?;
                require(
                    s.peek(1)?.is_bound() && s.peek(2)?.is_bound(),
                    "NULL or an address as a value",
                )?;
            }
            _ => return Ok(None),
        }
        Ok(Some(Flow::Noted))
    }

    /// Generators, calls, and what looks at values that it leaves. None: it is none of them.
    fn visit_value(&mut self, at: usize, s: &mut State) -> Check<Option<Flow>> {
        let Unit { op, arg } = self.units[at];
        let n = arg as usize;
        match op {
            Op::YieldValue | Op::YieldFrom => {
                let generators = flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR;
                require(
                    self.code.flags & generators != 0,
                    "yield outside of a generator",
                )?;
                self.effect(s, 1 + usize::from(op == Op::YieldFrom), 1)?;
            }

            Op::GetAnext
            | Op::ImportFrom
            | Op::GetLen
            | Op::MatchMapping
            | Op::MatchSequence
            | Op::MatchKeys => {
                let below = s.peek(1 + usize::from(op == Op::MatchKeys))?;
                require(
                    s.peek(1)?.is_bound() && below.is_bound(),
                    "NULL or an address as a value",
                )?;
                self.effect(s, 0, 1)?;
            }

            Op::PopTop => {
                s.pop()?;
                s.may_raise()?;
            }
            Op::LoadMethod => {
                self.effect(s, 1, 0)?;
                s.values.extend([Kind::Method, Kind::Bound]);
            }
            Op::CallMethod => {
                s.pop_bounds(n + 1)?;
                let method = s.pop()?;
                require(
                    !matches!(method, Kind::Address(_)),
                    "NULL or an address as a value",
                )?;
                s.may_raise()?;
                s.push(Kind::Bound);
            }
            Op::MakeFunction => self.effect(s, 2 + arg.count_ones() as usize, 1)?,
            Op::BuildTupleUnpackWithCall | Op::BuildMapUnpackWithCall => {
                // Errors name the callable.
                let callable = n + 1 + usize::from(op == Op::BuildMapUnpackWithCall);
                require(
                    s.peek(callable)?.is_bound(),
                    "NULL or an address as a value",
                )?;
                self.effect(s, n, 1)?;
            }
            Op::ListAppend | Op::SetAdd | Op::MapAdd => {
                let items = 1 + usize::from(op == Op::MapAdd);
                self.effect(s, items, 0)?;
                require(s.peek(n)?.is_bound(), "NULL or an address as a value")?;
            }
            _ => return Ok(None),
        }
        Ok(Some(Flow::Noted))
    }

    /// Takes values, may raise, and gives values.
    fn effect(&mut self, s: &mut State, pops: usize, pushes: usize) -> Check {
        s.pop_bounds(pops)?;
        s.may_raise()?;
        require(pushes <= self.code.stacksize as usize, STACK_TOO_SMALL)?;
        let depth = s.depth() + pushes;
        s.values.resize(depth, Kind::Bound);
        Ok(())
    }
}

/// Puts the topmost value below the `n - 1` others.
fn rotate(s: &mut State, n: usize) -> Check {
    s.peek(n)?;
    let from = s.depth() - n;
    s.reorder(n, |values| values[from..].rotate_right(1))
}

/// What an instruction takes and gives that needs no more than values that Python may see.
fn plain(op: Op, n: usize) -> (usize, usize) {
    match op {
        Op::UnaryPositive | Op::UnaryNegative | Op::UnaryNot | Op::UnaryInvert => (1, 1),
        Op::BinaryMatrixMultiply
        | Op::InplaceMatrixMultiply
        | Op::BinaryPower
        | Op::BinaryMultiply
        | Op::BinaryModulo
        | Op::BinaryAdd
        | Op::BinarySubtract
        | Op::BinarySubscr
        | Op::BinaryFloorDivide
        | Op::BinaryTrueDivide
        | Op::InplaceFloorDivide
        | Op::InplaceTrueDivide
        | Op::InplaceAdd
        | Op::InplaceSubtract
        | Op::InplaceMultiply
        | Op::InplaceModulo
        | Op::BinaryLshift
        | Op::BinaryRshift
        | Op::BinaryAnd
        | Op::BinaryXor
        | Op::BinaryOr
        | Op::InplacePower
        | Op::InplaceLshift
        | Op::InplaceRshift
        | Op::InplaceAnd
        | Op::InplaceXor
        | Op::InplaceOr
        | Op::CompareOp
        | Op::ImportName
        | Op::CallIntrinsic2
        | Op::BuildTemplate => (2, 1),
        Op::StoreSubscr => (3, 0),
        Op::DeleteSubscr | Op::StoreAttr => (2, 0),
        Op::GetIter
        | Op::GetYieldFromIter
        | Op::GetAwaitable
        | Op::GetAiter
        | Op::LoadAttr
        | Op::CallIntrinsic1
        | Op::LoadFromDictOrGlobals
        | Op::LoadFromDictOrDeref => (1, 1),
        Op::BeforeAsyncWith => (1, 2),
        Op::MatchClass => (3, 1),
        Op::CheckEgMatch => (2, 2),
        Op::PrintExpr
        | Op::ImportStar
        | Op::StoreName
        | Op::DeleteAttr
        | Op::StoreGlobal
        | Op::StoreFast
        | Op::StoreDeref => (1, 0),
        Op::SetupAnnotations
        | Op::DeleteName
        | Op::DeleteGlobal
        | Op::DeleteFast
        | Op::DeleteDeref => (0, 0),
        Op::LoadLocals
        | Op::LoadBuildClass
        | Op::LoadConst
        | Op::LoadName
        | Op::LoadGlobal
        | Op::LoadFast
        | Op::LoadCommonConstant
        | Op::LoadClosure
        | Op::LoadDeref
        | Op::LoadClassderef => (0, 1),
        Op::UnpackSequence => (1, n),
        Op::UnpackEx => (1, (n & 0xFF) + (n >> 8) + 1),
        Op::BuildTuple
        | Op::BuildList
        | Op::BuildSet
        | Op::BuildString
        | Op::BuildListUnpack
        | Op::BuildMapUnpack
        | Op::BuildTupleUnpack
        | Op::BuildSetUnpack => (n, 1),
        Op::BuildMap => (2 * n, 1),
        Op::BuildConstKeyMap | Op::CallFunction => (n + 1, 1),
        Op::CallFunctionKw => (n + 2, 1),
        Op::CallFunctionEx => (2 + n, 1),
        Op::BuildSlice => (n, 1),
        Op::BuildInterpolation => (2 + (n & 1), 1),
        Op::FormatValue => (1 + (n >> 2 & 1), 1),
        // Those that have an arm of their own.
        Op::PopTop
        | Op::GetAnext
        | Op::ImportFrom
        | Op::GetLen
        | Op::MatchMapping
        | Op::MatchSequence
        | Op::MatchKeys
        | Op::RotTwo
        | Op::RotThree
        | Op::DupTop
        | Op::DupTopTwo
        | Op::RotFour
        | Op::Nop
        | Op::StarCollect
        | Op::Reraise
        | Op::BeginFinally
        | Op::EndAsyncFor
        | Op::YieldFrom
        | Op::WithCleanupStart
        | Op::WithCleanupFinish
        | Op::ReturnValue
        | Op::YieldValue
        | Op::PopBlock
        | Op::EndFinally
        | Op::PopExcept
        | Op::ForIter
        | Op::JumpForward
        | Op::JumpIfFalseOrPop
        | Op::JumpIfTrueOrPop
        | Op::JumpAbsolute
        | Op::PopJumpIfFalse
        | Op::PopJumpIfTrue
        | Op::Copy
        | Op::Swap
        | Op::SetupFinally
        | Op::RaiseVarargs
        | Op::MakeFunction
        | Op::SetupWith
        | Op::ExtendedArg
        | Op::ListAppend
        | Op::SetAdd
        | Op::MapAdd
        | Op::BuildMapUnpackWithCall
        | Op::SetupAsyncWith
        | Op::BuildTupleUnpackWithCall
        | Op::LoadMethod
        | Op::CallMethod
        | Op::CallFinally
        | Op::PopFinally => (0, 0),
    }
}

/// WITH_CLEANUP_START: `__exit__` is on the stack, below the exception if there is one.
fn with_cleanup_start(s: &mut State) -> Check {
    match s.pop()? {
        top @ (Kind::Null | Kind::Address(_)) => {
            s.pop_bound()?;
            s.push(top);
            s.may_raise()?;
            s.values.extend([Kind::None, Kind::Bound]);
        }
        Kind::Exception => {
            let b = s.pop_handler()?;
            // `__exit__` below the older exception goes, NULL comes between that and the present one.
            require(
                b.level >= 1 && s.depth() == b.level + 5,
                "no exception is being handled",
            )?;
            s.values.push(Kind::Exception);
            require(
                s.values[b.level - 1..].iter().all(|k| k.is_bound()),
                "NULL or an address as a value",
            )?;
            s.values.remove(b.level - 1);
            s.values.insert(b.level + 2, Kind::Null);
            let below = s.blocks.last().map_or(0, |b| b.bound());
            require(b.level > below, "stack below its block")?;
            s.blocks.push(Block {
                level: b.level - 1,
                ..b
            });
            s.may_raise()?;
            s.values.extend([Kind::Exception, Kind::Bound]);
        }
        _ => return flaw("WITH_CLEANUP_START outside of a with"),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
