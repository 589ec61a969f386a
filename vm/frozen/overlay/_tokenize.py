"""Tokens of Python source, line by line. An f-string is one STRING token here."""
from token import (
    COMMENT, DEDENT, ENDMARKER, INDENT, NAME, NEWLINE, NL, NUMBER, OP, STRING, EXACT_TOKEN_TYPES,
)

_compiled = None


def _patterns():
    # Made when something is read: who imports tokenize, as inspect and traceback do, seldom gets there.
    global _compiled
    if _compiled is not None:
        return _compiled
    import re

    prefix = r"(?:[rRbBuUfFtT]|[rR][bBfFtT]|[bBfFtT][rR])?"
    number = (
        r"0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+"
        r"|(?:(?:[0-9](?:_?[0-9])*)?\.[0-9](?:_?[0-9])*|[0-9](?:_?[0-9])*\.?)(?:[eE][-+]?[0-9](?:_?[0-9])*)?[jJ]?"
    )
    operator = "|".join(re.escape(op) for op in sorted(EXACT_TOKEN_TYPES, key=len, reverse=True))
    token = re.compile(
        rf"(?P<space>[ \f\t]+)|(?P<comment>#[^\r\n]*)|(?P<newline>\r?\n)|(?P<joined>\\\r?\n)"
        rf"|(?P<string>{prefix}(?:'''|\"\"\"|'|\"))|(?P<number>{number})|(?P<name>\w+)|(?P<op>{operator}|[!$?])"
    )
    ends = {
        "'": re.compile(r"[^'\\\n]*(?:\\(?:.|\r?\n)[^'\\\n]*)*'", re.S),
        '"': re.compile(r'[^"\\\n]*(?:\\(?:.|\r?\n)[^"\\\n]*)*"', re.S),
        "'''": re.compile(r"[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''", re.S),
        '"""': re.compile(r'[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""', re.S),
    }
    _compiled = token, ends
    return _compiled


_opening = "([{"
_closing = ")]}"


def _fault(message, row, column, line, kind=SyntaxError):
    return kind(message, ("<string>", row, column + 1, line, row, column + 1))


def _tokens(readline, extra):
    import re

    token, ends = _patterns()
    indents = [0]
    depth = 0
    row = 0
    line = ""
    start_of_line = True
    while True:
        try:
            line = readline()
        except StopIteration:
            line = ""
        row += 1
        if not line:
            break
        at = 0
        if start_of_line and depth == 0:
            blank = re.match(r"[ \f\t]*", line)
            at = blank.end()
            column = 0
            for c in blank.group():
                column = (column // 8 + 1) * 8 if c == "\t" else 0 if c == "\f" else column + 1
            rest = line[at:]
            if not rest or rest[0] in "#\r\n":
                if extra:
                    if rest[:1] == "#":
                        text = rest.rstrip("\r\n")
                        yield COMMENT, text, (row, at), (row, at + len(text)), line
                        at += len(text)
                    if line[at:]:
                        yield NL, line[at:], (row, at), (row, len(line)), line
                    else:
                        yield NL, "", (row, at), (row, at + 1), line
                continue
            if column > indents[-1]:
                indents.append(column)
                yield INDENT, line[:at], (row, 0), (row, at), line
            while column < indents[-1]:
                if column not in indents:
                    raise _fault(
                        "unindent does not match any outer indentation level", row, at, line, IndentationError
                    )
                indents.pop()
                yield DEDENT, "", (row, at), (row, at), line
        start_of_line = True
        while at < len(line):
            found = token.match(line, at)
            if found is None:
                raise _fault(f"invalid character {line[at]!r}", row, at, line)
            kind, text, end = found.lastgroup, found.group(), found.end()
            if kind == "space":
                at = end
                continue
            if kind == "joined":
                start_of_line = False
                break
            if kind == "string":
                quote = text.lstrip("rRbBuUfFtT")
                first_row, first_at, lines = row, at, line
                body = ends[quote].match(line, end)
                while body is None:
                    more = readline() if len(quote) == 3 or re.search(r"\\\r?\n$", line) else ""
                    if not more:
                        what = "triple-quoted " if len(quote) == 3 else ""
                        raise _fault(f"unterminated {what}string literal (detected at line {row})", first_row, first_at, lines)
                    row += 1
                    lines += more
                    line = more
                    body = ends[quote].match(lines, end)
                text = lines[first_at:body.end()]
                if row == first_row:
                    at = body.end()
                else:
                    at = body.end() - (len(lines) - len(line))
                yield STRING, text, (first_row, first_at), (row, at), lines
                continue
            where = (row, at), (row, end), line
            if kind == "comment":
                if extra:
                    yield COMMENT, text, *where
            elif kind == "newline":
                if depth:
                    if extra:
                        yield NL, text, *where
                else:
                    yield NEWLINE, text if extra else "", *where
            elif kind == "op":
                if text in _opening:
                    depth += 1
                elif text in _closing:
                    depth = max(depth - 1, 0)
                yield OP if extra else EXACT_TOKEN_TYPES.get(text, OP), text, *where
            elif kind == "name":
                if not text.isidentifier():
                    raise _fault(f"invalid character {text[0]!r}", row, at, line)
                yield NAME, text, *where
            else:
                yield NUMBER, text, *where
            at = end
        else:
            if not line.endswith("\n") and depth == 0:
                yield NEWLINE, "", (row, len(line)), (row, len(line) + 1), line
    if depth:
        raise _fault("unexpected EOF in multi-line statement", row, 0, "")
    for _ in indents[1:]:
        yield DEDENT, "", (row, 0), (row, 0), ""
    yield ENDMARKER, "", (row, 0), (row, 0), ""


class TokenizerIter:
    """Iterator over (type, text, start, end, line)."""

    def __init__(self, readline, *, encoding=None, extra_tokens=False):
        if encoding is not None:
            read = readline

            def readline():
                line = read()
                return line.decode(encoding) if isinstance(line, bytes) else line

        self._tokens = _tokens(readline, extra_tokens)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._tokens)
