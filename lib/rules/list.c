/*
 * list: tells the form of a line by its first bytes, cuts it into targets, and reads a target as an
 * address, a range, a host, or a host with a path.  Every line of a million passes here twice, so the
 * common forms are decided first.
 */
#include "lib/rules/list.h"

#include <string.h>
#include <strings.h>
#include "lib/base/ascii.h"
#include "lib/rules/path.h"

/* A path as it is written: an octet takes three bytes as an escape and one in canonical form. */
enum { RAW_PATH = 3 * LIST_PATH };

static bool
is_blank(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\r' || ch == '\v' || ch == '\f';
}

static bool
is_graph(char ch)
{
	return ch > ' ' && ch < 0x7f;
}

static bool
is_within(unsigned char ch, unsigned char low, unsigned char high)
{
	return ch >= low && ch <= high;
}

/* Bytes of a blank at the beginning of text, 0: none.  U+A0, U+2000 to U+200A, U+202F, U+205F and U+3000 come
 * with what is copied from a page. */
static size_t
blank_length(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;

	if (len == 0 || p[0] < 0x80)
		return len > 0 && is_blank(*text);
	if (len >= 2 && p[0] == 0xc2)
		return p[1] == 0xa0 ? 2 : 0;
	if (len < 3)
		return 0;
	if (p[0] == 0xe2 && p[1] == 0x80)
		return is_within(p[2], 0x80, 0x8a) || p[2] == 0xaf ? 3 : 0;
	return (p[0] == 0xe2 && p[1] == 0x81 && p[2] == 0x9f) ||
			       (p[0] == 0xe3 && p[1] == 0x80 && p[2] == 0x80)
		       ? 3
		       : 0;
}

/* The same, or of what can't be seen and means nothing where a line begins or ends: U+200B to U+200F, U+2028 to
 * U+202E, U+2060 to U+2069, U+FEFF. */
static size_t
nothing_length(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t blank = blank_length(text, len);

	if (blank > 0 || len < 3 || p[0] < 0xe2)
		return blank;
	if (p[0] == 0xe2 && p[1] == 0x80)
		return is_within(p[2], 0x8b, 0x8f) || is_within(p[2], 0xa8, 0xae) ? 3 : 0;
	return (p[0] == 0xe2 && p[1] == 0x81 && is_within(p[2], 0xa0, 0xa9)) ||
			       (p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf)
		       ? 3
		       : 0;
}

static bool
begins(const char *text, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && memcmp(text, with, n) == 0;
}

static bool
is_text(const char *text, size_t len, const char *other)
{
	return len == strlen(other) && memcmp(text, other, len) == 0;
}

/* The addresses by which hosts files and dnsmasq say "nowhere": 0.0.0.0/8 and 127.0.0.0/8, as inet_aton takes them
 * too, ::, ::1. */
static bool
is_null_address(const char *text, size_t len)
{
	static const uint8_t zeros[15];
	struct net_addr a;

	if (is_text(text, len, "0.0.0.0") || is_text(text, len, "127.0.0.1"))
		return true; /* nearly always */
	if (is_text(text, len, "0") || is_text(text, len, "127.1"))
		return true;
	if (len == 0 || (!ascii_is_digit(*text) && *text != ':') ||
		net_addr_parse(&a, text, len) != 0)
		return false;
	if (a.family == 4)
		return a.ip[0] == 0 || a.ip[0] == 127;
	return memcmp(a.ip, zeros, sizeof zeros) == 0 && a.ip[15] <= 1;
}

static void
skip(struct list_line *l, size_t n)
{
	l->at += n;
	l->left -= n;
}

static size_t
nothing_at_end(const char *text, size_t len)
{
	if (len > 0 && (unsigned char)text[len - 1] < 0x80)
		return is_blank(text[len - 1]);
	for (size_t n = 2; n <= 3 && n <= len; n++)
		if (nothing_length(text + len - n, n) == n)
			return n;
	return 0;
}

static void
trim(struct list_line *l)
{
	size_t n;

	/* The first comparison is for speed: most lines begin and end so. */
	while (l->left > 0 && !is_graph(*l->at) && (n = nothing_length(l->at, l->left)) > 0)
		skip(l, n);
	while (l->left > 0 && !is_graph(l->at[l->left - 1]) &&
		(n = nothing_at_end(l->at, l->left)) > 0)
		l->left -= n;
}

