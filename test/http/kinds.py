"""Responses that are odd, kind by kind: (name, text of the bytes) each.  chromium.json says what Chromium makes of
them, directly: measure.py asks it again.  They were made for that comparison: a value for every way in which one
that has a meaning can be spoilt, in every place that has one."""

OK = "HTTP/1.1 200 OK\r\n"
SIX = "Content-Length: 6\r\n\r\nhello\n"
CHUNKS = "6\r\nhello\n\r\n0\r\n\r\n"
CODED = "Transfer-Encoding: chunked\r\n\r\n"

LENGTHS = ["", "6", "06", "006", "+6", "-6", "6,6", "6, 6", "6,7", "6,06", ",6", "6,", ",,", "6 6", "6;", "6.0", "0x6",
           "6abc", '"6"', "\x0b6", "6\x0b", "6\x01", "\xa06", "999999999999999999999", "9223372036854775807",
           "18446744073709551622", "6,abc", "abc", "abc,6", "6\t", "0000000000000000000000000006", "6,,6", "1_0"]
LENGTH_PAIRS = [("6", "6"), ("6", "06"), ("", "6"), ("6", ""), ("6", "7"), ("abc", "6"), ("6", "abc"), ("6,6", "6"), ("", "")]
CODINGS = ["chunked", "chunked, chunked", "chunked, identity", "identity, chunked", "gzip, chunked", "chunked, gzip", "gzip",
           "identity", "", "xchunked", "chunked;", "chunked;q=1", '"chunked"', " chunked", "\x0bchunked", "chunked\x0b",
           "chunked\x01", "chunk", "chunked,", ",chunked", "cow, chunked", "chunked cow", "\tchunked", "CHUNKED",
           "chunked\xa0", 'x="a, chunked"', '"a, chunked"', 'chunked, "', "binary"]
CODING_PAIRS = [("chunked", "chunked"), ("chunked", "identity"), ("identity", "chunked"), ("chunked", "cow"),
                ("gzip", "chunked"), ("", "chunked")]
# @ stands for the name of framing.
POSES = ["@ ", "@\t", "\t@", " @", "@\x0b", "\x0b@", "@\0", "@\x01", '"@"', "@\r", "@\xa0", "X\r@", "X:\r@", "X:\n@",
         "X: a\n @", "X: a\r\n\t@"]
STATUS_LINES = [
    "HTTP/1.1 200 OK", "HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.1  200  OK", "HTTP/1.1   200", "http/1.1 200 OK",
    "Http/1.1 200 OK", "HTTP/1.0 200 OK", "HTTP/2 200", "HTTP/2.0 200", "HTTP/3 200", "HTTP/1 200 OK", "HTTP/1.2 200 OK",
    "HTTP/1.10 200 OK", "HTTP/10.1 200 OK", "HTTP/0.9 200 OK", "HTTP/1.1.1 200 OK", "HTTP 200 OK", "HTTP/ 200 OK",
    "HTTP/x.y 200 OK", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 OK", "HTTP/1.1 200OK", "HTTP/1.1 2000", "HTTP/1.1 20",
    "HTTP/1.1 000", "HTTP/1.1 099", "HTTP/1.1 999", "HTTP/1.1 600 x", "HTTP/1.1 1000", "HTTP/1.1\t200\tOK",
    "HTTP/1.1 200\tOK", "HTTP/1.1 +200 OK", "HTTP/1.1 -200 OK", "HTTP/1.1 200 \x01OK", "HTTP/1.1 200 O\0K",
    "HTTP/1.1 200 O\x7fK", "HTTP/1.1 200 G\xf6", "HTTP/1.1 404", "HTTP/1.1 500", "HTTP/1.1 200-OK", "HTTP/1.1 200 OK ",
    "HTTP/1.1, 200 OK", "HTTP/1,1 200 OK", "HTTPS/1.1 200 OK", "HTTPX 200 OK", "HTTP/1.1200 OK", "HTTP/1.1 200.0 OK",
    "HTTP/1.1 0200 OK", "ICY 200 OK", "Status: 200 OK", "SHTTP/1.1 200 OK", " HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r",
    "HTTP/1.1 200 \rOK"]
