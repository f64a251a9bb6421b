/* dname: what is the same name, and what is not; hashes that agree; no byte read past the end. */
#include "check.h"
#include "lib/x509/dname.h"

/* A Name of one RDN with one commonName, of this tag and text, in guarded memory. */
static struct der
name_of(int tag, const char *text, size_t len)
{
	unsigned char out[256] = { 0x30, (unsigned char)(len + 11), 0x31, (unsigned char)(len + 9),
		0x30, (unsigned char)(len + 7), 0x06, 3, 0x55, 0x04, 0x03, (unsigned char)tag,
		(unsigned char)len };

	memcpy(out + 13, text, len);
	return (struct der){ check_guard(out, len + 13), len + 13 };
}

static void
release(struct der *d)
{
	check_unguard((void *)(uintptr_t)d->p, d->len);
}

static void
compare(int tag_a, const char *a, size_t a_len, int tag_b, const char *b, size_t b_len, bool want)
{
	struct der x = name_of(tag_a, a, a_len), y = name_of(tag_b, b, b_len);

	CHECK_INT(dname_same(&x, &y), want);
	CHECK_INT(dname_same(&y, &x), want);
	CHECK_INT(dname_hint(&x) == dname_hint(&y), want);
	CHECK(dname_hint(&x) != 0);
	release(&x);
	release(&y);
}

#define SAME(tag_a, a, tag_b, b)  compare(tag_a, a, sizeof(a) - 1, tag_b, b, sizeof(b) - 1, true)
#define OTHER(tag_a, a, tag_b, b) compare(tag_a, a, sizeof(a) - 1, tag_b, b, sizeof(b) - 1, false)
enum {
	UTF8 = DER_UTF8_STRING,
	PRINTABLE = DER_PRINTABLE_STRING,
	TELETEX = DER_TELETEX_STRING,
	IA5 = DER_IA5_STRING,
	VISIBLE = DER_VISIBLE_STRING,
	BMP = DER_BMP_STRING,
	UNIVERSAL = DER_UNIVERSAL_STRING
};

static void
test_texts(void)
{
	SAME(UTF8, "Acme Ltd", PRINTABLE, "ACME lTD");
	SAME(UTF8, "Acme Ltd", PRINTABLE, "  Acme \t\r\n  Ltd ");
	SAME(UTF8, "", PRINTABLE, "   ");
	SAME(IA5, "a@b", VISIBLE, "A@B");
	SAME(TELETEX, "\xe9", UTF8, "\xc3\xa9");
	SAME(BMP, "\0a\0 \0 \0B", UTF8, "A b");
	SAME(BMP, "\x20\xac\0x", UTF8, "\xe2\x82\xacX");
	SAME(BMP, "\x01\x51", UTF8, "\xc5\x91");
	SAME(BMP, "\0 \0\xe9\0 ", TELETEX, " \xe9");
	SAME(UTF8, "\xff\xfe", UTF8, "\xff\xfe"); /* nonsense is itself */
	SAME(BMP, "odd", BMP, "odd");
	SAME(UNIVERSAL, "\0\0\0a", UNIVERSAL, "\0\0\0a");

	OTHER(UTF8, "Acme", PRINTABLE, "Acm");
	OTHER(UTF8, "Acme", PRINTABLE, "A cme");
	OTHER(UTF8, "a\0b", PRINTABLE, "a");
	OTHER(UTF8, "\xc3\xa9", UTF8, "\xc3\x89"); /* case is folded for ASCII alone */
	OTHER(UTF8, "\xc3\xa9", PRINTABLE, "e");
	OTHER(BMP, "od", BMP, "odd");
	OTHER(BMP, "abc", UTF8, "abc"); /* no BMPString at all */
	OTHER(UNIVERSAL, "\0\0\0a", UTF8, "a");
	OTHER(UNIVERSAL, "\0\0\0a", UNIVERSAL, "\0\0\0A");
	OTHER(DER_OCTET_STRING, "a", UTF8, "a");
	OTHER(DER_OCTET_STRING, "a ", DER_OCTET_STRING, "a");
	OTHER(DER_OCTET_STRING, "", UTF8, "");
}

/* The stream of a text that is cut anywhere ends, and each of its bytes is one of a text. */
static void
test_stream(void)
{
	static const char text[] = " \0\xe9 \x20\xac  B\xc3\xa9\0 ";
	static const int tags[] = { UTF8, TELETEX, BMP };
	struct dname_text t;
	struct der value;
	size_t cut, i, n;
	unsigned char *p;

	for (cut = 0; cut < sizeof text; cut++) {
		p = check_guard(text, cut);
		value = (struct der){ p, cut };
		for (i = 0; i < 3; i++) {
			if (!dname_text_start(&t, tags[i], &value))
				continue;
			for (n = 0; dname_text_next(&t) >= 0; n++)
				;
			CHECK(n <= 3 * cut);
			CHECK_INT(dname_text_next(&t), -1);
		}
		check_unguard(p, cut);
	}
}

/* Borders between attributes and RDNs count; types of no bytes and values of all kinds don't confuse. */
static void
test_structure(void)
{
#define NAME(text) ((struct der){ (const unsigned char *)(text), sizeof(text) - 1 })
	const struct der all[] = {
		NAME("\x30\x00"),
		NAME("\x30\x0a\x31\x08\x30\x06\x06\x01\x2a\x0c\x01"
		     "a"),
		NAME("\x30\x0b\x31\x09\x30\x07\x06\x01\x2a\x0c\x02"
		     "aa"),
		NAME("\x30\x0a\x31\x08\x30\x06\x06\x01\x2b\x0c\x01"
		     "a"),
		NAME("\x30\x09\x31\x07\x30\x05\x06\x00\x0c\x01"
		     "a"),
		NAME("\x30\x09\x31\x07\x30\x05\x06\x01\x2a\x04\x00"),
		NAME("\x30\x09\x31\x07\x30\x05\x06\x01\x2a\x05\x00"),
		/* two RDNs, and one of two */
		NAME("\x30\x14\x31\x08\x30\x06\x06\x01\x2a\x0c\x01"
		     "a\x31\x08\x30\x06\x06\x01\x2a\x0c\x01"
		     "a"),
		NAME("\x30\x12\x31\x10\x30\x06\x06\x01\x2a\x0c\x01"
		     "a\x30\x06\x06\x01\x2a\x0c\x01"
		     "a"),
	};
	size_t i, k;

	for (i = 0; i < sizeof all / sizeof all[0]; i++)
		for (k = 0; k < sizeof all / sizeof all[0]; k++) {
			CHECK_INT(dname_same(&all[i], &all[k]), i == k);
			CHECK_INT(dname_hint(&all[i]) == dname_hint(&all[k]), i == k);
		}
}

int
main(void)
{
	test_texts();
	test_stream();
	test_structure();
	return check_done("dname");
}