/* The length of the first word. */
static size_t
word_length(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && ((unsigned char)text[n] < 0x80 ? !is_blank(text[n])
							 : blank_length(text + n, len - n) == 0))
		n++;
	return n;
}

/* --- the form of a line --- */

/* "##.ad", "###ad", "##[x]": hides page elements.  "## Title", "#####", "##----": a comment. */
static bool
is_generic_cosmetic(const struct list_line *l)
{
	size_t n = l->left > 3 && l->at[2] == '#' ? 3 : 2;

	return l->left > n && l->at[1] == '#' && !is_blank(l->at[n]) &&
	       memchr("#-=*_", l->at[n], 5) == NULL;
}

/* Cuts a comment off; or finds that the '#' is Adblock's: example.com##.ad, #@#, #?#, #$#, #%#. */
static void
cut_comment(struct list_line *l)
{
	const char *hash = memchr(l->at, '#', l->left);
	size_t before = hash != NULL ? (size_t)(hash - l->at) : 0;

	if (hash == NULL || before == 0 || hash[-1] == '/') /* server=/host/# */
		return;
	if (!is_blank(hash[-1]) && l->left - before > 1 && memchr("#@?$%", hash[1], 5) != NULL) {
		l->bad = LIST_COSMETIC;
		return;
	}
	l->left = before;
	trim(l);
}

/* address=/a/b/0.0.0.0: leaves "a/b". */
static void
start_dnsmasq(struct list_line *l, bool takes_address)
{
	size_t end = l->left, target;

	while (end > 0 && l->at[end - 1] != '/')
		end--;
	target = l->left - end;
	if (end < 2)
		l->bad = LIST_UNKNOWN;
	else if (target != 0 && !(takes_address && (is_null_address(l->at + end, target) ||
							   is_text(l->at + end, target, "#"))))
		l->bad = LIST_REDIRECT;
	else
		l->left = end - 1;
	l->named = true;
}

/* "important,all": options that take nothing away from what a rule says of a whole host. */
static bool
are_void_options(const char *text, size_t len)
{
	for (size_t n; len > 0; text += n, len -= n) {
		const char *comma = memchr(text, ',', len);

		n = comma != NULL ? (size_t)(comma - text) : len;
		if (!is_text(text, n, "important") && !is_text(text, n, "all"))
			return false;
		n += comma != NULL;
	}
	return true;
}

/* ||host^ and what follows; the '$' of options is looked for in the whole line. */
static void
start_adblock(struct list_line *l)
{
	const char *dollar = memchr(l->at, '$', l->left);
	size_t before = dollar != NULL ? (size_t)(dollar - l->at) : l->left;

	l->plain = false;
	if (dollar != NULL && before + 1 < l->left &&
		are_void_options(dollar + 1, l->left - before - 1))
		l->left = before;
	else if (dollar != NULL)
		l->bad = LIST_OPTIONS;
	if (l->bad != LIST_RULE)
		return;
	if (l->left == 0 || word_length(l->at, l->left) != l->left)
		l->bad = LIST_PATTERN;
}

/* One target, or hosts(5). */
static void
start_plain(struct list_line *l)
{
	size_t word = word_length(l->at, l->left);
	struct net_addr a;

	if (word == l->left)
		return;
	if (is_null_address(l->at, word)) {
		l->hosts = true;
		skip(l, word);
		trim(l);
	} else {
		word = word < 46 && memchr(l->at, '%', word) != NULL
			       ? (size_t)((const char *)memchr(l->at, '%', word) - l->at)
			       : word;
		l->bad = net_addr_parse(&a, l->at, word) == 0 ? LIST_REDIRECT : LIST_UNKNOWN;
	}
}

/* /regexp/, /regexp/$options; anything else that begins with a slash is a pattern for any host. */
static void
start_slash(struct list_line *l)
{
	size_t end = l->left;

	for (size_t i = 2; i < l->left; i++)
		if (l->at[i] == '$' && l->at[i - 1] == '/')
			end = i;
	l->bad = end > 2 && l->at[end - 1] == '/' ? LIST_REGEXP : LIST_PATTERN;
}

