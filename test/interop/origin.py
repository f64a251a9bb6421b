#!/usr/bin/env python3
"""The site that the clients of `make interop` visit: origin.py ADDRESS TLS-PORT PLAIN-PORT CERT.pem SITE SEEN

/hello      "hello", with a newline
/echo       POST, PUT: the body comes back
/slow/N     N lines, a tenth of a second apart, chunked
/ws         a WebSocket that echoes
/git/...    git http-backend over SITE/git
/upload/... PUT keeps a file, for a client that reads it again
else        a file below SITE, with ranges

Each request is a line "METHOD PATH" in SEEN.  HTTP/1.1, connections are kept.
"""
import base64
import hashlib
import http.server
import os
import re
import socketserver
import ssl
import struct
import subprocess
import sys
import threading
import time
import urllib.parse

ADDRESS, TLS, PLAIN, CERT, SITE, SEEN = sys.argv[1:]
KINDS = {".html": "text/html", ".json": "application/json", ".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t",
         ".js": "text/javascript", ".whl": "application/zip", ".tgz": "application/octet-stream"}
lock = threading.Lock()


class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "interop"

    def log_message(self, *args):
        pass

    def log_request(self, code="-", size="-"):
        with lock, open(SEEN, "a") as f:
            f.write("%s %s %s\n" % (self.command, self.path, code))

    def answer(self, status, body, kind="text/plain", **fields):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            part = self.rfile.read(size)
            self.rfile.readline()
            if not size:
                return b"".join(parts)
            parts.append(part)

    def do_any(self):
        # RFC 9112 section 3.2.2: the absolute form, too (PHP sends it through a tunnel)
        path, _, query = re.sub("^https?://[^/]*", "", self.path).partition("?")
        if path == "/hello":
            self.body()
            self.answer(200, b"hello\n")
        elif path == "/echo":
            self.answer(200, self.body(), "application/octet-stream")
        elif path.startswith("/slow/"):
            self.slow(int(path[6:]))
        elif path == "/ws":
            self.websocket()
        elif path.startswith("/git/"):
            self.git(path, query)
        elif path.startswith("/upload/") and self.command == "PUT":
            with open(os.path.join(SITE, "upload", os.path.basename(path)), "wb") as f:
                f.write(self.body())
            self.answer(201, b"")
        else:
            self.file(path)

    do_GET = do_HEAD = do_POST = do_PUT = do_any

    def slow(self, count):
        old = self.request_version == "HTTP/1.0"
        self.send_response(200)
        self.send_header(*(("Connection", "close") if old else ("Transfer-Encoding", "chunked")))
        self.end_headers()
        for i in range(count):
            line = b"line %d\n" % i
            self.wfile.write(line if old else b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.flush()
            time.sleep(0.1)
        self.wfile.write(b"" if old else b"0\r\n\r\n")

    def file(self, path):
        name = os.path.normpath(urllib.parse.unquote(path)).lstrip("/")
        full = os.path.join(SITE, name)
        if os.path.isdir(full):
            if not path.endswith("/") and not os.path.exists(os.path.join(full, "index.json")):
                return self.answer(301, b"", Location=path + "/")
            if os.path.exists(os.path.join(full, "index.html")):
                full = os.path.join(full, "index.html")
            elif os.path.exists(os.path.join(full, "index.json")):
                full = os.path.join(full, "index.json")
            else:
                links = "".join('<a href="%s">%s</a>\n' % (f, f) for f in sorted(os.listdir(full)))
                return self.answer(200, ("<html><body>%s</body></html>" % links).encode(), "text/html")
        if not os.path.isfile(full):
            return self.answer(404, b"nothing here\n")
        with open(full, "rb") as f:
            data = f.read()
        data = data.replace(b"@HOST@", self.headers.get("Host", "").encode())
        kind = KINDS.get(os.path.splitext(full)[1], "application/octet-stream")
        fields = {"Accept_Ranges": "bytes", "ETag": '"%s"' % hashlib.sha256(data).hexdigest()[:16]}
        if os.path.exists(full + ".type"):
            with open(full + ".type") as f:
                kind = f.read().strip()
            fields["Docker_Content_Digest"] = "sha256:" + hashlib.sha256(data).hexdigest()
        want = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if want and int(want[1]) < len(data):
            first, last = int(want[1]), min(int(want[2] or len(data)), len(data) - 1)
            fields["Content_Range"] = "bytes %d-%d/%d" % (first, last, len(data))
            return self.answer(206, data[first:last + 1], kind, **fields)
        return self.answer(200, data, kind, **fields)

    def git(self, path, query):
        env = {"GIT_PROJECT_ROOT": os.path.join(SITE, "git"), "GIT_HTTP_EXPORT_ALL": "1", "REMOTE_USER": "someone",
               "PATH_INFO": path[4:], "QUERY_STRING": query, "REQUEST_METHOD": self.command, "PATH": os.environ["PATH"],
               "CONTENT_TYPE": self.headers.get("Content-Type", ""), "REMOTE_ADDR": "127.0.0.1",
               "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""), "HOME": SITE,
               "GIT_PROTOCOL": self.headers.get("Git-Protocol", "")}
        got = subprocess.run(["git", "http-backend"], env=env, input=self.body(), stdout=subprocess.PIPE)
        head, _, body = got.stdout.partition(b"\r\n\r\n")
        fields = dict(line.decode().split(": ", 1) for line in head.split(b"\r\n"))
        self.answer(int(fields.pop("Status", "200").split()[0]), body, fields.pop("Content-Type", "text/plain"), **fields)

    def websocket(self):
        key = self.headers.get("Sec-WebSocket-Key", "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.close_connection = True
        while True:
            head = self.rfile.read(2)
            if len(head) < 2:
                return
            size = head[1] & 127
            if size == 126:
                size, = struct.unpack(">H", self.rfile.read(2))
            elif size == 127:
                size, = struct.unpack(">Q", self.rfile.read(8))
            mask = self.rfile.read(4)
            data = bytes(b ^ mask[i % 4] for i, b in enumerate(self.rfile.read(size)))
            length = bytes([size]) if size < 126 else b"\x7e" + struct.pack(">H", size)
            self.wfile.write(bytes([head[0] & 0xf0 | {1: 1, 2: 2, 8: 8, 9: 10}.get(head[0] & 15, 2)]) + length + data)
            self.wfile.flush()
            if head[0] & 15 == 8:
                return


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64
    tls = None

    def finish_request(self, request, address):
        if self.tls:  # in this connection's own thread
            request = self.tls.wrap_socket(request, server_side=True)
        self.RequestHandlerClass(request, address, self)
        if self.tls:
            request.unwrap()

    def handle_error(self, request, address):
        pass


def main():
    plain, tls = Server((ADDRESS, int(PLAIN)), Site), Server((ADDRESS, int(TLS)), Site)
    tls.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.tls.load_cert_chain(CERT, CERT[:-4] + ".key")
    tls.tls.set_alpn_protocols(["http/1.1"])
    threading.Thread(target=plain.serve_forever, daemon=True).start()
    tls.serve_forever()


main()
