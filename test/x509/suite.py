#!/usr/bin/env python3
"""Runs the chain suite through `sluice verify`, or any program that takes the same arguments.

    test/x509/suite.py PROGRAM [SUITE.json.xz] [-v]

Each case has id, expected (SUCCESS or FAILURE), core, name, time, trusted and chain.  A case that is marked
core must come out as expected.  Of the others the verdict may differ, where DIFFERENT says why; one that
differs without a reason there is a failure too, as is a reason that is no longer needed.
"""

import json
import lzma
import os
import subprocess
import sys
import tempfile

# id: why our verdict is not the suite's.  Each is a case where the standard speaks to those who issue, and
# where refusing would break sites that every browser opens, without making anyone safer.
DIFFERENT = {
}


def run(program, case, directory):
    files = {}
    for part in ("trusted", "chain"):
        files[part] = os.path.join(directory, part + ".pem")
        with open(files[part], "w") as f:
            f.write(case[part])
    done = subprocess.run(
        [*program, "verify", files["trusted"], files["chain"], case["name"] or "-", str(case["time"])],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=20)
    line = (done.stdout.splitlines() or [""])[0]
    if done.returncode == 0 and line == "OK":
        return "SUCCESS", line
    if done.returncode == 1 and line.startswith("ERR "):
        return "FAILURE", line
    return "BROKEN", f"exit {done.returncode}: {line} {done.stderr.strip()}"


def main():
    args = [a for a in sys.argv[1:] if a != "-v"]
    verbose = "-v" in sys.argv
    if not args:
        sys.exit(__doc__)
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    suite = args[1] if len(args) > 1 else os.path.join(root, "shared/x509/dev.json.xz")
    if not os.path.exists(suite):
        print("x509-suite: skipped, no", suite)
        return
    with lzma.open(suite) as f:
        cases = json.load(f)
    passed, failed = 0, 0
    used = set()
    with tempfile.TemporaryDirectory() as directory:
        for case in cases:
            got, line = run([args[0]], case, directory)
            good = got == case["expected"]
            if not good and not case["core"] and got != "BROKEN" and case["id"] in DIFFERENT:
                used.add(case["id"])
                good = True
            if verbose or not good:
                print("ok  " if good else "FAIL", case["id"], "core" if case["core"] else "",
                      "expected", case["expected"], "got", line)
            passed += good
            failed += not good
    ids = {case["id"] for case in cases}
    for stale in sorted((set(DIFFERENT) - used) & ids):
        print("FAIL", stale, "does not differ any more")
        failed += 1
    print(f"x509-suite: {passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
