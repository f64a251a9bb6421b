#!/usr/bin/python3
"""Wycheproof's files as lines for answers.c: wycheproof.py FILE.tar.xz OPERATION...

What we refuse on purpose is asked as not good: RSA without the NULL of its parameters.
Groups of what we don't have (other hashes, salts or sizes) are left out.
"""
import hashlib
import json
import sys
import tarfile


def word(text):
    return text or "-"


def x25519(name, data):
    for group in data["testGroups"]:
        for t in group["tests"]:
            good = int(t["shared"].strip("0") != "")
            print("x25519", t["private"], t["public"], t["shared"], good)


def rsa(name, data):
    pss = name.startswith("rsa_pss")
    for group in data["testGroups"]:
        sha = group["sha"].replace("-", "").lower()
        if sha not in ("sha256", "sha384", "sha512") or not 2048 <= group["keySize"] <= 4096:
            continue
        if pss and (group["mgf"] != "MGF1" or group["mgfSha"] != group["sha"]
                    or group["sLen"] != hashlib.new(sha).digest_size):
            continue
        key = group["publicKey"]
        for t in group["tests"]:
            digest = hashlib.new(sha, bytes.fromhex(t["msg"])).hexdigest()
            print("rsa-%s-%s" % ("pss" if pss else "pkcs1", sha), key["modulus"], key["publicExponent"], digest,
                  word(t["sig"]), int(t["result"] == "valid"))


# Expanded secret keys (mlkem_768_semi_expanded_decaps) are nothing that we read.
def kem(name, data):
    for group in data["testGroups"]:
        for t in group["tests"]:
            good = int(t["result"] == "valid")
            if "encaps" in name:
                print("kem-encaps", word(t["m"]), word(t["ek"]), word(t["c"]), word(t["K"]), good)
            elif "expanded" not in name:
                if good:
                    print("kem-keygen", t["seed"], t["ek"], good)
                if "c" in t:
                    print("kem-decaps", word(t["seed"]), word(t["c"]), word(t["K"]), good)


def chacha(name, data):
    for group in data["testGroups"]:
        for t in group["tests"]:
            print("chacha", t["key"], word(t["iv"]), word(t["aad"]), word(t["msg"]), word(t["ct"]), word(t["tag"]),
                  int(t["result"] == "valid"))


KINDS = {"chacha": ("chacha20_poly1305_", chacha), "kem": ("mlkem_768", kem), "x25519": ("x25519_test.json", x25519), "rsa": ("rsa_", rsa)}

with tarfile.open(sys.argv[1]) as tar:
    for member in tar.getmembers():
        for kind in sys.argv[2:]:
            prefix, lines = KINDS[kind]
            if member.name.startswith(prefix):
                lines(member.name, json.load(tar.extractfile(member)))
