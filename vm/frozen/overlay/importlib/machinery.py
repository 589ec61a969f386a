"""Names of the import machinery. The importer is native; these describe what it finds."""

from _imp import _lasti_ModuleSpec as ModuleSpec

SOURCE_SUFFIXES = [".py"]
DEBUG_BYTECODE_SUFFIXES = [".pyc"]
OPTIMIZED_BYTECODE_SUFFIXES = [".pyc"]
BYTECODE_SUFFIXES = [".pyc"]
EXTENSION_SUFFIXES = []


def all_suffixes():
    """Every suffix a module file may have."""
    return SOURCE_SUFFIXES + BYTECODE_SUFFIXES + EXTENSION_SUFFIXES


class _Loader:
    def __init__(self, fullname=None, path=None):
        self.name = fullname
        self.path = path


class BuiltinImporter(_Loader):
    pass


class FrozenImporter(_Loader):
    pass


class PathFinder(_Loader):
    pass


class FileFinder(_Loader):
    pass


class SourceFileLoader(_Loader):
    pass


class SourcelessFileLoader(_Loader):
    pass


class ExtensionFileLoader(_Loader):
    pass


class AppleFrameworkLoader(_Loader):
    pass


class NamespaceLoader(_Loader):
    pass


class WindowsRegistryFinder(_Loader):
    pass
