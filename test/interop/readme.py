#!/usr/bin/env python3
"""readme.py README TABLE: puts the table between the two marks in README."""
import re
import sys

readme, table = (open(f).read() for f in sys.argv[1:])
new, found = re.subn(r"(<!-- interop -->\n).*?(<!-- /interop -->)", lambda m: m[1] + table + m[2], readme, flags=re.S)
if found != 1:
    sys.exit("readme.py: no place for the table in README")
open(sys.argv[1], "w").write(new)
