"""Makes errors.jsonl: bad sources and what CPython 3.13 says of them.

    python3.13 errors.py                          the expectations anew, for the sources in the table
    python3.13 errors.py add FILE...              and for those in these files (JSON lines `[mode, source]`)
    python3.13 errors.py table SOURCES TABLE      a table of its own, for a comparison

A row is `[mode, source, kind, message, lineno, offset, end_lineno, end_offset, text]`, or what CPython accepts:
`[mode, source, "OK"]`. Rows of NEWER begin with the reason why 3.14 says something else. No 3.14 was at hand when they
were written: they follow what its documentation shows of the changed messages.
"""
import json
import os
import sys
import warnings

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "errors.jsonl")
NEWER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "errors_314.jsonl")


def row(mode, source):
    try:
        compile(source, "f.py", mode, 0, True)
    except SyntaxError as e:
        place = [e.lineno, e.offset, e.end_lineno, e.end_offset, e.text]
        return [mode, source, type(e).__name__, e.msg, *place]
    except (ValueError, OverflowError, MemoryError, RecursionError) as e:
        return [mode, source, type(e).__name__, str(e)]
    return [mode, source, "OK"]


def read(path):
    with open(path) as f:
        return [json.loads(line) for line in f if line.strip()]


def main(args):
    assert sys.version_info[:2] == (3, 13)
    warnings.simplefilter("ignore")
    table = TABLE
    if args[:1] == ["table"]:
        sources, table = read(args[1]), args[2]
    else:
        sources = read(TABLE) if os.path.exists(TABLE) else []
        for path in args[1:]:
            sources += read(path)
    newer = set()
    if os.path.exists(NEWER) and table == TABLE:
        newer = {(r[1], r[2]) for r in read(NEWER)}
    seen = dict.fromkeys((r[0], r[1]) for r in sources)
    with open(table, "w") as f:
        for mode, source in seen:
            # Null bytes are refused before the compiler is asked.
            if (mode, source) not in newer and "\0" not in source:
                f.write(json.dumps(row(mode, source)) + "\n")


main(sys.argv[1:])
