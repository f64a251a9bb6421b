/*
 * resolve: against a DNS server of this test's own that answers, delays, drops, lies, and truncates.
 *
 * What it does for a name is in the name's first label; see `kinds`.  Given arguments, "resolve SERVERS NAME..."
 * prints what it finds: test/unit/resolve-dnsmasq uses that.
 */
#include "check.h"
#include "lib/net/resolve.h"

#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* --- the server: a child process ------------------------------------------------------------------ */

enum { A = 1, CNAME = 5, AAAA = 28, DROP = -1, LATER = 64 };

struct kind {
	const char *label;
	int a, aaaa;             /* records, DROP, or -2 - rcode */
	int a_delay, aaaa_delay; /* ms */
	uint32_t ttl;
	unsigned odd;
};

enum {
	TRUNCATE = 1,    /* TC over UDP, whole over TCP */
	NO_TCP = 2,      /* closes TCP at once */
	CHAIN = 4,       /* three CNAMEs first, the second with a TTL of 7 */
	LOOP = 8,        /* a CNAME to itself, and no address */
	OTHER_NAME = 16, /* the records are another name's */
	WRONG_ID = 32,
	WRONG_QUESTION = 64,
	CUT = 128,   /* the last byte is missing */
	NOISE = 256, /* a header and random bytes */
	LONG_RDATA = 512,
	MAPPED = 1024, /* AAAA ::ffff:127.0.0.1 */
	SHORT_RDATA = 2048,
	TINY = 4096,      /* fewer bytes than a header */
	FAKE_FIRST = 8192 /* forged answers before the true one */
};

static const struct kind kinds[] = {
	{ "both", 1, 1, 0, 0, 60, 0 },
	{ "v4", 1, 0, 0, 0, 60, 0 },
	{ "v6", 0, 1, 0, 0, 60, 0 },
	{ "nodata", 0, 0, 0, 0, 60, 0 },
	{ "nx", -2 - 3, -2 - 3, 0, 0, 60, 0 },
	{ "servfail", -2 - 2, -2 - 2, 0, 0, 60, 0 },
	{ "refused", -2 - 5, -2 - 5, 0, 0, 60, 0 },
	{ "formerr", -2 - 1, -2 - 1, 0, 0, 60, 0 },
	{ "halfserv", 1, -2 - 2, 0, 0, 60, 0 }, /* servers that can't AAAA, RFC 4074 */
	{ "halfnx", 1, -2 - 3, 0, 0, 60, 0 },
	{ "drop", DROP, DROP, 0, 0, 60, 0 },
	{ "drop6", 1, DROP, 0, 0, 60, 0 },
	{ "drop4", DROP, 1, 0, 0, 60, 0 },
	{ "drop4no6", DROP, 0, 0, 0, 60, 0 },
	{ "late6", 1, 1, 0, 1500, 60, 0 },
	{ "late4", 1, 1, 300, 0, 60, 0 },
	{ "late46", 1, 0, 300, 0, 60, 0 },
	{ "slow", 1, 1, 150, 150, 60, 0 },
	{ "many", 100, 100, 0, 0, 60, 0 },
	{ "some", 12, 12, 0, 0, 60, 0 },
	{ "trunc", 2, 2, 0, 0, 60, TRUNCATE },
	{ "notcp", 2, 2, 0, 0, 60, TRUNCATE | NO_TCP },
	{ "chain", 1, 1, 0, 0, 60, CHAIN },
	{ "loop", 0, 0, 0, 0, 60, LOOP },
	{ "other", 2, 2, 0, 0, 60, OTHER_NAME },
	{ "wrongid", 1, 1, 0, 0, 60, WRONG_ID },
	{ "wrongq", 1, 1, 0, 0, 60, WRONG_QUESTION },
	{ "cut", 1, 1, 0, 0, 60, CUT },
	{ "noise", 1, 1, 0, 0, 60, NOISE },
	{ "longrd", 1, 1, 0, 0, 60, LONG_RDATA },
	{ "shortrd", 1, 1, 0, 0, 60, SHORT_RDATA },
	{ "tiny", 1, 1, 0, 0, 60, TINY },
	{ "mapped", 1, 1, 0, 0, 60, MAPPED },
	{ "mappedonly", 0, 1, 0, 0, 60, MAPPED },
	{ "forged", 1, 1, 30, 30, 60, FAKE_FIRST },
	{ "ttl0", 1, 1, 0, 0, 0, 0 },
	{ "ttlbig", 1, 1, 0, 0, 0x7fffffff, 0 },
	{ "ttlneg", 1, 1, 0, 0, 0xffffffff, 0 },
	{ "ttl100", 1, 1, 0, 0, 100, 0 },
};

