#!/usr/bin/env python3
"""Compares verdicts with `openssl verify` and GnuTLS's certtool, over chains with faults and over damaged real ones.

    test/x509/differential.py PROGRAM MINT [PAIRS [FLIPS [SEED]]]

PROGRAM takes the arguments of `sluice verify`; MINT is test/x509/mint.c, built.  Every single change that MINT
knows is tried, then PAIRS pairs of changes (default 60) and FLIPS damaged real chains (default 40, none without
../shared/x509).  Where verdicts differ, EXPLAINED must say why, or the run fails.
"""

import base64
import itertools
import json
import lzma
import os
import random
import re
import subprocess
import sys
import tempfile
import time

HOST = "www.example.com"

# change: {tool and sign: why its verdict differs from ours}.  "-": the tool accepts what we refuse; "+": the
# reverse.  "openssl verify" and certtool are run as their users run them, so much of RFC 5280 is left out there
# (openssl's -x509_strict would ask for key identifiers that real certificates lack).
SERIAL = "RFC 5280 4.1.2.2: a serial number is positive and has 20 bytes at most; not looked at there"
V3 = "a root that does not say it is a CA (version 1, no basicConstraints) is a CA there"
TWICE = "RFC 5280 4.2: an extension stands there once; the tool takes one of the two"
USAGE = "ECDHE needs a key that signs (RFC 8422 2.2); the tool knows no cipher suite and allows any use of TLS"
CERTSIGN = "RFC 5280 4.2.1.9: no keyCertSign without cA; not looked at there"
KEY = "keys below 2048 bits, even moduli and exponent 1 pass there at the default security level"
ED25519 = "BearSSL has no Ed25519"
CN = "the common name counts there when no subjectAltName has a DNS name"
ADDRESS = "an iPAddress of 3 bytes is passed over there; here the extension is damaged"
INVALID = "a name that is no host's can't be told from what is constrained; compared as text there"
FORM = "RFC 5280 4.2.1.10: a form of name that is not processed counts where a name has it; constrained always there"
SAN = "certtool reads no subjectAltName with an empty, x400 or ediParty name"
ISSUER = "RFC 5280 7.1: names are compared without case, blanks and kind of string; by bytes there"
CA_LEAF = "CA/Browser Forum 7.1.2: a CA's certificate is no server's; RFC 5280 would allow it, and so do the tools"
QUALIFIER = "RFC 5280 4.2.1.4: critical policies must be understood with their qualifiers; not looked at there"
POLICY = "policies are only checked there when asked for (-policy_check)"
NO_POLICIES = "certtool does not know policyConstraints, which are critical"
EMPTY = "an empty list where RFC 5280 wants one entry at least; passed over there"
LEAF_NC = "RFC 5280 4.2.1.10: name constraints only in a CA's certificate; not looked at there"
BOTH = {"openssl-", "gnutls-"}
EXPLAINED = {
    "root version 1": dict.fromkeys(BOTH, V3),
    "root no constraint": dict.fromkeys(BOTH, V3),
    "leaf serial 0": dict.fromkeys(BOTH, SERIAL),
    "leaf serial negative": dict.fromkeys(BOTH, SERIAL),
    "leaf serial long": dict.fromkeys(BOTH, SERIAL),
    "ca serial 0": dict.fromkeys(BOTH, SERIAL),
    "leaf serial padded": {"gnutls-": "DER wants integers minimal; read there"},
    "leaf extension twice": {"openssl-": TWICE},
    "ca extension twice": {"openssl-": TWICE},
    "leaf usage encipher": dict.fromkeys(BOTH, USAGE),
    "leaf usage certsign": dict.fromkeys(BOTH, CERTSIGN),
    "leaf purpose any": {"openssl+": "anyExtendedKeyUsage is not serverAuth there; RFC 5280 4.2.1.12 says it is"},
    "leaf purposes empty": {"gnutls-": EMPTY},
    "root purpose client": {"gnutls-": "what a root's certificate says about its use is not looked at there"},
    "leaf rsa 1024": dict.fromkeys(BOTH, KEY),
    "leaf rsa exponent 1": dict.fromkeys(BOTH, KEY),
    "leaf rsa even": dict.fromkeys(BOTH, KEY),
    "leaf ed25519": dict.fromkeys(BOTH, ED25519),
    "leaf name partial wildcard": {"openssl-": "w*.example.com is a wildcard there; RFC 9525 6.3 has whole labels"},
    "leaf name bad address": dict.fromkeys(BOTH, ADDRESS),
    "leaf no names": dict.fromkeys(BOTH, CN),
    "ca permits no mask": {"openssl-": "a subtree of a form that no name in the leaf has is not looked at there"},
    "ca permits other directory": {"gnutls-": "directory names are not constrained there"},
    "ca excludes directory": {"gnutls-": "directory names are not constrained there"},
    "ca excludes directory case": {"gnutls-": "directory names are not constrained there"},
    "ca permits none": dict.fromkeys(BOTH, EMPTY),
    "leaf has constraints": dict.fromkeys(BOTH, LEAF_NC),
    "ca bad name": {"gnutls-": "names of CAs between are not constrained there"},
    "ca requires policy": {"openssl-": POLICY},
    "ca requires policy 1": {"openssl-": POLICY},
    "ca requires policy 2": {"gnutls+": NO_POLICIES},
    "ca requires policy that is there": {"gnutls+": NO_POLICIES},
    "ca requires policy that is other": {"openssl-": POLICY},
    "ca maps policy": {"gnutls+": NO_POLICIES},
    "ca maps any": {"openssl-": POLICY},
    "leaf requires policy": {"openssl-": POLICY},
    "root requires policy": {"gnutls+": NO_POLICIES},
    "leaf policy unknown qualifier critical": dict.fromkeys(BOTH, QUALIFIER),
    "ca policy unknown qualifier critical": dict.fromkeys(BOTH, QUALIFIER),
    "leaf policy empty qualifiers": dict.fromkeys(BOTH, QUALIFIER),
    "leaf is ca": dict.fromkeys(BOTH, CA_LEAF),
    "leaf is ca, certsign": dict.fromkeys(BOTH, CA_LEAF),
    "leaf is ca, no usage": dict.fromkeys(BOTH, CA_LEAF),
    "ca excludes dot": {"openssl-": INVALID},
    "leaf dotted name permitted": dict.fromkeys(BOTH, INVALID),
    "leaf dotted name excluded": dict.fromkeys(BOTH, INVALID),
    "leaf trailing dot, all permitted": dict.fromkeys(BOTH, INVALID),
    "leaf uri odd, uri permitted": {"gnutls-": "URIs are not constrained there"},
    "leaf mail odd, mail excluded": {"gnutls-": INVALID},
    "leaf empty name": {"gnutls+": SAN},
    "leaf empty name permitted all": {"gnutls+": SAN},
    "leaf empty name excluded": {"gnutls+": SAN},
    "leaf empty name, address permitted": {"gnutls+": SAN},
    "leaf x400": {"gnutls+": SAN},
    "leaf x400, dns permitted": {"gnutls+": SAN},
    "leaf edi": {"gnutls+": SAN},
    "leaf edi, dns permitted": {"gnutls+": SAN},
    "ca other name, dns permitted": {"gnutls+": SAN},
    "ca permits other name": {"gnutls+": FORM},
    "ca excludes other name": {"gnutls+": FORM},
    "ca permits other name of another type": {"gnutls+": FORM},
    "ca excludes other name of another type": {"gnutls+": FORM},
    "ca permits x400": {"gnutls+": FORM},
    "ca excludes x400": {"gnutls+": FORM},
    "ca permits edi": {"gnutls+": FORM},
    "ca excludes edi": {"gnutls+": FORM},
    "ca permits rid": {"gnutls+": FORM},
    "ca excludes rid": {"gnutls+": FORM},
    "root permits others": {"gnutls+": FORM},
    "root excludes others": {"gnutls+": FORM},
    "ca subject ia5": {"gnutls+": ISSUER},
    "ca subject case": {"gnutls+": ISSUER},
    "ca subject blanks": {"gnutls+": ISSUER},
    "root subject utf8": {"gnutls+": ISSUER},
    "root subject case": {"gnutls+": ISSUER},
}


