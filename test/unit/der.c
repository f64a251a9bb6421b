/* der: minimal lengths and integers, times, and no byte read past the end, at any cut. */
#include "check.h"
#include "lib/x509/der.h"

/* A value in guarded memory; `in` is set to it. */
#define WITH(in, bytes)                                                                          \
	for (unsigned char *guarded_ = check_guard(bytes, sizeof(bytes) - 1), *once_ = guarded_; \
		once_; once_ = NULL, check_unguard(guarded_, sizeof(bytes) - 1))                 \
		if (((in) = (struct der){ guarded_, sizeof(bytes) - 1 }), true)

static void
test_headers(void)
{
	struct der in, out, whole;
	int tag;

	WITH(in, "\x04\x02"
		 "ab\x05\x00")
	{
		CHECK_INT(der_peek(&in), DER_OCTET_STRING);
		CHECK_INT(der_take(&in, DER_NULL, &out), -1);
		CHECK_INT(in.len, 6);
		CHECK_INT(der_take(&in, DER_OCTET_STRING, &out), 0);
		CHECK(der_is(&out, "ab", 2));
		CHECK_INT(der_take_optional(&in, DER_INTEGER, &out), 0);
		CHECK_INT(der_take_any(&in, &tag, &out, &whole), 0);
		CHECK(tag == DER_NULL && out.len == 0 && whole.len == 2);
		CHECK_INT(der_peek(&in), -1);
		CHECK_INT(der_take_optional(&in, DER_INTEGER, &out), 0);
		CHECK_INT(der_take_any(&in, &tag, &out, &whole), -1);
	}
	WITH(in, "\x04") CHECK_INT(der_take(&in, 4, NULL), -1);
	WITH(in, "\x04\x01") CHECK_INT(der_take(&in, 4, NULL), -1);
	WITH(in, "\x04\x01") CHECK_INT(der_take_optional(&in, 4, NULL), -1);
	WITH(in, "\x30\x80\x00\x00") CHECK_INT(der_take(&in, 0x30, NULL), -1); /* indefinite */
	WITH(in, "\x04\x81\x01"
		 "a")
	CHECK_INT(der_take(&in, 4, NULL), -1); /* not minimal */
	WITH(in, "\x04\x82\x00\x01"
		 "a")
	CHECK_INT(der_take(&in, 4, NULL), -1);
	WITH(in, "\x04\x81") CHECK_INT(der_take(&in, 4, NULL), -1);
	WITH(in, "\x04\x84\x00\x00\x00\x01"
		 "a")
	CHECK_INT(der_take(&in, 4, NULL), -1);
	WITH(in, "\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff") CHECK_INT(der_take(&in, 4, NULL), -1);
	WITH(in, "\x04\x83\xff\xff\xff") CHECK_INT(der_take(&in, 4, NULL), -1);
	WITH(in, "\x1f\x81\x01\x00") CHECK_INT(der_take_any(&in, &tag, &out, NULL), -1);
}

static void
test_lengths(void)
{
	static unsigned char data[70010];
	struct der in, out;
	size_t len, head, cut;

	for (len = 0; len <= 70000; len = len < 300 ? len + 1 : len * 3 / 2) {
		head = len < 0x80 ? 2 : len < 0x100 ? 3 : len < 0x10000 ? 4 : 5;
		data[0] = 0x04;
		data[1] = (unsigned char)(head == 2 ? len : 0x80 + head - 2);
		for (cut = 0; cut < head - 2; cut++)
			data[2 + cut] = (unsigned char)(len >> (8 * (head - 3 - cut)));
		in = (struct der){ data, head + len };
		CHECK(der_take(&in, 4, &out) == 0 && out.len == len && in.len == 0);
		if (len > 0) {
			in = (struct der){ data, head + len - 1 };
			CHECK_INT(der_take(&in, 4, &out), -1);
		}
	}
}

