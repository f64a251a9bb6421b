/*
 * http: HTTP/1.1 heads.  See http.h.
 *
 * A head is first looked for as a whole (lines that end in CRLF, up to the empty one), then read line by
 * line.  Request smuggling lives from two readers that disagree, so nothing here is repaired: a head is
 * either plain or refused, and what goes on is written from what was understood.
 */
#include "lib/http/http.h"

#include <string.h>
#include <strings.h>
#include "lib/base/ascii.h"
#include "lib/http/field.h"

enum {
	EMPTY_MAX = 4,     /* bytes of empty lines before a request; old clients end a POST so */
	METHOD_MAX = 32,   /* the longest registered one has 17 (UPDATEREDIRECTREF) */
	OPTIONS_MAX = 32,  /* connection options; each is compared with every field */
	LENGTH_DIGITS = 18 /* decimal digits of a length: fits 64 bits, signed too */
};

/* --- words ------------------------------------------------------------------------------------- */

/* Compares with a word in lower case, len bytes of it. */
static bool
same_word(const char *text, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (ascii_lower(text[i]) != (unsigned char)word[i])
			return false;
	return true;
}

static bool
is_word(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && same_word(text, word, len);
}

static bool
span_is(const char *data, struct http_span s, const char *word)
{
	return is_word(data + s.off, s.len, word);
}

/* The same, where case matters: methods. */
static bool
span_equals(const char *data, struct http_span s, const char *text)
{
	return s.len == strlen(text) && memcmp(data + s.off, text, s.len) == 0;
}

static struct http_span
span_of(size_t from, size_t to)
{
	return (struct http_span){ (uint16_t)from, (uint16_t)(to - from) };
}

/* --- heads: lines and fields --------------------------------------------------------------------- */

/* What the fields of a head said, before it is weighed. */
struct facts {
	bool is_request;
	bool has_length, has_coding, chunked;
	bool close, keep_alive, upgrade; /* connection options */
	uint8_t options;
	uint8_t upgrades; /* Upgrade fields, up to 2 */
	struct http_field *websocket, *expect, *max_forwards;
};

static int
refuse(struct http_head *h, uint16_t status, const char *why)
{
	h->len = 0;
	h->error_status = status;
	h->error = why;
	return -1;
}

/* Looks for the empty line, from `start` on.  Returns the length of the head with it, 0 or -1.  Bare LF is
 * refused as soon as it is seen: who sends one waits for an answer, not for a second line. */
static int
head_find_end(struct http_head *h, const char *data, size_t len, size_t start)
{
	size_t most = len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX;
	size_t line = start;
	const char *lf;

	while ((lf = memchr(data + line, '\n', most - line)) != NULL) {
		size_t at = (size_t)(lf - data);

		if (at == line || data[at - 1] != '\r')
			return refuse(h, 400, "a line does not end in CR LF");
		if (at == line + 1)
			return (int)(at + 1);
		line = at + 1;
	}
	if (len < HTTP_HEAD_MAX)
		return 0;
	return line == start ? refuse(h, 414, "the first line is too long")
			     : refuse(h, 431, "the head is too large");
}

/* The end of the line at `at`, without CR LF.  The caller knows that there is one. */
static size_t
line_end(const char *data, size_t at, size_t len)
{
	return (size_t)((const char *)memchr(data + at, '\n', len - at) - data) - 1;
}

/* Splits "name: value" at data[at..end). */
static int
field_split(struct http_head *h, struct http_field *f, const char *data, size_t at, size_t end)
{
	size_t colon = at;

	while (colon < end && field_is_name_char(data[colon]))
		colon++;
	if (colon == at && ascii_is_blank(data[at]))
		return refuse(h, 400, "a field is folded over two lines");
	if (colon == at || colon == end || data[colon] != ':')
		return refuse(h, 400, "a field name is malformed");
	f->name = span_of(at, colon);
	for (at = colon + 1; at < end && ascii_is_blank(data[at]);)
		at++;
	while (end > at && ascii_is_blank(data[end - 1]))
		end--;
	f->value = span_of(at, end);
	for (; at < end; at++)
		if (!field_is_value_char(data[at]))
			return refuse(h, 400, "a field value holds a control character");
	return 0;
}

