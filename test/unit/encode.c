/* encode: the bytes that X.690 and RFC 5280 want, and the length that was announced. */
#include "check.h"
#include "lib/x509/encode.h"

static unsigned char buf[70000];

/* Calls twice, as a user does, and ends at a guard page: what is written is what was announced. */
#define CHECK_BYTES(call_null, call_out, want)                             \
	do {                                                               \
		size_t len_ = (call_null);                                 \
		unsigned char *out = check_guard(buf, len_);               \
		CHECK_INT(call_out, len_);                                 \
		CHECK_INT(len_, sizeof(want) - 1);                         \
		if (len_ == sizeof(want) - 1)                              \
			CHECK(memcmp(out, (want), sizeof(want) - 1) == 0); \
		check_unguard(out, len_);                                  \
	} while (0)

static void
test_headers(void)
{
	static const struct {
		size_t len;
		const char *header;
		size_t header_len;
	} cases[] = {
		{ 0, "\x30\x00", 2 },
		{ 1, "\x30\x01", 2 },
		{ 127, "\x30\x7f", 2 },
		{ 128, "\x30\x81\x80", 3 },
		{ 255, "\x30\x81\xff", 3 },
		{ 256, "\x30\x82\x01\x00", 4 },
		{ 65535, "\x30\x82\xff\xff", 4 },
		{ 65536, "\x30\x83\x01\x00\x00", 5 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t len = cases[i].len, n;

		memset(buf, 0xee, sizeof buf);
		for (size_t j = 0; j < len; j++)
			buf[j] = (unsigned char)(j * 7);
		n = encode_wrap(buf, ENCODE_SEQUENCE, len);
		CHECK_INT(n, len + cases[i].header_len);
		CHECK_INT(encode_wrap(NULL, ENCODE_SEQUENCE, len), n);
		CHECK(memcmp(buf, cases[i].header, cases[i].header_len) == 0);
		for (size_t j = 0; j < len; j++)
			if (buf[cases[i].header_len + j] != (unsigned char)(j * 7)) {
				CHECK_INT(j, -1);
				break;
			}
		CHECK_INT(buf[n], 0xee);
	}
}

#define INTEGER(text, want)                                                                \
	CHECK_BYTES(encode_integer(NULL, (const unsigned char *)(text), sizeof(text) - 1), \
		encode_integer(out, (const unsigned char *)(text), sizeof(text) - 1), want)

static void
test_integers(void)
{
	INTEGER("\x00", "\x02\x01\x00");
	INTEGER("\x7f", "\x02\x01\x7f");
	INTEGER("\x80", "\x02\x02\x00\x80");
	INTEGER("\x00\x80", "\x02\x02\x00\x80");
	INTEGER("\x00\x00\x01\x02", "\x02\x02\x01\x02");
	INTEGER("\xff\xff", "\x02\x03\x00\xff\xff");
	INTEGER("", "\x02\x00");
}

#define TIME(seconds, want) CHECK_BYTES(encode_time(NULL, seconds), encode_time(out, seconds), want)

static void
test_times(void)
{
	char date[ENCODE_DATE];

	TIME(0, "\x17\x0d"
		"700101000000Z");
	TIME(-1, "\x17\x0d"
		 "691231235959Z");
	TIME(951782400, "\x17\x0d"
			"000229000000Z"); /* 2000 is a leap year */
	TIME(951868799, "\x17\x0d"
			"000229235959Z");
	TIME(951868800, "\x17\x0d"
			"000301000000Z");
	TIME(4107542399, "\x18\x0f"
			 "21000228235959Z"); /* 2100 is none */
	TIME(4107542400, "\x18\x0f"
			 "21000301000000Z");
	TIME(-631152000, "\x17\x0d"
			 "500101000000Z");
	TIME(-631152001, "\x18\x0f"
			 "19491231235959Z");
	TIME(2524607999, "\x17\x0d"
			 "491231235959Z");
	TIME(2524608000, "\x18\x0f"
			 "20500101000000Z");
	TIME(2147483648, "\x17\x0d"
			 "380119031408Z"); /* past a 32-bit time_t */
	TIME(253402300799, "\x18\x0f"
			   "99991231235959Z");
	TIME(INT64_MAX, "\x18\x0f"
			"99991231235959Z");
	TIME(-62135596800, "\x18\x0f"
			   "00010101000000Z");
	TIME(INT64_MIN, "\x18\x0f"
			"00010101000000Z");
	CHECK_STR(encode_date(date, 1795305600), "2026-11-22");
	CHECK_STR(encode_date(date, INT64_MAX), "9999-12-31");
}

/* Every day of 800 years against a calendar that counts. */
static void
test_calendar(void)
{
	static const int month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t days = -135140; /* 1600-01-01 */
	char want[ENCODE_DATE + 40], got[ENCODE_DATE];
	unsigned wrong = 0;

	for (int y = 1600; y < 2400; y++)
		for (int m = 0; m < 12; m++) {
			int leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);

			for (int d = 1; d <= month_days[m] + (m == 1 && leap); d++, days++) {
				snprintf(want, sizeof want, "%04d-%02d-%02d", y, m + 1, d);
				wrong += strcmp(encode_date(got, days * 86400), want) != 0;
				wrong += strcmp(encode_date(got, days * 86400 + 86399), want) != 0;
			}
		}
	CHECK_INT(wrong, 0);
}

