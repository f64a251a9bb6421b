#!/bin/bash
# Odd responses of real servers, and their kinds: a strict client reads through us what Chromium reads without us.
. "$(dirname "$0")/lib.sh"
bed odd
host odd.bed.test 127.20.0.40
start_dns
start_proxy || exit 1
export ODD=$TOP/../shared/http/odd-responses.json CERT=$PKI/ec
raw "$TOP/test/e2e/odd.py"

# And Chromium itself, with the cases that were given: each as without us.
. "$TOP/test/e2e/browser.sh"
if ! have_browser || [ ! -e "$ODD" ]; then
	skip 'in Chromium' 'chromium or ../shared is missing'
	exit 0
fi
host page.bed.test 127.20.0.41
PYTHONDONTWRITEBYTECODE=1 WAIT=90 "$PY" "$TOP/test/http/measure.py" "$ODD" through.json "127.20.0.41:$WEB" page.bed.test "$PX"
counted "$PY" - "$ODD" through.json <<'END'
import json, sys
through = json.load(open(sys.argv[2]))
for c in json.load(open(sys.argv[1])):
    name, got = "in Chromium: " + c["name"], through.get(c["name"], "nothing")
    if c["want"] == "as chromium":
        print("ok - " + name if got == c["chromium"] else "not ok - %s: %s, not %s" % (name, got, c["chromium"]))
END