static void
start_form(struct list_line *l)
{
	if (begins(l->at, l->left, "@@")) {
		l->except = true;
		skip(l, 2);
	}
	if (begins(l->at, l->left, "||")) {
		skip(l, 2);
		start_adblock(l);
	} else if (l->except || l->left == 0 || *l->at == '|') {
		l->bad = LIST_PATTERN;
	} else if (*l->at == '/') {
		start_slash(l);
	} else if (begins(l->at, l->left, "address=/")) {
		skip(l, 9);
		start_dnsmasq(l, true);
	} else if (begins(l->at, l->left, "server=/")) {
		skip(l, 8);
		start_dnsmasq(l, false);
	} else if (begins(l->at, l->left, "local=/")) {
		skip(l, 7);
		start_dnsmasq(l, false);
	} else {
		start_plain(l);
	}
}

/* The length of "[IPv6]" with its brackets, 0: there is none. */
static size_t
bracketed_length(const char *text, size_t len, struct net_addr *a)
{
	const char *end = len > 0 && *text == '[' ? memchr(text, ']', len) : NULL;

	if (end == NULL || net_addr_parse(a, text + 1, (size_t)(end - text) - 1) != 0 ||
		memchr(text, ':', (size_t)(end - text)) == NULL)
		return 0;
	return (size_t)(end - text) + 1;
}

void
list_init(struct list_line *l, const char *text, size_t len)
{
	struct net_addr a;

	memset(l, 0, sizeof *l);
	l->at = text;
	l->left = len;
	l->plain = true;
	if (len > LIST_LINE) {
		l->bad = LIST_LONG;
		return;
	}
	trim(l); /* and a byte order mark */
	if (l->left == 0)
		return;
	if (*l->at == '#' || *l->at == '!' ||
		(*l->at == '[' && bracketed_length(l->at, l->left, &a) == 0)) {
		if (*l->at == '#' && is_generic_cosmetic(l))
			l->bad = LIST_COSMETIC;
		else
			l->left = 0;
		return;
	}
	cut_comment(l);
	if (l->bad == LIST_RULE && l->left > 0)
		start_form(l);
}

/* --- one target --- */

/* Guesses the meaning of text that is no host name: for the report only. */
static enum list_kind
tell_bad_host(const char *text, size_t len)
{
	if (memchr(text, '$', len) != NULL)
		return LIST_OPTIONS;
	for (size_t i = 0; i < len; i++)
		if (memchr("*^|?&=,~", text[i], 8) != NULL)
			return LIST_PATTERN;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return LIST_LETTERS;
	return LIST_UNKNOWN;
}

/* Cuts ":8080" off "host:8080".  Two colons are an IPv6 address. */
static size_t
without_port(const char *text, size_t len)
{
	const char *colon = memchr(text, ':', len);
	size_t host = colon != NULL ? (size_t)(colon - text) : len;

	if (host + 1 >= len)
		return len;
	for (size_t i = host + 1; i < len; i++)
		if (text[i] < '0' || text[i] > '9' || i - host > 5)
			return len;
	return host;
}

/* "[2001:db8::1]", "[2001:db8::1]:443" */
static bool
read_bracketed(struct list_rule *r, const char *text, size_t len)
{
	size_t brackets = bracketed_length(text, len, &r->range.base);

	if (brackets == 0 ||
		(brackets < len && without_port(text + brackets - 1, len - brackets + 1) != 1))
		return false;
	return net_range_parse(&r->range, text + 1, brackets - 2) == 0;
}

/* A host or an address, without a path. */
static enum list_kind
read_host(struct list_rule *r, const char *text, size_t len)
{
	r->is_address = read_bracketed(r, text, len);
	if (r->is_address)
		return LIST_RULE;
	if (begins(text, len, "*."))
		text += 2, len -= 2;
	else if (begins(text, len, "."))
		text++, len--;
	len = without_port(text, len);
	r->is_address = len > 0 && ((*text >= '0' && *text <= '9') || memchr(text, ':', len)) &&
			net_range_parse(&r->range, text, len) == 0;
	if (len > 0 && *text >= '0' && *text <= '9' && memchr(text, '-', len) != NULL &&
		net_span_parse(NULL, 0, text, len) > 0)
		return LIST_SPAN;
	if (r->is_address || name_normalise(r->host, text, len) > 0)
		return LIST_RULE;
	return tell_bad_host(text, len);
}

