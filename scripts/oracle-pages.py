"""Runs the Python blocks of docs/ (those that say what they print) with PyTorch, and compares what they print with the comment that ends them. The
blocks of a page share their names, as in a notebook. test/examples.test.ts runs the blocks beside them."""
import contextlib
import io
import pathlib
import re
import sys

failed = 0
for page in sorted(pathlib.Path(__file__).parent.parent.joinpath("docs").rglob("*.md")):
    names = {"__name__": "page"}
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S):
        lines = block.rstrip().split("\n")
        end = len(lines)
        while lines[end - 1].startswith("#"):
            end -= 1
        if end == len(lines):
            continue
        promised = "\n".join(line[2:] for line in lines[end:])
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec("\n".join(lines[:end]), names)
        if printed.getvalue().rstrip() != promised:
            failed += 1
            print(f"{page.name}: {lines[0]}\n--- promised\n{promised}\n--- printed\n{printed.getvalue()}")
sys.exit(f"{failed} blocks print something else" if failed else None)
