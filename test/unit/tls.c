/* tls: the profile on the wire, framed feeding, parking, endings, resumption; two engines through memory. */
#include "check.h"
#include "peers.h"

#include <stdlib.h>
#include <sys/wait.h>
#include "lib/tls/hello.h"
#include "lib/base/pool.h"
#include "lib/tls/session.h"

static struct peers p;

static bool
cpu_has_aes(void)
{
	return br_aes_x86ni_ctr_get_vtable() != NULL || br_aes_pwr8_ctr_get_vtable() != NULL;
}

static unsigned
get16(const unsigned char *data)
{
	return (unsigned)data[0] << 8 | data[1];
}

/* --- the profile -------------------------------------------------------------- */

/* The extension's content in a hello's record, or NULL. */
static const unsigned char *
find_extension(const unsigned char *record, unsigned type, size_t *len)
{
	const unsigned char *at = record + 5 + 4 + 2 + 32, *end = record + 5 + get16(record + 3);

	at += 1 + at[0];
	at += 2 + get16(at);
	at += 1 + at[0];
	for (at += 2; at + 4 <= end; at += 4 + *len) {
		*len = get16(at + 2);
		if (get16(at) == type)
			return at + 4;
	}
	return NULL;
}

static void
test_client_hello(void)
{
	static const uint16_t aes[] = { 0xC02B, 0xC02F, 0xCCA9, 0xCCA8, 0xC02C, 0xC030 };
	static const uint16_t chacha[] = { 0xCCA9, 0xCCA8, 0xC02B, 0xC02F, 0xC02C, 0xC030 };
	static const uint16_t groups[] = { 29, 23, 24 };
	const uint16_t *want = cpu_has_aes() ? aes : chacha;
	const unsigned char *hello = p.up.data, *suites, *found;
	struct hello h;
	size_t len;

	peers_start(&p);
	wire_load(&p.up, &p.client);
	CHECK(hello_parse(&h, hello, p.up.end) == (int)p.up.end);
	CHECK_STR(h.sni, "origin.test");
	CHECK(h.alpn_http11 && hello_is_speakable(&h) && h.session_id_len == 0);
	CHECK_INT(get16(hello + 9), 0x0303);
	suites = hello + 5 + 4 + 2 + 32 + 1;
	CHECK_INT(get16(suites), 2 * 6);
	for (size_t i = 0; i < 6; i++)
		CHECK_INT(get16(suites + 2 + 2 * i), want[i]);
	found = find_extension(hello, 16, &len); /* ALPN */
	CHECK(found != NULL && len == 11 && memcmp(found, "\0\011\010http/1.1", 11) == 0);
	found = find_extension(hello, 10, &len); /* X25519 first */
	CHECK(found != NULL && len == 2 + 2 * 3);
	for (size_t i = 0; found != NULL && i < 3; i++)
		CHECK_INT(get16(found + 2 + 2 * i), groups[i]);
	found = find_extension(hello, 13, &len); /* signature_algorithms: no SHA-1 */
	CHECK(found != NULL);
	for (size_t i = 2; found != NULL && i + 1 < len; i += 2)
		CHECK(found[i] >= 4 && found[i] <= 6);
	CHECK(find_extension(hello, 1, &len) == NULL);  /* no max_fragment_length */
	CHECK(find_extension(hello, 35, &len) == NULL); /* no ticket */

	tls_start_client(&p.client, NULL, NULL, &p.chain, peer_seed(), p.client_in, p.client_out);
	p.up.start = p.up.end = 0;
	wire_load(&p.up, &p.client);
	CHECK(find_extension(hello, 0, &len) == NULL); /* an address has no SNI */
}

static void
test_handshake(void)
{
	br_ssl_engine_context *eng = &p.server.u.server.eng;

	peers_start(&p);
	CHECK(!tls_is_open(&p.client) && !tls_is_open(&p.server));
	peers_run(&p, SIZE_MAX);
	CHECK(tls_is_open(&p.client) && tls_is_open(&p.server));
	CHECK_INT(tls_error(&p.client), 0);
	CHECK_INT(br_ssl_engine_get_version(eng), BR_TLS12);
	CHECK_INT(eng->session.cipher_suite, cpu_has_aes() ? 0xC02B : 0xCCA9);
	CHECK_INT(eng->ecdhe_curve, BR_EC_curve25519);
	CHECK_STR(br_ssl_engine_get_selected_protocol(eng), "http/1.1");
	CHECK_STR(br_ssl_engine_get_selected_protocol(&p.client.u.client.eng), "http/1.1");
	CHECK(peers_say(&p, &p.client, &p.server, "GET / HTTP/1.1\r\n\r\n"));
	CHECK(peers_say(&p, &p.server, &p.client, "HTTP/1.1 204 No Content\r\n\r\n"));
	CHECK_INT(p.chain.count, 1);
}