/* "/24", "/033", "/255.255.0.0" after an address is a prefix length or was to be one, and no path. */
static bool
is_prefix(const char *text, size_t len)
{
	struct net_addr mask;
	size_t digits = 1;

	while (digits < len && ascii_is_digit(text[digits]))
		digits++;
	return len > 1 &&
	       ((digits == len && len <= 4) || net_addr_parse(&mask, text + 1, len - 1) == 0);
}

/* "10.0.0.0/8", "[2001:db8::]/32" with the slash at `slash`.  LIST_END: this is no address with a prefix. */
static enum list_kind
read_range(struct list_rule *r, const char *text, size_t len, size_t slash)
{
	char plain[NET_ADDR_TEXT];
	bool brackets = bracketed_length(text, slash, &r->range.base) == slash;
	size_t addr = brackets ? slash - 2 : slash;

	if (slash == len || len >= sizeof plain || !is_prefix(text + slash, len - slash) ||
		net_addr_parse(&r->range.base, text + brackets, addr) != 0)
		return LIST_END;
	memcpy(plain, text + brackets, addr);
	memcpy(plain + addr, text + slash, len - slash);
	r->is_address = net_range_parse(&r->range, plain, addr + len - slash) == 0;
	return r->is_address ? LIST_RULE : LIST_RANGE;
}

static enum list_kind
read_path(struct list_rule *r, const char *text, size_t len, enum list_end end)
{
	char canonical[RAW_PATH];
	size_t n;

	if (end == LIST_END_OPEN && text[len - 1] == '|') {
		end = LIST_END_EXACT;
		len--;
	}
	if (len > sizeof canonical)
		return LIST_LONG;
	n = path_read_pattern(canonical, text, len);
	/* A path that every path matches is a rule for the host, and works without inspection. */
	if (is_text(canonical, n, "/*") || (end == LIST_END_OPEN && is_text(canonical, n, "/")))
		return LIST_RULE;
	if (n > LIST_PATH)
		return LIST_LONG;
	memcpy(r->path, canonical, n);
	r->path_len = n;
	r->end = end;
	return LIST_RULE;
}

/* host^, host^path, host/path */
static enum list_kind
read_adblock(struct list_rule *r, const char *text, size_t len)
{
	size_t host = 0, rest;
	enum list_kind kind;

	while (host < len && text[host] != '/' && text[host] != '^' && text[host] != '*' &&
		text[host] != '|')
		host++;
	rest = len - host;
	kind = read_range(r, text, text[len - 1] == '^' ? len - 1 : len, host);
	if (kind != LIST_END)
		return kind;
	/* "||example" without an end would match example.com and example.community alike. */
	if (rest == 0 || text[host] == '*' || text[host] == '|')
		return LIST_PATTERN;
	kind = read_host(r, text, host);
	text += host;
	if (kind != LIST_RULE || is_text(text, rest, "^") || is_text(text, rest, "^|") ||
		is_text(text, rest, "^*"))
		return kind;
	r->adblock = true;
	return read_path(r, text, rest, LIST_END_OPEN);
}

/* Schemes are written in any case. */
static size_t
scheme_length(const char *text, size_t len)
{
	if (len >= 7 && strncasecmp(text, "http://", 7) == 0)
		return 7;
	return len >= 8 && strncasecmp(text, "https://", 8) == 0 ? 8 : 0;
}

/* host, range, host/path, https://host/path */
static enum list_kind
read_plain(struct list_rule *r, const char *text, size_t len)
{
	const char *slash;
	enum list_kind kind;
	size_t host, scheme = scheme_length(text, len);

	text += scheme;
	len -= scheme;
	slash = memchr(text, '/', len);
	if (slash == NULL)
		return read_host(r, text, len);
	host = (size_t)(slash - text);
	kind = scheme == 0 ? read_range(r, text, len, host) : LIST_END;
	if (kind != LIST_END)
		return kind;
	kind = read_host(r, text, host);
	if (kind != LIST_RULE)
		return kind;
	if (memchr(slash, '$', len - host) != NULL)
		return LIST_OPTIONS;
	return read_path(r, slash, len - host,
		memchr(slash, '?', len - host) != NULL ? LIST_END_EXACT : LIST_END_QUERY);
}

/* The next of several: between blanks, or between slashes. */
static enum list_kind
read_one_of(struct list_line *l, struct list_rule *r)
{
	const char *slash = l->named ? memchr(l->at, '/', l->left) : NULL;
	size_t len = l->hosts ? word_length(l->at, l->left) : l->left;
	const char *text = l->at;

	if (slash != NULL)
		len = (size_t)(slash - l->at);
	skip(l, len);
	if (slash != NULL)
		skip(l, 1);
	trim(l);
	if (l->hosts && memchr(text, '.', len) == NULL)
		return LIST_LOCAL;
	return read_host(r, text, len);
}

