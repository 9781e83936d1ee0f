#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks the server on purpose, one behaviour at a time, and sees which conformance cases fail.

All mutants of conformance/mutants/*.toml are built into one server, each switched on by the environment variable
HELIOGRAPH_MUTANT=<number>: an expression E that a mutant replaces by R becomes `(mutant(n) ? (R) : (E))`, a statement becomes
`if (mutant(n)) { R } else { E }`. The suite then runs once against each of them, and once against none.

  tools/mutate.py [--jobs N] [--only TEXT] [--report docs/conformance-mutations.md]   build, run, write the report
  tools/mutate.py --check        only see that every `find` stands in its file exactly once

A mutant in the file: name (the behaviour that is broken, as a sentence), file, find, replace, and `statement = true` where
`find` is a statement. `before` is text that stands somewhere before `find`, for a text that stands in the file more than once.
`slow = true` runs the cases too that wait for more than 4 s. `cases`, of a mutant or of a whole file, runs those alone whose name
has one of these parts.
"""
import argparse
import concurrent.futures
import datetime
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "mutation"
HEADER = """// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdlib>
inline bool mutant(int number) {
  static const int active = [] {
    const char* value = std::getenv("HELIOGRAPH_MUTANT");
    return value == nullptr ? 0 : std::atoi(value);
  }();
  return active == number;
}
"""


def read_mutants():
    mutants = []
    for path in sorted((ROOT / "conformance" / "mutants").glob("*.toml")):
        table = tomllib.loads(path.read_text())
        mutants += [{"cases": table["cases"]} | m if "cases" in table else m for m in table["mutant"]]
    for number, mutant in enumerate(mutants, 1):
        mutant["number"] = number
    return mutants


def place(text, mutant):
    """Where `find` stands, of the original text. Raises ValueError when that is not one place."""
    start = 0
    if "before" in mutant:
        start = text.find(mutant["before"])
        if start < 0:
            raise ValueError(f"`before` is not in {mutant['file']}: {mutant['name']}")
        start += len(mutant["before"])
    at = text.find(mutant["find"], start)
    if at < 0:
        raise ValueError(f"`find` is not in {mutant['file']}: {mutant['name']}")
    if "before" not in mutant and text.find(mutant["find"], at + 1) >= 0:
        raise ValueError(f"`find` stands more than once in {mutant['file']}: {mutant['name']}")
    return at, at + len(mutant["find"])


def switched(original, mutants):
    """One place with all mutants that stand there."""
    out = original
    for m in mutants:
        if m.get("statement"):
            out = f"{{ if (mutant({m['number']})) {{ {m['replace']} }} else {{ {out} }} }}"
        else:
            out = f"(mutant({m['number']}) ? ({m['replace']}) : ({out}))"
    return out


def apply(text, mutants):
    places = {}
    for m in mutants:
        places.setdefault(place(text, m), []).append(m)
    # The shortest first: what stands inside another place is part of what that one keeps.
    spans = sorted(([begin, end, its] for (begin, end), its in places.items()), key=lambda s: s[1] - s[0])
    for i, (begin, end, its) in enumerate(spans):
        new = switched(text[begin:end], its)
        grown = len(new) - (end - begin)
        text = text[:begin] + new + text[end:]
        for other in spans[i + 1 :]:
            if begin < other[0] < end or begin < other[1] < end:
                raise ValueError(f"two mutants overlap at: {new!r}")
            if other[0] >= end:
                other[0] += grown
            if other[1] >= end:
                other[1] += grown
    return '#include "base/mutant.h"\n' + text


def mutated_files(mutants):
    files = {}
    for m in mutants:
        files.setdefault(m["file"], []).append(m)
    return {name: apply((ROOT / name).read_text(), its) for name, its in files.items()}


def write_if_changed(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def build(mutants):
    tree = WORK / "tree"
    tree.mkdir(parents=True, exist_ok=True)
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True)
    changed = mutated_files(mutants)
    for name in names.stdout.splitlines():
        source = ROOT / name
        if name in changed or not source.is_file():
            continue
        target = tree / name
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    for name, text in changed.items():
        write_if_changed(tree / name, text)
    write_if_changed(tree / "src/base/mutant.h", HEADER)
    shutil.copytree(ROOT / "web/dist", tree / "web/dist", dirs_exist_ok=True)
    out = WORK / "build"
    configure = ["cmake", "--preset", "release", "-B", str(out), "-DHELIOGRAPH_TESTS=OFF", "-DHELIOGRAPH_BENCH=OFF",
                 "-DCMAKE_CXX_FLAGS=-Wno-error"]
    subprocess.run(configure, cwd=tree, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", str(out), "--target", "heliograph", "--", "-k", "0"], cwd=tree, check=True, stdout=sys.stderr)
    return out / "heliograph"


def result_of(mutant):
    name = hashlib.sha256(json.dumps({k: v for k, v in mutant.items() if k != "number"}).encode()).hexdigest()[:16]
    return WORK / "runs" / f"{name}.json"


def run(binary, number, mutant, resume=False):
    """The suite's cases with their status, against a server of its own."""
    out = result_of(mutant)
    out.parent.mkdir(parents=True, exist_ok=True)
    if resume and out.exists():
        return json.loads(out.read_text())["cases"]
    out.unlink(missing_ok=True)
    chosen = ["--only", mutant["cases"]] if "cases" in mutant else []
    patience = [] if mutant.get("slow") else ["--max-wait", "4000"]
    with open(out.with_suffix(".log"), "w") as log:
        try:
            subprocess.run(
                ["node", "conformance/against.mjs", "tokens", "--quiet", "--json", str(out), *patience, *chosen],
                env={**os.environ, "HELIOGRAPH_BINARY": str(binary), "HELIOGRAPH_MUTANT": str(number)},
                cwd=ROOT, stdout=log, stderr=log, timeout=400, check=False)
        except subprocess.TimeoutExpired:
            return None
    return json.loads(out.read_text())["cases"] if out.exists() else None


def failed(cases):
    return sorted(c["id"] for c in cases if c["status"] == "failed")


def report(path, mutants, baseline, results):
    killed_by = {c["id"]: [] for c in baseline if c["status"] == "passed"}
    for m in mutants:
        for name in results[m["number"]]:
            if name in killed_by:
                killed_by[name].append(m["number"])
    survivors = [m for m in mutants if not results[m["number"]]]
    never = [name for name, numbers in killed_by.items() if not numbers]
    lines = [
        "# Conformance cases and what makes them fail",
        "",
        "Made by `tools/mutate.py`: each mutant breaks one behaviour of the server (`conformance/mutants/`), and the cases that concern it run against it: those of its file where that names them, else all; those that wait for more than 4 s where it says so.",
        "",
        f"{datetime.date.today():%d %B %Y}: {len(mutants)} mutants, {len(killed_by)} cases that pass on the unbroken server. "
        f"{len(mutants) - len(survivors)} mutants were caught; {len(killed_by) - len(never)} cases failed for at least one mutant.",
        "",
        "## Mutants",
        "",
        "| # | broken on purpose | cases that failed |",
        "| --- | --- | --- |",
    ]
    for m in mutants:
        cases = results[m["number"]]
        shown = "; ".join(cases[:3]) + (f"; and {len(cases) - 3} more" if len(cases) > 3 else "")
        lines.append(f"| {m['number']} | {m['name']} | {shown or '**none**'} |".replace("\n", " "))
    lines += ["", "## Cases", "", "| case | mutants that it caught |", "| --- | --- |"]
    for name, numbers in killed_by.items():
        shown = ", ".join(map(str, numbers[:12])) + (" …" if len(numbers) > 12 else "")
        lines.append(f"| {name} | {shown or '**none**'} |")
    path.write_text("\n".join(lines) + "\n")
    print(f"{len(survivors)} mutants survived, {len(never)} cases never failed; see {path}")
    return not survivors and not never


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only check that the mutants fit the sources")
    parser.add_argument("--jobs", type=int, default=3, help="servers at a time")
    parser.add_argument("--resume", action="store_true", help="do not run again what has a result of this source tree already")
    parser.add_argument("--report-only", action="store_true", help="write the report of the results that are there already")
    parser.add_argument("--no-build", action="store_true", help="take the server that was built before")
    parser.add_argument("--only", default="", help="only mutants whose name or number this is part of")
    parser.add_argument("--report", type=pathlib.Path, default=ROOT / "docs" / "conformance-mutations.md")
    options = parser.parse_args()
    mutants = read_mutants()
    try:
        mutated_files(mutants)
    except ValueError as error:
        sys.exit(f"conformance/mutants: {error}")
    if options.check:
        return print(f"{len(mutants)} mutants fit")
    if options.report_only:
        mutants = [m for m in mutants if result_of(m).exists()]
        options.resume = options.no_build = True
    binary = WORK / "build" / "heliograph" if options.no_build else build(mutants)
    chosen = [m for m in mutants if options.only in m["name"] or options.only == str(m["number"])]
    baseline = run(binary, 0, {"slow": True}, options.resume)
    if baseline is None or failed(baseline):
        sys.exit(f"the unbroken server fails: {failed(baseline) if baseline else 'the suite did not run'}")
    results = {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        futures = {pool.submit(run, binary, m["number"], m, options.resume): m for m in chosen}
        for done, future in enumerate(concurrent.futures.as_completed(futures), 1):
            m = futures[future]
            cases = future.result()
            results[m["number"]] = ["(the server or the suite stopped)"] if cases is None else failed(cases)
            print(f"{done}/{len(chosen)} {m['name']}: {len(results[m['number']])} cases failed", file=sys.stderr)
    sys.exit(0 if report(options.report, chosen, baseline, results) else 1)


if __name__ == "__main__":
    main()
