#!/bin/bash
# Requests that could be read in two ways: refused, closed, and nothing of them reaches an origin.
. "$(dirname "$0")/lib.sh"
bed framing
usual_origins
start_proxy || exit 1
raw "$TOP/test/e2e/framing.py"
