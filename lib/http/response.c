/*
 * response: reads HTTP/1.1 responses as a browser does.  See http.h.
 *
 * Chromium's reading of a response was measured, case by case (test/http/odd.json): what it drops is dropped, what
 * it takes for a length is one.  Where other readers see another length, the body is read as Chromium reads
 * it but goes on with none, and ends with the connection: nothing that leaves has two readings.
 */
#include <string.h>
#include "lib/base/ascii.h"
#include "lib/http/field.h"
#include "lib/http/head.h"
#include "lib/http/http.h"

enum {
	SLOP_MAX = 4, /* bytes before the status line, of the message before; Chromium's bound */
	LENGTH_DIGITS =
		18 /* decimal digits of a length without its zeros: fits 64 bits, signed too */
};

/* --- the whole head ---------------------------------------------------------------------------- */

/* Where "HTTP" begins.  0: needs more; -1: refused. */
static int
response_find_start(struct http_head *h, const char *data, size_t len, size_t *start)
{
	for (size_t at = 0; at <= SLOP_MAX; at++) {
		size_t n = len - at < 4 ? len - at : 4;

		if (n == 0)
			return 0;
		if (!head_same_word(data + at, "http", n))
			continue;
		*start = at;
		return n == 4;
	}
	return head_refuse(h, 400, "this is not HTTP");
}

/* Looks for the empty line, from `start` on.  Returns the length of the head with it, 0 or -1. */
static int
response_find_end(struct http_head *h, const char *data, size_t len, size_t start)
{
	size_t most = len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX, at = start;
	const char *lf;

	while ((lf = memchr(data + at, '\n', most - at)) != NULL) {
		at = (size_t)(lf - data) + 1;
		if (at < most && data[at] == '\n')
			return (int)at + 1;
		if (at + 1 < most && data[at] == '\r' && data[at + 1] == '\n')
			return (int)at + 2;
	}
	return len < HTTP_HEAD_MAX ? 0 : head_refuse(h, 431, "the head is too large");
}

/* NUL, and CR without LF, end a line to some readers only. */
static bool
response_has_traps(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] == '\0' || (data[i] == '\r' && data[i + 1] != '\n'))
			return true;
	return false;
}

/* --- the status line --------------------------------------------------------------------------- */

/* "HTTP/1.1" at data[at..end), or something like it: what has no digits around its first dot counts as 1.0. */
static void
response_version(struct http_head *h, struct facts *x, const char *data, size_t at, size_t end)
{
	const char *dot = memchr(data + at, '.', end - at);
	unsigned major = 0, minor = 0;

	if (dot != NULL && dot + 1 < data + end && data[at + 4] == '/' &&
		ascii_is_digit(data[at + 5]) && ascii_is_digit(dot[1])) {
		major = (unsigned)(data[at + 5] - '0');
		minor = (unsigned)(dot[1] - '0');
	}
	h->minor = major > 1 || (major == 1 && minor > 0);
	x->repaired = x->repaired || end - at != 8 || major != 1;
}

/*
 * "HTTP/1.1 SP 200 SP reason" at data[at..end).  Browsers take a status that isn't there for 200, and do without the
 * blank behind it; others don't, so these are in doubt.
 */
static int
response_line(struct http_head *h, struct facts *x, const char *data, size_t at, size_t end)
{
	size_t version = at, digits;
	unsigned status = 0;

	while (at < end && data[at] != ' ')
		at++;
	response_version(h, x, data, version, at);
	while (at < end && data[at] == ' ')
		at++;
	for (digits = at; at < end && ascii_is_digit(data[at]); at++)
		if (status < 1000)
			status = status * 10 + (unsigned)(data[at] - '0');
	if (at == digits)
		status = 200;
	x->doubtful = x->doubtful || at - digits != 3 || (at < end && data[at] != ' ');
	if (status < 100 || status > 999)
		return head_refuse(h, 400, "the status is out of range");
	h->status = (uint16_t)status;
	while (at < end && ascii_is_blank(data[at]))
		at++;
	h->reason = head_span(at, end);
	return 0;
}

/* --- fields ------------------------------------------------------------------------------------ */

static bool
is_framing(const char *data, struct http_span name)
{
	return head_span_is(data, name, "content-length") ||
	       head_span_is(data, name, "transfer-encoding");
}

/* Does a line of data[at..f->next), where the field stands, pose as one of framing?  Not if it plainly is one. */
static bool
field_poses(const char *data, size_t at, const struct http_field *f)
{
	size_t name_end = (size_t)f->name.off + f->name.len, end;
	bool plain = !f->odd && data[name_end] == ':' && is_framing(data, f->name);

	for (; at < f->next; at = end + 1) {
		const char *colon;

		for (end = at; end < f->next && data[end] != '\r' && data[end] != '\n';)
			end++;
		colon = memchr(data + at, ':', end - at);
		if (!plain && colon != NULL &&
			field_poses_as_framing(data + at, (size_t)(colon - data) - at))
			return true;
		plain = plain && end == at;
	}
	return false;
}