/* Shared with the child. */
static struct shared {
	volatile unsigned questions; /* with a known label, A and AAAA each count */
	volatile bool deaf;          /* drop everything */
} * shared;

static uint16_t server_port;
static pid_t server_pid;

struct packet {
	unsigned char at[8192];
	size_t len;
};

static void
put(struct packet *p, uint32_t value, int bytes)
{
	while (bytes-- > 0)
		p->at[p->len++] = (unsigned char)(value >> 8 * bytes);
}

static void
put_record(struct packet *p, uint16_t name, int type, uint32_t ttl, size_t len)
{
	put(p, name, 2); /* a pointer */
	put(p, (uint32_t)type, 2);
	put(p, 1, 2);
	put(p, ttl, 4);
	put(p, (uint32_t)len, 2);
}

/* CNAME to "N.rest", whose first label is new: returns the pointer to it. */
static uint16_t
put_cname(struct packet *p, uint16_t name, char to, uint32_t ttl)
{
	put_record(p, name, CNAME, ttl, 4);
	put(p, 1, 1);
	put(p, (unsigned char)to, 1);
	put(p, 0xc00c, 2);
	return (uint16_t)(0xc000 | (p->len - 4));
}

static void
put_address(struct packet *p, const struct kind *k, uint16_t name, int type, int i)
{
	size_t len = type == A ? 4 : 16;

	put_record(p, name, type, k->ttl,
		k->odd & LONG_RDATA    ? 4000
		: k->odd & SHORT_RDATA ? len - 1
				       : len);
	if (type == A) {
		put(p, 0xc6336400 + (uint32_t)i + 1, 4); /* 198.51.100.i */
	} else if (k->odd & MAPPED) {
		put(p, 0, 4);
		put(p, 0, 4);
		put(p, 0x0000ffff, 4);
		put(p, 0x7f000001, 4);
	} else {
		put(p, 0x20010db8, 4);
		put(p, 0, 4);
		put(p, 0, 4);
		put(p, (uint32_t)i + 1, 4);
	}
}

/* The answer to a question of `qlen` bytes, over TCP or not. */
static void
answer(struct packet *p, const struct kind *k, const unsigned char *q, size_t qlen, int type,
	bool tcp)
{
	int n = type == A ? k->a : k->aaaa, rcode = n < 0 ? -2 - n : 0, records = n > 0 ? n : 0;
	/* Behind the header and the first label: "test". */
	uint16_t name = 0xc00c;

	p->len = 0;
	put(p, (uint32_t)(q[0] << 8 | q[1]) ^ (k->odd & WRONG_ID ? 1 : 0), 2);
	put(p, 0x8180 | (uint32_t)rcode, 2);
	put(p, 1, 2);
	put(p, 0, 4);
	put(p, 0, 2);
	memcpy(p->at + 12, q + 12, qlen - 12);
	p->len = qlen;
	if (k->odd & WRONG_QUESTION)
		p->at[13] ^= 1;
	if (k->odd & CHAIN) {
		name = put_cname(p, name, 'x', 50);
		name = put_cname(p, name, 'y', 7);
		name = put_cname(p, name, 'z', 50);
	}
	if (k->odd & LOOP) {
		put_record(p, name, CNAME, 60, 2);
		put(p, name, 2);
	}
	if (k->odd & OTHER_NAME) /* "test", or what the last label is */
		name = (uint16_t)(0xc00c + 1 + q[12]);
	for (int i = 0; i < records; i++)
		put_address(p, k, name, type, i);
	records += k->odd & CHAIN ? 3 : k->odd & LOOP ? 1 : 0;
	p->at[7] = (unsigned char)records;
	if (!tcp && (k->odd & TRUNCATE || p->len > 512)) {
		p->at[2] |= 2;
		p->at[7] = 0;
		p->len = qlen;
	}
	if (k->odd & CUT)
		p->len--;
	if (k->odd & NOISE)
		for (size_t i = qlen; i < p->len; i++)
			p->at[i] = (unsigned char)(i * 167 + 13);
	if (k->odd & TINY)
		p->len = 7;
}

static const struct kind *
kind_of(const unsigned char *q, size_t len, int *type)
{
	size_t at = 12;

	while (at < len && q[at] != 0)
		at += q[at] + 1u;
	if (at + 5 > len)
		return NULL;
	*type = q[at + 1] << 8 | q[at + 2];
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (q[12] == strlen(kinds[i].label) && memcmp(q + 13, kinds[i].label, q[12]) == 0)
			return &kinds[i];
	return &kinds[0]; /* any other name has both */
}

