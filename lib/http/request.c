/*
 * request: reads HTTP/1.1 requests.  See http.h.
 *
 * A head is first looked for as a whole (lines that end in CRLF, up to the empty one), then read line by
 * line.  Request smuggling lives from two readers that disagree, so nothing here is repaired: a head is
 * either plain or refused, and what goes on is written from what was understood.
 */
#include <string.h>
#include "lib/base/ascii.h"
#include "lib/http/field.h"
#include "lib/http/head.h"
#include "lib/http/http.h"

enum {
	EMPTY_MAX = 4,     /* bytes of empty lines before a request; old clients end a POST so */
	METHOD_MAX = 32,   /* the longest registered one has 17 (UPDATEREDIRECTREF) */
	LENGTH_DIGITS = 18 /* decimal digits of a length: fits 64 bits, signed too */
};

/* Methods: their case matters. */
static bool
span_equals(const char *data, struct http_span s, const char *text)
{
	return s.len == strlen(text) && memcmp(data + s.off, text, s.len) == 0;
}

/* --- lines and fields -------------------------------------------------------------------------- */

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
			return head_refuse(h, 400, "a line does not end in CR LF");
		if (at == line + 1)
			return (int)(at + 1);
		line = at + 1;
	}
	if (len < HTTP_HEAD_MAX)
		return 0;
	return line == start ? head_refuse(h, 414, "the first line is too long")
			     : head_refuse(h, 431, "the head is too large");
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
		return head_refuse(h, 400, "a field is folded over two lines");
	if (colon == at || colon == end || data[colon] != ':')
		return head_refuse(h, 400, "a field name is malformed");
	f->name = head_span(at, colon);
	for (at = colon + 1; at < end && ascii_is_blank(data[at]);)
		at++;
	while (end > at && ascii_is_blank(data[end - 1]))
		end--;
	f->value = head_span(at, end);
	for (; at < end; at++)
		if (!field_is_value_char(data[at]))
			return head_refuse(h, 400, "a field value holds a control character");
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
		return head_refuse(h, 400, "Content-Length is malformed");
	for (size_t i = 0; i < f->value.len; i++) {
		if (!ascii_is_digit(s[i]))
			return head_refuse(h, 400, "Content-Length is malformed");
		length = length * 10 + (uint64_t)(s[i] - '0');
	}
	if (x->has_length && length != h->length)
		return head_refuse(h, 400, "two lengths that differ");
	f->drop = x->has_length;
	x->has_length = true;
	h->length = length;
	return 0;
}

static int
note_coding(struct http_head *h, struct facts *x, const char *data, const struct http_field *f)
{
	if (x->has_coding)
		return head_refuse(h, 400, "Transfer-Encoding is given twice");
	x->has_coding = true;
	x->chunked = head_span_is(data, f->value, "chunked");
	return 0;
}

static int
note_connection(struct http_head *h, struct facts *x, const char *data, const struct http_field *f)
{
	struct http_span rest = f->value, option;

	while (head_next_element(data, &rest, &option)) {
		if (!head_is_token(data, option))
			return head_refuse(h, 400, "Connection is malformed");
		head_note_option(x, data, option);
	}
	return x->options <= HEAD_OPTIONS ? 0 : head_refuse(h, 400, "too many connection options");
}

/* The target of the request.  Where the target says it, Host says nothing, but twice is twice. */
static int
note_host(struct http_head *h, const char *data, const struct http_field *f)
{
	struct target *t = &h->host;

	if (h->has_host_field)
		return head_refuse(h, 400, "Host is given twice");
	h->has_host_field = true;
	h->has_host = target_parse(t, data + f->value.off, f->value.len) == 0;
	if (h->form == HTTP_ABSOLUTE)
		h->new_host = !h->has_host || !target_same(&h->target, t, h->is_https ? 443 : 80);
	else if (!h->has_host && h->form != HTTP_AUTHORITY)
		return head_refuse(h, 400, "Host is malformed");
	return 0;
}

/* Only 100-continue exists (RFC 9110 section 10.1.1); what merely looks like it ("y 100-continue") makes
 * origins and proxies disagree on who waits for whom. */
