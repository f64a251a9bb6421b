#!/usr/bin/python3
"""Writes lib/curve/p256_table.inc, p384_table.inc and p521_table.inc: the curves' constants and multiples of G, from their definition.
`make curves` compares what it writes with what lies there."""
import sys

P256 = dict(
    bits=256, r=260, p=2**256 - 2**224 + 2**192 + 2**96 - 1,
    n=0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    b=0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    g=(0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
       0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5),
    forms=((52, 5, 260), (29, 9, 261)), naf=5, comb=True)
P384 = dict(
    bits=384, r=392, p=2**384 - 2**128 - 2**96 + 2**32 - 1,
    n=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    b=0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
    g=(0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
       0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F),
    forms=((56, 7, 392), (28, 14, 392)), naf=4, comb=False)
P521 = dict(
    bits=521, r=532, p=2**521 - 1,
    n=2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
    b=int("0051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF07"
          "3573DF883D2C34F1EF451FD46B503F00", 16),
    g=(int("00C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE"
           "3348B3C1856A429BF97E7E31C2E5BD66", 16),
       int("011839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0761"
           "353C7086A272C24088BE94769FD16650", 16)),
    forms=((60, 9, 540), (28, 19, 532)), naf=2, comb=False)


def add(c, a, b):
    p = c["p"]
    if a is None:
        return b
    if b is None:
        return a
    if a[0] == b[0] and a[1] != b[1]:
        return None
    if a == b:
        m = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, p) % p
    else:
        m = (b[1] - a[1]) * pow(b[0] - a[0], -1, p) % p
    x = (m * m - a[0] - b[0]) % p
    return x, (m * (a[0] - x) - a[1]) % p


def multiply(c, k, a):
    r = None
    while k:
        if k & 1:
            r = add(c, r, a)
        a = add(c, a, a)
        k >>= 1
    return r


def words(v, count):
    return "{ " + ", ".join("0x%08x" % (v >> 32 * i & 0xffffffff) for i in range(count)) + " }"


def point(c, k):
    x, y = multiply(c, k, c["g"])
    n = (c["bits"] + 31) // 32
    return "\t{ %s,\n\t\t%s },\n" % (words((x << c["r"]) % c["p"], n), words((y << c["r"]) % c["p"], n))


def limbs(c, v, form):
    width, count, _ = form
    return "{ { " + ", ".join("0x%x" % (v % c["p"] >> width * i & ((1 << width) - 1)) for i in range(count)) + " } }"


def table(c, name):
    n = (c["bits"] + 31) // 32
    o = ("/* %s_table: constants of %s.  Written by test/curve/tables.py: change that. */\n" % (name, name.upper().replace("P", "P-")))
    o += "#ifndef %s_TABLE_H\n#define %s_TABLE_H\n\n/* clang-format off */\n" % (name.upper(), name.upper())
    o += "static const uint32_t curve_p[%d] = %s;\n" % (n, words(c["p"], n))
    o += "static const uint32_t curve_n[%d] = %s;\n" % (n, words(c["n"], n))
    o += "/* 2^%d mod n */\n" % (64 * n)
    o += "static const uint32_t curve_nn[%d] = %s;\n" % (n, words(2**(64 * n) % c["n"], n))
    for i, form in enumerate(c["forms"]):
        r = 2**form[2]
        o += ("#ifdef CURVE_64\n", "#else\n")[i]
        o += "static const struct fe curve_one = %s;\n" % limbs(c, r, form)
        o += "static const struct fe curve_rr = %s;\n" % limbs(c, r * r, form)
        o += "static const struct fe curve_b = %s;\n" % limbs(c, c["b"] * r, form)
    o += "#endif\n\n"
    count = 1 << (c["naf"] - 2)
    o += "enum { NAF_G = %d };\n/* G, 3G, 5G and so on, times 2^%d */\n" % (c["naf"], c["r"])
    o += "static const uint32_t curve_odd[%d][2][%d] = {\n" % (count, n)
    o += "".join(point(c, 2 * i + 1) for i in range(count)) + "};\n"
    if c["comb"]:
        o += "\n/* [t][i - 1]: the sum of 2^(64 * j + 32 * t) * G over the bits j of i */\n"
        o += "static const uint32_t curve_comb[2][15][2][%d] = {\n" % n
        for t in range(2):
            o += "\t{\n" + "".join(
                point(c, sum(2**(64 * j + 32 * t) for j in range(4) if i >> j & 1)) for i in range(1, 16)) + "\t},\n"
        o += "};\n"
    return o + "/* clang-format on */\n\n#endif\n"


def main():
    for c in (P256, P384, P521):
        x, y = c["g"]
        assert (y * y - x**3 + 3 * x - c["b"]) % c["p"] == 0 and multiply(c, c["n"], c["g"]) is None
    for c, name in ((P256, "p256"), (P384, "p384"), (P521, "p521")):
        path = "lib/curve/%s_table.inc" % name
        text = table(c, name)
        if sys.argv[1:] == ["check"]:
            if open(path).read() != text:
                print("tables: %s differs from its definition" % path)
                return 1
        else:
            open(path, "w").write(text)
    return 0


sys.exit(main())
