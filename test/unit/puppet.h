/*
 * puppet: a TLS peer that says whatever a test wants it to, right keys included, to one engine under test.
 *
 * Records are sealed with a copy of the engine's own reading state, and what a Finished or a CertificateVerify must
 * hold is computed from the engine's own transcript: so the puppet needs no arithmetic, and every message may be wrong
 * in one way and right in all others.
 */
#ifndef PUPPET_H
#define PUPPET_H

#include <bearssl.h>
#include <stdint.h>
#include <string.h>
#include "lib/curve/ecdsa.h"
#include "lib/curve/p256.h"
#include "lib/tls/shake.h"
#include "lib/x509/chain.h"
#include "lib/x509/encode.h"

enum { PUPPET_SENT = 65536, PUPPET_MESSAGE = 20000 };

static struct engine e;
static struct chain chain;
static unsigned char e_in[ENGINE_IN], e_out[ENGINE_OUT];
static unsigned char
	sent[PUPPET_SENT]; /* what the engine sent since it was started, or since sent_len was 0 */
static size_t sent_len;
static size_t piece = SIZE_MAX; /* bytes that are fed at a time */
static unsigned works;          /* operations done */

static unsigned char leaf[1024], leaf_key[32];
static size_t leaf_len;

/* The same bytes in each run, other ones with each call. */
static inline const unsigned char *
next_seed(void)
{
	static unsigned char seed[ENGINE_SEED];

	for (size_t i = 0; i < sizeof seed && ++seed[i] == 0; i++)
		continue;
	return seed;
}

/* A P-256 key and a leaf for origin.test that it has signed itself. */
static inline void
make_leaf(void)
{
	unsigned char point[65], name[64], alt[64], hash[32], raw[64], sig[72];
	br_ec_public_key public = { BR_EC_secp256r1, point, 65 };
	struct encode_cert c = { .serial = (const unsigned char *)"\x2a", .serial_len = 1 };

	schedule_hash(false, leaf_key, "leaf", 4);
	(void)p256_public(point, leaf_key);
	c.issuer = c.subject = name;
	c.issuer_len = c.subject_len = encode_name(name, "origin.test", 11);
	c.not_before = 1700000000;
	c.not_after = 1900000000;
	c.key = &public;
	c.hash = br_sha256_ID;
	c.names = alt;
	c.names_len = encode_value(alt, ENCODE_DNS_NAME, "origin.test", 11);
	leaf_len = encode_cert_body(leaf, &c);
	schedule_hash(false, hash, leaf, leaf_len);
	(void)p256_sign(raw, hash, 32, leaf_key);
	leaf_len = encode_cert_close(leaf, leaf_len, br_sha256_ID, sig, ecdsa_to_der(sig, raw));
}

static inline void
collect(void)
{
	size_t len;

	for (const unsigned char *p; (p = engine_send_buf(&e, &len)) != NULL;) {
		if (sent_len + len <= sizeof sent) {
			memcpy(sent + sent_len, p, len);
			sent_len += len;
		}
		engine_send_ack(&e, len);
	}
}

static inline void
work(void)
{
	while (engine_waits(&e) != ENGINE_IDLE) {
		engine_work(&e);
		works++;
	}
	collect();
}

/* Bytes from the peer; returns how many were taken. */
static inline size_t
feed(const unsigned char *data, size_t len)
{
	size_t done = 0, room;
	unsigned char *p;

	while (done < len && (p = engine_recv_buf(&e, &room)) != NULL) {
		if (room > len - done)
			room = len - done;
		if (room > piece)
			room = piece;
		memcpy(p, data + done, room);
		engine_recv_ack(&e, room);
		done += room;
		work();
	}
	return done;
}

/* A record that is what the engine expects next. */
static inline size_t
seal(unsigned char *buf, enum record_type type, const void *data, size_t len)
{
	struct record r = e.read;

	if (len > 0)
		memmove(buf + record_before(&r), data, len);
	return record_seal(&r, type, buf, len);
}

