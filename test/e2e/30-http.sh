#!/bin/bash
# HTTP/1.1 inside inspected sessions: what must go through, and how.
. "$(dirname "$0")/lib.sh"
bed http
usual_origins
start_proxy || exit 1
raw "$TOP/test/e2e/http.py"
log_line 'a request is logged with client, method, host, path, status' \
	"127\.0\.0\.1.* GET .*www\.bed\.test.*/hello.* 200"
unlike 'no query string in the log' "$(cat log/proxy.err)" '/head\?'
