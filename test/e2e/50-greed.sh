#!/bin/bash
# Who holds most gives way, and nobody else: slots, buffers, chains; a transfer goes on whoever ends beside it.
# Where it can, in a network of its own, so that IPv6 clients of several /64 can be had.
if [ -z "${GREED_NET:-}" ] && [ "$(id -u)" -eq 0 ] && unshare -n true 2>/dev/null; then
	GREED_NET=1 exec unshare -n "$0"
fi
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/sbin:/usr/sbin
if [ "${GREED_NET:-}" ]; then
	ip link set lo up
	sysctl -qw net.ipv6.ip_nonlocal_bind=1 && ip -6 route add local fd77::/16 dev lo || GREED_NET=
fi
bed greed
origin far.quiet 127.20.0.32 echo
usual_origins
host mumble.bed.test 127.20.0.42
list quiet tunnel quiet.bed.test

# How many buffers the proxy that started last has.
buffers() {
	sed -nE 's/.* ([0-9]+) buffers of .*/\1/p' log/proxy.err | tail -n 1
}

greed() {
	raw "$TOP/test/e2e/greed.py" "$@"
}

# What waits for the proxy's own clock has a proxy of its own, beside the others.
PORT=$PORT2 configure starved.conf
sed -i "s,/ca/leaves,/ca/starved," starved.conf
PORT=$PORT2 start_proxy starved.conf || exit 1
starved_pid=$bed_proxy_pid
PORT=$PORT2 greed starved "$(buffers)" >starved.out 2>&1 &
starved=$!
keep_pid "$starved"

start_proxy || {
	kill "$starved_pid"
	exit 1
}
greed still "$bed_proxy_pid"
greed slots
log_line 'who is turned away is logged' '127\.0\.0\.2 turned away: all connections are in use'
if [ "${GREED_NET:-}" ]; then
	greed v6
else
	skip 'IPv6 by /64' 'needs root and a network namespace'
fi
greed buffers "$(buffers)"
log_line 'who gives way is logged' 'ended: This proxy is short of (connections|buffers)'
stop_proxy

option "option connections '16'"
start_proxy || {
	kill "$starved_pid"
	exit 1
}
greed idle
stop_proxy

wait "$starved"
counted cat starved.out
bed_proxy_pid=$starved_pid
stop_proxy
