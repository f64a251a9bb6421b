/* name: the one form of host names; RFC 3492's samples, and what is no host name. */
#include "check.h"
#include "lib/rules/name.h"

static const char *
normal(const char *text, size_t len)
{
	static char out[NAME_MAX_TEXT];
	char *guarded = check_guard(text, len);
	int n = name_normalise(out, guarded, len);

	check_unguard(guarded, len);
	if (n < 0)
		return "none";
	CHECK_INT(n, strlen(out));
	return out;
}

#define NORMAL(text, want) CHECK_STR(normal(text, strlen(text)), want)

static void
test_ascii(void)
{
	NORMAL("example.com", "example.com");
	NORMAL("WWW.Example.COM.", "www.example.com");
	NORMAL("_dmarc.a-b.c--d.x_y", "_dmarc.a-b.c--d.x_y");
	NORMAL("localhost", "localhost");
	NORMAL("1.2.3.4.example", "1.2.3.4.example");
	NORMAL("a1", "a1");
	NORMAL("", "none");
	NORMAL(".", "none");
	NORMAL("a..b", "none");
	NORMAL(".a", "none");
	NORMAL("a..", "none");
	NORMAL("a b", "none");
	NORMAL("a/b", "none");
	NORMAL("a*b", "none");
	NORMAL("1.2.3.4", "none");
	NORMAL("a.1", "none");
	NORMAL("1", "none");
	CHECK_STR(normal("a\0b", 3), "none");
}

static void
test_lengths(void)
{
	char text[300];

	memset(text, 'a', sizeof text);
	CHECK_INT(strlen(normal(text, 63)), 63);
	CHECK_STR(normal(text, 64), "none");
	for (size_t i = 63; i < sizeof text; i += 64)
		text[i] = '.';
	CHECK_INT(strlen(normal(text, 253)), 253);
	CHECK_INT(strlen(normal("a.", 2)), 1);
	CHECK_STR(normal(text, 254), "none");
}

/* RFC 3492 section 7.1, in lower case and as labels. */
static void
test_punycode(void)
{
	NORMAL("b\xc3\xbc"
	       "cher.example",
		"xn--bcher-kva.example");
	/* (B) Chinese (simplified), (E) Hebrew, (I) Russian */
	NORMAL("他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye");
	NORMAL("למההםפשוטלאמדבריםעברית", "xn--4dbcagdahymbxekheh6e0a7fei0b");
	NORMAL("почемужеонинеговорятпорусски", "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l");
	/* (L) and (S): mixed with ASCII, with hyphens of their own */
	NORMAL("3年b組金八先生", "xn--3b-ww4c5e180e575a65lsy2b");
	NORMAL("2-é", "xn--2--cja");
	NORMAL("😀.example", "xn--e28h.example");
}

/* What browsers make of it (UTS 46): each of these was asked of one. */
static void
test_letters(void)
{
	NORMAL("BÜCHER.example", "xn--bcher-kva.example");
	NORMAL("bu\xcc\x88"
	       "cher.example",
		"xn--bcher-kva.example");
	NORMAL("BU\xcc\x88"
	       "CHER.example",
		"xn--bcher-kva.example");
	NORMAL("straße.example", "xn--strae-oqa.example");
	NORMAL("ŁÓDŹ.example", "xn--d-uga0v4h.example");
	NORMAL("Ÿ.example", "xn--wda.example");
	NORMAL("ПОЧЕМУ.example", "xn--e1aoedxv.example");
	NORMAL("Ѐ.example", "xn--51a.example");
	NORMAL("ΆΛΦΑ.example", "xn--hxak3a7b.example");
	NORMAL("σάς.example", "xn--hxa8bb.example"); /* the last sigma stays one */
	NORMAL("ԱԲ.example", "xn--y9ac.example");
	/* two marks, in either order, and as two of three */
	NORMAL("e\xcc\xa3\xcc\x82.x", "xn--qlg.x");
	NORMAL("e\xcc\x82\xcc\xa3.x", "xn--qlg.x");
	NORMAL("\xe1\xba\xb9\xcc\x82.x", "xn--qlg.x");
	NORMAL("한글.x", "xn--bj0bj06e.x");
	NORMAL("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab\xe1\x84\x80\xe1\x85\xb3\xe1\x86\xaf.x",
		"xn--bj0bj06e.x");
	NORMAL("น้ำ.x", "xn--q3c4c8cq.x"); /* a vowel that is two */
	NORMAL("ｅｘａｍｐｌｅ．ｃｏｍ", "example.com");
	NORMAL("a。b．c｡", "a.b.c");
	NORMAL("ab\xc2\xad"
	       "c\xe2\x80\x8b\xe2\x81\xa0.x",
		"abc.x");
	NORMAL("❤\xef\xb8\x8f.x", "xn--qei.x");
	NORMAL("نامه\xe2\x80\x8cای.x", "xn--mgba3gch31f060k.x");
}

/* What a browser would map to something else, or refuse, is no host name rather than another one. */
static void
test_refused(void)
{
	static const char *const refused[] = { "ﬁ.x", "İ.x", "ǆ.x", "ẞ.x", "№.x", "𝐚.x", "㎏.x",
		"a\xe2\x80\x8d"
		"b.x",
		"a\xe2\x80\xae.x",
		"\xcc\x81"
		"a.x",
		"か\xe3\x82\x99.x", "α\xcc\x93.x", "\xef\xa4\x80.x", "Ა.x", "⼀.x", "ﾊ.x",
		"a\xc2\xa0"
		"b.x",
		"＿！.x", "\xe2\x80\x8b.x", "\xee\x80\x80.x", "１.２.３.４", "。a", "a。。b" };

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		NORMAL(refused[i], "none");
}

static void
test_bad_utf8(void)
{
	static const char *const bad[] = { "\x80.x", "\xc3.x", "\xc0\xaf.x", "\xe0\x80\xaf.x",
		"\xed\xa0\x80.x", "\xf4\x90\x80\x80.x", "\xf5\x80\x80\x80.x", "\xc3\x28.x", "x\xe4",
		"x\xf0\x9f\x98", "\xc3\xa9/.x" };
	char text[200] = "";

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		NORMAL(bad[i], "none");
	for (int i = 0; i < 64; i++)
		strncat(text, "\xc3\xa9", 3);
	CHECK_STR(normal(text, 128), "none"); /* 64 letters */
	CHECK_STR(normal(text, 126), "none"); /* 63, which is too long when encoded */
	CHECK(strcmp(normal(text, 80), "none") != 0);
}

static void
test_parent(void)
{
	CHECK_STR(name_parent("a.b.c"), "b.c");
	CHECK(name_parent("c") == NULL);
}

int
main(void)
{
	test_ascii();
	test_lengths();
	test_punycode();
	test_letters();
	test_refused();
	test_bad_utf8();
	test_parent();
	return check_done("name");
}
