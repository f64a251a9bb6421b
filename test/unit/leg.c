/* leg: sockets in clear and under TLS: back-pressure, short writes, endings in every order, resets, parking. */
#include "check.h"
#include "peers.h"
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include "lib/tls/leg.h"
#include "lib/net/wait.h"

enum { SMALL = 512, BULK = 300000 };

static unsigned char in_data[ENGINE_IN], out_data[ENGINE_OUT];
static struct leg_buf in, out;
static struct leg leg;
static int peer;

static void
make_pair(int fds[2])
{
	int small = 4096;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0)
		exit(2);
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
}

static void
start(void (*make)(int *))
{
	int fds[2];

	make(fds);
	in = (struct leg_buf){ .data = in_data, .cap = sizeof in_data };
	out = (struct leg_buf){ .data = out_data, .cap = sizeof out_data };
	leg_open(&leg, fds[0], &in, &out);
	peer = fds[1];
}

static void
stop(void)
{
	leg_close(&leg, false);
	close(peer);
}

/* One select of at most `ms`. */
static void
look(struct leg *l, bool reading, int ms)
{
	struct wait w;
	int64_t now = wait_clock();

	wait_init(&w);
	CHECK(leg_want(l, &w, reading));
	wait_until(&w, now + ms);
	wait_run(&w, now);
	leg_ready(l, &w);
}

static bool
asks(const struct leg *l, bool reading, bool *to_write)
{
	struct wait w;

	wait_init(&w);
	(void)leg_want(l, &w, reading);
	*to_write = wait_can_write(&w, l->fd);
	return wait_can_read(&w, l->fd);
}

static void
put(struct leg *l, const char *text)
{
	size_t len, done = 0, want = strlen(text);

	while (done < want) {
		unsigned char *room = leg_room(l, &len);

		if (room == NULL) {
			CHECK(room != NULL);
			return;
		}
		if (len > want - done)
			len = want - done;
		memcpy(room, text + done, len);
		leg_put(l, len);
		done += len;
	}
	leg_flush(l);
}

/* What has come so far is exactly this; takes it. */
static bool
got(struct leg *l, const char *text)
{
	size_t len, done = 0, want = strlen(text);
	const unsigned char *data;

	while ((data = leg_peek(l, &len)) != NULL) {
		if (len > want - done || memcmp(data, text + done, len) != 0)
			return false;
		leg_take(l, len);
		done += len;
	}
	return done == want;
}

static void
pump(struct leg *l)
{
	look(l, true, 5);
	while (leg_pump(l, true, true) == LEG_MOVED)
		continue;
}

/* --- in clear ---------------------------------------------------------------------- */

static void
test_closed(void)
{
	struct leg l;
	struct wait w;
	size_t len = 1;
	bool write;

	leg_init(&l);
	CHECK_INT(leg_pump(&l, true, true), LEG_STILL);
	CHECK(leg_peek(&l, &len) == NULL && len == 0);
	CHECK(leg_room(&l, &len) == NULL && len == 0);
	CHECK(leg_is_drained(&l) && leg_may_park(&l) && !leg_is_failed(&l) && !leg_is_ended(&l));
	leg_end(&l);
	leg_flush(&l);
	leg_close(&l, true);
	CHECK(!asks(&l, true, &write) && !write);
	/* A descriptor that select can't bear is refused, not written past the set. */
	l.fd = FD_SETSIZE;
	wait_init(&w);
	CHECK(!leg_want(&l, &w, true));
}

static void
test_splits(void)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	size_t all = sizeof text - 1;

	for (size_t split = 0; split <= all; split++) {
		start(make_pair);
		CHECK_INT(send(peer, text, split, 0), split);
		pump(&leg);
		CHECK_INT(leg.received, split);
		CHECK_INT(send(peer, text + split, all - split, 0), all - split);
		pump(&leg);
		CHECK(got(&leg, text));
		CHECK(leg_may_park(&leg) && leg_is_drained(&leg));
		stop();
	}
}

/* A socket that select wrongly called readable is no error and no end. */
static void
test_nothing_to_read(void)
{
	start(make_pair);
	leg.readable = true;
	CHECK_INT(leg_pump(&leg, true, true), LEG_STILL);
	CHECK(!leg.readable && !leg.eof && leg.error == 0);
	look(&leg, true, 0);
	CHECK(!leg.readable);
	stop();
}

