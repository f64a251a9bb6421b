/* x25519: the vectors of RFC 7748, points of small order, numbers that are not canonical. */
#include "lib/curve/x25519.h"
#include "test/unit/check.h"

static void
from_hex(unsigned char out[X25519_SIZE], const char *hex)
{
	unsigned byte;
	int i;

	for (i = 0; i < X25519_SIZE; i++) {
		byte = (unsigned)strtoul((char[]){ hex[2 * i], hex[2 * i + 1], 0 }, NULL, 16);
		out[i] = (unsigned char)byte;
	}
}

/* Section 5.2: two single calls. */
static void
test_vectors(void)
{
	static const char *const vectors[][3] = {
		{ "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
			"e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
			"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552" },
		{ "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
			"e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
			"95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957" },
	};
	unsigned char scalar[X25519_SIZE], u[X25519_SIZE], want[X25519_SIZE], out[X25519_SIZE];
	size_t i;

	for (i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		from_hex(scalar, vectors[i][0]);
		from_hex(u, vectors[i][1]);
		from_hex(want, vectors[i][2]);
		CHECK_INT(x25519(out, scalar, u), 0);
		CHECK(memcmp(out, want, X25519_SIZE) == 0);
	}
}

/* Section 5.2: iterated once and a thousand times. */
static void
test_iterated(void)
{
	unsigned char k[X25519_SIZE] = { 9 }, u[X25519_SIZE] = { 9 }, out[X25519_SIZE],
		      want[X25519_SIZE];
	int i;

	for (i = 1; i <= 1000; i++) {
		CHECK_INT(x25519(out, k, u), 0);
		memcpy(u, k, X25519_SIZE);
		memcpy(k, out, X25519_SIZE);
		if (i == 1) {
			from_hex(want,
				"422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
			CHECK(memcmp(k, want, X25519_SIZE) == 0);
		}
	}
	from_hex(want, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
	CHECK(memcmp(k, want, X25519_SIZE) == 0);
}

/* Section 6.1: Bob's public key, and what he shares with Alice; an output may be an input. */
static void
test_exchange(void)
{
	unsigned char bob[X25519_SIZE], out[X25519_SIZE], want[X25519_SIZE];

	from_hex(bob, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
	from_hex(want, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
	x25519_base(out, bob);
	CHECK(memcmp(out, want, X25519_SIZE) == 0);
	from_hex(out, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
	from_hex(want, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
	CHECK_INT(x25519(out, bob, out), 0);
	CHECK(memcmp(out, want, X25519_SIZE) == 0);
}

/* All points of small order, with and without the top bit that is not looked at, and 0 and 1 once more plus p. */
static void
test_small_order(void)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	unsigned char scalar[X25519_SIZE], u[X25519_SIZE], out[X25519_SIZE],
		zero[X25519_SIZE] = { 0 };
	size_t i;

	memset(scalar, 0x5a, sizeof scalar);
	for (i = 0; i < 2 * (sizeof points / sizeof points[0]); i++) {
		from_hex(u, points[i / 2]);
		u[31] = (unsigned char)(u[31] | (i % 2 ? 0x80 : 0));
		memset(out, 1, sizeof out);
		CHECK_INT(x25519(out, scalar, u), -1);
		CHECK(memcmp(out, zero, X25519_SIZE) == 0);
	}
}

/* 2 and 2 + p are one number, and bits 0-2 and 255 of a scalar are not looked at, bit 254 is taken as set. */
static void
test_not_canonical(void)
{
	unsigned char scalar[X25519_SIZE], u[X25519_SIZE] = { 2 }, out[X25519_SIZE],
					   again[X25519_SIZE];

	memset(scalar, 0xa7, sizeof scalar);
	CHECK_INT(x25519(out, scalar, u), 0);
	memset(u, 0xff, sizeof u);
	u[0] = 0xef;
	CHECK_INT(x25519(again, scalar, u), 0);
	CHECK(memcmp(out, again, X25519_SIZE) == 0);
	scalar[0] ^= 7;
	scalar[31] ^= 0xc0;
	CHECK_INT(x25519(again, scalar, u), 0);
	CHECK(memcmp(out, again, X25519_SIZE) == 0);
	scalar[0] ^= 8;
	CHECK_INT(x25519(again, scalar, u), 0);
	CHECK(memcmp(out, again, X25519_SIZE) != 0);
}

int
main(void)
{
	test_vectors();
	test_iterated();
	test_exchange();
	test_small_order();
	test_not_canonical();
	return check_done("x25519");
}
