# Imports from two levels up.
from .. import EXPORTED as UP
from ..sibling import NAME
