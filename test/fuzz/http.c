/*
 * http: heads and bodies, held to what a proxy lives by.
 *
 * The first byte of the input says what the rest is (request, response, chunked body for a receiver that knows
 * chunks or not), the second where it is cut.  The result must not depend on the cut.  A head that is
 * rewritten must parse again and mean the same, and stand before a reader that forgives nothing; chunks written anew must
 * hold the same content, and agree with decoders that are written otherwise: line by line over the whole text.
 */
#include "lib/http/http.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { INPUT_MAX = 16384 };

static void
want(bool cond)
{
	if (!cond)
		abort();
}

/* --- heads --------------------------------------------------------------------------------------- */

static const struct http_asked asks[4] = {
	[1] = { .is_head = true }, [2] = { .is_connect = true }, [3] = { .upgrade = HTTP_WEBSOCKET }
};

static int
parse(struct http_head *h, const char *text, size_t len, bool response,
	const struct http_asked *asked)
{
	char *exact = malloc(len); /* ASan knows its end */
	int rc;

	memcpy(exact, text, len);
	rc = response ? http_parse_response(h, exact, len, asked)
		      : http_parse_request(h, exact, len);
	free(exact);
	return rc;
}

static unsigned
count_named(const struct http_head *h, const char *data, const char *name)
{
	struct http_field f = { .next = 0 };
	unsigned n = 0;

	while (http_next_field(h, data, &f))
		n += f.name.len == strlen(name) &&
		     strncasecmp(data + f.name.off, name, f.name.len) == 0;
	return n;
}

/* A name that some reader may take for one of framing: letters and digits alone count. */
static bool
poses(const char *name, size_t len)
{
	char squashed[32];
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]))
			continue;
		if (n == sizeof squashed - 1)
			return false;
		squashed[n++] = (char)tolower((unsigned char)name[i]);
	}
	squashed[n] = '\0';
	return strcmp(squashed, "contentlength") == 0 || strcmp(squashed, "transferencoding") == 0;
}

/* A line of fields to a reader that forgives nothing.  Returns 1 if it is one of framing, with one plain value. */
static unsigned
strict_field(const char *line, size_t len, bool response)
{
	size_t name = 0, value;

	while (name < len && line[name] != '\0' &&
		(isalnum((unsigned char)line[name]) || strchr("!#$%&'*+-.^_`|~", line[name])))
		name++;
	want(name > 0 && name < len && line[name] == ':');
	for (value = name + 1; value < len && (line[value] == ' ' || line[value] == '\t');)
		value++;
	for (size_t i = name; i < len; i++)
		want(line[i] == '\t' || ((unsigned char)line[i] >= 0x20 && line[i] != 0x7f));
	/* A response's names are judged by their letters alone, a request's with separators. */
	if (!poses(line, name) || (!response && name != 14 && name != 17))
		return 0;
	want(name == 14 || name == 17);
	if (name == 17) {
		want(memchr(line, '-', name) == line + 8);
		want(len - value == 7 && strncasecmp(line + value, "chunked", 7) == 0);
		return 1;
	}
	want(memchr(line, '-', name) == line + 7);
	want(len > value && (len - value == 1 || line[value] != '0'));
	for (; value < len; value++)
		want(isdigit((unsigned char)line[value]));
	return 1;
}

/* A whole head before that reader. */
static void
strict_head(const char *data, size_t len, bool response)
{
	const char *end = data + len, *lf = memchr(data, '\n', len);
	unsigned framing = 0;

	want(lf != NULL && lf > data && lf[-1] == '\r');
	if (response) {
		want(lf - data >= 14 && memcmp(data, "HTTP/1.1 ", 9) == 0 && data[12] == ' ');
		want(data[9] >= '1' && data[9] <= '9' && isdigit((unsigned char)data[10]) &&
			isdigit((unsigned char)data[11]));
	}
	for (data = lf + 1; (lf = memchr(data, '\n', (size_t)(end - data))) != NULL;
		data = lf + 1) {
		want(lf > data && lf[-1] == '\r');
		if (lf == data + 1)
			break;
		framing += strict_field(data, (size_t)(lf - data) - 1, response);
	}
	want(lf != NULL && lf + 1 == end && framing <= 1);
}

/* What must hold of every head that goes on. */
static void
check_forwarded(const struct http_head *h, const char *data, bool response, bool close)
{
	static const char *const never[] = { "keep-alive", "proxy-connection",
		"proxy-authorization", "proxy-authenticate", "http2-settings" };

	strict_head(data, h->len, response);
	for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
		want(count_named(h, data, never[i]) == 0);
	want(count_named(h, data, "upgrade") == (h->asked.upgrade != HTTP_STAYS));
	want(!response || count_named(h, data, "via") >= 1);
	want(count_named(h, data, "connection") <= 1);
	want(!close || h->asked.upgrade != HTTP_STAYS || !h->keep);
	want(response || count_named(h, data, "host") == 1);
	want(!response || count_named(h, data, "alt-svc") == 0);
}