LEADS = ["\r\n", "\n", "\r\n\r\n", "\n\n\n\n", "\n\n\n\n\n", "\r\n\r\n\r\n", "    ", "     ", "xx", "xxxx", "xxxxx", "\0",
         "\0\0\0\0", "\r", "\t", "H", "HT", "HTT", "xx\r\n", "\xef\xbb\xbf", "\xef\xbb\xbf\r\n"]
FIELDS = ["X: a\r\n b\r\n", "X: a\r\n\tb\r\n", "X: a\n b\r\n", " X: a\r\n", "\tX: a\r\n", "X\r\n b\r\n", "X\r\n: b\r\n",
          "junk\r\n", "junk\r\n more: x\r\n", ": v\r\n", ": v\r\n w: x\r\n", "X Y: a\r\n", "X\xe9: a\r\n", "X[0]: a\r\n",
          "X/: a\r\n", "(x): a\r\n", "X : a\r\n", "X\t: a\r\n", "X\0: a\r\n", "X: a\0\r\n", "X: a\rb\r\n", "X: a\r\r\n",
          "\r\r\n", "X: \x01\r\n", "X: a\x7fb\r\n", "X: \x80\xff\r\n", "Set-Cookie: a=\x01b\r\nSet-Cookie: c=d\r\n", "X:a\n",
          "X:\r\n", "\rX: a\r\n", "X\x01: a\r\n", "X: a\x0bb\r\n", "\x00\r\n", "a\0b\r\n", " \r\n", "\t\r\n", "X:a\r\n \r\n",
          "X:a\r\n \r\n b\r\n", "Location: a\r\nLocation: b\r\n", "Location: a\r\nLocation: a\r\n",
          "Content-Disposition: inline\r\nContent-Disposition: attachment\r\n", "Access-Control-Expose-Headers: Content-Length\r\n",
          "Vary: Transfer-Encoding: x\r\n", "X-Content-Length: 3\r\n", "Content-Length-X: 3\r\n", "Xcontent-length: 3\r\n"]
OPTIONS = ["close", "close;", "Close", "keep alive", "keep-alive;", "", "@", '"close"', "close, close", "upgrade", "a b, close",
           "\xff", "close\x01", ",,", ",".join("a%d" % i for i in range(60)), "Content-Length",
           "Transfer-Encoding, Content-Length"]
