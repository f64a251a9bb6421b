/*
 * body: message bodies on their way through.  See body.h.
 */
#include "lib/http/body.h"

#include <string.h>
#include "lib/base/ascii.h"
#include "lib/http/field.h"

enum { CHUNK_DIGITS = 15 }; /* hex digits of a chunk size: fits 64 bits, signed too */

enum {
	B_RAW, /* no chunks */
	/* the chunk line */
	B_SIZE,    /* hex digits */
	B_PADDING, /* white space behind them */
	B_EXTENSION,
	B_QUOTED,  /* a string in an extension; CR LF there would be an end to some readers only */
	B_ESCAPED, /* behind its backslash */
	B_SIZE_LF,
	B_DATA,
	B_DATA_CR,
	B_DATA_LF,
	/* the trailer section */
	B_LINE, /* at the start of a line */
	B_NAME, /* held back until it is known whether it may pass */
	B_REST, /* of a name that is longer than any forbidden one */
	B_VALUE,
	B_VALUE_LF,
	B_END_LF,
	B_END
};

void
body_start(struct body *b, enum body_framing framing, uint64_t length, bool plain)
{
	*b = (struct body){ .framing = framing, .plain = plain };
	if (framing == BODY_CHUNKED)
		b->state = B_SIZE;
	else if (framing == BODY_LENGTH)
		b->left = length;
	b->done = framing == BODY_NONE || (framing == BODY_LENGTH && length == 0);
}

static void
body_hold(struct body *b, char c)
{
	b->held[b->held_len++] = c;
}

