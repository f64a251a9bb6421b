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

# id: why our verdict is not the suite's.  Each is a rule for those who issue certificates; sites that break it
# are open in every browser, and to refuse them would make nobody safer.
CRL = "no revocation lists are fetched: a router has no room for them, and browsers behind it have their own"
AKI = "key identifiers only help to find an issuer; whether it is the issuer, its signature says"
CN = "the common name is never looked at, so what it says can't mislead"
PSL = "a public suffix list is larger than the whole program; *.tld is refused, longer suffixes are the CA's duty"
DIFFERENT = {
    "crl::crlnumber-missing": CRL,
    "crl::crlnumber-critical": CRL,
    "crl::issuer-missing-crlsign": CRL,
    "rfc5280::aki::leaf-missing-aki": AKI,
    "rfc5280::aki::intermediate-missing-aki": AKI,
    "rfc5280::ski::intermediate-missing-ski": AKI,
    "webpki::aki::root-with-aki-missing-keyidentifier": AKI,
    "webpki::aki::root-with-aki-authoritycertissuer": AKI + "; real roots are like this",
    "webpki::aki::root-with-aki-all-fields": AKI + "; real roots are like this",
    "webpki::aki::root-with-aki-ski-mismatch": AKI,
    "rfc5280::pc::ica-noncritical-pc": "policy constraints are obeyed whether they are critical or not",
    "rfc5280::san::noncritical-with-empty-subject": "subjectAltName is always read, so its flag changes nothing",
    "webpki::san::san-critical-with-nonempty-subject": "subjectAltName is always read, so its flag changes nothing",
    "rfc5280::san::underscore-dns": "names with underscores are in use, and the resolver takes them",
    "webpki::cn::punycode-not-in-san": CN,
    "webpki::cn::utf8-vs-punycode-mismatch": CN,
    "webpki::cn::not-in-san": CN,
    "webpki::eku::ee-anyeku": "serverAuth is among the usages, and that is what we ask for",
    "webpki::eku::ee-critical-eku": "extKeyUsage is always obeyed, so its flag changes nothing",
    "webpki::san::public-suffix-multi-label-wildcard-san": PSL,
    "webpki::san::public-suffix-private-namespace-wildcard-san": PSL,
    "webpki::malformed-aia": "authorityInfoAccess is never followed, so it is never read",
}


def run(program, case, directory):
    files = {}
    for part in ("trusted", "chain"):
        files[part] = os.path.join(directory, part + ".pem")
        with open(files[part], "w") as f:
            f.write(case[part])
    done = subprocess.run(
        [*program, "verify", files["trusted"], files["chain"], case["name"] or "-", str(case["time"])],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
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
        print("skip - x509-suite: no ../shared/x509/dev.json.xz\nx509-suite: 0 passed, 0 failed, 1 skipped")
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
