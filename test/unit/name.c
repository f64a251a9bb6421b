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
	test_bad_utf8();
	test_parent();
	return check_done("name");
}
