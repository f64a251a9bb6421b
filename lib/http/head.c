/*
 * head: lines, fields and lists of HTTP heads.  See head.h.
 */
#include "lib/http/head.h"

#include <string.h>
#include <strings.h>
#include "lib/base/ascii.h"
#include "lib/http/field.h"

/* --- words ------------------------------------------------------------------------------------- */

bool
head_same_word(const char *text, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (ascii_lower(text[i]) != (unsigned char)word[i])
			return false;
	return true;
}

bool
head_span_is(const char *data, struct http_span s, const char *word)
{
	return s.len == strlen(word) && head_same_word(data + s.off, word, s.len);
}

struct http_span
head_span(size_t from, size_t to)
{
	return (struct http_span){ (uint16_t)from, (uint16_t)(to - from) };
}

int
head_refuse(struct http_head *h, uint16_t status, const char *why)
{
	h->len = 0;
	h->error_status = status;
	h->error = why;
	return -1;
}

/* --- lines and fields -------------------------------------------------------------------------- */

static bool
is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

/* White space around values and list elements; line ends are those of folds. */
static bool
is_space(char c)
{
	return ascii_is_blank(c) || is_line_end(c);
}

static struct http_span
span_trim(const char *data, size_t at, size_t end)
{
	while (at < end && is_space(data[at]))
		at++;
	while (end > at && is_space(data[end - 1]))
		end--;
	return head_span(at, end);
}

bool
head_is_token(const char *data, struct http_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!field_is_name_char(data[s.off + i]))
			return false;
	return s.len > 0;
}

/* The next line that isn't empty, from `at` on: its end, and *at its beginning. */
static size_t
line_next(const char *data, size_t len, size_t *at)
{
	size_t end;

	while (*at < len && is_line_end(data[*at]))
		++*at;
	for (end = *at; end < len && !is_line_end(data[end]);)
		end++;
	return end;
}

/* Where the line that ends at `end` really ends, with those that begin with a blank. */
static size_t
line_unfold(const char *data, size_t len, size_t end)
{
	size_t at = end, next;

	while ((next = line_next(data, len, &at)) > at && ascii_is_blank(data[at]))
		at = end = next;
	return end;
}

bool
head_next_line(const char *data, size_t len, struct http_field *f)
{
	size_t at = f->next, end = line_next(data, len, &at), colon = at;

	if (end == at)
		return false;
	while (colon < end && data[colon] != ':')
		colon++;
	f->name = span_trim(data, at, colon);
	f->odd = colon == end || ascii_is_blank(data[at]) || !head_is_token(data, f->name);
	/* The continuation of a line without a name is lost with it. */
	end = line_unfold(data, len, end);
	f->value = f->odd ? head_span(end, end) : span_trim(data, colon + 1, end);
	f->spaced = f->value.off > colon + 1;
	f->next = (uint16_t)end;
	return true;
}

void
head_drop(struct http_head *h, uint16_t number, bool drop)
{
	uint8_t bit = (uint8_t)(1 << number % 8);

	h->dropped[number / 8] = (uint8_t)(drop ? h->dropped[number / 8] | bit
						: h->dropped[number / 8] & ~bit);
}

bool
http_next_field(const struct http_head *h, const char *data, struct http_field *f)
{
	f->number = (uint16_t)(f->next == 0 ? 0 : f->number + 1);
	f->next = f->next == 0 ? h->fields : f->next;
	do {
		if (f->number == h->count || !head_next_line(data, h->len, f))
			return false;
	} while (f->odd);
	f->drop = (h->dropped[f->number / 8] >> f->number % 8 & 1) != 0;
	return true;
}

bool
http_find(const struct http_head *h, const char *data, const char *name, struct http_field *f)
{
	*f = (struct http_field){ .next = 0 };
	while (http_next_field(h, data, f))
		if (head_span_is(data, f->name, name))
			return true;
	return false;
}

/* --- lists ------------------------------------------------------------------------------------- */

bool
head_next_element(const char *data, struct http_span *rest, struct http_span *element)
{
	size_t at = rest->off, end = at + rest->len, from;

	while (at < end && (is_space(data[at]) || data[at] == ','))
		at++;
	for (from = at; at < end && data[at] != ',';)
		at++;
	*element = span_trim(data, from, at);
	*rest = head_span(at, end);
	return at > from;
}

void
head_note_option(struct facts *x, const char *data, struct http_span option)
{
	if (x->options <= HEAD_OPTIONS)
		x->options++;
	if (head_span_is(data, option, "close"))
		x->close = true;
	else if (head_span_is(data, option, "keep-alive"))
		x->keep_alive = true;
	else if (head_span_is(data, option, "upgrade"))
		x->upgrade = true;
}

void
head_note_upgrade(struct facts *x, const char *data, const struct http_field *f)
{
	x->protocol = head_span_is(data, f->value, "websocket")  ? HTTP_WEBSOCKET
		      : head_span_is(data, f->value, "tcp")      ? HTTP_TCP
		      : head_span_is(data, f->value, "spdy/3.1") ? HTTP_SPDY
								 : HTTP_STAYS;
	x->upgrade_number = f->number;
	if (x->upgrades < 2)
		x->upgrades++;
}

/*
 * Fields that a Connection field names are for this hop only.  But Host, the lengths, credentials and the
 * rest of FIELD_END stay, whatever it says: naming them is how attackers have a proxy strip what the next
 * reader needs.  It isn't refused since some large origins name Transfer-Encoding in all innocence.
 */
static void
drop_nominated(struct http_head *h, const char *data, struct http_span token)
{
	struct http_field f = { .next = 0 };

	if (field_lookup(data + token.off, token.len) & (FIELD_END | FIELD_HOP))
		return;
	while (http_next_field(h, data, &f))
		if (f.name.len == token.len &&
			strncasecmp(data + f.name.off, data + token.off, token.len) == 0)
			head_drop(h, f.number, true);
}

void
head_drop_nominated(struct http_head *h, const char *data)
{
	struct http_field f = { .next = 0 };
	unsigned most = HEAD_OPTIONS;

	while (http_next_field(h, data, &f)) {
		struct http_span rest = f.value, token;

		if (!head_span_is(data, f.name, "connection"))
			continue;
		while (most > 0 && head_next_element(data, &rest, &token)) {
			most--;
			if (head_is_token(data, token))
				drop_nominated(h, data, token);
		}
	}
}