/* The server's order counts, not the client's. */
static void
test_server_preference(void)
{
	static const uint16_t back[] = { 0xC02C, 0xCCA9, 0xC02B };
	br_ssl_engine_context *eng = &p.client.u.client.eng;

	peers_start(&p);
	br_ssl_engine_set_suites(eng, back, 3);
	br_ssl_client_reset(&p.client.u.client, "origin.test", 0);
	peers_run(&p, SIZE_MAX);
	CHECK(tls_is_open(&p.client));
	CHECK_INT(eng->session.cipher_suite, cpu_has_aes() ? 0xC02B : 0xCCA9);
}

/* Clients of other kinds: what our server says to them. */
static int
server_error_for(
	unsigned version, const uint16_t *suites, size_t count, const char **alpn, size_t names)
{
	br_ssl_engine_context *eng = &p.client.u.client.eng;

	peers_start(&p);
	br_ssl_engine_set_versions(eng, version, version);
	br_ssl_engine_set_hash(eng, br_sha1_ID, &br_sha1_vtable);
	br_ssl_engine_set_hash(eng, br_md5_ID, &br_md5_vtable);
	br_ssl_engine_set_prf10(eng, &br_tls10_prf);
	br_ssl_engine_set_default_aes_cbc(eng);
	br_ssl_client_set_default_rsapub(&p.client.u.client);
	br_ssl_engine_set_suites(eng, suites, count);
	if (alpn != NULL)
		br_ssl_engine_set_protocol_names(eng, alpn, names);
	br_ssl_client_reset(&p.client.u.client, "origin.test", 0);
	peers_run(&p, SIZE_MAX);
	CHECK(!tls_is_open(&p.server) && tls_is_closed(&p.server));
	CHECK(tls_error(&p.client) != 0);
	return tls_error(&p.server);
}

static void
test_other_clients(void)
{
	static const uint16_t good[] = { 0xC02B }, cbc[] = { 0xC009 }, rsa[] = { 0xC02F, 0x009C };
	const char *h2[] = { "h2", "http/1.0" };

	CHECK_INT(server_error_for(BR_TLS11, cbc, 1, NULL, 0), 512 + 70);
	CHECK_INT(server_error_for(BR_TLS12, cbc, 1, NULL, 0), 512 + 40);
	CHECK_INT(server_error_for(BR_TLS12, rsa, 2, NULL, 0), 512 + 40);
	CHECK(tls_error_is_uninspectable(tls_error(&p.client)));
	CHECK_INT(server_error_for(BR_TLS12, good, 1, h2, 2), 512 + 120);
	CHECK(tls_error_is_uninspectable(tls_error(&p.client)));
	CHECK(*tls_error_text(tls_error(&p.client)) != '\0');
}

/* --- hashes ---------------------------------------------------------------------- */

/* A server's policy that signs with a hash of the test's choice. */
static struct signer {
	const br_ssl_server_policy_class *vtable; /* must stay first */
	const br_ssl_server_policy_class **policy;
	unsigned hash;
} signer;

static int
signer_choose(const br_ssl_server_policy_class **ctx, const br_ssl_server_context *sc,
	br_ssl_server_choices *choices)
{
	int chosen = (*signer.policy)->choose(signer.policy, sc, choices);

	(void)ctx;
	if (signer.hash != 0)
		choices->algo_id = 0xFF00 + signer.hash;
	return chosen;
}

static size_t
signer_sign(const br_ssl_server_policy_class **ctx, unsigned algo, unsigned char *data,
	size_t hash_len, size_t len)
{
	(void)ctx;
	return (*signer.policy)->do_sign(signer.policy, algo, data, hash_len, len);
}

static const br_ssl_server_policy_class signer_class = { sizeof signer, signer_choose, NULL,
	signer_sign };

/* Both ends ready, the server with one suite and a hash to sign with (0: its own choice). */
static void
start_with(uint16_t suite, unsigned hash)
{
	br_ssl_server_context *sc = &p.server.u.server;

	peers_start(&p);
	br_ssl_engine_set_suites(&sc->eng, &suite, 1);
	signer = (struct signer){ &signer_class, sc->policy_vtable, hash };
	sc->policy_vtable = &signer.vtable;
}

static bool
runs(const struct tls *t, int hash)
{
	const br_multihash_context *m = t->is_server ? &t->u.server.eng.mhash
						     : &t->u.client.eng.mhash;

	return br_multihash_getimpl(m, hash) != NULL;
}

static const uint16_t server_suites[] = { 0xCCA9, 0xC02B, 0xC02C };

