# shellcheck shell=bash
# For scripts that want Chromium: `. lib.sh; bed NAME; . browser.sh`.

have_browser() {
	command -v chromium >/dev/null && command -v certutil >/dev/null
}

# browser_trusts FILE: the CA in the bed's NSS store.
browser_trusts() {
	mkdir -p "$BED/.pki/nssdb"
	certutil -N -d "sql:$BED/.pki/nssdb" --empty-password
	certutil -A -d "sql:$BED/.pki/nssdb" -n bed -t C,, -i "$1"
}

# browse NAME URL OPTION...: headless, with a new profile; the DOM goes to NAME.html if --dump-dom is among the
# options.  BED_BROWSER: words before the command.
browse() {
	local name=$1 url=$2 dir
	shift 2
	dir=$(mktemp -d "$BED/profile.XXXXXX")
	timeout -k 5 300 ${BED_BROWSER:-} chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-dev-shm-usage --disable-background-networking --disable-component-update --disable-sync \
		--disable-extensions --disable-default-apps --metrics-recording-only --disable-breakpad \
		--disable-crash-reporter --user-data-dir="$dir" --window-size=412,915 --hide-scrollbars \
		"$@" "$url" >"$name.html" 2>"$name.err"
	local rc=$?
	rm -rf "$dir"
	return $rc
}
