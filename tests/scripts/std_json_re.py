# json and re: the usual calls and their errors.
import json
import re

data = {"name": "é", "list": [1, 2.5, -3e10, None, True, False], "nested": {"a": {}}, "s": "q\"\\\n\u0001", "empty": [], "big": 10 ** 20}
text = json.dumps(data)
print(text, json.loads(text) == data)
print(json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False))
print(json.dumps([1, "a"], separators=(",", ":")), json.dumps({1: "int", None: 0, True: 1, 1.5: 2}), json.dumps("a/b€"), json.dumps(float("inf")), json.dumps((1, 2)))
print(json.loads(' [1, -0, 1.0, 1e3, "\\u00e9\\n\\ud83d\\ude00", {"a": {"b": [null, true]}}] '), json.loads('"x"'), json.loads("NaN") != 1, json.loads(b'{"k": 1}'))
for bad in ("", "{", "[1,]", "{'a': 1}", '{"a" 1}', "[1 2]", "nul", '"open', "1 2", '{"a": 1,}', "\"\t\"", '"\\x"'):
    try:
        json.loads(bad)
    except json.JSONDecodeError as error:
        print(repr(bad), error.msg.split(" (")[0], error.pos, error.lineno, error.colno)
try:
    json.dumps({1, 2})
except TypeError as error:
    print(error)
try:
    json.dumps({(1,): 2})
except TypeError as error:
    print(error)
loop = []
loop.append(loop)
try:
    json.dumps(loop)
except ValueError as error:
    print(error)
print(json.dumps({"c": 1 + 2j}, default=str), json.loads('{"a": 1.5}', parse_float=str), json.loads('{"a": 1}', object_hook=lambda d: ("hook", d)), json.loads('{"b": 1, "a": 2}', object_pairs_hook=list))


class Encoder(json.JSONEncoder):
    def default(self, o):
        return sorted(o)


print(json.dumps({"s": {3, 1}}, cls=Encoder), json.JSONDecoder().raw_decode('{"a": 1} rest'))

m = re.match(r"(?P<user>\w+)@(?P<host>[\w.]+)", "joe@example.org and more")
print(m.group(), m.group(1), m["host"], m.groups(), m.groupdict(), m.span(), m.start("host"), m.end(), m.lastgroup, m)
print(re.findall(r"\d+", "a1 b22 c333"), re.findall(r"(\w)(\d)", "a1 b2"), [x.span() for x in re.finditer("a", "banana")], re.split(r"[,;]\s*", "a, b;c"), re.split("(-)", "a-b"), re.split(",", "a,b,c", maxsplit=1))
print(re.sub(r"(\w+) (\w+)", r"\2 \1", "hello world"), re.sub("a", lambda m: m.group().upper(), "banana", count=2), re.subn("a", "x", "banana"), re.sub(r"(?P<n>\d)", r"<\g<n>>", "a1b2"))
print(re.search("b", "abc").start(), re.match("b", "abc"), re.fullmatch("abc", "abc") is not None, re.fullmatch("ab", "abc"), re.search("(?i)HELLO", "say hello")[0], re.search("^b", "a\nb", re.M).start(), re.search("a.b", "a\nb", re.S) is not None)
print(re.findall(r"(?<=\$)\d+", "$5 6 $77"), re.findall(r"\b\w(?!\w)", "a bc d"), re.findall(r"a+?", "aaa"), re.findall(r"(?:ab)+", "ababx"), re.findall(r"(a)|b", "ab"), re.findall(r"[^\W\d_]+", "ab_1é"), re.findall(r"x{2,3}", "xxxxx"), re.findall(r"(.)\1", "aabbc"))
p = re.compile(r"""
    (\d+)   # number
    \s*     # space
    (px|em) # unit
""", re.VERBOSE | re.IGNORECASE)
print(p.findall("10px 2 EM"), p.pattern.count("\n"), p.groups, p.flags & re.I == re.I, re.escape("a.b*c"), repr(re.compile("x", re.I)))
for bad in ("(", "[a", "*a", "(?P<1>x)", r"\1", "a{2,1}", "(?z)"):
    try:
        re.compile(bad)
    except re.error as error:
        print(repr(bad), error.pos)
print(re.search(r"(a)?(b)", "b").groups(), re.search(r"(a)?(b)", "b").group(1, 2), re.match(rb"\w+", b"bytes").group(), re.compile("a").match("ba", 1).span(), re.findall("", "ab"), re.purge(), re.sub("", "-", "ab"), re.match(r"\A\d+\Z", "12") is not None, re.search(r"[\u00e0-\u00ff]", "xé").group())
print(re.sub(r"\s+", " ", " a \t b\n"), m.expand(r"\g<user> at \2"), [g or "-" for g in re.match(r"(x)?(y)?", "y").groups(default="none")], re.match("(?P<a>x)(?P<b>y)?", "x").groupdict("d"), re.match("a", "ab").string, m.re.groupindex["host"])