# Chunks of "hello\n".
BODIES = [
    CHUNKS, "6\nhello\n\n0\n\n", "6\r\nhello\n\n0\r\n\n", "6 \r\nhello\n\r\n0\r\n\r\n", "6\t\r\nhello\n\r\n0\r\n\r\n",
    " 6\r\nhello\n\r\n0\r\n\r\n", "6;a\r\nhello\n\r\n0\r\n\r\n", "6 ;a\r\nhello\n\r\n0;x\r\n\r\n",
    '6;a="\r\nhello\n\r\n0\r\n\r\n', '6;a="b\nhello\n\r\n0\r\n\r\n', "6;a\rb\r\nhello\n\r\n0\r\n\r\n",
    "6;\0\r\nhello\n\r\n0\r\n\r\n", "6;\x01\r\nhello\n\r\n0\r\n\r\n", "6\r\r\nhello\n\r\n0\r\n\r\n",
    "6\rhello\n\r\n0\r\n\r\n", "0x6\r\nhello\n\r\n0\r\n\r\n", "+6\r\nhello\n\r\n0\r\n\r\n", "6g\r\nhello\n\r\n0\r\n\r\n",
    "6\r\nhello\nX\r\n0\r\n\r\n", "6\r\nhello\n0\r\n\r\n", "6\r\nhello\n\r\n0\r\n", "6\r\nhello\n\r\n0", "6\r\nhello\n\r\n",
    "6\r\nhello\n", "6\r\nhel", "6\r\nhello\n\r\n\r\n0\r\n\r\n", "\r\n6\r\nhello\n\r\n0\r\n\r\n",
    "0000000000000006\r\nhello\n\r\n0\r\n\r\n", "00000000000000000000000000000000000006\r\nhello\n\r\n0\r\n\r\n",
    "8000000000000006\r\nhello\n", "10000000000000006\r\nhello\n\r\n0\r\n\r\n", "6,\r\nhello\n\r\n0\r\n\r\n",
    "6:\r\nhello\n\r\n0\r\n\r\n", "6\x0b\r\nhello\n\r\n0\r\n\r\n", "6;" + "x" * 2000 + "\r\nhello\n\r\n0\r\n\r\n",
    "6;" + "x" * 17000 + "\r\nhello\n\r\n0\r\n\r\n", "6" + " " * 1500 + "\r\nhello\n\r\n0\r\n\r\n",
    CHUNKS + "EXTRA", "3\r\nhel\r\n3\r\nlo\n\r\n0\r\n\r\n", "6\r\nhello\n\r0\r\n\r\n", "6\r\nhello\n\r\n00\r\n\r\n",
    "6\r\nhello\n\r\n0;\r\n\r\n", "6\r\nhello\n\r\n-0\r\n\r\n", "6\r\nhello\n\r\n0\r\n\n", "6\r\nhello\n\r\n0\n\r\n",
    ";x\r\nhello", "0\r\n\r\n"]
TRAILERS = ["X: 1\r\n", "X: 1\n", "junk\r\n", "X : 1\r\n", "X: 1\r\n y\r\n", " y\r\n", "X: \0\r\n", "X: \x01\r\n", "X\0: a\r\n",
            "X: a\rb\r\n", ": a\r\n", "Content-Length: 7\r\n", "X" * 40 + ": a\r\n", "X" * 80 + ": a\r\n", "\r\r\n",
            "junk\r\n X: a\r\n", "Content-Length: 7\r\n X: a\r\n", "X: a\r\n \r\n", "X:a\n b\n", "\rX: a\r\n",
            "Content-Length : 7\r\n", "Transfer_Encoding: chunked\r\n"]
WHOLE = {
    "LF only": OK + "X: a\r\n" + SIX, "alone": "HTTP/1.1 200 OK\r\n\r\n", "empty": "", "no fields": OK + "\r\nhello\n",
    "mixed line ends": "HTTP/1.1 200 OK\r\nX: a\nContent-Length: 6\r\n\nhello\n",
    "LF, CR LF at the end": "HTTP/1.1 200 OK\nContent-Length: 6\n\r\nhello\n",
    "short": OK + "Content-Length: 9\r\n\r\nhello\n",
    "long": OK + "Content-Length: 3\r\n\r\nhello\n", "2000 fields": OK + "".join("a%d:\r\n" % i for i in range(2000)) + SIX,
    "2000 fields, LF": OK.replace("\r\n", "\n") + "".join("a%d:\n" % i for i in range(2000)) + SIX.replace("\r\n", "\n"),
    "20000 bytes": OK + "X: " + "x" * 20000 + "\r\n" + SIX, "coded, with two lengths": OK + "Content-Length: 6\r\nContent-Length: 7\r\n" + CODED + CHUNKS,
}
WHOLE["LF only"] = WHOLE["LF only"].replace("\r\n", "\n")


