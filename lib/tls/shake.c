/*
 * shake: what the two roles of a handshake share: suites, groups, secrets, finished values.  See shake.h.
 */
#include "lib/tls/shake.h"

#include <string.h>
#include "lib/base/pool.h"
#include "lib/curve/p256.h"
#include "lib/curve/p384.h"
#include "lib/curve/x25519.h"

/* --- suites --- */

/* ChaCha20 costs a MIPS 24Kc 30 instructions a byte and AES-128-GCM 235; with AES in the CPU it is the other way
 * round.  Suites with SHA-384 come last: nothing else here needs it. */
static const struct suite suites[] = {
	{ 0x1303, RECORD_CHACHA20, true, false, false, "TLS_CHACHA20_POLY1305_SHA256" },
	{ 0x1301, RECORD_AES128_GCM, true, false, false, "TLS_AES_128_GCM_SHA256" },
	{ 0x1302, RECORD_AES256_GCM, true, true, false, "TLS_AES_256_GCM_SHA384" },
	{ 0xcca9, RECORD_CHACHA20, false, false, false, "ECDHE_ECDSA_CHACHA20_POLY1305_SHA256" },
	{ 0xcca8, RECORD_CHACHA20, false, false, true, "ECDHE_RSA_CHACHA20_POLY1305_SHA256" },
	{ 0xc02b, RECORD_AES128_GCM, false, false, false, "ECDHE_ECDSA_AES_128_GCM_SHA256" },
	{ 0xc02f, RECORD_AES128_GCM, false, false, true, "ECDHE_RSA_AES_128_GCM_SHA256" },
	{ 0xc02c, RECORD_AES256_GCM, false, true, false, "ECDHE_ECDSA_AES_256_GCM_SHA384" },
	{ 0xc030, RECORD_AES256_GCM, false, true, true, "ECDHE_RSA_AES_256_GCM_SHA384" },
};
static const uint8_t order_chacha[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
static const uint8_t order_aes[] = { 1, 0, 2, 5, 6, 3, 4, 7, 8 };

enum { SUITES = sizeof suites / sizeof *suites };

const struct suite *
suite_find(unsigned number)
{
	for (size_t i = 0; i < SUITES; i++)
		if (suites[i].number == number)
			return &suites[i];
	return NULL;
}

const struct suite *
suite_at(size_t i)
{
	if (i >= SUITES)
		return NULL;
	return &suites[record_prefers_aes() ? order_aes[i] : order_chacha[i]];
}

/* --- small things --- */

bool
same_bytes(const unsigned char *a, const unsigned char *b, size_t len)
{
	unsigned differ = 0;

	for (size_t i = 0; i < len; i++)
		differ |= (unsigned)(a[i] ^ b[i]);
	return differ == 0;
}

/* Each number from the seed, by a counter: no generator's state to keep. */
void
shake_draw(struct shake *s, unsigned char *out, size_t len)
{
	while (len > 0) {
		unsigned char block[SCHEDULE_MAX];
		size_t n = len < 32 ? len : 32;

		s->draws++;
		schedule_hmac(false, block, s->seed, sizeof s->seed, &s->draws, 1);
		memcpy(out, block, n);
		pool_wipe(block, sizeof block);
		out += n;
		len -= n;
	}
}

void
shake_wait(struct engine *e, enum engine_work kind, void (*work)(struct engine *e))
{
	e->waits = (uint8_t)kind;
	e->shake->work = work;
}

void
shake_hash_message(struct engine *e)
{
	struct shake *s = e->shake;

	transcript_add(&s->transcript, s->message.p - MESSAGE_HEAD, s->message.len + MESSAGE_HEAD);
	s->was_hashed = true;
}

/* --- key shares --- */

size_t
group_point_len(unsigned group)
{
	switch (group) {
	case GROUP_X25519: return 32;
	case GROUP_P256: return 65;
	case GROUP_P384: return 97;
	default: return 0;
	}
}

size_t
group_shared_len(unsigned group)
{
	return group == GROUP_P384 ? 48 : group == GROUP_HYBRID ? 64 : 32;
}

/* As far as it can be told without arithmetic: RFC 8446 section 4.2.8.2 has no compressed points. */
bool
group_is_point(unsigned group, const unsigned char *p, size_t len)
{
	return len != 0 && len == group_point_len(group) && (group == GROUP_X25519 || p[0] == 4);
}

/* Draws a scalar and makes its point.  A scalar of a curve over its order is as good as impossible, and an error. */
int
group_make(struct shake *s, unsigned group)
{
	shake_draw(s, s->scalar, group == GROUP_P384 ? 48 : 32);
	switch (group) {
	case GROUP_P256: return p256_public(s->point, s->scalar);
	case GROUP_P384: return p384_public(s->point, s->scalar);
	default: x25519_base(s->point, s->scalar); return 0;
	}
}

int
group_agree(struct shake *s, unsigned group, const unsigned char *peer)
{
	switch (group) {
	case GROUP_P256: return p256_ecdh(s->shared, peer, s->scalar);
	case GROUP_P384: return p384_ecdh(s->shared, peer, s->scalar);
	case GROUP_HYBRID: return x25519(s->shared + 32, s->scalar, peer);
	default: return x25519(s->shared, s->scalar, peer);
	}
}

/* --- TLS 1.3's secrets: RFC 8446 section 7.1 --- */

void
shake_early_secret(struct shake *s, bool sha384)
{
	schedule_extract(
		sha384, s->secret, NULL, s->has_psk ? s->psk : NULL, schedule_size(sha384));
}

/* The next stage, from the common secret or, at the end, from zeros. */
static void
advance(struct shake *s, const unsigned char *ikm, size_t len)
{
	bool sha384 = s->suite->sha384;

	schedule_derived(sha384, s->secret, s->secret);
	schedule_extract(sha384, s->secret, s->secret, ikm, len);
}

static void
derive(const struct shake *s, unsigned char out[48], const char *label)
{
	bool sha384 = s->suite->sha384;
	unsigned char now[SCHEDULE_MAX];

	transcript_now(&s->transcript, now);
	schedule_expand(
		sha384, out, schedule_size(sha384), s->secret, label, now, schedule_size(sha384));
}

static void
set_keys(struct record *r, const struct suite *suite, const unsigned char *secret)
{
	enum record_cipher cipher = (enum record_cipher)suite->cipher;
	unsigned char key[32], iv[12];

	schedule_expand(suite->sha384, key, record_key_len(cipher), secret, "key", NULL, 0);
	schedule_expand(suite->sha384, iv, sizeof iv, secret, "iv", NULL, 0);
	record_set(r, cipher, true, key, iv);
	pool_wipe(key, sizeof key);
	pool_wipe(iv, sizeof iv);
}

void
engine_set_read(struct engine *e, const unsigned char *secret)
{
	if (secret != e->read_secret)
		memcpy(e->read_secret, secret, sizeof e->read_secret);
	set_keys(&e->read, suite_find(e->suite), secret);
}

void
engine_set_write(struct engine *e, const unsigned char *secret)
{
	if (secret != e->write_secret)
		memcpy(e->write_secret, secret, sizeof e->write_secret);
	set_keys(&e->write, suite_find(e->suite), secret);
}

void
engine_next_secret(struct engine *e, unsigned char secret[48])
{
	bool sha384 = suite_find(e->suite)->sha384;

	schedule_expand(sha384, secret, schedule_size(sha384), secret, "traffic upd", NULL, 0);
}

/* The transcript reaches to the ServerHello. */
void
shake_handshake_keys(struct engine *e)
{
	struct shake *s = e->shake;
	unsigned char client[48], server[48];

	shake_early_secret(s, s->suite->sha384);
	advance(s, s->shared, group_shared_len(e->group));
	derive(s, client, "c hs traffic");
	derive(s, server, "s hs traffic");
	advance(s, NULL, 0);
	engine_set_read(e, e->is_server ? client : server);
	engine_set_write(e, e->is_server ? server : client);
	pool_wipe(client, sizeof client);
	pool_wipe(server, sizeof server);
	pool_wipe(s->shared, sizeof s->shared);
	pool_wipe(s->scalar, sizeof s->scalar);
	pool_wipe(s->kem, sizeof s->kem);
	pool_wipe(s->psk, sizeof s->psk);
}

/* The transcript reaches to the server's Finished. */
void
shake_application_secrets(struct engine *e, unsigned char client[48], unsigned char server[48])
{
	derive(e->shake, client, "c ap traffic");
	derive(e->shake, server, "s ap traffic");
}

/* The transcript reaches to the client's Finished. */
void
shake_resumption(struct engine *e)
{
	derive(e->shake, e->resumption, "res master");
}

void
shake_psk_of(const struct engine *e, bool sha384, const unsigned char *nonce, size_t len,
	unsigned char psk[48])
{
	schedule_expand(
		sha384, psk, schedule_size(sha384), e->resumption, "resumption", nonce, len);
}

/* RFC 8446 section 4.4.4 */
static void
finished_of(bool sha384, const unsigned char *secret, const struct transcript *upto,
	unsigned char out[48])
{
	unsigned char key[48], now[SCHEDULE_MAX];
	size_t size = schedule_size(sha384);

	schedule_expand(sha384, key, size, secret, "finished", NULL, 0);
	transcript_now(upto, now);
	schedule_hmac(sha384, out, key, size, now, size);
	pool_wipe(key, sizeof key);
}

void
shake_finished_data(const struct shake *s, const unsigned char *secret, unsigned char out[48])
{
	finished_of(s->suite->sha384, secret, &s->transcript, out);
}

/* Section 4.2.11.2; s->secret is the early secret of the session. */
void
shake_binder(
	const struct shake *s, bool sha384, const struct transcript *upto, unsigned char out[48])
{
	unsigned char key[48], nothing[SCHEDULE_MAX];
	size_t size = schedule_size(sha384);

	schedule_hash(sha384, nothing, "", 0);
	schedule_expand(sha384, key, size, s->secret, "res binder", nothing, size);
	finished_of(sha384, key, upto, out);
	pool_wipe(key, sizeof key);
}

size_t
shake_signed_content(const struct shake *s, unsigned char out[SIGNED_MAX])
{
	static const char context[34] = "TLS 1.3, server CertificateVerify"; /* with its NUL */

	memset(out, ' ', 64);
	memcpy(out + 64, context, sizeof context);
	transcript_now(&s->transcript, out + 64 + sizeof context);
	return 64 + sizeof context + schedule_size(s->suite->sha384);
}

/* --- TLS 1.2's: RFC 5246 sections 6.3, 7.4.9 and 8.1, RFC 7627 --- */

/* The transcript reaches to the ClientKeyExchange. */
void
shake_master_secret(struct engine *e, size_t shared_len)
{
	struct shake *s = e->shake;
	bool sha384 = s->suite->sha384;
	unsigned char now[SCHEDULE_MAX];

	transcript_now(&s->transcript, now);
	if (s->is_extended)
		schedule_prf(sha384, s->secret, 48, s->shared, shared_len, "extended master secret",
			now, schedule_size(sha384), NULL, 0);
	else
		schedule_prf(sha384, s->secret, 48, s->shared, shared_len, "master secret",
			s->client_random, 32, s->server_random, 32);
	pool_wipe(s->shared, sizeof s->shared);
	pool_wipe(s->scalar, sizeof s->scalar);
}

void
shake_set_keys_12(struct engine *e, bool reading)
{
	const struct shake *s = e->shake;
	enum record_cipher cipher = (enum record_cipher)s->suite->cipher;
	size_t key = record_key_len(cipher), iv = record_iv_len(cipher);
	unsigned char block[2 * 32 + 2 * 12];
	size_t second = reading != e->is_server; /* the server's half */

	schedule_prf(s->suite->sha384, block, 2 * (key + iv), s->secret, 48, "key expansion",
		s->server_random, 32, s->client_random, 32);
	record_set(reading ? &e->read : &e->write, cipher, false, block + second * key,
		block + 2 * key + second * iv);
	pool_wipe(block, sizeof block);
}

void
shake_finished_12(const struct shake *s, bool of_server, unsigned char out[12])
{
	unsigned char now[SCHEDULE_MAX];

	transcript_now(&s->transcript, now);
	schedule_prf(s->suite->sha384, out, 12, s->secret, 48,
		of_server ? "server finished" : "client finished", now,
		schedule_size(s->suite->sha384), NULL, 0);
}

/* --- the end --- */

void
shake_end(struct engine *e, enum shake_state state)
{
	e->state = (uint8_t)state;
	e->is_open = true;
	pool_wipe(e->shake, sizeof *e->shake);
	e->shake = NULL;
}
