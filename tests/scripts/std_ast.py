# compile() of syntax trees, CPython's words for bad ones, ast.parse modes, ast.dump, ast.unparse and literal_eval.
import ast
import os
import warnings

warnings.simplefilter("ignore")

def t(node, mode='exec'):
    try:
        compile(node,'x',mode); print('OK')
    except BaseException as e: print(type(e).__name__, '|', e)
M=lambda *b: ast.fix_missing_locations(ast.Module(list(b),[]))
E=lambda e: ast.fix_missing_locations(ast.Expression(e))
t(ast.Module([ast.Return()],[]))
t(E(ast.BinOp(ast.Constant(1),ast.Add(),None)),'eval')
b=ast.BinOp(ast.Constant(1),ast.Add(),ast.Constant(2)); del b.left
t(E(b),'eval')
t(E(ast.Constant(1)))
t(ast.Constant(1),'eval')
t(M(),'eval'); t(M(),'single')
t(ast.Module(3,[])); t(ast.Module([3],[])); t(ast.Module([None],[]))
t(E(ast.Name('True',ast.Load())),'eval')
t(E(ast.Name('x',ast.Store())),'eval')
t(E(ast.Name(3,ast.Load())),'eval')
t(E(ast.Constant([1])),'eval'); t(E(ast.Constant((1,[]))),'eval'); t(E(ast.Constant(ast)),'eval')
t(E(ast.BoolOp(ast.And(),[ast.Constant(1)])),'eval')
t(E(ast.Dict([ast.Constant(1)],[])),'eval')
t(E(ast.Compare(ast.Constant(1),[],[])),'eval')
t(E(ast.Compare(ast.Constant(1),[ast.Lt()],[])),'eval')
t(E(ast.ListComp(ast.Constant(1),[])),'eval')
t(M(ast.If(ast.Constant(1),[],[])))
t(M(ast.FunctionDef('f',ast.arguments([],[],None,[],[],None,[]),[],[])))
t(M(ast.FunctionDef('f',ast.arguments([],[],None,[],[],None,[ast.Constant(1)]),[ast.Pass()],[])))
t(M(ast.FunctionDef('f',ast.arguments([],[],None,[ast.arg('x')],[],None,[]),[ast.Pass()],[])))
t(M(ast.Try([ast.Pass()],[],[],[])))
t(M(ast.Try([ast.Pass()],[],[ast.Pass()],[ast.Pass()])))
t(M(ast.Try([ast.Pass()],[ast.ExceptHandler(None,None,[])],[],[])))
t(M(ast.Raise(None,ast.Constant(1))))
t(M(ast.Global([]))); t(M(ast.Import([]))); t(M(ast.Delete([]))); t(M(ast.Assign([],ast.Constant(1)))); t(M(ast.With([],[ast.Pass()])))
t(M(ast.ImportFrom('x',[ast.alias('y')],-1)))
t(M(ast.ImportFrom(None,[ast.alias('y')],0)))
t(M(ast.AnnAssign(ast.Constant(1),ast.Constant(1),None,1)))
t(M(ast.AnnAssign(ast.Attribute(ast.Name('a',ast.Load()),'b',ast.Store()),ast.Constant(1),None,1)))
n=ast.parse('x = 1'); n.body[0].end_lineno=0; t(n)
n=ast.parse('x = 1'); n.body[0].end_col_offset=-1; t(n)
n=ast.parse('x = 1'); n.body[0].col_offset=10; t(n)
n=ast.parse('x = 1'); n.body[0].lineno='a'; t(n)
n=ast.parse('x = 1'); n.body[0].lineno=None; t(n)
n=ast.parse('x = 1'); del n.body[0].lineno; t(n)
n=ast.parse('x = 1'); del n.body[0].targets; t(n)
n=ast.parse('x = 1'); del n.body[0].value; t(n)
n=ast.parse('x = 1'); n.body[0].targets[0].ctx=3; t(n)
n=ast.parse('x = 1'); n.body[0].targets=[None]; t(n)
n=ast.parse('x + 1'); n.body[0].value.op=None; t(n)
n=ast.parse('x + 1'); n.body[0].value.op=3; t(n)
P=lambda p: M(ast.Match(ast.Constant(1),[ast.match_case(p,None,[ast.Pass()])]))
t(P(ast.MatchOr([]))); t(P(ast.MatchSingleton(3))); t(P(ast.MatchValue(ast.Constant(True)))); t(P(ast.MatchValue(ast.Name('x',ast.Load()))))
t(P(ast.MatchAs(ast.MatchValue(ast.Constant(1)),None))); t(P(ast.MatchAs(None,'_'))); t(P(ast.MatchStar('x')));t(P(ast.MatchSequence([ast.MatchStar('_')])))
t(P(ast.MatchMapping([ast.Constant(1)],[],None))); t(P(ast.MatchMapping([ast.Name('x',ast.Load())],[ast.MatchAs()],None)))
t(P(ast.MatchClass(ast.Constant(1),[],[],[]))); t(P(ast.MatchClass(ast.Name('a',ast.Load()),[],['x'],[])))
t(M(ast.Match(ast.Constant(1),[])))
t(P(None)); t(P(ast.MatchValue(ast.Constant(None))))
t(M(ast.TypeAlias(ast.Constant(1),[],ast.Constant(1))))
t(E(ast.JoinedStr([ast.Constant(3)])),'eval')
t(E(ast.FormattedValue(ast.Constant(3),5,None)),'eval')
t(E(ast.FormattedValue(ast.Constant(3),-1,None)),'eval')
t(E(ast.Slice()),'eval'); t(E(ast.Starred(ast.Constant(1),ast.Load())),'eval')
t(E(ast.Call(ast.Constant(1),[None],[])),'eval')
t(M(ast.Expr(ast.Yield()))); t(M(ast.Return())); t(M(ast.Break()))
t(M(ast.TypeAlias(ast.Name('x',ast.Store()),[ast.TypeVar('T',ast.Tuple([],ast.Load()))],ast.Constant(1))))
t(E(ast.NamedExpr(ast.Constant(1),ast.Constant(1))),'eval')
t(E(ast.Attribute(ast.Constant(1),'None',ast.Load())),'eval')
t(M(ast.ClassDef('None',[],[],[ast.Pass()],[])))
t(M(ast.For(ast.Name('x',ast.Load()),ast.Constant(1),[ast.Pass()],[])))
e=ast.UnaryOp(ast.Not(),None); e.operand=e
e.lineno=e.col_offset=1; e.end_lineno=e.end_col_offset=1
t(ast.Expression(e,),'eval')
t(ast.FunctionType([],ast.Constant(1)),'func_type')
t(ast.AST()); t(3)
try: compile('1','x','func_type')
except ValueError as e: print(e)
try: compile('1','x','foo')
except ValueError as e: print(e)
try: compile('1','x','foo', ast.PyCF_ONLY_AST)
except ValueError as e: print(e)
try: compile('1','x','eval', 1<<30)
except ValueError as e: print(e)
try: compile('1','x','eval', 0,0,5)
except ValueError as e: print(e)
print(ast.dump(ast.parse('def f(a, /, b: int = 1, *c, d=2, **e) -> int: "doc"'), indent=1)[:300])
print(ast.dump(ast.parse('(int, *str, **x) -> y', mode='func_type')))
print(ast.dump(ast.parse('() -> y', mode='func_type'), include_attributes=True))
print(ast.dump(ast.parse('x = 1; assert __debug__', optimize=1)))

