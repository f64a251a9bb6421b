/* net: one form for each address, and no way around the list of what a proxy must not reach. */
#include "check.h"
#include "lib/net/net.h"
#include "refused.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

extern char **environ;

static struct net_addr
addr(const char *text)
{
	struct net_addr a;

	if (net_addr_parse(&a, text, strlen(text)) != 0)
		CHECK_STR(text, "an address");
	return a;
}

static bool
says(bool (*is)(const struct net_addr *), const char *text)
{
	struct net_addr a = addr(text);

	return is(&a);
}

/* Parses input that ends at a guard page. */
static int
guarded(int (*parse)(struct net_addr *, const char *, size_t), struct net_addr *a, const char *text)
{
	size_t len = strlen(text);
	char *in = check_guard(text, len);
	int got = parse(a, in, len);

	check_unguard(in, len);
	return got;
}

static void
test_parse(void)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} cases[] = {
		{ "1.2.3.4", "1.2.3.4" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "::1", "::1" },
		{ "::", "::" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "::ffff:1.2.3.4", "1.2.3.4" },
		{ "::FFFF:102:304", "1.2.3.4" },
		{ "0:0:0:0:0:ffff:7f00:1", "127.0.0.1" },
		{ "64:ff9b::1.2.3.4", "64:ff9b::102:304" },
		{ "", NULL },
		{ "127.1", NULL },
		{ "127.0.1", NULL },
		{ "2130706433", NULL },
		{ "0x7f.0.0.1", NULL },
		{ "0x7f000001", NULL },
		{ "010.0.0.1", NULL },
		{ "10.0.0.01", NULL },
		{ "1.2.3.4.", NULL },
		{ "1.2.3.4.5", NULL },
		{ ".1.2.3.4", NULL },
		{ "1.2.3.256", NULL },
		{ "1.2.3.-4", NULL },
		{ " 1.2.3.4", NULL },
		{ "1.2.3.4 ", NULL },
		{ "1.2.3.4\n", NULL },
		{ "1.2.3.4:80", NULL },
		{ "[::1]", NULL },
		{ "::1%lo", NULL },
		{ "fe80::1%1", NULL },
		{ ":::", NULL },
		{ "1::2::3", NULL },
		{ "12345::", NULL },
		{ "1:2:3:4:5:6:7", NULL },
		{ "1:2:3:4:5:6:7:8:9", NULL },
		{ "::ffff:1.2.3", NULL },
		{ "localhost", NULL },
		{ "1:2:3:4:5:6:7:8888888888888888888888888888888888888888888888888888", NULL },
	};
	char out[NET_ADDR_TEXT];
	struct net_addr a, b;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int got = guarded(net_addr_parse, &a, cases[i].text);

		CHECK_STR(got == 0 ? net_addr_format(out, &a, false) : "refused",
			cases[i].want != NULL ? cases[i].want : "refused");
		if (got != 0)
			CHECK_INT(a.family, 0);
	}
	CHECK_INT(net_addr_parse(&a, "1.2.3.4\0", 8), -1);
	CHECK_INT(net_addr_parse(&a, "::1\0x", 5), -1);
	a = addr("::ffff:9.8.7.6");
	CHECK_INT(a.family, 4);
	for (int i = 4; i < 16; i++)
		CHECK_INT(a.ip[i], 0);
	/* C libraries differ in how they write these addresses, which nobody has any more. */
	a = addr("::1.2.3.4");
	b = addr("::102:304");
	CHECK(a.family == 6 && net_addr_same(&a, &b));
}

static void
test_parse_port(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "1.2.3.4:80", "1.2.3.4:80" },
		{ "[::1]:443", "[::1]:443" },
		{ "[::]:65535", "[::]:65535" },
		{ "[::ffff:1.2.3.4]:1", "1.2.3.4:1" },
		{ "1.2.3.4", NULL },
		{ "1.2.3.4:", NULL },
		{ "1.2.3.4:0", NULL },
		{ "1.2.3.4:080", NULL },
		{ "1.2.3.4:65536", NULL },
		{ "1.2.3.4:99999", NULL },
		{ "1.2.3.4:4294967376", NULL },
		{ "1.2.3.4:+80", NULL },
		{ "1.2.3.4:80 ", NULL },
		{ "1.2.3.4:8\n", NULL },
		{ "[1.2.3.4]:80", NULL },
		{ "::1:80", NULL },
		{ "[::1]80", NULL },
		{ "[::1:80", NULL },
		{ "::1]:80", NULL },
		{ "[]:80", NULL },
		{ "[[::1]]:80", NULL },
		{ ":80", NULL },
		{ ":", NULL },
		{ "", NULL },
		{ "]:80", NULL },
		{ "[:80", NULL },
	};
	char out[NET_ADDR_TEXT];
	struct net_addr a;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int got = guarded(net_addr_parse_port, &a, cases[i].text);

		CHECK_STR(got == 0 ? net_addr_format(out, &a, true) : "refused",
			cases[i].want != NULL ? cases[i].want : "refused");
	}
}