static void
serve_tcp(int listener)
{
	int fd = accept(listener, NULL, NULL), type;
	unsigned char q[514];
	struct packet p;
	ssize_t n;

	/* By a process of its own: c-ares keeps a connection while any of its questions is open. */
	if (fork() != 0) {
		close(fd);
		return;
	}
	/* One question may come behind the other. */
	while ((n = recv(fd, q, 2, MSG_WAITALL)) == 2 &&
		(n = recv(fd, q + 2, (size_t)(q[0] << 8 | q[1]), MSG_WAITALL)) > 12) {
		const struct kind *k = kind_of(q + 2, (size_t)n, &type);
		unsigned char len[2];

		if (k == NULL || k->odd & NO_TCP)
			break;
		answer(&p, k, q + 2, (size_t)n, type, true);
		len[0] = (unsigned char)(p.len >> 8);
		len[1] = (unsigned char)p.len;
		send(fd, len, 2, MSG_NOSIGNAL);
		send(fd, p.at, p.len, MSG_NOSIGNAL);
	}
	_exit(0);
}

static struct later {
	int64_t due;
	struct sockaddr_storage to;
	socklen_t to_len;
	struct packet p;
} later[LATER];

static void
serve_udp(int fd)
{
	struct sockaddr_storage from;
	socklen_t from_len = sizeof from;
	unsigned char q[512];
	ssize_t n = recvfrom(fd, q, sizeof q, 0, (struct sockaddr *)&from, &from_len);
	const struct kind *k;
	struct packet p;
	int type, delay;

	if (n < 12 || shared->deaf || (k = kind_of(q, (size_t)n, &type)) == NULL)
		return;
	shared->questions++;
	if ((type == A ? k->a : k->aaaa) == DROP)
		return;
	answer(&p, k, q, (size_t)n, type, false);
	if (k->odd & FAKE_FIRST)
		for (int i = 0; i < 100; i++) {
			struct packet fake = p;

			fake.at[0] ^= (unsigned char)(1 + i);
			fake.at[p.len - 1] = 66;
			sendto(fd, fake.at, fake.len, 0, (struct sockaddr *)&from, from_len);
		}
	delay = type == A ? k->a_delay : k->aaaa_delay;
	if (delay == 0)
		sendto(fd, p.at, p.len, 0, (struct sockaddr *)&from, from_len);
	for (int i = 0; delay > 0 && i < LATER; i++)
		if (later[i].due == 0) {
			later[i] = (struct later){ wait_clock() + delay, from, from_len, p };
			break;
		}
}

static void
serve(int udp, int tcp)
{
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		struct pollfd fds[2] = { { .fd = udp, .events = POLLIN },
			{ .fd = tcp, .events = POLLIN } };

		poll(fds, 2, 10);
		if (getppid() == 1)
			_exit(0);
		if (fds[0].revents)
			serve_udp(udp);
		if (fds[1].revents)
			serve_tcp(tcp);
		for (int i = 0; i < LATER; i++)
			if (later[i].due != 0 && wait_clock() >= later[i].due) {
				sendto(udp, later[i].p.at, later[i].p.len, 0,
					(struct sockaddr *)&later[i].to, later[i].to_len);
				later[i].due = 0;
			}
	}
}

/* UDP and TCP on one free port of 127.0.0.1. */
static void
server_start(void)
{
	shared = mmap(
		NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 100; i++) {
		struct sockaddr_in in = { .sin_family = AF_INET };
		socklen_t len = sizeof in;
		int udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);

		in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		bind(udp, (struct sockaddr *)&in, sizeof in);
		getsockname(udp, (struct sockaddr *)&in, &len);
		if (bind(tcp, (struct sockaddr *)&in, sizeof in) == 0 && listen(tcp, 16) == 0) {
			server_port = ntohs(in.sin_port);
			if ((server_pid = fork()) == 0)
				serve(udp, tcp);
			i = 100;
		}
		close(udp);
		close(tcp);
	}
}

/* --- the tests ------------------------------------------------------------------------------------ */

static struct resolver *
resolver(size_t most)
{
	char servers[64], err[128] = "";
	struct resolver *r;

	snprintf(servers, sizeof servers, "127.0.0.1:%u", (unsigned)server_port);
	r = resolver_new(servers, most, err, sizeof err);
	CHECK_STR(err, "");
	if (r == NULL)
		exit(2);
	return r;
}

/* One turn of a loop, until `end` at the latest; for the resolver it is `now`. */
static void
turn_at(struct resolver *r, int64_t end, int64_t now)
{
	struct wait w;

	wait_init(&w);
	resolver_want(r, &w, wait_clock());
	wait_until(&w, end);
	wait_run(&w, wait_clock());
	resolver_run(r, &w, now);
}

static void
turn(struct resolver *r, int64_t end)
{
	turn_at(r, end, wait_clock());
}

/* Turns until the query ends, while time stands still for the resolver: what ends has waited for answers, not for a
 * time to pass.  A minute is for what never ends. */
