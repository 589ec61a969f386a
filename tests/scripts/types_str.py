# str: methods, slicing, escapes, Unicode, errors.
s = "Hello, World"
print(s.upper(), s.lower(), s.swapcase(), s.title(), s.capitalize(), s.casefold(), "ß".casefold(), "ﬁ".upper())
print(s.find("o"), s.rfind("o"), s.index("W"), s.count("l"), s.find("zz"), s.startswith(("x", "He")), s.endswith("ld", 0, 12))
print(s.replace("l", "L", 2), s.split(", "), "a b  c ".split(), " a b ".split(" "), "a,b,c".rsplit(",", 1), "a\nb\r\nc".splitlines(), "a\nb".splitlines(True))
print(s.partition(", "), s.rpartition("o"), "x".partition("y"), "-".join(["a", "b"]), "ab" * 3, "abc"[::-1], s[-5:], s[1:10:3], s[20:])
print("  x ".strip() + "|", "xxaxx".strip("x"), "xxa".lstrip("x"), "axx".rstrip("x"), "prefix-a".removeprefix("prefix-"), "a.py".removesuffix(".py"))
print("7".zfill(3), "-7".zfill(4), "a".center(5, "*"), "a".ljust(3) + "|", "a".rjust(3), "a\tb".expandtabs(4))
print("abc".isalpha(), "12".isdigit(), "a1".isalnum(), " ".isspace(), "Ab".istitle(), "ab".islower(), "½".isnumeric(), "²".isdigit(), "x_1".isidentifier(), "".isascii(), "é".isprintable())
print("äöü€😀"[1:4], len("😀"), "é".encode(), "é".encode("latin-1"), "€".encode("utf-16-le"), b"\xe2\x82\xac".decode(), ord("€"), chr(8364), "\N{EURO SIGN}")
print(repr("it's"), repr('say "x"'), repr("both ' \""), repr("\n\t\\\x00\x7f\xa0é\u200b\ud800"), ascii("é€😀"))
print("abc" < "abd", "Z" < "a", "" < "a", "a" in "abc", "" in "abc", max("hello"), sorted("hello"), hash("a") == hash("a"))
table = str.maketrans({"a": "1", "b": None, ord("c"): 99})
print("abcabc".translate(table), "abc".translate(str.maketrans("ab", "xy", "c")), "%s" % "x", "a" "b")
for call in (lambda: "abc"[5], lambda: "a" + 1, lambda: "a".index("z"), lambda: "é".encode("ascii"), lambda: b"\xff".decode(), lambda: "a" * "b",
             lambda: s["x"], lambda: chr(-1), lambda: ord("ab"), lambda: "".join([1]), lambda: "x".split("")):
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__, error)
print("é€".encode("ascii", "replace"), "é€".encode("ascii", "xmlcharrefreplace"), "é".encode("ascii", "backslashreplace"), b"a\xffb".decode("utf-8", "replace"), b"a\xff".decode("utf-8", "surrogateescape").encode("utf-8", "surrogateescape"), "é".encode("ascii", "ignore"))
print("Straße".lower(), "İ".lower() == "i̇", "ΑΣ".lower(), "ǆ".title(), "a\u0301".isalpha())
print(str(b"x", "ascii"), str(5), str(), str([1, "a"]), "a{}b".format(1), "{:>{w}}".format("x", w=3), "{0}{1}{0}".format(1, 2), "{a[k]}{b.real}".format(a={"k": 1}, b=2))


class S(str):
    def __repr__(self):
        return "S!"


print(S("x"), repr(S("x")), type(S("x").upper()).__name__, S("a") == "a", {S("a"): 1}["a"], f"{S('q')!r}")
print("{x}".format_map({"x": 1}), "abc".count(""), "abcabc".replace("", "-"))
