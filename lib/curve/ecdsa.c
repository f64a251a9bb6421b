/*
 * ecdsa: the two forms of a signature.  See ecdsa.h.
 *
 *     Ecdsa-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }
 */
#include "lib/curve/ecdsa.h"
#include "lib/curve/p256.h"
#include "lib/curve/p384.h"
#include "lib/curve/p521.h"

#include <string.h>

enum { SEQUENCE = 0x30, INTEGER = 0x02 };

/* Reads one INTEGER of at most `half` bytes.  Returns how much of `in` it was, 0 if it is not good. */
static size_t
take_integer(unsigned char *out, size_t half, const unsigned char *in, size_t len)
{
	size_t n, skip = 0;

	if (len < 3 || in[0] != INTEGER)
		return 0;
	n = in[1];
	/* a long form would be longer than any half */
	if (n == 0 || n > half + 1 || n > len - 2 || in[2] >= 0x80)
		return 0;
	if (in[2] == 0 && n > 1) {
		if (in[3] < 0x80)
			return 0;
		skip = 1;
	}
	if (n - skip > half)
		return 0;
	memset(out, 0, half);
	memcpy(out + half - (n - skip), in + 2 + skip, n - skip);
	return 2 + n;
}

bool
ecdsa_from_der(unsigned char *raw, size_t half, const unsigned char *der, size_t len)
{
	size_t head = 2, r;

	if (len < 2 || der[0] != SEQUENCE)
		return false;
	if (der[1] == 0x81) { /* P-521's may have 139 bytes */
		if (len < 3 || der[2] < 0x80 || der[2] != len - 3)
			return false;
		head = 3;
	} else if (der[1] >= 0x80 || der[1] != len - 2) {
		return false;
	}
	r = take_integer(raw, half, der + head, len - head);
	if (r == 0)
		return false;
	der += head + r;
	len -= head + r;
	return len > 0 && take_integer(raw + half, half, der, len) == len;
}

static size_t
put_integer(unsigned char *out, const unsigned char *value, size_t len)
{
	size_t pad;

	while (len > 1 && value[0] == 0) {
		value++;
		len--;
	}
	pad = value[0] >= 0x80; /* else it would be negative */
	out[0] = INTEGER;
	out[1] = (unsigned char)(len + pad);
	out[2] = 0;
	memcpy(out + 2 + pad, value, len);
	return 2 + pad + len;
}

size_t
ecdsa_write(unsigned char *der, const unsigned char *raw, size_t half)
{
	size_t n = 2;

	n += put_integer(der + n, raw, half);
	n += put_integer(der + n, raw + half, half);
	der[0] = SEQUENCE;
	der[1] = (unsigned char)(n - 2);
	return n;
}

size_t
ecdsa_to_der(unsigned char der[ECDSA_DER_256], const unsigned char raw[64])
{
	return ecdsa_write(der, raw, 32);
}

bool
ecdsa_verify(const unsigned char *der, size_t len, const unsigned char *hash, size_t hash_len,
	const unsigned char *pub, size_t pub_len)
{
	unsigned char raw[2 * ECDSA_HALF_MOST];

	switch (pub_len) {
	case P256_POINT:
		return ecdsa_from_der(raw, P256_SIGNATURE / 2, der, len) &&
		       p256_verify(raw, hash, hash_len, pub);
	case P384_POINT:
		return ecdsa_from_der(raw, P384_SIGNATURE / 2, der, len) &&
		       p384_verify(raw, hash, hash_len, pub);
	case P521_POINT:
		return ecdsa_from_der(raw, P521_SIGNATURE / 2, der, len) &&
		       p521_verify(raw, hash, hash_len, pub);
	default: return false;
	}
}
