"""The codec registry and the built-in codecs, over the native str.encode and bytes.decode."""

import builtins

_search = []
_cache = {}
_errors = {}


def register(search_function, /):
    if not callable(search_function):
        raise TypeError("argument must be callable")
    _search.append(search_function)


def unregister(search_function, /):
    if search_function in _search:
        _search.remove(search_function)
        _cache.clear()


def _normalized(encoding):
    return encoding.replace(" ", "_").lower()


def lookup(encoding, /):
    name = _normalized(encoding)
    found = _cache.get(name)
    if found is not None:
        return found
    import encodings

    for function in _search:
        found = function(name)
        if found is not None:
            if not isinstance(found, tuple) or len(found) != 4:
                raise TypeError("codec search functions must return 4-tuples")
            _cache[name] = found
            return found
    raise LookupError(f"unknown encoding: {encoding}")


def _forget_codec(encoding, /):
    _cache.pop(_normalized(encoding), None)


def encode(obj, encoding="utf-8", errors="strict"):
    return lookup(encoding)[0](obj, errors)[0]


def decode(obj, encoding="utf-8", errors="strict"):
    return lookup(encoding)[1](obj, errors)[0]


# ---- error handlers ----


def register_error(name, handler, /):
    if not callable(handler):
        raise TypeError("handler must be callable")
    _errors[name] = handler


def _unregister_error(name, /):
    return _errors.pop(name, None) is not None


def lookup_error(name, /):
    try:
        return _errors[name]
    except KeyError:
        raise LookupError(f"unknown error handler name '{name}'") from None


def _strict(error):
    raise error


def _ignore(error):
    return "", error.end


def _replace(error):
    if isinstance(error, UnicodeEncodeError):
        return "?" * (error.end - error.start), error.end
    if isinstance(error, UnicodeDecodeError):
        return "\ufffd", error.end
    return "\ufffd" * (error.end - error.start), error.end


def _backslashreplace(error):
    if isinstance(error, UnicodeDecodeError):
        return "".join(f"\\x{b:02x}" for b in error.object[error.start : error.end]), error.end
    out = []
    for c in error.object[error.start : error.end]:
        n = ord(c)
        out.append(f"\\x{n:02x}" if n < 256 else f"\\u{n:04x}" if n < 65536 else f"\\U{n:08x}")
    return "".join(out), error.end


def _xmlcharrefreplace(error):
    return "".join(f"&#{ord(c)};" for c in error.object[error.start : error.end]), error.end


def _surrogateescape(error):
    if isinstance(error, UnicodeDecodeError):
        raw = error.object[error.start : error.end]
        kept = [b for b in raw if b >= 128]
        if not kept or raw[0] < 128:
            raise error
        return chr(0xDC00 + raw[0]), error.start + 1
    out = bytearray()
    for c in error.object[error.start : error.end]:
        if not 0xDC80 <= ord(c) <= 0xDCFF:
            raise error
        out.append(ord(c) - 0xDC00)
    return bytes(out), error.end


def _surrogatepass(error):
    raise error


def _namereplace(error):
    import unicodedata

    return "".join("\\N{%s}" % unicodedata.name(c) for c in error.object[error.start : error.end]), error.end


for _name, _handler in [
    ("strict", _strict),
    ("ignore", _ignore),
    ("replace", _replace),
    ("backslashreplace", _backslashreplace),
    ("xmlcharrefreplace", _xmlcharrefreplace),
    ("surrogateescape", _surrogateescape),
    ("surrogatepass", _surrogatepass),
    ("namereplace", _namereplace),
]:
    register_error(_name, _handler)


# ---- codecs ----


def _tail(data, encoding, final):
    """How many bytes at the end may be the beginning of a character."""
    if final:
        return 0
    if encoding == "utf-8":
        for back in range(1, min(4, len(data) + 1)):
            byte = data[-back]
            if byte & 0xC0 == 0x80:
                continue
            need = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
            return back if need > back else 0
        return 0
    width = 2 if "16" in encoding else 4 if "32" in encoding else 1
    rest = len(data) % width
    if width == 2 and len(data) - rest >= 2:
        unit = data[len(data) - rest - 2 : len(data) - rest]
        high = unit[1] if encoding.endswith("le") else unit[0]
        if 0xD8 <= high < 0xDC:
            rest += 2
    return rest


