#!/bin/bash
# Connections that a firewall redirects: a client in a network of its own that knows of no proxy, and nftables.
#
# Runs in a network namespace of its own (the router) with a second one behind it (the client), joined by v0 and v1.
# The client takes any address for its origin, as long as the router is on the way there.
if [ -z "${REDIRECT_NETNS:-}" ]; then
	if ! unshare -n true 2>/dev/null || ! command -v nft >/dev/null; then
		echo 'skip - redirect: needs a network namespace and nftables'
		echo 'redirect: 0 passed, 0 failed, 1 skipped'
		exit 0
	fi
	REDIRECT_NETNS=1 exec unshare -n "$0"
fi
. "$(dirname "$0")/lib.sh"
bed redirect
. "$TOP/test/e2e/browser.sh"

# --- the network -----------------------------------------------------------
# Ended by its pid with the bed; the namespaces go with their last process.
unshare -n sleep 3600 &
client=$!
keep_pid $client
of_its_own() {
	[ "$(readlink /proc/$client/ns/net)" != "$(readlink /proc/self/ns/net)" ]
}
wait_for 5 of_its_own
ip link set lo up
ip addr add 198.51.100.9/32 dev lo
ip link add v0 type veth peer name v1 netns $client
ip addr add 10.77.0.1/24 dev v0
ip addr add fd77::1/64 dev v0 nodad
ip link set v0 up
inside() {
	nsenter -t $client -n "$@"
}
inside ip link set lo up
inside ip addr add 10.77.0.2/24 dev v1
inside ip addr add fd77::2/64 dev v1 nodad
inside ip link set v1 up
inside ip route add default via 10.77.0.1
inside ip -6 route add default via fd77::1
# as providers give them: no address that is private
ip addr add 2001:db8:77::1/64 dev v0 nodad
inside ip addr add 2001:db8:77::2/64 dev v1 nodad

# redirect PORT: what v0 brings for others goes to the proxy, as the package's rules have it.
redirect() {
	nft -f - <<-NFT
		table inet t
		delete table inet t
		table inet t {
			chain dstnat {
				type nat hook prerouting priority dstnat
				iifname v0 ip daddr != 10.77.0.1 tcp dport { $WEB, $TLS, 9 } redirect to :$1
				iifname v0 ip6 daddr != { fd77::1, 2001:db8:77::1 } tcp dport { $WEB, $TLS } redirect to :$1
			}
		}
	NFT
}

# --- the proxy -------------------------------------------------------------
origin far 198.51.100.9 https "cert=$PKI/ip.pem"
origin bare 198.51.100.9 http
usual_origins
host blocked.bed.test 127.20.0.1
host exempt.bed.test 127.20.0.1
list ads block blocked.bed.test 'plain.bed.test/hello/secret*' 'www.bed.test/hello/secret*' 198.51.100.66
list bank tunnel exempt.bed.test
option "list listen 'v0:$PORT'"
option "option transparent '1'"
start_proxy || exit 1
redirect 3129

# direct ADDRESS ARGS...: curl in the client's network, no proxy; whatever its name, www.bed.test is at ADDRESS.
direct() {
	local at=$1
	shift
	inside curl -sS --http1.1 --max-time "$PATIENCE" --cacert "${BED_CA:-$CA}" --connect-to "::$at:" \
		-o "$BED/body" -D "$BED/head" -w '%{http_code}' "$@" 2>"$BED/curl.err"
}