/* The chunk line is complete: writes it anew. */
static void
body_begin_chunk(struct body *b)
{
	int shift = 60;

	b->line = 0;
	b->state = b->left > 0 ? B_DATA : B_LINE;
	if (b->plain)
		return;
	while (shift > 0 && b->left >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		body_hold(b, "0123456789abcdef"[b->left >> shift & 15]);
	body_hold(b, '\r');
	body_hold(b, '\n');
}

/* Extensions are passed over, but a quoted string that is open at the end of the line is refused. */
static int
body_extension(struct body *b, char c)
{
	if (b->state == B_EXTENSION && c == '\r') {
		b->state = B_SIZE_LF;
		return 0;
	}
	if (b->state == B_ESCAPED)
		b->state = B_QUOTED;
	else if (c == '"')
		b->state = b->state == B_QUOTED ? B_EXTENSION : B_QUOTED;
	else if (c == '\\' && b->state == B_QUOTED)
		b->state = B_ESCAPED;
	return field_is_value_char(c) ? 0 : -1;
}

/* A byte of the chunk line.  Signs, 0x, underscores and leading white space are no digits. */
static int
body_chunk_line(struct body *b, char c)
{
	int digit = ascii_hex(c);

	if (++b->line > BODY_CHUNK_LINE)
		return -1;
	if (b->state >= B_EXTENSION)
		return body_extension(b, c);
	if (b->state == B_SIZE && digit >= 0) {
		b->left = b->left << 4 | (uint64_t)digit;
		return b->line <= CHUNK_DIGITS ? 0 : -1;
	}
	if (b->line == 1)
		return -1;
	b->state = c == ';' ? B_EXTENSION : c == '\r' ? B_SIZE_LF : B_PADDING;
	return b->state != B_PADDING || ascii_is_blank(c) ? 0 : -1;
}

/* The name held back is complete, or long enough to know. */
static void
body_judge_trailer(struct body *b)
{
	b->skip = b->plain || field_is_no_trailer(b->held, b->held_len);
	if (b->skip)
		b->held_len = 0;
}

/* The one byte that may come here; it goes on unless `skip`. */
static int
body_expect(struct body *b, char c, char want, uint8_t next, bool skip)
{
	b->state = next;
	if (!skip)
		body_hold(b, c);
	return c == want ? 0 : -1;
}

/* A byte of a trailer that was judged. */
static int
body_pass(struct body *b, char c)
{
	if (!b->skip)
		body_hold(b, c);
	return field_is_value_char(c) ? 0 : -1;
}

static int
body_trailer_name(struct body *b, char c)
{
	if (c == ':' && b->state != B_LINE) {
		if (b->state == B_NAME)
			body_judge_trailer(b);
		b->state = B_VALUE;
		return body_pass(b, c);
	}
	if (!field_is_name_char(c))
		return -1;
	if (b->state == B_REST)
		return body_pass(b, c);
	b->state = B_NAME;
	body_hold(b, c);
	if (b->held_len == sizeof b->held - 1) {
		body_judge_trailer(b);
		b->state = B_REST;
	}
	return 0;
}

/* A byte of the trailer section. */
static int
body_trailer(struct body *b, char c)
{
	if (++b->trailer > BODY_TRAILER_MAX)
		return -1;
	if (c == '\r' && b->state == B_LINE)
		return body_expect(b, c, '\r', B_END_LF, b->plain);
	if (c == '\r' && b->state == B_VALUE)
		return body_expect(b, c, '\r', B_VALUE_LF, b->skip);
	switch (b->state) {
	case B_VALUE: return body_pass(b, c);
	case B_VALUE_LF: return body_expect(b, c, '\n', B_LINE, b->skip);
	case B_END_LF: return body_expect(b, c, '\n', B_END, b->plain);
	default: return body_trailer_name(b, c);
	}
}

/* A byte of a chunked body that is no content. */
static int
body_step(struct body *b, char c)
{
	if (b->state >= B_LINE)
		return body_trailer(b, c);
	switch (b->state) {
	case B_SIZE_LF: body_begin_chunk(b); return c == '\n' ? 0 : -1;
	case B_DATA_CR: return body_expect(b, c, '\r', B_DATA_LF, b->plain);
	case B_DATA_LF: return body_expect(b, c, '\n', B_SIZE, b->plain);
	default: return body_chunk_line(b, c);
	}
}

/* Two ends of a move. */
struct move {
	const char *in;
	size_t in_len;
	char *out;
	size_t out_len;
};

static size_t
move_copy(struct move *m, const char *from, size_t len)
{
	if (len > m->out_len)
		len = m->out_len;
	if (len > 0) {
		memcpy(m->out, from, len);
		m->out += len;
		m->out_len -= len;
	}
	return len;
}

static void
move_content(struct body *b, struct move *m)
{
	size_t len = m->in_len;

	if (b->framing != BODY_CLOSE && len > b->left)
		len = (size_t)b->left;
	len = move_copy(m, m->in, len);
	if (len == 0)
		return;
	m->in += len;
	m->in_len -= len;
	b->content += len;
	if (b->framing != BODY_CLOSE)
		b->left -= len;
}

/* True when nothing is held that should have been written. */
static bool
move_held(struct body *b, struct move *m)
{
	if (b->state == B_NAME)
		return true;
	b->held_out += (uint8_t)move_copy(m, b->held + b->held_out, b->held_len - b->held_out);
	if (b->held_out < b->held_len)
		return false;
	b->held_out = b->held_len = 0;
	return true;
}

/*
 * No byte is taken while there is no room at all, and line ends go on as they come.  So whatever is still held
 * when the input is used up waits for more input anyway, and the message is done with its last byte.
 */
static int
move_chunks(struct body *b, struct move *m)
{
	while (move_held(b, m) && b->state != B_END && m->in_len > 0) {
		if (m->out_len == 0 && (b->state == B_DATA || !b->plain))
			break;
		if (b->state == B_DATA) {
			move_content(b, m);
			if (b->left == 0)
				b->state = B_DATA_CR;
			continue;
		}
		if (body_step(b, *m->in) < 0)
			return -1;
		m->in++;
		m->in_len--;
	}
	b->done = b->state == B_END;
	return 0;
}

int
body_move(struct body *b, const char *in, size_t in_len, size_t *used, char *out, size_t out_cap,
	size_t *made)
{
	struct move m = { .in = in, .in_len = in_len, .out = out, .out_len = out_cap };
	int rc = 0;

	if (b->framing == BODY_CHUNKED) {
		rc = move_chunks(b, &m);
	} else {
		move_content(b, &m);
		b->done = b->framing != BODY_CLOSE && b->left == 0;
	}
	*used = in_len - m.in_len;
	*made = out_cap - m.out_len;
	return rc;
}

bool
body_may_end(const struct body *b)
{
	return b->framing == BODY_CLOSE || b->done;
}
