/*
 * net: socket addresses, ranges, and the few socket calls the proxy makes.
 *
 * Owns nothing.  Knows which addresses are private, which are this machine's, which are on a directly
 * connected network.  Every socket it makes is non-blocking and close-on-exec.  No name is resolved here.
 */
#ifndef NET_H
#define NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An IPv4 or IPv6 address with a port.  v4-mapped IPv6 is stored as IPv4, so one address has one form. */
struct net_addr {
	uint8_t family; /* 4, 6; 0: none */
	uint8_t ip[16]; /* network order; an IPv4 address uses the first four, the rest are 0 */
	uint16_t port;  /* host order */
	uint32_t scope; /* IPv6 link-local: interface index, else 0 */
};

/* Longest text of net_addr_format: "[ipv6%ifname]:65535" and NUL. */
enum { NET_ADDR_TEXT = 80 };

/* "1.2.3.4" or "::1" (no brackets, no port) of len bytes.  Returns 0, or -1: no address.  Only the strict
 * dotted quad is an IPv4 address: "127.1", "0x7f.1" and "010.0.0.1" are refused, for a resolver or a peer
 * may read them otherwise.  No scope ("fe80::1%eth0") either: it means something on this machine only. */
int net_addr_parse(struct net_addr *a, const char *text, size_t len);

/* "1.2.3.4:80", "[::1]:80", port 1..65535.  Returns 0 or -1. */
int net_addr_parse_port(struct net_addr *a, const char *text, size_t len);

/* Writes "1.2.3.4:80" or "[::1]:80"; without the port and brackets if with_port is false.  Returns out. */
char *net_addr_format(char out[NET_ADDR_TEXT], const struct net_addr *a, bool with_port);

/* Same family and address; ports and scopes are not looked at. */
bool net_addr_same(const struct net_addr *a, const struct net_addr *b);

/* The IPv4 address that a translator or a relay would go to: NAT64's 64:ff9b::/96 (RFC 6052), 6to4's 2002::/16
 * (RFC 3056).  Any other address stays what it is. */
struct net_addr net_addr_unwrap(const struct net_addr *a);

/* "10.0.0.0/8", "fd00::/8", or a single address. "192.168.1.1/24" means 192.168.1.0/24. */
struct net_range {
	struct net_addr base; /* host bits are zero */
	uint8_t bits;
};
int net_range_parse(struct net_range *r, const char *text, size_t len);
/* "192.168.1.40-192.168.1.50", "192.168.1.40-.50" or "...-50" as the fewest ranges out[max], in order.  IPv4 alone.
 * Returns how many, 0: it is nothing of this form; more than max (62 are enough for any): they did not fit. */
size_t net_span_parse(struct net_range *out, size_t max, const char *text, size_t len);
bool net_range_has(const struct net_range *r, const struct net_addr *a);

/*
 * Addresses that a forward proxy must not reach for its clients: all that is not globally reachable (RFC 6890).
 * IPv4: 0/8, loopback, private (RFC 1918), 100.64/10, link-local, 192.0.0/24, documentation, benchmarks,
 * multicast, 240/4.  IPv6: all outside of 2000::/3 (so fc00::/7, fe80::/10, v4-mapped, 64:ff9b:1::/48), 2001::/23
 * with Teredo, documentation; 64:ff9b::/96 and 2002::/16 are judged by the IPv4 address inside.
 */
bool net_is_private(const struct net_addr *a);

/* Loopback, RFC 1918, fc00::/7, link-local: who may use the proxy unless `list client` says otherwise. */
bool net_is_local_client(const struct net_addr *a);

/* This machine's own addresses (with 0.0.0.0, :: and 127/8, which lead here too), or a network that it is
 * directly connected to; the IPv4 address inside 64:ff9b::/96 and 2002::/16 counts as well.  Both read the
 * interfaces afresh (getifaddrs): addresses come and go on a router.  When that fails: true, the safe answer. */
bool net_is_own(const struct net_addr *a);
bool net_is_on_link(const struct net_addr *a);

/*
 * Puts the addresses of interface `name` (a device name such as "br-lan") with `port` into out[max].
 * IPv6 link-local addresses come with their scope.  Returns how many, 0 if there is no such interface.
 */
size_t net_device_addrs(const char *name, uint16_t port, struct net_addr *out, size_t max);

/* Is there a device of this name, with addresses or without?  True also when that can't be known. */
bool net_has_device(const char *name);

/* Could net_listen have this address?  Tried with a socket that is not listened on, so that nobody is met and no
 * daemon that starts just now is kept from it.  0, or -1 with errno. */
int net_can_listen(const struct net_addr *a);

/* A listening socket, or -1 with errno.  IPV6_V6ONLY, SO_REUSEADDR; IP_FREEBIND where there is one. */
int net_listen(const struct net_addr *a);

/* Accepts one connection: the descriptor and the peer's address, or -1 with errno (EAGAIN: none waits). */
int net_accept(int listener, struct net_addr *peer);

/* Begins to connect: a descriptor (in progress or done), or -1 with errno. */
int net_connect(const struct net_addr *a);

/* After the descriptor became writable: 0 connected, EINPROGRESS not yet, else the errno of the failure. */
int net_connect_result(int fd);

/* Where the client of an accepted connection wanted to go before the firewall redirected it here (netfilter's
 * SO_ORIGINAL_DST).  Returns 0, or -1: that is not known.  One that came here by itself has our own address. */
int net_original_dst(int fd, struct net_addr *a);

/* The local address of a socket, e.g. to see a proxy loop.  Returns 0 or -1. */
int net_local_addr(int fd, struct net_addr *a);

#endif