/* The number that the element holds.  False: it is none. */
static bool
read_length(const char *s, size_t len, uint64_t *length)
{
	*length = 0;
	if (len == 0)
		return false;
	for (; len > 1 && *s == '0'; len--)
		s++;
	for (size_t i = 0; i < len; i++) {
		if (!ascii_is_digit(s[i]) || i == LENGTH_DIGITS)
			return false;
		*length = *length * 10 + (uint64_t)(s[i] - '0');
	}
	return true;
}

static bool
same_text(const char *data, struct http_span a, struct http_span b)
{
	return a.len == b.len && memcmp(data + a.off, data + b.off, a.len) == 0;
}

/* The element of a list of lengths that begins at data[at..end), and its end.  Empty ones are elements too. */
static struct http_span
length_element(const char *data, size_t at, size_t end, size_t *to)
{
	const char *comma = memchr(data + at, ',', end - at);
	struct http_span rest, one;

	*to = comma != NULL ? (size_t)(comma - data) : end;
	rest = head_span(at, *to);
	return head_next_element(data, &rest, &one) ? one : head_span(at, at);
}

/* Content-Length: one number, as often as it likes, be it in a list or in many fields.  The first field is the place
 * for it. */
static void
note_length(struct facts *x, const char *data, struct http_field *f)
{
	size_t end = (size_t)f->value.off + f->value.len, to;

	f->drop = f->drop || x->has_length;
	for (size_t at = f->value.off; at <= end; at = to + 1) {
		struct http_span one = length_element(data, at, end, &to);

		x->lengths_differ = x->lengths_differ ||
				    (x->has_length && !same_text(data, x->length, one));
		x->repaired = x->repaired || x->has_length;
		x->has_length = true;
		x->length = one;
	}
}

/* Transfer-Encoding: "chunked" anywhere counts, but not within quotes. */
static void
note_coding(struct facts *x, const char *data, struct http_field *f)
{
	struct http_span rest = f->value, one;
	const char *quote = memchr(data + rest.off, '"', rest.len);

	if (quote != NULL) {
		x->doubtful = true;
		rest = head_span(rest.off, (size_t)(quote - data));
	}
	f->drop = f->drop || x->has_coding;
	x->repaired = x->repaired || x->has_coding || !head_span_is(data, f->value, "chunked");
	x->has_coding = true;
	while (head_next_element(data, &rest, &one)) {
		bool chunked = head_span_is(data, one, "chunked");

		x->chunked = x->chunked || chunked;
		x->other_coding = x->other_coding ||
				  !(chunked || head_span_is(data, one, "identity"));
	}
}

static void
note_connection(struct facts *x, const char *data, const struct http_field *f)
{
	struct http_span rest = f->value, option;

	while (x->options <= HEAD_OPTIONS && head_next_element(data, &rest, &option)) {
		head_note_option(x, data, option);
		x->close = x->close || !head_is_token(data, option);
	}
	x->close = x->close || x->options > HEAD_OPTIONS;
}

/* Two places to go, or two names to save as: Chromium refuses them, others take one. */
static int
note_once(struct http_head *h, struct http_span *seen, const char *data, const struct http_field *f)
{
	if (seen->off != 0 && !same_text(data, *seen, f->value))
		return head_refuse(h, 400, "two fields that must agree and don't");
	*seen = f->value;
	return 0;
}

static bool
has_control(const char *data, struct http_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!field_is_value_char(data[s.off + i]))
			return true;
	return false;
}

static int
note_field(struct http_head *h, struct facts *x, const char *data, struct http_field *f)
{
	unsigned what = field_lookup(data + f->name.off, f->name.len);
	unsigned which = what & FIELD_WHICH;

	f->drop = (what & FIELD_HOP) != 0 ||
		  memchr(data + f->value.off, '\0', f->value.len) != NULL;
	if (!is_framing(data, f->name) && field_poses_as_framing(data + f->name.off, f->name.len)) {
		f->drop = true;
		return 0;
	}
	switch (which) {
	case FIELD_CONNECTION: note_connection(x, data, f); return 0;
	case FIELD_LENGTH: note_length(x, data, f); return 0;
	case FIELD_CODING: note_coding(x, data, f); return 0;
	case FIELD_UPGRADE: head_note_upgrade(x, data, f); return 0;
	case FIELD_TE:
	case FIELD_ALT_SVC: f->drop = true; return 0;
	/* Browsers ignore such a cookie; without the character it would be another. */
	case FIELD_SET_COOKIE: f->drop = f->drop || has_control(data, f->value); return 0;
	case FIELD_LOCATION: return note_once(h, &x->location, data, f);
	case FIELD_DISPOSITION: return note_once(h, &x->disposition, data, f);
	default: return 0;
	}
}

