/*
 * schedule: secrets from secrets.  See schedule.h.
 */
#include "lib/tls/schedule.h"

#include <string.h>
#include "lib/base/pool.h"

static const br_hash_class *
hash_class(bool sha384)
{
	return sha384 ? &br_sha384_vtable : &br_sha256_vtable;
}

size_t
schedule_size(bool sha384)
{
	return sha384 ? 48 : 32;
}

void
transcript_start(struct transcript *t, bool sha384)
{
	t->sha384 = sha384;
	if (sha384)
		br_sha384_init(&t->u.sha384);
	else
		br_sha256_init(&t->u.sha256);
}

void
transcript_add(struct transcript *t, const void *data, size_t len)
{
	if (t->sha384)
		br_sha384_update(&t->u.sha384, data, len);
	else
		br_sha256_update(&t->u.sha256, data, len);
}

void
transcript_now(const struct transcript *t, unsigned char *out)
{
	if (t->sha384)
		br_sha384_out(&t->u.sha384, out);
	else
		br_sha256_out(&t->u.sha256, out);
}

void
transcript_fold(struct transcript *t)
{
	unsigned char digest[SCHEDULE_MAX];
	size_t size = schedule_size(t->sha384);
	const unsigned char head[4] = { 254, 0, 0, (unsigned char)size }; /* message_hash */

	transcript_now(t, digest);
	transcript_start(t, t->sha384);
	transcript_add(t, head, sizeof head);
	transcript_add(t, digest, size);
}

void
schedule_hash(bool sha384, unsigned char *out, const void *data, size_t len)
{
	struct transcript t;

	transcript_start(&t, sha384);
	transcript_add(&t, data, len);
	transcript_now(&t, out);
}

void
schedule_hmac(bool sha384, unsigned char *out, const unsigned char *key, size_t key_len,
	const void *data, size_t len)
{
	br_hmac_key_context k;
	br_hmac_context h;

	br_hmac_key_init(&k, hash_class(sha384), key, key_len);
	br_hmac_init(&h, &k, 0);
	br_hmac_update(&h, data, len);
	br_hmac_out(&h, out);
	pool_wipe(&k, sizeof k);
	pool_wipe(&h, sizeof h);
}

void
schedule_extract(bool sha384, unsigned char *out, const unsigned char *salt,
	const unsigned char *ikm, size_t ikm_len)
{
	static const unsigned char zeros[SCHEDULE_MAX];
	size_t size = schedule_size(sha384);

	schedule_hmac(sha384, out, salt != NULL ? salt : zeros, size, ikm != NULL ? ikm : zeros,
		ikm != NULL ? ikm_len : size);
}

void
schedule_expand(bool sha384, unsigned char *out, size_t out_len, const unsigned char *secret,
	const char *label, const unsigned char *context, size_t context_len)
{
	/* struct HkdfLabel, and HKDF-Expand's counter: one block is all that is ever asked for */
	unsigned char info[2 + 1 + 6 + 24 + 1 + SCHEDULE_MAX + 1], block[SCHEDULE_MAX];
	size_t label_len = strlen(label), at = 0;

	info[at++] = 0;
	info[at++] = (unsigned char)out_len;
	info[at++] = (unsigned char)(6 + label_len);
	memcpy(info + at, "tls13 ", 6);
	memcpy(info + at + 6, label, label_len);
	at += 6 + label_len;
	info[at++] = (unsigned char)context_len;
	if (context_len > 0)
		memcpy(info + at, context, context_len);
	at += context_len;
	info[at++] = 1;
	schedule_hmac(sha384, block, secret, schedule_size(sha384), info, at);
	memcpy(out, block, out_len);
	pool_wipe(block, sizeof block);
}

void
schedule_derived(bool sha384, unsigned char *out, const unsigned char *secret)
{
	unsigned char nothing[SCHEDULE_MAX];

	schedule_hash(sha384, nothing, "", 0);
	schedule_expand(sha384, out, schedule_size(sha384), secret, "derived", nothing,
		schedule_size(sha384));
}

void
schedule_prf(bool sha384, unsigned char *out, size_t out_len, const unsigned char *secret,
	size_t secret_len, const char *label, const unsigned char *a, size_t a_len,
	const unsigned char *b, size_t b_len)
{
	const br_tls_prf_seed_chunk seed[2] = { { a, a_len }, { b, b_len } };

	if (sha384)
		br_tls12_sha384_prf(out, out_len, secret, secret_len, label, 2, seed);
	else
		br_tls12_sha256_prf(out, out_len, secret, secret_len, label, 2, seed);
}
