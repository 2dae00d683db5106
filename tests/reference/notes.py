#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes notes.h from notes.json: python3 notes.py < notes.json > notes.h

notes.json holds figures printed by the lecture notes' own programs under NumPy 1.24. The header is
one constant with the members of the file; an object whose keys are no C names becomes an array of
rows {key, value...}, as do the two nine_parameter objects, and remarks (texts, and how far
our sources of the figures differ) are left out."""

import json
import sys
import textwrap


def is_table(value):
    return isinstance(value, dict) and not all(key.isidentifier() for key in value)


def kept(value):
    return {k: v for k, v in value.items() if not isinstance(v, str) and not k.endswith("_diff")}


def rows(table):
    """A table as a list of objects that begin with their key."""
    for key, value in table.items():
        key = float(key) if key[0].isdigit() else key
        yield {"key": key, **(value if isinstance(value, dict) else {"value": value})}


def declare(name, value):
    """A member called name that holds value."""
    if is_table(value):
        return declare(f"{name}[{len(value)}]", next(rows(value)))
    if isinstance(value, list):
        return declare(f"{name}[{len(value)}]", value[0])
    if isinstance(value, str):
        return f"const\0char\0*{name};"
    if isinstance(value, dict):
        members = (declare(k, v) for k, v in value.items())
        return "struct { " + " ".join(members) + f" }} {name};"
    return f"double\0{name};"  # \0: no line breaks here


def initial(value):
    if is_table(value):
        return initial(list(rows(value)))
    if isinstance(value, list):
        return "{" + ", ".join(map(initial, value)) + "}"
    if isinstance(value, dict):
        return "{" + ", ".join(f".{k} = {initial(v)}" for k, v in value.items()) + "}"
    if isinstance(value, str):
        return "NAN" if value == "diverged" else f'"{value}"'
    return repr(value)


def fill(text, indent):
    return textwrap.fill(text, 100, initial_indent=indent, subsequent_indent=indent + "    ",
                         break_long_words=False,
                         break_on_hyphens=False).replace("\0", " ")


source = json.load(sys.stdin)
source["nine_parameter"] = {f"output/{f}": source.pop(f"nine_parameter_{f}")
                            for f in ("linear", "sigmoid")}
notes = {k: kept(v) if isinstance(v, dict) and not is_table(v) else v
         for k, v in kept(source).items()}
print("/* SPDX-License-Identifier: MIT */")
print("/* Made by notes.py from notes.json. */")
print("/* clang-format off */")
print("#ifndef TESTS_REFERENCE_NOTES_H\n#define TESTS_REFERENCE_NOTES_H\n\n#include <math.h>\n")
print("static const struct {")
for key, value in notes.items():
    print(fill(declare(key, value), "    "))
print("} notes = {")
for key, value in notes.items():
    print(fill(f".{key} = {initial(value)},", "    "))
print("};\n\n#endif")