enum list_kind
list_next(struct list_line *l, struct list_rule *r)
{
	const char *text = l->at;
	size_t len = l->left;
	enum list_kind bad = l->bad;

	if (bad != LIST_RULE) {
		l->bad = LIST_RULE;
		l->left = 0;
		return bad;
	}
	if (len == 0)
		return LIST_END;
	r->except = l->except;
	r->path_len = 0;
	r->adblock = false;
	r->end = LIST_END_EXACT;
	r->host[0] = '\0';
	if (l->hosts || l->named)
		return read_one_of(l, r);
	l->left = 0;
	return l->plain ? read_plain(r, text, len) : read_adblock(r, text, len);
}

/* --- paths --- */

/* The character at *pos of a pattern, which is moved past it.  Two escapes are left in patterns for what means
 * itself only so (path_read_pattern). */
static int
next_wanted(const struct list_rule *r, size_t *pos)
{
	const char *at = r->path + *pos;
	size_t left = r->path_len - *pos;
	bool star = begins(at, left, "%2A"), caret = begins(at, left, "%5E");

	*pos += star || caret ? 3 : 1;
	if (star || caret)
		return star ? '*' : '^';
	return r->adblock ? ascii_lower(*at) : (unsigned char)*at;
}

/* Adblock's separator: anything but a letter, a digit, and "_-.%". */
static bool
is_separator(char ch)
{
	return (unsigned char)ch < 0x80 && !ascii_is_digit(ch) &&
	       !(ascii_lower(ch) >= 'a' && ascii_lower(ch) <= 'z') && memchr("_-.%", ch, 4) == NULL;
}

/* May a match end here, with the pattern used up? */
static bool
may_end(const struct list_rule *r, const char *path, size_t len, size_t pos)
{
	return pos == len || r->end == LIST_END_OPEN ||
	       (r->end == LIST_END_QUERY && path[pos] == '?');
}

/* Moves both past one character, if they agree. */
static bool
step(const struct list_rule *r, const char *path, size_t len, size_t *p, size_t *s)
{
	int want;
	char ch;

	if (*p == r->path_len)
		return false;
	if (r->adblock && r->path[*p] == '^') {
		(*p)++;
		return *s == len || is_separator(path[(*s)++]);
	}
	if (*s == len)
		return false;
	want = next_wanted(r, p);
	ch = path[(*s)++];
	return want == (r->adblock ? ascii_lower(ch) : (unsigned char)ch);
}

/*
 * The usual loop over a pattern with '*': on a mismatch the last star takes one character more.  At most
 * len * LIST_PATH steps.
 */
bool
list_matches_path(const struct list_rule *r, const char *path, size_t len)
{
	size_t p = 0, s = 0, star = SIZE_MAX, retry = 0;

	for (;;) {
		if (p == r->path_len && may_end(r, path, len, s))
			return true;
		if (p < r->path_len && r->path[p] == '*') {
			star = ++p;
			retry = s;
			continue;
		}
		if (step(r, path, len, &p, &s))
			continue;
		if (star == SIZE_MAX || retry == len)
			return false;
		p = star;
		s = ++retry;
	}
}

const char *
list_kind_text(enum list_kind kind)
{
	static const char *const texts[LIST_KINDS] = {
		[LIST_COSMETIC] = "cosmetic filters",
		[LIST_REGEXP] = "regular expressions",
		[LIST_OPTIONS] = "rules with $options",
		[LIST_PATTERN] = "patterns for hosts",
		[LIST_REDIRECT] = "redirects to an address",
		[LIST_SPAN] = "spans of addresses (write 192.0.2.40-192.0.2.50 as 192.0.2.40/29, "
			      "192.0.2.48/31, 192.0.2.50)",
		[LIST_LOCAL] = "local names",
		[LIST_LONG] = "lines too long",
		[LIST_RANGE] = "addresses with an impossible prefix length",
		[LIST_LETTERS] = "names with letters that no browser sends",
		[LIST_UNKNOWN] = "lines not understood",
	};

	return texts[kind] != NULL ? texts[kind] : "rules";
}
