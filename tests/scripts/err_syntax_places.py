# Syntax errors as exceptions: every field, and the text of what only a tree knows.
SOURCES = [
    "f(**k, *a)", "f(a=1, 2)", "from x import a,\n", "a if b\n", "b'a' 'b'", "'\\x1'", "'\\N{no such}'", "b'é'", "b'\\xz'",
    "return 1", "x = (1,\n", "if x:\npass\n", "f'{a b}'", "f'{!r}'", "f(x for x in y, 1)", "{1: 2, 3}", "def f(a=1, b): pass",
    "lambda *: 0", "del f()", "a + 1 = 2", "x = 'abc", "x = '''abc\n", "0777", "1__0", "é = 1 $ 2", "class C:\n",
    "f(a=1, a=2)", "def f(): nonlocal x", "for 1 in x: pass", "with x as 1: pass", "import a from b", "x = 1 +",
    "match x:\n  case a as _: pass", "print 'x'", "try:\n  x\ny\n", "f'{a:{b:{c:{d}}}}'", "'''\n''' 1 1\n", "\tx\n        y",
]
for source in SOURCES:
    try:
        compile(source, "nowhere.py", "exec")
    except SyntaxError as e:
        print(repr(source), type(e).__name__, e.msg, e.lineno, e.offset, e.end_lineno, e.end_offset, repr(e.text))