/* Content-Length: digits alone.  A list, a sign, a space or a leading zero (octal to some) is refused; a
 * repeated field with the same value is sent on once (RFC 9110 section 8.6). */
static int
note_length(struct http_head *h, struct facts *x, const char *data, struct http_field *f)
{
	const char *s = data + f->value.off;
	uint64_t length = 0;

	if (f->value.len < 1 || f->value.len > LENGTH_DIGITS || (s[0] == '0' && f->value.len > 1))
		return refuse(h, 400, "Content-Length is malformed");
	for (size_t i = 0; i < f->value.len; i++) {
		if (!ascii_is_digit(s[i]))
			return refuse(h, 400, "Content-Length is malformed");
		length = length * 10 + (uint64_t)(s[i] - '0');
	}
	if (x->has_length && length != h->length)
		return refuse(h, 400, "two lengths that differ");
	f->drop = x->has_length;
	x->has_length = true;
	h->length = length;
	return 0;
}

static int
note_coding(struct http_head *h, struct facts *x, const char *data, const struct http_field *f)
{
	if (x->has_coding)
		return refuse(h, 400, "Transfer-Encoding is given twice");
	x->has_coding = true;
	x->chunked = span_is(data, f->value, "chunked");
	return 0;
}

/* Takes the next element off a comma list: 1, or 0 at its end, or -1 if it is no token. */
static int
list_next(const char *data, struct http_span *rest, struct http_span *token)
{
	size_t at = rest->off, end = at + rest->len, from;

	while (at < end && (ascii_is_blank(data[at]) || data[at] == ','))
		at++;
	from = at;
	while (at < end && field_is_name_char(data[at]))
		at++;
	*token = span_of(from, at);
	if (at == from)
		return at < end ? -1 : 0;
	while (at < end && ascii_is_blank(data[at]))
		at++;
	if (at < end && data[at] != ',')
		return -1;
	*rest = span_of(at, end);
	return 1;
}

static int
note_connection(struct http_head *h, struct facts *x, const char *data, const struct http_field *f)
{
	struct http_span rest = f->value, token;
	int rc;

	while ((rc = list_next(data, &rest, &token)) > 0) {
		if (++x->options > OPTIONS_MAX)
			return refuse(h, 400, "too many connection options");
		if (span_is(data, token, "close"))
			x->close = true;
		else if (span_is(data, token, "keep-alive"))
			x->keep_alive = true;
		else if (span_is(data, token, "upgrade"))
			x->upgrade = true;
	}
	return rc == 0 ? 0 : refuse(h, 400, "Connection is malformed");
}

static int
note_host(struct http_head *h, const char *data, const struct http_field *f)
{
	if (h->has_host)
		return refuse(h, 400, "Host is given twice");
	if (target_parse(&h->host, data + f->value.off, f->value.len) < 0)
		return refuse(h, 400, "Host is malformed");
	h->has_host = true;
	return 0;
}

static int
note_upgrade(struct facts *x, const char *data, struct http_field *f)
{
	x->websocket = span_is(data, f->value, "websocket") ? f : NULL;
	if (x->upgrades < 2)
		x->upgrades++;
	return 0;
}

/* Only 100-continue exists (RFC 9110 section 10.1.1); what merely looks like it ("y 100-continue") makes
 * origins and proxies disagree on who waits for whom. */
static int
note_expect(struct http_head *h, struct facts *x, const char *data, struct http_field *f)
{
	if (x->expect != NULL || !span_is(data, f->value, "100-continue"))
		return refuse(h, 417, "Expect is not just 100-continue");
	x->expect = f;
	return 0;
}

static int
note_hops(struct http_head *h, struct facts *x, struct http_field *f)
{
	if (x->max_forwards != NULL)
		return refuse(h, 400, "Max-Forwards is given twice");
	x->max_forwards = f;
	return 0;
}