static int
note_expect(struct http_head *h, struct facts *x, const char *data, const struct http_field *f)
{
	if (x->has_expect || !head_span_is(data, f->value, "100-continue"))
		return head_refuse(h, 417, "Expect is not just 100-continue");
	x->has_expect = true;
	x->expect_number = f->number;
	return 0;
}

static int
note_hops(struct http_head *h, struct facts *x, const struct http_field *f)
{
	if (x->has_hops)
		return head_refuse(h, 400, "Max-Forwards is given twice");
	x->has_hops = true;
	x->hops = f->value;
	return 0;
}

/* A name of framing with another separator, which is the same name behind CGI.  "ContentLength" is another. */
static bool
is_posing(const char *data, struct http_span name)
{
	bool is_length = name.len == sizeof "content-length" - 1;

	return (is_length || name.len == sizeof "transfer-encoding" - 1) &&
	       data[name.off + (is_length ? 7 : 8)] != '-' &&
	       field_poses_as_framing(data + name.off, name.len);
}

static int
note_field(struct http_head *h, struct facts *x, const char *data, struct http_field *f)
{
	unsigned what = field_lookup(data + f->name.off, f->name.len);
	unsigned which = what & FIELD_WHICH;

	f->drop = (what & FIELD_HOP) != 0;
	if (is_posing(data, f->name))
		return head_refuse(h, 400, "a field poses as one of framing");
	switch (which) {
	case FIELD_CONNECTION: return note_connection(h, x, data, f);
	case FIELD_LENGTH: return note_length(h, x, data, f);
	case FIELD_CODING: return note_coding(h, x, data, f);
	case FIELD_HOST: return note_host(h, data, f);
	case FIELD_UPGRADE: head_note_upgrade(x, data, f); return 0;
	case FIELD_TE: f->drop = !head_span_is(data, f->value, "trailers"); return 0;
	case FIELD_EXPECT: return note_expect(h, x, data, f);
	case FIELD_MAX_FORWARDS: return note_hops(h, x, f);
	default: return 0;
	}
}

/* Reads the fields at data[at..len), where the last line is the empty one. */
static int
request_fields(struct http_head *h, struct facts *x, const char *data, size_t at, size_t len)
{
	h->fields = (uint16_t)at;
	while (at < len - 2) {
		size_t end = line_end(data, at, len);
		struct http_field f = { .number = h->count };

		if (h->count == HTTP_FIELDS_MAX)
			return head_refuse(h, 431, "too many fields");
		if (field_split(h, &f, data, at, end) < 0 || note_field(h, x, data, &f) < 0)
			return -1;
		head_drop(h, h->count++, f.drop);
		at = end + 2;
	}
	h->len = (uint16_t)len;
	if (x->options > 0)
		head_drop_nominated(h, data);
	return 0;
}

/* "HTTP/1.1": 0, or -1 with an answer in h. */
static int
request_version(struct http_head *h, const char *s, size_t len)
{
	if (len != 8 || memcmp(s, "HTTP/", 5) != 0 || !ascii_is_digit(s[5]) || s[6] != '.' ||
		!ascii_is_digit(s[7]))
		return head_refuse(h, 400, "the HTTP version is malformed");
	if (s[5] != '1')
		return head_refuse(h, 505, "this version of HTTP is not spoken here");
	h->minor = s[7] != '0';
	return 0;
}

/* Which framing the fields give (RFC 9112 section 6.3).  Both lengths at once is the classic smuggling attack; who
 * speaks HTTP/1.0 does not know Transfer-Encoding. */
static int
request_framing(struct http_head *h, const struct facts *x)
{
	if (x->has_coding && h->minor == 0)
		return head_refuse(h, 400, "Transfer-Encoding in HTTP/1.0");
	if (x->has_coding && x->has_length)
		return head_refuse(h, 400, "both Transfer-Encoding and Content-Length");
	if (x->has_coding && !x->chunked)
		return head_refuse(h, 501, "a Transfer-Encoding other than chunked");
	h->framing = x->has_coding ? BODY_CHUNKED : x->has_length ? BODY_LENGTH : BODY_NONE;
	return 0;
}

/* --- the request line --------------------------------------------------------------------------- */

