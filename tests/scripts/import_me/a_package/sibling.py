# A module beside others in a package.
from . import EXPORTED as NAME
