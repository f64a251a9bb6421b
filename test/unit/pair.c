/* pair: tunnels without copying, endings in both orders, what is owed after a reset, parking that leaves no byte. */
#include "check.h"
#include "peers.h"
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include "lib/tls/pair.h"
#include "lib/net/wait.h"

enum { BULK = 400000, ROUNDS = 5000 };

static struct pair pair;
static struct pair_buffers buffers, others;
static int browser, server; /* the far ends */

static void
make_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0)
		exit(2);
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &(int){ 4096 }, sizeof(int));
}

static void
start_with(void (*make_client)(int *), void (*make_origin)(int *))
{
	int fds[2];

	pair_init(&pair);
	make_client(fds);
	pair_open_client(&pair, fds[0]);
	browser = fds[1];
	make_origin(fds);
	pair_open_origin(&pair, fds[0]);
	server = fds[1];
	memset(&buffers, 0, sizeof buffers);
	pair_lend(&pair, &buffers);
}

static void
start(void)
{
	start_with(make_pair, make_pair);
}

static void
stop(void)
{
	leg_close(&pair.client, false);
	leg_close(&pair.origin, false);
	close(browser);
	close(server);
}

/* What the sockets are ready for. */
static void
look(int ms)
{
	struct wait w;
	int64_t now = wait_clock();

	wait_init(&w);
	CHECK(leg_want(&pair.client, &w, true) && leg_want(&pair.origin, &w, true));
	wait_until(&w, now + ms);
	wait_run(&w, now);
	leg_ready(&pair.client, &w);
	leg_ready(&pair.origin, &w);
}

static void
run(void)
{
	for (int i = 0; i < 3; i++) {
		int rounds = 0;

		look(2);
		while (pair_splice(&pair) && rounds++ < ROUNDS)
			continue;
		CHECK(rounds < ROUNDS);
	}
}

static bool
got(int fd, const char *want)
{
	char text[256];
	ssize_t n = recv(fd, text, sizeof text, 0);

	return n == (ssize_t)strlen(want) && memcmp(text, want, (size_t)n) == 0;
}

static bool
got_end(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0) == 0;
}

static bool
got_nothing(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0) < 0 && errno == EAGAIN;
}

static bool
is_zero(const void *data, size_t len)
{
	const unsigned char *at = data;

	while (len > 0 && *at == 0) {
		at++;
		len--;
	}
	return len == 0;
}

/* --- a tunnel ----------------------------------------------------------------------- */

static void
test_tunnel(void)
{
	start();
	CHECK(pair_share(&pair) && pair_share(&pair));
	CHECK_INT(send(browser, "up", 2, 0), 2);
	CHECK_INT(send(server, "down", 4, 0), 4);
	run();
	CHECK(got(server, "up") && got(browser, "down"));
	CHECK(pair.client.out == pair.origin.in && pair.origin.out == pair.client.in);
	/* Nothing was copied: the other two buffers were never written to. */
	CHECK_INT(pair.client_out.high + pair.origin_out.high, 0);
	CHECK(is_zero(buffers.client_out, ENGINE_OUT) && is_zero(buffers.origin_out, ENGINE_OUT));
	CHECK(!pair_is_over(&pair));
	stop();
}

/* What was put for the client leaves before the tunnel begins. */
static void
test_greeting_first(void)
{
	size_t len, put = 0, taken = 0;
	char buf[4096];
	ssize_t n;

	start();
	while (!pair.client.blocked && leg_room(&pair.client, &len) != NULL) {
		leg_put(&pair.client, len);
		put += len;
		leg_pump(&pair.client, false, false);
	}
	CHECK(!pair_share(&pair) && !pair.shared);
	CHECK_INT(send(server, "!", 1, 0), 1);
	for (int i = 0; i < 1000 && !pair_share(&pair); i++) {
		n = recv(browser, buf, sizeof buf, 0);
		taken += n > 0 ? (size_t)n : 0;
		look(2);
	}
	CHECK(pair.shared);
	run();
	while ((n = recv(browser, buf, sizeof buf, 0)) > 0)
		taken += (size_t)n;
	CHECK_INT(taken, put + 1);
	stop();
}