static int
note_field(struct http_head *h, struct facts *x, const char *data, struct http_field *f)
{
	unsigned what = field_lookup(data + f->name.off, f->name.len);
	unsigned which = what & FIELD_WHICH;

	f->drop = (what & FIELD_HOP) != 0;
	if ((which == FIELD_LENGTH || which == FIELD_CODING) &&
		memchr(data + f->name.off, '_', f->name.len) != NULL)
		return refuse(h, 400, "a field poses as one of framing");
	switch (which) {
	case FIELD_CONNECTION: return note_connection(h, x, data, f);
	case FIELD_LENGTH: return note_length(h, x, data, f);
	case FIELD_CODING: return note_coding(h, x, data, f);
	case FIELD_HOST: return x->is_request ? note_host(h, data, f) : 0;
	case FIELD_UPGRADE: return note_upgrade(x, data, f);
	case FIELD_TE: f->drop = !span_is(data, f->value, "trailers"); return 0;
	case FIELD_EXPECT: return x->is_request ? note_expect(h, x, data, f) : 0;
	case FIELD_MAX_FORWARDS: return x->is_request ? note_hops(h, x, f) : 0;
	case FIELD_ALT_SVC: f->drop = !x->is_request; return 0;
	default: return 0;
	}
}

/*
 * Fields that a Connection field names are for this hop only.  But Host, the lengths, credentials and the
 * rest of FIELD_END stay, whatever it says: naming them is how attackers have a proxy strip what the next
 * reader needs.  It isn't refused since some large origins name Transfer-Encoding in all innocence.
 */
static void
drop_nominated(struct http_head *h, const char *data, struct http_span token)
{
	if (field_lookup(data + token.off, token.len) & (FIELD_END | FIELD_HOP))
		return;
	for (size_t i = 0; i < h->count; i++) {
		struct http_span name = h->fields[i].name;

		if (name.len == token.len &&
			strncasecmp(data + name.off, data + token.off, name.len) == 0)
			h->fields[i].drop = true;
	}
}

/* Once all fields are known: a Connection field may stand before or behind those that it names. */
static void
drop_all_nominated(struct http_head *h, const char *data)
{
	for (size_t i = 0; i < h->count; i++) {
		struct http_span rest = h->fields[i].value, token;

		if (span_is(data, h->fields[i].name, "connection"))
			while (list_next(data, &rest, &token) > 0)
				drop_nominated(h, data, token);
	}
}

/* Reads the fields at data[at..len), where the last line is the empty one. */
static int
head_fields(struct http_head *h, struct facts *x, const char *data, size_t at, size_t len)
{
	while (at < len - 2) {
		size_t end = line_end(data, at, len);
		struct http_field *f = &h->fields[h->count];

		if (h->count == HTTP_FIELDS_MAX)
			return refuse(h, 431, "too many fields");
		if (field_split(h, f, data, at, end) < 0 || note_field(h, x, data, f) < 0)
			return -1;
		h->count++;
		at = end + 2;
	}
	if (x->options > 0)
		drop_all_nominated(h, data);
	return 0;
}

/* "HTTP/1.1": 0, or -1 with an answer in h. */
static int
head_version(struct http_head *h, const char *s, size_t len)
{
	if (len != 8 || memcmp(s, "HTTP/", 5) != 0 || !ascii_is_digit(s[5]) || s[6] != '.' ||
		!ascii_is_digit(s[7]))
		return refuse(h, 400, "the HTTP version is malformed");
	if (s[5] != '1')
		return refuse(h, 505, "this version of HTTP is not spoken here");
	h->minor = s[7] != '0';
	return 0;
}

/* Which framing the fields give, where there may be a body at all (RFC 9112 section 6.3).  Both lengths
 * at once is the classic smuggling attack; who speaks HTTP/1.0 does not know Transfer-Encoding. */
