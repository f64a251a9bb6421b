#!/bin/bash
# Policy and pages: whose rule wins, what the user sees, what machines read, what the log says, `sluice why`.
. "$(dirname "$0")/lib.sh"
bed pages
usual_origins
host good.ads.bed.test 127.20.0.3
for name in ads sub.ads tracker hosts1 dnsmasq quiet; do
	host "$name.bed.test" 127.20.0.1
done
host host-with-a-very-long-name-that-is-sixty-three-characters-long-xyz.bed.test 127.20.0.1
list ads block '# a comment' '! another' 'ads.bed.test' '||tracker.bed.test^' '0.0.0.0 hosts1.bed.test' \
	'address=/dnsmasq.bed.test/' 'www.bed.test/hello/secret*' '127.20.0.77' 'example.com##.cosmetic' 'rsa.bed.test/echo*'
list fine allow 'good.ads.bed.test'
list quiet tunnel 'quiet.bed.test'
list look inspect 'www.bed.test'
start_proxy || exit 1
log_line 'what a list could not mean is counted, with its first line' 'lists/ads.*cosmetic|lists/ads:9'

url() {
	echo "https://$1.bed.test:$TLS/${2-}"
}
is 'host rule' "$(status "$(url ads)")" 403
is 'a host below it' "$(status "$(url sub.ads)")" 403
is '||host^' "$(status "$(url tracker)")" 403
is 'hosts format' "$(status "$(url hosts1)")" 403
is 'dnsmasq format' "$(status "$(url dnsmasq)")" 403
is 'an address' "$(status "https://127.20.0.77:$TLS/")" 403
is 'the longer match wins' "$(status "http://good.ads.bed.test:$WEB/hello")" 200
is 'and its neighbour is blocked in clear too' "$(status "http://sub.ads.bed.test:$WEB/hello")" 403
is 'URL rule' "$(status "$(url www hello/secret/plans)")" 403
is 'URL rule, written otherwise' "$(status --path-as-is "$(url www x/..%2fhello//%73ecret)")" 403
is 'URL rule with a query' "$(status "$(url www 'hello/secret?x=y')")" 403
is 'URL rule: its neighbour' "$(status "$(url www hello/secre)")" 200
is 'URL rule in upper-case host' "$(status "https://WWW.BED.TEST:$TLS/hello/secret")" 403
is 'URL rule on a kept connection: the second request' "$(px -o /dev/null -o /dev/null -w '%{http_code} ' "$(url www hello)" "$(url www hello/secret)")" '200 403 '
is 'escaped letters are not another path' "$(status "$(url www hello/%73ecret)")" 403

# --- the page, for eyes ------------------------------------------------------------
status "$(url ads 'a/path?token=12345')" >/dev/null
page=$(cat body)
like 'the page names the host' "$page" 'ads\.bed\.test'
like 'the page names list and line' "$page" 'lists/ads:3'
like 'the page has a language and a viewport' "$page" '<html lang=.*viewport|viewport'
like 'dark and light' "$page" 'prefers-color-scheme|color-scheme'
unlike 'no script, image or request to elsewhere' "$page" '<script|<img|<link|src=|@import|url\('
unlike 'no query string' "$page" '12345'
# --- and for machines ---------------------------------------------------------------
head=$(tr -d '\r' <./head | sed '1,/^$/d') # without the answer to CONNECT
for field in 'Cache-Control: no-store' "Content-Security-Policy: .*default-src 'none'" 'X-Content-Type-Options: nosniff' \
	'Connection: close' 'Content-Length: [0-9]' 'Content-Type: text/html; charset=utf-8' 'Referrer-Policy: no-referrer' \
	'Proxy-Status: sluice; ?error=http_request_denied' "Content-Security-Policy: .*frame-ancestors 'none'"; do
	like "field $field" "$head" "^$field"
done
is 'the length is right' "$(sed -n 's/^Content-Length: //p' <<<"$head")" "$(wc -c <body)"
unlike 'no script can run by the policy' "$head" 'script-src'
is 'HEAD of a blocked page' "$(px -I -o /dev/null -w '%{http_code} %{size_download}' "$(url ads)")" '403 0'
is 'POST to a blocked page' "$(status -d x=y "$(url ads)")" 403
forget www
px -o /dev/null -d secret=12345 "$(url www hello/secret)"
unlike 'a blocked request and its body never leave' "$(got www)" 'secret'

# --- text from outside is escaped --------------------------------------------------
evil='<script>alert(1)</script>"&%0d%0aSet-Cookie:%20x=1'
px -g -o body -D head "$(url www "hello/secret/$evil")" 2>/dev/null
unlike 'no markup from a path' "$(cat body)" '<script>alert'
unlike 'no header from a path' "$(cat head)" '^Set-Cookie'
raw "$TOP/test/e2e/pages.py"

# --- a client that is not inspected gets the status in clear ---------------------------
is 'a tunnel to a dead host: the CONNECT answer' "$(echo 'dead.quiet.bed.test 127.20.0.99' >>hosts; tunnel_status "https://dead.quiet.bed.test:$TLS/")" 502
like 'with Proxy-Status' "$(cat head)" '^Proxy-Status: sluice; ?error=connection_refused'
is 'a tunnel to no name' "$(tunnel_status "https://none.quiet.bed.test:$TLS/")" 502
like 'with Proxy-Status dns_error' "$(cat head)" '^Proxy-Status: sluice; ?error=dns_error'

# --- the log ------------------------------------------------------------------------
: >log/proxy.err
px -o /dev/null "$(url www 'hello/a/b?token=12345')"
log_line 'a request: client, method, host, path, status' '127\.0\.0\.1.*GET .*www\.bed\.test.*/hello/a/b.* 200 '
unlike 'without its query' "$(cat log/proxy.err)" '12345'
line=$(grep 'hello/a/b' log/proxy.err | head -n 1)
like 'with its bytes' "$line" '[^0-9]15([^0-9]|$)'
like 'with its time' "$line" '[0-9]+ ?ms|[0-9]\.[0-9]+ ?s'
like 'with its rule' "$line" 'look'
is 'one line for it' "$(grep -c 'hello/a/b' log/proxy.err)" 1
px -o /dev/null "$(url ads)"
log_line 'a block: its rule with file and line' 'ads\.bed\.test.*lists/ads:3'
curl -sS -o /dev/null -x "$PX" --cacert "$PKI/root.crt" "https://rsa.bed.test:$TLS/hello" 2>/dev/null
curl -sS -o /dev/null -x "$PX" --cacert "$PKI/root.crt" "$(url quiet hello)"
log_line 'a tunnel: its host, rule and end' 'quiet\.bed\.test.*lists/quiet:1'
px -o /dev/null -A "$(printf 'x')" "$(url www "hello/%0aforged%1b%5b31m")" 2>/dev/null
unlike 'no control byte in the log' "$(cat log/proxy.err)" "$(printf '[\001-\010\013-\037\177]')"

# --- sluice why, sluice -t ------------------------------------------------------------
why() {
	"$SLUICE" why -c sluice.conf "$@" 2>&1
}
like 'why: blocked' "$(why ads.bed.test)" 'block'
like 'why: with file and line' "$(why ads.bed.test)" 'lists/ads:3'
like 'why: the longer match' "$(why good.ads.bed.test)" 'lists/fine:1'
like 'why: a path' "$(why www.bed.test/hello/secret/x)" 'lists/ads:7'
like 'why: a path as it is judged' "$(why 'www.bed.test//hello/x/..%2fsecret')" 'read as +/hello/secret$'
like 'why: a tunnel' "$(why quiet.bed.test)" 'tunnel'
like 'why: nothing decides' "$(why other.test)" 'inspect'
check 'why with a client' "$SLUICE" why -c sluice.conf ads.bed.test 192.168.1.4
why >/dev/null
is 'why without a host: exit 2' $? 2
check 'sluice -t takes the configuration' "$SLUICE" -t -c sluice.conf
"$SLUICE" -t -c sluice.conf >printed.conf 2>/dev/null
check 'what sluice -t prints, it takes again' "$SLUICE" -t -c printed.conf
is 'and prints the same' "$("$SLUICE" -t -c printed.conf 2>/dev/null)" "$(cat printed.conf)"
sed 's/option log .*/option lag 1/' sluice.conf >bad.conf
out=$("$SLUICE" -t -c bad.conf 2>&1)
is 'a bad option: exit 1 or 2' "$(($? > 0))" 1
like 'a bad option: file and line' "$out" "bad.conf:$(grep -n 'lag' bad.conf | cut -d: -f1)"
out=$(timeout "$PATIENCE" "$SLUICE" -c bad.conf 2>&1 </dev/null)
like 'the daemon refuses it too' "$out" 'bad.conf:'
out=$("$SLUICE" -t -c missing.conf 2>&1)
like 'a missing file is named' "$out" 'missing.conf'
sed "s|$BED/lists/quiet|$BED/lists/nothere|; s|:$PORT'|:$PORT2'|" sluice.conf >bad.conf
in_background "$SLUICE" -c bad.conf >bad.err 2>&1 </dev/null
check 'a missing list is named' wait_for 5 grep -q nothere bad.err
like 'a version' "$("$SLUICE" --version 2>&1)" '[0-9]+\.[0-9]+'
