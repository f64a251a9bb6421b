#!/usr/bin/env python3
"""Makes seeds for the fuzz targets x509 and chain: the suite's chains, where there is a suite.

    test/x509/seeds.py DIRECTORY [SUITE.json.xz]     writes DIRECTORY/x509/ and DIRECTORY/chain/
"""

import base64
import json
import lzma
import os
import re
import sys


def certificates(pem):
    blocks = re.findall("-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", pem, re.S)
    return [base64.b64decode(b) for b in blocks]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    suite = sys.argv[2] if len(sys.argv) > 2 else os.path.join(root, "shared/x509/dev.json.xz")
    for name in ("x509", "chain"):
        os.makedirs(os.path.join(sys.argv[1], name), exist_ok=True)
    if not os.path.exists(suite):
        return
    with lzma.open(suite) as f:
        cases = json.load(f)
    for i, case in enumerate(cases):
        real = case["id"].startswith("online")
        if case["id"].startswith("bettertls::nameconstraints") and i % 40:
            continue
        chain = certificates(case["chain"])
        if sum(map(len, chain)) > 16000:
            continue
        data = bytes([1 + 4 + 2 if real else 16 + 8])
        for der in chain + ([] if real else certificates(case["trusted"])):
            data += len(der).to_bytes(2, "big") + der
        with open(os.path.join(sys.argv[1], "chain", f"suite-{i}"), "wb") as f:
            f.write(data)
        for n, der in enumerate(chain[:2]):
            with open(os.path.join(sys.argv[1], "x509", f"suite-{i}-{n}"), "wb") as f:
                f.write(der)


main()