static void
test_numbers(void)
{
	struct der in, out;
	unsigned unused = 9;

	WITH(in, "\x02\x01\x00") CHECK(der_take_unsigned(&in, &out) == 0 && out.len == 0);
	WITH(in, "\x02\x02\x00\x80")
	CHECK(der_take_unsigned(&in, &out) == 0 && der_is(&out, "\x80", 1));
	WITH(in, "\x02\x02\x00\x7f") CHECK_INT(der_take_unsigned(&in, &out), -1);
	WITH(in, "\x02\x01\x80") CHECK_INT(der_take_unsigned(&in, &out), -1);
	WITH(in, "\x02\x01\x80") CHECK_INT(der_take_integer(&in, &out), 0);
	WITH(in, "\x02\x02\xff\x80") CHECK_INT(der_take_integer(&in, &out), -1);
	WITH(in, "\x02\x02\xff\x7f") CHECK_INT(der_take_integer(&in, &out), 0);
	WITH(in, "\x02\x00") CHECK_INT(der_take_integer(&in, &out), -1);
	WITH(in, "\x01\x01\xff") CHECK_INT(der_take_boolean(&in), 1);
	WITH(in, "\x01\x01\x00") CHECK_INT(der_take_boolean(&in), 0);
	WITH(in, "\x01\x01\x01") CHECK_INT(der_take_boolean(&in), -1);
	WITH(in, "\x01\x02\xff\xff") CHECK_INT(der_take_boolean(&in), -1);
	WITH(in, "\x03\x02\x07\x80") CHECK(der_take_bits(&in, &out, &unused) == 0 && unused == 7);
	WITH(in, "\x03\x01\x00") CHECK(der_take_bits(&in, &out, &unused) == 0 && out.len == 0);
	WITH(in, "\x03\x01\x01") CHECK_INT(der_take_bits(&in, &out, &unused), -1);
	WITH(in, "\x03\x02\x08\x80") CHECK_INT(der_take_bits(&in, &out, &unused), -1);
	WITH(in, "\x03\x00") CHECK_INT(der_take_bits(&in, &out, &unused), -1);
}

static int64_t
read_time(int tag, const char *text)
{
	unsigned char data[32] = { (unsigned char)tag, (unsigned char)strlen(text) };
	struct der in = { data, 2 + strlen(text) };
	int64_t when = 0;

	memcpy(data + 2, text, strlen(text));
	return der_take_time(&in, &when) == 0 ? when : INT64_MIN;
}

static void
test_times(void)
{
	CHECK_INT(read_time(0x17, "700101000000Z"), 0);
	CHECK_INT(read_time(0x17, "691231235959Z"), -1);
	CHECK_INT(read_time(0x17, "500101000000Z"), -631152000);
	CHECK_INT(read_time(0x17, "491231235959Z"), 2524607999);
	CHECK_INT(read_time(0x17, "380119031408Z"), 2147483648);
	CHECK_INT(read_time(0x18, "20000229120000Z"), 951825600);
	CHECK_INT(read_time(0x18, "21000228235959Z"), 4107542399);
	CHECK_INT(read_time(0x18, "99991231235959Z"), 253402300799);
	CHECK_INT(read_time(0x18, "00010101000000Z"), -62135596800);
	CHECK_INT(read_time(0x18, "19000228000000Z"), -2203977600);
	CHECK(read_time(0x18, "21000229000000Z") == INT64_MIN);
	CHECK(read_time(0x18, "20010229000000Z") == INT64_MIN);
	CHECK(read_time(0x18, "20010100000000Z") == INT64_MIN);
	CHECK(read_time(0x18, "20010001000000Z") == INT64_MIN);
	CHECK(read_time(0x18, "20010101240000Z") == INT64_MIN);
	CHECK(read_time(0x18, "20010101006000Z") == INT64_MIN);
	CHECK(read_time(0x18, "20010101000000+") == INT64_MIN);
	CHECK(read_time(0x18, "2001010100000.Z") == INT64_MIN);
	CHECK(read_time(0x18, "20010101000000.5Z") == INT64_MIN);
	CHECK(read_time(0x17, "20010101000000Z") == INT64_MIN);
	CHECK(read_time(0x17, "0101010000Z") == INT64_MIN);
	CHECK(read_time(0x17, "010101000000+0100") == INT64_MIN);
	CHECK(read_time(0x17, "0x0101000000Z") == INT64_MIN);
}

int
main(void)
{
	test_headers();
	test_lengths();
	test_numbers();
	test_times();
	return check_done("der");
}
