/* list: every form of line, every kind of what can't be meant, paths; input ends at a guard page. */
#include "check.h"
#include "lib/rules/list.h"
#include "lib/rules/path.h"

/* One line as "host|host/path$end" or the kinds in <>. */
static const char *
read_rules(const char *text, size_t len)
{
	static char out[4096];
	char *line = check_guard(text, len), ip[NET_ADDR_TEXT];
	struct list_line l;
	struct list_rule r;
	enum list_kind kind;
	size_t n = 0;

	out[0] = '\0';
	list_init(&l, line, len);
	while ((kind = list_next(&l, &r)) != LIST_END) {
		n += (size_t)snprintf(out + n, sizeof out - n, "%s", n > 0 ? " " : "");
		if (kind != LIST_RULE) {
			n += (size_t)snprintf(
				out + n, sizeof out - n, "<%s>", list_kind_text(kind));
			continue;
		}
		n += (size_t)snprintf(out + n, sizeof out - n, "%s", r.except ? "@" : "");
		if (r.is_address)
			n += (size_t)snprintf(out + n, sizeof out - n, "%s/%u",
				net_addr_format(ip, &r.range.base, false), r.range.bits);
		else
			n += (size_t)snprintf(out + n, sizeof out - n, "%s", r.host);
		if (r.path_len > 0)
			n += (size_t)snprintf(out + n, sizeof out - n, " %.*s %c%s",
				(int)r.path_len, r.path, "xqo"[r.end], r.adblock ? "a" : "");
	}
	check_unguard(line, len);
	return out;
}

#define RULES(text, want) CHECK_STR(read_rules(text, sizeof(text) - 1), want)

static void
test_hosts(void)
{
	RULES("example.com", "example.com");
	RULES("  Example.COM. \r", "example.com");
	RULES("\xef\xbb\xbf"
	      "example.com",
		"example.com");
	RULES("*.example.com", "example.com");
	RULES(".example.com", "example.com");
	RULES("example.com:8080", "example.com");
	RULES("example.com # why", "example.com");
	RULES("example.com#why", "example.com");
	RULES("bücher.example", "xn--bcher-kva.example");
	RULES("com", "com");
	RULES("0.0.0.0 a.x b.x\tc.x # d.x", "a.x b.x c.x");
	RULES("127.0.0.1 localhost a.x", "<local names> a.x");
	RULES(":: a.x", "a.x");
	RULES("::1 a.x", "a.x");
	RULES("0.0.0.0 a..x b.x", "<lines not understood> b.x");
	RULES("address=/a.x/", "a.x");
	RULES("address=/a.x/b.x/0.0.0.0", "a.x b.x");
	RULES("address=/a.x/::", "a.x");
	RULES("address=/a.x/#", "a.x");
	RULES("local=/a.x/", "a.x");
	RULES("server=/a.x/", "a.x");
	RULES("||a.x^", "a.x");
	RULES("@@||a.x^", "@a.x");
	RULES("||a.x^|", "a.x");
	RULES("||a.x/", "a.x");
	RULES("||a.x/*", "a.x");
	RULES("a.x/*", "a.x");
	RULES("||*.a.x^", "<patterns for hosts>");
	RULES("HTTP://A.x/", "a.x / q");
	RULES("a.x:", "<lines not understood>");
	RULES("||a.x^$important", "a.x");
	RULES("@@||a.x^$important", "@a.x");
	RULES("@@||a.x^$all,important", "@a.x");
	RULES("||a.x^$important,script", "<rules with $options>");
	RULES("||a.x^$", "<rules with $options>");
	/* what hosts files have for nowhere */
	RULES("0 a.x", "a.x");
	RULES("0.0.0.1 a.x", "a.x");
	RULES("127.1 a.x", "a.x");
	RULES("127.0.0.53 a.x", "a.x");
	RULES("::0 a.x", "a.x");
	RULES("0:0:0:0:0:0:0:1 a.x", "a.x");
	RULES("::ffff:0.0.0.0 a.x", "a.x");
	RULES("address=/a.x/0", "a.x");
	RULES("1.0.0.0 a.x", "<redirects to an address>");
	RULES("::2 a.x", "<redirects to an address>");
	RULES("0", "<lines not understood>");
}

