# shellcheck shell=sh
# What clients in shell begin with.
set -u
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY

# need COMMAND-OR-FILE...
need() {
	for what; do
		command -v "$what" >/dev/null 2>&1 || [ -e "$what" ] || {
			echo "no ${what##*/}"
			exit 77
		}
	done
}

# fail WHY: the last of what the program said, or else WHY.
fail() {
	[ ! -s err ] || grep -v '^[[:space:]]*$' err | tail -n 3 | tr '\n' ' '
	echo "$*"
	exit 1
}

# by_environment: the proxy where most programs look for it.
by_environment() {
	if [ "$PROXY" ]; then
		export http_proxy="$PROXY" https_proxy="$PROXY" HTTP_PROXY="$PROXY" HTTPS_PROXY="$PROXY"
	fi
}

# same_big FILE: is it the origin's big file?
same_big() {
	[ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$(cat big.sum)" ] || fail "$1 is not what was sent"
}
