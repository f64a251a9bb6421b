# shellcheck shell=bash disable=SC2154 # $line comes from run
# What the proxy's log tells of one client's run: $line has its lines.

# A request was read inside TLS.
was_inspected() {
	grep -qE '^[^ ]+ [A-Z-]+ https://[^ ]+ [0-9]+ inspected' <<<"$line"
}

was_tunnelled() {
	grep -q ' tunnelled ' <<<"$line"
}

why_tunnelled() {
	sed -nE 's/^.* tunnelled \(([^)]*)\).*$/\1/p' <<<"$line" | sort -u | head -n 1
}

# What it says of the last failure; or else what it says at all, without names, bytes and times.
why_refused() {
	local why
	why=$(sed -nE 's/^.* failed in [a-z]+: //p' <<<"$line" | sed -E 's/ for [a-z.]*bed\.test//' | tail -n 1)
	[ -n "$why" ] || why=$(sed -nE 's/^[^ ]+ ([A-Z]+) .* (inspected|tunnelled|plain|refused).*$/only \1, \2/p' <<<"$line" | tail -n 1)
	echo "${why:-nothing}"
}