static int
head_framing(struct http_head *h, const struct facts *x, enum body_framing neither)
{
	if (x->has_coding && h->minor == 0)
		return refuse(h, 400, "Transfer-Encoding in HTTP/1.0");
	if (x->has_coding && x->has_length)
		return refuse(h, 400, "both Transfer-Encoding and Content-Length");
	if (x->has_coding && !x->chunked)
		return refuse(h, 501, "a Transfer-Encoding other than chunked");
	h->framing = x->has_coding ? BODY_CHUNKED : x->has_length ? BODY_LENGTH : neither;
	return 0;
}

/* --- requests ---------------------------------------------------------------------------------- */

/* "http://host:port/path" at data[at..end). */
static int
request_absolute(struct http_head *h, const char *data, size_t at, size_t end)
{
	size_t host;

	h->is_https = end - at > 8 && same_word(data + at, "https://", 8);
	if (!h->is_https && !(end - at > 7 && same_word(data + at, "http://", 7)))
		return refuse(h, 400, "the request target is no path and no http address");
	h->form = HTTP_ABSOLUTE;
	host = at += h->is_https ? 8 : 7;
	while (at < end && data[at] != '/' && data[at] != '?')
		at++;
	/* User information is refused with the host: RFC 9110 section 4.2.4. */
	if (target_parse(&h->target, data + host, at - host) < 0)
		return refuse(h, 400, "the host in the request target is malformed");
	if (h->target.port == 0)
		h->target.port = h->is_https ? 443 : 80;
	if (at < end && data[at] == '?')
		return refuse(h, 400, "the request target has a query but no path");
	/* Without a path, the last slash of "//" serves for it. */
	h->path = at < end ? span_of(at, end) : span_of(host - 1, host);
	return 0;
}

static int
request_target(struct http_head *h, const char *data, size_t at, size_t end)
{
	/* Bytes above 0x7e too: 0x85 and 0xa0 are white space to some readers of Latin-1. */
	for (size_t i = at; i < end; i++)
		if (data[i] <= ' ' || data[i] >= 0x7f || data[i] == '#')
			return refuse(h, 400,
				"the request target holds a character that must be "
				"percent-encoded");
	if (h->asked.is_connect) {
		h->form = HTTP_AUTHORITY;
		if (target_parse(&h->target, data + at, end - at) < 0 || h->target.port == 0)
			return refuse(h, 400, "CONNECT needs host:port");
		return 0;
	}
	h->path = span_of(at, end);
	if (data[at] == '/')
		return 0;
	if (!span_equals(data, h->path, "*"))
		return request_absolute(h, data, at, end);
	h->form = HTTP_ASTERISK;
	return span_equals(data, h->method, "OPTIONS")
		       ? 0
		       : refuse(h, 400, "the request target * is for OPTIONS alone");
}

/* Methods are case-sensitive, but an origin that isn't strict would send no body to "head". */
static int
request_method(struct http_head *h, const char *data, size_t at, size_t end)
{
	h->method = span_of(at, end);
	h->asked.is_head = span_equals(data, h->method, "HEAD");
	h->asked.is_connect = span_equals(data, h->method, "CONNECT");
	h->idempotent = h->asked.is_head || span_equals(data, h->method, "GET") ||
			span_equals(data, h->method, "OPTIONS") ||
			span_equals(data, h->method, "TRACE");
	if (h->method.len > METHOD_MAX || (!h->asked.is_head && span_is(data, h->method, "head")) ||
		(!h->asked.is_connect && span_is(data, h->method, "connect")))
		return refuse(h, 501, "the method is unknown");
	return 0;
}

/* "method SP target SP version" at data[at..end), with single spaces. */
static int
request_line(struct http_head *h, const char *data, size_t at, size_t end)
{
	size_t method = at, target;

	while (at < end && field_is_name_char(data[at]))
		at++;
	if (at == method || at == end || data[at] != ' ')
		return refuse(h, 400, "the method is malformed");
	target = at + 1;
	for (at = target; at < end && data[at] != ' ';)
		at++;
	if (at == target || at == end)
		return refuse(h, 400, "the request line is malformed");
	if (head_version(h, data + at + 1, end - at - 1) < 0 ||
		request_method(h, data, method, target - 1) < 0)
		return -1;
	return request_target(h, data, target, at);
}

