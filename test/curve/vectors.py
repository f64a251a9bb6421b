#!/usr/bin/python3
"""vectors.py FILE.tar.xz DRIVER...: Wycheproof's ECDSA and ECDH files through each driver (see vectors.c).

Prints "wycheproof: N passed, N failed"; a file that is not there is named with "skipped".  What Wycheproof calls acceptable
(compressed points, curves spelled out) may be refused, but not answered wrongly.
"""
import hashlib
import json
import os
import subprocess
import sys
import tarfile

ECDSA = ("secp256r1_sha256", "secp256r1_sha512", "secp384r1_sha256", "secp384r1_sha384", "secp384r1_sha512",
         "secp521r1_sha512")
ECDH = ("ecdh_secp256r1", "ecdh_secp256r1_ecpoint", "ecdh_secp384r1_ecpoint")
# SubjectPublicKeyInfo up to the point, for the named curve and an uncompressed point
SPKI = {"secp256r1": "3059301306072a8648ce3d020106082a8648ce3d030107034200",
        "secp384r1": "3076301006072a8648ce3d020106052b81040022036200"}
SIZE = {"secp256r1": 32, "secp384r1": 48}


def ecdsa(groups):
    for g in groups:
        for t in g["tests"]:
            digest = hashlib.new(g["sha"].replace("-", "").lower(), bytes.fromhex(t["msg"])).hexdigest()
            yield (t, "verify %s %s %s" % (t["sig"] or "-", digest, g["publicKey"]["uncompressed"]),
                   ("1",) if t["result"] == "valid" else ("0",))


def ecdh(groups):
    for g in groups:
        size = SIZE[g["curve"]]
        for t in g["tests"]:
            public = t["public"]
            if g["encoding"] == "asn":
                # what is no such header never gets to the curves: lib/x509 reads it
                if not public.startswith(SPKI[g["curve"]]):
                    continue
                public = public[len(SPKI[g["curve"]]):]
            key = int(t["private"] or "0", 16)
            if key >> 8 * size:
                continue
            want = {"valid": (t["shared"],), "invalid": ("-",), "acceptable": (t["shared"], "-")}[t["result"]]
            yield t, "ecdh %0*x %s" % (2 * size, key, public or "-"), want


def main():
    archive, drivers = sys.argv[1], sys.argv[2:]
    if not os.path.exists(archive):
        print("skip - wycheproof: no %s" % archive)
        return 0
    files = {os.path.basename(m.name): m for m in tarfile.open(archive)}
    passed = failed = 0
    with tarfile.open(archive) as tar:
        for name in ["ecdsa_" + n for n in ECDSA] + list(ECDH):
            name += "_test.json"
            if name not in files:
                print("skipped: %s is not there" % name)
                continue
            groups = json.load(tar.extractfile(name))["testGroups"]
            cases = list((ecdsa if name.startswith("ecdsa") else ecdh)(groups))
            for driver in drivers:
                lines = subprocess.run(driver.split(), input="\n".join(c[1] for c in cases) + "\n", check=True,
                                       capture_output=True, text=True).stdout.splitlines()
                for (test, _, want), got in zip(cases, lines + [None] * (len(cases) - len(lines))):
                    if got in want:
                        passed += 1
                    else:
                        failed += 1
                        print("%s, %s, case %d (%s): got %s" % (driver, name, test["tcId"], test["comment"], got))
    print("wycheproof: %d passed, %d failed" % (passed, failed))
    return failed != 0


sys.exit(main())
