/* relay: whole exchanges over socket pairs, cut at every point, and what each way of misbehaving leads to. */
#include "check.h"
#include "peers.h"

#include <fcntl.h>
#include <sys/socket.h>
#include "lib/http/http.h"
#include "lib/tls/leg.h"
#include "lib/http/relay.h"

enum { BULK = 200000, STEPS = 20000 };

/* A relay between two socket pairs: the browser's end and the server's end are ours. */
static struct rig {
	int browser, server;
	struct leg client, origin;
	struct leg_buf in[2], out[2];
	unsigned char in_data[2][ENGINE_IN], out_data[2][ENGINE_OUT];
	char buf[RELAY_HEAD];
	struct relay relay;
	struct http_head head;
	enum relay_event event;
	unsigned requests;
	bool refuse;       /* answer RELAY_REQUEST by doing nothing */
	char up[BULK * 2]; /* what the server got */
	size_t up_len;
	char down[BULK * 2]; /* what the browser got */
	size_t down_len;
} rig;

static struct peers p; /* both legs under TLS, when wanted */
static struct leg far_server;

static void
make_pair(int *near, int *far)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0)
		exit(2);
	*near = fds[0];
	*far = fds[1];
}

static void
start(void)
{
	int fds[2];

	memset(&rig, 0, sizeof rig);
	make_pair(&fds[0], &rig.browser);
	make_pair(&fds[1], &rig.server);
	for (int i = 0; i < 2; i++) {
		rig.in[i] = (struct leg_buf){ .data = rig.in_data[i], .cap = ENGINE_IN };
		rig.out[i] = (struct leg_buf){ .data = rig.out_data[i], .cap = ENGINE_OUT };
	}
	leg_open(&rig.client, fds[0], &rig.in[0], &rig.out[0]);
	leg_open(&rig.origin, fds[1], &rig.in[1], &rig.out[1]);
	relay_start(&rig.relay, rig.buf);
}

static void
stop(void)
{
	leg_close(&rig.client, false);
	leg_close(&rig.origin, false);
	close(rig.browser);
	close(rig.server);
}

static void
collect(int fd, char *into, size_t *len)
{
	ssize_t n;

	while ((n = recv(fd, into + *len, BULK * 2 - *len, 0)) > 0)
		*len += (size_t)n;
}

/* Until nothing moves; requests are forwarded, finished exchanges followed by the next. */
static enum relay_event
run(void)
{
	bool moved = true;

	for (int i = 0; moved; i++) {
		CHECK(i < STEPS);
		if (i == STEPS)
			break;
		rig.client.readable = rig.origin.readable = true;
		rig.client.blocked = rig.origin.blocked = false;
		moved = leg_pump(&rig.client, true, true) == LEG_MOVED;
		moved |= leg_pump(&rig.origin, true, true) == LEG_MOVED;
		rig.event = relay_step(&rig.relay, &rig.client, &rig.origin, &rig.head);
		if (rig.event == RELAY_REQUEST) {
			rig.requests++;
			if (rig.refuse || !relay_forward(&rig.relay, &rig.head))
				return rig.event;
		} else if (rig.event == RELAY_DONE && !rig.relay.close) {
			relay_next(&rig.relay);
		} else if (rig.event != RELAY_WAIT) {
			break;
		}
		moved |= rig.event != RELAY_WAIT;
		moved |= leg_pump(&rig.client, false, false) == LEG_MOVED;
		moved |= leg_pump(&rig.origin, false, false) == LEG_MOVED;
		collect(rig.server, rig.up, &rig.up_len);
		collect(rig.browser, rig.down, &rig.down_len);
	}
	leg_pump(&rig.client, false, false);
	leg_pump(&rig.origin, false, false);
	collect(rig.server, rig.up, &rig.up_len);
	collect(rig.browser, rig.down, &rig.down_len);
	rig.up[rig.up_len] = rig.down[rig.down_len] = '\0';
	return rig.event;
}

static void
say(int fd, const char *text, size_t len)
{
	if (len > 0)
		CHECK_INT(send(fd, text, len, MSG_NOSIGNAL), len);
}

