"""io.StringIO: text in memory with positions in characters (CPython's Modules/_io/stringio.c).

The library's own keeps UTF-8 behind a TextIOWrapper, whose position after a read is not where the next write goes.
"""

from _pyio import TextIOBase


class StringIO(TextIOBase):
    """Text I/O implementation using an in-memory buffer.

    The initial_value argument sets the value of object.  The newline
    argument is like the one of TextIOWrapper's constructor."""

    def __init__(self, initial_value="", newline="\n"):
        self._newline = newline
        self._seen = 0
        self._text = ""
        # What was written at the end since the text was last asked for.
        self._tail = []
        self._pos = 0
        self._length = 0
        if newline is not None and not isinstance(newline, str):
            raise TypeError(f"newline must be str or None, not {type(newline).__name__}")
        if newline not in (None, "", "\n", "\r", "\r\n"):
            raise ValueError(f"illegal newline value: {newline!r}")
        if initial_value is not None and not isinstance(initial_value, str):
            raise TypeError(f"initial_value must be str or None, not {type(initial_value).__name__}")
        if initial_value:
            self.write(initial_value)
            self._pos = 0

    def _check(self):
        if self.closed:
            raise ValueError("I/O operation on closed file")

    def _whole(self):
        if self._tail:
            self._text += "".join(self._tail)
            self._tail.clear()
        return self._text

    def _note_newlines(self, text):
        pairs = text.count("\r\n")
        if pairs:
            self._seen |= 4
        if text.count("\r") > pairs:
            self._seen |= 1
        if text.count("\n") > pairs:
            self._seen |= 2

    def write(self, s, /):
        if not isinstance(s, str):
            raise TypeError(f"string argument expected, got {type(s).__name__!r}")
        self._check()
        size = len(s)
        if not size:
            return 0
        newline = self._newline
        if newline != "\n":
            if newline is None:
                self._note_newlines(s)
                if "\r" in s:
                    s = s.replace("\r\n", "\n").replace("\r", "\n")
            elif newline:
                s = s.replace("\n", newline)
        pos = self._pos
        end = pos + len(s)
        if pos == self._length:
            self._tail.append(s)
            self._length = end
        else:
            text = self._whole()
            if pos > len(text):
                text += "\0" * (pos - len(text))
            self._text = text[:pos] + s + text[end:]
            self._length = len(self._text)
        self._pos = end
        return size

    def getvalue(self):
        """Retrieve the entire contents of the object."""
        self._check()
        return self._whole()

    def read(self, size=-1, /):
        self._check()
        pos = self._pos
        size = -1 if size is None else size.__index__()
        text = self._whole()
        end = self._length if size < 0 else min(pos + size, self._length)
        if end <= pos:
            return ""
        self._pos = end
        return text[pos:end]

    def _line_end(self, text, pos):
        newline = self._newline
        if newline == "":
            feed, carriage = text.find("\n", pos), text.find("\r", pos)
            if carriage < 0 or 0 <= feed < carriage:
                return feed + 1 or self._length
            return carriage + (2 if feed == carriage + 1 else 1)
        mark = newline or "\n"
        at = text.find(mark, pos)
        return self._length if at < 0 else at + len(mark)

    def readline(self, size=-1, /):
        self._check()
        size = -1 if size is None else size.__index__()
        pos = self._pos
        if pos >= self._length:
            return ""
        text = self._whole()
        end = self._line_end(text, pos)
        if 0 <= size < end - pos:
            end = pos + size
        self._pos = end
        return text[pos:end]

    def __iter__(self):
        self._check()
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def seek(self, pos, whence=0, /):
        self._check()
        if whence not in (0, 1, 2):
            raise ValueError(f"Invalid whence ({whence}, should be 0, 1 or 2)")
        pos = pos.__index__()
        if whence == 0:
            if pos < 0:
                raise ValueError(f"Negative seek position {pos}")
        elif pos:
            raise OSError("Can't do nonzero cur-relative seeks")
        else:
            pos = self._pos if whence == 1 else self._length
        self._pos = pos
        return pos

    def tell(self):
        self._check()
        return self._pos

    def truncate(self, pos=None, /):
        self._check()
        if pos is None:
            pos = self._pos
        else:
            pos = pos.__index__()
            if pos < 0:
                raise ValueError(f"Negative size value {pos}")
        if pos < self._length:
            self._text = self._whole()[:pos]
            self._length = pos
        return pos

    def close(self):
        self._text = ""
        self._tail.clear()
        self._length = 0
        super().close()

    def readable(self):
        self._check()
        return True

    def writable(self):
        self._check()
        return True

    def seekable(self):
        self._check()
        return True

    @property
    def line_buffering(self):
        self._check()
        return False

    @property
    def newlines(self):
        self._check()
        kinds = [kind for bit, kind in ((1, "\r"), (2, "\n"), (4, "\r\n")) if self._seen & bit]
        return kinds[0] if len(kinds) == 1 else tuple(kinds) or None

    @property
    def encoding(self):
        return None

    @property
    def errors(self):
        return None

    def __getstate__(self):
        extra = {k: v for k, v in self.__dict__.items() if k not in _OWN}
        return (self.getvalue(), self._newline, self._pos, extra or None)

    def __setstate__(self, state):
        value, newline, pos, extra = state
        self.__init__("", newline)
        # Translated already.
        self._text = value
        self._length = len(value)
        self._pos = pos
        if extra:
            self.__dict__.update(extra)


_OWN = {"_newline", "_seen", "_text", "_tail", "_pos", "_length", "_IOBase__closed"}
StringIO.__module__ = "_io"