static int
finish(struct resolver *r, const struct resolve_query *q)
{
	int64_t now = wait_clock(), end = now + 60 * 1000;

	while (resolve_step(q) == 0 && wait_clock() < end)
		turn_at(r, end, now);
	return resolve_step(q);
}

/* The same under a clock that goes on. */
static int
finish_in_time(struct resolver *r, const struct resolve_query *q)
{
	int64_t end = wait_clock() + 60 * 1000;

	while (resolve_step(q) == 0 && wait_clock() < end)
		turn(r, end);
	return resolve_step(q);
}

/* Turns until nothing is open any more: c-ares has its answers, or has given up. */
static void
settle(struct resolver *r)
{
	int64_t end = wait_clock() + 60 * 1000;
	struct wait w;

	do {
		turn(r, wait_clock() + 100);
		wait_init(&w);
		resolver_want(r, &w, wait_clock());
	} while ((w.highest != -1 || w.until != INT64_MAX) && wait_clock() < end);
}

/* Turns until the server has been asked more than so often. */
static bool
is_asked(struct resolver *r, unsigned before)
{
	int64_t end = wait_clock() + 60 * 1000;

	while (shared->questions <= before && wait_clock() < end)
		turn(r, wait_clock() + 10);
	return shared->questions > before;
}

static void
idle(struct resolver *r, int64_t ms)
{
	int64_t end = wait_clock() + ms;

	while (wait_clock() < end)
		turn(r, end);
}

/* "2001:db8::1 198.51.100.1", or the error. */
static const char *
text_of(const struct resolve_query *q)
{
	static char out[RESOLVE_ADDRS * NET_ADDR_TEXT];
	size_t n = 0;

	if (q->error != RESOLVE_OK)
		return resolve_error_text(q->error);
	out[0] = '\0';
	for (size_t i = 0; i < q->count; i++) {
		char one[NET_ADDR_TEXT];

		n += (size_t)snprintf(out + n, sizeof out - n, "%s%s", i > 0 ? " " : "",
			net_addr_format(one, &q->addrs[i], false));
		if (q->addrs[i].port != 443)
			CHECK_INT(q->addrs[i].port, 443);
	}
	return out;
}

static void
test_answers(void)
{
#define V6 "2001:db8::1"
#define V4 "198.51.100.1"
	static const struct {
		const char *label, *want; /* NULL: the error */
		enum resolve_error error;
	} cases[] = {
		{ "both", V6 " " V4, RESOLVE_OK },
		{ "v4", V4, RESOLVE_OK },
		{ "v6", V6, RESOLVE_OK },
		{ "nodata", NULL, RESOLVE_NO_NAME },
		{ "nx", NULL, RESOLVE_NO_NAME },
		{ "servfail", NULL, RESOLVE_REFUSED },
		{ "refused", NULL, RESOLVE_REFUSED },
		{ "formerr", NULL, RESOLVE_REFUSED },
		{ "halfserv", V4, RESOLVE_OK },
		{ "halfnx", V4, RESOLVE_OK },
		{ "slow", V6 " " V4, RESOLVE_OK },
		{ "late4", V6 " " V4, RESOLVE_OK },
		{ "late46", V4, RESOLVE_OK },
		{ "trunc", V6 " 2001:db8::2 " V4 " 198.51.100.2", RESOLVE_OK },
		{ "notcp", NULL, RESOLVE_REFUSED },
		{ "chain", V6 " " V4, RESOLVE_OK },
		{ "loop", NULL, RESOLVE_NO_NAME },
#if ARES_VERSION < 0x012000 /* later ones don't look at the owner of an address record */
		{ "other", NULL, RESOLVE_NO_NAME },
#endif
		{ "cut", NULL, RESOLVE_REFUSED },
		{ "noise", NULL, RESOLVE_REFUSED },
		{ "longrd", NULL, RESOLVE_REFUSED },
		{ "mapped", V4, RESOLVE_OK },
		{ "mappedonly", NULL, RESOLVE_NO_NAME },
		{ "forged", V6 " " V4, RESOLVE_OK },
		{ "ttl0", V6 " " V4, RESOLVE_OK },
		{ "ttlneg", V6 " " V4, RESOLVE_OK },
		{ "ttlbig", V6 " " V4, RESOLVE_OK },
	};
	struct resolver *r = resolver(8);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct resolve_query q;
		char name[64];

		snprintf(name, sizeof name, "%s.test", cases[i].label);
		resolve_start(r, &q, name, 443, wait_clock());
		CHECK_INT(finish(r, &q), cases[i].error == RESOLVE_OK ? 1 : -1);
		if (q.error != cases[i].error ||
			(cases[i].want != NULL && strcmp(text_of(&q), cases[i].want) != 0)) {
			fprintf(stderr, "%s:\n", name);
			CHECK_STR(text_of(&q), cases[i].want != NULL
						       ? cases[i].want
						       : resolve_error_text(cases[i].error));
		}
		CHECK(q.job == NULL && q.next == NULL);
		resolve_reset(&q);
	}
	resolver_free(r);
}

