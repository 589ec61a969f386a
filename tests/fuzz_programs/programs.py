# Makes programs at random, runs each under lasti and under another interpreter, and reports where what they print, or the type of the
# exception that ends them, differs. Run by .ci/fuzz-programs, under lasti itself. See --help.
import argparse, os, random, re, shlex, subprocess, sys, time

parser = argparse.ArgumentParser(description="Programs made at random, compared with another interpreter.")
parser.add_argument("--lasti", required=True, help="the binary under test")
parser.add_argument("--against", required=True, help="the command that runs a script with the other interpreter")
parser.add_argument("--seed", type=int, default=1, help="of the first program; the next ones follow (default 1)")
parser.add_argument("--count", type=int, default=200, help="how many programs (default 200)")
parser.add_argument("--seconds", type=float, default=0, help="stop after so long")
parser.add_argument("--timeout", type=float, default=60, help="seconds for one program")
parser.add_argument("--folder", default="target/fuzz-programs", help="where programs that differ are kept")
parser.add_argument("--show", action="store_true", help="print the program of the seed and stop")


class Program:
    """One program. Every name is bound before it is used, loops end, and values that grow are cut, so that most programs get far."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.lines = []
        self.depth = 0
        self.made = 0
        self.functions, self.classes, self.generators, self.coroutines = [], [], [], []
        self.names = [["a", "b", "c"]]
        # Where the statement stands: "module", "function", "generator" or "coroutine"; and in how many loops of it.
        self.place, self.loops = ["module"], [0]

    # ---- expressions ----

    def name(self):
        return self.r.choice(self.r.choice(self.names) or ["a"]) if self.r.random() < 0.9 else self.r.choice(["a", "b", "c", "absent"])

    def constant(self):
        return self.r.choice([
            "0", "1", "-1", "2", "7", "255", "2**31", "-2**63", "2**64 + 1", "10**20", "0.5", "-0.0", "1e16", "float('inf')", "True", "False", "None",
            "''", "'a'", "'abc'", "'é\\n'", "'12'", "b'xy'", "b''", "()", "[]", "{}", "(1, 2)", "[1, 2, 3]", "{'a': 1, 'b': 2}", "{1, 2}", "range(3)",
            "frozenset({3})", "1j", "...", "slice(1, None)",
        ])

    def expr(self, depth=0):
        r = self.r
        if depth > 2 or r.random() < 0.3:
            return self.name() if r.random() < 0.6 else self.constant()
        e = lambda: self.expr(depth + 1)
        kind = r.randrange(22)
        if kind < 4:
            op = r.choice(["+", "-", "*", "//", "/", "%", "&", "|", "^", "@", "<<", ">>", "**"])
            if op in ("**", "<<", "*"):
                # Small enough to stay quick: `cut` takes the rest off.
                return f"cut({e()} {op} small({e()}))"
            return f"cut({e()} {op} {e()})"
        if kind == 4:
            return f"({e()} {r.choice(['<', '<=', '==', '!=', 'is', 'is not', 'in', 'not in', '>', '>='])} {e()} {r.choice(['==', '<', 'in'])} {e()})"
        if kind == 5:
            return f"({e()} {r.choice(['and', 'or'])} {e()})"
        if kind == 6:
            return f"({r.choice(['not ', '-', '+', '~'])}{e()})"
        if kind == 7:
            return f"({e()} if {e()} else {e()})"
        if kind == 8:
            return "[" + ", ".join(r.choice(["{}", "{}", "*take({})"]).format(e()) for _ in range(r.randrange(4))) + "]"
        if kind == 9:
            return "{" + ", ".join(r.choice([f"{e()}: {e()}", f"'k{n}': {e()}", f"**mapping({e()})"]) for n in range(r.randrange(3))) + "}"
        if kind == 10:
            return "(" + "".join(e() + ", " for _ in range(r.randrange(4))) + ")"
        if kind == 11:
            index = r.choice([e(), str(r.randrange(-3, 4)), f"{r.randrange(-2, 3)}:{r.randrange(-2, 4)}", "::-1", "'a'"])
            return f"({e()})[{index}]"
        if kind == 12:
            v = f"v{self.made}"
            self.made += 1
            self.names.append([v])
            self.place.append("comprehension")
            body, test = e(), e()
            self.place.pop()
            if r.random() < 0.2 and not {"class", "comprehension"} & set(self.place):
                test = f"(w := {test})"
            self.names.pop()
            self.place.append("comprehension")
            head = f"for {v} in take({e()})"
            self.place.pop()
            if r.random() < 0.4:
                head += f" if {test}"
            return r.choice([f"[{body} {head}]", f"{{{body} {head}}}", f"{{{v}: {body} {head}}}", f"list({body} {head})", f"sum([{body} {head}], [])"])
        if kind == 13:
            width, spec = r.randrange(12), r.choice(["", "r", "s", "a"])
            return f"f\"{{({e()}){'!' + spec if spec else ''}{r.choice(['', f':>{width}', f':{width}.2f', ':x', ':,', '=' if not spec else ''])}}}-{{len(str({e()}))}}\""
        if kind == 14:
            f = r.choice(["len", "str", "repr", "int", "float", "bool", "list", "tuple", "sorted", "sum", "max", "min", "abs", "type", "set", "dict", "bytes", "iter",
                          "reversed", "enumerate", "hash", "round", "all", "any", "ord", "chr", "divmod", "isinstance", "callable", "next", "getattr", "zip"])
            call = f"{f}({', '.join(e() for _ in range(r.choice([1, 1, 1, 2, 0])))})"
            return f"shown({call})" if f in ("type", "iter", "reversed", "enumerate", "zip", "hash") else f"cut({call})"
        if kind == 15:
            m = r.choice(["append", "pop", "index", "count", "upper", "split", "join", "get", "items", "keys", "update", "add", "strip", "find", "replace",
                          "startswith", "sort", "copy", "insert", "remove", "format", "encode", "bit_length", "union", "setdefault", "real", "x", "y"])
            return f"cut(({e()}).{m}({', '.join(e() for _ in range(r.choice([0, 1, 1, 2])))}))"
        if kind == 16 and self.functions:
            name, count = r.choice(self.functions)
            # What does not unpack fails by itself, since 3.8's wordcode unpacks after all arguments are there.
            args = [r.choice(["{}", "{}", "{}", "*take({})", "**mapping({})"]).format(e()) for _ in range(max(0, count + r.choice([0, 0, 0, 1, -1])))]
            args.sort(key=lambda a: a.startswith("**"))
            return f"{name}({', '.join(args)})"
        if kind == 17 and self.classes:
            return f"{r.choice(self.classes)}({', '.join(e() for _ in range(r.choice([0, 1, 1, 2])))})" + r.choice(["", ".x", ".y", ".m(1)", ".p"])
        if kind == 18 and self.generators:
            g = r.choice(self.generators)
            return r.choice([f"take({g}({e()}))", f"next({g}({e()}))", f"shown({g}({e()}).send({e()}))", f"driven({g}({e()}), {e()})"])
        if kind == 19 and self.coroutines:
            c = r.choice(self.coroutines)
            return f"(await {c}({e()}))" if self.place[-1] == "coroutine" else f"finish({c}({e()}))"
        if kind == 20:
            v = f"p{self.made}"
            self.made += 1
            self.names.append([v])
            self.place.append("lambda")
            body = e()
            self.place.pop()
            self.names.pop()
            return f"(lambda {v}, *r, k={self.constant()}: {body})({e()})"
        if kind == 21 and self.place[-1] == "generator":
            return f"(yield {e()})"
        return self.constant()

    def target(self):
        r = self.r
        kind = r.randrange(10)
        if kind < 6:
            return self.new_name()
        if kind == 6:
            return f"{self.name()}[{self.expr(2)}]"
        if kind == 7:
            return f"{self.name()}.{r.choice('xyz')}"
        if kind == 8:
            return f"{self.new_name()}, {self.new_name()}"
        return f"{self.new_name()}, *{self.new_name()}"

    def new_name(self):
        scope = self.names[-1]
        if scope and self.r.random() < 0.7:
            return self.r.choice(scope)
        n = f"n{self.made}"
        self.made += 1
        scope.append(n)
        return n

    # ---- statements ----

    def put(self, line):
        self.lines.append("    " * self.depth + line)

    def block(self, n=None):
        self.depth += 1
        for _ in range(n or self.r.randrange(1, 4)):
            self.statement()
        self.depth -= 1

    def loop_block(self):
        self.loops[-1] += 1
        self.block()
        self.loops[-1] -= 1

    def statement(self):
        r = self.r
        kind = r.randrange(34) if self.depth < 4 else r.randrange(14)
        if kind < 4:
            # The value first: what it makes known comes before the target's names.
            value = self.expr()
            self.put(f"{self.target()} = {value}")
        elif kind < 6:
            self.put(f"print({', '.join(f'shown({self.expr()})' for _ in range(r.randrange(1, 3)))})")
        elif kind == 6:
            self.put(f"{self.name()} {r.choice(['+', '-', '|', '*', '//', '&'])}= {r.choice([self.constant(), self.name()])}")
        elif kind == 7:
            self.put(r.choice([f"del {self.name()}", f"del {self.name()}[{self.expr(2)}]", "pass", f"assert {self.expr()}, 'message'"]) if r.random() < 0.5 else "pass")
        elif kind == 8:
            self.put(self.expr())
        elif kind == 9:
            if self.loops[-1]:
                self.put(r.choice(["break", "continue"]) if r.random() < 0.4 else "pass")
            elif self.place[-1] != "module":
                self.put(f"return {self.expr()}" if r.random() < 0.3 else "pass")
            else:
                self.put("pass")
        elif kind == 10:
            error = r.choice(["ValueError", "KeyError", "TypeError", "StopIteration", "IndexError", "ZeroDivisionError", "ExceptionGroup", "Own"])
            args = "'g', [ValueError(1), KeyError('k')]" if error == "ExceptionGroup" else self.expr(1)
            self.put(f"if {self.expr(1)}: raise {error}({args})" + r.choice(["", "", " from None", " from KeyError('cause')"]))
        elif kind == 11:
            if self.place[-1] == "generator":
                self.put(f"{self.new_name()} = yield {self.expr()}" if r.random() < 0.7 else f"yield from take({self.expr()})")
            elif self.place[-1] == "coroutine":
                self.put(f"await give_way({self.expr(1)})")
            else:
                self.put(f"print({self.constant()})")
        elif kind == 12:
            self.put(f"{self.new_name()} = {self.expr()}")
        elif kind == 13:
            names = [n for n in self.names[0] if n not in self.names[-1]]
            self.put(f"print(shown({r.choice(names) if names else self.name()}))")
        elif kind < 17:
            self.put(f"if {self.expr()}:")
            self.block()
            if r.random() < 0.3:
                self.put(f"elif {self.expr()}:")
                self.block()
            if r.random() < 0.4:
                self.put("else:")
                self.block()
        elif kind < 20:
            value = self.expr()
            self.put(f"for {self.target()} in take({value}):")
            self.loop_block()
            if r.random() < 0.2:
                self.put("else:")
                self.block()
        elif kind == 20:
            n = f"i{self.made}"
            self.made += 1
            self.put(f"{n} = {r.randrange(1, 5)}")
            self.put(f"while {n} and ({n} := {n} - 1) + bool({self.expr(1)}):")
            self.loop_block()
        elif kind < 26:
            self.put("try:")
            self.block()
            group = r.random() < 0.15
            # No break, continue or return may stand in `except*`.
            before = self.place[-1], self.loops[-1]
            if group:
                self.place[-1], self.loops[-1] = "module", 0
            if r.random() < 0.85:
                for error in r.sample(["ValueError", "KeyError", "(TypeError, AttributeError)", "LookupError", "ArithmeticError", "NameError", "Own", "Exception"], r.randrange(1, 4)):
                    n = f"e{self.made}"
                    self.made += 1
                    self.put(f"except{'*' if group else ''} {error} as {n}:")
                    self.depth += 1
                    self.put(f"print('caught', shown({n}), shown({n}.__context__), {n}.__suppress_context__)")
                    self.depth -= 1
                    self.block(1)
                    if r.random() < 0.1 and not group:
                        self.depth += 1
                        self.put("raise")
                        self.depth -= 1
                self.place[-1], self.loops[-1] = before
                if r.random() < 0.3:
                    self.put("else:")
                    self.block()
            else:
                self.place[-1], self.loops[-1] = before
                self.put("finally:")
                self.loops.append(0)
                self.place.append("module")
                self.block()
                self.place.pop()
                self.loops.pop()
        elif kind == 26:
            self.put(f"with Manager({self.expr(1)}) as {self.new_name()}" + r.choice(["", f", Manager({self.constant()})"]) + ":")
            self.block()
        elif kind == 27:
            self.match()
        elif kind < 32:
            self.definition()
        else:
            self.class_definition()

    def match(self):
        r = self.r
        self.put(f"match {self.expr()}:")
        self.depth += 1
        for _ in range(r.randrange(1, 4)):
            n = f"m{self.made}"
            self.made += 1
            pattern = r.choice(["0 | 1", "'abc'", f"[{n}, *_]", f"{{'a': {n}, **rest}}", f"int() | float() as {n}", f"str({n})", "None", f"(_, {n})", f"[1, ({n} as q)]", "-1", f"Point(x={n})", f"Point(0, {n})"])
            self.names.append([n] if n in pattern else [])
            self.put(f"case {pattern}" + (f" if {self.expr(1)}" if r.random() < 0.3 else "") + ":")
            self.block(1)
            self.names.pop()
        if r.random() < 0.6:
            self.put("case _:")
            self.block(1)
        self.depth -= 1

    def definition(self):
        r = self.r
        kind = r.choice(["function", "function", "generator", "coroutine"])
        n = f"f{self.made}"
        self.made += 1
        count = r.randrange(1, 3) if kind == "function" else 1
        params = [f"x{i}" for i in range(count)]
        shown = params[:]
        if kind == "function":
            if r.random() < 0.4:
                shown[-1] += f"={self.constant()}"
            if r.random() < 0.3:
                shown.append("*rest")
            if r.random() < 0.2:
                shown.append("k=5" if "*rest" in shown else "*, k=5")
            if r.random() < 0.2:
                shown.append("**options")
        if r.random() < 0.1 and kind == "function":
            self.put("@decorated")
        self.put(f"{'async ' if kind == 'coroutine' else ''}def {n}({', '.join(shown)}):")
        self.names.append(params)
        self.place.append(kind)
        self.loops.append(0)
        # Unknown to its own body: no endless recursion.
        self.depth += 1
        if kind == "generator":
            self.put(f"yield {params[0]}")
        self.depth -= 1
        self.block(r.randrange(1, 5))
        self.depth += 1
        self.put(f"return {self.expr()}")
        self.depth -= 1
        self.names.pop()
        self.place.pop()
        self.loops.pop()
        # Where it can be called from everywhere that comes later.
        if self.depth == 0:
            {"function": lambda: self.functions.append((n, count)), "generator": lambda: self.generators.append(n), "coroutine": lambda: self.coroutines.append(n)}[kind]()

    def class_definition(self):
        r = self.r
        n = f"C{self.made}"
        self.made += 1
        base = r.choice(self.classes + ["object", "Point", "list", "dict", "int", "str", "Exception"])
        self.put(f"class {n}({base}):")
        self.depth += 1
        self.names.append([])
        self.place.append("class")
        self.loops.append(0)
        self.put(f"x = {self.constant()}")
        self.place[-1] = "function"
        for method in r.sample(["__init__(self, *args)", "m(self, v)", "__len__(self)", "__add__(self, v)", "__eq__(self, v)", "__getattr__(self, v)", "__getitem__(self, v)",
                                "__bool__(self)", "__iter__(self)", "__call__(self, *v)", "__lt__(self, v)", "__contains__(self, v)", "__enter__(self)", "p(self)"], r.randrange(1, 4)):
            if method.startswith("p("):
                self.put("@property")
            if method.startswith("__eq__"):
                self.put("__hash__ = None")
            self.put(f"def {method}:")
            self.names.append(["self"] if "v)" not in method or "*" in method else ["v"])
            self.depth += 1
            if "__init__" in method:
                if base in ("object", "Point"):
                    self.put(r.choice(["super().__init__()", "pass"]))
                self.put(f"self.y = {r.choice(['args', self.constant()])}")
            elif r.random() < 0.3:
                self.statement()
            if "__init__" not in method:
                value = self.constant() if r.random() < 0.5 else self.expr(1)
                self.put(f"return {'iter(take(' + value + '))' if '__iter__' in method else value}")
            self.depth -= 1
            self.names.pop()
        self.depth -= 1
        self.names.pop()
        self.place.pop()
        self.loops.pop()
        if self.depth == 0:
            self.classes.append(n)

    def text(self):
        for _ in range(self.r.randrange(6, 16)):
            # Most statements are fenced, so that one error does not end the program.
            if self.r.random() < 0.96:
                self.put("try:")
                self.depth += 1
                at = len(self.lines)
                self.statement()
                self.depth -= 1
                moved = self.lines[at].strip().startswith(("def ", "async def ", "class ", "@"))
                self.put("except Exception as error:")
                self.put("    print('fence', shown(error), shown(error.__context__))")
                if moved:
                    # Known where it is called, even if its definition failed.
                    del self.lines[at - 1], self.lines[-2:]
                    self.lines[at - 1:] = [line[4:] for line in self.lines[at - 1:]]
                    self.lift(self.lines[at - 1:])
            else:
                self.statement()
        return PRELUDE + "\n".join(self.lines) + "\nfor name in sorted(n for n in globals() if n[0] in 'abcn' and n[1:].isdigit()):\n    print(name, shown(globals()[name]))\n"

    def lift(self, lines):
        for line in lines:
            if m := re.match(r"(async )?def (f\d+)\((.*)\):", line):
                text = "\n".join(lines)
                if m[1]:
                    self.coroutines.append(m[2])
                elif re.search(r"^    yield x0$", text, re.M):
                    self.generators.append(m[2])
                else:
                    self.functions.append((m[2], len(re.findall(r"\bx\d", m[3]))))
            elif m := re.match(r"class (C\d+)\(", line):
                self.classes.append(m[1])


PRELUDE = '''\
import itertools, re, types
a, b, c, w = 5, "text", [1, 2, 3], None

class Own(Exception): pass

class Point:
    __match_args__ = "x", "y"
    def __init__(self, x=0, y=1): self.x, self.y = x, y
    def __repr__(self): return f"Point({shown(self.__dict__.get('x'))})"

class Manager:
    def __init__(self, v): self.v = v
    def __enter__(self):
        print("enter", shown(self.v))
        return self.v
    def __exit__(self, kind, *rest):
        print("exit", kind and kind.__name__)
        return kind is not None and self.v == 1

def decorated(f):
    def inner(*args, **named):
        print("called", f.__name__, len(args))
        return f(*args, **named)
    return inner

def shown(v):
    try:
        if isinstance(v, (set, frozenset)): return type(v).__name__ + str(sorted(map(repr, v)))[:200]
        text = repr(v)
    except Exception as e: text = "repr fails: " + type(e).__name__
    return re.sub("0x[0-9a-f]+", "0x", text)[:200]

def cut(v):
    if type(v) is int and v.bit_length() > 200: return v % 1000003
    if type(v) in (str, bytes, list, tuple) and len(v) > 30: return v[:30]
    return v

def small(v):
    return v % 9 if type(v) is int else v

def take(v):
    return list(itertools.islice(v, 6))

def mapping(v):
    return {str(k)[:9]: v[k] for k in v} if isinstance(v, dict) else {}

@types.coroutine
def give_way(v):
    return (yield v)

def finish(coroutine):
    try:
        for n in range(20): print("waits", shown(coroutine.send(None)))
    except StopIteration as stop: return stop.value
    finally: coroutine.close()

def driven(g, v):
    out = []
    try:
        for n in range(8): out.append(next(g) if n == 0 else g.throw(ValueError("thrown")) if n == 5 else g.send(v))
    except StopIteration as stop: out.append(stop.value)
    return out

'''


def run(command, path, timeout):
    """What it printed, and how it ended: the type of the exception, a number, or "timeout"."""
    env = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore", "PYTHONIOENCODING": "utf-8:backslashreplace", "NO_COLOR": "1"}
    try:
        p = subprocess.run(command + [path], capture_output=True, timeout=timeout, env=env, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return b"", "timeout"
    if p.returncode in (0, 1):
        last = [line for line in p.stderr.decode(errors="replace").splitlines() if re.match(r"[A-Za-z_.]+(:|$)", line)]
        return p.stdout, re.match(r"[A-Za-z_.]+", last[-1])[0] if p.returncode and last else str(p.returncode)
    return p.stdout, f"exit code {p.returncode}"


def main():
    options = parser.parse_args()
    if options.show:
        print(Program(options.seed).text())
        return 0
    os.makedirs(options.folder, exist_ok=True)
    against, until = shlex.split(options.against), time.monotonic() + options.seconds
    ran = different = errors = 0
    for seed in range(options.seed, options.seed + options.count):
        if options.seconds and time.monotonic() > until:
            break
        path = os.path.join(options.folder, f"program{seed}.py")
        with open(path, "w", encoding="utf-8") as f:
            f.write(Program(seed).text())
        ours, theirs = run([options.lasti], path, options.timeout), run(against, path, options.timeout)
        ran += 1
        errors += theirs[1] not in ("0", "timeout")
        if ours == theirs or "timeout" in (ours[1], theirs[1]) and ours[1] == theirs[1]:
            os.remove(path)
            continue
        different += 1
        a, b = ours[0].decode(errors="replace").splitlines(), theirs[0].decode(errors="replace").splitlines()
        at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
        print(f"{path}: line {at + 1}\n  lasti: {''.join(a[at:at + 1])!r} … {ours[1]}\n  other: {''.join(b[at:at + 1])!r} … {theirs[1]}", flush=True)
    print(f"fuzz-programs: {ran} programs, {errors} ended by an exception in both or the other, {different} differ")
    return different > 0


sys.exit(main())