static void
ask(const char *text)
{
	say(rig.browser, text, strlen(text));
}

static void
answer(const char *text)
{
	say(rig.server, text, strlen(text));
}

/* --- whole exchanges, cut at every point ---------------------------------------------- */

#define GET       "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET_UP    GET
#define VIA       "Via: 1.1 sluice\r\n\r\n"
#define OK_0      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define OK_0_DOWN "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" VIA

static const struct exchange {
	const char *name, *request, *response;
	bool fin; /* the server ends after its response */
	const char *up, *down;
	enum relay_event event;
	bool close;
} exchanges[] = {
	{ "length", GET, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, GET_UP,
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" VIA "hello", RELAY_WAIT, false },
	{ "chunked", GET,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n05;x=y\r\nhello\r\n0\r\nA: "
		"b\r\n\r\n",
		false, GET_UP,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" VIA
		"5\r\nhello\r\n0\r\nA: b\r\n\r\n",
		RELAY_WAIT, false },
	{ "until the end", GET, "HTTP/1.1 200 OK\r\n\r\nhello", true, GET_UP,
		"HTTP/1.1 200 OK\r\nConnection: close\r\nVia: 1.1 sluice\r\n\r\nhello", RELAY_DONE,
		true },
	{ "a server that closes", GET,
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", true, GET_UP,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\nVia: 1.1 "
		"sluice\r\n\r\nok",
		RELAY_DONE, true },
	{ "a client that closes", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", OK_0,
		false, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\nVia: 1.1 "
		"sluice\r\n\r\n",
		RELAY_DONE, true },
	{ "a request body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", OK_0,
		false, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", OK_0_DOWN,
		RELAY_WAIT, false },
	{ "a chunked request body",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
		"chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		OK_0, false,
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n0\r\n\r\n",
		OK_0_DOWN, RELAY_WAIT, false },
	{ "HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false,
		"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" VIA, RELAY_WAIT, false },
	{ "204", GET, "HTTP/1.1 204 No Content\r\n\r\n", false, GET_UP,
		"HTTP/1.1 204 No Content\r\n" VIA, RELAY_WAIT, false },
	{ "304 with a length", GET, "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", false,
		GET_UP, "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n" VIA, RELAY_WAIT,
		false },
	{ "100 and 103", GET,
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OK_0,
		false, GET_UP,
		"HTTP/1.1 100 Continue\r\n" VIA
		"HTTP/1.1 103 Early Hints\r\nLink: x\r\n" VIA OK_0_DOWN,
		RELAY_WAIT, false },
	{ "HTTP/1.0 client: no chunks, no 1xx", "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"5\r\nhello\r\n3\r\n!!!\r\n0\r\nA: b\r\n\r\n",
		false, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"HTTP/1.1 200 OK\r\nConnection: close\r\nVia: 1.1 sluice\r\n\r\nhello!!!",
		RELAY_DONE, true },
	{ "101", "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
		"\r\n",
		false,
		"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\n" VIA,
		RELAY_SWITCHED, false },
	{ "101 to a POST with a body, as docker exec",
		"POST /exec/1/start HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
		"Content-Length: 2\r\n\r\n{}",
		"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
		"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		false,
		"POST /exec/1/start HTTP/1.1\r\nHost: a\r\nUpgrade: tcp\r\nContent-Length: 2\r\n"
		"Connection: Upgrade\r\n\r\n{}",
		"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n" VIA,
		RELAY_SWITCHED, true },
	{ "a length in doubt: the body comes, without one", GET,
		"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", false, GET_UP,
		"HTTP/1.1 200 OK\r\nConnection: close\r\n" VIA "hello", RELAY_DONE, true },
	{ "chunks in doubt", GET,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX\rY: "
		"z\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		false, GET_UP, "HTTP/1.1 200 OK\r\nY: z\r\nConnection: close\r\n" VIA "hello",
		RELAY_DONE, true },
	{ "doubt in an interim answer", GET,
		"HTTP/1.1 103 Early\r\nX: \rY\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
		"5\r\n\r\nhello",
		false, GET_UP,
		"HTTP/1.1 103 Early\r\nX: \r\n" VIA "HTTP/1.1 200 OK\r\nConnection: close\r\n" VIA
		"hello",
		RELAY_DONE, true },
	{ "both lengths: chunks, and no other answer on that connection", GET,
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
		"5\r\nhello\r\n0\r\n\r\n",
		false, GET_UP,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n" VIA
		"5\r\nhello\r\n0\r\n\r\n",
		RELAY_DONE, true },
	{ "line feeds alone", GET,
		"HTTP/1.1 200\nTransfer-Encoding: chunked\nA: b\n c\n\n5\nhello\n0\nX: y\n z\n\n",
		false, GET_UP,
		"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\nA: b c\r\n" VIA
		"5\r\nhello\r\n0\r\nX: y z\r\n\r\n",
		RELAY_DONE, true },
	{ "empty lines before an answer", GET, "\r\n\r\n" OK_0, false, GET_UP,
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n" VIA, RELAY_DONE,
		true },
	{ "UTF-8 in the path", "GET /\xc3\xa4?\xff HTTP/1.1\r\nHost: a\r\n\r\n", OK_0, false,
		"GET /%C3%A4?%FF HTTP/1.1\r\nHost: a\r\n\r\n", OK_0_DOWN, RELAY_WAIT, false },
	{ "an empty line before", "\r\n" GET, OK_0, false, GET_UP, OK_0_DOWN, RELAY_WAIT, false },
};

static void
check_exchange(const struct exchange *e, size_t request_split, size_t response_split)
{
	unsigned failed = check_failed;
	size_t request = strlen(e->request), response = strlen(e->response);

	start();
	say(rig.browser, e->request, request_split);
	run();
	say(rig.browser, e->request + request_split, request - request_split);
	run();
	CHECK_INT(rig.event, RELAY_WAIT);
	CHECK_STR(rig.up, e->up);
	CHECK_INT(rig.down_len, 0);
	say(rig.server, e->response, response_split);
	if (response_split < response)
		CHECK_INT(run(), RELAY_WAIT);
	say(rig.server, e->response + response_split, response - response_split);
	if (e->fin)
		shutdown(rig.server, SHUT_WR);
	CHECK_INT(run(), e->event);
	CHECK_STR(rig.down, e->down);
	CHECK_INT(rig.relay.close, e->close);
	CHECK_INT(rig.requests, 1);
	if (e->event == RELAY_WAIT)
		CHECK(rig.relay.up == UP_HEAD && relay_may_park(&rig.relay));
	if (failed != check_failed)
		fprintf(stderr, "  in \"%s\", request cut at %zu, response at %zu\n", e->name,
			request_split, response_split);
	stop();
}

static void
test_exchanges(void)
{
	for (size_t i = 0; i < sizeof exchanges / sizeof *exchanges; i++) {
		const struct exchange *e = &exchanges[i];
		size_t request = strlen(e->request), response = strlen(e->response);

		for (size_t split = 0; split <= request; split++)
			check_exchange(e, split, response);
		/* The last byte is missing at the latest: else the exchange would be over. */
		for (size_t split = 0; split < response - (e->fin ? 8 : 0); split++)
			check_exchange(e, request, split);
	}
}

/* --- one after another -------------------------------------------------------------------- */

static void
test_pipelining(void)
{
	start();
	ask(GET "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxyGET /c "
		"HTTP/1.1\r\nHost: a\r\n\r\n");
	run();
	CHECK_INT(rig.requests, 1); /* one at a time */
	CHECK_STR(rig.up, GET_UP);
	answer(OK_0);
	run();
	CHECK_INT(rig.requests, 2);
	CHECK_STR(rig.down, OK_0_DOWN);
	CHECK_STR(rig.up + strlen(GET_UP),
		"POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy");
	answer(OK_0 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	/* The answer to the third came before it was asked: none of ours. */
	run();
	CHECK(rig.event == RELAY_NO_RESPONSE || rig.event == RELAY_ORIGIN_LEFT);
	CHECK_STR(rig.down, OK_0_DOWN OK_0_DOWN);
	CHECK(strstr(rig.up, "/c") == NULL);
	stop();
}

static void
test_unasked(void)
{
	start();
	answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!");
	CHECK_INT(run(), RELAY_ORIGIN_LEFT);
	CHECK_INT(rig.down_len, 0);
	stop();
	/* Together with the request. */
	start();
	answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!");
	ask(GET);
	run();
	CHECK_INT(rig.event, RELAY_NO_RESPONSE);
	CHECK_INT(rig.up_len, 0);
	CHECK_INT(rig.down_len, 0);
	stop();
	/* A body behind the answer to HEAD. */
	start();
	ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
	run();
	answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	CHECK_INT(run(), RELAY_ORIGIN_LEFT);
	CHECK(strstr(rig.down, "hello") == NULL);
	stop();
}

/* 1xx: sixteen yes, seventeen no. */
static void
test_interim(void)
{
	for (int count = 16; count <= 17; count++) {
		start();
		ask(GET);
		run();
		for (int i = 0; i < count; i++)
			answer("HTTP/1.1 103 Early Hints\r\n\r\n");
		answer(OK_0);
		CHECK_INT(run(), count == 16 ? RELAY_WAIT : RELAY_BAD_RESPONSE);
		CHECK_INT(rig.relay.answered, false); /* reset by relay_next, or never */
		CHECK((strstr(rig.down, OK_0_DOWN) != NULL) == (count == 16));
		stop();
	}
}

/* The answer comes while the body is still going up: passed on, and then both connections end. */
static void
test_early_answer(void)
{
	static char text[41000];

	start();
	ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nstart");
	run();
	answer("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
	CHECK_INT(run(), RELAY_DONE);
	CHECK(rig.relay.close && rig.relay.up == UP_BODY);
	CHECK_STR(rig.down, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n"
			    "Connection: close\r\n" VIA "no");
	stop();
	/* Nor may it change protocols then. */
	start();
	ask("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nConnection: upgrade\r\n"
	    "Upgrade: websocket\r\n\r\nstart");
	run();
	CHECK_INT(rig.requests, 1);
	answer("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
	       "Upgrade: websocket\r\n\r\n");
	CHECK_INT(run(), RELAY_BAD_RESPONSE);
	stop();
	/* The server answers at length, ends, and takes no more of the body. */
	start();
	ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nstart");
	run();
	snprintf(text, sizeof text, "HTTP/1.1 413 No\r\nContent-Length: 40000\r\n\r\n%040000d", 7);
	answer(text);
	close(rig.server);
	rig.server = -1;
	ask("more of the body"); /* which fails before the answer is read */
	rig.client.readable = true;
	leg_pump(&rig.client, true, true);
	CHECK_INT(relay_step(&rig.relay, &rig.client, &rig.origin, &rig.head), RELAY_WAIT);
	leg_pump(&rig.origin, false, false);
	CHECK(rig.origin.error != 0);
	CHECK_INT(relay_step(&rig.relay, &rig.client, &rig.origin, &rig.head), RELAY_WAIT);
	CHECK_INT(run(), RELAY_DONE);
	CHECK(rig.down_len > 40000 && rig.down[rig.down_len - 1] == '7');
	stop();
}

/* --- heads ------------------------------------------------------------------------------ */

/* A head of `size` bytes that begins like this. */
static const char *
long_head(const char *begin, size_t size)
{
	static char head[HTTP_HEAD_MAX + 16];
	size_t len = strlen(begin), line;

	memset(head, 'x', size);
	memcpy(head, begin, len);
	for (size -= 2; len < size; len += line) {
		/* Lines of 1000 bytes, the last one of up to 1019: each has room for its name. */
		line = size - len < 1020 ? size - len : 1000;
		memcpy(head + len, "X: ", 3);
		memcpy(head + len + line - 2, "\r\n", 2);
	}
	memcpy(head + size, "\r\n", 3);
	return head;
}

/* 32 KiB, the empty line included, and one byte more: of requests and of answers. */
static void
test_head_size(void)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n";
	static const char response[] = "HTTP/1.1 204 No Content\r\n";

	start();
	ask(long_head(request, HTTP_HEAD_MAX));
	CHECK_INT(run(), RELAY_WAIT);
	CHECK_INT(rig.up_len, HTTP_HEAD_MAX);
	answer(long_head(response, HTTP_HEAD_MAX));
	CHECK_INT(run(), RELAY_WAIT);
	CHECK_INT(rig.down_len, HTTP_HEAD_MAX + strlen("Via: 1.1 sluice\r\n"));
	CHECK_INT(rig.relay.high, rig.down_len);
	ask(long_head(request, HTTP_HEAD_MAX + 1));
	rig.up_len = 0;
	CHECK_INT(run(), RELAY_BAD_REQUEST);
	CHECK_INT(rig.relay.error_status, 431);
	CHECK_INT(rig.up_len, 0);
	stop();

	start();
	ask(GET);
	run();
	answer(long_head(response, HTTP_HEAD_MAX + 1));
	CHECK_INT(run(), RELAY_BAD_RESPONSE);
	CHECK_INT(rig.down_len, 0);
	stop();
}

/* What is refused leaves no byte for the origin, however it is cut. */
static void
test_refused(void)
{
	static const char *const heads[] = {
		"GET / HTTP/1.1\nHost: a\n\n",
		"GET / HTTP/1.1\r\nHost: a\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n\n",
		"\r\n\r\n\r\n" GET,
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: "
		"chunked\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n B: folded\r\n\r\n",
		"\x16\x03\x01\x02\n\r\n",
	};

	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		for (size_t split = 0; split < strlen(heads[i]); split++) {
			start();
			say(rig.browser, heads[i], split);
			if (split > 0)
				run();
			say(rig.browser, heads[i] + split, strlen(heads[i]) - split);
			if (rig.event == RELAY_WAIT)
				run();
			CHECK_INT(rig.event, RELAY_BAD_REQUEST);
			CHECK(rig.relay.error != NULL && rig.relay.error_status >= 400);
			CHECK_INT(rig.up_len, 0);
			CHECK(rig.relay.close);
			stop();
		}
	/* A ClientHello has no end to wait for: its first byte says it. */
	start();
	ask("\x16");
	CHECK_INT(run(), RELAY_BAD_REQUEST);
	stop();
	/* A caller that answers itself. */
	start();
	rig.refuse = true;
	ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
	CHECK_INT(run(), RELAY_REQUEST);
	CHECK_INT(rig.up_len, 0);
	stop();
}

static void
test_bad_bodies(void)
{
	start();
	ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n");
	CHECK_INT(run(), RELAY_BAD_REQUEST);
	CHECK_INT(rig.relay.error_status, 400);
	CHECK(strstr(rig.up, "-1") == NULL);
	stop();
	start();
	ask(GET);
	run();
	answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n");
	CHECK_INT(run(), RELAY_BAD_RESPONSE);
	CHECK(rig.relay.answered);
	stop();
	start();
	ask(GET);
	run();
	answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!");
	CHECK_INT(run(), RELAY_BAD_RESPONSE);
	CHECK(!rig.relay.answered);
	CHECK_INT(rig.down_len, 0);
	stop();
	start();
	ask(GET);
	run();
	answer("SSH-2.0-OpenSSH\r\n\r\n");
	CHECK_INT(run(), RELAY_BAD_RESPONSE);
	stop();
}

/* --- who leaves, and when ------------------------------------------------------------------ */

static void
test_origin_leaves(void)
{
	static const char *const cut[] = { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n" };

	start();
	ask(GET);
	run();
	answer(OK_0);
	run();
	shutdown(rig.server, SHUT_WR);
	CHECK_INT(run(), RELAY_ORIGIN_LEFT); /* between requests */
	stop();
	for (size_t i = 0; i < strlen(OK_0); i++) { /* in the head */
		start();
		ask(GET);
		run();
		say(rig.server, OK_0, i);
		shutdown(rig.server, SHUT_WR);
		CHECK_INT(run(), RELAY_NO_RESPONSE);
		CHECK(!rig.relay.answered);
		CHECK_INT(rig.down_len, 0);
		stop();
	}
	for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
		start();
		ask(GET);
		run();
		answer(cut[i]);
		shutdown(rig.server, SHUT_WR);
		CHECK_INT(run(), RELAY_TRUNCATED);
		CHECK(strstr(rig.down, "hello") != NULL); /* what came is passed on */
		stop();
	}
	/* After an interim answer. */
	start();
	ask(GET);
	run();
	answer("HTTP/1.1 100 Continue\r\n\r\n");
	shutdown(rig.server, SHUT_WR);
	CHECK_INT(run(), RELAY_NO_RESPONSE);
	CHECK_INT(rig.relay.interim, 1);
	stop();
}

static void
test_client_leaves(void)
{
	start();
	shutdown(rig.browser, SHUT_WR);
	CHECK_INT(run(), RELAY_CLIENT_LEFT);
	CHECK(rig.relay.up == UP_HEAD && rig.relay.have == 0);
	stop();
	start();
	ask("GET / HT");
	shutdown(rig.browser, SHUT_WR);
	CHECK_INT(run(), RELAY_CLIENT_LEFT);
	CHECK_INT(rig.relay.have, 8);
	stop();
	start();
	ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
	shutdown(rig.browser, SHUT_WR);
	CHECK_INT(run(), RELAY_CLIENT_LEFT);
	stop();
	/* In clear a FIN behind a whole request is a half-close: the answer is waited for. */
	start();
	ask(GET);
	shutdown(rig.browser, SHUT_WR);
	CHECK_INT(run(), RELAY_WAIT);
	answer(OK_0);
	CHECK_INT(run(), RELAY_CLIENT_LEFT);
	CHECK_STR(rig.down, OK_0_DOWN);
	stop();
	/* Gone for good. */
	start();
	ask(GET);
	run();
	close(rig.browser);
	rig.browser = -1;
	answer("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhello");
	run();
	CHECK_INT(rig.event, RELAY_CLIENT_LEFT);
	stop();
}

/* --- back-pressure -------------------------------------------------------------------------- */

/* A chunked answer whose last bytes find the way out exactly full: they are held, and must not be forgotten when
 * there is room and nothing more comes. */
static void
test_held_end(void)
{
	static char text[2 * ENGINE_OUT];

	for (size_t fill = 0; fill < 80; fill++) {
		size_t body = ENGINE_OUT - 160 + fill;
		int len = snprintf(text, sizeof text,
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: "
			"chunked\r\n\r\n%zx\r\n%0*d\r\n0\r\n\r\n",
			body, (int)body, 0);

		start();
		ask(GET);
		run();
		say(rig.server, text, (size_t)len);
		/* One round in which the client's socket takes nothing. */
		rig.origin.readable = true;
		leg_pump(&rig.origin, true, true);
		rig.event = relay_step(&rig.relay, &rig.client, &rig.origin, &rig.head);
		CHECK(rig.event == RELAY_WAIT || rig.event == RELAY_DONE);
		if (rig.event == RELAY_DONE)
			relay_next(&rig.relay);
		CHECK_INT(run(), RELAY_WAIT);
		CHECK(rig.relay.up == UP_HEAD);
		CHECK(rig.down_len > 7 &&
			strcmp(rig.down + rig.down_len - 7, "\r\n0\r\n\r\n") == 0);
		stop();
	}
}

/* Bulk bodies both ways at once arrive as they were, under TLS too. */
static void
test_bulk(void)
{
	static char body[BULK];
	char head[128];
	size_t up = 0, down = 0;
	const char *at;
	int len;

	for (size_t i = 0; i < BULK; i++)
		body[i] = (char)('a' + i % 23);
	start();
	snprintf(head, sizeof head, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
		BULK);
	ask(head);
	while (up < BULK) {
		ssize_t n = send(rig.browser, body + up, BULK - up, 0);

		up += n > 0 ? (size_t)n : 0;
		run();
	}
	CHECK_INT(rig.relay.up, UP_DONE);
	at = strstr(rig.up, "\r\n\r\n");
	CHECK(at != NULL && memcmp(at + 4, body, BULK) == 0);
	CHECK_INT(rig.up_len, (size_t)(at + 4 - rig.up) + BULK);
	len = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BULK);
	say(rig.server, head, (size_t)len);
	while (down < BULK) {
		ssize_t n = send(rig.server, body + down, BULK - down, 0);

		down += n > 0 ? (size_t)n : 0;
		run();
	}
	CHECK_INT(rig.event, RELAY_WAIT);
	CHECK(rig.relay.up == UP_HEAD && rig.requests == 1);
	at = strstr(rig.down, "\r\n\r\n");
	CHECK(at != NULL && memcmp(at + 4, body, BULK) == 0);
	CHECK_INT(rig.down_len, (size_t)(at + 4 - rig.down) + BULK);
	stop();
}

/* --- under TLS: the origin's end with and without close_notify ------------------------------- */

/* The rig's origin leg is our client engine, the server's end a leg of its own. */
static void
start_tls(void)
{
	start();
	peers_start(&p);
	leg_secure(&rig.origin, &p.client);
	leg_open(&far_server, rig.server, NULL, NULL);
	leg_secure(&far_server, &p.server);
	rig.server = -1; /* nothing comes in clear */
	for (int i = 0; i < 30; i++) {
		rig.origin.readable = far_server.readable = true;
		leg_pump(&rig.origin, true, true);
		leg_pump(&far_server, true, true);
	}
	CHECK(engine_is_open(&p.client) && engine_is_open(&p.server));
}

static void
far_say(const char *text)
{
	size_t len;
	unsigned char *room = leg_room(&far_server, &len);

	CHECK(room != NULL && len >= strlen(text));
	memcpy(room, text, strlen(text));
	leg_put(&far_server, strlen(text));
	leg_flush(&far_server);
	leg_pump(&far_server, false, false);
}

static void
test_tls_ends(void)
{
	static const struct {
		const char *text;
		enum relay_event proper, cut;
	} ends[] = {
		{ "HTTP/1.1 200 OK\r\n\r\nhello", RELAY_DONE, RELAY_TRUNCATED },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", RELAY_TRUNCATED,
			RELAY_TRUNCATED },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
			RELAY_TRUNCATED, RELAY_TRUNCATED },
		{ "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
			RELAY_DONE, RELAY_DONE },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", RELAY_ORIGIN_LEFT,
			RELAY_ORIGIN_LEFT },
		{ "HTTP/1.1 200 O", RELAY_NO_RESPONSE, RELAY_NO_RESPONSE },
		{ "", RELAY_NO_RESPONSE, RELAY_NO_RESPONSE },
	};

	for (size_t i = 0; i < 2 * sizeof ends / sizeof *ends; i++) {
		bool proper = i % 2 == 0;

		start_tls();
		ask(GET);
		run();
		if (*ends[i / 2].text != '\0')
			far_say(ends[i / 2].text);
		if (proper)
			leg_end(&far_server);
		else
			shutdown(far_server.fd, SHUT_WR);
		CHECK_INT(run(), proper ? ends[i / 2].proper : ends[i / 2].cut);
		if (strstr(ends[i / 2].text, "hello") != NULL)
			CHECK(strstr(rig.down, "hello") != NULL);
		leg_close(&far_server, false);
		stop();
	}
}

int
main(void)
{
	peers_make_leaf();
	test_exchanges();
	test_pipelining();
	test_unasked();
	test_interim();
	test_early_answer();
	test_head_size();
	test_refused();
	test_bad_bodies();
	test_origin_leaves();
	test_client_leaves();
	test_held_end();
	test_bulk();
	test_tls_ends();
	return check_done("relay");
}
