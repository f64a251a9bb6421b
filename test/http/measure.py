#!/usr/bin/python3
"""What Chromium makes of odd responses: measure.py CASES.json OUT.json [ADDRESS:PORT HOST [PROXY]].

CASES has a list of {"name", "response"}, or is "kinds" for those of kinds.py.  The result is an object of names and
what fetch() gave: "STATUS/BYTES" or "ERR ...".  Standard library only; the page that fetches is served here too."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import kinds

PAGE = """<!doctype html><script>(async () => {
const result = {}; let next = 0;
async function one(i) {
	const abort = new AbortController(), timer = setTimeout(() => abort.abort(), 20000);
	try {
		const answer = await fetch('/c/' + i, {signal: abort.signal, cache: 'no-store'});
		result[i] = answer.status + '/' + (await answer.arrayBuffer()).byteLength;
	} catch (e) { result[i] = 'ERR ' + (e.message || e); }
	clearTimeout(timer);
}
async function worker() { while (next < %d) await one(next++); }
await Promise.all([worker(), worker(), worker(), worker()]);
await fetch('/done', {method: 'POST', body: JSON.stringify(result)});
})()</script>"""
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"

if sys.argv[1] == "kinds":
    CASES = kinds.everything()
else:
    with open(sys.argv[1]) as file:
        CASES = [(c["name"], c["response"]) for c in json.load(file)]
RESULT, DONE = {}, threading.Event()


def more(s):
    data = s.recv(65536)
    if not data:
        raise OSError("closed")
    return data


def serve(s):
    with s:
        try:
            data = b""
            while b"\r\n\r\n" not in data:
                data += more(s)
            head, body = data.split(b"\r\n\r\n", 1)
            path = head.split(b" ")[1].decode()
            if path == "/done":
                length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
                while len(body) < length:
                    body += more(s)
                RESULT.update((CASES[int(i)][0], v) for i, v in json.loads(body).items())
                s.sendall(PLAIN % 0)
                DONE.set()
            elif path.startswith("/c/"):
                s.sendall(CASES[int(path[3:])][1].encode("latin1"))
                s.shutdown(socket.SHUT_WR)
                s.settimeout(2)
                while s.recv(4096):
                    pass
            else:
                page = (PAGE % len(CASES)).encode() if path == "/" else b""
                s.sendall(PLAIN % len(page) + page)
        except OSError:
            pass


def accept(listener):
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


def main():
    address, port = sys.argv[3].rsplit(":", 1) if len(sys.argv) > 3 else ("127.0.0.1", "0")
    host = sys.argv[4] if len(sys.argv) > 4 else address
    listener = socket.create_server((address, int(port)), backlog=64)
    threading.Thread(target=accept, args=(listener,), daemon=True).start()
    profile = tempfile.mkdtemp()
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
               "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync",
               "--disable-extensions", "--disable-default-apps", "--disable-breakpad", "--disable-crash-reporter",
               "--user-data-dir=" + profile, "--remote-debugging-port=0"]
    if len(sys.argv) > 5:
        command += ["--proxy-server=" + sys.argv[5], "--proxy-bypass-list=<-loopback>"]
    command.append("http://%s:%d/" % (host, listener.getsockname()[1]))
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    DONE.wait(float(os.environ.get("WAIT", "500")))
    browser.terminate()
    browser.wait()
    time.sleep(0.5)
    shutil.rmtree(profile, ignore_errors=True)
    with open(sys.argv[2], "w") as file:
        json.dump(RESULT, file, indent=0, sort_keys=True)
    sys.exit(len(RESULT) != len(CASES))


main()
