#!/bin/bash
# Half a ClientHello, half a record, half a head: each holds its place for seconds, not hours.  And records before a
# ClientHello hide its name from nobody.
. "$(dirname "$0")/lib.sh"
bed halves
origin echo.quiet 127.20.0.32 echo
origin waits 127.20.0.33 echo
usual_origins
host echo.bed.test 127.20.0.33
host ads.bed.test 127.20.0.33
list quiet tunnel quiet.bed.test
list ads block ads.bed.test
start_proxy || exit 1
raw "$TOP/test/e2e/halves.py"
stop_proxy