/* All that end in silence, at once: no later than RESOLVE_MS. */
static void
test_silence(void)
{
	static const struct {
		const char *name;
		enum resolve_error error;
		int least_ms, most_ms;
	} cases[] = {
		{ "drop.test", RESOLVE_TIMEOUT, 1000, RESOLVE_MS },
		{ "drop4no6.test", RESOLVE_TIMEOUT, 1000, RESOLVE_MS },
		{ "wrongid.test", RESOLVE_TIMEOUT, 1000, RESOLVE_MS },
		{ "wrongq.test", RESOLVE_TIMEOUT, 1000, RESOLVE_MS },
		{ "drop4.test", RESOLVE_OK, 1000, RESOLVE_WAIT_A_MS },
		{ "drop6.test", RESOLVE_OK, RESOLVE_WAIT_AAAA_MS, RESOLVE_WAIT_AAAA_MS },
	};
	enum { CASES = sizeof cases / sizeof cases[0], STEP = 10 };
	struct resolve_query q[CASES];
	struct resolver *r = resolver(CASES);
	int64_t start = wait_clock(), now = start, end = start + 120 * 1000, took[CASES] = { 0 };
	bool waiting = true;

	/* The resolver's clock makes steps, and is never before the machine's: who ends later than it may has not
	 * only been kept from running.  Too early is told by the machine's. */

	for (int i = 0; i < CASES; i++)
		resolve_start(r, &q[i], cases[i].name, 443, start);
	while (waiting && wait_clock() < end) {
		turn_at(r, wait_clock() + STEP, now);
		waiting = false;
		for (int i = 0; i < CASES; i++) {
			if (resolve_step(&q[i]) != 0 && took[i] == 0) {
				CHECK(wait_clock() - start >= cases[i].least_ms);
				took[i] = now - start;
			}
			waiting |= took[i] == 0;
		}
		if (wait_clock() >= now + STEP)
			now += STEP;
	}
	for (int i = 0; i < CASES; i++) {
		if (q[i].error != cases[i].error || took[i] > cases[i].most_ms + STEP) {
			fprintf(stderr, "%s: after %d ms\n", cases[i].name, (int)took[i]);
			CHECK_INT(q[i].error, cases[i].error);
			CHECK_INT(took[i], cases[i].most_ms);
		}
		resolve_reset(&q[i]);
	}
	CHECK(!waiting);
	/* The failure is remembered, for 5 s and no longer. */
	unsigned before = shared->questions;
	resolve_start(r, &q[0], "drop.test", 443, wait_clock());
	CHECK_INT(resolve_step(&q[0]), -1);
	CHECK_INT(q[0].error, RESOLVE_TIMEOUT);
	idle(r, 100);
	CHECK_INT(shared->questions, before);
	settle(r);
	resolve_start(r, &q[0], "drop.test", 443, wait_clock() + 1000 * RESOLVE_TTL_FAILED);
	CHECK_INT(resolve_step(&q[0]), 0);
	resolve_reset(&q[0]);
	/* Later c-ares gives up a socket with such an answer. */
	resolve_start(r, &q[0], "tiny.test", 443, wait_clock());
	CHECK_INT(finish_in_time(r, &q[0]), -1);
	CHECK(q[0].error == RESOLVE_TIMEOUT || q[0].error == RESOLVE_REFUSED);
	resolver_free(r);
}

/* Each family gets half of the places. */
static void
test_many(void)
{
	static const char *const names[] = { "many.test", "some.test" };
	struct resolver *r = resolver(8);

	for (int n = 0; n < 2; n++) {
		struct resolve_query q;

		resolve_start(r, &q, names[n], 443, wait_clock());
		CHECK_INT(finish(r, &q), 1);
		CHECK_INT(q.count, RESOLVE_ADDRS);
		for (size_t i = 0; i < q.count; i++) {
			CHECK_INT(q.addrs[i].family, i < RESOLVE_ADDRS / 2 ? 6 : 4);
			/* as the server gave them */
			CHECK_INT(q.addrs[i].ip[q.addrs[i].family == 6 ? 15 : 3],
				i % (RESOLVE_ADDRS / 2) + 1);
		}
	}
	resolver_free(r);
}