/* What pages and other alphabets leave in lists. */
static void
test_letters(void)
{
	RULES("\xc2\xa0"
	      "a.x\xc2\xa0",
		"a.x");
	RULES("\xe2\x80\x8b"
	      "a.x\xe2\x80\x8b\xef\xbb\xbf\r",
		"a.x");
	RULES("a\xe2\x80\x8b"
	      "b.x",
		"ab.x");
	RULES("0.0.0.0\xc2\xa0"
	      "a.x\xe3\x80\x80"
	      "b.x",
		"a.x b.x");
	RULES("\xe2\x80\x8e# a comment", "");
	RULES("a.x\xc2\xa0# a comment", "a.x");
	RULES("BÜCHER.example", "xn--bcher-kva.example");
	RULES("bu\xcc\x88"
	      "cher.example",
		"xn--bcher-kva.example");
	RULES("bücher。example", "xn--bcher-kva.example");
	RULES("ａｄｓ．example", "ads.example");
	RULES("||Пример.example^", "xn--e1afmkfd.example");
	RULES("a\xe2\x80\x8d"
	      "b.x",
		"<names with letters that no browser sends>");
	RULES("ﬁ.example", "<names with letters that no browser sends>");
	RULES("a\xff.x", "<names with letters that no browser sends>");
	RULES("\xc2\xa0", "");
	RULES("\xc2", "<names with letters that no browser sends>");
	RULES("a.x \xe2\x80", "<lines not understood>");
}

static void
test_addresses(void)
{
	RULES("1.2.3.4", "1.2.3.4/32");
	RULES("0.0.0.0", "0.0.0.0/32");
	RULES("10.1.2.3/8", "10.0.0.0/8");
	RULES("2001:db8::/32", "2001:db8::/32");
	RULES("::1", "::1/128");
	RULES("1.2.3.4:80", "1.2.3.4/32");
	RULES("||1.2.3.4^", "1.2.3.4/32");
	RULES("1.2.3", "<lines not understood>");
	RULES("1.2.3.4/bin.sh", "1.2.3.4/32 /bin.sh q");
	RULES("1.2.3.4/1234", "1.2.3.4/32 /1234 q");
	RULES("http://1.2.3.4/24", "1.2.3.4/32 /24 q");
	RULES("[2001:db8::1]", "2001:db8::1/128");
	RULES("[2001:db8::1]:443", "2001:db8::1/128");
	RULES("[2001:db8::]/32", "2001:db8::/32");
	RULES("[2001:db8::1]/x", "2001:db8::1/128 /x q");
	RULES("https://[2001:db8::1]:8443/x", "2001:db8::1/128 /x q");
	RULES("||[2001:db8::1]^", "2001:db8::1/128");
	RULES("||10.1.2.3/8^", "10.0.0.0/8");
	RULES("||10.1.2.3/8", "10.0.0.0/8");
	RULES("@@||2001:db8::/32^", "@2001:db8::/32");
	RULES("||1.2.3.4/bin", "1.2.3.4/32 /bin oa");
	RULES("||1.2.3.4^", "1.2.3.4/32");
	RULES("[1.2.3.4]", ""); /* a comment, like [Adblock] */
	RULES("[2001:db8::1", "");
	RULES("[2001:db8::1]x", "<lines not understood>");
#define NO_PREFIX(text) RULES(text, "<addresses with an impossible prefix length>")
	NO_PREFIX("1.2.3.4/33");
	NO_PREFIX("10.0.0.0/024");
	NO_PREFIX("10.0.0.0/255.0.0.0");
	NO_PREFIX("2001:db8::/129");
	NO_PREFIX("[2001:db8::]/129");
	NO_PREFIX("||10.0.0.0/33^");
}

