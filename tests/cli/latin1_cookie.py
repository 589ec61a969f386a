# -*- coding: latin-1 -*-
name = "é"
print(ascii(name), len(name))