static inline void
give(enum record_type type, const void *data, size_t len)
{
	static unsigned char buf[PUPPET_MESSAGE + 64];
	size_t whole = seal(buf, type, data, len);

	feed(buf, whole);
}

/* In clear, whatever the keys are. */
static inline void
give_clear(enum record_type type, const void *data, size_t len)
{
	static unsigned char buf[PUPPET_MESSAGE + 64];
	struct record r = { 0 };

	memcpy(buf + RECORD_HEAD, data, len);
	feed(buf, record_seal(&r, type, buf, len));
}

/* The alert in the last record that was sent: its number; -1: none. */
static inline int
alert_sent(void)
{
	size_t at = 0, last = 0;
	unsigned char *plain;
	struct record r = e.write;
	enum record_type type;
	int got;

	collect();
	while (at + RECORD_HEAD <= sent_len) {
		last = at;
		at += RECORD_HEAD + ((size_t)sent[at + 3] << 8 | sent[at + 4]);
	}
	if (sent_len == 0)
		return -1;
	if (r.cipher != RECORD_CLEAR)
		r.sequence--;
	got = record_open(
		&r, sent + last, sent + last + RECORD_HEAD, at - last - RECORD_HEAD, &plain, &type);
	return got == 2 && type == RECORD_ALERT ? plain[1] : -1;
}

/* --- messages --- */

static unsigned char message_bytes[PUPPET_MESSAGE];

static inline struct draft
message(enum message_type type)
{
	struct draft d = { .p = message_bytes, .cap = sizeof message_bytes };

	draft_number(&d, type, 1);
	draft_open(&d, 3);
	return d;
}

/* Ends a message and gives it in a record of its own. */
static inline void
say(struct draft *d)
{
	draft_close(d, MESSAGE_HEAD, 3);
	give(RECORD_HANDSHAKE, d->p, d->len);
}

static inline void
draft_extension(struct draft *d, unsigned number, const void *data, size_t len)
{
	draft_number(d, number, 2);
	draft_number(d, (uint32_t)len, 2);
	draft_bytes(d, data, len);
}

/* --- towards a client: a server's messages --- */

/* What a ServerHello says; all zero: what a good one would. */
struct says {
	unsigned legacy, suite, compression, group, version;
	const unsigned char *random;
	size_t share_len;
	bool no_share, no_version, other_id, is_12, no_extensions;
	const void *more; /* further extensions, as bytes */
	size_t more_len;
	const unsigned char *share;
};

static const unsigned char retry[32] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d,
	0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07,
	0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };

static inline struct draft
server_hello(const struct says *s)
{
	static const unsigned char random[32] = { 1, 2, 3 }, nine[97] = { 9 };
	struct draft d = message(MESSAGE_SERVER_HELLO);
	bool is_retry = s->random == retry;
	size_t block, at;

	draft_number(&d, s->legacy ? s->legacy : ENGINE_TLS12, 2);
	draft_bytes(&d, s->random ? s->random : random, 32);
	draft_number(&d, s->is_12 ? 0 : e.shake->session_id_len, 1);
	if (!s->is_12)
		draft_bytes(&d, e.shake->session_id, e.shake->session_id_len);
	if (s->other_id)
		d.p[d.len - 1] ^= 1;
	draft_number(&d, s->suite ? s->suite : s->is_12 ? 0xcca9 : 0x1303, 2);
	draft_number(&d, s->compression, 1);
	if (s->no_extensions)
		return d;
	block = draft_open(&d, 2);
	if (!s->no_version && !s->is_12)
		draft_extension(&d, 43, s->version ? "\3\3" : "\3\4", 2);
	if (!s->no_share && !s->is_12) {
		draft_number(&d, 51, 2);
		at = draft_open(&d, 2);
		draft_number(&d, s->group ? s->group : 29, 2);
		if (!is_retry) {
			size_t len = s->share_len ? s->share_len : 32;

			draft_number(&d, (uint32_t)len, 2);
			draft_bytes(&d, s->share ? s->share : nine, len);
		}
		draft_close(&d, at, 2);
	}
	draft_bytes(&d, s->more, s->more_len);
	draft_close(&d, block, 2);
	return d;
}

