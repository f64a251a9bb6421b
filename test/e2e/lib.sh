# shellcheck shell=bash
# shellcheck disable=SC2034,SC2120 # scripts use what is set here
# What every end-to-end script begins with: `. "$(dirname "$0")/lib.sh"; bed NAME`.
#
# A script gets a temp dir (its working directory and HOME), a DNS server that knows *.test names, origins as it
# asks for them, and the proxy under test ($SLUICE) on ports that are free at the time.  Nothing outside the
# temp dir is touched, only what the script started is ended.  On failure the logs are shown.
#
# Loopback has 16 million addresses: every origin has one of its own and all share the port $TLS or $WEB.

set -u
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SLUICE=${SLUICE:-$TOP/sluice}
BED_SAN=${BED_SAN:-}
PY=/usr/bin/python3
passed=0 failed=0 skipped=0
export LC_ALL=C
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY

# --- counting --------------------------------------------------------------
ok() {
	passed=$((passed + 1))
	echo "ok - $1"
}

# cannot NAME: what can't hold where the program runs is told apart; BED_CANNOT has "SCRIPT NAME" lines.
cannot() {
	local line
	while IFS= read -r line; do
		case "$bed_name $1" in
		"$line" | "$line: "*) return 0 ;;
		esac
	done <<<"${BED_CANNOT:-}"
	return 1
}

# not_ok NAME [DETAIL]
not_ok() {
	if cannot "$1"; then
		skip "$1" "can't hold here"
		return
	fi
	failed=$((failed + 1))
	echo "not ok - $1${2:+: $(head -c 1200 <<<"$2")}"
}

skip() {
	skipped=$((skipped + 1))
	echo "skip - $bed_name $1: $2"
}

# check NAME COMMAND...: the command exits 0.
check() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then
		ok "$name"
	else
		not_ok "$name" "$* -> $? $out"
	fi
}

# is NAME GOT WANT
is() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got '$2', want '$3'"
	fi
}

# like NAME TEXT REGEX / unlike: an extended regex somewhere in the text.
like() {
	if grep -qE -- "$3" <<<"$2"; then
		ok "$1"
	else
		not_ok "$1" "no /$3/ in: $2"
	fi
}

unlike() {
	if grep -qE -- "$3" <<<"$2"; then
		not_ok "$1" "there is /$3/ in: $2"
	else
		ok "$1"
	fi
}

# within NAME GOT LOW HIGH: whole numbers.
within() {
	if [ "$2" -ge "$3" ] && [ "$2" -le "$4" ]; then
		ok "$1"
	else
		not_ok "$1" "$2 is not between $3 and $4"
	fi
}

# counted COMMAND...: a helper that prints "ok - " and "not ok - " lines of its own.
counted() {
	local out line
	out=$("$@" 2>helper.err) || not_ok "$*" "exit $? $(tail -n 5 helper.err)"
	while IFS= read -r line; do
		case $line in
		'ok - '*) ok "${line#ok - }" ;;
		'not ok - '*) not_ok "${line#not ok - }" ;;
		'skip - '*) skip "${line#skip - }" 'see the helper' ;;
		*) echo "$line" ;;
		esac
	done <<<"$out"
}

