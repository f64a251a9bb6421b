/*
 * net: socket addresses, ranges, and the few socket calls the proxy makes.  See net.h.
 *
 * One form for each address is what the checks rest on: every way in (text, sockaddr) ends in addr_settle,
 * which turns v4-mapped IPv6 into IPv4.  Keeps nothing between calls: interfaces are read each time.
 */
#include "lib/net/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connections that the kernel holds for us between two turns.  A browser opens a few dozen at once, old kernels
 * clamp to 128, and each costs kernel memory; who comes later is tried again by his own TCP. */
enum { NET_BACKLOG = 128 };

/* --- prefixes ------------------------------------------------------------------------------------- */

struct prefix {
	uint8_t family, bits, ip[5];
};

/* Not globally reachable by IANA's special-purpose registries (RFC 6890), and multicast.  For IPv6 these are
 * the exceptions inside 2000::/3: see net_is_private. */
static const struct prefix reserved[] = {
	{ 4, 8, { 0 } },                       /* "this network", RFC 791 */
	{ 4, 8, { 10 } },                      /* private, RFC 1918 */
	{ 4, 10, { 100, 64 } },                /* carrier-grade NAT, RFC 6598 */
	{ 4, 8, { 127 } },                     /* loopback */
	{ 4, 16, { 169, 254 } },               /* link-local: the cloud's metadata too */
	{ 4, 12, { 172, 16 } },                /* private */
	{ 4, 24, { 192, 0, 0 } },              /* protocol assignments, DS-Lite */
	{ 4, 24, { 192, 0, 2 } },              /* documentation, RFC 5737 */
	{ 4, 16, { 192, 168 } },               /* private */
	{ 4, 15, { 198, 18 } },                /* benchmarks, RFC 2544 */
	{ 4, 24, { 198, 51, 100 } },           /* documentation */
	{ 4, 24, { 203, 0, 113 } },            /* documentation */
	{ 4, 3, { 224 } },                     /* multicast 224/4, reserved 240/4, broadcast */
	{ 6, 23, { 0x20, 0x01, 0 } },          /* protocols; 2001::/32 is Teredo */
	{ 6, 32, { 0x20, 0x01, 0x0d, 0xb8 } }, /* documentation */
	{ 6, 20, { 0x3f, 0xff, 0 } },          /* documentation, RFC 9637 */
};

/* Where the first users of a router's proxy are. */
static const struct prefix local[] = {
	{ 4, 8, { 127 } },         /* loopback */
	{ 4, 8, { 10 } },          /* RFC 1918 */
	{ 4, 12, { 172, 16 } },    /* RFC 1918 */
	{ 4, 16, { 192, 168 } },   /* RFC 1918 */
	{ 4, 16, { 169, 254 } },   /* link-local */
	{ 6, 7, { 0xfc } },        /* unique local, RFC 4193 */
	{ 6, 10, { 0xfe, 0x80 } }, /* link-local */
};

static bool
same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(a, b, whole) == 0 &&
	       (rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0);
}

static bool
any_has(const struct prefix *p, size_t count, const struct net_addr *a)
{
	for (size_t i = 0; i < count; i++)
		if (p[i].family == a->family && same_bits(p[i].ip, a->ip, p[i].bits))
			return true;
	return false;
}

/* --- one form for each address -------------------------------------------------------------------- */

/* ::ffff:1.2.3.4 is 1.2.3.4 (RFC 4291 section 2.5.5.2).  True if it was mapped. */
static bool
addr_settle(struct net_addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (a->family != 6 || memcmp(a->ip, mapped, sizeof mapped) != 0)
		return false;
	a->family = 4;
	a->scope = 0;
	memcpy(a->ip, a->ip + 12, 4);
	memset(a->ip + 4, 0, 12);
	return true;
}

struct net_addr
net_addr_unwrap(const struct net_addr *a)
{
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
	struct net_addr v4 = { .family = 4, .port = a->port };

	if (a->family != 6)
		return *a;
	if (memcmp(a->ip, nat64, sizeof nat64) == 0)
		memcpy(v4.ip, a->ip + 12, 4);
	else if (a->ip[0] == 0x20 && a->ip[1] == 0x02)
		memcpy(v4.ip, a->ip + 2, 4);
	else
		return *a;
	return v4;
}

