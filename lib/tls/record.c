/*
 * record: sealing and opening records.  See record.h.
 *
 * A key is expanded anew for each record: 1 % of the work on one of 4 KiB, and an open leg keeps 32 bytes for it
 * and not BearSSL's 400.
 */
#include "lib/tls/record.h"

#include <bearssl.h>
#include <string.h>
#include "lib/base/pool.h"
#include "lib/curve/chacha.h"

enum { TAG = 16, NONCE = 12, EXPLICIT = 8, SALT = 4, AAD_MAX = 13 };

size_t
record_key_len(enum record_cipher cipher)
{
	return cipher == RECORD_AES128_GCM ? 16 : 32;
}

size_t
record_iv_len(enum record_cipher cipher)
{
	return cipher == RECORD_CHACHA20 ? NONCE : SALT;
}

void
record_set(struct record *r, enum record_cipher cipher, bool is_13, const unsigned char *key,
	const unsigned char *iv)
{
	pool_wipe(r, sizeof *r);
	r->cipher = (uint8_t)cipher;
	r->is_13 = is_13;
	memcpy(r->key, key, record_key_len(cipher));
	memcpy(r->iv, iv, is_13 ? NONCE : record_iv_len(cipher));
}

/* TLS 1.2's AES-GCM sends half of its nonce (RFC 5288 section 3). */
static bool
has_explicit(const struct record *r)
{
	return !r->is_13 && (r->cipher == RECORD_AES128_GCM || r->cipher == RECORD_AES256_GCM);
}

size_t
record_before(const struct record *r)
{
	return RECORD_HEAD + (has_explicit(r) ? EXPLICIT : 0);
}

size_t
record_after(const struct record *r)
{
	return r->cipher == RECORD_CLEAR ? 0 : TAG + (size_t)r->is_13;
}

/* --- the AEAD --- */

/*
 * What this CPU does AES-GCM with best.  Asked once: the question is a CPUID, which a virtual machine traps, and took more
 * time than the records.
 */
static struct {
	const br_block_ctr_class *aes;
	br_ghash ghash;
	bool is_fast; /* the CPU helps */
} gcm_ways;

static void
choose_gcm(void)
{
	const bool wide = UINTPTR_MAX > UINT32_MAX;

	if (gcm_ways.aes != NULL)
		return;
	gcm_ways.ghash = br_ghash_pclmul_get();
	if (gcm_ways.ghash == 0)
		gcm_ways.ghash = br_ghash_pwr8_get();
	if (gcm_ways.ghash == 0)
		gcm_ways.ghash = wide ? br_ghash_ctmul64 : br_ghash_ctmul;
	gcm_ways.aes = br_aes_x86ni_ctr_get_vtable();
	if (gcm_ways.aes == NULL)
		gcm_ways.aes = br_aes_pwr8_ctr_get_vtable();
	gcm_ways.is_fast = gcm_ways.aes != NULL;
	if (!gcm_ways.is_fast)
		gcm_ways.aes = wide ? &br_aes_ct64_ctr_vtable : &br_aes_ct_ctr_vtable;
}

bool
record_prefers_aes(void)
{
	choose_gcm();
	return gcm_ways.is_fast;
}

static void
gcm_run(const struct record *r, const unsigned char nonce[NONCE], const unsigned char *aad,
	size_t aad_len, unsigned char *data, size_t len, unsigned char tag[TAG], bool seal)
{
	const br_block_ctr_class *aes;
	br_aes_gen_ctr_keys keys;
	br_gcm_context gcm;

	choose_gcm();
	aes = gcm_ways.aes;
	aes->init(&keys.vtable, r->key, record_key_len((enum record_cipher)r->cipher));
	br_gcm_init(&gcm, &keys.vtable, gcm_ways.ghash);
	br_gcm_reset(&gcm, nonce, NONCE);
	br_gcm_aad_inject(&gcm, aad, aad_len);
	br_gcm_flip(&gcm);
	br_gcm_run(&gcm, seal, data, len);
	br_gcm_get_tag(&gcm, tag);
	pool_wipe(&keys, sizeof keys);
	pool_wipe(&gcm, sizeof gcm);
}

