/*
 * shim: the TLS engine as BoringSSL's runner wants to drive it (ssl/test/PORTING.md there): it dials the runner, is
 * client or server, and answers each byte with its complement.  Exit 0: as expected; 1: the engine ended with an error,
 * which stderr names; 89: a flag that asks for what this engine does not have.
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

enum { UNIMPLEMENTED = 89, LEAF_MAX = 32768 };

static struct engine engine;
static struct chain chain;
static unsigned char in[ENGINE_IN], out[ENGINE_OUT], leaf[LEAF_MAX], key[32];
static unsigned char session[ENGINE_SESSION];
static size_t session_len, leaf_len;
static struct ticket_tie tie;
static struct engine_options options = { ENGINE_TLS12, ENGINE_TLS13, false };

/* What the flags said. */
static bool is_server, writes_first, shuts_down, check_close, expect_miss, expect_no_session,
	verify_peer;
static unsigned curves; /* bits: P-256, P-384, X25519; 0: none was named */
static int port, resumes, expect_version, expect_curve, expect_cipher;
static const char *name;

static void
save(void *arg, const unsigned char *s, size_t len)
{
	(void)arg;
	memcpy(session, s, len);
	session_len = len;
}

/* Until the engine is open, has data, or is over.  False: over. */
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
			n = send(fd, p, len, MSG_NOSIGNAL);
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
		n = recv(fd, p, len, 0);
		if (n <= 0)
			return false;
		engine_recv_ack(&engine, (size_t)n);
	}
}

static void
flush(int fd)
{
	size_t len;
	unsigned char *p;

	engine_flush(&engine);
	while ((p = engine_send_buf(&engine, &len)) != NULL) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		engine_send_ack(&engine, (size_t)n);
	}
}

static void
say(int fd, const unsigned char *data, size_t len)
{
	while (len > 0) {
		size_t room;
		unsigned char *p = engine_room(&engine, &room);

		if (p == NULL) {
			flush(fd);
			p = engine_room(&engine, &room);
			if (p == NULL)
				return;
		}
		if (room > len)
			room = len;
		memcpy(p, data, room);
		engine_put(&engine, room);
		data += room;
		len -= room;
	}
	flush(fd);
}

static int
complain(const char *what)
{
	fprintf(stderr, "shim: %s (%d: %s)\n", what, engine_error(&engine),
		engine_error_text(engine_error(&engine)));
	return 1;
}

/* Goes on reading after an error has been told, so that the runner reads the alert and no reset. */
static void
drain(int fd)
{
	unsigned char rest[4096];

	flush(fd);
	shutdown(fd, SHUT_WR);
	while (recv(fd, rest, sizeof rest, 0) > 0)
		continue;
}

static int
judge_open(int round)
{
	bool resumed = engine_is_resumed(&engine);

	if (expect_version != 0 && (int)engine_version(&engine) != expect_version)
		return complain("another version");
	if (expect_curve != 0 && engine.group != expect_curve)
		return complain("another group");
	if (expect_cipher != 0 && engine.suite != expect_cipher)
		return complain("another suite");
	if (round > 0 && resumed == expect_miss)
		return complain(resumed ? "resumed" : "not resumed");
	return round == 0 && resumed ? complain("resumed what there is not") : 0;
}

static int
converse(int fd)
{
	size_t len;
	unsigned char text[16384];

	if (writes_first)
		say(fd, (const unsigned char *)"hello", 5);
	if (shuts_down) {
		engine_close(&engine);
		flush(fd);
		if (check_close && (pump(fd, false) || !engine_is_ended(&engine)))
			return complain("no close_notify");
		return 0;
	}
	while (pump(fd, false)) {
		const unsigned char *p = engine_peek(&engine, &len);

		for (size_t i = 0; i < len; i++)
			text[i] = p[i] ^ 0xff;
		engine_take(&engine, len);
		say(fd, text, len);
	}
	if (engine_error(&engine) != 0)
		return complain("an error");
	if (!engine_is_ended(&engine))
		return complain("no close_notify");
	engine_close(&engine);
	flush(fd);
	return 0;
}