static void
test_cache(void)
{
	static const struct {
		const char *name;
		int ttl;
	} cases[] = {
		{ "both.test", 60 },
		{ "ttl100.test", 100 },
		{ "ttl0.test", RESOLVE_TTL_MIN },
		{ "ttlneg.test", RESOLVE_TTL_MIN },
		{ "ttlbig.test", RESOLVE_TTL_MAX },
		{ "chain.test", 7 },
		{ "nx.test", RESOLVE_TTL_FAILED },
		{ "servfail.test", RESOLVE_TTL_FAILED },
	};
	struct resolver *r = resolver(8);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t now = wait_clock(), known;
		struct resolve_query q;
		unsigned before;
		int result;

		resolve_start(r, &q, cases[i].name, 443, now);
		result = finish(r, &q);
		known = wait_clock();
		before = shared->questions;
		resolve_start(r, &q, cases[i].name, 8443, now + 1000 * cases[i].ttl - 1);
		CHECK_INT(resolve_step(&q), result);
		if (result == 1)
			CHECK_INT(q.addrs[0].port, 8443);
		CHECK_INT(shared->questions, before);
		resolve_start(r, &q, cases[i].name, 443, known + 1000 * cases[i].ttl);
		CHECK_INT(resolve_step(&q), 0);
		resolve_reset(&q);
		CHECK(is_asked(r, before));
	}
	resolver_free(r);
}

/* More names than places: the least recently used one goes. */
static void
test_eviction(void)
{
	enum { MOST = 4, ROOM = RESOLVE_CACHE + MOST };
	struct resolver *r = resolver(MOST);
	struct resolve_query q;
	char name[32];
	unsigned before;

	for (int i = 0; i < ROOM; i++) {
		snprintf(name, sizeof name, "host%d.test", i);
		resolve_start(r, &q, name, 443, wait_clock());
		CHECK_INT(finish(r, &q), 1);
	}
	before = shared->questions;
	resolve_start(r, &q, "host0.test", 443, wait_clock()); /* used again */
	CHECK_INT(resolve_step(&q), 1);
	resolve_start(r, &q, "one-more.test", 443, wait_clock());
	CHECK_INT(finish(r, &q), 1);
	CHECK_INT(shared->questions, before + 2);
	resolve_start(r, &q, "host0.test", 443, wait_clock());
	CHECK_INT(resolve_step(&q), 1);
	resolve_start(r, &q, "host2.test", 443, wait_clock());
	CHECK_INT(resolve_step(&q), 1);
	resolve_start(r, &q, "host1.test", 443, wait_clock());
	CHECK_INT(resolve_step(&q), 0);
	CHECK_INT(finish(r, &q), 1);
	resolver_free(r);
}

static void
test_shared(void)
{
	enum { QUERIES = 5 };
	struct resolver *r = resolver(2);
	struct resolve_query q[QUERIES], other, third;
	unsigned before = shared->questions;

	for (int i = 0; i < QUERIES; i++)
		resolve_start(r, &q[i], "slow.test", 443, wait_clock());
	/* Two resets, first and last come, while the others wait. */
	resolve_reset(&q[0]);
	resolve_reset(&q[QUERIES - 1]);
	resolve_reset(&q[2]);
	memset(&q[2], 0x55, sizeof q[2]); /* nobody writes there */
	resolve_start(r, &other, "slow.second.test", 443, wait_clock());
	/* Both are asking: a third has no room, but who joins them has. */
	resolve_start(r, &third, "third.test", 443, wait_clock());
	CHECK_INT(resolve_step(&third), -1);
	CHECK_INT(third.error, RESOLVE_LOCAL);
	resolve_start(r, &q[0], "slow.test", 443, wait_clock());
	CHECK_INT(finish(r, &q[1]), 1);
	CHECK_INT(resolve_step(&q[0]), 1);
	CHECK_INT(resolve_step(&q[3]), 1);
	CHECK_INT(q[QUERIES - 1].done, false);
	CHECK_INT(q[2].port, 0x5555);
	CHECK_INT(finish(r, &other), 1);
	CHECK_INT(shared->questions, before + 4);
	/* What failed for want of room is not remembered. */
	resolve_start(r, &third, "third.test", 443, wait_clock());
	CHECK_INT(finish(r, &third), 1);
	resolver_free(r);
}

/* A late answer feeds the cache: whom it was late for, and whom nobody waits for any more. */
static void
test_late(void)
{
	struct resolver *r = resolver(4);
	struct resolve_query q;
	unsigned before;

	resolve_start(r, &q, "late6.test", 443, wait_clock());
	CHECK_INT(finish_in_time(r, &q), 1);
	CHECK_STR(text_of(&q), "198.51.100.1");
	resolve_start(r, &q, "slow.test", 443, wait_clock());
	turn(r, wait_clock() + 10);
	resolve_reset(&q);
	settle(r);
	before = shared->questions;
	resolve_start(r, &q, "late6.test", 443, wait_clock());
	CHECK_INT(resolve_step(&q), 1);
	CHECK_STR(text_of(&q), "2001:db8::1 198.51.100.1");
	resolve_start(r, &q, "slow.test", 443, wait_clock());
	CHECK_INT(resolve_step(&q), 1);
	CHECK_INT(shared->questions, before);
	resolver_free(r);
}

