/*
 * extension: cursors, drafts, and the table of extensions.  See extension.h.
 */
#include "lib/tls/extension.h"

#include <string.h>
#include "lib/tls/engine.h"

enum {
	EXTENSION_MOST = 64
}; /* in one message; browsers send under twenty.  Bounds the search for duplicates. */

struct cursor
cursor_of(const unsigned char *p, size_t len)
{
	return (struct cursor){ .p = p, .len = len };
}

const unsigned char *
cursor_bytes(struct cursor *c, size_t len)
{
	const unsigned char *p = c->p;

	if (c->bad || len > c->len) {
		c->bad = true;
		c->len = 0;
		return NULL;
	}
	c->p += len;
	c->len -= len;
	return p;
}

uint32_t
cursor_number(struct cursor *c, size_t bytes)
{
	const unsigned char *p = cursor_bytes(c, bytes);
	uint32_t n = 0;

	for (size_t i = 0; p != NULL && i < bytes; i++)
		n = n << 8 | p[i];
	return n;
}

struct cursor
cursor_vector(struct cursor *c, size_t bytes)
{
	size_t len = cursor_number(c, bytes);
	const unsigned char *p = cursor_bytes(c, len);

	return (struct cursor){ .p = p, .len = p != NULL ? len : 0, .bad = p == NULL };
}

bool
cursor_is_done(const struct cursor *c)
{
	return !c->bad && c->len == 0;
}

void
draft_bytes(struct draft *d, const void *data, size_t len)
{
	if (d->full || len > d->cap - d->len) {
		d->full = true;
		return;
	}
	if (len > 0)
		memcpy(d->p + d->len, data, len);
	d->len += len;
}

static void
write_number(unsigned char *p, size_t n, size_t bytes)
{
	while (bytes-- > 0) {
		p[bytes] = (unsigned char)n;
		n >>= 8;
	}
}

void
draft_number(struct draft *d, uint32_t n, size_t bytes)
{
	unsigned char p[4];

	write_number(p, n, bytes);
	draft_bytes(d, p, bytes);
}

size_t
draft_open(struct draft *d, size_t bytes)
{
	draft_number(d, 0, bytes);
	return d->len;
}

void
draft_close(struct draft *d, size_t at, size_t bytes)
{
	if (!d->full)
		write_number(d->p + at - bytes, d->len - at, bytes);
}

/* RFC 8446 section 4.2, with those of TLS 1.2 that we speak.  Where an extension may not stand, it is an error; one
 * that we don't know is none, where the peer asks. */
static const struct {
	uint16_t number;
	uint16_t where;
} table[EXTENSIONS] = {
	[EXT_SERVER_NAME] = { 0, IN_CLIENT_HELLO | IN_ENCRYPTED | IN_SERVER_HELLO_12 },
	/* some servers of TLS 1.2 send theirs back */
	[EXT_GROUPS] = { 10, IN_CLIENT_HELLO | IN_ENCRYPTED | IN_SERVER_HELLO_12 },
	[EXT_POINT_FORMATS] = { 11, IN_CLIENT_HELLO | IN_SERVER_HELLO_12 },
	[EXT_SIGNATURES] = { 13, IN_CLIENT_HELLO | IN_REQUEST },
	[EXT_ALPN] = { 16, IN_CLIENT_HELLO | IN_ENCRYPTED | IN_SERVER_HELLO_12 },
	[EXT_MASTER_SECRET] = { 23, IN_CLIENT_HELLO | IN_SERVER_HELLO_12 },
	[EXT_TICKET] = { 35, IN_CLIENT_HELLO | IN_SERVER_HELLO_12 },
	[EXT_PSK] = { 41, IN_CLIENT_HELLO | IN_SERVER_HELLO },
	[EXT_EARLY_DATA] = { 42, IN_CLIENT_HELLO | IN_ENCRYPTED | IN_TICKET },
	[EXT_VERSIONS] = { 43, IN_CLIENT_HELLO | IN_SERVER_HELLO | IN_RETRY },
	[EXT_COOKIE] = { 44, IN_CLIENT_HELLO | IN_RETRY },
	[EXT_PSK_MODES] = { 45, IN_CLIENT_HELLO },
	[EXT_KEY_SHARE] = { 51, IN_CLIENT_HELLO | IN_SERVER_HELLO | IN_RETRY },
	[EXT_RENEGOTIATION] = { 0xff01, IN_CLIENT_HELLO | IN_SERVER_HELLO_12 },
};

/* Where the peer speaks first, it may say what we don't know. */
enum { IN_QUESTIONS = IN_CLIENT_HELLO | IN_REQUEST | IN_TICKET };

bool
extension_has(const struct extensions *x, enum extension e)
{
	return (x->has >> e & 1) != 0;
}

unsigned
extension_number(enum extension e)
{
	return table[e].number;
}

size_t
extension_open(struct draft *d, enum extension e)
{
	draft_number(d, table[e].number, 2);
	return draft_open(d, 2);
}

/* EXTENSIONS: not one of ours. */
static enum extension
find_extension(unsigned number)
{
	unsigned e = 0;

	while (e < EXTENSIONS && table[e].number != number)
		e++;
	return (enum extension)e;
}

static int
judge_extension(enum extension e, enum extension_where where, uint32_t asked)
{
	if (e == EXTENSIONS)
		return where & IN_QUESTIONS ? ENGINE_OK : ENGINE_UNASKED;
	if (!(table[e].where & where))
		return where & (IN_REQUEST | IN_TICKET) ? ENGINE_OK : ENGINE_PARAMETER;
	/* A cookie is the one thing that a server may begin with (RFC 8446 section 4.2). */
	if (!(where & IN_QUESTIONS) && e != EXT_COOKIE && !(asked >> e & 1))
		return ENGINE_UNASKED;
	return ENGINE_OK;
}

int
extension_read(
	struct cursor *block, enum extension_where where, uint32_t asked, struct extensions *x)
{
	uint16_t seen[EXTENSION_MOST];
	size_t count = 0;

	x->has = 0;
	x->psk_is_last = false;
	while (block->len > 0) {
		uint16_t number = (uint16_t)cursor_number(block, 2);
		struct cursor content = cursor_vector(block, 2);
		enum extension e = find_extension(number);
		int error;

		if (content.bad || count == EXTENSION_MOST)
			return ENGINE_DECODE;
		for (size_t i = 0; i < count; i++)
			if (seen[i] == number)
				return ENGINE_PARAMETER;
		seen[count++] = number;
		error = judge_extension(e, where, asked);
		if (error != ENGINE_OK)
			return error;
		x->psk_is_last = e == EXT_PSK;
		if (e != EXTENSIONS) {
			x->has |= (uint32_t)1 << e;
			x->at[e] = content;
		}
	}
	return block->bad ? ENGINE_DECODE : ENGINE_OK;
}