/* Max-Forwards counts only here (RFC 9110 section 7.6.2). */
static int
request_hops(struct http_head *h, const struct facts *x, const char *data)
{
	const struct http_field *f = x->max_forwards;
	size_t zeros = 0;

	if (f == NULL ||
		!(span_equals(data, h->method, "OPTIONS") || span_equals(data, h->method, "TRACE")))
		return 0;
	for (size_t i = 0; i < f->value.len; i++) {
		if (!ascii_is_digit(data[f->value.off + i]))
			return refuse(h, 400, "Max-Forwards is malformed");
		zeros += data[f->value.off + i] == '0';
	}
	h->last_hop = zeros == f->value.len;
	return 0;
}

/* Host against the target; an absent port in Host is the target's. */
static int
request_host(struct http_head *h)
{
	if (!h->has_host && h->minor > 0)
		return refuse(h, 400, "Host is missing");
	if (h->has_host && h->target.host[0] != '\0' &&
		!target_same(&h->target, &h->host,
			h->asked.is_connect ? h->target.port
			: h->is_https       ? 443
					    : 80))
		return refuse(h, 400, "Host and the request target differ");
	return 0;
}

/* Draws the conclusions from the fields. */
static int
request_settle(struct http_head *h, const struct facts *x, const char *data)
{
	if (head_framing(h, x, BODY_NONE) < 0 || request_host(h) < 0 ||
		request_hops(h, x, data) < 0)
		return -1;
	if ((h->asked.is_connect || span_equals(data, h->method, "TRACE")) &&
		!(h->framing == BODY_NONE || (h->framing == BODY_LENGTH && h->length == 0)))
		return refuse(h, 400, "this method takes no content");
	h->keep = h->minor > 0 && !x->close;
	/* Only to a request that ends with its head: bytes behind it would be read as both kinds. */
	if (x->upgrade && x->upgrades == 1 && x->websocket != NULL && h->minor > 0 &&
		h->framing == BODY_NONE && span_equals(data, h->method, "GET")) {
		h->asked.upgrade_websocket = true;
		x->websocket->drop = false;
	}
	/* Without content, or in HTTP/1.0, it asks for nothing and may confuse (RFC 9110 10.1.1). */
	h->expect_continue = x->expect != NULL && h->minor > 0 &&
			     (h->framing == BODY_CHUNKED || h->length > 0);
	if (x->expect != NULL)
		x->expect->drop = !h->expect_continue;
	return 0;
}

int
http_parse_request(struct http_head *h, const char *data, size_t len)
{
	struct facts x = { .is_request = true };
	size_t at = 0, line;
	int end;

	memset(h, 0, offsetof(struct http_head, fields));
	while (at < EMPTY_MAX && len - at >= 2 && data[at] == '\r' && data[at + 1] == '\n')
		at += 2;
	if (at == len || (len - at == 1 && data[at] == '\r' && at < EMPTY_MAX))
		return 0;
	/* A TLS hello on a plain port need not wait for its timeout. */
	if (!field_is_name_char(data[at]))
		return refuse(h, 400, "this is not HTTP");
	if ((end = head_find_end(h, data, len, at)) <= 0)
		return end;
	line = line_end(data, at, (size_t)end);
	if (request_line(h, data, at, line) < 0 ||
		head_fields(h, &x, data, line + 2, (size_t)end) < 0 ||
		request_settle(h, &x, data) < 0)
		return -1;
	h->len = (uint16_t)end;
	return end;
}

/* --- responses --------------------------------------------------------------------------------- */

/* "HTTP/1.1 SP 200 SP reason"; the second space is often forgotten where there is no reason. */
static int
response_line(struct http_head *h, const char *data, size_t end)
{
	if (end < 12 || data[8] != ' ' || !ascii_is_digit(data[9]) || !ascii_is_digit(data[10]) ||
		!ascii_is_digit(data[11]) || (end > 12 && data[12] != ' '))
		return refuse(h, 400, "the status line is malformed");
	if (head_version(h, data, 8) < 0)
		return -1;
	for (size_t i = 12; i < end; i++)
		if (!field_is_value_char(data[i]))
			return refuse(h, 400, "the status line holds a control character");
	h->status = (uint16_t)((data[9] - '0') * 100 + (data[10] - '0') * 10 + (data[11] - '0'));
	return h->status >= 100 && h->status <= 599 ? 0
						    : refuse(h, 400, "the status is out of range");
}

