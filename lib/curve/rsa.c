/*
 * rsa: one public exponentiation, and the two paddings.  See rsa.h.
 *
 * Numbers are limbs, lowest first, of fewer bits than a word has: all products of a column of Montgomery's reduction then
 * fit into one accumulator, so that a product costs two loads and one multiplication, and carries are taken once a column.
 */
#include "lib/curve/rsa.h"

#include <bearssl.h>
#include <stdint.h>
#include <string.h>
#include "lib/curve/word.h"

/* R is 2^(BITS * limbs) and over 4n, so that factors below 2n give products below 2n, and nothing has to be subtracted
 * between (C. D. Walter, 1999).  A column has at most 2 * LIMBS products of 2 * BITS bits and a carry. */
#if CURVE_BITS == 32
typedef uint32_t limb;
typedef int64_t wide;
enum { BITS = 27 };
_Static_assert(2 * ((RSA_BITS_MAX + 2) / BITS + 1) < 1 << (63 - 2 * BITS), "a column overflows");
#else
typedef uint64_t limb;
__extension__ typedef __int128 wide;
enum { BITS = 59 };
_Static_assert(2 * ((RSA_BITS_MAX + 2) / BITS + 1) < 1 << (127 - 2 * BITS), "a column overflows");
#endif
enum {
	LIMBS = (RSA_BITS_MAX + 2 + BITS - 1) / BITS,
	TOP = BITS +
	      4, /* bits of the leading part by which a quotient is estimated, see shift_limb */
	BYTES = RSA_BITS_MAX / 8
};
#define MASK (((limb)1 << BITS) - 1)

struct modulus {
	limb n[LIMBS];
	limb factor;   /* -1/n mod 2^BITS */
	limb estimate; /* floor(2^(2 * TOP - 1) / (the leading TOP bits of n, plus 1)) */
	size_t limbs, bits, bytes;
};

/* Reads `limbs` limbs of a big-endian number that fits. */
static void
unpack(limb *r, size_t limbs, const unsigned char *in, size_t len)
{
	wide t = 0;
	int bits = 0;
	size_t i;

	for (i = 0; i < limbs; i++) {
		for (; bits < BITS && len > 0; bits += 8)
			t |= (wide)in[--len] << bits;
		r[i] = (limb)t & MASK;
		t >>= BITS;
		bits -= BITS;
	}
}

/* Writes the low `len` bytes of a number, big endian. */
static void
pack(unsigned char *out, size_t len, const limb *a, size_t limbs)
{
	wide t = 0;
	int bits = 0;
	size_t i;

	for (i = 0; i < limbs; i++) {
		t |= (wide)a[i] << bits;
		for (bits += BITS; bits >= 8 && len > 0; bits -= 8) {
			out[--len] = (unsigned char)t;
			t >>= 8;
		}
	}
	while (len > 0) {
		out[--len] = (unsigned char)t;
		t >>= 8;
	}
}

/* Bits from..from + TOP of a number, which has no bit above the limbs. */
static limb
leading(const limb *a, size_t limbs, size_t from)
{
	size_t i = from / BITS;
	limb r = a[i] >> from % BITS;
	size_t have = BITS - from % BITS;

	for (i++; i < limbs && have < CURVE_BITS; have += BITS)
		r |= a[i++] << have;
	return r;
}

/* a < b, both of the same number of limbs */
static bool
is_less(const limb *a, const limb *b, size_t limbs)
{
	while (limbs-- > 0)
		if (a[limbs] != b[limbs])
			return a[limbs] < b[limbs];
	return false;
}

/* r -= n */
static void
subtract(limb *r, const struct modulus *m)
{
	wide t = 0;
	size_t i;

	for (i = 0; i < m->limbs; i++) {
		t += (wide)r[i] - (wide)m->n[i];
		r[i] = (limb)t & MASK;
		t >>= BITS;
	}
}

/* 0, or -1: even, too short or too long. */
static int
set_modulus(struct modulus *m, const unsigned char *n, size_t len)
{
	limb inverse;
	int i;

	for (; len > 0 && n[0] == 0; len--)
		n++;
	if (len < RSA_BITS_MIN / 8 || len > RSA_BITS_MAX / 8 || (n[len - 1] & 1) == 0)
		return -1;
	m->bytes = len;
	m->bits = 8 * len;
	for (i = 7; i > 0 && n[0] >> i == 0; i--)
		m->bits--;
	if (m->bits < RSA_BITS_MIN)
		return -1;
	m->limbs = (m->bits + 2 + BITS - 1) / BITS;
	unpack(m->n, m->limbs, n, len);
	/* Newton: n is its own inverse mod 8, and every step doubles the bits */
	inverse = m->n[0];
	for (i = 3; i < BITS; i *= 2)
		inverse *= 2 - m->n[0] * inverse;
	m->factor = (0 - inverse) & MASK;
	m->estimate = (limb)(((wide)1 << (2 * TOP - 1)) /
			     ((wide)leading(m->n, m->limbs, m->bits - TOP) + 1));
	return 0;
}

