/* target: what is a host and what is none, in which form it comes out.  Every text ends at a guard page. */
#include "check.h"
#include "lib/net/target.h"

static bool
is_target(const char *text)
{
	size_t len = strlen(text);
	struct target t;
	char *data = check_guard(text, len);
	int rc = target_parse(&t, data, len);

	check_unguard(data, len);
	CHECK(rc == 0 || t.host[0] == '\0');
	return rc == 0;
}

static void
target_is(const char *text, const char *host, uint16_t port, bool is_ip)
{
	struct target t;

	CHECK(is_target(text));
	target_parse(&t, text, strlen(text));
	CHECK_STR(t.host, host);
	CHECK_INT(t.port, port);
	CHECK(t.is_ip == is_ip);
}

static void
targets(void)
{
	static const char *const bad[] = { "", ":", ":80", ".", "..", "a..b", "1.2.3..", ".a",
		"a:", "a:0", "a:080", "a:65536", "a:99999", "a:8 0", "a:-1", "a:+1", "a:x",
		"a:80:80", "a b", "a/b", "a@b", "a%2eb", "a\\b", "a*b", "\xc3\xa4.de", "a,b", "1",
		"127.1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.04", "01.2.3.4", "0x7f.1",
		"0x7f000001", "a.0x", "a.0x1", "a.1", "1a.2", "2130706433", "[", "[]", "[:", "::1",
		"[::1", "[::1]x", "[::1]:", "[::g]", "[1.2.3.4]", "[fe80::1%eth0]",
		"[fe80::1%25eth0]", "[::ffff:1.2.3.4]", "[::ffff:102:304]", "[a]", "[::1]]",
		"[[::1]]", "a]", "a[", "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7]",
		"[1:2:3:4:5:6:7:8::]", "[::1:2:3:4:5:6:7:8]", "[1:2:3:4::5:6:7:8]", "[:::]",
		"[::1::]", "[1::2::3]", "[1:]", "[:1]", "[12345::]", "[::1.2.3.4]",
		"[0:0:0:0:0:ffff:1:2]", "[1:2:3:4:5:6:7:]", "[::-1]", "[::1 ]" };
	struct target a, b;
	char text[300];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (is_target(bad[i]))
			check_failed++, fprintf(stderr, "%s: taken for a host\n", bad[i]);
	target_is("Example.com", "example.com", 0, false);
	target_is("example.com.:443", "example.com", 443, false);
	target_is("_a-.-b:65535", "_a-.-b", 65535, false);
	target_is("1.2.3.4:1", "1.2.3.4", 1, true);
	target_is("0.0.0.0", "0.0.0.0", 0, true);
	target_is("1.2.3.4a", "1.2.3.4a", 0, false);
	target_is("xn--nxa.0xg", "xn--nxa.0xg", 0, false);
	target_is("[::1]:443", "::1", 443, true);
	target_is("[2001:DB8:0:0:0:0:0:1]", "2001:db8::1", 0, true);

	target_is("[::]", "::", 0, true);
	target_is("[0:0:0:0:0:0:0:0]:80", "::", 80, true);
	target_is("[1::]", "1::", 0, true);
	target_is("[1:0:0:2:0:0:0:3]", "1:0:0:2::3", 0, true);
	target_is("[1:0:0:2:3:0:0:4]", "1::2:3:0:0:4", 0, true);
	target_is("[1:0:2:3:4:5:6:7]", "1:0:2:3:4:5:6:7", 0, true);
	target_is("[0:1:2:3:4:5:6:7]", "0:1:2:3:4:5:6:7", 0, true);
	target_is("[1:2:3:4:5:6::7]", "1:2:3:4:5:6:0:7", 0, true);
	target_is("[1:2:3:4:5:6:7::]", "1:2:3:4:5:6:7:0", 0, true);
	target_is("[::2:3:4:5:6:7:8]", "0:2:3:4:5:6:7:8", 0, true);
	target_is("[00AB:0c0d::ffff:0010]", "ab:c0d::ffff:10", 0, true);
	target_is("[1111:2222:3333:4444:5555:6666:7777:8888]",
		"1111:2222:3333:4444:5555:6666:7777:8888", 0, true);

	memset(text, 'a', sizeof text);
	CHECK(target_parse(&a, text, 63) == 0);
	CHECK(target_parse(&a, text, 64) < 0);
	for (size_t i = 50; i < sizeof text; i += 50)
		text[i] = '.';
	CHECK(target_parse(&a, text, 253) == 0);
	CHECK(target_parse(&a, text, 254) < 0);
	text[252] = '\0';
	CHECK(target_parse(&a, text, 253) < 0);

	target_parse(&a, "h", 1);
	target_parse(&b, "H:443", 5);
	CHECK(target_same(&a, &b, 443) && !target_same(&a, &b, 80));
	target_parse(&b, "i", 1);
	CHECK(!target_same(&a, &b, 443));
	a.host[0] = b.host[0] = '\0';
	CHECK(!target_same(&a, &b, 443));
}

int
main(void)
{
	targets();
	return check_done("target");
}