static void
test_paths(void)
{
	RULES("a.x/p*", "a.x /p* q");
	RULES("a.x/", "a.x / q");
	RULES("http://a.x/p", "a.x /p q");
	RULES("https://a.x:8443/p?q=1", "a.x /p?q=1 x");
	RULES("https://a.x", "a.x");
	RULES("||a.x/p", "a.x /p oa");
	RULES("||a.x/p|", "a.x /p xa");
	RULES("||a.x^p*q", "a.x ^p*q oa");
	RULES("@@||a.x/p", "@a.x /p oa");
	RULES("a.x//%70/../q%2f*?r=%c3%bc", "a.x /q/*?r=\xc3\xbc x");
	RULES("a.x/%2a", "a.x /%2A q");
	RULES("a.x//*", "a.x");
	RULES("||a.x/%2e/", "a.x");
}

static void
test_nothing(void)
{
	RULES("", "");
	RULES("   \t\r", "");
	RULES("# x", "");
	RULES("! x", "");
	RULES("[Adblock Plus 2.0]", "");
	RULES("#", "");
	RULES("##", "");
	RULES("## Title", "");
	RULES("########", "");
	RULES("#---", "");
}

static void
test_kinds(void)
{
	RULES("a.x##.ad", "<cosmetic filters>");
	RULES("##.ad", "<cosmetic filters>");
	RULES("###ad", "<cosmetic filters>");
	RULES("a.x#@#.ad", "<cosmetic filters>");
	RULES("a.x,b.x#?#.ad", "<cosmetic filters>");
	RULES("/ad[0-9]/", "<regular expressions>");
	RULES("/ad[0-9]/$script", "<regular expressions>");
	RULES("||a.x^$script", "<rules with $options>");
	RULES("a.x$script", "<rules with $options>");
	RULES("a.x/p$script", "<rules with $options>");
	RULES("@@||a.x^$elemhide", "<rules with $options>");
	RULES("/ads/*", "<patterns for hosts>");
	RULES("/banner", "<patterns for hosts>");
	RULES("||a.x", "<patterns for hosts>");
	RULES("||ads.*^", "<patterns for hosts>");
	RULES("||ads*.x^", "<patterns for hosts>");
	RULES("@@a.x", "<patterns for hosts>");
	RULES("|https://a.x/", "<patterns for hosts>");
	RULES("ad*.x", "<patterns for hosts>");
	RULES("-ad-300x250^", "<patterns for hosts>");
	RULES("&ad_box_", "<patterns for hosts>");
	RULES("@@", "<patterns for hosts>");
	RULES("||", "<patterns for hosts>");
	RULES("192.0.2.1 a.x", "<redirects to an address>");
	RULES("fe80::1%lo0 localhost", "<redirects to an address>");
	RULES("address=/a.x/192.0.2.1", "<redirects to an address>");
	RULES("server=/a.x/192.0.2.1", "<redirects to an address>");
	RULES("server=/a.x/#", "<redirects to an address>");
	RULES("0.0.0.0 localhost", "<local names>");
	RULES("192.0.2.40-192.0.2.50",
		"<spans of addresses (write 192.0.2.40-192.0.2.50 as 192.0.2.40/29, "
		"192.0.2.48/31, 192.0.2.50)>");
	RULES("192.0.2.40-50.example", "192.0.2.40-50.example");
	RULES("a b", "<lines not understood>");
	RULES("address=/", "<lines not understood>");
	RULES("address=//", "<lines not understood>");
	RULES("a\0b.x", "<lines not understood>");
	RULES("https://", "<lines not understood>");
	RULES("||^", "<lines not understood>");
}

static void
test_long(void)
{
	char text[LIST_LINE + 10];

	memset(text, 'a', sizeof text);
	CHECK_STR(read_rules(text, LIST_LINE + 1), "<lines too long>");
	CHECK_STR(read_rules(text, LIST_LINE), "<lines not understood>");
	memcpy(text, "a.x/", 4);
	CHECK(strstr(read_rules(text, 3 + LIST_PATH), "a.x /aaa") != NULL);
	CHECK_STR(read_rules(text, 4 + LIST_PATH), "<lines too long>");
	/* a path counts as long as it is when decoded */
	for (size_t i = 4; i + 2 < 3 + 3 * LIST_PATH; i++)
		text[i] = "%d0"[(i - 4) % 3];
	CHECK(strstr(read_rules(text, 4 + 3 * (LIST_PATH - 1)), "a.x /\xd0\xd0") != NULL);
	CHECK_STR(read_rules(text, 4 + 3 * LIST_PATH), "<lines too long>");
}

