/*
 * rewrite: heads written anew for the next reader.  See http.h.
 *
 * The result has one reading, whatever it was made from: each field as "name: value" on a line of its own, with no
 * control character, at most one field of framing, with one plain value.
 */
#include <string.h>
#include "lib/http/field.h"
#include "lib/http/head.h"
#include "lib/http/http.h"

/* A head being written over itself: what is read stands at least as far behind as what is written will reach, so
 * that only what is appended can meet cap. */
struct edit {
	const char *src; /* the old head: spans are of this */
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
edit_number(struct edit *e, uint64_t n)
{
	char text[20];
	size_t at = sizeof text;

	do
		text[--at] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	edit_put(e, text + at, sizeof text - at);
}

/* The end of a fold at text[at..len): with the blanks of the next line. */
static size_t
skip_fold(const char *text, size_t len, size_t at)
{
	while (at < len && text[at] != '\0' && strchr("\r\n\t ", text[at]) != NULL)
		at++;
	return at;
}

/* Text from the old head: a fold becomes a space, other control characters go. */
static void
edit_clean(struct edit *e, struct http_span s)
{
	const char *text = e->src + s.off;
	size_t from = e->at, at = 0;

	while (at < s.len) {
		size_t clean = at;

		while (at < s.len && field_is_value_char(text[at]))
			at++;
		edit_put(e, text + clean, at - clean);
		if (at == s.len)
			break;
		if (text[at] == '\r' || text[at] == '\n') {
			at = skip_fold(text, s.len, at);
			edit_text(e, " ");
		} else {
			at++;
		}
	}
	while (e->at > from && (e->data[e->at - 1] == ' ' || e->data[e->at - 1] == '\t'))
		e->at--;
}

/* Host from the target, in a line of its own. */
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

/* A field anew, so that odd white space ("Transfer-Encoding:\tchunked") ends here. */
static void
edit_field(struct edit *e, const struct http_field *f)
{
	edit_put(e, e->src + f->name.off, f->name.len);
	edit_text(e, f->spaced ? ": " : ":");
	edit_clean(e, f->value);
	edit_text(e, "\r\n");
}

/* The fields of our own and the empty line; returns the length. */
static size_t
edit_finish(struct edit *e, const struct http_head *h, bool close, bool te)
{
	if (h->asked.upgrade != HTTP_STAYS)
		edit_text(e, te ? "Connection: Upgrade, TE\r\n" : "Connection: Upgrade\r\n");
	else if (close)
		edit_text(e, te ? "Connection: close, TE\r\n" : "Connection: close\r\n");
	else if (te)
		edit_text(e, "Connection: TE\r\n");
	if (h->status != 0)
		edit_text(e, h->minor > 0 ? "Via: 1.1 sluice\r\n" : "Via: 1.0 sluice\r\n");
	edit_text(e, "\r\n");
	return e->full ? 0 : e->at;
}

/* --- requests ---------------------------------------------------------------------------------- */

/* Counts Max-Forwards down where it stands: 10 becomes 09. */
static void
count_down(const struct http_head *h, char *data)
{
	struct http_field f;
	size_t at;

	if (h->last_hop || !http_find(h, data, "max-forwards", &f))
		return;
	at = (size_t)f.value.off + f.value.len;
	while (at-- > f.value.off && data[at]-- == '0')
		data[at] = '9';
}

static bool
method_is(const struct http_head *h, const char *data, const char *name)
{
	return h->method.len == strlen(name) &&
	       memcmp(data + h->method.off, name, h->method.len) == 0;
}

static void
edit_request_line(struct edit *e, const struct http_head *h, bool is_options)
{
	edit_put(e, e->src + h->method.off, h->method.len);
	edit_text(e, " ");
	/* OPTIONS http://host is about the server (RFC 9112 section 3.2.4).  Then the path is the slash
	 * before the host: see request_absolute. */
	if (is_options && h->form == HTTP_ABSOLUTE && e->src[h->path.off - 1] == '/')
		edit_text(e, "*");
	else
		edit_put(e, e->src + h->path.off, h->path.len);
	edit_text(e, " HTTP/1.1\r\n");
}

/* A Host that is written anew is no longer than what the request line gave up for it: "http://", and the host as it
 * was spelt there. */
size_t
http_rewrite_request(struct http_head *h, char *data, size_t cap, bool close)
{
	struct edit e = { .src = data, .data = data, .cap = cap };
	struct http_field f = { .next = 0 };
	bool te = false, is_options = method_is(h, data, "OPTIONS");

	if (is_options || method_is(h, data, "TRACE"))
		count_down(h, data);
	edit_request_line(&e, h, is_options);
	while (http_next_field(h, data, &f)) {
		if (f.drop)
			continue;
		te = te || head_span_is(data, f.name, "te");
		if (h->new_host && head_span_is(data, f.name, "host"))
			edit_host(&e, h);
		else
			edit_field(&e, &f);
	}
	if (!h->has_host_field && h->target.host[0] != '\0')
		edit_host(&e, h);
	return edit_finish(&e, h, close, te);
}

/* --- responses --------------------------------------------------------------------------------- */

/* How much longer than it was a head may get on the way: line ends of one byte, and a short status line. */
static size_t
response_growth(const struct http_head *h, const char *data)
{
	size_t growth = h->reason.off < 13 ? 13u - h->reason.off : 0;

	for (size_t i = 0; i < h->len; i++)
		growth += (data[i] == '\n' && (i == 0 || data[i - 1] != '\r')) ||
			  (data[i] == '\r' && data[i + 1] != '\n');
	return growth;
}

static void
edit_response_field(
	struct edit *e, const struct http_head *h, const struct http_field *f, bool plain)
{
	bool coding = head_span_is(e->src, f->name, "transfer-encoding");
	bool length = head_span_is(e->src, f->name, "content-length");

	if (!coding && !length) {
		if (!(plain && head_span_is(e->src, f->name, "trailer")))
			edit_field(e, f);
		return;
	}
	if (coding ? !h->tells_chunked || plain : !h->tells_length)
		return;
	edit_put(e, e->src + f->name.off, f->name.len);
	edit_text(e, f->spaced ? ": " : ":");
	if (coding)
		edit_text(e, "chunked");
	else
		edit_number(e, h->told);
	edit_text(e, "\r\n");
}

size_t
http_rewrite_response(struct http_head *h, char *data, size_t cap, bool close, bool plain)
{
	size_t growth = response_growth(h, data);
	struct edit e = { .src = data + growth, .data = data, .cap = cap };
	struct http_field f = { .next = 0 };

	if (growth > cap || h->len > cap - growth)
		return 0;
	memmove(data + growth, data, h->len);
	h->reach = h->len + growth;
	edit_text(&e, "HTTP/1.1 ");
	edit_number(&e, h->status);
	edit_text(&e, " ");
	edit_clean(&e, h->reason);
	edit_text(&e, "\r\n");
	while (http_next_field(h, e.src, &f))
		if (!f.drop)
			edit_response_field(&e, h, &f, plain);
	return edit_finish(&e, h, close, false);
}