static void
start(void)
{
	unsigned char seed[ENGINE_SEED];

	seed_read(seed, sizeof seed);
	if (is_server) {
		engine_start_server(&engine,
			&(struct engine_server){ .leaf = leaf,
				.leaf_len = leaf_len,
				.key = key,
				.tie = &tie,
				.options = options },
			seed, in, out);
		return;
	}
	chain_init(&chain);
	engine_start_client(&engine,
		&(struct engine_client){ .sni = name,
			.session = session_len > 0 ? session : NULL,
			.session_len = session_len,
			.chain = &chain,
			.options = options,
			.save = save },
		seed, in, out);
}

static int
dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	to6.sin6_port = to.sin_port = htons((uint16_t)port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to6, sizeof to6) == 0)
		return fd;
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	return connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ? fd : -1;
}

static int
run(int round)
{
	int fd = dial(), rc;

	if (fd < 0)
		return complain("can't connect");
	start();
	if (pump(fd, true)) {
		rc = judge_open(round);
		if (rc == 0)
			rc = converse(fd);
	} else {
		rc = complain("no handshake");
	}
	if (rc != 0)
		drain(fd);
	close(fd);
	if (rc == 0 && expect_no_session && session_len > 0)
		rc = complain("a session");
	engine_reset(&engine);
	return rc;
}

/* --- flags --- */

static size_t
read_pem(const char *path, unsigned char *data, size_t max, const char *label)
{
	static char text[65536];
	char begin[64];
	FILE *f = fopen(path, "rb");
	size_t len = f != NULL ? fread(text, 1, sizeof text - 1, f) : 0, have = 0;
	unsigned bits = 0, count = 0;
	const char *p;

	if (f != NULL)
		fclose(f);
	text[len] = '\0';
	snprintf(begin, sizeof begin, "-----BEGIN %s-----", label);
	p = strstr(text, begin);
	if (p == NULL)
		return 0;
	for (p += strlen(begin); *p != '-' && *p != '\0' && have < max; p++) {
		static const char base64[] =
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
		const char *at = *p != '=' ? strchr(base64, *p) : NULL;

		if (at == NULL)
			continue;
		bits = bits << 6 | (unsigned)(at - base64);
		count += 6;
		if (count >= 8) {
			count -= 8;
			data[have++] = (unsigned char)(bits >> count);
		}
	}
	return have;
}

/* The 32 bytes behind the first OCTET STRING of that length. */
static bool
find_key(const unsigned char *der, size_t len)
{
	for (size_t i = 0; i + 34 <= len; i++)
		if (der[i] == 4 && der[i + 1] == 32) {
			memcpy(key, der + i + 2, 32);
			return true;
		}
	return false;
}

static bool
is_one_of(const char *flag, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(flag, *list) == 0)
			return true;
	return false;
}

/* Flags that say what is so anyway, or that the runner judges itself. */
static const char *const idle[] = { "-expect-ticket-renewal", "-implicit-handshake",
	"-enable-grease", "-expect-secure-renegotiation", "-expect-no-hrr", "-expect-hrr",
	"-expect-extended-master-secret", "-expect-no-secure-renegotiation", "-permute-extensions",
	"-cnsa", NULL };
/* ... with a value. */
static const char *const idle_value[] = { "-expect-peer-signature-algorithm", "-expect-cipher-aes",
	"-expect-cipher-no-aes", "-ticket-key", NULL };

