#!/bin/sh
# For the feed's CI: test.sh PACKAGE VERSION, in a container with the package installed.

case "$1" in
sluice)
	sluice --version | grep -F "$2" || exit 1
	# A container has no br-lan.
	sed 's/br-lan:3128/lo:3128/' /etc/config/sluice > /tmp/sluice.good
	sluice -t -c /tmp/sluice.good || exit 1
	echo "config sluice 'main'
	option inspekt '1'" > /tmp/sluice.bad
	! sluice -t -c /tmp/sluice.bad || exit 1
	;;
esac