/* The socket is full: nothing is lost, select is asked to say when it goes on, and it does not spin. */
static void
test_back_pressure(void)
{
	unsigned char next_put = 0, next_got = 0, buf[700];
	size_t sent = 0, taken = 0, len;
	bool to_write, wrong = false;
	ssize_t n;

	start(make_pair);
	while (sent < BULK || !leg_is_drained(&leg)) {
		unsigned char *room;

		while (sent < BULK && (room = leg_room(&leg, &len)) != NULL) {
			for (size_t i = 0; i < len; i++)
				room[i] = next_put++;
			leg_put(&leg, len);
			sent += len;
			leg_pump(&leg, false, false);
		}
		if (leg.blocked) {
			CHECK(!leg_may_park(&leg) && !leg_is_drained(&leg));
			(void)asks(&leg, false, &to_write);
			CHECK(to_write);
			CHECK_INT(leg_pump(&leg, false, false), LEG_STILL);
		}
		while ((n = recv(peer, buf, sizeof buf, 0)) > 0) {
			for (ssize_t i = 0; i < n; i++)
				wrong |= buf[i] != next_got++;
			taken += (size_t)n;
		}
		look(&leg, false, 5);
		CHECK(!leg.blocked);
		leg_pump(&leg, false, false);
	}
	while ((n = recv(peer, buf, sizeof buf, 0)) > 0)
		taken += (size_t)n;
	CHECK(!wrong);
	CHECK_INT(taken, sent);
	CHECK_INT(leg.sent, sent);
	stop();
}

/* Our buffer is full: reading stops, without spinning, and goes on when something was taken. */
static void
test_full_input(void)
{
	static unsigned char bulk[ENGINE_IN + SMALL];
	unsigned char next = 0;
	size_t len, sent = 0, taken = 0;
	const unsigned char *data;
	bool to_write, wrong = false;
	ssize_t n;

	for (size_t i = 0; i < sizeof bulk; i++)
		bulk[i] = (unsigned char)(i % 251);
	start(make_pair);
	for (int i = 0; i < 100 && sent < sizeof bulk; i++) {
		n = send(peer, bulk + sent, sizeof bulk - sent, 0);
		sent += n > 0 ? (size_t)n : 0;
		pump(&leg);
	}
	CHECK(leg_peek(&leg, &len) != NULL);
	CHECK_INT(len, ENGINE_IN);
	CHECK(leg.readable);
	CHECK(!asks(&leg, true, &to_write) && !to_write);
	CHECK_INT(leg_pump(&leg, true, true), LEG_STILL);
	/* A few bytes less are no reason to move all the others; */
	leg_take(&leg, 100);
	CHECK_INT(leg_pump(&leg, true, true), LEG_STILL);
	/* most of them are: a ClientHello behind a long request must find room. */
	leg_take(&leg, ENGINE_IN - 1000);
	CHECK_INT(leg_pump(&leg, true, true), LEG_MOVED);
	pump(&leg);
	CHECK_INT(in.start, 0);
	CHECK_INT(in.end, 900 + SMALL);
	next = (unsigned char)((ENGINE_IN - 900) % 251);
	while ((data = leg_peek(&leg, &len)) != NULL) {
		wrong |= *data != next;
		next = (unsigned char)((next + 1) % 251);
		leg_take(&leg, 1);
		taken++;
	}
	CHECK(!wrong);
	CHECK_INT(taken, 900 + SMALL);
	CHECK_INT(in.high, ENGINE_IN);
	stop();
}

/* The peer has ended; we have not. */
static void
test_half_close(void)
{
	char buf[32];

	start(make_pair);
	CHECK_INT(send(peer, "last", 4, 0), 4);
	shutdown(peer, SHUT_WR);
	pump(&leg);
	pump(&leg);
	CHECK(leg.eof && !leg_is_ended(&leg) && !leg_is_dry(&leg)); /* four bytes are to be taken */
	CHECK(got(&leg, "last"));
	CHECK(leg_is_ended(&leg) && leg_is_dry(&leg) && !leg_is_failed(&leg));
	put(&leg, "answer");
	CHECK(!leg_is_drained(&leg));
	leg_pump(&leg, true, true);
	CHECK(leg_is_drained(&leg));
	CHECK_INT(recv(peer, buf, sizeof buf, 0), 6);
	CHECK(recv(peer, buf, sizeof buf, 0) < 0 && errno == EAGAIN);
	leg_end(&leg);
	CHECK(leg.shut);
	CHECK_INT(recv(peer, buf, sizeof buf, 0), 0);
	CHECK(!leg_is_failed(&leg));
	stop();
}