static int
take_flag(const char *flag, const char *value, const char *path_key[2])
{
	if (is_one_of(flag, idle))
		return 0;
	if (strcmp(flag, "-server") == 0)
		is_server = true;
	else if (strcmp(flag, "-verify-peer") == 0)
		verify_peer = true;
	else if (strcmp(flag, "-no-tls13") == 0)
		options.most = ENGINE_TLS12;
	else if (strcmp(flag, "-no-tls12") == 0)
		options.least = ENGINE_TLS13;
	else if (strcmp(flag, "-no-tls11") == 0 || strcmp(flag, "-no-tls1") == 0)
		return 0;
	else if (strcmp(flag, "-shim-writes-first") == 0)
		writes_first = true;
	else if (strcmp(flag, "-shim-shuts-down") == 0)
		shuts_down = true;
	else if (strcmp(flag, "-check-close-notify") == 0)
		check_close = true;
	else if (strcmp(flag, "-expect-session-miss") == 0)
		expect_miss = true;
	else if (strcmp(flag, "-expect-no-session") == 0)
		expect_no_session = true;
	else if (value == NULL)
		return UNIMPLEMENTED;
	else if (is_one_of(flag, idle_value))
		return 1;
	else if (strcmp(flag, "-port") == 0)
		port = atoi(value);
	else if (strcmp(flag, "-resume-count") == 0)
		resumes = atoi(value);
	else if (strcmp(flag, "-host-name") == 0)
		name = value;
	else if (strcmp(flag, "-key-file") == 0)
		path_key[0] = value;
	else if (strcmp(flag, "-cert-file") == 0)
		path_key[1] = value;
	else if (strcmp(flag, "-min-version") == 0)
		options.least = atoi(value) > ENGINE_TLS12 ? ENGINE_TLS13 : ENGINE_TLS12;
	else if (strcmp(flag, "-max-version") == 0)
		options.most = (uint16_t)atoi(value);
	else if (strcmp(flag, "-expect-version") == 0)
		expect_version = atoi(value);
	else if (strcmp(flag, "-curves") == 0) {
		int curve = atoi(value);

		curves |= curve == 23 ? 1 : curve == 24 ? 2 : curve == 29 ? 4 : 128;
	} else if (strcmp(flag, "-expect-curve-id") == 0)
		expect_curve = atoi(value);
	else
		return UNIMPLEMENTED;
	return is_one_of(flag,
		       (const char *const[]){ "-server", "-verify-peer", "-no-tls13", "-no-tls12",
			       "-shim-writes-first", "-shim-shuts-down", "-check-close-notify",
			       "-expect-session-miss", "-expect-no-session", NULL })
		       ? 0
		       : 1;
}

int
main(int argc, char **argv)
{
	const char *files[2] = { NULL, NULL };
	unsigned char der[4096];
	size_t len;

	if (argc == 2 && strcmp(argv[1], "-is-handshaker-supported") == 0) {
		puts("No");
		return 0;
	}
	for (int i = 1; i < argc; i++) {
		int took = take_flag(argv[i], i + 1 < argc ? argv[i + 1] : NULL, files);

		if (took == UNIMPLEMENTED) {
			fprintf(stderr, "shim: %s\n", argv[i]);
			return UNIMPLEMENTED;
		}
		i += took;
	}
	if (is_server && verify_peer) /* no client's certificate is ever asked for */
		return UNIMPLEMENTED;
	if (curves != 0 && curves != (is_server ? 5 : 7)) /* what we have can't be chosen from */
		return UNIMPLEMENTED;
	if (options.most < ENGINE_TLS12 || options.least > options.most)
		return UNIMPLEMENTED;
	if (is_server) {
		if (files[0] == NULL || files[1] == NULL)
			return UNIMPLEMENTED;
		len = read_pem(files[0], der, sizeof der, "PRIVATE KEY");
		if (len == 0)
			len = read_pem(files[0], der, sizeof der, "EC PRIVATE KEY");
		leaf_len = read_pem(files[1], leaf, sizeof leaf, "CERTIFICATE");
		if (len == 0 || len > 200 || leaf_len == 0 || !find_key(der, len))
			return UNIMPLEMENTED; /* no P-256 key */
		tie.store = tickets_new(16);
	} else if (files[0] != NULL) {
		return UNIMPLEMENTED; /* a client's certificate */
	}
	for (int round = 0; round <= resumes; round++) {
		int rc = run(round);

		if (rc != 0)
			return rc;
	}
	return 0;
}