static int
addr_from(struct net_addr *a, const struct sockaddr *sa)
{
	*a = (struct net_addr){ 0 };
	if (sa != NULL && sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof in); /* not by cast: sa may be aligned for bytes only */
		a->family = 4;
		a->port = ntohs(in.sin_port);
		memcpy(a->ip, &in.sin_addr, 4);
	} else if (sa != NULL && sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof in6);
		a->family = 6;
		a->port = ntohs(in6.sin6_port);
		a->scope = in6.sin6_scope_id;
		memcpy(a->ip, &in6.sin6_addr, 16);
		addr_settle(a);
	} else {
		return -1;
	}
	return 0;
}

static socklen_t
addr_to(struct sockaddr_storage *ss, const struct net_addr *a)
{
	memset(ss, 0, sizeof *ss);
	if (a->family == 4) {
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(a->port) };

		memcpy(&in.sin_addr, a->ip, 4);
		memcpy(ss, &in, sizeof in);
		return sizeof in;
	}
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(a->port), .sin6_scope_id = a->scope
	};

	memcpy(&in6.sin6_addr, a->ip, 16);
	memcpy(ss, &in6, sizeof in6);
	return sizeof in6;
}

/* --- text ----------------------------------------------------------------------------------------- */

/* A decimal number without sign or leading zeros, 0..most.  Returns it, or -1. */
static int
number_parse(const char *text, size_t len, int most)
{
	int n = 0;

	if (len == 0 || len > 5 || (len > 1 && text[0] == '0'))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		n = n * 10 + (text[i] - '0');
	}
	return n <= most ? n : -1;
}

/* Four numbers without leading zeros.  uClibc-ng's inet_pton takes "010.0.0.1", which others read as octal. */
static bool
is_strict_quad(const char *text)
{
	for (int part = 0; part < 4; part++) {
		size_t len = strspn(text, "0123456789");

		if (len == 0 || len > 3 || (len > 1 && *text == '0'))
			return false;
		text += len;
		if (*text != (part < 3 ? '.' : '\0'))
			return false;
		text++;
	}
	return true;
}

/* The form that inet_pton of every libc reads alike: a dotted quad, also as the end of an IPv6 address, is strict. */
static bool
is_plain_text(const char *text)
{
	const char *colon = strrchr(text, ':');

	return strchr(text, '.') == NULL || is_strict_quad(colon != NULL ? colon + 1 : text);
}

static int
addr_parse(struct net_addr *a, const char *text, size_t len, bool *mapped)
{
	char copy[INET6_ADDRSTRLEN];

	*a = (struct net_addr){ 0 };
	*mapped = false;
	if (len == 0 || len >= sizeof copy || memchr(text, '\0', len) != NULL)
		return -1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (!is_plain_text(copy))
		return -1;
	if (inet_pton(AF_INET, copy, a->ip) == 1) {
		a->family = 4;
	} else if (inet_pton(AF_INET6, copy, a->ip) == 1) {
		a->family = 6;
		*mapped = addr_settle(a);
	} else {
		*a = (struct net_addr){ 0 };
		return -1;
	}
	return 0;
}

int
net_addr_parse(struct net_addr *a, const char *text, size_t len)
{
	bool mapped;

	return addr_parse(a, text, len, &mapped);
}