def framing():
    for v in LENGTHS:
        yield "length " + v, OK + "Content-Length: " + v + "\r\n\r\nhello\n"
    for a, b in LENGTH_PAIRS:
        yield "lengths %s | %s" % (a, b), OK + "Content-Length: %s\r\nContent-Length: %s\r\n\r\nhello\n" % (a, b)
    for v in CODINGS:
        field = "Transfer-Encoding: %s\r\n" % v
        yield "coding " + v, OK + field + "\r\n" + CHUNKS
        yield "coding and length " + v, OK + field + SIX
        yield "coding and length, chunks " + v, OK + field + "Content-Length: 6\r\n\r\n" + CHUNKS
        yield "HTTP/1.0 coding " + v, "HTTP/1.0 200 OK\r\n" + field + "\r\n" + CHUNKS
        yield "HTTP/1.0 length and coding " + v, "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n" + field + "\r\nhello\n"
    for a, b in CODING_PAIRS:
        yield "codings %s | %s" % (a, b), OK + "Transfer-Encoding: %s\r\nTransfer-Encoding: %s\r\n\r\n" % (a, b) + CHUNKS


def poses():
    for at in POSES + ["@"]:
        for n in ("Content-Length", "Content_Length", "ContentLength", "Content Length", "CONTENT-LENGTH", "Content-\rLength",
                  "Content\0-Length"):
            if n != "Content-Length" and at != "@":
                continue
            name = at.replace("@", n)
            yield "pose 6 " + name, OK + name + ": 6\r\n\r\nhello\n"
            yield "pose 3 " + name, OK + name + ": 3\r\n\r\nhello\n"
            yield "pose and length " + name, OK + name + ": 3\r\n" + SIX
        for n in ("Transfer-Encoding", "Transfer_Encoding", "TransferEncoding", "Transfer Encoding"):
            if n != "Transfer-Encoding" and at != "@":
                continue
            name = at.replace("@", n)
            yield "pose " + name, OK + name + ": chunked\r\n\r\n" + CHUNKS
            yield "pose, length " + name, OK + name + ": chunked\r\n" + SIX


def lines():
    for s in STATUS_LINES:
        yield "line " + s, s + "\r\n" + SIX
        yield "line, chunks " + s, s + "\r\n" + CODED + CHUNKS
    for s in LEADS:
        yield "lead " + s, s + OK + SIX
    for f in FIELDS:
        yield "field " + f, OK + f + SIX
        yield "field, chunks " + f, OK + f + CODED + CHUNKS
    for v in OPTIONS:
        yield "Connection " + v, OK + "Connection: " + v + "\r\n" + SIX
        yield "Connection, chunks " + v, OK + "Connection: " + v + "\r\n" + CODED + CHUNKS


def bodies():
    for b in BODIES:
        yield "body " + (b if len(b) < 100 else "%s... %d" % (b[:20], len(b))), OK + CODED + b
    for t in TRAILERS:
        yield "trailer " + t, OK + CODED + "6\r\nhello\n\r\n0\r\n" + t + "\r\n"
        yield "trailer, LF " + t, OK + CODED + "6\r\nhello\n\r\n0\r\n" + t + "\n"


def statuses():
    for status in (100, 102, 103, 199):
        for extra in ("", "Content-Length: 0\r\n", "Content-Length: 5\r\n", CODED[:-2], "X\0: a\r\n", "Content-Length: 5, 6\r\n"):
            yield "%d %s" % (status, extra), "HTTP/1.1 %d x\r\n%s\r\n" % (status, extra) + OK + SIX
    for n in (8, 15, 16):
        yield "%d times 102" % n, "HTTP/1.1 102 x\r\n\r\n" * n + OK + SIX
    for status in (101, 204, 205, 304, 206, 300, 302, 404):
        for extra, body in (("", ""), ("", "hello\n"), ("Content-Length: 6\r\n", "hello\n"), ("Content-Length: 0\r\n", ""),
                            (CODED[:-2], CHUNKS), ("Content-Length: 5, 6\r\n", "hello\n")):
            yield "%d %s%d" % (status, extra, len(body)), "HTTP/1.1 %d x\r\n%s\r\n%s" % (status, extra, body)
    yield from WHOLE.items()


def everything():
    return [*framing(), *poses(), *lines(), *bodies(), *statuses()]
