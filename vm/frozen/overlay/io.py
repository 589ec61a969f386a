"""io: the library's pure-Python streams over posix descriptors."""

import abc

__all__ = [
    "BlockingIOError", "open", "open_code", "IOBase", "RawIOBase", "FileIO", "BytesIO", "StringIO", "BufferedIOBase",
    "BufferedReader", "BufferedWriter", "BufferedRWPair", "BufferedRandom", "TextIOBase", "TextIOWrapper",
    "UnsupportedOperation", "SEEK_SET", "SEEK_CUR", "SEEK_END", "text_encoding", "DEFAULT_BUFFER_SIZE",
    "IncrementalNewlineDecoder", "Reader", "Writer",
]

SEEK_SET = 0
SEEK_CUR = 1
SEEK_END = 2


class Reader(metaclass=abc.ABCMeta):
    """Protocol of objects with `read`."""

    __slots__ = ()

    @abc.abstractmethod
    def read(self, size=..., /):
        """Read from the input stream, at most `size` items."""

    @classmethod
    def __subclasshook__(cls, other):
        return hasattr(other, "read") if cls is Reader else NotImplemented

    __class_getitem__ = classmethod(type(list[int]))


class Writer(metaclass=abc.ABCMeta):
    """Protocol of objects with `write`."""

    __slots__ = ()

    @abc.abstractmethod
    def write(self, data, /):
        """Write `data` and return how many items were written."""

    @classmethod
    def __subclasshook__(cls, other):
        return hasattr(other, "write") if cls is Writer else NotImplemented

    __class_getitem__ = classmethod(type(list[int]))


# The library's classes register themselves with these while they are made, and then take their places.
class IOBase(metaclass=abc.ABCMeta):
    pass


class RawIOBase(IOBase):
    pass


class BufferedIOBase(IOBase):
    pass


class TextIOBase(IOBase):
    pass


class FileIO(RawIOBase):
    pass


import _pyio

BlockingIOError = BlockingIOError
open = _pyio.open
open_code = _pyio.open_code
UnsupportedOperation = _pyio.UnsupportedOperation
IOBase = _pyio.IOBase
RawIOBase = _pyio.RawIOBase
BufferedIOBase = _pyio.BufferedIOBase
TextIOBase = _pyio.TextIOBase
FileIO = _pyio.FileIO
BytesIO = _pyio.BytesIO
from _stringio import StringIO
BufferedReader = _pyio.BufferedReader
BufferedWriter = _pyio.BufferedWriter
BufferedRWPair = _pyio.BufferedRWPair
BufferedRandom = _pyio.BufferedRandom
TextIOWrapper = _pyio.TextIOWrapper
IncrementalNewlineDecoder = _pyio.IncrementalNewlineDecoder
DEFAULT_BUFFER_SIZE = _pyio.DEFAULT_BUFFER_SIZE
text_encoding = _pyio.text_encoding
UnsupportedOperation.__module__ = "io"