static void
aead_run(const struct record *r, const unsigned char nonce[NONCE], const unsigned char *aad,
	size_t aad_len, unsigned char *data, size_t len, unsigned char tag[TAG], bool seal)
{
	if (r->cipher != RECORD_CHACHA20)
		gcm_run(r, nonce, aad, aad_len, data, len, tag, seal);
	else
		chacha_poly1305_run(r->key, nonce, data, len, aad, aad_len, tag, chacha_run, seal);
}

static void
put16(unsigned char *p, size_t n)
{
	p[0] = (unsigned char)(n >> 8);
	p[1] = (unsigned char)n;
}

static void
put_sequence(unsigned char *p, uint64_t n)
{
	for (int i = 7; i >= 0; i--, n >>= 8)
		p[i] = (unsigned char)n;
}

/* The nonce of this record; `sent` is the half that TLS 1.2's AES-GCM shows. */
static void
make_nonce(const struct record *r, unsigned char nonce[NONCE], const unsigned char *sent)
{
	unsigned char sequence[8];

	memcpy(nonce, r->iv, NONCE);
	if (has_explicit(r)) {
		memcpy(nonce + SALT, sent, EXPLICIT);
		return;
	}
	put_sequence(sequence, r->sequence);
	for (size_t i = 0; i < 8; i++)
		nonce[SALT + i] ^= sequence[i];
}

/* The additional data: TLS 1.3's is the header as it is on the wire. */
static size_t
make_aad(
	const struct record *r, unsigned char aad[AAD_MAX], const unsigned char *head, size_t plain)
{
	if (r->is_13) {
		memcpy(aad, head, RECORD_HEAD);
		return RECORD_HEAD;
	}
	put_sequence(aad, r->sequence);
	memcpy(aad + 8, head, 3);
	put16(aad + 11, plain);
	return AAD_MAX;
}

size_t
record_seal(struct record *r, enum record_type type, unsigned char *buf, size_t len)
{
	unsigned char nonce[NONCE], aad[AAD_MAX], *data = buf + record_before(r);
	size_t whole = record_before(r) + len + record_after(r), aad_len;

	buf[0] = (unsigned char)type;
	if (r->is_13 && r->cipher != RECORD_CLEAR) {
		data[len++] = (unsigned char)type;
		buf[0] = RECORD_DATA;
	}
	buf[1] = buf[2] = 3;
	put16(buf + 3, whole - RECORD_HEAD);
	if (r->cipher == RECORD_CLEAR)
		return whole;
	if (has_explicit(r))
		put_sequence(buf + RECORD_HEAD, r->sequence);
	make_nonce(r, nonce, buf + RECORD_HEAD);
	aad_len = make_aad(r, aad, buf, len);
	aead_run(r, nonce, aad, aad_len, data, len, data + len, true);
	r->sequence++;
	return whole;
}

/* In constant time: how far a forged tag fits is nobody's business. */
static bool
same_tag(const unsigned char *a, const unsigned char *b)
{
	unsigned differ = 0;

	for (size_t i = 0; i < TAG; i++)
		differ |= (unsigned)(a[i] ^ b[i]);
	return differ == 0;
}

int
record_open(struct record *r, const unsigned char head[RECORD_HEAD], unsigned char *data,
	size_t len, unsigned char **plain, enum record_type *type)
{
	unsigned char nonce[NONCE], aad[AAD_MAX], tag[TAG];
	size_t explicit = record_before(r) - RECORD_HEAD, aad_len;

	*type = (enum record_type)head[0];
	*plain = data + explicit;
	if (r->cipher == RECORD_CLEAR)
		return len <= RECORD_PLAIN ? (int)len : RECORD_TOO_LONG;
	if (len > RECORD_WIRE)
		return RECORD_TOO_LONG;
	if (len < explicit + TAG)
		return RECORD_FORGED;
	len -= explicit + TAG;
	make_nonce(r, nonce, data);
	aad_len = make_aad(r, aad, head, len);
	aead_run(r, nonce, aad, aad_len, *plain, len, tag, false);
	if (!same_tag(tag, *plain + len))
		return RECORD_FORGED;
	r->sequence++;
	if (len > RECORD_PLAIN + (size_t)r->is_13)
		return RECORD_TOO_LONG;
	if (!r->is_13)
		return (int)len;
	while (len > 0 && (*plain)[len - 1] == 0)
		len--;
	if (len == 0)
		return RECORD_BLANK;
	*type = (enum record_type)(*plain)[--len];
	return (int)len;
}