# --- TLS -------------------------------------------------------------------
is 'a site is inspected' "$(direct 203.0.113.5 "https://www.bed.test:$TLS/hello")" 200
is 'what it says' "$(cat body)" 'hello from www'
log_line 'its line' "10\.77\.0\.2 GET https://www\.bed\.test:$TLS/hello 200 inspected"
is 'by IPv6' "$(direct '[2001:db8::5]' --interface fd77::2 "https://www.bed.test:$TLS/hello")" 200
log_line 'IPv6: the client is known' "fd77::2 GET https://www\.bed\.test:$TLS/hello 200 inspected"
is 'by a public IPv6 address' "$(direct '[2001:db8::5]' --interface 2001:db8:77::2 "https://www.bed.test:$TLS/hello")" 200
log_line 'whom the firewall redirects is a client' "2001:db8:77::2 GET https://www\.bed\.test:$TLS/hello 200 inspected"
is 'who asks for a proxy must be in the list' "$(inside curl -s -o /dev/null -w '%{http_connect}' --max-time "$PATIENCE" \
	--interface 2001:db8:77::2 -x "http://[2001:db8:77::1]:$PORT" "https://www.bed.test:$TLS/hello")" 000
is 'a blocked URL' "$(direct 203.0.113.5 "https://www.bed.test:$TLS/hello/secret/x")" 403
is 'a blocked host: the page comes inside TLS' "$(direct 203.0.113.5 "https://blocked.bed.test:$TLS/")" 403
like 'the page names the list' "$(cat body)" 'ads'
is 'an exempted name is tunnelled' "$(BED_CA=$BUNDLE direct 203.0.113.5 -k "https://exempt.bed.test:$TLS/hello")" 200
log_line 'the tunnel in the log' "TLS exempt\.bed\.test:$TLS 0 tunnelled \(.*bank"
is 'no name: the address is the origin' "$(direct 198.51.100.9 "https://198.51.100.9:$TLS/hello")" 200
is 'what the address says' "$(cat body)" 'hello from far'
is 'a blocked address stays blocked, whatever the name' \
	"$(direct 198.51.100.66 "https://www.bed.test:$TLS/hello")" 403
is 'nor does an exempted name open it' "$(direct 198.51.100.66 "https://exempt.bed.test:$TLS/hello")" 403
is 'a name without an address: a page' "$(direct 203.0.113.5 "https://missing.bed.test:$TLS/")" 502
forget www
direct 203.0.113.5 --tls-max 1.2 --ciphers AES128-SHA "https://www.bed.test:$TLS/hello" >/dev/null
log_line 'a client that speaks nothing of ours gets no way round URL rules' "TLS www\.bed\.test:$TLS 0 refused"
direct 203.0.113.5 --tls-max 1.2 --ciphers AES128-SHA "https://second.bed.test:$TLS/hello" >/dev/null
log_line 'a client that speaks nothing of ours is tunnelled by its name' "TLS second\.bed\.test:$TLS 0 tunnelled \\(the client"

# --- in clear --------------------------------------------------------------
is 'plain HTTP' "$(direct 203.0.113.5 "http://plain.bed.test:$WEB/hello")" 200
is 'plain HTTP: what it says' "$(cat body)" 'hello from plain'
log_line 'plain HTTP: its line' "10\.77\.0\.2 GET http://plain\.bed\.test:$WEB/hello 200 plain"
is 'plain HTTP by IPv6' "$(direct '[2001:db8::5]' "http://plain.bed.test:$WEB/hello")" 200
is 'a blocked URL in clear' "$(direct 203.0.113.5 "http://plain.bed.test:$WEB/hello/secret/x")" 403
is 'without Host: the address' "$(direct 198.51.100.9 -0 -H 'Host:' "http://bare.bed.test:$WEB/hello")" 200
is 'the address answers' "$(cat body)" 'hello from bare'
is 'an empty Host says nothing' "$(direct 203.0.113.5 -H 'Host;' "http://plain.bed.test:$WEB/hello")" 400
like 'and the page says so' "$(cat body)" 'Host is malformed'
forget plain
inside curl -sS --max-time "$PATIENCE" --connect-to '::203.0.113.5:' "http://plain.bed.test:$WEB/"{hello,sum,hello} >/dev/null
is 'three requests of one connection' "$(events plain | grep -cE '^accept|request GET' | tr '\n' ' ')$(events plain | grep -c '^accept')" '4 1'
seen=$(direct 203.0.113.5 "http://plain.bed.test:$WEB/head" >/dev/null && cat body)
like 'Host as asked' "$seen" "^Host: plain\.bed\.test:$WEB"
unlike 'no Via' "$seen" '^Via:'

