# Import in all forms: aliases, from, dotted, inside functions, star, packages made by hand, errors, sys.modules, reload.
import sys
import os.path
import os.path as p
import collections.abc, json as j
from math import pi, sqrt as root
from os import (
    path,
    sep,
)

print(os.path is p is path, j.__name__, round(pi, 2), root(9.0), sep, collections.abc.__name__)


def inside():
    from itertools import count
    import string
    return next(count(3)), string.digits


print(inside(), "itertools" in sys.modules, "count" in globals())
exec("from string import *")
print(ascii_lowercase[:3], "Formatter" in globals())
import types
package = types.ModuleType("package")
package.__path__ = []
package.inner = types.ModuleType("package.inner")
package.inner.value = 42
sys.modules["package"], sys.modules["package.inner"] = package, package.inner
import package.inner
from package import inner as renamed
from package.inner import value
print(value, renamed is package.inner, type(sys.modules).__name__)
for code in ("import no_such_module", "from math import no_such_name", "import math.sub", "from no.such import x", "from package import nothing", "import package.missing", "from . import x"):
    try:
        exec(code, {"__name__": "__main__", "__package__": None, "__spec__": None})
    except ImportError as error:
        print(type(error).__name__, str(error).split(" (")[0], error.name)
sys.modules["blocked"] = None
try:
    import blocked
except ModuleNotFoundError as error:
    print(error)
import importlib
print(importlib.import_module("json") is j, importlib.import_module(".abc", "collections") is collections.abc, __import__("os").path is p, __import__("os.path").__name__)
lazy = types.ModuleType("lazy")
lazy.__getattr__ = lambda name: f"lazily {name}" if name != "__path__" else (_ for _ in ()).throw(AttributeError(name))
sys.modules["lazy"] = lazy
from lazy import anything
print(anything, lazy.other)
print(__name__, __spec__, __package__, "__file__" in globals(), sys.modules["__main__"].__name__, j.__spec__.name, json_name := j.__package__)
folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "import_me")
sys.path.insert(0, folder)
import plain_module
from a_package import sibling
import a_package.deep.leaf as leaf
print(plain_module.VALUE, sibling.NAME, leaf.UP, leaf.__name__, leaf.__package__, os.path.basename(plain_module.__file__), plain_module.count)
import plain_module as again
print(again is plain_module, plain_module.count, importlib.reload(plain_module).count)
try:
    import broken_module
except ZeroDivisionError as error:
    print("import failed:", error, "broken_module" in sys.modules)
from a_package import *
print(EXPORTED, "hidden" in globals(), sorted(n for n in dir(sys.modules["a_package"]) if not n.startswith("_")))