/* An origin may sign with any hash, and take a suite with either; of the rest none is run. */
static void
test_origin_hashes(void)
{
	for (size_t i = 0; i < 3; i++)
		for (unsigned hash = br_sha256_ID; hash <= br_sha512_ID; hash++)
			for (size_t piece = 1; piece != 0; piece = piece == 1 ? SIZE_MAX : 0) {
				start_with(server_suites[i], hash);
				peers_run(&p, piece);
				CHECK(tls_is_open(&p.client) && tls_is_open(&p.server));
				CHECK_INT(p.client.u.client.eng.session.cipher_suite,
					server_suites[i]);
				CHECK(peers_say(&p, &p.client, &p.server, "GET /"));
				CHECK(peers_say(&p, &p.server, &p.client, "200"));
				CHECK(runs(&p.client, br_sha256_ID));
				CHECK_INT(runs(&p.client, br_sha384_ID), i == 2);
				CHECK(!runs(&p.client, br_sha512_ID));
			}
}

/* While certificates come, and with records of any size, only the hash of the suite runs. */
static void
test_origin_certificates(void)
{
	for (size_t i = 0; i < 3; i++) {
		bool seen = false;

		start_with(server_suites[i], br_sha512_ID);
		while (!tls_is_open(&p.client)) {
			bool moved = wire_load(&p.up, &p.client);

			moved |= wire_load(&p.down, &p.server);
			moved |= wire_feed(&p.up, &p.server, SIZE_MAX) > 0;
			moved |= wire_feed(&p.down, &p.client, 3) > 0;
			if (p.client.message_type == 11 && p.client.message_left > 0) {
				seen = true;
				if (runs(&p.client, br_sha384_ID) != (i == 2) ||
					runs(&p.client, br_sha512_ID))
					CHECK_INT(i, -1);
			}
			if (!moved)
				break;
		}
		CHECK(seen && tls_is_open(&p.client));
	}
}

/* Finished covers every message all the same: whichever byte of the certificate is altered, it ends. */
static void
test_origin_altered(void)
{
	for (size_t i = 0; i < 3; i++)
		for (size_t from_end = 1; from_end <= 64; from_end += 9) {
			size_t at;

			start_with(server_suites[i], 0);
			wire_load(&p.up, &p.client);
			while (wire_feed(&p.up, &p.server, SIZE_MAX) > 0)
				continue;
			wire_load(&p.down, &p.server);
			for (at = 0; memcmp(p.down.data + at, peer_leaf, peer_leaf_len) != 0; at++)
				continue;
			p.down.data[at + peer_leaf_len - from_end] ^= 1; /* in its signature */
			peers_run(&p, SIZE_MAX);
			CHECK_INT(p.chain.count, 1);
			CHECK(!tls_is_open(&p.client) && !tls_is_open(&p.server));
			CHECK_INT(tls_error(&p.server), BR_ERR_BAD_FINISHED);
		}
}

/* A client for whom SHA-256 is enough, by its hello. */
static void
test_limit_to_sha256(void)
{
	br_ssl_engine_context *eng = &p.client.u.client.eng;
	struct hello h;

	peers_start(&p);
	tls_limit_to_sha256(&p.server);
	wire_load(&p.up, &p.client);
	CHECK(hello_parse(&h, p.up.data, p.up.end) > 0 && h.sha256);
	peers_run(&p, SIZE_MAX);
	CHECK(tls_is_open(&p.client) && tls_is_open(&p.server));
	CHECK_INT(eng->session.cipher_suite, cpu_has_aes() ? 0xC02B : 0xCCA9);
	CHECK(runs(&p.server, br_sha256_ID));
	CHECK(!runs(&p.server, br_sha384_ID) && !runs(&p.server, br_sha512_ID));
	CHECK(peers_say(&p, &p.client, &p.server, "GET /"));

	for (int limited = 0; limited <= 1; limited++) {
		peers_start(&p);
		if (limited)
			tls_limit_to_sha256(&p.server);
		br_ssl_engine_set_suites(eng, &server_suites[2], 1);
		br_ssl_client_reset(&p.client.u.client, "origin.test", 0);
		wire_load(&p.up, &p.client);
		CHECK(hello_parse(&h, p.up.data, p.up.end) > 0 && !h.sha256);
		peers_run(&p, SIZE_MAX);
		CHECK_INT(tls_is_open(&p.server), !limited);
		CHECK_INT(tls_error(&p.server), limited ? 512 + 40 : 0);
	}
}

/* --- framed feeding ------------------------------------------------------------ */

/* The handshake messages of one direction: where each ends on the wire, and what it is. */
struct layout {
	size_t end[64];
	unsigned char type[64];
	size_t count;
};

