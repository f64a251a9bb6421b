/*
 * field: HTTP field names and characters.  See field.h.
 */
#include "lib/http/field.h"

#include <stdint.h>
#include <string.h>
#include "lib/base/ascii.h"

/* A name that ends in '-' stands for all that begin so. */
static const struct {
	char name[26];
	uint8_t what;
} known_fields[] = {
	{ "host", FIELD_HOST | FIELD_FIXED },
	{ "content-length", FIELD_LENGTH | FIELD_FIXED },
	{ "transfer-encoding", FIELD_CODING | FIELD_FIXED },
	{ "connection", FIELD_CONNECTION | FIELD_HOP | FIELD_TRAILER },
	{ "keep-alive", FIELD_HOP | FIELD_TRAILER },
	{ "te", FIELD_TE | FIELD_HOP | FIELD_TRAILER },
	{ "upgrade", FIELD_UPGRADE | FIELD_HOP | FIELD_TRAILER },
	{ "http2-settings", FIELD_HOP | FIELD_TRAILER },
	{ "proxy-connection", FIELD_HOP | FIELD_TRAILER },
	{ "proxy-authenticate", FIELD_HOP | FIELD_TRAILER },
	{ "proxy-authorization", FIELD_HOP | FIELD_TRAILER },
	{ "proxy-authentication-info", FIELD_HOP | FIELD_TRAILER },
	{ "alt-svc", FIELD_ALT_SVC | FIELD_TRAILER },
	{ "expect", FIELD_EXPECT | FIELD_FIXED },
	{ "max-forwards", FIELD_MAX_FORWARDS | FIELD_FIXED },
	{ "via", FIELD_FIXED },
	{ "trailer", FIELD_TRAILER },
	{ "content-encoding", FIELD_FIXED },
	{ "content-type", FIELD_FIXED },
	{ "content-disposition", FIELD_DISPOSITION },
	{ "content-range", FIELD_FIXED },
	{ "range", FIELD_FIXED },
	{ "if-", FIELD_TRAILER },
	{ "cache-control", FIELD_FIXED },
	{ "pragma", FIELD_TRAILER },
	{ "authorization", FIELD_FIXED },
	{ "www-authenticate", FIELD_FIXED },
	{ "cookie", FIELD_FIXED },
	{ "set-cookie", FIELD_SET_COOKIE | FIELD_FIXED },
	{ "age", FIELD_TRAILER },
	{ "date", FIELD_TRAILER },
	{ "expires", FIELD_TRAILER },
	{ "location", FIELD_LOCATION | FIELD_TRAILER },
	{ "retry-after", FIELD_TRAILER },
	{ "vary", FIELD_TRAILER },
	{ "warning", FIELD_TRAILER },
	{ "forwarded", FIELD_TRAILER },
	{ "x-forwarded-", FIELD_TRAILER },
};

/* '_' counts as '-': behind CGI or WSGI nobody can tell Transfer_Encoding from the real one. */
static bool
name_matches(const char *name, size_t len, const char *known, size_t known_len)
{
	if (known[known_len - 1] == '-' ? len < known_len : len != known_len)
		return false;
	for (size_t i = 0; i < known_len; i++)
		if ((name[i] == '_' ? '-' : ascii_lower(name[i])) != (unsigned char)known[i])
			return false;
	return true;
}

unsigned
field_lookup(const char *name, size_t len)
{
	unsigned char first = ascii_lower(name[0]);

	for (size_t i = 0; i < sizeof known_fields / sizeof known_fields[0]; i++) {
		const char *known = known_fields[i].name;

		if ((unsigned char)known[0] == first &&
			name_matches(name, len, known, strlen(known)))
			return known_fields[i].what;
	}
	return 0;
}

bool
field_is_no_trailer(const char *name, size_t len)
{
	return (field_lookup(name, len) & FIELD_TRAILER) != 0;
}

/* A bit each. */
bool
field_is_name_char(char c)
{
	static const uint32_t bits[4] = { 0, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff };
	unsigned char u = (unsigned char)c;

	return u < 128 && (bits[u / 32] >> (u % 32) & 1) != 0;
}

bool
field_is_value_char(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 0x20 ? u != 0x7f : u == '\t';
}

/* True if only letters and digits count and they are these. */
static bool
resembles(const char *text, size_t len, const char *letters)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = ascii_lower(text[i]);

		if (!ascii_is_digit(text[i]) && (c < 'a' || c > 'z'))
			continue;
		if (*letters == '\0' || c != (unsigned char)*letters++)
			return false;
	}
	return *letters == '\0';
}

bool
field_poses_as_framing(const char *name, size_t len)
{
	return resembles(name, len, "contentlength") || resembles(name, len, "transferencoding");
}
