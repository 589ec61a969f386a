# A package with __all__.
__all__ = ["EXPORTED"]
EXPORTED = "exported"
hidden = "hidden"
