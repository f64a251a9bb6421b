#!/bin/bash
# Much of everything, in constant memory: 1 GiB down and up, 128 connections at once, what an idle one costs.
. "$(dirname "$0")/lib.sh"
bed big
origin vast 127.20.0.60 https "cert=$PKI/ec.pem" keep=0
origin vastplain 127.20.0.61 http keep=0
list quiet tunnel quiet.bed.test
host quiet.bed.test 127.20.0.60
usual_origins
start_proxy || exit 1
bytes=$((1 << 30))
[ -z "$BED_SAN" ] || bytes=$((1 << 27))
export MAX=900
V=https://vast.bed.test:$TLS

# watch COMMAND...: runs it and says how much the proxy's memory grew at its highest, in KiB.
watch() {
	local before pid now highest=0
	before=$(rss_kib "$bed_proxy_pid")
	"$@" >watch.out 2>watch.err &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		now=$(rss_kib "$bed_proxy_pid")
		[ "$now" -le "$highest" ] || highest=$now
		sleep 0.1
	done
	wait "$pid"
	grown=$((highest - before))
}
room=512
[ -z "$BED_SAN" ] || room=40000 # a sanitizer keeps what is freed for a while
px -o /dev/null "$V/bytes/1000000" # pages touched for the first time
px -o /dev/null -T /dev/null "$V/sum"

watch px -o /dev/null -w '%{size_download} %{http_code}\n' "$V/bytes/$bytes"
is "a download of $bytes bytes" "$(cat watch.out)" "$bytes 200"
within 'in constant memory (KiB grown)' "$grown" -100000 $room
watch px -o /dev/null -w '%{size_download}\n' "$V/chunked/$((bytes / 4))"
is 'a quarter of it in chunks' "$(cat watch.out)" $((bytes / 4))
within 'in constant memory (KiB grown)' "$grown" -100000 $room
truncate -s "$bytes" zeros # holes: no disk is used
want="$bytes $(sha256sum <zeros | cut -d' ' -f1)"
watch px -T zeros -H Expect: "$V/sum"
is "an upload of $bytes bytes" "$(cat watch.out)" "$want"
within 'in constant memory (KiB grown)' "$grown" -100000 $room
watch px -T zeros -H Expect: -H 'Transfer-Encoding: chunked' "$V/sum"
is 'the same in chunks' "$(cat watch.out)" "$want"
within 'in constant memory (KiB grown)' "$grown" -100000 $room
watch curl -sS --max-time "$MAX" -x "$PX" --cacert "$PKI/root.crt" -o /dev/null -w '%{size_download}\n' "https://quiet.bed.test:$TLS/bytes/$bytes"
is 'the download in a tunnel' "$(cat watch.out)" "$bytes"
within 'in constant memory (KiB grown)' "$grown" -100000 $room
watch px -o /dev/null -w '%{size_download}\n' "http://vastplain.bed.test:$WEB/bytes/$bytes"
is 'the download in clear' "$(cat watch.out)" "$bytes"
within 'in constant memory (KiB grown)' "$grown" -100000 $room

# A reader that does not read: the proxy stops reading the origin, and its memory stays as it is.
watch raw "$TOP/test/e2e/crowd.py" lazy 8
cat watch.out
within 'readers that do not read (KiB grown)' "$grown" -100000 $((room + 1500))

idle() {
	[ "$(open_fds "$bed_proxy_pid")" -lt 30 ]
}
wait_for 20 idle
before=$(rss_kib "$bed_proxy_pid")
raw "$TOP/test/e2e/crowd.py" many 128 "$bed_proxy_pid"
wait_for 20 idle
check 'no connection is left over' idle
echo "memory: fresh $before KiB, $(cat per-connection 2>/dev/null) a joined idle connection, afterwards $(rss_kib "$bed_proxy_pid") KiB"
is 'it serves as before' "$(px "https://www.bed.test:$TLS/hello")" 'hello from www'
