#!/usr/bin/env python3
"""A strict reader of UCI files: what libuci itself writes, and comments; nothing else.  Exits 1 with file:line."""
import re
import sys

NAME = r"[A-Za-z0-9_]+"
VALUE = r"'[^'\\]*'"
LINES = (
    ("section", re.compile(rf"config ({NAME})(?: '({NAME})')?$")),
    ("option", re.compile(rf"\toption ({NAME}) ({VALUE})$")),
    ("list", re.compile(rf"\tlist ({NAME}) ({VALUE})$")),
)


def main(path):
    seen, section, count = {}, None, 0
    with open(path, encoding="ascii") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line.strip() == "" or line.lstrip().startswith("#"):
                continue
            for kind, pattern in LINES:
                match = pattern.match(line)
                if match:
                    break
            else:
                return f"{path}:{number}: not UCI as uci writes it: {line}"
            if kind == "section":
                section, seen = match[2] or f"@{match[1]}", {}
                continue
            if section is None:
                return f"{path}:{number}: outside of a section"
            if seen.get(match[1], kind) != kind or (kind == "option" and match[1] in seen):
                return f"{path}:{number}: {match[1]} twice"
            seen[match[1]] = kind
            count += 1
    return None if count else f"{path}: empty"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
