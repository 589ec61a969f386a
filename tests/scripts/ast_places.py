# Places of nodes at the edges of statements, and trees that only the later passes refuse.
import ast

SOURCES = [
    "def f():\n    a; b;\n", "if x: a; b;\n", "class C:\n    x = 1;\n", "for x in y: pass;\n", "while 1:\n    a ;  # c\n",
    "try: a;\nexcept E: b;\nelse: c;\nfinally: d;\n", "with a: b \\\n ;\n", "if a: b;\nelif c: d;\nelse: e;\n",
    "match x:\n    case 1: a;\n    case 2:\n        b;\n", "async def g(): await x;\n", "@d\ndef f(): pass;\n",
    'f"{1+2 = # my comment\n  }"\n', "f'''{\nx  # c\n=}'''\n", 'f"{a # c\n}"\n',
]
for source in SOURCES:
    print(ast.dump(ast.parse(source), include_attributes=True))

for pattern in ('f"{x}"', '"a"', "(1, 2)", "1 + 2j", "-1", "x.y", "True"):
    tree = ast.parse("match x:\n  case 1: pass")
    tree.body[0].cases[0].pattern = ast.MatchValue(ast.parse(pattern, mode="eval").body)
    try:
        compile(ast.fix_missing_locations(tree), "tree", "exec")
        print(pattern, "compiles")
    except (SyntaxError, ValueError) as error:
        print(pattern, type(error).__name__, error)

tree = ast.parse("x = 1")
for target in (ast.Constant(1), ast.Name("x", ast.Load()), ast.Call(ast.Name("x", ast.Load()), [], [])):
    tree.body[0].targets = [target]
    try:
        compile(ast.fix_missing_locations(tree), "tree", "exec")
    except ValueError as error:
        print(error)

print(ast.dump(ast.parse("(int, *str, **any) -> list[int]", mode="func_type")))
for source in ("(a, b,) -> c", "(*a, b) -> c", "(int) ->", "int -> str"):
    try:
        print(ast.parse(source, mode="func_type"))
    except SyntaxError as error:
        print(source, error.msg)
