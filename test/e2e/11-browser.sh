#!/bin/bash
# Headless Chromium with the CA in its NSS store: an inspected page, a blocked page, a bad certificate, and its own
# warning in `untrusted` mode.  BROWSER_SHOTS=DIR keeps the screenshots.
. "$(dirname "$0")/lib.sh"
bed browser
. "$TOP/test/e2e/browser.sh"
if ! have_browser; then
	skip 'all of it' 'chromium or certutil is missing: make setup'
	exit 0
fi
origin expired 127.20.1.1 https "cert=$PKI/expired.pem"
host ads.bed.test 127.20.0.1
host untrusted.bed.test 127.20.1.1
list ads block ads.bed.test
usual_origins
option "option log 'debug'"
start_proxy || exit 1

mkdir -p shots
browser_trusts "$CA"
# Chromium either dumps the DOM or takes a picture.
page() {
	local name=$1 url=$2
	shift 2
	set -- --proxy-server="$PX" --proxy-bypass-list='<-loopback>' "$@"
	browse "$name" "$url" --dump-dom --virtual-time-budget=5000 "$@"
	[ -z "${BROWSER_SHOTS:-}" ] || browse "shot-$name" "$url" --screenshot="$BED/shots/$name.png" "$@"
}
page inspected "https://www.bed.test:$TLS/page"
like 'an inspected page is shown and its script runs' "$(cat inspected.html)" 'page from www ran script'
log_line 'over TLS 1.3 and a post-quantum group' 'www\.bed\.test: client.*: TLS 1\.3, \S+, X25519MLKEM768'
log_line 'it was inspected' 'GET .*www\.bed\.test.*/page.* 200'
page blocked "https://ads.bed.test:$TLS/some/path"
like 'a blocked page is our page' "$(cat blocked.html)" 'ads\.bed\.test'
like 'and names its rule' "$(cat blocked.html)" 'lists/ads:1'
unlike 'and is no error of the browser' "$(cat blocked.html)" 'neterror|ERR_|NET::'
page expired "https://expired.bed.test:$TLS/"
like 'a bad certificate is our page' "$(cat expired.html)" 'expired'
unlike 'and no error of the browser' "$(cat expired.html)" 'neterror|NET::ERR'
unlike 'and the origin got nothing' "$(got expired)" .
page clear "http://plain.bed.test:$WEB/page"
like 'a page in clear' "$(cat clear.html)" 'page from plain ran script'
if [ -n "${BROWSER_SHOTS:-}" ]; then
	page dark "https://ads.bed.test:$TLS/some/path" --force-dark-mode --blink-settings=preferredColorScheme=0
fi
stop_proxy

option "option invalid_upstream 'untrusted'"
start_proxy || exit 1
page untrusted "https://expired.bed.test:$TLS/page"
# -202 is net::ERR_CERT_AUTHORITY_INVALID, which not every run of Chromium writes out
like 'untrusted: the browser itself warns' "$(cat untrusted.err)" 'ERR_CERT_AUTHORITY_INVALID|net_error -202'
unlike 'untrusted: and shows nothing of the page' "$(cat untrusted.html)" 'page from expired'
unlike 'untrusted: and the origin got no request' "$(got expired)" 'GET /page'
if [ -n "${BROWSER_SHOTS:-}" ]; then
	mkdir -p "$BROWSER_SHOTS"
	cp shots/*.png "$BROWSER_SHOTS"
fi
