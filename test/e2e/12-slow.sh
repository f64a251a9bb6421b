#!/bin/bash
# Those who take their time: slow-loris clients, origins that never answer, idle ones.  Each state has a deadline;
# these tests wait for them, all at once.
. "$(dirname "$0")/lib.sh"
bed slow
origin mute 127.20.0.31 mute
usual_origins
host silent.bed.test silent
host blackhole.bed.test 127.20.0.31
option "option connections '64'"
option "option answer_timeout '60'"
start_proxy || exit 1
raw "$TOP/test/e2e/slow.py"
quiet_again() {
	[ "$(open_fds "$bed_proxy_pid")" -lt 30 ]
}
check 'no connection is left over' wait_for 20 quiet_again
is 'it serves as before' "$(px "https://www.bed.test:$TLS/hello")" 'hello from www'
log_line 'a deadline is logged with its state' 'mute\.bed\.test.*50[24]|50[24].*mute\.bed\.test'