# wait_for SECONDS COMMAND...: until it exits 0; 1 when it never does.  A wait ends as soon as what it waits for is
# there, so its limit costs nothing and is never less than PATIENCE: no test fails because the machine is busy.
PATIENCE=${PATIENCE:-120}
wait_for() {
	local end=$(($(date +%s) + ($1 > PATIENCE ? $1 : PATIENCE)))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# --- the bed ---------------------------------------------------------------
# bed NAME: the temp dir, the ports, the certificates.
bed() {
	bed_name=$1
	BED=$(mktemp -d "${TMPDIR:-/tmp}/sluice-$1.XXXXXX") || exit 2
	bed_pids=()
	trap bed_end EXIT
	trap 'exit 130' INT TERM
	cd "$BED" || exit 2
	chmod 755 "$BED"
	export HOME=$BED
	PKI=$TOP/build/e2e/pki
	"$TOP/test/origin/certs.sh" "$PKI" || exit 2
	BUNDLE=$PKI/bundle.pem
	read -r PORT PORT2 DNS TLS WEB < <("$PY" "$TOP/test/origin/ports.py" 5)
	export PORT TLS WEB
	PX=http://127.0.0.1:$PORT
	CA=$BED/ca/ca.crt
	: >hosts
	: >origins.spec
	mkdir -p ca log lists
	bed_lists=''
	bed_options=''
}

bed_end() {
	local rc=$? pid log
	trap - EXIT
	cd / || exit 2
	if [ "${bed_proxy_pid:-}" ]; then
		stop_proxy
	fi
	for pid in "${bed_pids[@]}"; do
		kill "$pid" 2>/dev/null
	done
	for pid in "${bed_pids[@]}"; do
		wait "$pid" 2>/dev/null
	done
	if [ "$failed" -gt 0 ] || [ "$rc" -ne 0 ]; then
		for log in "$BED"/log/*.err; do
			[ ! -s "$log" ] || echo "--- the end of ${log##*/}"
			tail -n "${BED_LOG:-40}" "$log"
		done
	fi
	if [ "$rc" -ne 0 ] && [ "$failed" -eq 0 ]; then
		failed=1
		echo "not ok - $bed_name ended early: exit $rc"
	fi
	if [ "${BED_KEEP:-}" ]; then
		echo "kept: $BED"
	else
		rm -rf "$BED"
	fi
	echo "$bed_name: $passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}

# keep_pid PID: to be ended with the bed.
keep_pid() {
	bed_pids+=("$1")
}

# in_background COMMAND...: started with output to log/NAME; $! is kept.
in_background() {
	"$@" &
	keep_pid $!
}

can_connect() {
	"$PY" -c 'import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)' "$1" "$2"
}

# host NAME WORDS...: a line for the DNS server.
host() {
	echo "$*" >>hosts
}

start_dns() {
	in_background "$PY" "$TOP/test/origin/dns.py" "$DNS" "$BED/hosts" "$BED/log/dns" >log/dns.err 2>&1
	wait_for 10 can_connect 127.0.0.1 "$DNS" || echo "bed: no DNS server"
}

# origin NAME ADDRESS KIND [KEY=VALUE...]: NAME.bed.test at ADDRESS; port $WEB for http, else $TLS.
origin() {
	local name=$1 addr=$2 kind=$3 port=$TLS
	shift 3
	[ "$kind" != http ] || port=$WEB
	echo "$name $addr $port $kind $*" >>origins.spec
	host "${name%%:*}.bed.test" "$addr"
}

start_origins() {
	rm -f log/ready
	in_background "$PY" "$TOP/test/origin/origin.py" "$BED/origins.spec" "$BED/log" >log/origins.err 2>&1
	wait_for 15 test -s log/ready || {
		cat log/origins.err
		exit 2
	}
}

# The origins that most scripts need: www (EC), rsa, v6, ip (its address in the certificate), plain http.
usual_origins() {
	origin www 127.20.0.1 https "cert=$PKI/ec.pem"
	origin rsa 127.20.0.2 https "cert=$PKI/rsa.pem"
	origin ip 127.20.0.9 https "cert=$PKI/ip.pem"
	origin plain 127.20.0.3 http
	start_dns
	start_origins
}

# got NAME / events NAME: what an origin was sent, and what happened there.
got() {
	cat "$BED/log/$1.got" 2>/dev/null
}

events() {
	cat "$BED/log/$1.log" 2>/dev/null
}

# forget NAME...: empties both.
forget() {
	local name
	for name in "$@"; do
		: >"$BED/log/$name.got"
		: >"$BED/log/$name.log"
	done
}

# --- the proxy ---------------------------------------------------------------
# list NAME ACTION LINES...: a list of the policy.
list() {
	local name=$1 action=$2
	shift 2
	printf '%s\n' "$@" >"$BED/lists/$name"
	bed_lists+="config list '$name'
	option action '$action'
	option file '$BED/lists/$name'
"
}

# option LINE...: further lines of `main`, as they stand in the file.  An option set twice: the last counts.
option() {
	bed_options+="	$*
"
}

# configure [FILE]: writes the configuration.
configure() {
	local conf=${1:-$BED/sluice.conf}
	{
		echo "config sluice 'main'"
		{
			cat <<CONF
	list listen '127.0.0.1:$PORT'
	list listen '[::1]:$PORT'
	list connect_port '$TLS'
	list http_port '$WEB'
	list resolver '127.0.0.1:$DNS'
	option private_upstream '1'
	option ca_bundle '$BUNDLE'
	option ca_cert '$BED/ca/ca.crt'
	option ca_key '$BED/ca/ca.key'
	option cache '$BED/ca/leaves'
	option log 'info'
CONF
			printf '%s' "$bed_options"
		} | awk '{ if ($1 == "option") { if (!($2 in last)) order[++n] = $2; last[$2] = $0 } else print }
			END { for (i = 1; i <= n; i++) print last[order[i]] }'
		printf '%s' "$bed_lists"
	} >"$conf"
}

# start_proxy [FILE]: runs it and waits until it serves.  BED_WRAP: words before the command (ulimit, setpriv ...).
start_proxy() {
	local conf=${1:-$BED/sluice.conf}
	[ $# -gt 0 ] || configure "$conf"
	ASAN_OPTIONS=abort_on_error=0:exitcode=99:detect_leaks=1:verify_asan_link_order=0 UBSAN_OPTIONS=print_stacktrace=1 \
		${BED_WRAP:-} "$SLUICE" -c "$conf" >>"$BED/log/proxy.out" 2>>"$BED/log/proxy.err" &
	bed_proxy_pid=$!
	if ! wait_for "${BED_START:-15}" proxy_serves; then
		not_ok 'the proxy starts' "$(tail -n 5 "$BED/log/proxy.err")"
		bed_proxy_pid=
		return 1
	fi
}

proxy_serves() {
	kill -0 "$bed_proxy_pid" 2>/dev/null || return 0
	can_connect 127.0.0.1 "$PORT" && [ -s "$CA" ]
}

proxy_is_alive() {
	kill -0 "$bed_proxy_pid" 2>/dev/null
}

# stop_proxy: SIGTERM; it must end by itself with status 0 and no sanitizer's word in its log.
stop_proxy() {
	local pid=$bed_proxy_pid rc
	bed_proxy_pid=
	[ -n "$pid" ] || return 0
	if ! kill "$pid" 2>/dev/null; then
		wait "$pid"
		not_ok 'the proxy lives until it is told to end' "it ended with $?"
	else
		if ! wait_for "${BED_DRAIN:-45}" gone "$pid"; then
			not_ok 'the proxy ends on SIGTERM' 'killed'
			kill -9 "$pid"
		fi
		wait "$pid"
		rc=$?
		is 'the proxy ends with status 0' "$rc" 0
	fi
	if grep -qE 'AddressSanitizer|LeakSanitizer|runtime error:' "$BED/log/proxy.err"; then
		not_ok 'the sanitizers are silent' "$(grep -m1 -A12 -E 'Sanitizer|runtime error:' "$BED/log/proxy.err")"
	fi
}

gone() {
	! kill -0 "$1" 2>/dev/null || [ "$(ps -o stat= -p "$1" | head -c 1)" = Z ]
}

# logged REGEX: a line of the proxy's log has it (waits a moment: it is written at the end of a request).
logged() {
	wait_for "${2:-5}" grep -qE -- "$1" "$BED/log/proxy.err"
}

# log_line NAME REGEX: a test that such a line comes.
log_line() {
	if logged "$2"; then
		ok "$1"
	else
		not_ok "$1" "no /$2/ in the log; its end: $(tail -n 3 "$BED/log/proxy.err")"
	fi
}

rss_kib() {
	awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}

open_fds() {
	find "/proc/$1/fd" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l
}

# --- clients ---------------------------------------------------------------
# px ARGS...: curl through the proxy, trusting its CA and nothing else.
px() {
	curl -sS --http1.1 --max-time "${MAX:-$PATIENCE}" -x "$PX" --cacert "$CA" "$@"
}

# status ARGS...: what answer came: its status, 000 if there was none.
status() {
	px -o "$BED/body" -D "$BED/head" -w '%{http_code}' "$@" 2>"$BED/curl.err"
}

# tunnel_status ARGS...: the answer to CONNECT.
tunnel_status() {
	px -o /dev/null -D "$BED/head" -w '%{http_connect}' "$@" 2>"$BED/curl.err"
}

# raw SCRIPT.py ARGS...: a Python client that counts by itself, see test/e2e/client.py.
raw() {
	PYTHONPATH=$TOP/test/e2e BED=$BED CA=$CA counted "$PY" -B "$@"
}