static void
test_reload(void)
{
	char servers[64], twice[128], err[128] = "";
	struct resolver *r = resolver(4);
	struct resolve_query q, gone;

	snprintf(servers, sizeof servers, "127.0.0.1:%u", (unsigned)server_port);
	resolve_start(r, &q, "both.test", 443, wait_clock());
	CHECK_INT(finish(r, &q), 1);
	resolve_start(r, &q, "slow.test", 443, wait_clock());
	resolve_start(r, &gone, "slow.gone.test", 443, wait_clock());
	turn(r, wait_clock() + 10);
	resolve_reset(&gone);
	CHECK_INT(resolver_reload(r, "no address"), -1);
	CHECK_INT(resolver_reload(r, ""), -1);
	CHECK_INT(resolver_reload(r, servers), 0);
	CHECK_INT(resolve_step(&q), 0); /* asked again, not failed */
	CHECK_INT(finish(r, &q), 1);
	resolve_start(r, &q, "both.test", 443, wait_clock());
	CHECK_INT(resolve_step(&q), 0); /* forgotten */
	CHECK_INT(finish(r, &q), 1);

	/* A server that is not there, and one that is. */
	snprintf(twice, sizeof twice, "127.0.0.1:9,%s", servers);
	CHECK_INT(resolver_reload(r, twice), 0);
	resolve_start(r, &q, "both.test", 443, wait_clock());
	CHECK_INT(finish(r, &q), 1);
	/* None that is there. */
	CHECK_INT(resolver_reload(r, "127.0.0.1:9"), 0);
	resolve_start(r, &q, "both.test", 443, wait_clock());
	CHECK_INT(finish(r, &q), -1);
	CHECK_INT(q.error, RESOLVE_REFUSED);

	/* Freed under a query that waits. */
	CHECK_INT(resolver_reload(r, servers), 0);
	resolve_start(r, &q, "drop.test", 443, wait_clock());
	turn(r, wait_clock() + 10);
	resolver_free(r);
	CHECK_INT(resolve_step(&q), -1);
	CHECK_INT(q.error, RESOLVE_LOCAL);
	resolve_reset(&q);

	CHECK(resolver_new("no address", 4, err, sizeof err) == NULL);
	CHECK(strstr(err, "no address") != NULL);
	r = resolver_new(
		NULL, 4, err, sizeof err); /* /etc/resolv.conf, or none: c-ares has a default */
	CHECK(r != NULL);
	resolver_free(r);
	resolver_free(NULL);
}

static void
test_names(void)
{
	struct resolver *r = resolver(4);
	struct resolve_query q;
	char name[300];

	resolve_start(r, &q, "", 443, wait_clock());
	CHECK_INT(q.error, RESOLVE_NO_NAME);
	for (size_t i = 0; i < sizeof name; i++)
		name[i] = i % 64 == 63 ? '.' : 'a';
	name[254] = '\0';
	resolve_start(r, &q, name, 443, wait_clock());
	CHECK_INT(q.error, RESOLVE_NO_NAME);
	name[253] = '\0';
	resolve_start(r, &q, name, 443, wait_clock());
	CHECK_INT(finish(r, &q), 1);
	/* One label: asked as it is, without the machine's search domain. */
	resolve_start(r, &q, "router", 443, wait_clock());
	CHECK_INT(finish(r, &q), 1);
	/* What c-ares won't ask for fails at once. */
	resolve_start(r, &q, "a..b", 443, wait_clock());
	CHECK_INT(resolve_step(&q), -1);
	CHECK_INT(q.error, RESOLVE_NO_NAME);
	resolve_init(&q);
	CHECK(resolve_step(&q) == 0 && q.job == NULL);
	resolver_free(r);
}

/* A socket that select can't hold, or none at all, costs this query and nothing else. */
static void
test_descriptors(void)
{
	struct resolver *r = resolver(4);
	struct rlimit old, lim;
	struct resolve_query q;
	int low = dup(0);

	getrlimit(RLIMIT_NOFILE, &old);
	lim = old;
	if (old.rlim_max > FD_SETSIZE + 16) {
		lim.rlim_cur = FD_SETSIZE + 16;
		setrlimit(RLIMIT_NOFILE, &lim);
		for (int fd = low; fd < FD_SETSIZE; fd++)
			dup2(0, fd);
		resolve_start(r, &q, "both.test", 443, wait_clock());
		CHECK_INT(finish(r, &q), -1);
		CHECK_INT(q.error, RESOLVE_LOCAL);
		CHECK_INT(fcntl(FD_SETSIZE, F_GETFD), -1);
		for (int fd = low; fd < FD_SETSIZE; fd++)
			close(fd);
	} else {
		printf("resolve: only %u descriptors: FD_SETSIZE not tested\n",
			(unsigned)old.rlim_max);
	}
	lim.rlim_cur = 3; /* the standard ones */
	setrlimit(RLIMIT_NOFILE, &lim);
	resolve_start(r, &q, "both.test", 443, wait_clock());
	CHECK_INT(finish(r, &q), -1);
	CHECK_INT(q.error, RESOLVE_LOCAL);
	setrlimit(RLIMIT_NOFILE, &old);
	/* And not remembered. */
	resolve_start(r, &q, "both.test", 443, wait_clock());
	CHECK_INT(finish(r, &q), 1);
	resolver_free(r);
}