/* r = r * 2^BITS mod n, where r < 2n before and after.
 *
 * The quotient is estimated from the leading TOP bits of both: with x = leading bits of r, below 2^(TOP + 1), and v the
 * estimate, x * v / 2^(2 * TOP - 1 - BITS) is never too large, and too small by less than
 *   2^(BITS + 2 - TOP) for the 1 in v's divisor, 2^(BITS + 2 - TOP) for v's floor, 2^(BITS + 1 - TOP) for x's, 1 for its own,
 * together below 2. */
CURVE_HOT static void
shift_limb(limb *r, const struct modulus *m)
{
	const limb q = (limb)((wide)leading(r, m->limbs, m->bits - TOP) * m->estimate >>
			      (2 * TOP - 1 - BITS));
	wide t = 0;
	limb last = 0, here;
	size_t i;

	for (i = 0; i < m->limbs; i++) {
		here = r[i];
		t += (wide)last - (wide)q * m->n[i];
		r[i] = (limb)t & MASK;
		t >>= BITS;
		last = here;
	}
}

/* t + a[0] * b[n - 1] + ... + a[n - 1] * b[0] */
CURVE_HOT static inline wide
column(wide t, const limb *a, const limb *b, size_t n)
{
	const limb *end = a + n;

	b += n;
	while (end - a >= 4) {
		t = t + (wide)a[0] * b[-1] + (wide)a[1] * b[-2] + (wide)a[2] * b[-3] +
		    (wide)a[3] * b[-4];
		a += 4;
		b -= 4;
	}
	while (a < end)
		t += (wide)*a++ * *--b;
	return t;
}

/* Column i of a square, of which every mixed product is there twice; n limbs. */
CURVE_HOT static inline wide
square_column(wide t, const limb *a, size_t n, size_t i)
{
	const size_t from = i < n ? 0 : i - n + 1, half = (i + 1) / 2;
	const wide mixed = column(0, a + from, a + i + 1 - half, half - from);

	t += mixed + mixed;
	return i % 2 == 0 ? t + (wide)a[i / 2] * a[i / 2] : t;
}

/* r = a * b / R mod n, below 2n if a and b are; r is neither of them.  b is NULL: a square. */
CURVE_HOT static void
multiply(limb *r, const limb *a, const limb *b, const struct modulus *m)
{
	const size_t n = m->limbs;
	limb q[LIMBS];
	wide t = 0;
	size_t i;

	for (i = 0; i < 2 * n - 1; i++) {
		const size_t from = i < n ? 0 : i - n + 1;

		t = b ? column(t, a + from, b + from, (i < n ? i : n - 1) - from + 1)
		      : square_column(t, a, n, i);
		if (i < n) {
			t = column(t, q, m->n + 1, i);
			q[i] = (limb)t * m->factor & MASK;
			t += (wide)q[i] * m->n[0];
		} else {
			t = column(t, q + from, m->n + from, n - from);
			r[i - n] = (limb)t & MASK;
		}
		t >>= BITS;
	}
	r[n - 1] = (limb)t;
}

/* block = signature^e mod n, as long as the modulus, `out` of BYTES.  0, or -1: not a signature of this key's.
 *
 * The signature goes in as s * R, and in the last step, which every odd exponent has, as s: that takes R out again. */
static int
encrypt(unsigned char *out, struct modulus *m, const struct rsa_key *key,
	const unsigned char *signature, size_t len)
{
	limb s[LIMBS], base[LIMBS], x[LIMBS], y[LIMBS];
	const unsigned char *e = key->e;
	size_t e_len = key->e_len, i;
	uint32_t exponent = 0, bit;

	for (; e_len > 0 && e[0] == 0; e_len--)
		e++;
	if (e_len > 4 || set_modulus(m, key->n, key->n_len) != 0 || len != m->bytes)
		return -1;
	while (e_len-- > 0)
		exponent = exponent << 8 | *e++;
	if (exponent < 3 || exponent % 2 == 0)
		return -1;
	unpack(s, m->limbs, signature, len);
	if (!is_less(s, m->n, m->limbs))
		return -1;
	memcpy(base, s, sizeof base);
	for (i = 0; i < m->limbs; i++)
		shift_limb(base, m);
	memcpy(x, base, sizeof x);
	for (bit = (uint32_t)1 << 31; bit > exponent; bit >>= 1)
		;
	for (bit >>= 1; bit > 0; bit >>= 1) {
		multiply(y, x, NULL, m);
		if ((exponent & bit) != 0)
			multiply(x, y, bit == 1 ? s : base, m);
		else
			memcpy(x, y, sizeof x);
	}
	if (!is_less(x, m->n, m->limbs))
		subtract(x, m);
	pack(out, m->bytes, x, m->limbs);
	return 0;
}

/* The DER in front of the hash, RFC 8017 section 9.2, note 1:
 * SEQUENCE { SEQUENCE { OBJECT IDENTIFIER 2.16.840.1.101.3.4.2.last, NULL }, OCTET STRING } */