static void
test_names(void)
{
	CHECK_BYTES(encode_name(NULL, NULL, 0), encode_name(out, NULL, 0), "\x30\x00");
	CHECK_BYTES(encode_name(NULL, "a.b", 3), encode_name(out, "a.b", 3),
		"\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03"
		"a.b");
}

static void
test_keys(void)
{
	unsigned char point[97];
	br_ec_public_key key = { BR_EC_secp256r1, point, 65 };
	size_t len;

	memset(point, 4, sizeof point);
	len = encode_ec_key(buf, &key);
	CHECK_INT(len, 91);
	CHECK_INT(encode_ec_key(NULL, &key), 91);
	CHECK(memcmp(buf,
		      "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce"
		      "\x3d\x03\x01\x07\x03\x42\x00\x04",
		      27) == 0);
	key.curve = BR_EC_secp384r1;
	key.qlen = 97;
	len = encode_ec_key(buf, &key);
	CHECK_INT(len, 120);
	CHECK(memcmp(buf,
		      "\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00"
		      "\x22\x03\x62\x00\x04",
		      24) == 0);
}

/* Announced and written lengths agree, for all shapes; the content is read back in test/unit/forge.c. */
static void
test_certificates(void)
{
	static unsigned char names[2000], point[65], serial[16] = { 0xff };
	br_ec_public_key key = { BR_EC_secp256r1, point, sizeof point };
	unsigned char empty[] = { 0x30, 0 };

	for (unsigned shape = 0; shape < 64; shape++) {
		struct encode_cert c = { .serial = serial,
			.serial_len = shape & 1 ? 16 : 0,
			.issuer = empty,
			.issuer_len = 2,
			.subject = empty,
			.subject_len = 2,
			.not_after = shape & 2 ? 4102444800 : 0,
			.key = &key,
			.hash = shape & 4 ? br_sha384_ID : br_sha256_ID,
			.is_ca = shape & 8,
			.ski = shape & 16 ? serial : NULL,
			.ski_len = 16,
			.aki = shape & 16 ? NULL : serial,
			.aki_len = 16,
			.names = shape & 32 ? names : NULL,
			.names_len = shape * 31 };
		size_t len = encode_cert_body(NULL, &c);
		size_t whole = encode_cert_close(NULL, len, c.hash, serial, sizeof serial);
		unsigned char *out = check_guard(buf, whole);

		CHECK_INT(encode_cert_body(out, &c), len);
		CHECK_INT(encode_cert_close(out, len, c.hash, serial, sizeof serial), whole);
		check_unguard(out, whole);
	}
}

int
main(void)
{
	test_headers();
	test_integers();
	test_times();
	test_calendar();
	test_names();
	test_keys();
	test_certificates();
	return check_done("encode");
}