def _make(name, encoding):
    def encoder(text, errors="strict", /):
        return text.encode(encoding, errors or "strict"), len(text)

    def decoder(data, errors="strict", final=False, /):
        data = bytes(data)
        rest = _tail(data, encoding, final)
        usable = data[: len(data) - rest] if rest else data
        return usable.decode(encoding, errors or "strict"), len(usable)

    globals()[name + "_encode"] = encoder
    globals()[name + "_decode"] = decoder


for _name, _encoding in [
    ("utf_8", "utf-8"),
    ("ascii", "ascii"),
    ("latin_1", "latin-1"),
    ("utf_16_le", "utf-16-le"),
    ("utf_16_be", "utf-16-be"),
    ("utf_32_le", "utf-32-le"),
    ("utf_32_be", "utf-32-be"),
    ("utf_16", "utf-16"),
    ("utf_32", "utf-32"),
    ("unicode_escape", "unicode-escape"),
    ("raw_unicode_escape", "raw-unicode-escape"),
]:
    _make(_name, _encoding)


def _ex(width):
    def decoder(data, errors="strict", order=0, final=False, /):
        data = bytes(data)
        if order == 0:
            if len(data) < width // 8 and not final:
                return "", 0, 0
            marks = {16: (b"\xff\xfe", b"\xfe\xff"), 32: (b"\xff\xfe\0\0", b"\0\0\xfe\xff")}[width]
            for mark, found in zip(marks, (-1, 1)):
                if data.startswith(mark):
                    text, used = globals()[f"utf_{width}_{'le' if found < 0 else 'be'}_decode"](
                        data[len(mark) :], errors, final
                    )
                    return text, used + len(mark), found
        text, used = globals()[f"utf_{width}_{'be' if order > 0 else 'le'}_decode"](data, errors, final)
        return text, used, order

    return decoder


utf_16_ex_decode = _ex(16)
utf_32_ex_decode = _ex(32)


def readbuffer_encode(data, errors=None, /):
    data = data.encode() if isinstance(data, str) else bytes(data)
    return data, len(data)


def escape_encode(data, errors=None, /):
    return repr(data)[2:-1].encode("latin-1"), len(data)


def escape_decode(data, errors=None, /):
    data = data.encode() if isinstance(data, str) else bytes(data)
    return data.decode("latin-1").encode("latin-1").decode("unicode-escape").encode("latin-1"), len(data)


def charmap_encode(text, errors="strict", mapping=None, /):
    if mapping is None:
        return latin_1_encode(text, errors)
    out = bytearray()
    at = 0
    while at < len(text):
        byte = mapping.get(ord(text[at])) if hasattr(mapping, "get") else mapping[ord(text[at])]
        if byte is None:
            error = UnicodeEncodeError("charmap", text, at, at + 1, "character maps to <undefined>")
            replacement, at = lookup_error(errors or "strict")(error)
            for c in replacement:
                out.append(c if isinstance(c, int) else mapping[ord(c)])
            continue
        out += byte if isinstance(byte, bytes) else bytes((byte,))
        at += 1
    return bytes(out), len(text)


def charmap_decode(data, errors="strict", mapping=None, /):
    data = bytes(data)
    if mapping is None:
        return latin_1_decode(data, errors)
    out = []
    at = 0
    while at < len(data):
        try:
            char = mapping[data[at]]
        except (LookupError, IndexError):
            char = None
        if isinstance(char, int):
            char = chr(char)
        if char is None or char == "\ufffe":
            error = UnicodeDecodeError("charmap", data, at, at + 1, "character maps to <undefined>")
            replacement, at = lookup_error(errors or "strict")(error)
            out.append(replacement)
            continue
        out.append(char)
        at += 1
    return "".join(out), len(data)


def charmap_build(table, /):
    return {ord(c): i for i, c in enumerate(table)}


def utf_7_encode(text, errors="strict", /):
    raise LookupError("unknown encoding: utf-7")


def utf_7_decode(data, errors="strict", final=False, /):
    raise LookupError("unknown encoding: utf-7")