static void
test_format(void)
{
	struct net_addr a = addr("fe80::1");
	char out[NET_ADDR_TEXT], lo[IF_NAMESIZE + 32];

	a.port = 3128;
	a.scope = if_nametoindex("lo");
	snprintf(lo, sizeof lo, "[fe80::1%%%s]:3128", "lo");
	CHECK_STR(net_addr_format(out, &a, true), lo);
	CHECK_STR(net_addr_format(out, &a, false), "fe80::1%lo");
	a.scope = UINT32_MAX;
	CHECK_STR(net_addr_format(out, &a, true), "[fe80::1%4294967295]:3128");
	CHECK_STR(net_addr_format(out, &(struct net_addr){ 0 }, false), "none");
	/* The longest there is. */
	memset(a.ip, 0xff, 16);
	a.port = 65535;
	net_addr_format(out, &a, true);
	CHECK_STR(out, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
}

static void
test_range(void)
{
	static const struct {
		const char *range, *in, *out;
	} cases[] = {
		{ "10.0.0.0/8", "10.255.0.1", "11.0.0.0" },
		{ "10.9.8.7/8", "10.0.0.0", "9.255.255.255" },
		{ "192.168.1.40", "192.168.1.40", "192.168.1.41" },
		{ "192.168.1.40/32", "192.168.1.40", "192.168.1.41" },
		{ "192.168.1.40/31", "192.168.1.41", "192.168.1.42" },
		{ "172.16.0.0/12", "172.31.255.255", "172.32.0.0" },
		{ "0.0.0.0/0", "255.1.2.3", "::1" },
		{ "::/0", "2001::1", "1.2.3.4" },
		{ "fd00::/8", "fdff::1", "fe00::1" },
		{ "fe80::/10", "febf::1", "fec0::1" },
		{ "2001:db8::1", "2001:db8::1", "2001:db8::2" },
		{ "2001:db8::1/127", "2001:db8::0", "2001:db8::2" },
		{ "::ffff:10.0.0.0/104", "10.1.2.3", "11.1.2.3" },
		{ "::ffff:10.0.0.1", "10.0.0.1", "10.0.0.2" },
		{ "::ffff:0.0.0.0/96", "1.2.3.4", "::1.2.3.4" },
	};
	static const char *const bad[] = { "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1",
		"10.0.0.0/08", "10.0.0.0/8 ", "10.0.0.0/8/8", "/8", "", "10/8", "fe80::1%lo/64",
		"::ffff:10.0.0.0/95", "10.0.0.0/255.0.0.0", "10.0.0.0/4294967304" };
	struct net_range r;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct net_addr in = addr(cases[i].in), out = addr(cases[i].out);

		CHECK_INT(net_range_parse(&r, cases[i].range, strlen(cases[i].range)), 0);
		if (!net_range_has(&r, &in) || net_range_has(&r, &out))
			CHECK_STR(cases[i].range, "right");
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char *in = check_guard(bad[i], strlen(bad[i]));

		if (net_range_parse(&r, in, strlen(bad[i])) != -1)
			CHECK_STR(bad[i], "refused");
		check_unguard(in, strlen(bad[i]));
		CHECK_INT(r.base.family, 0);
	}
	CHECK(!net_range_has(&(struct net_range){ 0 }, &(struct net_addr){ 0 }));
}

