#!/bin/bash
# redirect.sh ROOT: loads the nft text that the package left in ROOT, and prints who answers a client on lan.
#
# Runs in a network namespace of its own, the router; the client is behind v0, and behind w0 an outside with
# the addresses of others.  The table has the shape of what fw4 makes of the package's data.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$1
pids=
trap 'kill $pids 2>/dev/null' EXIT

unshare -n sleep 600 &
client=$!
unshare -n sleep 600 &
outside=$!
pids="$client $outside"
for pid in $pids; do
	until [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do
		sleep 0.1
	done
done

ip link set lo up
ip link add v0 type veth peer name v1 netns "$client"
ip link add w0 type veth peer name w1 netns "$outside"
for link in v0 w0; do
	ip link set "$link" addrgenmode none
	ip link set "$link" up
done
ip addr add 192.168.1.1/24 dev v0
ip addr add 2001:db8:1::1/64 dev v0 nodad
ip addr add fe80::1/64 dev v0 nodad
ip addr add 198.51.100.2/24 dev w0
ip addr add 2001:db8:2::2/64 dev w0 nodad
ip addr add fe80::2/64 dev w0 nodad
ip route add default via 198.51.100.1
ip -6 route add default via 2001:db8:2::1
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
inside() {
	local pid=$1
	shift
	nsenter -t "$pid" -n "$@"
}
inside "$client" sh -e <<-'SH'
	ip link set lo up
	ip addr add 192.168.1.2/24 dev v1
	ip addr add 2001:db8:1::2/64 dev v1 nodad
	ip link set v1 up
	ip route add default via 192.168.1.1
	ip -6 route add default via 2001:db8:1::1
SH
inside "$outside" sh -e <<-'SH'
	ip link set lo up
	ip addr add 198.51.100.1/24 dev w1
	ip addr add 2001:db8:2::1/64 dev w1 nodad
	ip link set w1 up
	ip route add 192.168.1.0/24 via 198.51.100.2
	ip -6 route add 2001:db8:1::/64 via 2001:db8:2::2
	for net in 203.0.113.0/24 10.0.0.5 100.64.0.5 172.16.0.5 192.168.50.5 198.18.0.5 2001:db8:5::/64 fd00:50::5; do
		ip route add local $net dev lo
	done
SH
"$here/redirect.py" serve router 80 443 &
pids="$pids $!"
"$here/redirect.py" serve proxy 3129 &
pids="$pids $!"
nsenter -t "$outside" -n "$here/redirect.py" serve outside 80 443 8443 &
pids="$pids $!"

load() {
	cat >"$root/tmp/fw4.nft" <<-'NFT'
		table inet fw4
		flush table inet fw4
		table inet fw4 {
			chain dstnat {
				type nat hook prerouting priority dstnat; policy accept;
				iifname "v0" jump dstnat_lan
			}
			chain dstnat_lan {
				ip daddr 203.0.113.99 tcp dport 80 redirect to 443 comment "the user's own"
			}
			include "/usr/share/nftables.d/table-post/50-sluice.nft"
		}
	NFT
	chroot "$root" /bin/nft -f /tmp/fw4.nft
}
ask() {
	inside "$client" "$here/redirect.py" ask "$@"
}
# until the listeners are there
for target in 192.168.1.1,443 192.168.1.1,3129 203.0.113.5,443; do
	until ask "$target" | grep -q 'router\|proxy\|outside'; do
		sleep 0.1
	done
done

load
echo '== to the outside'
ask 203.0.113.5,443 203.0.113.5,80 203.0.113.5,8443 2001:db8:5::5,443 2001:db8:5::5,80 2001:db8:5::5,8443 \
	64:ff9b::cb00:7105,443 172.32.0.1,443 203.0.113.99,80
echo '== to the router'
ask 192.168.1.1,443 192.168.1.1,80 198.51.100.2,443 2001:db8:1::1,443 2001:db8:2::2,80 fe80::1%v1,443
echo '== to private networks'
ask 10.0.0.5,443 100.64.0.5,443 172.16.0.5,80 192.168.50.5,443 198.18.0.5,443 fd00:50::5,443
echo '== an address comes, and goes'
ip addr add 203.0.113.5/32 dev w0
ask 203.0.113.5,443
ip addr del 203.0.113.5/32 dev w0
ask 203.0.113.5,443
echo '== after stop'
rm "$root/var/run/sluice/firewall.nft"
load
ask 203.0.113.5,443 2001:db8:5::5,80 203.0.113.99,80
nft list table inet fw4 | grep -c sluice || true