static void
check_same_meaning(const struct http_head *a, const struct http_head *b)
{
	want(a->framing == b->framing && a->length == b->length && a->status == b->status);
	want(a->asked.is_head == b->asked.is_head && a->idempotent == b->idempotent);
	want(a->asked.upgrade == b->asked.upgrade);
	want(a->expect_continue == b->expect_continue);
	want(!a->has_host || target_same(&a->host, &b->host, a->is_https ? 443 : 80));
	want(a->has_host || target_same(&a->target, &b->host, a->is_https ? 443 : 80));
}

/* Rewrites the head at text and reads it again. */
static void
check_rewrite(struct http_head *h, const char *text, bool response, bool close, bool plain,
	const struct http_asked *asked)
{
	size_t len = h->len, cap = 2 * len + HTTP_HEAD_ROOM, made;
	char *data = malloc(cap);
	static struct http_head again;

	memcpy(data, text, len);
	/* An HTTP/1.0 client behind a CONNECT: the caller knows where it wants to go. */
	if (!response && !h->has_host && h->target.host[0] == '\0')
		target_parse(&h->target, "a.example:81", 12);
	made = response ? http_rewrite_response(h, data, cap, close, plain)
			: http_rewrite_request(h, data, cap, close);
	want(made > 0 && made <= cap && (!response || h->reach <= cap));
	want(response || made <= len + HTTP_HEAD_ROOM);
	want(parse(&again, data, made, response, asked) == (int)made);
	check_forwarded(&again, data, response, close);
	if (response && ((plain && h->framing == BODY_CHUNKED) ||
				(h->by_close && h->framing != BODY_NONE))) {
		h->framing = BODY_CLOSE;
		h->length = 0;
	}
	if (!response) {
		check_same_meaning(h, &again);
		want(again.form != HTTP_ABSOLUTE);
		want((again.path.len == h->path.len &&
			     memcmp(data + again.path.off, text + h->path.off, h->path.len) == 0) ||
			(again.form == HTTP_ASTERISK && h->path.len == 1));
	}
	if (response)
		want(!again.by_close && h->framing == again.framing && h->length == again.length &&
			h->status == again.status);
	free(data);
}

/* A target in one form: what was ASCII stays, and what comes out is. */
static void
fuzz_encode(const char *text, size_t len, size_t cut)
{
	char *data = malloc(len + cut + 1);
	size_t made, ascii = 0, i;

	memcpy(data, text, len);
	made = http_encode_target(data, len, len + cut);
	want(made <= len + cut);
	if (made == 0) {
		free(data);
		return;
	}
	for (i = 0; i < len; i++)
		ascii += (unsigned char)text[i] < 0x80;
	for (i = 0; i < made; i++)
		ascii -= (unsigned char)data[i] < 0x80;
	want((0 - ascii) % 3 == 0 && made - len == (0 - ascii) / 3 * 2);
	want(http_encode_target(data, made, made) == made);
	free(data);
}

static void
fuzz_head(const char *text, size_t len, size_t cut, uint8_t flags, bool response)
{
	static struct http_head whole, part;
	const struct http_asked *asked = &asks[flags & 3];
	int rc = parse(&whole, text, len, response, asked);
	int part_rc = parse(&part, text, cut, response, asked);

	if (!response)
		fuzz_encode(text, len, cut);
	want(rc <= (int)len && rc >= -1 && (rc < 0) == (whole.error != NULL));
	want(part_rc == 0 || part_rc == rc);
	want(part_rc != 0 || rc <= 0 || cut < (size_t)rc);
	want(part_rc >= 0 || part.error == whole.error);
	if (rc > 0 && !whole.asked.is_connect)
		check_rewrite(&whole, text, response, flags & 4, flags & 8, asked);
}

/* --- bodies -------------------------------------------------------------------------------------- */

struct text {
	char data[2 * INPUT_MAX + 64]; /* a line end may come out longer */
	size_t len;
};

/* Moves text[0..cut), then the rest, in rooms of `room`.  Returns what was used, or -1. */
static long
move_all(struct body *b, const char *text, size_t len, size_t cut, size_t room, struct text *out)
{
	size_t at = 0, used, made, end = cut;

	out->len = 0;
	for (;;) {
		char *in = malloc(end - at), *to = malloc(room);
		int rc;

		memcpy(in, text + at, end - at);
		rc = body_move(b, in, end - at, &used, to, room, &made);
		want(used <= end - at && made <= room && out->len + made <= sizeof out->data);
		memcpy(out->data + out->len, to, made);
		free(in);
		free(to);
		at += used;
		out->len += made;
		if (rc < 0)
			return -1;
		if (b->done)
			return (long)at;
		if (at == end && end < len)
			end = len;
		else if ((at == end && !body_is_held(b)) || (used == 0 && made == 0))
			return (long)at; /* as in a relay, no call without input */
	}
}