static void
test_private(void)
{
	static const char *const no[] = { "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1",
		"100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.169.254",
		"169.254.255.255", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.255",
		"192.0.2.255", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.255",
		"203.0.113.255", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
		"::", "::1", "fc00::1", "fdff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1",
		"ff0e::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::127.0.0.1", "::10.0.0.1",
		"::8.8.8.8", "64:ff9b::10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::0.0.0.0",
		"64:ff9b:1::8.8.8.8", "64:ff9b:1:7f00:0:100::", "64:ff9b:2::8.8.8.8",
		"2002:0a00:0001::1", "2002:7f00:1::", "2002:c0a8:101:1::1",
		"2002:e000:1::", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
		"2001:0:4136:e378:8000:63bf:f5ff:fffe", "2001:1ff::1", "2001:2::1", "2001:10::1",
		"2001:db8::1", "2001:db8:ffff::1", "3fff::1", "3fff:fff:ffff::1", "100::1",
		"5f00::1", "4000::1", "8000::1" };
	static const char *const yes[] = { "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0",
		"100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.0.1",
		"172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.1.1", "192.169.0.1",
		"198.17.255.255", "198.20.0.0", "198.51.99.1", "203.0.112.1", "223.255.255.255",
		"2001:200::1", "2001:4860:4860::8888", "2001:db7::1", "2001:db9::1", "2003::1",
		"2606:4700::1111", "2a00::1", "3ffe::1", "3fff:1000::1", "64:ff9b::8.8.8.8",
		"2002:0808:0808::1", "::ffff:8.8.8.8" };

	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
		if (!says(net_is_private, no[i]))
			CHECK_STR(no[i], "private");
	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
		if (says(net_is_private, yes[i]))
			CHECK_STR(yes[i], "public");
	CHECK(net_is_private(&(struct net_addr){ 0 })); /* none at all: the safe answer */
	CHECK(net_is_private(
		&(struct net_addr){ .family = 6, .ip = { [10] = 0xff, 0xff, 8, 8, 8, 8 } }));
}

static void
test_local_client(void)
{
	static const char *const yes[] = { "127.0.0.1", "10.1.2.3", "172.31.255.255",
		"192.168.255.255", "10.255.255.255", "127.255.255.255", "169.254.255.255", "::1",
		"fd00::1", "fdff::1", "febf::1", "fc00::1", "fe80::1", "::ffff:10.0.0.1" };
	static const char *const no[] = { "8.8.8.8", "100.64.0.1", "0.0.0.0", "::", "::2",
		"172.32.0.1", "2001:db8::1", "64:ff9b::10.0.0.1", "2002:0a00:1::1", "ff02::1",
		"fe00::1", "fec0::1" };

	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
		if (!says(net_is_local_client, yes[i]))
			CHECK_STR(yes[i], "local");
	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
		if (says(net_is_local_client, no[i]))
			CHECK_STR(no[i], "not local");
	CHECK(!net_is_local_client(&(struct net_addr){ 0 }));
}

static void
wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	poll(&p, 1, 10000);
}

static int
socket_option(int fd, int level, int option)
{
	int value = -1;
	socklen_t len = sizeof value;

	getsockopt(fd, level, option, &value, &len);
	return value;
}

