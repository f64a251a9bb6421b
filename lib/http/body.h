/*
 * body: a message body of HTTP/1.1 on its way through (RFC 9112 sections 6 and 7), as it came or chunk by chunk.
 *
 * Pure: no syscalls, no clock, no allocation.  In a request a chunk size or a trailer that two readers could read in two
 * ways is malformed; a response's is read as browsers do.  The output is written anew, strictly.
 */
#ifndef BODY_H
#define BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum body_framing {
	BODY_NONE,    /* no body */
	BODY_LENGTH,  /* Content-Length bytes */
	BODY_CHUNKED, /* Transfer-Encoding: chunked, and nothing else */
	BODY_CLOSE    /* a response that ends with the connection */
};

enum {
	BODY_CHUNK_LINE =
		16384, /* bytes of a chunk line; Chromium's bound, signed chunks need about 100 */
	BODY_TRAILER_MAX = 8192, /* bytes of the trailer section */
	BODY_HELD = 64           /* a trailer's name and its colon; longer ones are left out */
};

/* How a body is read and written: some of */
enum {
	BODY_PLAIN =
		1, /* write the content of chunks only: receiver is HTTP/1.0, or is told no length */
	BODY_LENIENT = 2 /* read as browsers do */
};

/* A message body on its way through.  A zeroed one is a body that is empty; done after one move. */
struct body {
	enum body_framing framing;
	uint8_t state; /* of the chunked decoder */
	bool plain, lenient;
	bool repaired; /* it broke the rules: no other message may follow it */
	bool done;     /* the last byte of the message was consumed, and all is written */
	bool skip;     /* the present trailer is left out */
	bool open; /* the present trailer may go on in the next line; its line end is not written yet */
	uint8_t held_len;     /* bytes in held, */
	uint8_t held_out;     /* of which written */
	char held[BODY_HELD]; /* chunk lines and trailer names that wait for room or a decision */
	uint16_t line;        /* bytes of the present chunk line: bounded */
	uint16_t trailer;     /* bytes of trailers so far: bounded */
	uint64_t left;        /* bytes of the body, or of the present chunk, to come */
	uint64_t content;     /* bytes of content so far, for the log */
};

/* how: BODY_PLAIN, BODY_LENIENT, both or none. */
void body_start(struct body *b, enum body_framing framing, uint64_t length, unsigned how);

/*
 * Moves what it can from in[in_len] to out[out_cap]: *used bytes consumed, *made bytes written, never more
 * than they hold; either may be 0.  The output depends on the input alone, not on how it was cut.  Chunk sizes are
 * written anew, without padding and extensions, line ends as CR LF; trailers are checked like fields and those that RFC
 * 9110 section 6.5.1 forbids are left out.  Returns 0, or -1: malformed, and nothing more may be taken from this peer.
 * BODY_CLOSE is never done: the caller sees the end.
 *
 * Lenient, as Chromium's decoder: LF alone ends a line; a size may have any number of zeros before it, and blanks (no
 * tabs) or whatever an extension may be behind; a trailer that is none is left out, a folded one made one line.
 */
int body_move(struct body *b, const char *in, size_t in_len, size_t *used, char *out,
	size_t out_cap, size_t *made);

/* True if something waits for room alone: call body_move, even without input. */
bool body_is_held(const struct body *b);

/* True if the connection may end here: BODY_CLOSE, or done. */
bool body_may_end(const struct body *b);

#endif
