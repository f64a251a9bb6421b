/*
 * path: three small passes in place, each of which only ever takes bytes away: decode, merge, resolve.
 * A reading is the order in which they are made.
 */
#include "lib/rules/path.h"

#include <string.h>
#include "lib/base/ascii.h"

/* Stands for a slash that came as an escape until dots are resolved.  A decoded path has none of its own. */
#define HIDDEN_SLASH '\\'

/* The octet that an escape at `at` means, or -1: there is none. */
static int
read_escape(const char *text, size_t len, size_t at)
{
	int high, low;

	if (text[at] != '%' || len - at < 3)
		return -1;
	high = ascii_hex(text[at + 1]);
	low = ascii_hex(text[at + 2]);
	return high >= 0 && low >= 0 ? high * 16 + low : -1;
}

/* Does an escape of this octet say something else than the octet itself? */
static bool
stays_escaped(int octet, bool in_query, bool is_pattern)
{
	if (octet <= ' ' || octet == 0x7f || strchr("%#?", octet) != NULL)
		return octet != '?' || !in_query; /* a second '?' divides nothing */
	if (in_query && strchr("&=+;", octet) != NULL)
		return true;
	return is_pattern && (octet == '*' || octet == '^');
}

static char
upper_hex(char ch)
{
	return ch >= 'a' ? (char)(ch - 32) : ch;
}

/* A '%' that begins no escape must not come to begin one because what follows it is decoded. */
static bool
follows_bare_percent(const char *out, size_t n)
{
	return (n >= 1 && out[n - 1] == '%') ||
	       (n >= 2 && out[n - 2] == '%' && ascii_hex(out[n - 1]) >= 0);
}

/* Decodes escapes up to `end` bytes of text; in a path slashes of other kinds become '/' or `slash`. */
static size_t
decode(char *out, const char *text, size_t len, bool in_query, bool is_pattern, char slash)
{
	size_t n = 0, kept = 0; /* kept: out[0..kept) ends in a whole escape */

	for (size_t at = 0; at < len; at++) {
		int octet = read_escape(text, len, at);

		if (octet < 0) {
			out[n++] = !in_query && text[at] == '\\' ? '/' : text[at];
			continue;
		}
		if (stays_escaped(octet, in_query, is_pattern) ||
			follows_bare_percent(out + kept, n - kept)) {
			char high = upper_hex(text[at + 1]), low = upper_hex(text[at + 2]);

			out[n++] = '%';
			out[n++] = high;
			out[n++] = low;
			kept = n;
		} else {
			out[n++] = !in_query && (octet == '/' || octet == '\\') ? slash
										: (char)octet;
		}
		at += 2;
	}
	return n;
}

/* Hidden slashes come out, runs of slashes become one. */
static size_t
merge(char *text, size_t len)
{
	size_t n = 0;

	for (size_t at = 0; at < len; at++) {
		char ch = text[at] == HIDDEN_SLASH ? '/' : text[at];

		if (ch != '/' || n == 0 || text[n - 1] != '/')
			text[n++] = ch;
	}
	return n;
}

/* Takes ";x" away from every segment. */
static size_t
drop_parameters(char *text, size_t len)
{
	size_t n = 0;
	bool within = false;

	for (size_t at = 0; at < len; at++) {
		within = text[at] != '/' && (within || text[at] == ';');
		if (!within)
			text[n++] = text[at];
	}
	return n;
}

/* RFC 3986 section 5.2.4.  The first slash is the root, and what may be before it ('^' in a pattern) stays. */
static size_t
resolve_dots(char *text, size_t len)
{
	const char *first = len > 0 ? memchr(text, '/', len) : NULL;
	size_t root = first != NULL ? (size_t)(first - text) + 1 : len, n = root, end;

	for (size_t at = n; at < len; at = end) {
		const char *slash = memchr(text + at, '/', len - at);
		size_t segment = slash != NULL ? (size_t)(slash - text) - at : len - at;

		end = at + segment + (slash != NULL);
		if (segment == 1 && text[at] == '.')
			continue;
		if (segment == 2 && text[at] == '.' && text[at + 1] == '.') {
			/* back over the slash that ends the segment before, and over that */
			for (n -= n > root; n > root && text[n - 1] != '/'; n--)
				;
			continue;
		}
		memmove(text + n, text + at, end - at);
		n += end - at;
	}
	return n;
}

static size_t
read_path(char *out, const char *text, size_t len, enum path_reading reading, bool is_pattern)
{
	bool first = reading == PATH_AS_BROWSERS;
	size_t n = decode(out, text, len, false, is_pattern, first ? HIDDEN_SLASH : '/');

	if (first)
		return merge(out, resolve_dots(out, n));
	n = merge(out, n);
	if (reading == PATH_AS_SERVLETS)
		n = merge(out, drop_parameters(out, n));
	return reading == PATH_AS_SENT ? n : resolve_dots(out, n);
}

static size_t
read_target(char *out, const char *text, size_t len, enum path_reading reading, bool is_pattern)
{
	const char *query = len > 0 ? memchr(text, '?', len) : NULL;
	size_t path = query != NULL ? (size_t)(query - text) : len;
	size_t n = read_path(out, text, path, reading, is_pattern);

	return n + decode(out + n, text + path, len - path, true, is_pattern, 0);
}

size_t
path_read(char *out, const char *text, size_t len, enum path_reading reading)
{
	return read_target(out, text, len, reading, false);
}

size_t
path_read_pattern(char *out, const char *text, size_t len)
{
	return read_target(out, text, len, PATH_CANONICAL, true);
}
