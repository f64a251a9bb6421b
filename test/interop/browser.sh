# shellcheck shell=bash
# For clients that are browsers: what the page's script did, the origin has seen.

# browse COMMAND...: runs until the page has fetched and has had its WebSocket's answer, 60 s at most.
browse() {
	local pid i got=
	"$@" >browser.out 2>&1 &
	pid=$!
	for ((i = 0; i < 300; i++)); do
		if grep -q "/hello?ws$TOKEN" "$SEEN" && grep -q "/hello?ran$TOKEN" "$SEEN"; then
			got=1
			break
		fi
		kill -0 $pid 2>/dev/null || break
		# A certificate that is refused is not tried again: half of the time is enough to see that.
		[ "$MODE" != without ] || [ $i -lt 75 ] || break
		sleep 0.2
	done
	pkill -P $pid 2>/dev/null
	kill $pid 2>/dev/null
	wait $pid 2>/dev/null
	[ ! $got ] || {
		echo ok
		return 0
	}
	if grep -q "/page.html?$TOKEN" "$SEEN"; then echo 'the page was fetched, its script did not do all'; else echo 'the page was not fetched'; fi
	return 1
}
