#!/bin/bash
# The process: SIGHUP, SIGTERM, privileges, descriptors, who may connect, what it refuses to start with.
. "$(dirname "$0")/lib.sh"
bed process
usual_origins
host ads.bed.test 127.20.0.1
host later.bed.test 127.20.0.1
list ads block ads.bed.test
start_proxy || exit 1
W=https://www.bed.test:$TLS
reload() {
	kill -HUP "$bed_proxy_pid"
}
blocked() {
	[ "$(status "https://$1.bed.test:$TLS/")" = 403 ]
}

# --- SIGHUP under a running download ----------------------------------------------------
px -o slow.out "$W/slow/60/50" &
download=$!
wait_for 5 grep -q '/slow' log/www.log
echo later.bed.test >>lists/ads
reload
check 'a reload takes a new list' wait_for 5 blocked later
check 'the old rules still hold' blocked ads
cp sluice.conf good.conf
sed -i "s/option log 'info'/option nonsense 'info'/" sluice.conf
: >log/proxy.err
reload
log_line 'a bad file is named with its line' "sluice.conf:[0-9]+"
check 'and the old policy stays' blocked later
rm lists/ads
cp good.conf sluice.conf
reload
log_line 'a list that vanished is named' 'lists/ads'
check 'and the old list stays' blocked later
printf 'ads.bed.test\n' >lists/ads
reload
later_is_free() {
	[ "$(status "https://later.bed.test:$TLS/hello")" = 200 ]
}
check 'a rule that is gone is gone' wait_for 5 later_is_free
for _ in $(seq 20); do reload; done
check 'twenty reloads at once' wait_for 5 blocked ads
wait "$download"
is 'the download went on all the while' $? 0
is 'and came whole' "$(cat slow.out)" "$(printf 'x%.0s' $(seq 60))"
# A listener that changes is bound anew; a connection over the old one lives on.
px -o slow.out "$W/slow/40/50" &
download=$!
wait_for 5 grep -q '/slow/40' log/www.log
sed "s/127.0.0.1:$PORT'/127.0.0.1:$PORT2'/" good.conf >sluice.conf
reload
check 'a new listener is bound at SIGHUP' wait_for 5 can_connect 127.0.0.1 "$PORT2"
unbound() {
	! can_connect 127.0.0.1 "$PORT"
}
check 'the old one is closed' wait_for 5 unbound
wait "$download"
is 'the connection over the old one lives on' $? 0
cp good.conf sluice.conf
reload
check 'and back again' wait_for 5 can_connect 127.0.0.1 "$PORT"

# --- SIGTERM drains --------------------------------------------------------------------
px -o slow.out "$W/slow/10/50" &
download=$!
wait_for 5 grep -q '/slow/10' log/www.log
pid=$bed_proxy_pid
kill -TERM "$pid"
check 'SIGTERM: no new connections' wait_for 5 unbound
wait "$download"
is 'SIGTERM: the running download ends well' $? 0
is 'SIGTERM: it came whole' "$(cat slow.out)" "$(printf 'x%.0s' $(seq 10))"
check 'SIGTERM: then it ends' wait_for 15 gone "$pid"
bed_proxy_pid=
wait "$pid"
is 'SIGTERM: with status 0' $? 0
start_proxy || exit 1
px -o slow.out "$W/slow/2000/100" 2>/dev/null &
download=$!
wait_for 5 grep -q '/slow/2000' log/www.log
pid=$bed_proxy_pid
kill -TERM "$pid"
check 'SIGTERM: an endless download is not waited for endlessly' wait_for 45 gone "$pid"
bed_proxy_pid=
wait "$pid"
is 'SIGTERM: status 0 all the same' $? 0
kill "$download" 2>/dev/null
wait "$download" 2>/dev/null

# --- privileges ------------------------------------------------------------------------
start_proxy || exit 1
status_of() {
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$bed_proxy_pid/status"
}
if [ "$(id -u)" -eq 0 ]; then
	nobody=$(id -u nobody)
	is 'as root: it becomes nobody' "$(status_of Uid | tr '\t' ' ')" "$nobody $nobody $nobody $nobody"
	is 'as root: and its group' "$(status_of Gid | cut -f1)" "$(id -g nobody)"
	is 'as root: no other groups' "$(status_of Groups | tr -d ' ')" "$(status_of Groups | tr -d ' ' | grep -vx 0)"
	is 'as root: no capability is left' "$(status_of CapPrm)$(status_of CapEff)" 00000000000000000000000000000000
	is 'as root: the CA key is not readable to others' "$(stat -c %a ca/ca.key)" 600
	reload
	check 'as root: a reload works after the drop' wait_for 5 blocked ads
	stop_proxy
	option "option user 'daemon'"
	start_proxy || exit 1
	is 'as root: a chosen user' "$(status_of Uid | cut -f1)" "$(id -u daemon)"
	stop_proxy
	option "option user 'no-such-user-here'"
	configure bad.conf
	out=$(timeout "$PATIENCE" "$SLUICE" -c bad.conf 2>&1 </dev/null)
	is 'as root: an unknown user is refused' "$(($? != 0))" 1
	like 'as root: by name' "$out" 'no-such-user-here'
	option "option user 'nobody'"
	start_proxy || exit 1
else
	skip 'privileges' 'needs root'
fi
is 'no core and no ptrace: not dumpable' "$(stat -c %U "/proc/$bed_proxy_pid/mem")" root
is 'core files are off' "$(awk '/Max core file size/ { print $5 }' "/proc/$bed_proxy_pid/limits")" 0
is 'one thread' "$(status_of Threads)" 1

# --- descriptors --------------------------------------------------------------------------
base=$(open_fds "$bed_proxy_pid")
raw "$TOP/test/e2e/fds.py" hold 40
descriptors_back() {
	[ "$(open_fds "$bed_proxy_pid")" -le $((base + 3)) ]
}
check 'no descriptor is lost' wait_for 10 descriptors_back
stop_proxy
cat >limited.sh <<'LIMITED'
#!/bin/bash
ulimit -n "$1"
shift
exec "$@"
LIMITED
chmod +x limited.sh
BED_WRAP="$BED/limited.sh 40"
: >log/proxy.err
if start_proxy; then
	raw "$TOP/test/e2e/fds.py" flood 60
	check 'EMFILE: it lives' proxy_is_alive
	is 'EMFILE: and serves afterwards' "$(px "$W/hello")" 'hello from www'
	stop_proxy
fi
# Descriptors past FD_SETSIZE: a thousand are taken before the proxy starts.
cat >crowded.py <<'CROWDED'
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (4000, 4000))
null = os.open("/dev/null", os.O_RDONLY)
for fd in range(10, 1005):
    os.dup2(null, fd, inheritable=True)
os.execv(sys.argv[1], sys.argv[1:])
CROWDED
BED_WRAP="$PY $BED/crowded.py"
if start_proxy; then
	raw "$TOP/test/e2e/fds.py" crowd 40
	check 'FD_SETSIZE: it lives' proxy_is_alive
	stop_proxy
else
	not_ok 'FD_SETSIZE: it starts'
fi
BED_WRAP=

# --- who may connect ---------------------------------------------------------------------
option "list client '127.0.0.2/32'"
start_proxy || exit 1
curl -sS --max-time "$PATIENCE" -o /dev/null -x "$PX" "http://plain.bed.test:$WEB/hello" 2>/dev/null
like 'client: one that is not in the list is closed at once' "$?" '^(52|56)$' # empty reply, or reset
is 'client: one that is in the list is served' "$(curl -sS --max-time "$PATIENCE" --interface 127.0.0.2 -x "$PX" "http://plain.bed.test:$WEB/hello")" 'hello from plain'
stop_proxy

# --- what it refuses to start with ----------------------------------------------------------
bed_options=''
refuses() {
	local name=$1 pattern=$2 out pid
	configure bad.conf
	out=$(timeout "$PATIENCE" "$SLUICE" -c bad.conf 2>&1 </dev/null)
	if [ $? -eq 124 ]; then
		not_ok "$name: refused" 'it runs'
	else
		like "$name: refused, in words" "$out" "$pattern"
	fi
}
option "option ca_bundle '$BED/none.pem'"
refuses 'no CA bundle' 'none\.pem'
: >empty.pem
option "option ca_bundle '$BED/empty.pem'"
refuses 'an empty CA bundle' 'empty\.pem'
option "option ca_bundle '$BUNDLE'"
cp -r ca ca2
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ca2/ca.key 2>/dev/null
chmod 600 ca2/ca.key
option "option ca_cert '$BED/ca2/ca.crt'"
option "option ca_key '$BED/ca2/ca.key'"
refuses 'a key of another CA' 'ca2'
cp ca/ca.key ca2/ca.key
chmod 644 ca2/ca.key
refuses 'a key that others can read' 'ca2/ca\.key'
chmod 600 ca2/ca.key
"$PY" -c 'import socket, sys, time; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(1); time.sleep(60)' "$PORT" &
keep_pid $!
wait_for 5 can_connect 127.0.0.1 "$PORT"
option "option ca_cert '$BED/ca/ca.crt'"
option "option ca_key '$BED/ca/ca.key'"
refuses 'a port in use' ":$PORT"

# --- SIGHUP while it starts ---------------------------------------------------------------------
# It reads the CA bundle, from a pipe, and so is sure to be starting; the reload, no longer root, can't read that again.
kill "${bed_pids[-1]}"
wait "${bed_pids[-1]}" 2>/dev/null
mkfifo -m 600 fifo
option "option ca_bundle '$BED/fifo'"
: >log/proxy.err
(
	exec 9>fifo
	pkill -HUP -f "$BED/sluice.conf"
	cat "$BUNDLE" >&9
) &
keep_pid $!
start_proxy || exit 1
log_line 'SIGHUP while it starts: it reloads when it can' 'configuration .* reloaded'
is 'and serves' "$(px "$W/hello")" 'hello from www'
stop_proxy
option "option ca_bundle '$BUNDLE'"

# --- a clock that is not set ------------------------------------------------------------------
option "option clock_stamp '$BED/stamp'"
start_proxy || exit 1
is 'no clock stamp: CONNECT gets 503 in clear' "$(tunnel_status "$W/hello")" 503
like 'no clock stamp: Proxy-Status' "$(cat head)" '^Proxy-Status: sluice'
is 'no clock stamp: plain HTTP works' "$(px "http://plain.bed.test:$WEB/hello")" 'hello from plain'
touch stamp
chmod a+r stamp
served() {
	[ "$(px "$W/hello")" = 'hello from www' ]
}
check 'the stamp comes: it serves by itself' wait_for 5 served
