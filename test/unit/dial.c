/* dial: the first address that answers wins, whatever the others do, and every other descriptor is closed. */
#include "check.h"
#include "lib/net/dial.h"
#include "refused.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { FILL = 8 };

static struct net_addr
addr(const char *ip, uint16_t port)
{
	struct net_addr a;

	if (net_addr_parse(&a, ip, strlen(ip)) != 0)
		exit(2);
	a.port = port;
	return a;
}

static size_t
open_fds(void)
{
	size_t n = 0;

	for (int fd = 0; fd < FD_SETSIZE; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* A listener on a free port of `ip`, with the address to reach it; -1 if the family is missing here. */
static int
server(const char *ip, struct net_addr *at)
{
	struct net_addr any = addr(ip, 0);
	int fd = net_listen(&any);

	if (fd >= 0)
		net_local_addr(fd, at);
	return fd;
}

/* An address whose port answers nothing: a listener whose queue is full (SYNs to it are dropped). */
static struct net_addr
blackhole(int fds[FILL + 1])
{
	struct net_addr at;

	fds[FILL] = server("127.0.0.1", &at);
	listen(fds[FILL], 0);
	for (int i = 0; i < FILL; i++) {
		fds[i] = net_connect(&at);
		usleep(1000);
	}
	CHECK_INT(net_connect_result(fds[FILL - 1]), EINPROGRESS);
	return at;
}

static void
blackhole_close(int fds[FILL + 1])
{
	for (int i = 0; i <= FILL; i++)
		close(fds[i]);
}

static struct net_addr
refused(const char *ip)
{
	struct net_addr at = { 0 };

	close(server(ip, &at));
	return at;
}

/* Far from the machine's clock, so that nothing is ever due by that one. */
static int64_t
some_time(void)
{
	return wait_clock() + 3600 * 1000;
}

/* Runs the loop's turns until the dial ends, at `now`: for the dial time stands still, and what would only come with it
 * does not come.  A minute is for what never ends. */
static int
turn(struct dial *d, int64_t now)
{
	int64_t end = wait_clock() + 60 * 1000;
	int result;

	for (;;) {
		struct wait w;

		wait_init(&w);
		dial_want(d, &w);
		wait_until(&w, now + 1000);
		wait_run(&w, now);
		result = dial_step(d, &w, now);
		if (result != 0 || wait_clock() >= end)
			return result;
	}
}

/* A turn in which nothing happens but that it is `now`. */
static int
pass(struct dial *d, int64_t now)
{
	return dial_step(d, &(struct wait){ 0 }, now);
}

static void
test_order(void)
{
	static const struct {
		const char *families, *want; /* one digit an address */
	} cases[] = {
		{ "6", "6" },
		{ "4", "4" },
		{ "44", "44" },
		{ "4466", "6464" },
		{ "4664", "6464" },
		{ "66664", "64666" },
		{ "44446", "64444" },
		{ "444444444444", "44444444" },
		{ "666666666666", "66666666" },
		{ "4444444444446666666666666", "64646464" },
		{ "0405", "4" }, /* no family, no address */
		{ "", "" },
	};
	struct net_addr addrs[32];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t count = strlen(cases[i].families);
		char got[DIAL_ADDRS + 1] = "";
		uint8_t last[7] = { 0 };
		struct dial d;

		for (size_t k = 0; k < count; k++)
			addrs[k] = (struct net_addr){ .family = (uint8_t)(cases[i].families[k] -
									  '0'),
				.port = (uint16_t)(k + 1) };
		dial_start(&d, addrs, count, 1000);
		for (size_t k = 0; k < d.count; k++) {
			got[k] = (char)('0' + d.addrs[k].family);
			/* Within a family the resolver's order stays. */
			CHECK(d.addrs[k].port > last[d.addrs[k].family]);
			last[d.addrs[k].family] = (uint8_t)d.addrs[k].port;
		}
		CHECK_STR(got, cases[i].want);
	}
}

static void
test_one(const char *ip)
{
	struct net_addr at;
	int listener = server(ip, &at), fd;
	size_t before = open_fds();
	int64_t now = some_time();
	struct dial d;

	if (listener < 0) {
		printf("dial: %s is missing here: not tested\n", ip);
		return;
	}
	dial_start(&d, &at, 1, now);
	CHECK_INT(turn(&d, now), 1);
	CHECK(net_addr_same(&d.peer, &at) && d.peer.port == at.port);
	CHECK_INT(pass(&d, now), 1); /* stays so until it is taken */
	fd = dial_take(&d);
	CHECK_INT(net_connect_result(fd), 0);
	dial_reset(&d); /* the winner is the caller's */
	CHECK_INT(open_fds(), before + 1);
	close(fd);

	dial_start(&d, &at, 1, now);
	CHECK_INT(turn(&d, now), 1);
	dial_reset(&d); /* a winner nobody took */
	CHECK_INT(open_fds(), before);
	dial_reset(&d);
	CHECK_INT(dial_take(&d), -1);
	close(listener);
}

static void
test_refused(void)
{
	struct net_addr addrs[3] = { refused("127.0.0.1"), refused("127.0.0.1"), { 0 } };
	int64_t now = some_time();
	size_t before = open_fds();
	struct net_addr at;
	struct dial d;
	int listener;

	/* A refusal starts the next at once: no stagger is waited for, since time stands still. */
	dial_start(&d, addrs, 2, now);
	CHECK_INT(turn(&d, now), -1);
	CHECK_INT(d.error, refused_number());
	CHECK_INT(open_fds(), before);
	CHECK_INT(pass(&d, now), -1);

	listener = server("127.0.0.1", &at);
	addrs[2] = at;
	dial_start(&d, addrs, 3, now);
	CHECK_INT(turn(&d, now), 1);
	CHECK_INT(d.peer.port, at.port);
	dial_reset(&d);
	close(listener);

	dial_start(&d, addrs, 0, now);
	CHECK_INT(turn(&d, now), -1);
	CHECK_INT(d.error, EADDRNOTAVAIL);
}

/* A family without a route fails within the call, and the others go on. */
static void
test_no_route(void)
{
	/* Link-local without a scope fails under any routing table. */
	struct net_addr addrs[3] = { addr("fe80::1", 9), addr("fe80::1", 9) };
	int listener = server("127.0.0.1", &addrs[2]);
	int64_t now = some_time();
	struct dial d;

	dial_start(&d, addrs, 1, now);
	CHECK_INT(turn(&d, now), -1);
	CHECK(d.error != 0 && d.error != EADDRNOTAVAIL);
	dial_start(&d, addrs, 3, now);
	CHECK_INT(turn(&d, now), 1);
	CHECK_INT(d.peer.family, 4);
	dial_reset(&d);
	close(listener);
}

static void
test_blackhole(void)
{
	int fds[FILL + 1], listener;
	struct net_addr hole = blackhole(fds), addrs[5] = { hole, hole, hole, hole, hole };
	int64_t start = some_time();
	size_t before;
	struct dial d;

	/* The second starts a stagger after the first, and wins. */
	listener = server("127.0.0.1", &addrs[1]);
	before = open_fds();
	dial_start(&d, addrs, 2, start);
	CHECK_INT(pass(&d, start), 0);
	CHECK_INT(pass(&d, start + DIAL_STAGGER_MS - 1), 0);
	CHECK_INT(d.next, 1);
	CHECK_INT(pass(&d, start + DIAL_STAGGER_MS), 0);
	CHECK_INT(d.next, 2);
	CHECK_INT(turn(&d, start + DIAL_STAGGER_MS), 1);
	CHECK_INT(d.peer.port, addrs[1].port);
	CHECK_INT(open_fds(), before + 1); /* the loser is closed */
	dial_reset(&d);

	/* All places taken by holes: no fourth descriptor, until the first has had its time. */
	addrs[4] = addrs[1];
	addrs[1] = hole;
	dial_start(&d, addrs, 5, start);
	for (int i = 0; i < 5; i++)
		CHECK_INT(pass(&d, start + i * DIAL_STAGGER_MS), 0);
	CHECK_INT(open_fds(), before + DIAL_PARALLEL);
	CHECK_INT(d.next, 3);
	CHECK_INT(pass(&d, start + DIAL_PATIENCE_MS - 1), 0);
	CHECK_INT(d.next, 3);
	CHECK_INT(pass(&d, start + DIAL_PATIENCE_MS), 0);
	CHECK_INT(d.next, 4);
	CHECK_INT(d.error, ETIMEDOUT);
	CHECK_INT(open_fds(), before + DIAL_PARALLEL);
	CHECK_INT(pass(&d, start + DIAL_PATIENCE_MS + DIAL_STAGGER_MS), 0);
	CHECK_INT(d.next, 5);
	CHECK_INT(turn(&d, start + DIAL_PATIENCE_MS + DIAL_STAGGER_MS), 1);
	CHECK_INT(d.peer.port, addrs[4].port);
	CHECK_INT(open_fds(), before + 1);
	dial_reset(&d);
	CHECK_INT(open_fds(), before);

	/* A reset in the middle closes all. */
	dial_start(&d, addrs, 4, start);
	for (int i = 0; i < 3; i++)
		CHECK_INT(pass(&d, start + i * DIAL_STAGGER_MS), 0);
	CHECK_INT(open_fds(), before + DIAL_PARALLEL);
	dial_reset(&d);
	CHECK_INT(open_fds(), before);
	close(listener);
	blackhole_close(fds);
}

/* A bit of select that belongs to another's closed descriptor of that number is no connection. */
static void
test_stale_bit(void)
{
	int fds[FILL + 1];
	struct net_addr hole = blackhole(fds);
	struct wait w;
	struct dial d;

	memset(&w, 0xff, sizeof w);
	dial_start(&d, &hole, 1, 1000);
	CHECK_INT(dial_step(&d, &w, 1000), 0);
	CHECK_INT(dial_step(&d, &w, 1001), 0);
	CHECK(d.fd == -1 && d.attempts[0].fd >= 0);
	dial_reset(&d);
	blackhole_close(fds);
}

/* A descriptor that select can't hold, or none at all, costs this dial and nothing else. */
static void
test_descriptors(void)
{
	struct rlimit old, lim;
	struct net_addr at;
	int listener = server("127.0.0.1", &at), low = dup(0);
	struct dial d;

	getrlimit(RLIMIT_NOFILE, &old);
	lim = old;
	if (old.rlim_max > FD_SETSIZE + 16) {
		lim.rlim_cur = FD_SETSIZE + 16;
		setrlimit(RLIMIT_NOFILE, &lim);
		for (int fd = low; fd < FD_SETSIZE; fd++)
			if (fcntl(fd, F_GETFD) == -1)
				dup2(0, fd);
		dial_start(&d, &at, 1, 1000);
		CHECK_INT(turn(&d, 1000), -1);
		CHECK_INT(d.error, EMFILE);
		CHECK_INT(fcntl(FD_SETSIZE, F_GETFD), -1);
		for (int fd = low; fd < FD_SETSIZE; fd++)
			if (fd != listener)
				close(fd);
	} else {
		printf("dial: only %u descriptors: FD_SETSIZE not tested\n",
			(unsigned)old.rlim_max);
	}
	lim.rlim_cur = 3; /* the standard ones */
	setrlimit(RLIMIT_NOFILE, &lim);
	dial_start(&d, &at, 1, 1000);
	CHECK_INT(turn(&d, 1000), -1);
	CHECK_INT(d.error, EMFILE);
	setrlimit(RLIMIT_NOFILE, &old);
	close(listener);
}

int
main(void)
{
	test_order();
	test_one("127.0.0.1");
	test_one("::1");
	test_refused();
	test_no_route();
	test_blackhole();
	test_stale_bit();
	test_descriptors();
	return check_done("dial");
}