static void
drop_named(struct http_head *h, const char *data, const char *name)
{
	for (size_t i = 0; i < h->count; i++)
		if (span_is(data, h->fields[i].name, name))
			h->fields[i].drop = true;
}

/*
 * A message without a body by its status or request (RFC 9112 section 6.3, 1 and 2).  With HEAD and 304 the
 * lengths speak of another response and are passed on.  Others must have none; a careless 204 is forgiven
 * and its connection given up, since a body may follow; an interim one can't be given up and is refused.
 */
static int
response_bodiless(struct http_head *h, const struct facts *x, const char *data, bool of_another)
{
	bool lies = !of_another && (x->has_coding || h->length > 0);

	h->framing = BODY_NONE;
	h->length = 0;
	if (lies && h->status < 200)
		return refuse(h, 400, "an interim response with a body");
	h->keep = h->keep && !lies;
	if (of_another)
		return 0;
	drop_named(h, data, "content-length");
	drop_named(h, data, "transfer-encoding");
	return 0;
}

static int
response_settle(struct http_head *h, const struct facts *x, const char *data,
	const struct http_asked *asked)
{
	bool is_empty = h->status < 200 || h->status == 204;
	bool of_another = h->status == 304 || (!is_empty && asked != NULL && asked->is_head);
	bool is_tunnel = asked != NULL && asked->is_connect && h->status / 100 == 2;

	if (head_framing(h, x, BODY_CLOSE) < 0)
		return -1;
	h->keep = !x->close && (h->minor > 0 || x->keep_alive);
	if (is_empty || is_tunnel || of_another) {
		if (response_bodiless(h, x, data, of_another) < 0)
			return -1;
	} else if (h->framing == BODY_CLOSE) {
		h->keep = false;
	}
	if (h->status != 101)
		return 0;
	if (asked == NULL || !asked->upgrade_websocket || !x->upgrade || x->upgrades != 1 ||
		x->websocket == NULL || h->minor == 0)
		return refuse(h, 400, "a switch of protocols that was not asked for");
	h->asked.upgrade_websocket = true;
	x->websocket->drop = false;
	return 0;
}

int
http_parse_response(
	struct http_head *h, const char *data, size_t len, const struct http_asked *asked)
{
	struct facts x = { .is_request = false };
	size_t line;
	int end;

	memset(h, 0, offsetof(struct http_head, fields));
	if (len == 0)
		return 0;
	if (memcmp(data, "HTTP/1.", len < 7 ? len : 7) != 0)
		return refuse(h, 400, "this is not HTTP/1.x");
	if ((end = head_find_end(h, data, len, 0)) <= 0)
		return end;
	line = line_end(data, 0, (size_t)end);
	if (response_line(h, data, line) < 0 ||
		head_fields(h, &x, data, line + 2, (size_t)end) < 0 ||
		response_settle(h, &x, data, asked) < 0)
		return -1;
	h->len = (uint16_t)end;
	return end;
}

const struct http_field *
http_find(const struct http_head *h, const char *data, const char *name)
{
	for (size_t i = 0; i < h->count; i++)
		if (span_is(data, h->fields[i].name, name))
			return &h->fields[i];
	return NULL;
}

/* --- rewriting --------------------------------------------------------------------------------- */

/* A head being written over itself.  The start line and the fields only ever get shorter, so the writing
 * end never passes the reading end; only what is appended can meet cap. */
struct edit {
	char *data;
	size_t at, cap;
	bool full;
};

static void
edit_put(struct edit *e, const char *text, size_t len)
{
	e->full = e->full || len > e->cap - e->at;
	if (e->full)
		return;
	memmove(e->data + e->at, text, len);
	e->at += len;
}

