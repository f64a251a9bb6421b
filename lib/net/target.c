/*
 * target: "host", "host:port" and their kin.  See target.h.
 */
#include "lib/net/target.h"

#include <string.h>
#include "lib/base/ascii.h"

enum {
	NAME_MAX_LEN = 253, /* a name and a label in text (RFC 1035 section 2.3.4) */
	LABEL_MAX = 63
};

/* A strict dotted quad: four numbers up to 255 without leading zeros. */
static bool
is_dotted_quad(const char *s, size_t len)
{
	unsigned dots = 0, digits = 0, value = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '.' && digits > 0 && dots < 3) {
			dots++;
			digits = value = 0;
		} else if (ascii_is_digit(s[i]) && !(digits > 0 && value == 0)) {
			digits++;
			value = value * 10 + (unsigned)(s[i] - '0');
			if (value > 255)
				return false;
		} else {
			return false;
		}
	}
	return dots == 3 && digits > 0;
}

/* "12", "0x7f", "0x": a last label that sends inet_aton and browsers to an IPv4 address. */
static bool
is_number(const char *s, size_t len)
{
	size_t i = 0;

	if (len >= 2 && s[0] == '0' && ascii_lower(s[1]) == 'x') {
		for (i = 2; i < len && ascii_hex(s[i]) >= 0; i++)
			;
	} else {
		while (i < len && ascii_is_digit(s[i]))
			i++;
	}
	return i == len;
}

/* Labels of letters, digits, hyphens and underscores; the last one no number.  Hyphens may be anywhere:
 * such names exist, and resolve. */
static bool
is_name(const char *s, size_t len)
{
	size_t label = 0;

	if (len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '.') {
			if (i == label)
				return false;
			label = i + 1;
		} else if (!ascii_is_digit(s[i]) &&
			   !(ascii_lower(s[i]) >= 'a' && ascii_lower(s[i]) <= 'z') && s[i] != '-' &&
			   s[i] != '_') {
			return false;
		} else if (i - label >= LABEL_MAX) {
			return false;
		}
	}
	return len > label && !is_number(s + label, len - label);
}

/* Reads eight groups of hex digits, or fewer around one "::".  A dotted quad at the end is not taken. */
static int
ipv6_parse(uint16_t group[8], const char *s, size_t len)
{
	enum { NO_GAP = 9 };
	size_t n = 0, gap = NO_GAP, i = 0; /* groups; the group that "::" stands before; bytes */

	if (len >= 2 && s[0] == ':' && s[1] == ':') {
		gap = 0;
		i = 2;
	}
	while (i < len) {
		size_t first = i;

		if (n == 8)
			return -1;
		for (group[n] = 0; i < len && i < first + 4 && ascii_hex(s[i]) >= 0; i++)
			group[n] = (uint16_t)(group[n] << 4 | ascii_hex(s[i]));
		n++;
		if (i == first || (i < len && s[i] != ':') || i + 1 == len)
			return -1;
		if (++i < len && s[i] == ':') {
			if (gap != NO_GAP)
				return -1;
			gap = n;
			i++;
		}
	}
	if (gap == NO_GAP || n == 8)
		return gap == NO_GAP && n == 8 ? 0 : -1;
	memmove(group + 8 - (n - gap), group + gap, (n - gap) * sizeof group[0]);
	memset(group + gap, 0, (8 - n) * sizeof group[0]);
	return 0;
}
/* The longest run of two zero groups or more, the first of equals: its length, 0 if there is none. */
static size_t
ipv6_longest_gap(const uint16_t group[8], size_t *start)
{
	size_t best = 1, run = 0;

	for (size_t i = 0; i < 8; i++) {
		run = group[i] == 0 ? run + 1 : 0;
		if (run > best) {
			best = run;
			*start = i + 1 - run;
		}
	}
	return best > 1 ? best : 0;
}

/* The one form of RFC 5952, in at most 40 bytes. */
static void
ipv6_format(char *out, const uint16_t group[8])
{
	size_t i = 0, gap = 8, gap_len = ipv6_longest_gap(group, &gap);

	while (i < 8) {
		int shift = 12;

		if (i == gap) {
			*out++ = ':';
			*out++ = ':';
			i += gap_len;
			continue;
		}
		if (i > 0 && out[-1] != ':')
			*out++ = ':';
		while (shift > 0 && group[i] >> shift == 0)
			shift -= 4;
		for (; shift >= 0; shift -= 4)
			*out++ = "0123456789abcdef"[group[i] >> shift & 15];
		i++;
	}
	*out = '\0';
}

/* The text between brackets.  A rule for 2001:db8::1 must also meet 2001:DB8:0::1, so it is written anew; a
 * v4-mapped address would be a second form of an IPv4 one. */
static int
target_ipv6(struct target *t, const char *s, size_t len)
{
	static const uint16_t mapped[6] = { 0, 0, 0, 0, 0, 0xffff };
	uint16_t group[8];

	if (ipv6_parse(group, s, len) < 0 || memcmp(group, mapped, sizeof mapped) == 0)
		return -1;
	t->is_ip = true;
	ipv6_format(t->host, group);
	return 0;
}

static int
target_name(struct target *t, const char *s, size_t len)
{
	if (len > 1 && s[len - 1] == '.')
		len--;
	t->is_ip = is_dotted_quad(s, len);
	if (!t->is_ip && !is_name(s, len))
		return -1;
	for (size_t i = 0; i < len; i++)
		t->host[i] = (char)ascii_lower(s[i]);
	t->host[len] = '\0';
	return 0;
}

/* 1 to 65535, no leading zero. */
static int
target_port(struct target *t, const char *s, size_t len)
{
	uint32_t port = 0;

	if (len < 1 || len > 5 || s[0] == '0')
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (!ascii_is_digit(s[i]))
			return -1;
		port = port * 10 + (uint32_t)(s[i] - '0');
	}
	if (port > UINT16_MAX)
		return -1;
	t->port = (uint16_t)port;
	return 0;
}

int
target_parse(struct target *t, const char *text, size_t len)
{
	const char *end;
	size_t host;
	int rc;

	t->host[0] = '\0';
	t->port = 0;
	t->is_ip = false;
	if (len == 0)
		return -1;
	end = memchr(text, text[0] == '[' ? ']' : ':', len);
	host = end != NULL ? (size_t)(end - text) : len;
	if (text[0] == '[') {
		rc = end != NULL ? target_ipv6(t, text + 1, host - 1) : -1;
		host++;
	} else {
		rc = target_name(t, text, host);
	}
	if (rc == 0 && host < len)
		rc = text[host] == ':' ? target_port(t, text + host + 1, len - host - 1) : -1;
	if (rc < 0)
		t->host[0] = '\0';
	return rc;
}

bool
target_same(const struct target *a, const struct target *b, uint16_t port)
{
	return a->host[0] != '\0' && strcmp(a->host, b->host) == 0 &&
	       (a->port != 0 ? a->port : port) == (b->port != 0 ? b->port : port);
}