static inline void
say_hello(const struct says *s)
{
	struct draft d = server_hello(s);

	say(&d);
}

static const struct engine_options both = { ENGINE_TLS12, ENGINE_TLS13, false };
static const struct engine_options only_13 = { ENGINE_TLS13, ENGINE_TLS13, false };
static const struct engine_options only_12 = { ENGINE_TLS12, ENGINE_TLS12, false };

static unsigned char saved[ENGINE_SESSION];
static size_t saved_len;
static unsigned saves;

static inline void
keep(void *arg, const unsigned char *session, size_t len)
{
	(void)arg;
	memcpy(saved, session, len);
	saved_len = len;
	saves++;
}

static inline void
client_with(const struct engine_options *options, const unsigned char *session, size_t len)
{
	sent_len = 0;
	works = 0;
	chain_init(&chain);
	engine_start_client(&e,
		&(struct engine_client){ .sni = "origin.test",
			.session = session,
			.session_len = len,
			.chain = &chain,
			.options = *options,
			.save = keep },
		next_seed(), e_in, e_out);
	work();
}

static inline void
client(void)
{
	client_with(&both, NULL, 0);
}

static inline struct draft
encrypted(const void *extensions, size_t len)
{
	struct draft d = message(MESSAGE_ENCRYPTED);

	draft_number(&d, (uint32_t)len, 2);
	draft_bytes(&d, extensions, len);
	return d;
}

static inline void
say_encrypted(const void *extensions, size_t len)
{
	struct draft d = encrypted(extensions, len);

	say(&d);
}

static inline struct draft
certificate(void)
{
	struct draft d = message(MESSAGE_CERTIFICATE);

	draft_number(&d, 0, 1);
	draft_number(&d, (uint32_t)leaf_len + 5, 3);
	draft_number(&d, (uint32_t)leaf_len, 3);
	draft_bytes(&d, leaf, leaf_len);
	draft_number(&d, 0, 2);
	return d;
}

static inline void
say_certificate(void)
{
	struct draft d = certificate();

	say(&d);
}

/* A CertificateVerify whose signature is right for SHA-256, under any scheme's number; spoil: and then is not. */
static inline void
say_verify(unsigned scheme, bool spoil)
{
	struct draft d = message(MESSAGE_VERIFY);
	unsigned char content[SIGNED_MAX], hash[32], raw[64], der[72];
	size_t len;

	schedule_hash(false, hash, content, shake_signed_content(e.shake, content));
	hash[0] ^= spoil;
	(void)p256_sign(raw, hash, 32, leaf_key);
	len = ecdsa_to_der(der, raw);
	draft_number(&d, scheme, 2);
	draft_number(&d, (uint32_t)len, 2);
	draft_bytes(&d, der, len);
	say(&d);
}

static inline struct draft
finished(void)
{
	struct draft d = message(MESSAGE_FINISHED);
	unsigned char data[48];

	shake_finished_data(e.shake, e.read_secret, data);
	draft_bytes(&d, data, schedule_size(e.shake->suite->sha384));
	return d;
}

static inline void
say_finished(void)
{
	struct draft d = finished();

	say(&d);
}

/* A client that has come so far that it expects: */
static inline void
client_at_encrypted(void)
{
	client();
	say_hello(&(struct says){ 0 });
}

static inline void
client_at_certificate(void)
{
	client_at_encrypted();
	say_encrypted(NULL, 0);
}

static inline void
client_at_verify(void)
{
	client_at_certificate();
	say_certificate();
}

static inline void
client_at_finished(void)
{
	client_at_verify();
	say_verify(0x0403, false);
}

static inline void
client_open(void)
{
	client_at_finished();
	say_finished();
}

/* --- towards a server: a client's messages --- */

