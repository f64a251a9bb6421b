#!/bin/sh
# For the feed's CI: test.sh PACKAGE VERSION, in a container with the package installed.

case "$1" in
sluice)
	sluice --version | grep -F "$2" || exit 1
	sluice -t -c /etc/config/sluice || exit 1
	echo "config sluice 'main'
	option inspekt '1'" > /tmp/sluice.bad
	! sluice -t -c /tmp/sluice.bad || exit 1
	;;
esac
