/*
 * curves: public-key operations over BearSSL.  See curves.h.
 */
#include "lib/tls/curves.h"

#include <bearssl.h>
#include <string.h>

enum { RSA_MOST = 512 }; /* bytes of a modulus: 4096 bits */

/* BearSSL takes no const numbers, but writes to none. */
static unsigned char *
writable(const unsigned char *p)
{
	union {
		const unsigned char *in;
		unsigned char *out;
	} u = { p };

	return u.out;
}

static int
make_public(unsigned char *pub, size_t len, const unsigned char *key, size_t key_len, int curve)
{
	return br_ec_get_default()->mulgen(pub, key, key_len, curve) == len ? 0 : -1;
}

static int
agree(unsigned char *shared, const unsigned char *peer, size_t len, const unsigned char *key,
	size_t key_len, int curve)
{
	unsigned char point[133];

	memcpy(point, peer, len);
	if (br_ec_get_default()->mul(point, len, key, key_len, curve) != 1)
		return -1;
	memcpy(shared, point + 1, key_len);
	return 0;
}

int
p256_public(unsigned char pub[65], const unsigned char key[32])
{
	return make_public(pub, 65, key, 32, BR_EC_secp256r1);
}

int
p384_public(unsigned char pub[97], const unsigned char key[48])
{
	return make_public(pub, 97, key, 48, BR_EC_secp384r1);
}

int
p256_ecdh(unsigned char shared[32], const unsigned char peer[65], const unsigned char key[32])
{
	return agree(shared, peer, 65, key, 32, BR_EC_secp256r1);
}

int
p384_ecdh(unsigned char shared[48], const unsigned char peer[97], const unsigned char key[48])
{
	return agree(shared, peer, 97, key, 48, BR_EC_secp384r1);
}

static const br_hash_class *
hash_of(size_t len)
{
	return len == 32 ? &br_sha256_vtable : len == 48 ? &br_sha384_vtable : &br_sha512_vtable;
}

int
p256_sign(unsigned char sig[64], const unsigned char *hash, size_t hash_len,
	const unsigned char key[32])
{
	br_ec_private_key k = { BR_EC_secp256r1, writable(key), 32 };

	return br_ecdsa_sign_raw_get_default()(
		       br_ec_get_default(), hash_of(hash_len), hash, &k, sig) == 64
		       ? 0
		       : -1;
}

static bool
verify(const unsigned char *sig, size_t sig_len, const unsigned char *hash, size_t hash_len,
	const unsigned char *pub, size_t pub_len, int curve)
{
	br_ec_public_key k = { curve, writable(pub), pub_len };

	return br_ecdsa_vrfy_raw_get_default()(
		       br_ec_get_default(), hash, hash_len, &k, sig, sig_len) == 1;
}

bool
p256_verify(const unsigned char sig[64], const unsigned char *hash, size_t hash_len,
	const unsigned char pub[65])
{
	return verify(sig, 64, hash, hash_len, pub, 65, BR_EC_secp256r1);
}

bool
p384_verify(const unsigned char sig[96], const unsigned char *hash, size_t hash_len,
	const unsigned char pub[97])
{
	return verify(sig, 96, hash, hash_len, pub, 97, BR_EC_secp384r1);
}

bool
p521_verify_asn1(const unsigned char *sig, size_t sig_len, const unsigned char *hash,
	size_t hash_len, const unsigned char pub[133])
{
	br_ec_public_key k = { BR_EC_secp521r1, writable(pub), 133 };

	return br_ecdsa_vrfy_asn1_get_default()(
		       br_ec_get_default(), hash, hash_len, &k, sig, sig_len) == 1;
}

static void
reverse32(unsigned char *out, const unsigned char *in)
{
	for (int i = 0; i < 32; i++)
		out[i] = in[31 - i];
}

/* BearSSL takes scalars big-endian, and clamps them. */
int
x25519(unsigned char out[32], const unsigned char scalar[32], const unsigned char u[32])
{
	unsigned char k[32], point[32], any = 0;

	reverse32(k, scalar);
	memcpy(point, u, 32);
	br_ec_get_default()->mul(point, 32, k, 32, BR_EC_curve25519);
	memcpy(out, point, 32);
	for (int i = 0; i < 32; i++)
		any |= out[i];
	return any != 0 ? 0 : -1;
}

void
x25519_base(unsigned char out[32], const unsigned char scalar[32])
{
	static const unsigned char nine[32] = { 9 };

	(void)x25519(out, scalar, nine);
}

/* --- a signature in DER: SEQUENCE { INTEGER r, INTEGER s } (RFC 3279 section 2.2.3) --- */

static int
take_integer(unsigned char *raw, size_t size, const unsigned char **p, const unsigned char *end)
{
	size_t len;

	if (end - *p < 2 || **p != 2)
		return -1;
	len = (*p)[1];
	*p += 2;
	if (len == 0 || len > (size_t)(end - *p) || (*p)[0] >= 0x80)
		return -1;
	if ((*p)[0] == 0 && len > 1) {
		if ((*p)[1] < 0x80)
			return -1;
		(*p)++;
		len--;
	}
	if (len > size)
		return -1;
	memset(raw, 0, size - len);
	memcpy(raw + size - len, *p, len);
	*p += len;
	return 0;
}

