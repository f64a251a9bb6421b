#!/bin/bash
# No client chooses to be unseen: whatever flags it has, a tunnel is to be had only where nothing could concern the host.
. "$(dirname "$0")/lib.sh"
bed unseen
usual_origins
host url.bed.test 127.20.0.2
host wanted.bed.test 127.20.0.2
host first.bed.test 127.20.0.44
host first.url.bed.test 127.20.0.44
host first.wanted.bed.test 127.20.0.44
list urls block 'url.bed.test/secret*' 'first.url.bed.test/secret*'
list wanted inspect wanted.bed.test first.wanted.bed.test
start_proxy || exit 1
raw "$TOP/test/e2e/unseen.py"
stop_proxy