/* We end while the socket is full: first what was put, then the FIN; nothing can be put behind it. */
static void
test_end_after_all(void)
{
	unsigned char buf[4096];
	size_t put_bytes = 0, taken = 0, len;
	ssize_t n;

	start(make_pair);
	while (!leg.blocked && leg_room(&leg, &len) != NULL) {
		leg_put(&leg, len);
		put_bytes += len;
		leg_pump(&leg, false, false);
	}
	leg_end(&leg);
	leg_end(&leg);
	CHECK(!leg.shut && !leg_is_drained(&leg));
	CHECK(leg_room(&leg, &len) == NULL);
	for (int i = 0; i < 1000 && !leg.shut; i++) {
		n = recv(peer, buf, sizeof buf, 0);
		taken += n > 0 ? (size_t)n : 0;
		look(&leg, false, 5);
		leg_pump(&leg, false, false);
	}
	CHECK(leg.shut);
	while ((n = recv(peer, buf, sizeof buf, 0)) > 0)
		taken += (size_t)n;
	CHECK_INT(n, 0);
	CHECK_INT(taken, put_bytes);
	stop();
}

/* Sends fail, since the peer has answered, closed and reset; its answer is read all the same. */
static void
test_answer_before_reset(void)
{
	start(make_tcp);
	put(&leg, "POST / HTTP/1.1 ...");
	leg_pump(&leg, true, true);
	CHECK_INT(send(peer, "413 Too Large", 13, 0), 13);
	close(peer); /* with our bytes unread: a reset */
	for (int i = 0; i < 10 && leg.error == 0; i++) {
		put(&leg, "more");
		leg_pump(&leg, false, false);
		look(&leg, true, 5);
	}
	CHECK(leg_is_failed(&leg) && leg_is_drained(&leg) && !leg_is_dry(&leg));
	pump(&leg);
	CHECK(got(&leg, "413 Too Large"));
	pump(&leg);
	CHECK(leg_is_dry(&leg) && leg_is_failed(&leg) && !leg_is_ended(&leg));
	CHECK(strlen(leg_failure_text(&leg)) > 3);
	leg_close(&leg, false);
}

static void
test_reset(void)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	char buf[8];
	bool to_write;

	start(make_tcp);
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(peer);
	pump(&leg);
	CHECK_INT(leg.error, ECONNRESET);
	CHECK(leg_is_failed(&leg) && leg_is_dry(&leg) && !leg_is_ended(&leg));
	CHECK_STR(leg_failure_text(&leg), strerror(ECONNRESET));
	CHECK(!asks(&leg, true, &to_write) && !to_write);
	leg_close(&leg, false);
	/* The other way round: an abort is seen as one, an orderly close is not. */
	start(make_tcp);
	leg_close(&leg, true);
	CHECK(recv(peer, buf, sizeof buf, 0) < 0 && errno == ECONNRESET);
	close(peer);
	start(make_tcp);
	leg_close(&leg, false);
	CHECK_INT(recv(peer, buf, sizeof buf, 0), 0);
	close(peer);
}

static void
test_splice(void)
{
	struct leg_buf other_out = { .data = (unsigned char[7]){ 0 }, .cap = 7 };
	struct leg to = { .fd = 99, .out = &other_out };

	start(make_pair);
	CHECK_INT(send(peer, "0123456789", 10, 0), 10);
	pump(&leg);
	CHECK_INT(leg_splice(&leg, &to), 7);
	CHECK(memcmp(other_out.data, "0123456", 7) == 0);
	CHECK_INT(leg_splice(&leg, &to), 0);
	other_out.start = other_out.end = 0;
	CHECK_INT(leg_splice(&leg, &to), 3);
	CHECK(memcmp(other_out.data, "789", 3) == 0);
	stop();
}

/* --- under TLS ---------------------------------------------------------------------- */

static struct peers p;
static struct leg client, server;

static void
start_tls(void (*make)(int *))
{
	int fds[2];

	make(fds);
	peers_start(&p);
	leg_open(&client, fds[0], NULL, NULL);
	leg_open(&server, fds[1], NULL, NULL);
	leg_secure(&client, &p.client);
	leg_secure(&server, &p.server);
}

