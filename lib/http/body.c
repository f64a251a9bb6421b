/*
 * body: message bodies on their way through.  See body.h.
 */
#include "lib/http/body.h"

#include <string.h>
#include "lib/base/ascii.h"
#include "lib/http/field.h"

enum {
	CHUNK_DIGITS = 15, /* hex digits of a chunk size: fits 64 bits, signed too */
	CHUNK_TOP =
		59 /* bits that may be taken before one more digit makes it a signed number's sign */
};

enum {
	B_RAW, /* no chunks */
	/* the chunk line */
	B_SIZE,    /* hex digits */
	B_PADDING, /* white space behind them */
	B_EXTENSION,
	B_EXTENSION_CR, /* a CR in it, which may end it */
	B_QUOTED,  /* a string in an extension; CR LF there would be an end to some readers only */
	B_ESCAPED, /* behind its backslash */
	B_SIZE_LF,
	B_DATA,
	B_DATA_CR,
	B_DATA_LF,
	/* the trailer section */
	B_LINE, /* at the start of a line */
	B_NAME, /* held back until it is known whether it may pass */
	B_VALUE,
	B_VALUE_LF,
	B_FOLD, /* in the blanks that continue a value */
	B_JUNK, /* of a line that is left out */
	B_END_LF,
	B_END
};