static const struct {
	const br_hash_class *class;
	unsigned char size, last;
} hashes[] = {
	[RSA_SHA256] = { &br_sha256_vtable, 32, 1 },
	[RSA_SHA384] = { &br_sha384_vtable, 48, 2 },
	[RSA_SHA512] = { &br_sha512_vtable, 64, 3 },
};

size_t
rsa_hash_size(enum rsa_hash id)
{
	return hashes[id].size;
}

/* Is `block` what section 9.2 makes of the hash?  00 01 FF..FF 00, DigestInfo. */
static bool
is_padded(const unsigned char *block, size_t len, enum rsa_hash id, const unsigned char *hash)
{
	unsigned char info[] = { 0x30, 0, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
		0x03, 0x04, 0x02, 0, 0x05, 0x00, 0x04, 0 };
	const size_t size = rsa_hash_size(id), ones = len - 3 - sizeof info - size;
	unsigned char expected[BYTES];

	info[1] = (unsigned char)(sizeof info - 2 + size);
	info[14] = hashes[id].last;
	info[18] = (unsigned char)size;
	expected[0] = 0;
	expected[1] = 1;
	memset(expected + 2, 0xff, ones);
	expected[2 + ones] = 0;
	memcpy(expected + 3 + ones, info, sizeof info);
	memcpy(expected + len - size, hash, size);
	return memcmp(expected, block, len) == 0;
}

bool
rsa_recover_pkcs1(const struct rsa_key *key, enum rsa_hash id, unsigned char *hash,
	const unsigned char *signature, size_t signature_len)
{
	unsigned char block[BYTES];
	struct modulus m;

	if (encrypt(block, &m, key, signature, signature_len) != 0)
		return false;
	memcpy(hash, block + m.bytes - rsa_hash_size(id), rsa_hash_size(id));
	return is_padded(block, m.bytes, id, hash);
}

bool
rsa_verify_pkcs1(const struct rsa_key *key, enum rsa_hash id, const unsigned char *hash,
	const unsigned char *signature, size_t signature_len)
{
	unsigned char signed_hash[RSA_HASH_MAX];

	return rsa_recover_pkcs1(key, id, signed_hash, signature, signature_len) &&
	       memcmp(hash, signed_hash, rsa_hash_size(id)) == 0;
}

/* The hash of two pieces. */
static void
hash_two(enum rsa_hash id, unsigned char *out, const void *a, size_t a_len, const void *b,
	size_t b_len)
{
	br_hash_compat_context h;

	hashes[id].class->init(&h.vtable);
	hashes[id].class->update(&h.vtable, a, a_len);
	hashes[id].class->update(&h.vtable, b, b_len);
	hashes[id].class->out(&h.vtable, out);
}

/* XORs MGF1 (appendix B.2.1) of a seed, which is as long as the hash, over the data. */
static void
mask_data(enum rsa_hash id, unsigned char *data, size_t len, const unsigned char *seed)
{
	unsigned char counter[4] = { 0 }, mask[RSA_HASH_MAX];
	const size_t size = rsa_hash_size(id);
	size_t i;

	for (i = 0; i < len; i++) {
		if (i % size == 0) {
			/* at most 512 bytes: 16 rounds */
			counter[3] = (unsigned char)(i / size);
			hash_two(id, mask, seed, size, counter, sizeof counter);
		}
		data[i] ^= mask[i % size];
	}
}

/* Section 9.1.2: maskedDB || H || bc, where DB is 00..00 01 salt. */
static bool
is_pss(unsigned char *block, size_t bits, enum rsa_hash id, const unsigned char *hash)
{
	const size_t size = rsa_hash_size(id), len = (bits + 7) / 8, db_len = len - size - 1;
	const unsigned char *h = block + db_len;
	const unsigned unused = (unsigned)(8 * len -
					   bits); /* leading bits that are no part of it */
	unsigned char start[8 + RSA_HASH_MAX] = { 0 }, ours[RSA_HASH_MAX];
	size_t i;

	/* step 3: 1024 bits are too short for SHA-512 and its salt */
	if (len < 2 * size + 2 || block[len - 1] != 0xbc || block[0] >> (8 - unused) != 0)
		return false;
	mask_data(id, block, db_len, h);
	block[0] &= (unsigned char)(0xff >> unused);
	for (i = 0; i < db_len - size - 1; i++)
		if (block[i] != 0)
			return false;
	if (block[i] != 1)
		return false;
	memcpy(start + 8, hash, size);
	hash_two(id, ours, start, 8 + size, block + db_len - size, size);
	return memcmp(ours, h, size) == 0;
}

bool
rsa_verify_pss(const struct rsa_key *key, enum rsa_hash id, const unsigned char *hash,
	const unsigned char *signature, size_t signature_len)
{
	unsigned char block[BYTES];
	struct modulus m;
	size_t skip;

	if (encrypt(block, &m, key, signature, signature_len) != 0)
		return false;
	/* the encoded message is of one bit less than the modulus: its first byte is then no part of it */
	skip = m.bits % 8 == 1 ? 1 : 0;
	return (skip == 0 || block[0] == 0) && is_pss(block + skip, m.bits - 1, id, hash);
}