/* Does the rule in `line` match this path? */
static bool
matches(const char *line, const char *path)
{
	struct list_line l;
	struct list_rule r;
	static char canonical[32768];
	size_t len = path_read(canonical, path, strlen(path), PATH_CANONICAL);
	char *guarded = check_guard(canonical, len);
	bool yes;

	list_init(&l, line, strlen(line));
	if (list_next(&l, &r) != LIST_RULE || r.path_len == 0)
		return false;
	yes = list_matches_path(&r, guarded, len);
	check_unguard(guarded, len);
	return yes;
}

static void
test_matching(void)
{
	char path[32768], line[LIST_PATH + 4];

	CHECK(matches("a.x/p", "/p") && matches("a.x/p", "/p?q") && !matches("a.x/p", "/pq"));
	CHECK(!matches("a.x/p", "/") && !matches("a.x/p", "") && !matches("a.x/p", "/P"));
	CHECK(matches("a.x/p*", "/p") && matches("a.x/p*", "/pq/r?s"));
	CHECK(matches("a.x/*.js", "/a.js.js") && !matches("a.x/*.js", "/a.js.x"));
	CHECK(matches("a.x/a*b*c", "/a1b2b3c") && !matches("a.x/a*b*c", "/a1c2b"));
	CHECK(matches("a.x/p?q=*", "/p?q=1") && !matches("a.x/p?q=", "/p?q=1"));
	CHECK(matches("a.x/%7eu", "/~u") && matches("a.x/~u", "/%7eu") &&
		matches("a.x/~u", "/%7Eu"));
	CHECK(matches("a.x/a/b", "/a%2fb") && matches("a.x/a%2fb", "/a%2fb"));
	CHECK(matches("a.x/b\xc3\xbc*", "/b%C3%BCcher") && matches("a.x/b%c3%bc*", "/b\xc3\xbcr"));
	CHECK(matches("a.x//secret*", "/x/..%2fsecret") && matches("a.x/%73ecret", "//secret?q"));
	CHECK(matches("a.x/%2a", "/*") && matches("a.x/%2a", "/%2A") && !matches("a.x/%2a", "/b"));
	CHECK(matches("||a.x/%5e|", "/^") && !matches("||a.x/%5e|", "//"));
	CHECK(matches("||a.x/\xc3\xbc", "/%c3%bc") && !matches("||a.x/\xc3\xbc", "/%c3%9c"));
	CHECK(!matches("a.x/~u", "/%7") && !matches("a.x/~", "/%7g"));
	CHECK(matches("||a.x/P", "/path") && matches("||a.x/p|", "/P") &&
		!matches("||a.x/p|", "/pq"));
	CHECK(matches("||a.x^ad^", "/ad") && matches("||a.x^ad^", "/ad/x") &&
		matches("||a.x^ad^", "/ad?x"));
	CHECK(!matches("||a.x^ad^", "/ads") && !matches("||a.x^ad^", "/ad%20") &&
		!matches("||a.x^ad^", "/ad-x"));
	CHECK(matches("||a.x^*^ad", "/x/ad") && matches("||a.x/x*^|", "/xyz"));
	CHECK(matches("a.x/a^b", "/a^b") && !matches("a.x/a^b", "/a/b"));
	/* the worst that a list and a client can do together */
	memset(path, 'a', sizeof path - 1);
	path[0] = '/';
	path[sizeof path - 1] = '\0';
	memset(line, 'a', sizeof line);
	memcpy(line, "a.x/*", 5);
	line[sizeof line - 2] = 'b';
	line[sizeof line - 1] = '\0';
	CHECK(!matches(line, path));
}

int
main(void)
{
	test_hosts();
	test_addresses();
	test_letters();
	test_paths();
	test_nothing();
	test_kinds();
	test_long();
	test_matching();
	return check_done("list");
}
