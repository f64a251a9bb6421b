#!/bin/bash
# A list's hours begin: the tunnel that they forbid ends by itself, another one goes on.
. "$(dirname "$0")/lib.sh"
bed hours
export TZ=UTC
origin echo 127.20.0.61 echo
host also.bed.test 127.20.0.61
usual_origins
list quiet tunnel echo.bed.test also.bed.test
# In the first half of a minute: the hours must begin after the tunnels, on a busy machine, too.
while [ "$(date +%-S)" -gt 25 ]; do
	sleep 1
done
from=$(date -d '+1 minute' +%H:%M)
list night block echo.bed.test
bed_lists+="	option hours '$from-$(date -d '+2 hours' +%H:%M)'
	list client '127.0.0.1'
"
start_proxy || exit 1

# tunnel NAME OUT: says when it is open, and when it has ended.
tunnel() {
	"$PY" - "$PORT" "$1.bed.test:$TLS" >"$2" 2>&1 <<'PY' &
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 120)
s.sendall(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (sys.argv[2], sys.argv[2])).encode())
s.settimeout(300)
print(s.recv(4096).split(b"\r\n")[0].decode(), flush=True)
s.sendall(b"hello")
print(s.recv(100).decode(), flush=True)
try:
    print("ended" if not s.recv(100) else "more", flush=True)
except OSError:
    print("ended", flush=True)
PY
	keep_pid $!
}

tunnel echo first
tunnel also second
check 'a tunnel before its hours' wait_for 10 grep -q hello first
check 'another one' wait_for 10 grep -q hello second
unlike 'it is still open' "$(cat first)" ended
check 'it ends when the hours begin' wait_for 120 grep -q ended first
unlike 'the other one goes on' "$(cat second)" ended
is 'and is not opened again' "$(status "https://echo.bed.test:$TLS/")" 403
check 'the log has the rule' logged 'echo\.bed\.test.* blocked .*night'
stop_proxy
