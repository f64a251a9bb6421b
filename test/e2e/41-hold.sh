#!/bin/bash
# Who holds up whom: floods, silence and idleness of one must cost the others nothing, and an answer that is on
# its way reaches a client however late it reads.  Where it can, all runs in a network of its own whose sockets take
# little, so that the end of an answer is still in the proxy when the origin has sent it.
if [ -z "${HOLD_NET:-}" ] && [ "$(id -u)" -eq 0 ] && unshare -n true 2>/dev/null; then
	HOLD_NET=1 exec unshare -n "$0"
fi
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/sbin:/usr/sbin
if [ "${HOLD_NET:-}" ]; then
	ip link set lo up
	sysctl -qw net.ipv4.tcp_wmem='4096 16384 65536' net.ipv4.tcp_rmem='4096 40000 40000' || HOLD_NET=
fi
bed hold
origin second 127.20.0.4 http
origin mute 127.20.0.31 mute
origin far.quiet 127.20.0.32 echo
origin web.quiet 127.20.0.33 https "cert=$PKI/ec.pem"
usual_origins
# Served by hold.py itself, see there.
host flood.bed.test 127.20.0.41
host mumble.bed.test 127.20.0.42
host first.quiet.bed.test 127.20.0.43
list quiet tunnel quiet.bed.test
list refused block 'plain.bed.test/refused*' 'www.bed.test/refused*'

hold() {
	PROXY_PID=$bed_proxy_pid raw "$TOP/test/e2e/hold.py" "$@"
}

# A deadline must do its work when nothing else wakes the proxy: that takes 20 s and a proxy of its own.
PORT=$PORT2 configure quiet.conf
sed -i "s,/ca/leaves,/ca/quiet," quiet.conf
PORT=$PORT2 start_proxy quiet.conf || exit 1
quiet_pid=$bed_proxy_pid
PORT=$PORT2 hold silence >silence.out 2>&1 &
silence=$!
keep_pid "$silence"

start_proxy || {
	kill "$quiet_pid"
	exit 1
}
hold others
if [ "${HOLD_NET:-}" ]; then
	hold late
else
	skip 'late readers' 'needs root and a network namespace'
fi
stop_proxy

option "option connections '16'"
start_proxy || {
	kill "$quiet_pid"
	exit 1
}
hold idle
stop_proxy

wait "$silence"
counted cat silence.out
bed_proxy_pid=$quiet_pid
stop_proxy