int
ecdsa_from_der(unsigned char *raw, size_t size, const unsigned char *der, size_t len)
{
	const unsigned char *p = der + 2, *end = der + len;

	if (len < 2 || der[0] != 0x30 || der[1] >= 0x80 || der[1] != len - 2)
		return -1;
	if (take_integer(raw, size, &p, end) != 0 || take_integer(raw + size, size, &p, end) != 0)
		return -1;
	return p == end ? 0 : -1;
}

static size_t
put_integer(unsigned char *out, const unsigned char *raw, size_t size)
{
	size_t at = 2;

	while (size > 1 && raw[0] == 0) {
		raw++;
		size--;
	}
	if (raw[0] >= 0x80)
		out[at++] = 0;
	memcpy(out + at, raw, size);
	out[0] = 2;
	out[1] = (unsigned char)(at - 2 + size);
	return at + size;
}

size_t
ecdsa_to_der(unsigned char *der, const unsigned char *raw, size_t size)
{
	size_t len = put_integer(der + 2, raw, size);

	len += put_integer(der + 2 + len, raw + size, size);
	der[0] = 0x30;
	der[1] = (unsigned char)len;
	return len + 2;
}

/* --- RSA --- */

static bool
rsa_is_sound(const struct rsa_key *key)
{
	return key->n_len >= 128 && key->n_len <= RSA_MOST && key->e_len > 0;
}

bool
rsa_verify_pkcs1(const unsigned char *sig, size_t sig_len, const unsigned char *hash,
	size_t hash_len, const struct rsa_key *key)
{
	const unsigned char *oid = hash_len == 32   ? BR_HASH_OID_SHA256
				   : hash_len == 48 ? BR_HASH_OID_SHA384
						    : BR_HASH_OID_SHA512;
	br_rsa_public_key k = { writable(key->n), key->n_len, writable(key->e), key->e_len };
	unsigned char signed_hash[64];

	return rsa_is_sound(key) && sig_len == key->n_len &&
	       br_rsa_pkcs1_vrfy_get_default()(sig, sig_len, oid, hash_len, &k, signed_hash) == 1 &&
	       memcmp(hash, signed_hash, hash_len) == 0;
}

/* RFC 8017 section B.2.1, mixed into data. */
static void
mgf1(unsigned char *data, size_t len, const unsigned char *seed, size_t hash_len)
{
	const br_hash_class *class = hash_of(hash_len);
	br_hash_compat_context h;
	unsigned char block[64];

	for (uint32_t i = 0; len > 0; i++) {
		const unsigned char counter[4] = { 0, 0, 0, (unsigned char)i };
		size_t n = len < hash_len ? len : hash_len;

		class->init(&h.vtable);
		class->update(&h.vtable, seed, hash_len);
		class->update(&h.vtable, counter, 4);
		class->out(&h.vtable, block);
		for (size_t j = 0; j < n; j++)
			*data++ ^= block[j];
		len -= n;
	}
}

/* RFC 8017 section 9.1.2 for moduli of whole bytes and salts of one hash. */
static bool
pss_fits(unsigned char *em, size_t len, const unsigned char *hash, size_t hash_len)
{
	const br_hash_class *class = hash_of(hash_len);
	static const unsigned char zeros[8];
	size_t db = len - hash_len - 1, pad = db - hash_len - 1;
	unsigned char again[64];
	br_hash_compat_context h;

	if (em[len - 1] != 0xbc || em[0] >= 0x80)
		return false;
	mgf1(em, db, em + db, hash_len);
	em[0] &= 0x7f;
	for (size_t i = 0; i < pad; i++)
		if (em[i] != 0)
			return false;
	if (em[pad] != 1)
		return false;
	class->init(&h.vtable);
	class->update(&h.vtable, zeros, 8);
	class->update(&h.vtable, hash, hash_len);
	class->update(&h.vtable, em + pad + 1, hash_len);
	class->out(&h.vtable, again);
	return memcmp(again, em + db, hash_len) == 0;
}

bool
rsa_verify_pss(const unsigned char *sig, size_t sig_len, const unsigned char *hash, size_t hash_len,
	const struct rsa_key *key)
{
	br_rsa_public_key k = { writable(key->n), key->n_len, writable(key->e), key->e_len };
	unsigned char em[RSA_MOST];

	if (!rsa_is_sound(key) || sig_len != key->n_len || key->n[0] < 0x80 ||
		key->n_len < 2 * hash_len + 2)
		return false;
	memcpy(em, sig, sig_len);
	return br_rsa_public_get_default()(em, sig_len, &k) == 1 &&
	       pss_fits(em, sig_len, hash, hash_len);
}