static bool
is_text(const char *s, size_t len, const char *also)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)s[i] < 0x20 || s[i] == 0x7f) &&
			(s[i] == 0 || strchr(also, s[i]) == NULL))
			return false;
	return true;
}

/* The line at text[at..): its length without CR LF, or -1: none, or none that is allowed. */
static long
line_at(const char *text, size_t len, size_t at)
{
	const char *lf = memchr(text + at, '\n', len - at);
	long n = lf != NULL ? (long)(lf - text - (long)at) - 1 : -1;

	return n >= 0 && text[at + (size_t)n] == '\r' && is_text(text + at, (size_t)n, "\t") ? n
											     : -1;
}

/* "size[;extensions]" of n bytes: the size, or -1. */
static long long
size_of(const char *s, size_t n)
{
	char digits[16] = "";
	size_t k = 0;
	bool quoted = false;

	while (k < n && k < 16 && s[k] != '\0' && strchr("0123456789abcdefABCDEF", s[k]) != NULL)
		k++;
	if (k == 0 || k > 15 || n + 1 > BODY_CHUNK_LINE)
		return -1;
	memcpy(digits, s, k);
	while (k < n && (s[k] == ' ' || s[k] == '\t'))
		k++;
	if (k < n && s[k] != ';')
		return -1;
	for (; k < n; k++) {
		if (s[k] == '"')
			quoted = !quoted;
		else if (s[k] == '\\' && quoted && ++k == n)
			return -1;
	}
	return quoted ? -1 : strtoll(digits, NULL, 16);
}

/* The plain decoder: bytes of the message and its content, or -1 if it isn't whole and well-formed. */
static long
decode(const char *text, size_t len, struct text *content)
{
	size_t at = 0, trailers;
	long line;
	long long size;

	content->len = 0;
	do {
		if ((line = line_at(text, len, at)) < 0 ||
			(size = size_of(text + at, (size_t)line)) < 0)
			return -1;
		at += (size_t)line + 2;
		if (size == 0)
			break;
		if ((unsigned long long)size + 2 > len - at ||
			memcmp(text + at + size, "\r\n", 2) != 0)
			return -1;
		memcpy(content->data + content->len, text + at, (size_t)size);
		content->len += (size_t)size;
		at += (size_t)size + 2;
	} while (true);
	for (trailers = at; (line = line_at(text, len, at)) > 0; at += (size_t)line + 2) {
		size_t name = strspn(text + at,
			"!#$%&'*+-.^_`|~0123456789"
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

		if (name == 0 || name >= BODY_HELD || text[at + name] != ':')
			return -1;
	}
	at += 2;
	return line == 0 && at - trailers <= BODY_TRAILER_MAX ? (long)at : -1;
}

/* As Chromium reads: lines end in LF, with one CR before it or without. */
static long
browser_line(const char *text, size_t len, size_t *at)
{
	const char *lf = memchr(text + *at, '\n', len - *at);
	size_t n;

	if (lf == NULL)
		return -1;
	n = (size_t)(lf - text) - *at;
	*at += n + 1;
	return (long)(n > 0 && lf[-1] == '\r' ? n - 1 : n);
}

static long long
browser_size(const char *s, size_t n)
{
	const char *semicolon = memchr(s, ';', n);
	unsigned long long size = 0;

	n = semicolon != NULL ? (size_t)(semicolon - s) : n;
	while (n > 0 && s[n - 1] == ' ')
		n--;
	for (size_t i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)s[i]) || size >> 59 != 0)
			return -1;
		size = size << 4 |
		       (unsigned)(isdigit((unsigned char)s[i]) ? s[i] - '0'
							       : (s[i] | 32) - 'a' + 10);
	}
	return n > 0 ? (long long)size : -1;
}

/* The whole message as a browser decodes it: its bytes, or -1. */
static long
browser_decode(const char *text, size_t len, struct text *content)
{
	size_t at = 0, trailers;
	long line;
	long long size;

	content->len = 0;
	for (;;) {
		size_t from = at;

		if ((line = browser_line(text, len, &at)) < 0 ||
			(size = browser_size(text + from, (size_t)line)) < 0)
			return -1;
		if (size == 0)
			break;
		if ((unsigned long long)size > len - at)
			return -1;
		memcpy(content->data + content->len, text + at, (size_t)size);
		content->len += (size_t)size;
		at += (size_t)size;
		if (browser_line(text, len, &at) != 0)
			return -1;
	}
	trailers = at;
	while ((line = browser_line(text, len, &at)) > 0)
		continue;
	return line == 0 && at - trailers <= BODY_TRAILER_MAX ? (long)at : -1;
}