static int
response_fields(struct http_head *h, struct facts *x, const char *data, size_t at, size_t len)
{
	struct http_field f = { .next = (uint16_t)at };

	h->fields = (uint16_t)at;
	while (head_next_line(data, len, &f)) {
		x->doubtful = x->doubtful || field_poses(data, at, &f);
		at = f.next;
		if (f.odd)
			continue;
		f.number = h->count;
		if (note_field(h, x, data, &f) < 0)
			return -1;
		head_drop(h, h->count++, f.drop);
	}
	h->len = (uint16_t)len;
	if (x->options > 0)
		head_drop_nominated(h, data);
	return 0;
}

/* --- conclusions ------------------------------------------------------------------------------- */

/* How Chromium reads the body, and what the fields that go on say of it. */
static int
response_framing(struct http_head *h, struct facts *x, const char *data)
{
	bool chunked = x->chunked && h->minor > 0, is_number = false;

	if (x->has_length) {
		is_number = read_length(data + x->length.off, x->length.len, &h->told);
		x->repaired = x->repaired || !is_number ||
			      (x->length.len > 1 && data[x->length.off] == '0');
	}
	h->tells_chunked = chunked;
	h->tells_length = is_number && !chunked;
	if (chunked) {
		h->framing = BODY_CHUNKED;
		x->repaired = x->repaired || x->has_length;
		return 0;
	}
	if (x->lengths_differ)
		return head_refuse(h, 400, "two lengths that differ");
	/* Other readers know that coding, or know it in HTTP/1.0, or take what resembles it for it. */
	x->doubtful = x->doubtful || x->chunked || x->other_coding;
	h->framing = is_number ? BODY_LENGTH : BODY_CLOSE;
	h->length = is_number ? h->told : 0;
	return 0;
}

/*
 * A message without a body by its status or request (RFC 9112 section 6.3, 1 and 2).  With HEAD and 304 the
 * lengths speak of another response and are passed on.  Others must have none; a careless one is forgiven
 * and its connection given up, since a body may follow.
 */
static void
response_bodiless(struct http_head *h, struct facts *x, bool of_another)
{
	bool lies = !of_another && (x->has_coding || h->length > 0 || x->no_end);

	h->framing = BODY_NONE;
	h->length = 0;
	x->repaired = x->repaired || lies;
	if (of_another)
		return;
	h->tells_chunked = false;
	h->tells_length = h->tells_length && h->status == 205;
	h->told = 0;
}

/* The 101: to the protocol that was asked for. */
static int
response_switch(struct http_head *h, const struct facts *x, const struct http_asked *asked)
{
	if (asked == NULL || asked->upgrade == HTTP_STAYS || !x->upgrade || x->upgrades != 1 ||
		x->protocol != asked->upgrade || h->minor == 0)
		return head_refuse(h, 400, "a switch of protocols that was not asked for");
	h->asked.upgrade = asked->upgrade;
	head_drop(h, x->upgrade_number, false);
	return 0;
}

static int
response_settle(
	struct http_head *h, struct facts *x, const char *data, const struct http_asked *asked)
{
	bool is_empty = h->status < 200 || h->status == 204 || h->status == 205;
	bool of_another = h->status == 304 || (!is_empty && asked != NULL && asked->is_head);
	bool is_tunnel = asked != NULL && asked->is_connect && h->status / 100 == 2;

	if (response_framing(h, x, data) < 0)
		return -1;
	/* A 205 without a length: Chromium reads no more, but something may come (RFC 9110 section 15.3.6). */
	x->no_end = h->status == 205 && h->framing == BODY_CLOSE;
	if (is_empty || is_tunnel || of_another)
		response_bodiless(h, x, of_another);
	h->by_close = x->doubtful;
	if (h->by_close)
		h->tells_length = h->tells_chunked = false;
	h->keep = !x->close && (h->minor > 0 || x->keep_alive) && h->framing != BODY_CLOSE &&
		  !x->repaired && !x->doubtful;
	return h->status == 101 ? response_switch(h, x, asked) : 0;
}

int
http_parse_response(
	struct http_head *h, const char *data, size_t len, const struct http_asked *asked)
{
	struct facts x = { .has_length = false };
	size_t start = 0, line;
	int n;

	memset(h, 0, offsetof(struct http_head, dropped));
	if ((n = response_find_start(h, data, len, &start)) <= 0 ||
		(n = response_find_end(h, data, len, start)) <= 0)
		return n;
	x.repaired = start > 0;
	x.doubtful = response_has_traps(data, (size_t)n);
	for (line = start; data[line] != '\r' && data[line] != '\n';)
		line++;
	if (response_line(h, &x, data, start, line) < 0 ||
		response_fields(h, &x, data, line, (size_t)n) < 0 ||
		response_settle(h, &x, data, asked) < 0)
		return -1;
	return n;
}
