/* ecdsa: every way in which a signature's DER can be wrong, and the way back. */
#include "lib/curve/ecdsa.h"
#include "test/unit/check.h"

#include "lib/curve/p256.h"

/* Feeds it behind a guard page, and with a byte cut off and one more. */
static bool
reads(const unsigned char *der, size_t len, size_t half, unsigned char *raw)
{
	unsigned char *in = check_guard(der, len);
	bool good = ecdsa_from_der(raw, half, in, len);

	check_unguard(in, len);
	return good;
}

static void
check_good(const unsigned char *der, size_t len, size_t half)
{
	unsigned char raw[2 * ECDSA_HALF_MOST], out[ECDSA_DER_384 + 40], longer[200] = { 0 };

	CHECK(reads(der, len, half, raw));
	if (half <= 48) {
		CHECK_INT(ecdsa_write(out, raw, half), len);
		CHECK(memcmp(out, der, len) == 0);
	}
	for (size_t n = 0; n < len; n++)
		CHECK(!reads(der, n, half, raw));
	memcpy(longer, der, len);
	CHECK(!reads(longer, len + 1, half, raw));
	longer[1]++;
	CHECK(!reads(longer, len + 1, half, raw)); /* a byte inside, behind s */
}

/* r and s as given, in a SEQUENCE. */
static size_t
pack(unsigned char *out, const char *r, size_t r_len, const char *s, size_t s_len)
{
	out[0] = 0x30;
	out[1] = (unsigned char)(4 + r_len + s_len);
	out[2] = 0x02;
	out[3] = (unsigned char)r_len;
	memcpy(out + 4, r, r_len);
	out[4 + r_len] = 0x02;
	out[5 + r_len] = (unsigned char)s_len;
	memcpy(out + 6 + r_len, s, s_len);
	return 6 + r_len + s_len;
}

#define PACK(out, r, s) pack(out, r, sizeof(r) - 1, s, sizeof(s) - 1)

static void
test_integers(void)
{
	unsigned char der[200], raw[2 * ECDSA_HALF_MOST];

	check_good(der, PACK(der, "\x01", "\x7f"), 32);
	check_good(der, PACK(der, "\x00", "\x00\x80"), 32); /* zero is an integer */
	check_good(der, PACK(der, "\x00\xff\x01", "\x01\x00"), 32);
	CHECK(reads(der, PACK(der, "\x12\x34", "\x56"), 32, raw));
	CHECK(raw[29] == 0 && raw[30] == 0x12 && raw[31] == 0x34 && raw[62] == 0 &&
		raw[63] == 0x56);
	CHECK(!reads(der, PACK(der, "", "\x01"), 32, raw));
	CHECK(!reads(der, PACK(der, "\x01", ""), 32, raw));
	CHECK(!reads(der, PACK(der, "\x80", "\x01"), 32, raw)); /* negative */
	CHECK(!reads(der, PACK(der, "\x01", "\xff\xff"), 32, raw));
	CHECK(!reads(der, PACK(der, "\x00\x01", "\x01"), 32, raw)); /* a zero too many */
	CHECK(!reads(der, PACK(der, "\x01", "\x00\x7f"), 32, raw));
	CHECK(!reads(der, PACK(der, "\x00\x00", "\x01"), 32, raw));
	CHECK(!reads(der, PACK(der, "\x00\x00\x80", "\x01"), 32, raw));
}

static void
test_lengths(void)
{
	unsigned char der[200], raw[2 * ECDSA_HALF_MOST];
	static const size_t halves[] = { 32, 48, 66 };
	char full[68];
	size_t len;

	for (size_t i = 0; i < 3; i++) {
		size_t half = halves[i];

		memset(full, 0x5a, sizeof full);
		len = pack(der, full, half, full, half);
		if (half < 66)
			check_good(der, len, half);
		CHECK(!reads(der, len, half - 1, raw)); /* a byte too long */
		full[0] = 0;
		full[1] = (char)0x80;
		len = pack(der, full, half + 1, full, half + 1);
		CHECK(reads(der, len, half, raw) == (half < 66));
		CHECK(half == 66 || raw[0] == 0x80);
		len = pack(der, full, half + 2, full, 1);
		CHECK(!reads(der, len, half, raw));
	}
	/* P-521's length takes two bytes, and only there is that right */
	memset(full, 0x11, sizeof full);
	len = pack(der, full, 66, full, 66);
	memmove(der + 3, der + 2, len - 2);
	der[1] = 0x81;
	der[2] = (unsigned char)(len - 2);
	check_good(der, len + 1, 66);
	len = PACK(der, "\x01", "\x01");
	memmove(der + 3, der + 2, len - 2);
	der[1] = 0x81;
	der[2] = (unsigned char)(len - 2);
	CHECK(!reads(der, len + 1, 66, raw));
	der[1] = 0x80;
	CHECK(!reads(der, len + 1, 66, raw));
	der[1] = 0x82;
	CHECK(!reads(der, len + 1, 66, raw));
	/* other tags */
	len = PACK(der, "\x01", "\x01");
	for (size_t at = 0; at < 6; at += at == 0 ? 2 : 3) {
		der[at] ^= 0x11;
		CHECK(!reads(der, len, 32, raw));
		der[at] ^= 0x11;
	}
	CHECK(reads(der, len, 32, raw));
	der[3] = 0x81; /* a long form inside */
	CHECK(!reads(der, len, 32, raw));
}

static void
test_verify(void)
{
	unsigned char key[P256_SCALAR] = { 1 }, hash[32] = { 2 }, raw[P256_SIGNATURE];
	unsigned char pub[P256_POINT], der[ECDSA_DER_256];
	size_t len;

	CHECK_INT(p256_public(pub, key), 0);
	for (int i = 0; i < 8; i++) {
		hash[1] = (unsigned char)i;
		CHECK_INT(p256_sign(raw, hash, sizeof hash, key), 0);
		len = ecdsa_to_der(der, raw);
		CHECK(len <= sizeof der && reads(der, len, 32, raw));
		CHECK(ecdsa_verify(der, len, hash, sizeof hash, pub, sizeof pub));
		CHECK(!ecdsa_verify(der, len, hash, sizeof hash, pub, sizeof pub - 1));
		CHECK(!ecdsa_verify(der, len - 1, hash, sizeof hash, pub, sizeof pub));
		der[len - 1] ^= 1;
		CHECK(!ecdsa_verify(der, len, hash, sizeof hash, pub, sizeof pub));
	}
	memset(raw, 0xff, sizeof raw);
	CHECK_INT(ecdsa_to_der(der, raw), ECDSA_DER_256);
}

int
main(void)
{
	test_integers();
	test_lengths();
	test_verify();
	return check_done("ecdsa");
}
