"""importlib over the native importer."""

import sys

__all__ = ["__import__", "import_module", "invalidate_caches", "reload"]

__import__ = __import__


def invalidate_caches():
    """There are no caches to forget; finders on sys.meta_path may have some."""
    for finder in sys.meta_path:
        if hasattr(finder, "invalidate_caches"):
            finder.invalidate_caches()


def import_module(name, package=None):
    """Imports a module by name; a leading dot makes it relative to `package`."""
    level = len(name) - len(name.lstrip("."))
    if level:
        if not package:
            raise TypeError(f"the 'package' argument is required to perform a relative import for {name!r}")
        base = package.rsplit(".", level - 1)
        if len(base) < level:
            raise ImportError("attempted relative import beyond top-level package")
        rest = name[level:]
        name = f"{base[0]}.{rest}" if rest else base[0]
    __import__(name)
    return sys.modules[name]


def reload(module):
    """Runs a module's code again in the namespace it has."""
    name = getattr(module, "__name__", None)
    if name is None or sys.modules.get(name) is not module:
        raise ImportError(f"module {name} not in sys.modules", name=name)
    from ._native import _find_spec

    parent = sys.modules.get(name.rpartition(".")[0])
    spec = module.__spec__ = _find_spec(name, getattr(parent, "__path__", None), module)
    if spec is None:
        raise ModuleNotFoundError(f"spec not found for the module {name!r}", name=name)
    spec.loader.exec_module(module)
    # The module may have put something else in its place.
    return sys.modules[name]