static void
edit_text(struct edit *e, const char *text)
{
	edit_put(e, text, strlen(text));
}

static void
edit_number(struct edit *e, unsigned n)
{
	char text[10];
	size_t at = sizeof text;

	do
		text[--at] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	edit_put(e, text + at, sizeof text - at);
}

/* Each field anew as "name: value", so that odd white space ("Transfer-Encoding:\tchunked") ends here. */
static void
edit_fields(struct edit *e, const struct http_head *h)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct http_field *f = &h->fields[i];
		bool spaced = f->value.off > f->name.off + f->name.len + 1;

		if (f->drop)
			continue;
		edit_put(e, e->data + f->name.off, f->name.len);
		edit_text(e, spaced ? ": " : ":");
		edit_put(e, e->data + f->value.off, f->value.len);
		edit_text(e, "\r\n");
	}
}

/* Host from the target, for an HTTP/1.0 request that had none. */
static void
edit_host(struct edit *e, const struct http_head *h)
{
	const struct target *t = &h->target;
	bool brackets = t->is_ip && strchr(t->host, ':') != NULL;

	edit_text(e, brackets ? "Host: [" : "Host: ");
	edit_text(e, t->host);
	edit_text(e, brackets ? "]" : "");
	if (t->port != 0 && t->port != (h->is_https ? 443 : 80)) {
		edit_text(e, ":");
		edit_number(e, t->port);
	}
	edit_text(e, "\r\n");
}

/* The fields of our own and the empty line; returns the length. */
static size_t
edit_finish(struct edit *e, const struct http_head *h, bool close, bool te)
{
	if (h->asked.upgrade_websocket)
		edit_text(e, te ? "Connection: Upgrade, TE\r\n" : "Connection: Upgrade\r\n");
	else if (close)
		edit_text(e, te ? "Connection: close, TE\r\n" : "Connection: close\r\n");
	else if (te)
		edit_text(e, "Connection: TE\r\n");
	edit_text(e, h->minor > 0 ? "Via: 1.1 sluice\r\n\r\n" : "Via: 1.0 sluice\r\n\r\n");
	return e->full ? 0 : e->at;
}

/* Counts Max-Forwards down where it stands: 10 becomes 09. */
static void
count_down(char *digits, size_t len)
{
	while (len-- > 0 && digits[len]-- == '0')
		digits[len] = '9';
}

size_t
http_rewrite_request(struct http_head *h, char *data, size_t cap, bool close)
{
	struct edit e = { .data = data, .cap = cap };
	const struct http_field *te = http_find(h, data, "te");
	const struct http_field *hops = http_find(h, data, "max-forwards");
	bool is_options = span_equals(data, h->method, "OPTIONS");

	if (hops != NULL && !h->last_hop && (is_options || span_equals(data, h->method, "TRACE")))
		count_down(data + hops->value.off, hops->value.len);
	edit_put(&e, data + h->method.off, h->method.len);
	edit_text(&e, " ");
	/* OPTIONS http://host is about the server (RFC 9112 section 3.2.4).  Then the path is the slash
	 * before the host: see request_absolute. */
	if (is_options && h->form == HTTP_ABSOLUTE && data[h->path.off - 1] == '/')
		edit_text(&e, "*");
	else
		edit_put(&e, data + h->path.off, h->path.len);
	edit_text(&e, " HTTP/1.1\r\n");
	edit_fields(&e, h);
	if (!h->has_host && h->target.host[0] != '\0')
		edit_host(&e, h);
	return edit_finish(&e, h, close, te != NULL && !te->drop);
}

size_t
http_rewrite_response(struct http_head *h, char *data, size_t cap, bool close, bool plain)
{
	struct edit e = { .data = data, .cap = cap };

	if (plain) {
		drop_named(h, data, "transfer-encoding");
		drop_named(h, data, "trailer");
	}
	data[7] = '1';
	e.at = line_end(data, 0, h->len) + 2;
	if (e.at > cap)
		return 0;
	edit_fields(&e, h);
	return edit_finish(&e, h, close, false);
}