/* "http://host:port/path" at data[at..end). */
static int
request_absolute(struct http_head *h, const char *data, size_t at, size_t end)
{
	size_t host;

	h->is_https = end - at > 8 && head_same_word(data + at, "https://", 8);
	if (!h->is_https && !(end - at > 7 && head_same_word(data + at, "http://", 7)))
		return head_refuse(h, 400, "the request target is no path and no http address");
	h->form = HTTP_ABSOLUTE;
	host = at += h->is_https ? 8 : 7;
	while (at < end && data[at] != '/' && data[at] != '?')
		at++;
	/* User information is refused with the host: RFC 9110 section 4.2.4. */
	if (target_parse(&h->target, data + host, at - host) < 0)
		return head_refuse(h, 400, "the host in the request target is malformed");
	if (h->target.port == 0)
		h->target.port = h->is_https ? 443 : 80;
	if (at < end && data[at] == '?')
		return head_refuse(h, 400, "the request target has a query but no path");
	/* Without a path, the last slash of "//" serves for it. */
	h->path = at < end ? head_span(at, end) : head_span(host - 1, host);
	return 0;
}

static int
request_target(struct http_head *h, const char *data, size_t at, size_t end)
{
	/* Bytes above 0x7e too: 0x85 and 0xa0 are white space to some readers of Latin-1. */
	for (size_t i = at; i < end; i++)
		if (data[i] <= ' ' || data[i] >= 0x7f || data[i] == '#')
			return head_refuse(h, 400,
				"the request target holds a character that must be "
				"percent-encoded");
	if (h->asked.is_connect) {
		h->form = HTTP_AUTHORITY;
		if (target_parse(&h->target, data + at, end - at) < 0 || h->target.port == 0)
			return head_refuse(h, 400, "CONNECT needs host:port");
		return 0;
	}
	h->path = head_span(at, end);
	if (data[at] == '/')
		return 0;
	if (!span_equals(data, h->path, "*"))
		return request_absolute(h, data, at, end);
	h->form = HTTP_ASTERISK;
	return span_equals(data, h->method, "OPTIONS")
		       ? 0
		       : head_refuse(h, 400, "the request target * is for OPTIONS alone");
}

/* Methods are case-sensitive, but an origin that isn't strict would send no body to "head". */
static int
request_method(struct http_head *h, const char *data, size_t at, size_t end)
{
	h->method = head_span(at, end);
	h->asked.is_head = span_equals(data, h->method, "HEAD");
	h->asked.is_connect = span_equals(data, h->method, "CONNECT");
	h->idempotent = h->asked.is_head || span_equals(data, h->method, "GET") ||
			span_equals(data, h->method, "OPTIONS") ||
			span_equals(data, h->method, "TRACE");
	if (h->method.len > METHOD_MAX ||
		(!h->asked.is_head && head_span_is(data, h->method, "head")) ||
		(!h->asked.is_connect && head_span_is(data, h->method, "connect")))
		return head_refuse(h, 501, "the method is unknown");
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
		return head_refuse(h, 400, "the method is malformed");
	target = at + 1;
	for (at = target; at < end && data[at] != ' ';)
		at++;
	if (at == target || at == end)
		return head_refuse(h, 400, "the request line is malformed");
	if (request_version(h, data + at + 1, end - at - 1) < 0 ||
		request_method(h, data, method, target - 1) < 0)
		return -1;
	return request_target(h, data, target, at);
}

/* Max-Forwards counts only here (RFC 9110 section 7.6.2). */
static int
request_hops(struct http_head *h, const struct facts *x, const char *data)
{
	size_t zeros = 0;

	if (!x->has_hops ||
		!(span_equals(data, h->method, "OPTIONS") || span_equals(data, h->method, "TRACE")))
		return 0;
	for (size_t i = 0; i < x->hops.len; i++) {
		if (!ascii_is_digit(data[x->hops.off + i]))
			return head_refuse(h, 400, "Max-Forwards is malformed");
		zeros += data[x->hops.off + i] == '0';
	}
	h->last_hop = zeros == x->hops.len;
	return 0;
}

/* An absolute form says whom the request is for, and nothing else does. */
static int
request_host(struct http_head *h)
{
	if (h->form == HTTP_ABSOLUTE) {
		h->host = h->target;
		h->has_host = true;
	}
	return h->has_host || h->minor == 0 || h->form == HTTP_AUTHORITY
		       ? 0
		       : head_refuse(h, 400, "Host is missing");
}

