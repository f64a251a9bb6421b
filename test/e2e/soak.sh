#!/bin/bash
# A mixed load for SOAK_SECS (600): browsing, uploads, downloads, WebSockets, blocked pages, faults, reloads, rude
# clients.  At the end memory and descriptors must be where they were after the first minute.
. "$(dirname "$0")/lib.sh"
bed soak
origin expired 127.20.1.1 https "cert=$PKI/expired.pem"
host ads.bed.test 127.20.0.1
host quiet.bed.test 127.20.0.2
list ads block ads.bed.test
list quiet tunnel quiet.bed.test
usual_origins
start_proxy || exit 1
secs=${SOAK_SECS:-600}
end=$(($(date +%s) + secs))
warm=$((secs < 120 ? secs / 3 : 60))

over() {
	[ "$(date +%s)" -ge "$end" ]
}
W=https://www.bed.test:$TLS
browse() {
	until over; do
		px -o /dev/null "$W/hello" "$W/chunked/30000" "$W/bytes/200000" "$W/status/204" 2>/dev/null
		px -o /dev/null "https://ads.bed.test:$TLS/" "https://expired.bed.test:$TLS/" 2>/dev/null
		px -o /dev/null "http://plain.bed.test:$WEB/bytes/50000" 2>/dev/null
		curl -sS --max-time 20 -x "$PX" --cacert "$PKI/root.crt" -o /dev/null "https://quiet.bed.test:$TLS/bytes/100000" 2>/dev/null
		head -c 300000 /dev/zero | px -o /dev/null -T - "$W/sum" 2>/dev/null
		for fault in short-reset no-last-chunk big-head reset extra both; do
			px -o /dev/null "$W/fault/$fault" 2>/dev/null
		done
		timeout 0.3 curl -sS -x "$PX" --cacert "$CA" -o /dev/null "$W/bytes/50000000" 2>/dev/null
	done
}
reloads() {
	until over; do
		kill -HUP "$bed_proxy_pid" 2>/dev/null
		sleep 5
	done
}
for _ in 1 2 3 4; do
	browse >/dev/null 2>&1 &
	keep_pid $!
done
reloads &
keep_pid $!
until over; do
	raw "$TOP/test/e2e/crowd.py" many 24 "$bed_proxy_pid" >>crowd.out
	if [ -z "${early:-}" ] && [ "$(date +%s)" -ge $((end - secs + warm)) ]; then
		early=$(rss_kib "$bed_proxy_pid")
	fi
done
settled() {
	[ "$(open_fds "$bed_proxy_pid")" -lt 30 ]
}
check 'all connections ended' wait_for 30 settled
room=256
[ -z "$BED_SAN" ] || room=20000
late=$(rss_kib "$bed_proxy_pid")
echo "memory: $early KiB after $warm s, $late KiB after $secs s"
within 'memory is where it was (KiB grown)' $((late - early)) -100000 $room
is 'it serves as before' "$(px "$W/hello")" 'hello from www'