static void
stop_tls(void)
{
	leg_close(&client, false);
	leg_close(&server, false);
}

static void
pump_both(void)
{
	for (int i = 0; i < 6; i++) {
		pump(&client);
		pump(&server);
	}
}

/* Without leave for public-key operations a leg stops before each, and nothing moves. */
static void
test_heavy(void)
{
	int leaves = 0;

	start_tls(make_pair);
	for (int i = 0; i < 1000 && !(engine_is_open(&p.client) && engine_is_open(&p.server));
		i++) {
		struct leg *l = i % 2 != 0 ? &client : &server;
		enum leg_pumped pumped;

		look(l, true, 2);
		while ((pumped = leg_pump(l, true, false)) == LEG_MOVED)
			continue;
		if (pumped == LEG_HEAVY) {
			uint64_t before = l->received;

			CHECK_INT(leg_pump(l, true, false), LEG_HEAVY);
			CHECK_INT(l->received, before);
			leaves++;
			leg_pump(l, true, true);
		}
	}
	CHECK(engine_is_open(&p.client) && engine_is_open(&p.server));
	CHECK(leaves >= 4 && leaves < 16);
	put(&client, "hello");
	pump_both();
	CHECK(got(&server, "hello"));
	CHECK(leg_may_park(&client) && leg_may_park(&server));
	stop_tls();
}

/* Bulk both ways at once through sockets that hold little. */
static void
test_tls_bulk(void)
{
	size_t put_up = 0, put_down = 0, got_up = 0, got_down = 0, len;
	unsigned char *room;
	const unsigned char *data;
	bool wrong = false;

	start_tls(make_pair);
	pump_both();
	for (int i = 0; i < 20000 && got_up + got_down < 2 * BULK; i++) {
		struct leg *l = i % 2 != 0 ? &client : &server;
		size_t *putting = i % 2 != 0 ? &put_up : &put_down;
		size_t *getting = i % 2 != 0 ? &got_down : &got_up;

		while (*putting < BULK && (room = leg_room(l, &len)) != NULL) {
			if (len > BULK - *putting)
				len = BULK - *putting;
			for (size_t k = 0; k < len; k++)
				room[k] = (unsigned char)((*putting + k) % 253);
			leg_put(l, len);
			*putting += len;
		}
		leg_flush(l);
		look(l, true, 1);
		leg_pump(l, true, true);
		while ((data = leg_peek(l, &len)) != NULL) {
			for (size_t k = 0; k < len; k++)
				wrong |= data[k] != (unsigned char)((*getting + k) % 253);
			leg_take(l, len);
			*getting += len;
		}
	}
	CHECK_INT(got_up, BULK);
	CHECK_INT(got_down, BULK);
	CHECK(!wrong);
	stop_tls();
}

static void
test_tls_end(void)
{
	char buf[8];

	start_tls(make_pair);
	pump_both();
	put(&client, "bye");
	leg_end(&client);
	CHECK(client.shut && leg_is_drained(&client));
	pump(&server);
	CHECK(!leg_is_ended(&server));
	CHECK(got(&server, "bye"));
	pump(&server);
	CHECK(leg_is_ended(&server) && leg_is_dry(&server) && !leg_is_failed(&server));
	/* The engine has answered with its own close_notify; then comes our FIN. */
	leg_end(&server);
	CHECK(server.shut);
	pump(&client);
	pump(&client);
	CHECK(leg_is_ended(&client) && !leg_is_failed(&client) && client.eof);
	CHECK_INT(recv(server.fd, buf, sizeof buf, 0), 0);
	stop_tls();
}

/* A FIN alone is no end of a TLS session: someone may have cut it. */
static void
test_tls_cut(void)
{
	start_tls(make_pair);
	pump_both();
	put(&server, "half of the ans");
	pump_both();
	shutdown(server.fd, SHUT_WR);
	pump(&client);
	CHECK(got(&client, "half of the ans"));
	pump(&client);
	CHECK(client.eof && !leg_is_ended(&client) && leg_is_failed(&client) &&
		leg_is_dry(&client));
	CHECK_INT(client.error, 0);
	CHECK(strstr(leg_failure_text(&client), "properly") != NULL);
	stop_tls();
	/* In the handshake too. */
	start_tls(make_pair);
	pump(&client);
	shutdown(client.fd, SHUT_WR);
	pump(&server);
	CHECK(leg_is_failed(&server));
	stop_tls();
}