/* Much data both ways at once, through sockets that hold little, parked whenever that is possible. */
static void
test_bulk(void)
{
	static unsigned char buf[8192];
	size_t sent[2] = { 0, 0 }, taken[2] = { 0, 0 };
	bool wrong = false;
	unsigned parked = 0;

	start();
	CHECK(pair_share(&pair));
	for (int i = 0; i < 100000 && taken[0] + taken[1] < 2 * BULK; i++) {
		int from = i % 2 != 0 ? browser : server;
		size_t *out = &sent[i % 2], *in = &taken[i % 2];
		size_t len = BULK - *out < 3000 ? BULK - *out : 3000;
		ssize_t n;

		for (size_t k = 0; k < len; k++)
			buf[k] = (unsigned char)((*out + k) % 251);
		n = len > 0 ? send(from, buf, len, 0) : 0;
		*out += n > 0 ? (size_t)n : 0;
		if (pair.buffers == NULL)
			pair_lend(&pair, &buffers);
		look(0);
		while (pair_splice(&pair))
			continue;
		n = recv(from == browser ? server : browser, buf, sizeof buf, 0);
		for (ssize_t k = 0; k < n; k++)
			wrong |= buf[k] != (unsigned char)((*in + (size_t)k) % 251);
		*in += n > 0 ? (size_t)n : 0;
		if (pair_may_park(&pair)) {
			CHECK(pair_park(&pair) == &buffers);
			parked++;
		}
	}
	CHECK_INT(taken[0], BULK);
	CHECK_INT(taken[1], BULK);
	CHECK(!wrong && parked > 0);
	CHECK(pair.buffers != NULL || is_zero(&buffers, sizeof buffers));
	stop();
}

static void
test_half_close(void)
{
	for (int order = 0; order < 2; order++) {
		int first, last;

		start();
		CHECK(pair_share(&pair));
		first = order == 0 ? browser : server;
		last = order == 0 ? server : browser;
		CHECK_INT(send(first, "question", 8, 0), 8);
		shutdown(first, SHUT_WR);
		run();
		CHECK(!pair_is_over(&pair));
		CHECK(got(last, "question") && got_end(last));
		CHECK(got_nothing(first));
		CHECK(pair_may_park(&pair));
		CHECK(pair_park(&pair) == &buffers);
		CHECK(!pair_has_news(&pair)); /* the end that is known is none */
		CHECK_INT(send(last, "answer", 6, 0), 6);
		look(5);
		CHECK(pair_has_news(&pair));
		pair_lend(&pair, &others);
		run();
		CHECK(!pair_is_over(&pair));
		CHECK(got(first, "answer") && got_nothing(first));
		shutdown(last, SHUT_WR);
		run();
		CHECK(pair_is_over(&pair));
		CHECK(got_end(first));
		stop();
	}
}

