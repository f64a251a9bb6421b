/*
 * list: tells the form of a line by its first bytes, cuts it into targets, and reads a target as an
 * address, a range, a host, or a host with a path.  Every line of a million passes here twice, so the
 * common forms are decided first.
 */
#include "lib/rules/list.h"

#include <string.h>
#include <strings.h>

static bool
is_blank(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\r' || ch == '\v' || ch == '\f';
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

/* Addresses that hosts files and dnsmasq use for "nowhere". */
static bool
is_null_address(const char *text, size_t len)
{
	return is_text(text, len, "0.0.0.0") || is_text(text, len, "127.0.0.1") ||
	       is_text(text, len, "::") || is_text(text, len, "::1");
}

static void
skip(struct list_line *l, size_t n)
{
	l->at += n;
	l->left -= n;
}

static void
trim(struct list_line *l)
{
	while (l->left > 0 && is_blank(*l->at))
		skip(l, 1);
	while (l->left > 0 && is_blank(l->at[l->left - 1]))
		l->left--;
}

/* The length of the first word. */
static size_t
word_length(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && !is_blank(text[n]))
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

/* ||host^ and what follows; the '$' of options is looked for in the whole line. */
static void
start_adblock(struct list_line *l)
{
	l->plain = false;
	if (memchr(l->at, '$', l->left) != NULL)
		l->bad = LIST_OPTIONS;
	else if (l->left == 0 || word_length(l->at, l->left) != l->left)
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

void
list_init(struct list_line *l, const char *text, size_t len)
{
	memset(l, 0, sizeof *l);
	l->at = text;
	l->left = len;
	l->plain = true;
	if (len > LIST_LINE) {
		l->bad = LIST_LONG;
		return;
	}
	if (begins(text, len, "\xef\xbb\xbf")) /* a byte order mark */
		skip(l, 3);
	trim(l);
	if (l->left == 0)
		return;
	if (*l->at == '#' || *l->at == '!' || *l->at == '[') {
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

/* What text that is no host name may have meant: for the report only. */
static enum list_kind
tell_bad_host(const char *text, size_t len)
{
	if (memchr(text, '$', len) != NULL)
		return LIST_OPTIONS;
	for (size_t i = 0; i < len; i++)
		if (memchr("*^|?&=,~", text[i], 8) != NULL)
			return LIST_PATTERN;
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

/* A host or an address, without a path. */
static enum list_kind
read_host(struct list_rule *r, const char *text, size_t len)
{
	if (begins(text, len, "*."))
		text += 2, len -= 2;
	else if (begins(text, len, "."))
		text++, len--;
	len = without_port(text, len);
	r->is_address = len > 0 && ((*text >= '0' && *text <= '9') || memchr(text, ':', len)) &&
			net_range_parse(&r->range, text, len) == 0;
	if (r->is_address || name_normalise(r->host, text, len) > 0)
		return LIST_RULE;
	return tell_bad_host(text, len);
}

static enum list_kind
read_path(struct list_rule *r, const char *text, size_t len, enum list_end end)
{
	if (end == LIST_END_OPEN && text[len - 1] == '|') {
		end = LIST_END_EXACT;
		len--;
	}
	/* A path that every path matches is a rule for the host, and works without inspection. */
	if (is_text(text, len, "/*") || (end == LIST_END_OPEN && is_text(text, len, "/")))
		return LIST_RULE;
	if (len > LIST_PATH)
		return LIST_LONG;
	r->path = text;
	r->path_len = len;
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

/* host, range, host/path, https://host/path */
static enum list_kind
read_plain(struct list_rule *r, const char *text, size_t len)
{
	const char *slash;
	enum list_kind kind;
	size_t host;

	if (begins(text, len, "http://") || begins(text, len, "https://")) {
		host = text[4] == 's' ? 8 : 7;
		text += host;
		len -= host;
	}
	slash = memchr(text, '/', len);
	if (slash == NULL)
		return read_host(r, text, len);
	r->is_address = net_range_parse(&r->range, text, len) == 0;
	if (r->is_address)
		return LIST_RULE;
	host = (size_t)(slash - text);
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
	r->path = NULL;
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

static int
hex_digit(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	ch = (char)(ch | 32);
	return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

static bool
is_unreserved(int ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
	       ch == '-' || ch == '.' || ch == '_' || ch == '~';
}

/* The character at *pos, which is moved past it; "%61" is 'a', while "%2f" stays three characters. */
static int
next_char(const char *text, size_t len, size_t *pos, bool fold)
{
	int ch = (unsigned char)text[*pos], high, low;

	if (ch == '%' && len - *pos >= 3) {
		high = hex_digit(text[*pos + 1]);
		low = hex_digit(text[*pos + 2]);
		if (high >= 0 && low >= 0 && is_unreserved(high * 16 + low)) {
			ch = high * 16 + low;
			*pos += 2;
		}
	}
	(*pos)++;
	return fold && ch >= 'A' && ch <= 'Z' ? ch + 32 : ch;
}

/* Adblock's separator: anything but a letter, a digit, and "_-.%". */
static bool
is_separator(int ch)
{
	return (!is_unreserved(ch) || ch == '~') && ch != '%' && ch < 0x80;
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

	if (*p == r->path_len)
		return false;
	if (r->adblock && r->path[*p] == '^') {
		(*p)++;
		return *s == len || is_separator(next_char(path, len, s, false));
	}
	if (*s == len)
		return false;
	want = next_char(r->path, r->path_len, p, r->adblock);
	return want == next_char(path, len, s, r->adblock);
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
		next_char(path, len, &retry, false);
		p = star;
		s = retry;
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
		[LIST_LOCAL] = "local names",
		[LIST_LONG] = "lines too long",
		[LIST_UNKNOWN] = "lines not understood",
	};

	return texts[kind] != NULL ? texts[kind] : "rules";
}