def sluice(program, d, host, when):
    done = subprocess.run([program, "verify", f"{d}/trusted.pem", f"{d}/chain.pem", host, str(when)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", timeout=120)
    if done.returncode not in (0, 1, 2) or (done.returncode == 0) != (done.stdout == "OK\n"):
        raise SystemExit(f"{program}: exit {done.returncode}: {done.stdout}{done.stderr}")
    return done.returncode == 0, (done.stdout or done.stderr).strip()


def openssl(d, host, when):
    done = subprocess.run(["openssl", "verify", "-no-CApath", "-no-CAstore", "-CAfile", f"{d}/trusted.pem",
                           "-untrusted", f"{d}/chain.pem", "-attime", str(when), "-purpose", "sslserver",
                           "-verify_hostname", host, "-partial_chain", f"{d}/leaf.pem"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=120)
    lines = [line for line in done.stdout.splitlines() if line.startswith("error ")]
    return done.returncode == 0, (lines or done.stdout.splitlines() or [""])[-1]


def gnutls(d, host, when):
    if abs(when - time.time()) > 3600:
        return None, "certtool judges for now only"
    done = subprocess.run(["certtool", "--verify", "--load-ca-certificate", f"{d}/trusted.pem", "--infile",
                           f"{d}/chain.pem", "--verify-hostname", host, "--verify-purpose", "1.3.6.1.5.5.7.3.1"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=120)
    lines = [line for line in done.stdout.splitlines() if "output" in line or "error" in line.lower()]
    return done.returncode == 0, (lines or done.stdout.splitlines() or [""])[-1].strip()


class Tally:
    def __init__(self):
        self.passed = self.failed = 0
        self.why = {}

    def take(self, changes, program, d, host, when):
        ours, text = sluice(program, d, host, when)
        for tool, check in (("openssl", openssl), ("gnutls", gnutls)):
            theirs, their_text = check(d, host, when)
            if theirs is None:
                continue
            reasons = [EXPLAINED.get(c, {}).get(tool + ("-" if theirs else "+")) for c in changes]
            reason = next((r for r in reasons if r), None)
            if ours == theirs:
                self.passed += 1
            elif reason:
                self.passed += 1
                self.why[(tool, reason)] = self.why.get((tool, reason), 0) + 1
            else:
                self.failed += 1
                print(f"FAIL {' + '.join(changes)}: ours {text!r}, {tool} {their_text!r}")


def minted(tally, program, mint, pairs, rng, d):
    count = 0
    while subprocess.run([mint, d, str(count)], stdout=subprocess.DEVNULL).returncode == 0:
        count += 1
    chosen = [(n,) for n in range(count)]
    chosen += rng.sample(list(itertools.combinations(range(1, count), 2)), pairs)
    for numbers in chosen:
        names = subprocess.run([mint, d, *map(str, numbers)], stdout=subprocess.PIPE, text=True).stdout.strip()
        tally.take(names.split(" + "), program, d, HOST, int(time.time()))


def pem(ders):
    out = ""
    for der in ders:
        text = base64.b64encode(der).decode()
        out += "-----BEGIN CERTIFICATE-----\n"
        out += "\n".join(text[i:i + 64] for i in range(0, len(text), 64))
        out += "\n-----END CERTIFICATE-----\n"
    return out


def damaged(tally, program, suite, flips, rng, d):
    with lzma.open(suite) as f:
        cases = [c for c in json.load(f) if c["id"].startswith("online::")]
    for _ in range(flips):
        case = rng.choice(cases)
        chain = [bytearray(base64.b64decode(b)) for b in
                 re.findall("-----BEGIN CERTIFICATE-----(.*?)-----END", case["chain"], re.S)]
        der = rng.choice(chain)
        at = rng.randrange(len(der))
        der[at] ^= 1 << rng.randrange(8)
        for name, ders in (("leaf", chain[:1]), ("chain", chain)):
            with open(f"{d}/{name}.pem", "w") as f:
                f.write(pem(ders))
        with open(f"{d}/trusted.pem", "w") as f:
            f.write(case["trusted"])
        tally.take(["damaged " + ("leaf" if der is chain[0] else "ca")], program, d, case["name"], case["time"])


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    program, mint = sys.argv[1:3]
    pairs, flips, seed = ([int(a) for a in sys.argv[3:]] + [60, 40, 1][len(sys.argv) - 3:])
    for tool in ("openssl", "certtool"):
        if subprocess.run(["which", tool], stdout=subprocess.DEVNULL).returncode != 0:
            print(f"skip - x509-differential: no {tool}")
            return
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    suite = os.path.join(root, "shared/x509/dev.json.xz")
    rng = random.Random(seed)
    tally = Tally()
    with tempfile.TemporaryDirectory() as d:
        minted(tally, program, mint, pairs, rng, d)
        if os.path.exists(suite):
            damaged(tally, program, suite, flips, rng, d)
        else:
            print("skip - x509-differential damaged certificates: no ../shared/x509/dev.json.xz")
    for (tool, reason), n in sorted(tally.why.items()):
        print(f"  {n:3} {tool}: {reason}")
    skipped = "" if os.path.exists(suite) else ", 1 skipped"
    print(f"x509-differential: {tally.passed} passed, {tally.failed} failed{skipped}")
    sys.exit(tally.failed != 0)


main()
