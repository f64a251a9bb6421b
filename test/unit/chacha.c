/* chacha: RFC 8439's example, every form against block by block, tampering, what lies around the data. */
#include "lib/curve/chacha.c"

#include "test/unit/check.h"

/* Section 2.8.2 */
static const unsigned char nonce[CHACHA_NONCE] = { 7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45,
	0x46, 0x47 };
static const unsigned char aad[] = { 0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5,
	0xc6, 0xc7 };

static void
make_key(unsigned char key[CHACHA_KEY])
{
	int i;

	for (i = 0; i < CHACHA_KEY; i++)
		key[i] = (unsigned char)(0x80 + i);
}

static void
test_example(void)
{
	static const char text[] =
		"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for "
		"the future, sunscreen would be it.";
	static const unsigned char first[] = { 0xd3, 0x1a, 0x8d, 0x34, 0x64, 0x8e, 0x60, 0xdb, 0x7b,
		0x86, 0xaf, 0xbc, 0x53, 0xef, 0x7e, 0xc2 };
	static const unsigned char want[] = { 0x1a, 0xe1, 0x0b, 0x59, 0x4f, 0x09, 0xe2, 0x6a, 0x7e,
		0x90, 0x2e, 0xcb, 0xd0, 0x60, 0x06, 0x91 };
	unsigned char key[CHACHA_KEY], data[sizeof text - 1], tag[CHACHA_TAG];

	make_key(key);
	memcpy(data, text, sizeof data);
	chacha_seal(data, sizeof data, key, nonce, aad, sizeof aad, tag);
	CHECK(memcmp(data, first, sizeof first) == 0);
	CHECK(memcmp(tag, want, sizeof want) == 0);
	CHECK(chacha_open(data, sizeof data, key, nonce, aad, sizeof aad, tag));
	CHECK(memcmp(data, text, sizeof data) == 0);
}

/* One bit of anything, or a byte less: false, and the data stays. */
static void
test_tampering(void)
{
	unsigned char key[CHACHA_KEY], data[100] = { 1 }, kept[100], tag[CHACHA_TAG],
				       other[CHACHA_NONCE];
	unsigned char more[sizeof aad];
	size_t i;

	make_key(key);
	chacha_seal(data, sizeof data, key, nonce, aad, sizeof aad, tag);
	memcpy(kept, data, sizeof data);
	for (i = 0; i < sizeof data; i++) {
		data[i] ^= 4;
		CHECK(!chacha_open(data, sizeof data, key, nonce, aad, sizeof aad, tag));
		data[i] ^= 4;
	}
	for (i = 0; i < sizeof tag; i++) {
		tag[i] ^= 0x80;
		CHECK(!chacha_open(data, sizeof data, key, nonce, aad, sizeof aad, tag));
		tag[i] ^= 0x80;
	}
	memcpy(other, nonce, sizeof other);
	other[11] ^= 1;
	CHECK(!chacha_open(data, sizeof data, key, other, aad, sizeof aad, tag));
	memcpy(more, aad, sizeof more);
	more[0] ^= 1;
	CHECK(!chacha_open(data, sizeof data, key, nonce, more, sizeof more, tag));
	CHECK(!chacha_open(data, sizeof data, key, nonce, aad, sizeof aad - 1, tag));
	CHECK(!chacha_open(data, sizeof data - 1, key, nonce, aad, sizeof aad, tag));
	key[31] ^= 1;
	CHECK(!chacha_open(data, sizeof data, key, nonce, aad, sizeof aad, tag));
	CHECK(memcmp(data, kept, sizeof data) == 0);
}

static void
start_state(uint32_t state[16], uint32_t counter)
{
	uint32_t i;

	for (i = 0; i < 16; i++)
		state[i] = i * 0x9e3779b9u;
	state[12] = counter;
}

/* A form takes whole steps and counts their blocks; its stream is that of one block after the other. */
static void
check_form(size_t (*form)(uint32_t *, unsigned char *, size_t), size_t step)
{
	unsigned char got[4 * 384 + 77], want[4 * 384 + 77];
	uint32_t state[16], plain[16];
	size_t len, taken, i;
	unsigned wrong = 0;

	for (len = 0; len < sizeof got; len++) {
		/* the counter wraps in one of three */
		start_state(state, len % 3 ? (uint32_t)len : 0xfffffffeu);
		start_state(plain, state[12]);
		for (i = 0; i < sizeof got; i++)
			got[i] = want[i] = (unsigned char)(i * 5);
		taken = form(state, got, len);
		for (i = 0; i < taken / BLOCK; i++, plain[12]++)
			mix_block(plain, want + BLOCK * i);
		wrong += taken != len / step * step || memcmp(got, want, sizeof got) != 0 ||
			 memcmp(state, plain, sizeof state) != 0;
	}
	CHECK_INT(wrong, 0);
}

static void
test_forms(void)
{
#ifdef CHACHA_HAS_VECTORS
	check_form(mix_narrow, 3 * 64);
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		check_form(mix_avx2, 6 * 64);
#endif
#endif
		/* what is chosen here: where there are no vectors nothing, whatever the length */
#ifdef CHACHA_HAS_VECTORS
	check_form(mix_vectors, 3 * 64);
#else
	check_form(mix_vectors, 4096);
#endif
}

/* Every length, at the end of a page and at odd addresses; in pieces as BearSSL calls it. */
static void
test_lengths(void)
{
	unsigned char key[CHACHA_KEY], text[900], whole[900], tag[CHACHA_TAG];
	size_t len, i;

	make_key(key);
	for (i = 0; i < sizeof text; i++)
		text[i] = whole[i] = (unsigned char)(i * 11);
	CHECK_INT(chacha_run(key, nonce, 1, whole, sizeof whole), 1 + 15);
	for (len = 0; len < sizeof text; len += 1 + len / 40) {
		unsigned char *end = check_guard(text, len);

		chacha_seal(end, len, key, nonce, NULL, 0, tag);
		CHECK(memcmp(end, whole, len) == 0);
		CHECK(chacha_open(end, len, key, nonce, NULL, 0, tag));
		CHECK(memcmp(end, text, len) == 0);
		check_unguard(end, len);
	}
	CHECK_INT(chacha_run(key, nonce, 1, text, 128), 3);
	CHECK_INT(chacha_run(key, nonce, 3, text + 128, 640), 13);
	CHECK_INT(chacha_run(key, nonce, 13, text + 768, 132), 16);
	CHECK(memcmp(text, whole, sizeof text) == 0);
}

int
main(void)
{
	test_example();
	test_tampering();
	test_forms();
	test_lengths();
	return check_done("chacha");
}