/* What an engine refuses is a failure with its words. */
static void
test_tls_noise(void)
{
	start_tls(make_pair);
	CHECK_INT(send(client.fd, "GET / HTTP/1.0\r\n\r\n", 18, 0), 18);
	pump(&server);
	CHECK(leg_is_failed(&server) && !leg_is_ended(&server) && leg_is_dry(&server));
	CHECK_STR(leg_failure_text(&server), engine_error_text(engine_error(&p.server)));
	stop_tls();
}

/* After leg_end the peer's data is thrown away up to its FIN, wherever the end found us: data not yet taken,
 * records on their way, bytes behind its close_notify.  Else closing would reset what it has not read yet. */
static void
test_linger(void)
{
	char buf[4096];
	ssize_t n;
	size_t all = 0;

	start_tls(make_tcp);
	pump_both();
	for (int i = 0; i < 10; i++) {
		put(&client, "a body that nobody wants to read");
		leg_pump(&client, false, false);
	}
	pump(&server);
	put(&server, "403 Forbidden");
	leg_end(&server);
	CHECK(server.shut);
	put(&client, "more of it");
	leg_end(&client);
	CHECK_INT(send(client.fd, "", 0, MSG_NOSIGNAL), -1); /* shut */
	for (int i = 0; i < 5; i++)
		pump(&server);
	CHECK(server.eof && server.error == 0 && leg_is_ended(&server));
	leg_close(&server, false);
	while ((n = recv(client.fd, buf, sizeof buf, 0)) > 0)
		all += (size_t)n;
	CHECK_INT(n, 0); /* no reset */
	CHECK(all > 13);
	stop_tls();

	/* Bytes in clear behind the close_notify. */
	start_tls(make_tcp);
	pump_both();
	engine_close(&p.client);
	leg_pump(&client, false, false);
	CHECK_INT(send(client.fd, "rubbish", 7, 0), 7);
	pump(&server);
	leg_end(&server);
	shutdown(client.fd, SHUT_WR);
	pump(&server);
	pump(&server);
	CHECK(server.eof);
	stop_tls();
}

/* A hello that was read in clear is handed to the engine in any pieces. */
static void
test_replay(void)
{
	unsigned char hello[1024];
	size_t len = 0;

	for (size_t split = 0; split == 0 || split < len; split += 5) {
		size_t done = 0;
		ssize_t n;

		start_tls(make_pair);
		while (leg_pump(&client, false, true) == LEG_MOVED)
			continue;
		n = recv(server.fd, hello, sizeof hello, 0);
		CHECK(n > 100);
		len = n > 0 ? (size_t)n : 0;
		for (int rounds = 0; done < len && rounds < 100000; rounds++) {
			done += leg_replay(
				&server, hello + done, done < split ? split - done : len - done);
			leg_pump(&server, false, true);
		}
		CHECK_INT(done, len);
		pump_both();
		CHECK(engine_is_open(&p.client) && engine_is_open(&p.server));
		stop_tls();
	}
	CHECK(len > 0);
	start_tls(make_pair);
	CHECK_INT(leg_replay(&server, (const unsigned char *)"HTTP/", 5), 5);
	CHECK_INT(leg_replay(&server, (const unsigned char *)"1.1", 3), 0);
	stop_tls();
}

/* Closing wipes the engine. */
static void
test_close_wipes(void)
{
	static const unsigned char none[48];

	start_tls(make_pair);
	pump_both();
	CHECK(memcmp(p.server.read_secret, none, 48) != 0);
	leg_close(&server, false);
	CHECK(memcmp(p.server.read_secret, none, 48) == 0);
	CHECK(server.fd == -1 && server.tls == NULL);
	stop_tls();
}

int
main(void)
{
	peers_make_leaf();
	test_closed();
	test_splits();
	test_nothing_to_read();
	test_back_pressure();
	test_full_input();
	test_half_close();
	test_end_after_all();
	test_answer_before_reset();
	test_reset();
	test_splice();
	test_heavy();
	test_tls_bulk();
	test_tls_end();
	test_tls_cut();
	test_tls_noise();
	test_linger();
	test_replay();
	test_close_wipes();
	return check_done("leg");
}
