/*
 * driver: the TLS engine over a socket, for peers of other makes: see test/tls/run.
 *
 *   driver client PORT [option...]           connects to 127.0.0.1, says GET, prints what comes back
 *   driver server PORT LEAF KEY [option...]  serves the DER leaf under the raw P-256 key, one request a connection
 *
 * Options: -2 and -3 (that version alone), -q (post-quantum), -n COUNT connections, -p BYTES a piece that is read at
 * most, -s NAME the server's name, -r BYTES of answer.  For each connection a line is printed: "open VERSION SUITE
 * GROUP full|resumed", or "failed: REASON".
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/base/seed.h"
#include "lib/tls/engine.h"
#include "lib/x509/chain.h"

enum { LEAF_MAX = 32768 };

static struct engine engine;
static struct chain chain;
static unsigned char in[ENGINE_IN], out[ENGINE_OUT], leaf[LEAF_MAX], key[32];
static unsigned char session[ENGINE_SESSION];
static size_t session_len, leaf_len, piece = SIZE_MAX, answer = 100;
static struct engine_options options = { ENGINE_TLS12, ENGINE_TLS13, false };
static const char *name = "origin.test";
static int count = 1;
static struct ticket_tie tie;

static void
save(void *arg, const unsigned char *s, size_t len)
{
	(void)arg;
	memcpy(session, s, len);
	session_len = len;
}

/* Moves bytes until the engine has data, is open where wanted, or is over.  False: over. */
static bool
pump(int fd, bool until_open)
{
	for (;;) {
		size_t len;
		unsigned char *p;
		ssize_t n;

		while (engine_waits(&engine) != ENGINE_IDLE)
			engine_work(&engine);
		while ((p = engine_send_buf(&engine, &len)) != NULL) {
			n = send(fd, p, len < piece ? len : piece, MSG_NOSIGNAL);
			if (n <= 0)
				return false;
			engine_send_ack(&engine, (size_t)n);
		}
		if (engine_waits(&engine) != ENGINE_IDLE)
			continue;
		if (engine_error(&engine) != 0 || engine_is_ended(&engine))
			return false;
		if (engine_is_open(&engine) && (until_open || engine_peek(&engine, &len) != NULL))
			return true;
		p = engine_recv_buf(&engine, &len);
		if (p == NULL)
			continue;
		n = recv(fd, p, len < piece ? len : piece, 0);
		if (n <= 0)
			return false;
		engine_recv_ack(&engine, (size_t)n);
	}
}

static void
say(int fd, const char *text, size_t len)
{
	while (len > 0) {
		size_t room;
		unsigned char *p = engine_room(&engine, &room), *rest;
		ssize_t n;

		if (p != NULL) {
			if (room > len)
				room = len;
			memcpy(p, text, room);
			engine_put(&engine, room);
			text += room;
			len -= room;
		}
		engine_flush(&engine);
		while ((rest = engine_send_buf(&engine, &room)) != NULL) {
			n = send(fd, rest, room, MSG_NOSIGNAL);
			if (n <= 0)
				return;
			engine_send_ack(&engine, (size_t)n);
		}
		if (engine_error(&engine) != 0)
			return;
	}
}

static void
tell(void)
{
	if (engine_error(&engine) != 0 || !engine_is_open(&engine))
		printf("failed: %d %s\n", engine_error(&engine),
			engine_error_text(engine_error(&engine)));
	else
		printf("open %s %s %s %s\n", engine_version_text(&engine),
			engine_suite_text(&engine), engine_group_text(&engine),
			engine_is_resumed(&engine) ? "resumed" : "full");
	fflush(stdout);
}

static void
finish(int fd)
{
	size_t len;

	engine_close(&engine);
	if (engine_send_buf(&engine, &len) != NULL)
		(void)pump(fd, false);
	close(fd);
	engine_reset(&engine);
}

static void
run_client(int fd)
{
	static const char get[] = "GET / HTTP/1.0\r\n\r\n";
	unsigned char seed[ENGINE_SEED];
	size_t len, got = 0;

	seed_read(seed, sizeof seed);
	chain_init(&chain);
	engine_start_client(&engine,
		&(struct engine_client){ .sni = name,
			.session = session_len > 0 ? session : NULL,
			.session_len = session_len,
			.chain = &chain,
			.options = options,
			.save = save },
		seed, in, out);
	if (engine_session_is_single(session, session_len))
		session_len = 0;
	(void)pump(fd, true);
	tell();
	if (engine_is_open(&engine)) {
		say(fd, get, sizeof get - 1);
		while (pump(fd, false)) {
			(void)engine_peek(&engine, &len);
			got += len;
			engine_take(&engine, len);
		}
		printf("got %zu %s\n", got, engine_is_ended(&engine) ? "ended" : "cut");
	}
	finish(fd);
}

static void
run_server(int fd)
{
	unsigned char seed[ENGINE_SEED];
	char *text = malloc(answer);
	size_t len;

	seed_read(seed, sizeof seed);
	engine_start_server(&engine,
		&(struct engine_server){ .leaf = leaf,
			.leaf_len = leaf_len,
			.key = key,
			.tie = &tie,
			.options = options },
		seed, in, out);
	(void)pump(fd, true);
	tell();
	if (text != NULL && pump(fd, false)) {
		(void)engine_peek(&engine, &len);
		engine_take(&engine, len);
		memset(text, 'x', answer);
		memcpy(text, "HTTP/1.0 200 OK\r\n\r\n", 19);
		say(fd, text, answer);
	}
	free(text);
	finish(fd);
}

static size_t
read_file(const char *path, unsigned char *data, size_t max)
{
	FILE *f = fopen(path, "rb");
	size_t len = f != NULL ? fread(data, 1, max, f) : 0;

	if (f != NULL)
		fclose(f);
	return len;
}

static void
read_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "23qn:p:s:r:")) != -1)
		switch (c) {
		case '2': options.most = ENGINE_TLS12; break;
		case '3': options.least = ENGINE_TLS13; break;
		case 'q': options.post_quantum = true; break;
		case 'n': count = (int)strtol(optarg, NULL, 10); break;
		case 'p': piece = strtoul(optarg, NULL, 10); break;
		case 's': name = optarg; break;
		case 'r': answer = strtoul(optarg, NULL, 10); break;
		default: exit(2);
		}
}

int
main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	bool server = argc > 4 && strcmp(argv[1], "server") == 0;
	int listener = -1, one = 1, fd;

	if (argc < 3)
		return 2;
	to.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (server) {
		leaf_len = read_file(argv[3], leaf, sizeof leaf);
		if (leaf_len == 0 || read_file(argv[4], key, 32) != 32)
			return 2;
		tie.store = tickets_new(16);
		listener = socket(AF_INET, SOCK_STREAM, 0);
		setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
		if (bind(listener, (struct sockaddr *)&to, sizeof to) != 0 ||
			listen(listener, 16) != 0)
			return 2;
	}
	read_options(argc - (server ? 4 : 2), argv + (server ? 4 : 2));
	for (int i = 0; i < count; i++) {
		fd = server ? accept(listener, NULL, NULL) : socket(AF_INET, SOCK_STREAM, 0);
		if (!server && connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
			return 1;
		if (server)
			run_server(fd);
		else
			run_client(fd);
	}
	tickets_free(tie.store);
	return 0;
}
