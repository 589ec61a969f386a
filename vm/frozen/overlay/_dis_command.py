"""`lasti dis FILE [-f FUNCTION] [--run-to LINE] [ARG]...`: shows a file's wordcode, or where a run stands in it."""

import sys

USAGE = """\
usage: lasti dis FILE [-f FUNCTION] [--run-to LINE] [ARG] ...
Prints the wordcode of FILE: line numbers, `>>` at jump targets, operands.
-f FUNCTION    : only the functions and classes of that name (or qualified name), and what they contain
--run-to LINE  : run FILE (with the ARGs) until that line is reached, and mark f_lasti there with `-->`
-h, --help     : print this help message and exit
"""


def fail(message):
    print(f"lasti dis: {message}", file=sys.stderr)
    sys.exit(2)


def arguments(args):
    file = function = line = None
    while args:
        arg = args.pop(0)
        if arg in ("-h", "--help"):
            print(USAGE, end="")
            sys.exit()
        name, equals, value = arg.partition("=")
        if arg == "-f" or name in ("--function", "--run-to"):
            if not equals:
                if not args:
                    fail(f"{arg} needs a value")
                value = args.pop(0)
            if name == "--run-to":
                if not value.isdecimal():
                    fail(f"--run-to needs a line number, not {value!r}")
                line = int(value)
            else:
                function = value
        elif arg.startswith("-") and file is None and arg != "-":
            fail(f"unknown option {arg}\n{USAGE}".rstrip())
        elif file is None:
            file = arg
        else:
            args.insert(0, arg)
            break
    if file is None:
        fail(f"no file\n{USAGE}".rstrip())
    return file, function, line, args


def codes(code):
    """A code object and all that stand in its constants, outer ones first."""
    yield code
    for const in code.co_consts:
        if hasattr(const, "co_code"):
            yield from codes(const)


def named(code, function):
    found = [c for c in codes(code) if function in (c.co_qualname, c.co_name)]
    return found or fail(f"no function {function!r}; there are: " + ", ".join(c.co_qualname for c in codes(code)))


def stop_in(body, line, stop):
    """Puts the call of `stop` in front of the statement that starts at `line`; says whether there is one."""
    import ast

    for at, statement in enumerate(body):
        first = min([statement.lineno] + [d.lineno for d in getattr(statement, "decorator_list", [])])
        if first == line or statement.lineno == line:
            docstring = at == 0 and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
            if docstring or future:
                return False
            body.insert(at, ast.fix_missing_locations(ast.copy_location(ast.Expr(stop), statement)))
            return True
        if not first <= line <= statement.end_lineno:
            continue
        parts = [getattr(statement, name, None) for name in ("body", "orelse", "finalbody")]
        inner = getattr(statement, "handlers", []) + getattr(statement, "cases", [])
        parts += [part.body for part in inner]
        return any(stop_in(part, line, stop) for part in parts if isinstance(part, list))
    return False


def run_to(source, file, function, line, args):
    import ast
    import dis
    import os

    shown = compile(source, file, "exec", dont_inherit=True)
    tree = ast.parse(source, file)
    if not stop_in(tree.body, line, ast.Call(ast.Name("__lasti_stop__", ast.Load()), [], [])):
        fail(f"no statement starts at line {line} of {file}")

    def stop():
        sys.stdout.flush()
        # The code that runs has a call more than the code that is shown; name and line tell which is which.
        running = sys._getframe(1).f_code
        key = running.co_qualname, running.co_firstlineno
        code = next(c for c in codes(shown) if (c.co_qualname, c.co_firstlineno) == key)
        if function not in (None, code.co_name, code.co_qualname):
            return
        lasti = next((at for at, n in dis.findlinestarts(code) if n == line), -1)
        print(f"{code.co_qualname}, line {line}, f_lasti {lasti}:")
        dis.disassemble(code, lasti)
        sys.stdout.flush()
        os._exit(0)

    import builtins
    import types

    builtins.__lasti_stop__ = stop
    main = types.ModuleType("__main__")
    main.__file__ = file
    sys.modules["__main__"] = main
    sys.argv[:] = [file, *args]
    sys.path.insert(0, os.path.dirname(os.path.abspath(file)))
    exec(compile(tree, file, "exec", dont_inherit=True), main.__dict__)
    fail(f"the program ended without reaching line {line}")


def command():
    import dis

    file, function, line, args = arguments(sys.argv[1:])
    try:
        with open(file, "rb") as f:
            source = f.read()
    except OSError as e:
        fail(f"can't open file {file!r}: {e.strerror}")
    if line is not None:
        run_to(source, file, function, line, args)
        return
    code = compile(source, file, "exec", dont_inherit=True)
    if function is None:
        dis.dis(code)
        return
    for n, found in enumerate(named(code, function)):
        if n:
            print()
        print(f"Disassembly of {found!r}:")
        dis.dis(found)


if __name__ == "__main__":
    command()