/* A WebSocket begins with a GET that ends with its head: bytes behind it would be read as both kinds.  Docker and
 * Kubernetes send a POST, with a body or without, and switch once it is whole: see relay.c. */
static void
request_upgrade(struct http_head *h, const struct facts *x, const char *data)
{
	bool is_get = span_equals(data, h->method, "GET");
	bool has_body = h->framing == BODY_CHUNKED || h->length > 0;

	if (!x->upgrade || x->upgrades != 1 || x->protocol == HTTP_STAYS || h->minor == 0)
		return;
	if (x->protocol == HTTP_WEBSOCKET ? !is_get || has_body
					  : !is_get && !span_equals(data, h->method, "POST"))
		return;
	h->asked.upgrade = x->protocol;
	head_drop(h, x->upgrade_number, false);
}

/* Draws the conclusions from the fields. */
static int
request_settle(struct http_head *h, const struct facts *x, const char *data)
{
	if (request_framing(h, x) < 0 || request_host(h) < 0 || request_hops(h, x, data) < 0)
		return -1;
	if ((h->asked.is_connect || span_equals(data, h->method, "TRACE")) &&
		!(h->framing == BODY_NONE || (h->framing == BODY_LENGTH && h->length == 0)))
		return head_refuse(h, 400, "this method takes no content");
	if (h->asked.is_connect) /* some clients say "Content-Length: 0" */
		h->framing = BODY_NONE;
	h->keep = h->minor > 0 && !x->close;
	request_upgrade(h, x, data);
	/* Without content, or in HTTP/1.0, it asks for nothing and may confuse (RFC 9110 10.1.1). */
	h->expect_continue = x->has_expect && h->minor > 0 &&
			     (h->framing == BODY_CHUNKED || h->length > 0);
	if (x->has_expect)
		head_drop(h, x->expect_number, !h->expect_continue);
	return 0;
}

int
http_parse_request(struct http_head *h, const char *data, size_t len)
{
	struct facts x = { .has_length = false };
	size_t at = 0, line;
	int end;

	memset(h, 0, offsetof(struct http_head, dropped));
	while (at < EMPTY_MAX && len - at >= 2 && data[at] == '\r' && data[at + 1] == '\n')
		at += 2;
	if (at == len || (len - at == 1 && data[at] == '\r' && at < EMPTY_MAX))
		return 0;
	/* A TLS hello on a plain port need not wait for its timeout. */
	if (!field_is_name_char(data[at]))
		return head_refuse(h, 400, "this is not HTTP");
	if ((end = head_find_end(h, data, len, at)) <= 0)
		return end;
	line = line_end(data, at, (size_t)end);
	if (request_line(h, data, at, line) < 0 ||
		request_fields(h, &x, data, line + 2, (size_t)end) < 0 ||
		request_settle(h, &x, data) < 0)
		return -1;
	return end;
}

/* --- targets that are not ASCII ------------------------------------------------------------------ */

/* Where the target of the first line may stand: data[*at..end), or nothing. */
static size_t
find_target(const char *data, size_t len, size_t *at)
{
	size_t end;

	while (*at < len && (data[*at] == '\r' || data[*at] == '\n'))
		++*at;
	for (end = *at; end < len && data[end] != '\n';)
		end++;
	while (*at < end && data[*at] != ' ')
		++*at;
	while (end > *at && data[end - 1] != ' ')
		end--;
	return end;
}

size_t
http_encode_target(char *data, size_t len, size_t cap)
{
	size_t at = 0, end = find_target(data, len, &at), raw = 0, to;

	for (size_t i = at; i < end; i++)
		raw += (unsigned char)data[i] >= 0x80;
	if (raw == 0)
		return len;
	if (len > cap || 2 * raw > cap - len)
		return 0;
	to = end + 2 * raw;
	memmove(data + to, data + end, len - end);
	while (end > at) {
		unsigned char c = (unsigned char)data[--end];

		if (c < 0x80) {
			data[--to] = (char)c;
			continue;
		}
		data[--to] = "0123456789ABCDEF"[c & 15];
		data[--to] = "0123456789ABCDEF"[c >> 4];
		data[--to] = '%';
	}
	return len + 2 * raw;
}
