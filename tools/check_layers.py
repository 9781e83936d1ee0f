#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds src/ to tools/layers.toml: no #include and no CMake USES beyond the edges named there, and no cycle in them.

Usage: check_layers.py [ROOT]. Exit 0 when the house stands as drawn, 1 with a line per wrong edge.
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+"([a-z0-9_]+)/', re.M)
EDGE = re.compile(r'^(\w+)\s*=\s*\[(.*)\]\s*$', re.M)
USES = re.compile(r'USES\s+([a-z0-9_ \n]+?)\s*(?:LIBRARIES|TEST_LIBRARIES|\))')


def allowed_edges(root):
    text = (root / "tools/layers.toml").read_text()
    return {m[1]: re.findall(r'"(\w+)"', m[2]) for m in EDGE.finditer(text)}


def cycles(edges):
    """Folders that reach themselves."""
    def reach(folder, seen):
        for target in edges.get(folder, []):
            if target not in seen:
                seen.add(target)
                reach(target, seen)
        return seen
    return [folder for folder in edges if folder in reach(folder, set())]


def wrong_edges(root):
    edges = allowed_edges(root)
    folders = sorted(p.name for p in (root / "src").iterdir() if p.is_dir())
    for folder in cycles(edges):
        yield f"tools/layers.toml: {folder} reaches itself"
    for folder in folders:
        if folder not in edges:
            yield f"src/{folder}: not named in tools/layers.toml"
            continue
        may = {folder, *edges[folder]}
        for path in sorted((root / "src" / folder).rglob("*")):
            if path.suffix not in (".h", ".cc"):
                continue
            for m in INCLUDE.finditer(path.read_text()):
                if m[1] in folders and m[1] not in may:
                    yield f"{path.relative_to(root)}: includes {m[1]}/, which {folder} may not see"
        cmake = (root / "src" / folder / "CMakeLists.txt").read_text()
        m = USES.search(cmake)
        for used in (m[1].split() if m else []):
            if used not in may:
                yield f"src/{folder}/CMakeLists.txt: USES {used}, which {folder} may not see"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    found = list(wrong_edges(root))
    print("\n".join(found) if found else "no edge that the design forbids")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
