"""The base class of loaders. Importing it also readies `_bootstrap`, which importlib.util and importlib.abc use next."""
import abc

from . import _native
from . import _bootstrap


class Loader(metaclass=abc.ABCMeta):
    """What turns a spec into a module. `exec_module` is left to subclasses; its absence means the old protocol."""

    def create_module(self, spec):
        """A module to load into; None asks for an ordinary one."""
        return None

    def load_module(self, fullname):
        """The old way: loads into sys.modules and returns the module."""
        if not hasattr(self, 'exec_module'):
            raise ImportError
        return _bootstrap._load_module_shim(self, fullname)