/* The client takes nothing; the origin has sent, ended or reset: all of it still arrives. */
static void
test_owed(bool reset)
{
	static char bulk[12000], buf[4096];
	size_t taken = 0;
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	ssize_t n;

	memset(bulk, 'x', sizeof bulk);
	start_with(make_pair, make_tcp);
	CHECK(pair_share(&pair));
	CHECK_INT(send(server, bulk, sizeof bulk, 0), sizeof bulk);
	run();
	if (reset)
		setsockopt(server, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(server);
	server = -1;
	run();
	CHECK(pair.client.blocked && pair.origin.eof);
	CHECK_INT(leg_is_failed(&pair.origin), reset);
	CHECK(!pair_is_over(&pair));
	for (int i = 0; i < 1000 && taken < sizeof bulk; i++) {
		n = recv(browser, buf, sizeof buf, 0);
		taken += n > 0 ? (size_t)n : 0;
		run();
	}
	CHECK_INT(taken, sizeof bulk);
	CHECK_INT(pair_is_over(&pair), reset);
	if (!reset)
		CHECK(got_end(browser));
	stop();
}

/* Nobody is there to take it. */
static void
test_both_gone(void)
{
	start();
	CHECK(pair_share(&pair));
	CHECK_INT(send(browser, "lost", 4, 0), 4);
	close(browser);
	close(server);
	run();
	CHECK(pair_is_over(&pair));
	browser = server = -1;
	stop();
}

/* --- buffers ------------------------------------------------------------------------- */

/* One origin's left-overs are not the next one's answer, and what was meant for it is not sent there. */
static void
test_another_origin(void)
{
	int fds[2];
	size_t len;

	start();
	CHECK_INT(send(server, "HTTP/1.1 200 OK", 15, 0), 15);
	look(5);
	leg_pump(&pair.origin, true, true);
	CHECK(leg_peek(&pair.origin, &len) != NULL);
	CHECK(leg_room(&pair.origin, &len) != NULL);
	memcpy(buffers.origin_out, "Cookie: for the first", 21);
	leg_put(&pair.origin, 21);
	leg_close(&pair.origin, false);
	close(server);
	make_pair(fds);
	pair_open_origin(&pair, fds[0]);
	server = fds[1];
	CHECK(leg_peek(&pair.origin, &len) == NULL);
	leg_pump(&pair.origin, true, true);
	CHECK(got_nothing(server));
	/* They are wiped all the same. */
	CHECK(!is_zero(&buffers, sizeof buffers) && pair_may_park(&pair));
	CHECK(pair_park(&pair) == &buffers);
	CHECK(is_zero(&buffers, sizeof buffers));
	stop();
}

static void
test_park_in_clear(void)
{
	size_t len;

	start();
	CHECK_INT(send(browser, "secret", 6, 0), 6);
	look(5);
	leg_pump(&pair.client, true, true);
	CHECK(!pair_may_park(&pair));
	CHECK_INT(leg_splice(&pair.client, &pair.origin), 6);
	CHECK(!pair_may_park(&pair));
	leg_pump(&pair.origin, false, false);
	CHECK(pair_may_park(&pair));
	memset(buffers.scratch, 'h', 1000);
	pair.scratch_used = 1000;
	CHECK(memcmp(buffers.client_in, "secret", 6) == 0);
	CHECK(pair_park(&pair) == &buffers);
	CHECK(is_zero(&buffers, sizeof buffers));
	CHECK(pair.buffers == NULL && !pair_has_news(&pair));
	/* A parked pair has no room and no data, and waits without harm. */
	CHECK(leg_peek(&pair.client, &len) == NULL && leg_room(&pair.client, &len) == NULL);
	look(0);
	CHECK_INT(send(server, "ok", 2, 0), 2);
	look(5);
	CHECK(pair_has_news(&pair));
	CHECK_INT(leg_pump(&pair.origin, true, true), LEG_STILL);
	CHECK(!pair.origin.eof && pair.origin.readable);
	pair_lend(&pair, &others);
	run();
	CHECK(got(browser, "ok"));
	stop();
}

static void
test_strip(void)
{
	size_t len;

	start();
	CHECK_INT(send(browser, "secret", 6, 0), 6);
	look(5);
	leg_pump(&pair.client, true, true);
	memcpy(leg_room(&pair.client, &len), "answer", 6);
	leg_put(&pair.client, 6);
	memset(buffers.scratch, 'h', 1000);
	pair.scratch_used = 1000;
	CHECK(pair_strip(&pair) == &buffers);
	CHECK(is_zero(&buffers, sizeof buffers));
	CHECK(pair_strip(&pair) == NULL);
	stop();
}

/* --- both legs under TLS ---------------------------------------------------------------- */

static struct peers near, far; /* of near only the chain is used */
static struct leg far_browser, far_server;

static void
run_tls(void)
{
	for (int i = 0; i < 12; i++) {
		look(1);
		while (pair_splice(&pair))
			continue;
		far_browser.readable = far_server.readable = true;
		while (leg_pump(&far_browser, true, true) == LEG_MOVED)
			continue;
		while (leg_pump(&far_server, true, true) == LEG_MOVED)
			continue;
	}
}

/* Both ends ready for their handshakes. */
static void
begin_tls(void)
{
	const struct engine_client to_origin = { .sni = "origin.test",
		.chain = &near.chain,
		.options = { ENGINE_TLS12, peers_most, false } };
	const struct engine_server to_client = { .leaf = peer_leaf,
		.leaf_len = peer_leaf_len,
		.key = peer_key_bytes,
		.options = { ENGINE_TLS12, peers_most, false } };

	start();
	chain_init(&near.chain);
	pair_secure_origin(&pair, &to_origin, peer_seed());
	pair_secure_client(&pair, &to_client, peer_seed());
	peers_start(&far);
	leg_open(&far_browser, browser, NULL, NULL);
	leg_open(&far_server, server, NULL, NULL);
	leg_secure(&far_browser, &far.client);
	leg_secure(&far_server, &far.server);
	browser = server = -1;
}

static void
start_tls(void)
{
	begin_tls();
	run_tls();
	CHECK(engine_is_open(&pair.client_tls) && engine_is_open(&pair.origin_tls));
}

static void
stop_tls(void)
{
	leg_close(&far_browser, false);
	leg_close(&far_server, false);
	stop();
}

static void
say(struct leg *l, const char *text)
{
	size_t len;
	unsigned char *room = leg_room(l, &len);

	CHECK(room != NULL && len >= strlen(text));
	memcpy(room, text, strlen(text));
	leg_put(l, strlen(text));
	leg_flush(l);
	leg_pump(l, false, false);
}

static bool
heard(struct leg *l, const char *text)
{
	size_t len;
	const unsigned char *data = leg_peek(l, &len);

	if (data == NULL || len != strlen(text) || memcmp(data, text, len) != 0)
		return false;
	leg_take(l, len);
	return true;
}

static void
test_tls_park(void)
{
	start_tls();
	for (int i = 0; i < 5; i++) {
		struct pair_buffers *mine = i % 2 == 0 ? &buffers : &others;

		say(&far_browser, "a request");
		run_tls();
		CHECK(heard(&far_server, "a request"));
		say(&far_server, "its answer");
		run_tls();
		CHECK(heard(&far_browser, "its answer"));
		CHECK(pair_may_park(&pair));
		CHECK(!is_zero(mine, sizeof *mine));
		CHECK(pair_park(&pair) == mine);
		CHECK(is_zero(mine, sizeof *mine));
		pair_lend(&pair, i % 2 == 0 ? &others : &buffers);
	}
	/* An origin that is gone has left its plaintext behind: that is wiped with the rest. */
	say(&far_server, "something secret");
	look(5);
	while (leg_pump(&pair.origin, true, true) == LEG_MOVED)
		continue;
	leg_close(&pair.origin, false);
	CHECK(pair_may_park(&pair));
	(void)pair_park(&pair);
	CHECK(is_zero(&buffers, sizeof buffers) && is_zero(&others, sizeof others));
	stop_tls();
}

/* One piece each way, all legs. */
static void
nudge_tls(void)
{
	look(1);
	leg_pump(&pair.client, true, true);
	leg_pump(&pair.origin, true, true);
	far_browser.readable = far_server.readable = true;
	leg_pump(&far_browser, true, true);
	leg_pump(&far_server, true, true);
}

/* At every moment of the handshakes and after, with data that came and data that never went: all is wiped. */
static void
test_tls_strip(void)
{
	for (int moment = 0; moment < 40; moment++) {
		struct leg *legs[] = { &pair.client, &pair.origin };
		size_t len;

		begin_tls();
		for (int i = 0; i < moment; i++)
			nudge_tls();
		for (int i = 0; i < 2; i++) {
			unsigned char *room = leg_room(legs[i], &len);

			if (room != NULL) {
				memset(room, 'x', len);
				leg_put(legs[i], moment % 2 == 0 ? len : 100);
			}
		}
		if (moment == 39) {
			CHECK(engine_is_open(&pair.client_tls) && engine_is_open(&pair.origin_tls));
			say(&far_server, "something secret");
			look(5);
			leg_pump(&pair.origin, true, true);
		}
		CHECK(pair_strip(&pair) == &buffers);
		if (!is_zero(&buffers, sizeof buffers))
			CHECK_INT(moment, -1);
		stop_tls();
	}
}

static void
test_tls_end(void)
{
	for (int order = 0; order < 2; order++) {
		struct leg *first = order == 0 ? &far_browser : &far_server;
		struct leg *last = order == 0 ? &far_server : &far_browser;

		start_tls();
		say(first, "last words");
		leg_end(first);
		run_tls();
		CHECK(pair_is_over(&pair)); /* TLS 1.2 has no half-close */
		run_tls();
		CHECK(heard(last, "last words"));
		last->readable = true;
		while (leg_pump(last, true, true) == LEG_MOVED)
			continue;
		CHECK(leg_is_ended(last) && !leg_is_failed(last));
		stop_tls();
	}
	/* Cut, not ended: the other side must not take it for an end. */
	start_tls();
	say(&far_server, "half of i");
	shutdown(far_server.fd, SHUT_WR);
	run_tls();
	CHECK(pair_is_over(&pair) && leg_is_failed(&pair.origin));
	CHECK(heard(&far_browser, "half of i"));
	leg_close(&pair.client, false);
	far_browser.readable = true;
	while (leg_pump(&far_browser, true, true) == LEG_MOVED)
		continue;
	CHECK(!leg_is_ended(&far_browser) && leg_is_failed(&far_browser));
	stop_tls();
}

int
main(void)
{
	peers_make_leaf();
	test_tunnel();
	test_greeting_first();
	test_bulk();
	test_half_close();
	test_owed(false);
	test_owed(true);
	test_both_gone();
	test_another_origin();
	test_park_in_clear();
	test_strip();
	test_tls_park();
	test_tls_strip();
	test_tls_end();
	return check_done("pair");
}