# --- a browser that knows of no proxy --------------------------------------------
# page NAME URL
page() {
	BED_BROWSER="nsenter -t $client -n" browse "$1" "$2" --dump-dom --virtual-time-budget=5000 \
		--host-resolver-rules='MAP * 203.0.113.5'
}
if have_browser; then
	browser_trusts "$CA"
	page inspected "https://www.bed.test:$TLS/page"
	like 'a browser shows an inspected page, and its script runs' "$(cat inspected.html)" 'page from www ran script'
	page blocked "https://blocked.bed.test:$TLS/"
	like 'and our page for a blocked one' "$(cat blocked.html)" 'lists/ads:1'
else
	skip 'a browser' 'chromium or certutil is missing: make setup'
fi

# --- what is no such connection ---------------------------------------------
# say ADDRESS PORT TEXT: what the client gets for it, as hex.
say() {
	inside "$PY" - "$@" <<'PY'
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 120)
s.settimeout(120)
s.sendall(sys.argv[3].encode())
got = b""
try:
    while more := s.recv(100):
        got += more
except OSError:
    pass
print(got.hex() or "nothing")
PY
}
is 'a port of no list is closed' "$(say 203.0.113.5 9 hello)" nothing
log_line 'and the log says it' 'TLS 203\.0\.113\.5:9 0 refused .*no connections to port'
is 'who comes to the socket by itself is not served' "$(say 10.77.0.1 3129 'GET / HTTP/1.0')" nothing
log_line 'nor taken for a loop' 'TLS 10\.77\.0\.1:3129 .*no connections to port'
is 'no TLS where TLS is due: an alert' "$(say 203.0.113.5 "$TLS" 'SSH-2.0-x and more than five')" 15030300020232
is 'the explicit proxy goes on' "$(inside curl -sS --max-time "$PATIENCE" -x "http://10.77.0.1:$PORT" --cacert "$CA" \
	"https://www.bed.test:$TLS/hello")" 'hello from www'

# --- reload ----------------------------------------------------------------
option "option transparent '0'"
configure
kill -HUP "$bed_proxy_pid"
log_line 'a reload takes it away' 'no longer listening on 10\.77\.0\.1:3129'
unlike 'nobody listens there' "$(ss -ltn)" ':3129 '
option "list transparent '10.77.0.1:$PORT2'"
configure
kill -HUP "$bed_proxy_pid"
log_line 'another brings one by its address' "now listening on 10\.77\.0\.1:$PORT2"
redirect "$PORT2"
is 'it serves' "$(direct 203.0.113.5 "https://www.bed.test:$TLS/hello")" 200
stop_proxy

# --- with a list of clients, it decides ----------------------------------------
option "list client '10.77.0.2'"
option "list client '127.0.0.0/8'"
start_proxy || exit 1
inside ip addr add 10.77.0.3/24 dev v1
is 'who is in it' "$(direct 203.0.113.5 --interface 10.77.0.2 "https://www.bed.test:$TLS/hello")" 200
is 'who is not' "$(direct 203.0.113.5 --interface 10.77.0.3 "https://www.bed.test:$TLS/hello")" 000
log_line 'and is told so in the log' '10\.77\.0\.3 turned away: not in .list client.'
stop_proxy

# --- a clock that is not right yet -------------------------------------------
option "option clock_stamp '$BED/stamp'"
start_proxy || exit 1
is 'nothing is forged' "$(direct 203.0.113.5 "https://www.bed.test:$TLS/hello")" 000
log_line 'the log says why' "TLS www\.bed\.test:$TLS .*clock is not set"
is 'an exempted name goes through all the same' \
	"$(BED_CA=$BUNDLE direct 203.0.113.5 -k "https://exempt.bed.test:$TLS/hello")" 200
touch stamp
serves() {
	[ "$(direct 203.0.113.5 "https://www.bed.test:$TLS/hello")" = 200 ]
}
check 'with the stamp it is inspected' wait_for 10 serves
stop_proxy
