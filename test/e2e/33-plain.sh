#!/bin/bash
# Plain HTTP proxying: absolute-form requests to an http_port, and everything else that clients may send in clear.
. "$(dirname "$0")/lib.sh"
bed plain
origin second 127.20.0.4 http
usual_origins
list ads block ads.bed.test 'plain.bed.test/hello/secret*' 'plain.bed.test/hello/geheim%C3%A4*'
host ads.bed.test 127.20.0.3
start_proxy || exit 1
P=plain.bed.test:$WEB

is 'a page comes through' "$(px "http://$P/hello")" 'hello from plain'
seen=$(px -H 'Proxy-Authorization: Basic eDp5' -H 'Proxy-Connection: keep-alive' -H 'Connection: X-Secret' \
	-H 'X-Secret: 1' -H 'X-Kept: 1' "http://$P/head?q=1")
like 'origin-form at the origin' "$seen" '^GET /head\?q=1 HTTP/1\.1'
like 'Host as asked' "$seen" "^Host: $P"
unlike 'no Via' "$seen" '^Via:'
like 'other fields kept' "$seen" '^X-Kept: 1'
unlike 'hop-by-hop fields removed' "$seen" '^(Proxy-|X-Secret)'
is 'fields of an answer' "$(status "http://$P/hop")" 200
unlike 'Alt-Svc and hop-by-hop fields removed' "$(cat head)" '^(Alt-Svc|X-Gone|Proxy-Authenticate)'
like 'Via in the answer' "$(cat head)" '^Via: 1\.1 sluice'
is 'POST' "$(px -d 'a=b' "http://$P/echo")" 'a=b'
is 'a chunked upload' "$(head -c 300000 /dev/zero | px -T - "http://$P/sum")" \
	"300000 $(head -c 300000 /dev/zero | sha256sum | cut -d' ' -f1)"
is 'a chunked download' "$(px "http://$P/chunked/100000" | wc -c)" 100000
is 'an answer that ends at close' "$(px "http://$P/close/100000" | wc -c)" 100000
is 'HEAD' "$(px -I -o /dev/null -w '%{http_code} %{size_download}' "http://$P/bytes/50")" '200 0'
is '204' "$(status "http://$P/status/204")" 204

# Two hosts over one connection to the proxy (curl keeps it if the proxy does).
out=$(px "http://$P/hello" "http://second.bed.test:$WEB/hello" "http://$P/hello" | tr '\n' ,)
is 'each request goes to its own host' "$out" 'hello from plain,hello from second,hello from plain,'
forget plain
px "http://$P/hello" "http://$P/hello" "http://$P/hello" >/dev/null
is 'three requests to one host' "$(events plain | grep -c 'request GET')" 3

is 'a blocked host' "$(status "http://ads.bed.test:$WEB/hello")" 403
like 'a blocked host: Proxy-Status' "$(cat head)" '^Proxy-Status: sluice; ?error=http_request_denied'
like 'a blocked host: the page names the list' "$(cat body)" 'ads'
is 'a blocked path' "$(status "http://$P/hello/secret/x")" 403
is 'its neighbour' "$(status "http://$P/hello/public")" 200
forget plain
for path in //hello/secret/x /hello/./secret /hello/x/..%2fsecret /hello/%2e/secret /x/%2e%2e/hello/%73ecret \
	'/hello\secret' /hello/secret%00 /hello/secret/x/../../public '/hello/y;z/..;/secret'; do
	is "a blocked path, written $path" "$(status --path-as-is "http://$P$path")" 403
done
is 'none of these left' "$(events plain | grep -c 'request GET')" 0
is 'an allowed path' "$(status --path-as-is "http://$P/x/..%2fhead/%2E/..//head?a=%2e%2E/../%7e")" 404
is 'goes on as it was written' "$(events plain | grep -o 'request GET .*')" \
	'request GET /x/..%2fhead/%2E/..//head?a=%2e%2E/../%7e'
is 'a port that is no http_port' "$(status "http://plain.bed.test:$TLS/hello")" 403
like 'a wrong port: Proxy-Status' "$(cat head)" '^Proxy-Status: '

raw "$TOP/test/e2e/plain.py"
like 'TLS to the port of the proxy is answered at once' "$(openssl s_client -connect "127.0.0.1:$PORT" </dev/null 2>&1)" \
	'wrong version number'
log_line 'and logged' '\? +400 refused .*not HTTP'
log_line 'a request in clear is logged' "127\.0\.0\.1.* GET .*plain\.bed\.test.*/hello.* 200"
log_line 'a blocked one names its rule' "ads\.bed\.test.*403|403.*ads\.bed\.test"
log_line 'file and line of the rule' "lists/ads:[12]"
