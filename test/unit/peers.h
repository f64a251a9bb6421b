/*
 * peers: two TLS engines of tls.h that talk through memory, for unit tests: a key, a leaf, a wire each way.
 *
 * The wire can cut what passes into records of any size (while it is clear) and hand it on in pieces of any size.
 */
#ifndef PEERS_H
#define PEERS_H

#include <bearssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "lib/x509/chain.h"
#include "lib/x509/encode.h"
#include "lib/tls/engine.h"

enum { WIRE = 1 << 18, LEAF = 1024 };

/* Bytes on their way; data[start..end) is still to come. */
struct wire {
	unsigned char data[WIRE];
	size_t start, end;
};

struct peers {
	struct engine client, server;
	struct chain chain;
	struct wire up, down;
	unsigned char client_in[ENGINE_IN], client_out[ENGINE_OUT];
	unsigned char server_in[ENGINE_IN], server_out[ENGINE_OUT];
};

static unsigned char peer_leaf[LEAF];
static size_t peer_leaf_len;
static unsigned char peer_key_bytes[BR_EC_KBUF_PRIV_MAX_SIZE];
static br_ec_private_key peer_key;
static uint16_t peers_most = ENGINE_TLS13; /* the version that both speak at most */

/* The same bytes in each run, other ones with each call. */
static inline const unsigned char *
peer_seed(void)
{
	static unsigned char seed[ENGINE_SEED];

	for (size_t i = 0; i < sizeof seed && ++seed[i] == 0; i++)
		continue;
	return seed;
}

/* A P-256 key and a leaf for origin.test that it has signed itself. */
static inline void
peers_make_leaf(void)
{
	const br_ec_impl *ec = br_ec_get_default();
	unsigned char point[BR_EC_KBUF_PUB_MAX_SIZE], name[64], alt[64], hash[32], sig[128];
	br_ec_public_key public;
	br_hmac_drbg_context rng;
	br_sha256_context sha;
	struct encode_cert c = { .serial = (const unsigned char *)"\x2a", .serial_len = 1 };
	size_t len, sig_len;

	br_hmac_drbg_init(&rng, &br_sha256_vtable, peer_seed(), ENGINE_SEED);
	br_ec_keygen(&rng.vtable, ec, &peer_key, peer_key_bytes, BR_EC_secp256r1);
	br_ec_compute_pub(ec, &public, point, &peer_key);
	c.issuer = c.subject = name;
	c.issuer_len = c.subject_len = encode_name(name, "origin.test", 11);
	c.not_before = 1700000000;
	c.not_after = 1900000000;
	c.key = &public;
	c.hash = br_sha256_ID;
	c.names = alt;
	c.names_len = encode_value(alt, ENCODE_DNS_NAME, "origin.test", 11);
	len = encode_cert_body(peer_leaf, &c);
	br_sha256_init(&sha);
	br_sha256_update(&sha, peer_leaf, len);
	br_sha256_out(&sha, hash);
	sig_len = br_ecdsa_sign_asn1_get_default()(ec, &br_sha256_vtable, hash, &peer_key, sig);
	peer_leaf_len = encode_cert_close(peer_leaf, len, br_sha256_ID, sig, sig_len);
}

static inline void
peers_start_client(struct peers *p)
{
	const struct engine_client how = { .sni = "origin.test",
		.chain = &p->chain,
		.options = { ENGINE_TLS12, peers_most, false } };

	chain_init(&p->chain);
	engine_start_client(&p->client, &how, peer_seed(), p->client_in, p->client_out);
}

static inline void
peers_start_server(struct peers *p)
{
	const struct engine_server how = { .leaf = peer_leaf,
		.leaf_len = peer_leaf_len,
		.key = peer_key_bytes,
		.options = { ENGINE_TLS12, peers_most, false } };

	engine_start_server(&p->server, &how, peer_seed(), p->server_in, p->server_out);
}

static inline void
peers_start(struct peers *p)
{
	p->up.start = p->up.end = p->down.start = p->down.end = 0;
	peers_start_client(p);
	peers_start_server(p);
}

/* The public-key operation that an engine waits for. */
static inline bool
peer_work(struct engine *e)
{
	if (engine_waits(e) == ENGINE_IDLE)
		return false;
	engine_work(e);
	return true;
}

/* All that an engine has to send goes onto the wire. */
static inline bool
wire_load(struct wire *w, struct engine *from)
{
	bool moved = false;
	size_t len;

	if (w->start == w->end)
		w->start = w->end = 0;
	for (const unsigned char *data; (data = engine_send_buf(from, &len)) != NULL;
		moved = true) {
		memcpy(w->data + w->end, data, len);
		w->end += len;
		engine_send_ack(from, len);
	}
	return moved;
}

/* What the engine takes now, at most `piece` bytes, in one call.  Returns how many. */
static inline size_t
wire_feed(struct wire *w, struct engine *to, size_t piece)
{
	size_t len, have = w->end - w->start;
	unsigned char *room = engine_recv_buf(to, &len);

	if (room == NULL || have == 0)
		return 0;
	if (len > have)
		len = have;
	if (len > piece)
		len = piece;
	memcpy(room, w->data + w->start, len);
	w->start += len;
	engine_recv_ack(to, len);
	return len;
}

/* Until nothing moves any more. */
static inline void
peers_run(struct peers *p, size_t piece)
{
	bool moved = true;

	while (moved) {
		moved = peer_work(&p->client);
		moved |= peer_work(&p->server);
		moved |= wire_load(&p->up, &p->client);
		moved |= wire_load(&p->down, &p->server);
		moved |= wire_feed(&p->up, &p->server, piece) > 0;
		moved |= wire_feed(&p->down, &p->client, piece) > 0;
	}
}

/* Lays the handshake records in front of the wire out anew, `size` bytes of messages in a record. */
static inline void
wire_cut(struct wire *w, size_t size)
{
	static unsigned char messages[WIRE], rest[WIRE];
	size_t have = 0, rest_len, at = w->start;

	while (w->end - at >= 5 && w->data[at] == 22) {
		size_t len = (size_t)w->data[at + 3] << 8 | w->data[at + 4];

		memcpy(messages + have, w->data + at + 5, len);
		have += len;
		at += 5 + len;
	}
	rest_len = w->end - at;
	memcpy(rest, w->data + at, rest_len);
	w->start = w->end = 0;
	for (size_t done = 0, len; done < have; done += len) {
		len = have - done < size ? have - done : size;
		memcpy(w->data + w->end, (unsigned char[]){ 22, 3, 3 }, 3);
		w->data[w->end + 3] = (unsigned char)(len >> 8);
		w->data[w->end + 4] = (unsigned char)len;
		memcpy(w->data + w->end + 5, messages + done, len);
		w->end += 5 + len;
	}
	memcpy(w->data + w->end, rest, rest_len);
	w->end += rest_len;
}

/* Puts all of it, and takes a record's worth on the other side; true if it arrived as it was. */
static inline bool
peers_say(struct peers *p, struct engine *from, struct engine *to, const char *text)
{
	size_t len, want = strlen(text), done = 0;
	unsigned char *room = engine_room(from, &len);
	char got[256];

	if (room == NULL || len < want || want > sizeof got)
		return false;
	memcpy(room, text, want);
	engine_put(from, want);
	engine_flush(from);
	while (done < want) {
		const unsigned char *data;

		peers_run(p, SIZE_MAX);
		data = engine_peek(to, &len);
		if (data == NULL || len > want - done)
			return false;
		memcpy(got + done, data, len);
		engine_take(to, len);
		done += len;
	}
	return memcmp(got, text, want) == 0;
}

#endif