static void
lay_out(struct layout *l, const struct wire *w)
{
	size_t at = w->start, have = 0, left = 0;
	unsigned char head[4];

	l->count = 0;
	while (w->end - at >= 5 && w->data[at] == 22) {
		size_t stop = at + 5 + get16(w->data + at + 3);

		for (at += 5; at < stop; at++) {
			if (have < 4) {
				head[have++] = w->data[at];
				left = (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
			} else {
				left--;
			}
			if (have == 4 && left == 0) {
				l->type[l->count] = head[0];
				l->end[l->count++] = at + 1;
				have = 0;
			}
		}
	}
}

/* Feeds all; each call must stay within one message and know beforehand whether it is heavy. */
static void
feed_watched(struct wire *w, struct tls *to, size_t piece)
{
	struct layout l;
	size_t next = 0, wrong = 0, past = 0;

	lay_out(&l, w);
	for (;;) {
		bool heavy = tls_recv_is_heavy(to);
		size_t len;

		if (tls_recv_buf(to, &len) != NULL && next < l.count)
			past += w->start < l.end[next] && w->start + len > l.end[next];
		if (wire_feed(w, to, piece) == 0)
			break;
		if (next == l.count)
			continue;
		if (l.type[next] == 2 || l.type[next] == 11)
			wrong += heavy;
		else if (w->start == l.end[next])
			wrong += !heavy;
		if (w->start == l.end[next])
			next++;
	}
	CHECK_INT(next, l.count);
	CHECK_INT(wrong, 0);
	CHECK_INT(past, 0);
}

/* A whole handshake with records of `size` bytes, fed in pieces. */
static void
handshake_watched(size_t size, size_t piece)
{
	peers_start(&p);
	wire_load(&p.up, &p.client);
	wire_cut(&p.up, size);
	feed_watched(&p.up, &p.server, piece);
	wire_load(&p.down, &p.server);
	wire_cut(&p.down, size);
	feed_watched(&p.down, &p.client, piece);
	wire_load(&p.up, &p.client);
	wire_cut(&p.up, size);
	feed_watched(&p.up, &p.server, piece);
	peers_run(&p, SIZE_MAX);
	CHECK(tls_is_open(&p.client) && tls_is_open(&p.server));
	CHECK(!p.client.framed && !p.server.framed);
	CHECK(!tls_recv_is_heavy(&p.client) && !tls_recv_is_heavy(&p.server));
}

static void
test_framing(void)
{
	size_t flight;

	peers_start(&p);
	wire_load(&p.up, &p.client);
	wire_feed(&p.up, &p.server, SIZE_MAX);
	while (wire_feed(&p.up, &p.server, SIZE_MAX) > 0)
		continue;
	wire_load(&p.down, &p.server);
	flight = p.down.end;
	CHECK(flight > 500);
	/* Every size of record: messages that share one, and messages that span many. */
	for (size_t size = 1; size <= flight; size += size < 64 ? 1 : 7)
		handshake_watched(size, SIZE_MAX);
	handshake_watched(16384, SIZE_MAX);
	for (size_t piece = 1; piece <= 8; piece++)
		handshake_watched(16384, piece);
	handshake_watched(1, 1);
}

/* Every split point of the server's flight and of the client's. */
static void
test_splits(void)
{
	size_t down = 2, up = 2; /* both are known after the first round */

	for (size_t split = 1; split < down || split < up; split += 3) {
		peers_start(&p);
		wire_load(&p.up, &p.client);
		up = p.up.end;
		p.up.end = split < up ? split : up;
		while (wire_feed(&p.up, &p.server, SIZE_MAX) > 0)
			continue;
		p.up.end = up;
		while (wire_feed(&p.up, &p.server, SIZE_MAX) > 0)
			continue;
		wire_load(&p.down, &p.server);
		down = p.down.end;
		p.down.end = split < down ? split : down;
		while (wire_feed(&p.down, &p.client, SIZE_MAX) > 0)
			continue;
		p.down.end = down;
		peers_run(&p, SIZE_MAX);
		if (!tls_is_open(&p.client) || !tls_is_open(&p.server))
			CHECK_INT(split, 0);
	}
	CHECK(down > 500);
}

/* A record without content ends nothing: after an empty ChangeCipherSpec messages are still counted. */
static void
test_empty_records(void)
{
	static const unsigned char empty[] = { 20, 3, 3, 0, 0, 22, 3, 3, 0, 0 };

	peers_start(&p);
	memcpy(p.down.data, empty, sizeof empty);
	p.down.end = sizeof empty;
	wire_load(&p.up, &p.client);
	while (wire_feed(&p.down, &p.client, SIZE_MAX) > 0)
		continue;
	CHECK(p.client.framed);
	while (wire_feed(&p.up, &p.server, SIZE_MAX) > 0)
		continue;
	wire_load(&p.down, &p.server);
	feed_watched(&p.down, &p.client, SIZE_MAX);
	peers_run(&p, SIZE_MAX);
	CHECK(tls_is_open(&p.client) && tls_is_open(&p.server));
}

/* Noise instead of a flight: an error, and no byte is taken after it. */
static void
test_noise(void)
{
	static const unsigned char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";

	peers_start(&p);
	memcpy(p.down.data, http, sizeof http);
	p.down.end = sizeof http;
	while (wire_feed(&p.down, &p.client, SIZE_MAX) > 0)
		continue;
	CHECK_INT(p.down.start, 5);
	CHECK(tls_is_closed(&p.client) && tls_error(&p.client) != 0);
	CHECK(!tls_is_ended(&p.client) && !tls_may_park(&p.client));
	CHECK(!tls_error_is_uninspectable(tls_error(&p.client)));
}

/* --- parking -------------------------------------------------------------------- */

/* Other buffers for the client's engine; the old ones are filled with rubbish. */
static void
move_client_buffers(void)
{
	static unsigned char in[2][TLS_IN], out[2][TLS_OUT];
	static int which;

	which = !which;
	memset(in[which], 0x5a, TLS_IN);
	memset(out[which], 0x5a, TLS_OUT);
	tls_unpark(&p.client, in[which], out[which]);
	memset(in[!which], 0xa5, TLS_IN);
	memset(out[!which], 0xa5, TLS_OUT);
	memset(p.client_in, 0xa5, TLS_IN);
	memset(p.client_out, 0xa5, TLS_OUT);
}

static void
test_park_idle(void)
{
	peers_start(&p);
	CHECK(!tls_may_park(&p.client) && !tls_may_park(&p.server));
	peers_run(&p, SIZE_MAX);
	for (int i = 0; i < 20; i++) {
		CHECK(tls_may_park(&p.client));
		move_client_buffers();
		CHECK(tls_may_park(&p.client));
		CHECK(peers_say(&p, &p.client, &p.server, "up and away"));
		CHECK(peers_say(&p, &p.server, &p.client, "and down again"));
		if (i % 3 == 0)
			CHECK(peers_say(&p, &p.client, &p.server, "twice"));
	}
	move_client_buffers();
	tls_close(&p.client);
	peers_run(&p, SIZE_MAX);
	CHECK(tls_is_closed(&p.client) && tls_error(&p.client) == 0 && tls_is_ended(&p.client));
	CHECK(!tls_may_park(&p.client));
}

static void
put(struct tls *t, const char *text)
{
	size_t len;
	unsigned char *room = tls_room(t, &len);

	memcpy(room, text, strlen(text));
	tls_put(t, strlen(text));
}

/* Not while anything is in the buffers. */
static void
test_park_refused(void)
{
	size_t len, record;

	peers_start(&p);
	peers_run(&p, SIZE_MAX);
	put(&p.client, "not yet made a record of");
	CHECK(!tls_may_park(&p.client));
	tls_flush(&p.client);
	CHECK(!tls_may_park(&p.client));
	(void)tls_send_buf(&p.client, &len);
	for (record = len; len > 1; (void)tls_send_buf(&p.client, &len)) {
		tls_send_ack(&p.client, 1);
		CHECK(!tls_may_park(&p.client));
	}
	tls_send_ack(&p.client, 1);
	CHECK(tls_may_park(&p.client));

	peers_start(&p);
	peers_run(&p, SIZE_MAX);
	put(&p.server, "an answer");
	tls_flush(&p.server);
	wire_load(&p.down, &p.server);
	record = p.down.end - p.down.start;
	for (size_t i = 1; i < record; i++) {
		CHECK_INT(wire_feed(&p.down, &p.client, 1), 1);
		CHECK(!tls_may_park(&p.client));
	}
	CHECK_INT(wire_feed(&p.down, &p.client, 1), 1);
	CHECK(!tls_may_park(&p.client)); /* not taken yet */
	CHECK(tls_peek(&p.client, &len) != NULL && len == 9);
	tls_take(&p.client, 8);
	CHECK(!tls_may_park(&p.client));
	tls_take(&p.client, 1);
	CHECK(tls_may_park(&p.client));
	move_client_buffers();
	CHECK(peers_say(&p, &p.server, &p.client, "still in step"));
}

static size_t
written(const unsigned char *buf, size_t len)
{
	while (len > 0 && buf[len - 1] == 0xc3)
		len--;
	return len;
}

/* in_high and out_high cover every byte that was ever written, and not the whole buffer. */
static void
test_high(void)
{
	static unsigned char in[TLS_IN], out[TLS_OUT];

	peers_start(&p);
	peers_run(&p, SIZE_MAX);
	memset(in, 0xc3, sizeof in);
	memset(out, 0xc3, sizeof out);
	tls_unpark(&p.client, in, out);
	CHECK_INT(p.client.in_high + p.client.out_high, 0);
	CHECK(peers_say(&p, &p.client, &p.server, "a request that says something"));
	CHECK(peers_say(&p, &p.server, &p.client, "an answer that says more than the request did"));
	CHECK(peers_say(&p, &p.server, &p.client, "ok"));
	CHECK(written(in, sizeof in) > 40 && written(in, sizeof in) <= p.client.in_high);
	CHECK(written(out, sizeof out) > 20 && written(out, sizeof out) <= p.client.out_high);
	CHECK(p.client.in_high < 200 && p.client.out_high < 200);
	/* The buffers are the caller's, and as dirty as before, when the engine goes. */
	tls_reset(&p.client);
	CHECK(p.client.in_high > 40 && p.client.out_high > 20);
}

static void
test_reset_wipes(void)
{
	static const unsigned char none[48];

	peers_start(&p);
	peers_run(&p, SIZE_MAX);
	CHECK(memcmp(p.client.u.client.eng.session.master_secret, none, 48) != 0);
	tls_reset(&p.client);
	for (size_t i = 0; i < sizeof p.client.u; i++)
		if (((const unsigned char *)&p.client.u)[i] != 0) {
			CHECK_INT(i, -1);
			break;
		}
}

/* --- endings --------------------------------------------------------------------- */

static void
test_close(void)
{
	size_t len;

	peers_start(&p);
	peers_run(&p, SIZE_MAX);
	put(&p.client, "last words");
	tls_close(&p.client); /* flushes them */
	peers_run(&p, SIZE_MAX);
	CHECK(!tls_is_ended(&p.server)); /* not before they were taken */
	CHECK(tls_peek(&p.server, &len) != NULL && len == 10);
	tls_take(&p.server, 10);
	peers_run(&p, SIZE_MAX);
	CHECK(tls_is_ended(&p.server) && tls_is_closed(&p.server) && tls_error(&p.server) == 0);
	CHECK(tls_is_ended(&p.client) && tls_is_closed(&p.client) && tls_error(&p.client) == 0);
	CHECK(tls_room(&p.client, &len) == NULL && tls_peek(&p.client, &len) == NULL);
}

/* Data that waits to be taken must not keep the engine from reading on: it is thrown away. */
static void
test_close_with_pending(void)
{
	size_t len;

	peers_start(&p);
	peers_run(&p, SIZE_MAX);
	put(&p.server, "pending");
	tls_flush(&p.server);
	peers_run(&p, SIZE_MAX);
	CHECK(tls_peek(&p.client, &len) != NULL);
	tls_close(&p.client);
	CHECK(tls_peek(&p.client, &len) == NULL);
	CHECK(tls_recv_buf(&p.client, &len) != NULL);
	wire_load(&p.up, &p.client);
	CHECK(!tls_may_park(
		&p.client)); /* what comes now is thrown away, and that needs a buffer */
	put(&p.server, "and more");
	tls_flush(&p.server);
	peers_run(&p, SIZE_MAX);
	CHECK(tls_is_ended(&p.client) && tls_is_closed(&p.client) && tls_error(&p.client) == 0);
}

/* Nothing taken and nothing put leaves the engine as it is, in the middle of a record too. */
static void
test_nothing(void)
{
	size_t len;

	peers_start(&p);
	peers_run(&p, SIZE_MAX);
	put(&p.server, "whole");
	tls_flush(&p.server);
	wire_load(&p.down, &p.server);
	wire_feed(&p.down, &p.client, 5);
	wire_feed(&p.down, &p.client, 7);
	tls_take(&p.client, 0);
	tls_put(&p.client, 0);
	tls_flush(&p.client);
	peers_run(&p, SIZE_MAX);
	CHECK(tls_peek(&p.client, &len) != NULL && len == 5);
	CHECK_INT(tls_error(&p.client), 0);
}

/* Someone without the keys can't end a session. */
static void
test_forged_close(void)
{
	static const unsigned char alert[] = { 21, 3, 3, 0, 2, 1, 0 };

	peers_start(&p);
	peers_run(&p, SIZE_MAX);
	p.down.start = 0;
	memcpy(p.down.data, alert, sizeof alert);
	p.down.end = sizeof alert;
	peers_run(&p, SIZE_MAX);
	CHECK(!tls_is_ended(&p.client) && tls_is_closed(&p.client) && tls_error(&p.client) != 0);
}

static void
test_renegotiation(void)
{
	br_ssl_engine_context *client = &p.client.u.client.eng, *server = &p.server.u.server.eng;
	unsigned char random[32];

	peers_start(&p);
	peers_run(&p, SIZE_MAX);
	CHECK(!br_ssl_engine_renegotiate(client) && !br_ssl_engine_renegotiate(server));

	/* The client asks: our server says no (alert 100), and goes on. */
	memcpy(random, server->server_random, sizeof random);
	br_ssl_engine_remove_flags(client, BR_OPT_NO_RENEGOTIATION);
	CHECK(br_ssl_engine_renegotiate(client));
	peers_run(&p, SIZE_MAX);
	CHECK_INT(tls_error(&p.client), 256 + 100);
	CHECK(memcmp(random, server->server_random, sizeof random) == 0);
	CHECK(tls_is_open(&p.server) && tls_error(&p.server) == 0);

	/* The server asks: our client says no. */
	peers_start(&p);
	peers_run(&p, SIZE_MAX);
	memcpy(random, client->client_random, sizeof random);
	br_ssl_engine_remove_flags(server, BR_OPT_NO_RENEGOTIATION);
	CHECK(br_ssl_engine_renegotiate(server));
	peers_run(&p, SIZE_MAX);
	CHECK_INT(tls_error(&p.server), 256 + 100);
	CHECK(memcmp(random, client->client_random, sizeof random) == 0);
	CHECK(tls_is_open(&p.client) && tls_error(&p.client) == 0);
}

/* A record as large as any peer may send, and one byte more. */
static void
test_large_record(void)
{
	static unsigned char big_out[16384 + 85];
	br_ssl_engine_context *server = &p.server.u.server.eng;
	unsigned char *room;
	const unsigned char *got;
	size_t len;

	peers_start(&p);
	br_ssl_engine_set_buffers_bidi(server, p.server_in, TLS_IN, big_out, sizeof big_out);
	br_ssl_server_reset(&p.server.u.server);
	peers_run(&p, SIZE_MAX);
	room = tls_room(&p.server, &len);
	CHECK(room != NULL);
	CHECK_INT(len, 16384);
	for (size_t i = 0; i < len; i++)
		room[i] = (unsigned char)(i * 7);
	tls_put(&p.server, len);
	tls_flush(&p.server);
	peers_run(&p, SIZE_MAX);
	got = tls_peek(&p.client, &len);
	CHECK(got != NULL);
	CHECK_INT(len, 16384);
	for (size_t i = 0; i < len; i++)
		if (got[i] != (unsigned char)(i * 7)) {
			CHECK_INT(i, -1);
			break;
		}
	tls_take(&p.client, len);
	CHECK(tls_may_park(&p.client));
	CHECK(p.client.in_high >= 16384 + 5 && p.client.in_high <= TLS_IN);
	CHECK(tls_room(&p.client, &len) != NULL);
	CHECK_INT(len, 4096);

	p.down.start = 0;
	memcpy(p.down.data, (unsigned char[]){ 23, 3, 3, 0x42, 0 }, 5);
	p.down.end = 5;
	peers_run(&p, SIZE_MAX);
	CHECK(tls_error(&p.client) != 0);
}

/* --- sessions --------------------------------------------------------------------- */

enum { SURVIVED = 7 }; /* a child's exit status */

static struct session_store *store;

/* A handshake of a client that offers `session`, under `tie`.  True: it was resumed. */
static bool
handshake_resumes(const struct tls_session *session, char tie_byte, const char **alpn)
{
	static struct session_tie tie;
	unsigned char bytes[SESSION_TIE];
	br_ssl_engine_context *eng = &p.client.u.client.eng;

	memset(bytes, tie_byte, sizeof bytes);
	session_tie_init(&tie, store, bytes);
	peers_start(&p);
	peers_start_server(&p, &tie);
	tls_start_client(&p.client, "origin.test", session, &p.chain, peer_seed(), p.client_in,
		p.client_out);
	if (alpn != NULL) { /* another hello, then */
		br_ssl_engine_set_protocol_names(eng, alpn, 1);
		br_ssl_client_reset(&p.client.u.client, "origin.test", session != NULL);
	}
	peers_run(&p, SIZE_MAX);
	return p.chain.count == 0;
}

static void
test_resumption(void)
{
	struct tls_session session;

	store = session_store_new(8);
	CHECK(!handshake_resumes(NULL, 'a', NULL));
	CHECK(tls_is_open(&p.client));
	tls_session(&p.client, &session);
	CHECK(session.len > 0 && session.bytes[0] == 32);
	CHECK(handshake_resumes(&session, 'a', NULL));
	CHECK(tls_is_open(&p.client) && tls_is_open(&p.server));
	CHECK(peers_say(&p, &p.client, &p.server, "resumed"));
	CHECK(tls_may_park(&p.client) && tls_may_park(&p.server));
	CHECK(!p.client.framed && !p.server.framed);
	CHECK(!handshake_resumes(&session, 'b', NULL));
	CHECK(tls_is_open(&p.client) && tls_is_open(&p.server));
	CHECK(peers_say(&p, &p.server, &p.client, "made anew"));
	session_store_free(store);
}

/* A session of a suite that wants SHA-384 is not resumed where that hash is not run. */
static void
test_resumption_sha256(void)
{
	static struct session_tie tie;
	static const unsigned char bytes[SESSION_TIE];
	struct tls_session session;

	store = session_store_new(8);
	session_tie_init(&tie, store, bytes);
	for (int limited = 0; limited <= 1; limited++) {
		peers_start_server(&p, &tie);
		peers_start_client(&p);
		p.up.start = p.up.end = p.down.start = p.down.end = 0;
		br_ssl_engine_set_suites(&p.client.u.client.eng, &server_suites[2], 1);
		br_ssl_client_reset(&p.client.u.client, "origin.test", 0);
		peers_run(&p, SIZE_MAX);
		CHECK(tls_is_open(&p.client));
		tls_session(&p.client, &session);
		CHECK_INT(session.bytes[35] << 8 | session.bytes[36], server_suites[2]);

		p.up.start = p.up.end = p.down.start = p.down.end = 0;
		peers_start_server(&p, &tie);
		if (limited)
			tls_limit_to_sha256(&p.server);
		chain_init(&p.chain);
		tls_start_client(&p.client, "origin.test", &session, &p.chain, peer_seed(),
			p.client_in, p.client_out);
		peers_run(&p, SIZE_MAX);
		CHECK(tls_is_open(&p.client) && tls_is_open(&p.server));
		CHECK_INT(p.chain.count, limited);
		CHECK(peers_say(&p, &p.client, &p.server, "GET /"));
	}
	session_store_free(store);
}

/*
 * DESIGN's trap.  A hello that resumes and offers only h2 makes BearSSL's server read protocol_names[65534]; here
 * that is an unused part of a wire, so NULL, and the child that feeds it one dies.  Without a session the same
 * hello gets its alert.  hello.h tells what the proxy's rule asks: has_alpn and not alpn_http11.
 */
static int
child_status_of_trap(const struct tls_session *session, const char **alpn)
{
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL) /* where a sanitizer would report */
			_exit(SURVIVED);
		(void)handshake_resumes(session, 'a', alpn);
		_exit(SURVIVED);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	return status;
}