/* A response's body. */
static void
fuzz_lenient(const char *text, size_t len, size_t cut, size_t room)
{
	static struct text out, other, content, plain;
	struct body b, c;
	long used, decoded = browser_decode(text, len, &content);

	body_start(&b, BODY_CHUNKED, 0, BODY_LENIENT);
	used = move_all(&b, text, len, len, len + 32, &out);
	body_start(&c, BODY_CHUNKED, 0, BODY_LENIENT | BODY_PLAIN);
	want(move_all(&c, text, len, cut, room, &plain) == used && b.done == c.done);
	want(plain.len == c.content && c.content == b.content && b.repaired == c.repaired);
	body_start(&c, BODY_CHUNKED, 0, BODY_LENIENT);
	want(move_all(&c, text, len, cut, room, &other) == used && b.done == c.done);
	want(!b.done || out.len == other.len);
	want(memcmp(out.data, other.data, out.len < other.len ? out.len : other.len) == 0);
	want((used >= 0 && b.done) == (decoded >= 0));
	if (decoded < 0)
		return;
	want(used == decoded && plain.len == content.len);
	want(memcmp(plain.data, content.data, content.len) == 0);
	/* What goes on has one reading, a strict one. */
	want(decode(out.data, out.len, &content) == (long)out.len);
	want(plain.len == content.len && memcmp(plain.data, content.data, content.len) == 0);
}

static void
fuzz_body(const char *text, size_t len, size_t cut, size_t room)
{
	static struct text out, other, content, plain;
	struct body b, c;
	long used, decoded = decode(text, len, &content);

	body_start(&b, BODY_CHUNKED, 0, 0);
	used = move_all(&b, text, len, len, len + 32, &out);
	body_start(&c, BODY_CHUNKED, 0, 0);
	want(move_all(&c, text, len, cut, room, &other) == used && b.done == c.done);
	/* Of a message that is not complete, a chunk line may still wait for room. */
	want(out.len == other.len ||
		(!b.done && used >= 0 && out.len == other.len + c.held_len - c.held_out));
	want(memcmp(out.data, other.data, other.len) == 0);
	body_start(&c, BODY_CHUNKED, 0, BODY_PLAIN);
	want(move_all(&c, text, len, cut, room, &plain) == used && b.done == c.done);
	want(plain.len == c.content && c.content == b.content);

	want((used >= 0 && b.done) == (decoded >= 0));
	if (decoded < 0)
		return;
	want(used == decoded && plain.len == content.len);
	want(memcmp(plain.data, content.data, content.len) == 0);
	/* What was written anew reads the same, to both, and stays as it is. */
	want(decode(out.data, out.len, &content) == (long)out.len);
	want(plain.len == content.len && memcmp(plain.data, content.data, content.len) == 0);
	body_start(&c, BODY_CHUNKED, 0, 0);
	want(move_all(&c, out.data, out.len, out.len, out.len + 32, &other) == (long)out.len);
	want(other.len == out.len && memcmp(other.data, out.data, out.len) == 0);
}

/* A host has one form, which reads as itself. */
static void
fuzz_target(const char *text, size_t len)
{
	struct target t, again;
	char form[TARGET_HOST_MAX + 3];
	bool brackets;

	if (target_parse(&t, text, len) < 0)
		return;
	brackets = strchr(t.host, ':') != NULL;
	len = (size_t)snprintf(form, sizeof form, brackets ? "[%s]" : "%s", t.host);
	want(target_parse(&again, form, len) == 0 && again.port == 0);
	want(t.is_ip == again.is_ip && strcmp(t.host, again.host) == 0);
	want(t.is_ip || !brackets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char text[INPUT_MAX + 1];
	size_t cut;

	if (len < 2 || len - 2 > INPUT_MAX)
		return 0;
	len -= 2;
	memcpy(text, data + 2, len);
	text[len] = '\0'; /* for strspn above, never parsed */
	cut = len * data[1] / 256;
	switch (data[0] & 3) {
	case 0: fuzz_head(text, len, cut, data[0] >> 2, false); break;
	case 1: fuzz_head(text, len, cut, data[0] >> 2, true); break;
	case 2:
		fuzz_body(text, len, cut, (size_t)(data[0] >> 2) + 1);
		fuzz_lenient(text, len, cut, (size_t)(data[0] >> 2) + 1);
		break;
	default: fuzz_target(text, len);
	}
	return 0;
}
