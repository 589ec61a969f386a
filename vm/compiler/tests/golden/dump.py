"""dump.py FILE...: the code objects of each file as text, one line each (run under CPython 3.8).

The same text comes from `examples/codes.rs`; the golden dumps beside this file were made with it:
    python3.8 dump.py sample.py > sample.dump
With `--list LIST` the file names are read from LIST. `--library` prints such a list: the files of the running
CPython's library that it compiles and that carry no annotations (tests/compare_38.sh uses both).
"""
import ast, os, struct, sys, types, warnings

def show(c):
    if isinstance(c, types.CodeType): return "code"
    if isinstance(c, tuple): return "(" + ",".join(map(show, c)) + ")"
    if isinstance(c, frozenset): return "{" + ",".join(sorted(map(show, c))) + "}"
    if isinstance(c, bool) or c is None or c is ...: return repr(c)
    if isinstance(c, int): return "i%x" % c
    if isinstance(c, float): return "f" + struct.pack(">d", c).hex()
    if isinstance(c, complex): return "c" + struct.pack(">dd", c.real, c.imag).hex()
    if isinstance(c, str): return "s" + c.encode("utf-8", "surrogatepass").hex()
    return "b" + c.hex()

def walk(code, where, out):
    names = lambda list: ",".join(list)
    fields = [where, code.co_name, code.co_code.hex(), names(code.co_names), names(code.co_varnames), names(code.co_cellvars),
              names(code.co_freevars), "%x" % code.co_flags, code.co_stacksize, code.co_firstlineno, code.co_lnotab.hex(),
              code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, show(code.co_consts)]
    out.write(("\t".join(map(str, fields)) + "\n").encode("utf-8", "surrogatepass"))
    n = 0
    for c in code.co_consts:
        if isinstance(c, types.CodeType):
            walk(c, "%s/%d" % (where, n), out)
            n += 1

def annotated(tree):
    return any(isinstance(n, ast.AnnAssign) or getattr(n, "annotation", None) or getattr(n, "returns", None)
               for n in ast.walk(tree))

def library():
    for folder, _, names in sorted(os.walk(os.path.dirname(os.__file__))):
        if "site-packages" in folder: continue
        for path in (os.path.join(folder, name) for name in sorted(names) if name.endswith(".py")):
            try:
                source = open(path, "rb").read()
                tree = ast.parse(source)
                compile(source, path, "exec", dont_inherit=True)
            except Exception: continue
            if not annotated(tree) and " " not in path: print(path)

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    files = sys.argv[1:]
    if files == ["--library"]:
        library()
        sys.exit()
    if files and files[0] == "--list": files = open(files[1]).read().split()
    out = sys.stdout.buffer
    for path in files:
        try: walk(compile(open(path, "rb").read(), os.path.basename(path), "exec", dont_inherit=True), path, out)
        except Exception as error: out.write(("%s\tFAILED\t%s\n" % (path, error)).encode("utf-8", "replace"))
