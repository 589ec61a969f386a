"""The names of CPython's C module, from where they are here."""

from io import *
from io import DEFAULT_BUFFER_SIZE, IncrementalNewlineDecoder, open_code, text_encoding
from _pyio import BufferedIOBase as _BufferedIOBase, IOBase as _IOBase, RawIOBase as _RawIOBase, TextIOBase as _TextIOBase
