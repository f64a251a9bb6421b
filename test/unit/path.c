/* path: what is the same in a target and what is not, the readings where servers differ, and what holds for any text. */
#include "check.h"
#include "lib/rules/path.h"

#include <stdint.h>

/* A reading of a text that ends at a guard page, written to as many bytes as it has. */
static const char *
read_guarded(const char *text, size_t len, enum path_reading reading, bool is_pattern)
{
	static char shown[70000];
	char *in = check_guard(text, len), *out = check_guard(text, len);
	size_t n = is_pattern ? path_read_pattern(out, in, len) : path_read(out, in, len, reading);

	CHECK(n <= len);
	memcpy(shown, out, n);
	shown[n] = '\0';
	check_unguard(in, len);
	check_unguard(out, len);
	return shown;
}

#define READ(text, want) CHECK_STR(read_guarded(text, strlen(text), PATH_CANONICAL, false), want)

/* Each must be judged as a rule for /secret* wants. */
static void
test_secret(void)
{
	static const char *const texts[] = { "/secret", "//secret", "/./secret", "/%2e/secret",
		"/x/../secret", "/x/..%2fsecret", "/x%2f..%2Fsecret", "/x/%2e%2e/secret",
		"/x/.%2E/secret", "/x/%2e./secret", "/%73ecret", "/%73%65%63%72%65%74", "\\secret",
		"/x\\..\\secret", "/x/..%5csecret", "/%2fsecret", "///x//..//secret",
		"/../../secret", "/..%2f..%2fsecret", "/x/y/../../secret", "/x/./.././secret",
		"/%2F%2e%2F/secret", "/x/y/..\\..%2fsecret" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		READ(texts[i], "/secret");
	READ("/secret%00", "/secret%00");
	READ("/secret%0a", "/secret%0A");
	READ("/secret/", "/secret/");
	READ("/secret/.", "/secret/");
	READ("/secret/x/..", "/secret/");
	READ("/Secret", "/Secret"); /* letters keep their case */
}

static void
test_path(void)
{
	READ("", "");
	READ("/", "/");
	READ("*", "*");
	READ("%w/..%2fBC", "%w/BC");
	READ("/.", "/");
	READ("/..", "/");
	READ("/...", "/...");
	READ("/.a/..b/c.", "/.a/..b/c.");
	READ("/a/b/../", "/a/");
	READ("/%41%7a%7E%2d%5f", "/Az~-_");
	READ("/%c3%bc", "/\xc3\xbc");
	READ("/\xc3\xbc", "/\xc3\xbc");
	READ("/%40user/a%2Cb", "/@user/a,b");
	READ("/a%20b%23c%3fd%25e", "/a%20b%23c%3Fd%25e");
	READ("/%2541", "/%2541"); /* once */
	READ("/%252e%252e/a", "/%252e%252e/a");
	READ("/%2a%5e", "/*^");
	READ("/a;b/c;d=e", "/a;b/c;d=e");
	/* what is no escape, and must not become one */
	READ("/%", "/%");
	READ("/%4", "/%4");
	READ("/%zz", "/%zz");
	READ("/%%34%31", "/%%341");
	READ("/%4%31", "/%4%31");
	READ("/a%\\41", "/a%/41");
}

static void
test_query(void)
{
	READ("/a?b", "/a?b");
	READ("/a/../b?c/../d//e\\f", "/b?c/../d//e\\f");
	READ("/a?b=%2e%2E%2f%5C", "/a?b=../\\");
	READ("/a?q=%c3%bc%20+%26%3d%2b%3b%25%23", "/a?q=\xc3\xbc%20+%26%3D%2B%3B%25%23");
	READ("/a?b?c%3fd", "/a?b?c?d");
	READ("/a%3fb/../c", "/c");
	READ("?a/../b", "?a/../b");
	READ("/x/..?y", "/?y");
}

static void
test_readings(void)
{
	static const struct {
		const char *text, *canonical, *sent, *browsers, *servlets;
	} cases[] = {
		{ "/a/../b", "/b", "/a/../b", "/b", "/b" },
		{ "/a%2fb/../c", "/a/c", "/a/b/../c", "/c", "/a/c" },
		{ "/a//../b", "/b", "/a/../b", "/a/b", "/b" },
		{ "/a/..%2fb", "/b", "/a/../b", "/a/../b", "/b" },
		{ "/a\\..\\b", "/b", "/a/../b", "/b", "/b" },
		{ "/a/..%5cb", "/b", "/a/../b", "/a/../b", "/b" },
		{ "/a/..;/b", "/a/..;/b", "/a/..;/b", "/a/..;/b", "/b" },
		{ "/a;x/b;y=z", "/a;x/b;y=z", "/a;x/b;y=z", "/a;x/b;y=z", "/a/b" },
		{ "/;x/;y/a", "/;x/;y/a", "/;x/;y/a", "/;x/;y/a", "/a" },
		{ "/a;x?b;y", "/a;x?b;y", "/a;x?b;y", "/a;x?b;y", "/a?b;y" },
		{ "/a?../b", "/a?../b", "/a?../b", "/a?../b", "/a?../b" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *text = cases[i].text;
		size_t len = strlen(text);

		CHECK_STR(read_guarded(text, len, PATH_CANONICAL, false), cases[i].canonical);
		CHECK_STR(read_guarded(text, len, PATH_AS_SENT, false), cases[i].sent);
		CHECK_STR(read_guarded(text, len, PATH_AS_BROWSERS, false), cases[i].browsers);
		CHECK_STR(read_guarded(text, len, PATH_AS_SERVLETS, false), cases[i].servlets);
	}
}

static void
test_patterns(void)
{
#define PATTERN(text, want) CHECK_STR(read_guarded(text, strlen(text), PATH_CANONICAL, true), want)
	PATTERN("/a//%62*", "/a/b*");
	PATTERN("/%2a%5e*^", "/%2A%5E*^");
	PATTERN("^a/../b", "^a/b");
	PATTERN("^x%3ay", "^x:y");
}

/* --- what holds for any text --- */

static uint32_t state = 12345;

static uint32_t
draw(uint32_t n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

/* Texts of what matters, with some bytes that don't. */
static size_t
make_text(char *out, size_t most)
{
	static const char *const parts[] = { "/", "/", ".", "..", "%2e", "%2F", "%5c", "\\", ";",
		"?", "%", "%25", "4", "1", "e", "a", "%41", "%C3", "\xc3", "%00", "*", "%2a" };
	size_t len = 0;

	if (draw(8) > 0)
		out[len++] = '/';
	for (uint32_t i = draw(14); i > 0; i--) {
		const char *part = parts[draw(sizeof parts / sizeof *parts)];
		size_t n = strlen(part);

		if (len + n > most)
			break;
		memcpy(out + len, part, n);
		len += n;
	}
	return len;
}

static bool
has_dots(const char *text, size_t len)
{
	for (size_t i = 0; i + 1 < len && text[i] != '?'; i++) {
		size_t end = i + 1;

		while (end < len && text[end] == '.')
			end++;
		if (text[i] == '/' && end > i + 1 && end < i + 4 &&
			(end == len || text[end] == '/' || text[end] == '?'))
			return true;
	}
	return false;
}

static void
test_random(void)
{
	char text[64], out[PATH_READINGS][64], again[64];
	size_t len, n[PATH_READINGS], m;

	for (int round = 0; round < 200000; round++) {
		len = make_text(text, sizeof text);
		for (unsigned r = 0; r < PATH_READINGS; r++) {
			n[r] = path_read(out[r], text, len, (enum path_reading)r);
			/* in place, and never longer */
			memcpy(again, text, len);
			m = path_read(again, again, len, (enum path_reading)r);
			if (m != n[r] || m > len || memcmp(again, out[r], m) != 0)
				CHECK(false);
		}
		/* what is canonical stays so */
		m = path_read(again, out[0], n[0], PATH_CANONICAL);
		if (m != n[0] || memcmp(again, out[0], m) != 0)
			CHECK_STR("not the same when read twice", text);
		if (has_dots(out[PATH_CANONICAL], n[0]) || has_dots(out[PATH_AS_SERVLETS], n[3]))
			CHECK_STR("dots", text);
		/* as long as it came for servlets: one text for all */
		for (unsigned r = 0; r < PATH_READINGS && n[PATH_AS_SENT] == n[PATH_AS_SERVLETS];
			r++)
			if (n[r] != n[PATH_AS_SENT] || memcmp(out[r], out[1], n[r]) != 0)
				CHECK_STR("several readings", text);
	}
	CHECK(check_failed == 0);
}

/* A piece escaped anywhere changes nothing: every byte of a path in turn as an escape, in either case. */
static void
test_escaped(void)
{
	static const char path[] = "/Ab-1/~c.d/@e,f:g=h";
	char text[64], escape[4];

	for (size_t i = 1; i < sizeof path - 1; i++)
		for (int lower = 0; lower < 2; lower++) {
			snprintf(escape, sizeof escape, lower ? "%%%02x" : "%%%02X",
				(unsigned char)path[i]);
			snprintf(text, sizeof text, "%.*s%s%s", (int)i, path, escape, path + i + 1);
			READ(text, path);
		}
}

/* 32 KiB of what is dearest to resolve. */
static void
test_long(void)
{
	char text[32768];

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = "/a/.."[i % 5];
	CHECK_STR(read_guarded(text, sizeof text - 3, PATH_CANONICAL, false), "/");
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i < sizeof text / 2 ? "/a"[i % 2] : "/.."[(i - sizeof text / 2) % 3];
	CHECK(strlen(read_guarded(text, sizeof text, PATH_CANONICAL, false)) < 16384);
}

int
main(void)
{
	test_secret();
	test_path();
	test_query();
	test_readings();
	test_patterns();
	test_random();
	test_escaped();
	test_long();
	return check_done("path");
}
