/* keccak: known digests; the lengths around a block are compared with OpenSSL by test/curve. */
#include "lib/curve/keccak.h"
#include "test/unit/check.h"

static void
check_digest(enum keccak_kind kind, const char *text, size_t len, const char *want)
{
	unsigned char out[64];
	char hex[129];
	struct keccak k;
	size_t i;

	keccak_start(&k, kind);
	keccak_absorb(&k, text, strlen(text));
	keccak_squeeze(&k, out, len);
	for (i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", out[i]);
	CHECK_STR(hex, want);
}

/* More than a block in and out, at once and byte by byte. */
static void
test_pieces(void)
{
	unsigned char data[500], once[600], pieces[600];
	struct keccak k;
	size_t i;

	for (i = 0; i < sizeof data; i++)
		data[i] = (unsigned char)(i * 7);
	for (int kind = KECCAK_SHAKE128; kind <= KECCAK_SHA3_512; kind++) {
		keccak_start(&k, (enum keccak_kind)kind);
		keccak_absorb(&k, data, sizeof data);
		keccak_squeeze(&k, once, sizeof once);
		keccak_start(&k, (enum keccak_kind)kind);
		for (i = 0; i < sizeof data; i++)
			keccak_absorb(&k, data + i, 1);
		for (i = 0; i < sizeof pieces; i++)
			keccak_squeeze(&k, pieces + i, 1);
		CHECK(memcmp(once, pieces, sizeof once) == 0);
	}
}

int
main(void)
{
	check_digest(KECCAK_SHA3_256, "", 32,
		"a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
	check_digest(KECCAK_SHA3_512, "abc", 64,
		"b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
		"10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0");
	check_digest(KECCAK_SHAKE128, "", 32,
		"7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26");
	check_digest(KECCAK_SHAKE256, "", 32,
		"46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f");
	test_pieces();
	return check_done("keccak");
}