void
body_start(struct body *b, enum body_framing framing, uint64_t length, unsigned how)
{
	*b = (struct body){ .framing = framing };
	b->plain = (how & BODY_PLAIN) != 0;
	b->lenient = (how & BODY_LENIENT) != 0;
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

static void
body_hold_end(struct body *b)
{
	body_hold(b, '\r');
	body_hold(b, '\n');
}

/* --- the chunk line ---------------------------------------------------------- */

/* It is complete: writes it anew. */
static int
body_begin_chunk(struct body *b)
{
	int shift = 60;

	b->line = 0;
	b->state = b->left > 0 ? B_DATA : B_LINE;
	if (b->plain)
		return 0;
	while (shift > 0 && b->left >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		body_hold(b, "0123456789abcdef"[b->left >> shift & 15]);
	body_hold_end(b);
	return 0;
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

/* A digit more.  Browsers take any number of zeros. */
static int
body_size_digit(struct body *b, unsigned digit)
{
	if (b->lenient ? b->left >> CHUNK_TOP != 0 : b->line > CHUNK_DIGITS)
		return -1;
	b->left = b->left << 4 | digit;
	return 0;
}

/* A byte of the chunk line.  Signs, 0x, underscores and leading white space are no digits. */
static int
body_chunk_line(struct body *b, char c)
{
	int digit = ascii_hex(c);

	if (++b->line > BODY_CHUNK_LINE)
		return -1;
	if (b->lenient && c == '\n' && b->line > 1) {
		b->repaired = b->repaired || b->state != B_EXTENSION_CR;
		return body_begin_chunk(b);
	}
	if (b->state >= B_EXTENSION && b->lenient) {
		b->state = c == '\r' ? B_EXTENSION_CR : B_EXTENSION;
		return 0;
	}
	if (b->state >= B_EXTENSION)
		return body_extension(b, c);
	if (b->state == B_SIZE && digit >= 0)
		return body_size_digit(b, (unsigned)digit);
	if (b->line == 1)
		return -1;
	b->state = c == ';' ? B_EXTENSION : c == '\r' ? B_SIZE_LF : B_PADDING;
	return b->state != B_PADDING || c == ' ' || (c == '\t' && !b->lenient) ? 0 : -1;
}

/* --- trailers ---------------------------------------------------------------- */

/* The name held back is complete: a token, perhaps with blanks behind, that may stand in a trailer? */
static void
body_judge_trailer(struct body *b)
{
	size_t len = b->held_len;
	bool passes;

	while (len > 0 && ascii_is_blank(b->held[len - 1]))
		len--;
	b->repaired = b->repaired || len < b->held_len;
	passes = len > 0 && !field_is_no_trailer(b->held, len);
	for (size_t i = 0; i < len; i++)
		passes = passes && field_is_name_char(b->held[i]);
	b->skip = b->plain || !passes;
	b->held_len = (uint8_t)(b->skip ? 0 : len);
	b->state = B_VALUE;
	if (!b->skip)
		body_hold(b, ':');
}

/* A line that is left out, up to its end. */
static int
body_junk(struct body *b, char c)
{
	b->held_len = 0;
	b->state = c == '\n' ? B_LINE : B_JUNK;
	b->repaired = true;
	return b->lenient ? 0 : -1;
}

static int
body_trailer_name(struct body *b, char c)
{
	if (c == ':' && b->state == B_NAME) {
		body_judge_trailer(b);
		return 0;
	}
	if (c == '\n' || (b->state == B_LINE && (c == ':' || ascii_is_blank(c))))
		return body_junk(b, c);
	if (!b->lenient && !field_is_name_char(c))
		return -1;
	b->state = B_NAME;
	if (b->held_len == sizeof b->held - 1) /* such names are nobody's */
		return body_junk(b, c);
	body_hold(b, c);
	return 0;
}

static int
body_trailer_value(struct body *b, char c)
{
	if (c == '\r') {
		b->state = B_VALUE_LF;
		return 0;
	}
	if (b->state == B_FOLD && ascii_is_blank(c))
		return 0;
	if (b->state == B_FOLD) /* its blanks are one */
		body_hold(b, ' ');
	b->state = B_VALUE;
	if (!field_is_value_char(c)) {
		b->repaired = true;
		return b->lenient ? 0 : -1;
	}
	if (!b->skip)
		body_hold(b, c);
	return 0;
}

/* The line end of a trailer waits for the next byte, which may continue it. */
static int
body_trailer_end(struct body *b, bool bare)
{
	b->repaired = b->repaired || bare;
	b->state = B_LINE;
	b->open = !b->skip;
	return 0;
}

/* The empty line. */
static int
body_end(struct body *b, bool bare)
{
	b->repaired = b->repaired || bare;
	b->state = B_END;
	if (!b->plain)
		body_hold_end(b);
	return 0;
}

/* A byte of the trailer section. */
static int
body_trailer(struct body *b, char c)
{
	bool ends = c == '\n' && b->lenient; /* without CR */

	if (++b->trailer > BODY_TRAILER_MAX)
		return -1;
	switch (b->state) {
	case B_LINE:
		if (c == '\r') {
			b->state = B_END_LF;
			return 0;
		}
		return ends ? body_end(b, true) : body_trailer_name(b, c);
	case B_END_LF: return c == '\n' ? body_end(b, false) : body_junk(b, c);
	case B_VALUE:
	case B_FOLD: return ends ? body_trailer_end(b, true) : body_trailer_value(b, c);
	case B_VALUE_LF:
		if (c == '\n')
			return body_trailer_end(b, false);
		b->repaired = true;
		return b->lenient ? body_trailer_value(b, c) : -1;
	case B_JUNK: return body_junk(b, c);
	default: return body_trailer_name(b, c);
	}
}

/* Before a line of trailers: is it a new one? */
static void
body_close_line(struct body *b, char next)
{
	b->open = false;
	if (b->lenient && ascii_is_blank(next)) {
		b->repaired = true;
		b->state = B_FOLD;
	} else {
		body_hold_end(b);
	}
}

/* The end of a chunk: CR LF, or LF. */
static int
body_data_end(struct body *b, char c)
{
	if (b->state == B_DATA_CR && c == '\r') {
		b->state = B_DATA_LF;
		return 0;
	}
	if (c != '\n' || (b->state == B_DATA_CR && !b->lenient))
		return -1;
	b->repaired = b->repaired || b->state == B_DATA_CR;
	b->state = B_SIZE;
	if (!b->plain)
		body_hold_end(b);
	return 0;
}

/* A byte of a chunked body that is no content. */
static int
body_step(struct body *b, char c)
{
	if (b->state >= B_LINE)
		return body_trailer(b, c);
	switch (b->state) {
	case B_SIZE_LF: return c == '\n' ? body_begin_chunk(b) : -1;
	case B_DATA_CR:
	case B_DATA_LF: return body_data_end(b, c);
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

/* No byte is taken while something is held, or there is no room at all. */
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
		if (b->open) {
			body_close_line(b, *m->in);
			continue;
		}
		if (body_step(b, *m->in) < 0)
			return -1;
		m->in++;
		m->in_len--;
	}
	b->done = b->state == B_END && b->held_len == 0;
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
body_is_held(const struct body *b)
{
	return b->held_len > 0 && b->state != B_NAME;
}

bool
body_may_end(const struct body *b)
{
	return b->framing == BODY_CLOSE || b->done;
}
