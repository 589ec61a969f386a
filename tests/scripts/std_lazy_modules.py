# Modules that load their larger part when something of it is asked for behave as if they were whole.
import sys
import traceback
import warnings

print("dataclasses" in sys.modules, "re" in sys.modules and not hasattr(traceback, "_colorize"))

import _colorize

try:
    _colorize.no_such_name
except AttributeError as e:
    print(e)
_colorize.COLORIZE = False
print(_colorize.can_colorize(), _colorize.COLORIZE)
print(_colorize.get_colors().RED == "", repr(_colorize.ANSIColors.RED))
print(_colorize.can_colorize is _colorize.can_colorize, _colorize.can_colorize.__module__)
print("can_colorize" in dir(_colorize), _colorize.__name__)
try:
    1 / 0
except ZeroDivisionError:
    print(traceback.format_exc().splitlines()[-1])

# The first filter shows DeprecationWarnings of the main program, and of it alone.
print(warnings.filters[0][:3], warnings.filters[0][3] == "__main__", len(warnings.filters))
seen = []
warnings.showwarning = lambda message, category, filename, lineno, file=None, line=None: seen.append((str(message), lineno))
warnings.warn_explicit("shown", DeprecationWarning, "a.py", 1, module="__main__")
warnings.warn_explicit("not shown", DeprecationWarning, "a.py", 2, module="__main__more")
warnings.warn_explicit("not shown", DeprecationWarning, "a.py", 3, module="other")
warnings.warn("from here", DeprecationWarning)
with warnings.catch_warnings():
    warnings.filterwarnings("error", message="Bad.*", module="m.n")
    for text, module in (("bad thing", "main.name"), ("bad thing", "m"), ("other", "m.n")):
        try:
            warnings.warn_explicit(text, UserWarning, "b.py", 4, module=module)
        except UserWarning as e:
            print("raised", e)
print(seen)