static bool
flags_are_set(int fd)
{
	return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

/* A connection over the loopback address of one family, and one that is refused. */
static void
test_sockets(const char *loopback)
{
	struct net_addr at = addr(loopback), peer, end, original;
	int listener = net_listen(&at), client, server;

	if (listener < 0 && at.family == 6) {
		printf("net: no IPv6 loopback here: not tested\n");
		return;
	}
	CHECK(listener >= 0 && flags_are_set(listener));
	CHECK_INT(net_local_addr(listener, &end), 0);
	CHECK(net_addr_same(&end, &at) && end.port != 0);
	CHECK(at.family == 4 || socket_option(listener, IPPROTO_IPV6, IPV6_V6ONLY) == 1);
	CHECK(net_listen(&end) == -1 && errno == EADDRINUSE);
	errno = 0;
	CHECK(net_accept(listener, &peer) == -1 && errno == EAGAIN);

	client = net_connect(&end);
	CHECK(client >= 0 && flags_are_set(client));
	wait_for(client, POLLOUT);
	CHECK_INT(net_connect_result(client), 0);
	wait_for(listener, POLLIN);
	server = net_accept(listener, &peer);
	CHECK(server >= 0 && flags_are_set(server));
	CHECK(net_addr_same(&peer, &at));
	/* Nobody redirected it: that is not known, or (with connection tracking) it is our own address. */
	CHECK(net_original_dst(server, &original) != 0 ||
		(net_addr_same(&original, &end) && original.port == end.port));
	CHECK_INT(net_local_addr(client, &at), 0);
	CHECK_INT(at.port, peer.port);
	CHECK(socket_option(client, 6, 1) == 1 && socket_option(server, 6, 1) == 1); /* no delay */
	close(client);
	close(server);

	/* The port is still in TIME_WAIT, and can be listened on again all the same. */
	close(listener);
	listener = net_listen(&end);
	CHECK(listener >= 0);
	close(listener);

	client = net_connect(&end);
	if (client >= 0) {
		wait_for(client, POLLOUT);
		CHECK_INT(net_connect_result(client), refused_number());
		close(client);
	} else {
		CHECK_INT(errno, ECONNREFUSED);
	}
}

/* A socket that is not connected yet is said to be so: a stale bit of select must not make it a winner. */
static void
test_not_yet(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK_INT(net_connect_result(fd), EINPROGRESS);
	close(fd);
	CHECK_INT(net_connect_result(-1), EBADF);
}

/* Nobody can connect to the broadcast address: known within the call, and no descriptor is kept. */
static void
test_at_once(void)
{
	struct net_addr everyone = addr("255.255.255.255");
	int spare = dup(0);

	close(spare);
	everyone.port = 9;
	errno = 0;
	CHECK(net_connect(&everyone) == -1 && errno != 0 && errno != EINPROGRESS);
	CHECK_INT(dup(0), spare);
	close(spare);
}

/* TCP connects a socket to itself when both ports are the same. */
static void
test_self(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof in;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_INT(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	CHECK_INT(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
	CHECK_INT(net_connect_result(fd), ECONNREFUSED);
	close(fd);
}

static int
ip(const char *a, const char *b, const char *c, const char *d, const char *e, const char *f,
	const char *g)
{
	char *argv[] = { "ip", (char *)a, (char *)b, (char *)c, (char *)d, (char *)e, (char *)f,
		(char *)g, NULL };
	int status = -1;
	pid_t pid;

	if (posix_spawnp(&pid, "ip", NULL, NULL, argv, environ) == 0)
		waitpid(pid, &status, 0);
	return status;
}

static void
test_own(void)
{
	static const struct {
		const char *addr;
		bool own, link;
	} cases[] = {
		/* 9.9.9.1/24, 9.8.8.1 peer 9.8.8.200/32, 9.7.7.7/32, 9.6.6.1 peer 9.5.5.0/24, 9.4.4.1 peer 9.4.4.2 */
		{ "9.9.9.1", true, true },
		{ "9.9.9.2", false, true },
		{ "9.9.10.2", false, false },
		{ "9.8.8.1", true, true },
		{ "9.8.8.2", false, false },
		{ "9.8.8.200", false, true },
		{ "9.8.8.201", false, false },
		{ "9.7.7.7", true, true },
		{ "9.7.7.8", false, false },
		{ "9.4.4.2", false, true },
		{ "9.4.4.3", false, false },
		{ "9.5.5.77", false, true },
		{ "9.5.6.77", false, false },
		/* 2600:1::1/64, 2600:2::2/128 */
		{ "2600:1::1", true, true },
		{ "2600:1::2", false, true },
		{ "2600:1:0:1::2", false, false },
		{ "2600:2::2", true, true },
		{ "2600:2::3", false, false },
		/* the IPv4 address inside */
		{ "64:ff9b::9.9.9.1", true, true },
		{ "64:ff9b::9.9.9.2", false, true },
		{ "2002:0909:0901::1", true, true },
		{ "64:ff9b::8.8.8.8", false, false },
		/* without an interface */
		{ "0.0.0.0", true, false },
		{ "::", true, false },
		{ "::ffff:0.0.0.0", true, false },
		{ "64:ff9b::127.0.0.1", true, true },
		{ "127.0.0.1", true, true },
		{ "127.3.4.5", true, true },
		{ "::1", true, true },
		{ "8.8.8.8", false, false },
	};
	struct net_addr out[16], there;
	int fd;

	/* Networks of its own: nothing of this machine's is touched. */
	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
		printf("net: no network namespace: own and on-link addresses not tested\n");
		return;
	}
	if (ip("link", "set", "lo", "up", NULL, NULL, NULL) != 0) {
		printf("net: no ip(8): own and on-link addresses not tested\n");
		return;
	}
	CHECK_INT(ip("link", "add", "sluice0", "type", "veth", NULL, NULL), 0);
	CHECK_INT(ip("link", "set", "sluice0", "up", NULL, NULL, NULL), 0);
	CHECK_INT(ip("link", "set", "veth0", "up", NULL, NULL, NULL), 0); /* its other end */
	CHECK(!says(net_is_own, "9.9.9.1"));
	ip("addr", "add", "9.9.9.1/24", "brd", "+", "dev", "sluice0");
	ip("addr", "add", "9.8.8.1", "peer", "9.8.8.200/32", "dev", "sluice0");
	ip("addr", "add", "9.7.7.7/32", "dev", "lo", NULL, NULL);
	ip("addr", "add", "9.6.6.1", "peer", "9.5.5.0/24", "dev", "sluice0");
	CHECK_INT(ip("tuntap", "add", "sluicetun", "mode", "tun", NULL, NULL), 0);
	ip("addr", "add", "9.4.4.1", "peer", "9.4.4.2", "dev", "sluicetun");
	ip("-6", "addr", "add", "2600:1::1/64", "dev", "sluice0", "nodad");
	ip("-6", "addr", "add", "2600:2::2/128", "dev", "sluice0", "nodad");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (says(net_is_own, cases[i].addr) != cases[i].own)
			CHECK_STR(cases[i].addr, cases[i].own ? "own" : "not own");
		if (says(net_is_on_link, cases[i].addr) != cases[i].link)
			CHECK_STR(cases[i].addr, cases[i].link ? "on link" : "not on link");
	}

	CHECK_INT(net_device_addrs("sluice0", 3128, out, 16), 6);
	for (int i = 0; i < 6; i++) {
		CHECK_INT(out[i].port, 3128);
		CHECK((out[i].scope != 0) == (out[i].family == 6 && out[i].ip[0] == 0xfe));
	}
	CHECK_INT(net_device_addrs("sluice0", 3128, out, 2), 2);
	CHECK_INT(net_device_addrs("sluice", 3128, out, 16), 0);
	CHECK_INT(net_device_addrs("sluice00", 3128, out, 16), 0);
	CHECK_INT(net_device_addrs("", 3128, out, 16), 0);

	/* An address that is not there yet can be listened on, if the kernel knows how. */
	there = addr("9.1.1.1");
	fd = net_listen(&there);
	CHECK(fd >= 0);
	close(fd);
}

/* The ranges of a span, in order. */
static const char *
span(const char *text)
{
	static char out[4096];
	struct net_range r[64];
	char address[NET_ADDR_TEXT];
	size_t n = net_span_parse(r, 64, text, strlen(text)), len = 0;

	CHECK_INT(net_span_parse(NULL, 0, text, strlen(text)), n);
	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(out + len, sizeof out - len, "%s%s/%u", i > 0 ? " " : "",
			net_addr_format(address, &r[i].base, false), r[i].bits);
	return out;
}

static void
test_spans(void)
{
	struct net_range r[64];
	size_t n;

	CHECK_STR(span("192.168.1.40-192.168.1.50"),
		"192.168.1.40/29 192.168.1.48/31 192.168.1.50/32");
	CHECK_STR(span("192.168.1.40-.50"), "192.168.1.40/29 192.168.1.48/31 192.168.1.50/32");
	CHECK_STR(span("192.168.1.40-50"), "192.168.1.40/29 192.168.1.48/31 192.168.1.50/32");
	CHECK_STR(span("10.0.0.7-10.0.0.7"), "10.0.0.7/32");
	CHECK_STR(span("0.0.0.0-255.255.255.255"), "0.0.0.0/0");
	CHECK_STR(span("255.255.255.254-.255"), "255.255.255.254/31");
	CHECK_STR(span("10.0.0.8-.7"), "");
	CHECK_STR(span("10.0.0.8-.256"), "");
	CHECK_STR(span("10.0.0.8-"), "");
	CHECK_STR(span("10.0.0.8-."), "");
	CHECK_STR(span("-10.0.0.8"), "");
	CHECK_STR(span("10.0.0-9"), "");
	CHECK_STR(span("1-2.example"), "");
	CHECK_STR(span("::1-::2"), "");
	CHECK_STR(span("10.0.0.1-::2"), "");
	/* The worst there is fits, and covers what it says: its sizes add up. */
	n = net_span_parse(r, 64, "0.0.0.1-255.255.255.254", 23);
	CHECK_INT(n, 62);
	{
		uint64_t sum = 0;

		for (size_t i = 0; i < n && i < 64; i++)
			sum += UINT64_C(1) << (32 - r[i].bits);
		CHECK(sum == (UINT64_C(1) << 32) - 2);
	}
	CHECK(net_has_device("lo") && !net_has_device("no-such0"));
}

int
main(void)
{
	test_spans();
	test_parse();
	test_parse_port();
	test_format();
	test_range();
	test_private();
	test_local_client();
	test_sockets("127.0.0.1");
	test_sockets("::1");
	test_not_yet();
	test_at_once();
	test_self();
	test_own();
	return check_done("net");
}