for text in ["1", "-1.5", "[1, {2: (3, b'x')}, {4}]", "'a' 'b'", "1 + 2j", "None", "set()"]:
    print(repr(ast.literal_eval(text)))
for text in ["a", "1 + 1", "f()", "[x for x in y]", "1 +"]:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError) as e:
        print(type(e).__name__)


# Trees that were changed run; a text and its tree give one code.
class Double(ast.NodeTransformer):
    def visit_Constant(self, node):
        if isinstance(node.value, int):
            return ast.copy_location(ast.Constant(node.value * 2), node)
        return node


tree = Double().visit(ast.parse("def f(a, *, b=3):\n    return [a + 1, b, *range(2)]\nprint(f(5), [i async for i in y] if 0 else 'no')"))
exec(compile(tree, "tree", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT) if False else compile(ast.Module(tree.body[:1], []), "tree", "exec"))
print(f(5), f.__code__.co_filename)
print(eval(compile(ast.parse("x + 1", mode="eval"), "", "eval"), {"x": 2}))
exec(compile(ast.parse("1 + 1; 'shown'", mode="single"), "", "single"))
exec(compile("3 * 3", "", "single"))
code = compile("await x", "", "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
print(bool(code.co_flags & 128))
for optimize in -1, 0, 1, 2:
    space = {}
    exec(compile("def f():\n    'doc'\n    assert 0, 'checked'\n    return __debug__", "", "exec", optimize=optimize), space)
    try:
        print(optimize, space["f"].__doc__, space["f"]())
    except AssertionError as e:
        print(optimize, space["f"].__doc__, e)
space = {}
exec(compile("def f(a: undefined[1]): pass", "", "exec", 0x1000000, True), space)
print(space["f"].__annotations__)
exec(compile(ast.parse("from __future__ import annotations\ndef f(a: undefined[  1]): pass"), "", "exec"), space)
print(space["f"].__annotations__)
print(ast.Name._fields, ast.Name._attributes, ast.FunctionDef._fields, ast.Constant.__match_args__)
print(ast.parse("é = 'ü'; x = 1").body[1].col_offset, ast.get_source_segment("a = f(x)\n", ast.parse("a = f(x)\n").body[0].value))

for name in sorted(os.listdir(".")):
    if name.endswith(".py") and "314" not in name:
        with open(name, encoding="utf-8") as file:
            source = file.read()
        try:
            tree = ast.parse(source)
        except SyntaxError:
            continue
        if ast.dump(ast.parse(ast.unparse(tree))) != ast.dump(tree):
            print("unparse:", name)
        if hasattr(__builtins__, "lasti") or compile(tree, name, "exec").co_names != compile(source, name, "exec").co_names:
            print("compile:", name)
