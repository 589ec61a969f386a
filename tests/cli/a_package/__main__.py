# Runs for `-m a_package`.
import sys
from . import __doc__ as doc

print(__name__, __package__, sys.argv[1:], doc)