static void
test_resumption_trap(void)
{
	static const char *h2[] = { "h2" }, *http[] = { "http/1.1" };
	const char *wild = (const char *)p.server.alpn + 65534 * sizeof(char *);
	struct tls_session session;
	struct hello h;
	int status;

	CHECK(wild > (const char *)p.up.data && wild < (const char *)p.down.data + WIRE);
	memset(&p.up, 0, sizeof p.up);
	memset(&p.down, 0, sizeof p.down);
	store = session_store_new(8);
	CHECK(!handshake_resumes(NULL, 'a', NULL));
	tls_session(&p.client, &session);
	(void)handshake_resumes(NULL, 'a', h2);
	CHECK_INT(tls_error(&p.server), 512 + 120);
	status = child_status_of_trap(&session, http);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == SURVIVED);
	status = child_status_of_trap(&session, h2);
	CHECK(!WIFEXITED(status) || WEXITSTATUS(status) != SURVIVED);

	/* The hello of that child, as the proxy sees it first. */
	peers_start(&p);
	tls_start_client(&p.client, "origin.test", &session, &p.chain, peer_seed(), p.client_in,
		p.client_out);
	br_ssl_engine_set_protocol_names(&p.client.u.client.eng, h2, 1);
	br_ssl_client_reset(&p.client.u.client, "origin.test", 1);
	wire_load(&p.up, &p.client);
	CHECK(hello_parse(&h, p.up.data, p.up.end) > 0);
	CHECK(h.session_id_len == 32 && h.has_alpn && !h.alpn_http11);
	CHECK(!hello_is_speakable(&h));
	session_store_free(store);
}

int
main(void)
{
	peers_make_leaf();
	test_client_hello();
	test_handshake();
	test_server_preference();
	test_other_clients();
	test_origin_hashes();
	test_origin_certificates();
	test_origin_altered();
	test_limit_to_sha256();
	test_framing();
	test_splits();
	test_empty_records();
	test_noise();
	test_park_idle();
	test_park_refused();
	test_high();
	test_reset_wipes();
	test_close();
	test_close_with_pending();
	test_nothing();
	test_forged_close();
	test_renegotiation();
	test_large_record();
	test_resumption();
	test_resumption_sha256();
	test_resumption_trap();
	return check_done("tls");
}