/* What a ClientHello says; all zero: what a good one of TLS 1.3 would. */
struct asks {
	unsigned legacy;
	const void *suites, *compressions, *versions, *groups, *signatures, *alpn, *modes, *shares,
		*more, *last;
	size_t suites_len, compressions_len, versions_len, groups_len, signatures_len, alpn_len,
		modes_len, shares_len, more_len, last_len;
	size_t id_len;
	const unsigned char *id;
	bool no_versions, no_groups, no_signatures, no_shares, has_alpn, no_modes, no_extensions;
};

#define BYTES(name, text) .name = (text), .name##_len = sizeof(text) - 1

static const unsigned char share_x25519[38] = { 0, 36, 0, 29, 0, 32, 9 };

static inline void
ask_list(struct draft *d, unsigned number, size_t bytes, const void *data, size_t len,
	const char *usual, size_t usual_len)
{
	draft_number(d, number, 2);
	if (data == NULL) {
		data = usual;
		len = usual_len;
	}
	draft_number(d, (uint32_t)(len + bytes), 2);
	draft_number(d, (uint32_t)len, bytes);
	draft_bytes(d, data, len);
}

static inline struct draft
client_hello(const struct asks *a)
{
	static const unsigned char random[32] = { 7 }, id[64] = { 8 };
	struct draft d = message(MESSAGE_CLIENT_HELLO);
	size_t block;

	draft_number(&d, a->legacy ? a->legacy : ENGINE_TLS12, 2);
	draft_bytes(&d, random, 32);
	draft_number(&d, (uint32_t)a->id_len, 1);
	draft_bytes(&d, a->id ? a->id : id, a->id_len);
	draft_number(&d, (uint32_t)(a->suites ? a->suites_len : 4), 2);
	draft_bytes(&d, a->suites ? a->suites : "\x13\x03\x13\x01", a->suites ? a->suites_len : 4);
	draft_number(&d, (uint32_t)(a->compressions ? a->compressions_len : 1), 1);
	draft_bytes(&d, a->compressions ? a->compressions : "\0",
		a->compressions ? a->compressions_len : 1);
	if (a->no_extensions)
		return d;
	block = draft_open(&d, 2);
	if (!a->no_versions)
		ask_list(&d, 43, 1, a->versions, a->versions_len, "\3\4", 2);
	if (!a->no_groups)
		ask_list(&d, 10, 2, a->groups, a->groups_len, "\0\35\0\27", 4);
	if (!a->no_signatures)
		ask_list(&d, 13, 2, a->signatures, a->signatures_len, "\4\3\10\4", 4);
	if (a->has_alpn)
		ask_list(&d, 16, 2, a->alpn, a->alpn_len, "\10http/1.1", 9);
	if (!a->no_modes)
		ask_list(&d, 45, 1, a->modes, a->modes_len, "\1", 1);
	if (!a->no_shares)
		draft_extension(&d, 51, a->shares ? a->shares : share_x25519,
			a->shares ? a->shares_len : sizeof share_x25519);
	draft_bytes(&d, a->more, a->more_len);
	draft_bytes(&d, a->last, a->last_len);
	draft_close(&d, block, 2);
	return d;
}

static inline void
ask(const struct asks *a)
{
	struct draft d = client_hello(a);

	say(&d);
}

static struct ticket_tie tie;

static inline void
server_with(const struct engine_options *options)
{
	sent_len = 0;
	works = 0;
	if (tie.store == NULL)
		tie.store = tickets_new(8);
	engine_start_server(&e,
		&(struct engine_server){ .leaf = leaf,
			.leaf_len = leaf_len,
			.key = leaf_key,
			.tie = &tie,
			.options = *options },
		next_seed(), e_in, e_out);
}

static inline void
server(void)
{
	server_with(&both);
}

static inline void
server_at_finished(void)
{
	server();
	ask(&(struct asks){ 0 });
}

static inline void
server_open(void)
{
	server_at_finished();
	say_finished();
}

#endif