int
net_addr_parse_port(struct net_addr *a, const char *text, size_t len)
{
	size_t colon = len;
	bool brackets;
	int port;

	*a = (struct net_addr){ 0 };
	while (colon > 0 && text[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return -1;
	port = number_parse(text + colon, len - colon, 65535);
	colon--;
	brackets = colon > 2 && text[0] == '[' && text[colon - 1] == ']';
	/* Brackets belong to IPv6 alone: "::1:80" could be read in two ways. */
	if (port <= 0 || brackets != (memchr(text, ':', colon) != NULL) ||
		net_addr_parse(a, text + brackets, colon - 2 * brackets) != 0)
		return -1;
	a->port = (uint16_t)port;
	return 0;
}

char *
net_addr_format(char out[NET_ADDR_TEXT], const struct net_addr *a, bool with_port)
{
	char ip[INET6_ADDRSTRLEN] = "none", scope[IF_NAMESIZE + 2] = "";

	if (a->family != 0)
		inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->ip, ip, sizeof ip);
	if (a->family == 6 && a->scope != 0) {
		char name[IF_NAMESIZE];

		if (if_indextoname(a->scope, name) != NULL)
			snprintf(scope, sizeof scope, "%%%s", name);
		else
			snprintf(scope, sizeof scope, "%%%u", (unsigned)a->scope);
	}
	if (!with_port)
		snprintf(out, NET_ADDR_TEXT, "%s%s", ip, scope);
	else if (a->family == 6)
		snprintf(out, NET_ADDR_TEXT, "[%s%s]:%u", ip, scope, (unsigned)a->port);
	else
		snprintf(out, NET_ADDR_TEXT, "%s:%u", ip, (unsigned)a->port);
	return out;
}

bool
net_addr_same(const struct net_addr *a, const struct net_addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

/* --- ranges --------------------------------------------------------------------------------------- */

int
net_range_parse(struct net_range *r, const char *text, size_t len)
{
	const char *slash = len > 0 ? memchr(text, '/', len) : NULL;
	size_t addr_len = slash != NULL ? (size_t)(slash - text) : len;
	bool mapped;
	int most, bits;

	*r = (struct net_range){ 0 };
	if (addr_parse(&r->base, text, addr_len, &mapped) != 0)
		return -1;
	most = r->base.family == 4 && !mapped ? 32 : 128;
	bits = slash == NULL ? most : number_parse(slash + 1, len - addr_len - 1, most);
	if (mapped)
		bits -= 96; /* ::ffff:10.0.0.0/104 is 10.0.0.0/8; less than 96 bits has no IPv4 form */
	if (bits < 0) {
		*r = (struct net_range){ 0 };
		return -1;
	}
	r->bits = (uint8_t)bits;
	for (int i = bits; i < 128; i++)
		r->base.ip[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	return 0;
}

static uint32_t
addr_number(const struct net_addr *a)
{
	return (uint32_t)a->ip[0] << 24 | (uint32_t)a->ip[1] << 16 | (uint32_t)a->ip[2] << 8 |
	       a->ip[3];
}

/* The end of a span: an address, or the last number of one that begins like `from`, with its dot or without. */
static int
span_end(struct net_addr *to, const struct net_addr *from, const char *text, size_t len)
{
	unsigned last = 0;

	if (net_addr_parse(to, text, len) == 0)
		return to->family == 4 ? 0 : -1;
	if (len > 0 && *text == '.')
		text++, len--;
	if (len == 0 || len > 3)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		last = last * 10 + (unsigned)(text[i] - '0');
	}
	*to = *from;
	to->ip[3] = (uint8_t)last;
	return last <= 255 ? 0 : -1;
}

size_t
net_span_parse(struct net_range *out, size_t max, const char *text, size_t len)
{
	const char *dash = memchr(text, '-', len);
	size_t before = dash != NULL ? (size_t)(dash - text) : 0, count = 0;
	struct net_addr from, to;
	uint64_t at, end;

	if (dash == NULL || net_addr_parse(&from, text, before) != 0 || from.family != 4 ||
		span_end(&to, &from, dash + 1, len - before - 1) != 0)
		return 0;
	at = addr_number(&from);
	end = addr_number(&to);
	while (at <= end) {
		unsigned bits = 32;
		uint64_t size = 1;

		/* The largest range that begins here and does not pass the end. */
		while (bits > 0 && at % (2 * size) == 0 && at + 2 * size - 1 <= end) {
			size *= 2;
			bits--;
		}
		if (count < max)
			out[count] = (struct net_range){
				.base = { .family = 4,
					.ip = { (uint8_t)(at >> 24), (uint8_t)(at >> 16),
						(uint8_t)(at >> 8), (uint8_t)at } },
				.bits = (uint8_t)bits
			};
		count++;
		at += size;
	}
	return count;
}

bool
net_range_has(const struct net_range *r, const struct net_addr *a)
{
	return a->family != 0 && r->base.family == a->family &&
	       same_bits(r->base.ip, a->ip, r->bits);
}

bool
net_is_private(const struct net_addr *a)
{
	struct net_addr at = net_addr_unwrap(a);

	/* 2000::/3 is all that IANA gave out as global unicast; the rest is loopback, fc00::/7, fe80::/10,
	 * ff00::/8, v4-mapped and v4-compatible, and 64:ff9b:1::/48, where only the network knows how the IPv4
	 * address lies in it (RFC 8215).  An address of no family is refused as well. */
	if (at.family != 4 && (at.family != 6 || at.ip[0] >> 5 != 1))
		return true;
	return any_has(reserved, sizeof reserved / sizeof reserved[0], &at);
}

bool
net_is_local_client(const struct net_addr *a)
{
	static const struct net_addr loopback = { .family = 6, .ip = { [15] = 1 } };

	return net_addr_same(a, &loopback) || any_has(local, sizeof local / sizeof local[0], a);
}

/* --- this machine --------------------------------------------------------------------------------- */

static unsigned
mask_bits(const struct net_addr *mask)
{
	unsigned bits = 0;

	while (bits < 128 && (mask->ip[bits / 8] & 0x80 >> bits % 8) != 0)
		bits++;
	return bits;
}

/* Is `a` on the network that this entry of getifaddrs describes? */
static bool
is_on(const struct ifaddrs *i, const struct net_addr *a)
{
	struct net_addr own, far, mask;
	struct sockaddr_storage ss;

	if (addr_from(&own, i->ifa_addr) != 0 || own.family != a->family || i->ifa_netmask == NULL)
		return false;
	/* Some libcs leave the netmask's family empty. */
	memset(&ss, 0, sizeof ss);
	memcpy(&ss, i->ifa_netmask,
		own.family == 4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
	ss.ss_family = i->ifa_addr->sa_family;
	addr_from(&mask, (const struct sockaddr *)&ss);
	if (same_bits(own.ip, a->ip, mask_bits(&mask)))
		return true;
	/* The far end of a point-to-point link, or a network behind it ("peer 10.9.0.0/24"): the mask is the far
	 * end's.  Elsewhere this is the broadcast address, on the same network anyway. */
	return addr_from(&far, i->ifa_dstaddr) == 0 && far.family == a->family &&
	       same_bits(far.ip, a->ip, mask_bits(&mask));
}

static bool
is_own(const struct ifaddrs *i, const struct net_addr *a)
{
	struct net_addr own;

	return addr_from(&own, i->ifa_addr) == 0 && net_addr_same(&own, a);
}

/* Is any interface address so, for `a` or the address inside it?  True if they can't be read. */
static bool
any_interface(bool (*is)(const struct ifaddrs *, const struct net_addr *), const struct net_addr *a)
{
	struct net_addr at = net_addr_unwrap(a);
	struct ifaddrs *list;
	bool found = false;

	if (getifaddrs(&list) != 0)
		return true;
	for (const struct ifaddrs *i = list; i != NULL && !found; i = i->ifa_next)
		found = is(i, a) || is(i, &at);
	freeifaddrs(list);
	return found;
}

bool
net_is_own(const struct net_addr *a)
{
	static const struct net_addr any6 = { .family = 6 },
				     loopback6 = { .family = 6, .ip = { [15] = 1 } };
	struct net_addr at = net_addr_unwrap(a);

	/* Connecting to the unspecified address reaches this machine; so does loopback. */
	if (net_addr_same(a, &any6) || net_addr_same(a, &loopback6) ||
		(at.family == 4 && (at.ip[0] == 0 || at.ip[0] == 127)))
		return true;
	return any_interface(is_own, a);
}

bool
net_is_on_link(const struct net_addr *a)
{
	return any_interface(is_on, a);
}

bool
net_has_device(const char *name)
{
	return if_nametoindex(name) != 0 || (errno != ENODEV && errno != ENXIO);
}

size_t
net_device_addrs(const char *name, uint16_t port, struct net_addr *out, size_t max)
{
	size_t len = strlen(name), count = 0;
	struct ifaddrs *list;

	if (getifaddrs(&list) != 0)
		return 0;
	for (const struct ifaddrs *i = list; i != NULL && count < max; i = i->ifa_next) {
		/* "br-lan:1" is an old-style label of an address of br-lan. */
		if (strncmp(i->ifa_name, name, len) != 0 ||
			(i->ifa_name[len] != '\0' && i->ifa_name[len] != ':') ||
			addr_from(&out[count], i->ifa_addr) != 0)
			continue;
		out[count++].port = port;
	}
	freeifaddrs(list);
	return count;
}

/* --- sockets -------------------------------------------------------------------------------------- */

static void
set_option(int fd, int level, int option)
{
	int on = 1;

	/* All of them are improvements: a kernel without one still serves. */
	(void)setsockopt(fd, level, option, &on, sizeof on);
}

/* Closes fd and keeps errno; returns -1. */
static int
give_up(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

#ifdef SOCK_NONBLOCK
static int
new_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int
new_accepted(int listener, struct sockaddr *sa, socklen_t *len)
{
	return accept4(listener, sa, len, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
#else
static int
set_flags(int fd)
{
	if (fd >= 0 && (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0))
		return give_up(fd);
	return fd;
}

static int
new_socket(int family)
{
	return set_flags(socket(family, SOCK_STREAM, 0));
}

static int
new_accepted(int listener, struct sockaddr *sa, socklen_t *len)
{
	return set_flags(accept(listener, sa, len));
}
#endif

/* Bound and no more: a descriptor, or -1 with errno. */
static int
net_bind(const struct net_addr *a)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to(&ss, a);
	int fd = new_socket(ss.ss_family);

	if (fd < 0)
		return -1;
	set_option(fd, SOL_SOCKET, SO_REUSEADDR);
	/* So that 0.0.0.0 and :: can both be listened on, and a client has one form of address. */
	if (a->family == 6)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
		/* While a router boots, its IPv6 addresses are tentative for a second. */
#ifdef IP_FREEBIND
	if (a->family == 4)
		set_option(fd, IPPROTO_IP, IP_FREEBIND);
#endif
#ifdef IPV6_FREEBIND
	if (a->family == 6)
		set_option(fd, IPPROTO_IPV6, IPV6_FREEBIND);
#endif
	return bind(fd, (const struct sockaddr *)&ss, len) == 0 ? fd : give_up(fd);
}

int
net_can_listen(const struct net_addr *a)
{
	int fd = net_bind(a);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

int
net_listen(const struct net_addr *a)
{
	int fd = net_bind(a);

	return fd < 0 || listen(fd, NET_BACKLOG) == 0 ? fd : give_up(fd);
}

/*
 * Both legs are fed whole records by the pump: waiting for more to send only delays them.  A tunnel may be silent for
 * hours; the kernel finds out whether the other side is still there: after five minutes of silence it asks once a minute,
 * and gives up after five questions.
 */
static void
set_manners(int fd)
{
	static const int idle = 300, interval = 60, count = 5;

	set_option(fd, IPPROTO_TCP, TCP_NODELAY);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE);
#ifdef TCP_KEEPIDLE
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
#endif
}

int
net_accept(int listener, struct net_addr *peer)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	int fd = new_accepted(listener, (struct sockaddr *)&ss, &len);

	if (fd < 0)
		return -1;
	if (addr_from(peer, (const struct sockaddr *)&ss) != 0) {
		errno = EAFNOSUPPORT;
		return give_up(fd);
	}
	set_manners(fd);
	return fd;
}

int
net_connect(const struct net_addr *a)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to(&ss, a);
	int fd = new_socket(ss.ss_family);

	if (fd < 0)
		return -1;
	set_manners(fd);
	/* EINTR: it goes on all the same (POSIX connect). */
	if (connect(fd, (const struct sockaddr *)&ss, len) != 0 && errno != EINPROGRESS &&
		errno != EINTR)
		return give_up(fd);
	return fd;
}

static int
end_addr(int fd, struct net_addr *a, int (*name)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;

	return name(fd, (struct sockaddr *)&ss, &len) != 0 ? -1
							   : addr_from(a, (struct sockaddr *)&ss);
}

int
net_connect_result(int fd)
{
	struct net_addr here, there;
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		return errno;
	if (error != 0)
		return error;
	if (end_addr(fd, &there, getpeername) != 0)
		return errno == ENOTCONN ? EINPROGRESS : errno;
	/* TCP's simultaneous open: a port of this machine where nobody listens, that the kernel picked as the
	 * source as well, connects to itself. */
	if (end_addr(fd, &here, getsockname) == 0 && net_addr_same(&here, &there) &&
		here.port == there.port)
		return ECONNREFUSED;
	return 0;
}

int
net_local_addr(int fd, struct net_addr *a)
{
	*a = (struct net_addr){ 0 };
	return end_addr(fd, a, getsockname);
}

int
net_original_dst(int fd, struct net_addr *a)
{
	enum { ORIGINAL_DST = 80 }; /* in linux/netfilter_ipv4.h and netfilter_ipv6/ip6_tables.h */
	struct sockaddr_storage ss;
	socklen_t len = sizeof(struct sockaddr_in);
	int level = IPPROTO_IP;

	if (net_local_addr(fd, a) != 0)
		return -1;
	if (a->family == 6) {
		len = sizeof(struct sockaddr_in6);
		level = IPPROTO_IPV6;
	}
	return getsockopt(fd, level, ORIGINAL_DST, &ss, &len) != 0
		       ? -1
		       : addr_from(a, (const struct sockaddr *)&ss);
}