/* A loop that is called late sees the deadline all the same, and an idle one is not woken. */
static void
test_deadline(void)
{
	struct resolver *r = resolver(4);
	struct resolve_query q;
	struct wait w;
	int64_t now = wait_clock();

	wait_init(&w);
	resolver_want(r, &w, now);
	CHECK(w.highest == -1 && w.until == INT64_MAX);
	shared->deaf = true;
	resolve_start(r, &q, "both.test", 443, now);
	wait_init(&w);
	resolver_want(r, &w, now);
	CHECK(w.highest >= 0 && w.until > now && w.until <= now + RESOLVE_MS);
	wait_init(&w);
	resolver_run(r, &w, now + RESOLVE_MS - 1);
	CHECK_INT(resolve_step(&q), 0);
	resolver_run(r, &w, now + RESOLVE_MS);
	CHECK_INT(resolve_step(&q), -1);
	CHECK_INT(q.error, RESOLVE_TIMEOUT);
	/* c-ares tries again, the server hears: the cache is mended. */
	shared->deaf = false;
	settle(r);
	resolve_start(r, &q, "both.test", 443, wait_clock());
	CHECK_INT(resolve_step(&q), 1);
	wait_init(&w);
	resolver_want(r, &w, now);
	CHECK(w.highest == -1 && w.until == INT64_MAX); /* nothing is left open */
	resolver_free(r);
}

static int
look_up(char **argv)
{
	char err[256];
	struct resolver *r = resolver_new(argv[1], 64, err, sizeof err);

	if (r == NULL) {
		printf("%s\n", err);
		return 1;
	}
	for (char **name = argv + 2; *name != NULL; name++) {
		struct resolve_query q;

		resolve_start(r, &q, *name, 443, wait_clock());
		finish(r, &q);
		printf("%s: %s\n", *name, text_of(&q));
	}
	resolver_free(r);
	return 0;
}

/* A name of the hosts file, and localhost: answered at once, with the port, and no server is asked; what is in that
 * file goes before what a server said. */
static void
test_hosts(void)
{
	char path[] = "/tmp/sluice-resolve-XXXXXX";
	struct resolver *r = resolver(4);
	FILE *f = fdopen(mkstemp(path), "w");
	struct resolve_query q;
	unsigned before;

	if (f == NULL)
		exit(2);
	resolve_start(r, &q, "both.test", 443, wait_clock());
	CHECK_INT(finish(r, &q), 1);
	CHECK_STR(text_of(&q), "2001:db8::1 198.51.100.1");
	before = shared->questions;
	CHECK(fputs("10.1.2.3 both.test printer\n", f) >= 0 && fclose(f) == 0);
	resolver_set_hosts(r, path);
	resolve_start(r, &q, "both.test", 443, wait_clock());
	CHECK_INT(resolve_step(&q), 1);
	CHECK_STR(text_of(&q), "10.1.2.3");
	resolve_start(r, &q, "printer", 443, wait_clock());
	CHECK_STR(text_of(&q), "10.1.2.3");
	resolve_start(r, &q, "www.localhost", 443, wait_clock());
	CHECK_INT(resolve_step(&q), 1);
	CHECK_STR(text_of(&q), "::1 127.0.0.1");
	CHECK_INT(shared->questions, before);
	unlink(path);
	resolver_free(r);
}

int
main(int argc, char **argv)
{
	if (argc > 2)
		return look_up(argv);
	signal(SIGPIPE, SIG_IGN); /* as the proxy does: c-ares's TCP writes have no MSG_NOSIGNAL */
	server_start();
	test_answers();
	test_silence();
	test_many();
	test_cache();
	test_hosts();
	test_eviction();
	test_shared();
	test_late();
	test_reload();
	test_names();
	test_deadline();
	test_descriptors();
	for (int e = RESOLVE_OK; e <= RESOLVE_LOCAL; e++)
		CHECK(resolve_error_text((enum resolve_error)e) != NULL);
	kill(server_pid, SIGTERM);
	waitpid(server_pid, NULL, 0);
	return check_done("resolve");
}
