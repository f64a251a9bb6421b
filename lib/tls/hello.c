/*
 * hello: reads a TLS ClientHello.  See hello.h.
 *
 * Two passes over the wire bytes, so that nothing has to be kept: measure() finds out whether the records hold
 * one whole message and no more, then a cursor reads it, stepping over record headers on its way.  Every
 * vector is read inside its own bounds: enter() narrows the cursor, leave() demands that all was used.
 */
#include "lib/tls/hello.h"

#include <string.h>

#include "lib/net/target.h"

enum {
	RECORD_HEAD = 5,
	RECORD_MAX = 16384, /* RFC 8446 section 5.1 */
	HANDSHAKE = 22,     /* record type, one of these: */
	RECORD_TYPES = 20,
	RECORD_TYPES_END = 24,
	CLIENT_HELLO = 1, /* message type */
	MESSAGE_HEAD = 4,
	EXTENSIONS =
		64 /* in one hello; browsers send under twenty.  Bounds the search for duplicates. */
};

enum {
	EXT_SERVER_NAME = 0,
	EXT_SUPPORTED_GROUPS = 10,
	EXT_EC_POINT_FORMATS = 11,
	EXT_SIGNATURE_ALGORITHMS = 13,
	EXT_ALPN = 16,
	EXT_SUPPORTED_VERSIONS = 43
};

static int
fail(struct hello *h, enum hello_error error)
{
	if (h->error == HELLO_OK)
		h->error = error;
	return -1;
}

/* --- the first pass: records ---------------------------------------------------------------------- */

/* The payload length of the record that begins with these `len` bytes; 0 needs more; -1 refused. */
static int
record_length(struct hello *h, const unsigned char *head, size_t len, bool first)
{
	size_t size;

	/* Judged byte by byte: another protocol's client may send no more than these and wait.  A record of another type
	 * is TLS all the same, not another protocol: servers pass over alerts that come before a hello. */
	if (len > 0 && (head[0] < RECORD_TYPES || head[0] > RECORD_TYPES_END))
		return fail(h, first ? HELLO_NOT_TLS : HELLO_MALFORMED);
	if ((len > 0 && head[0] != HANDSHAKE) || (len > 1 && head[1] != 3))
		return fail(h, HELLO_MALFORMED);
	if (len < RECORD_HEAD)
		return 0;
	size = (size_t)head[3] << 8 | head[4];
	/* Empty ones are forbidden (RFC 8446 section 5.1); they could go on for ever. */
	return size > 0 && size <= RECORD_MAX ? (int)size : fail(h, HELLO_MALFORMED);
}

/* >0: bytes of the records that hold one whole message of *message bytes; 0: needs more; -1: refused.  Of
 * HELLO_WIRE_MAX bytes it never wants more. */
static int
measure(struct hello *h, const unsigned char *wire, size_t len, size_t *message)
{
	size_t at = 0, have = 0, want = MESSAGE_HEAD;
	unsigned char head[MESSAGE_HEAD] = { 0 };

	while (have < want) {
		size_t size, present;
		int got;

		if (at + RECORD_HEAD >= HELLO_WIRE_MAX)
			return fail(h, HELLO_TOO_LARGE);
		got = record_length(h, wire + at, len - at, at == 0);
		if (got <= 0)
			return got;
		size = (size_t)got;
		at += RECORD_HEAD;
		present = size < len - at ? size : len - at;
		/* The message's own header may be spread over records as well. */
		for (size_t i = 0; i < present && have + i < MESSAGE_HEAD; i++)
			head[have + i] = wire[at + i];
		if (have + present > 0 && head[0] != CLIENT_HELLO)
			return fail(h, HELLO_MALFORMED);
		if (have + present >= MESSAGE_HEAD)
			want = MESSAGE_HEAD +
			       ((size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3]);
		if (at + size > HELLO_WIRE_MAX || want > HELLO_WIRE_MAX - RECORD_HEAD)
			return fail(h, HELLO_TOO_LARGE);
		if (present < size)
			return 0;
		at += size;
		have += size;
	}
	*message = want;
	return have == want ? (int)at : fail(h, HELLO_MALFORMED);
}

/* --- the second pass: a cursor over the message --------------------------------------------------- */

struct cursor {
	struct hello *h;
	const unsigned char *wire; /* the next byte, or the next record's header */
	size_t record;             /* bytes left in the present record */
	size_t left;               /* bytes left in the present vector, all of them on the wire */
	bool has_versions;         /* supported_versions is there */
};

static unsigned
read8(struct cursor *c)
{
	if (c->left == 0) {
		fail(c->h, HELLO_MALFORMED);
		return 0;
	}
	if (c->record == 0) {
		c->record = (size_t)c->wire[3] << 8 | c->wire[4];
		c->wire += RECORD_HEAD;
	}
	c->left--;
	c->record--;
	return *c->wire++;
}

static unsigned
read16(struct cursor *c)
{
	unsigned high = read8(c);

	return high << 8 | read8(c);
}

static void
skip(struct cursor *c, size_t bytes)
{
	while (bytes-- > 0)
		read8(c);
}

/* Narrows the cursor to the next `bytes`.  Returns what leave() needs to widen it again. */
static size_t
enter(struct cursor *c, size_t bytes)
{
	size_t after;

	if (bytes > c->left) {
		fail(c->h, HELLO_MALFORMED);
		bytes = c->left;
	}
	after = c->left - bytes;
	c->left = bytes;
	return after;
}

static void
leave(struct cursor *c, size_t after)
{
	if (c->left > 0)
		fail(c->h, HELLO_MALFORMED);
	c->left = after;
}

/* A vector of 16-bit values, not empty: which of `wanted` are in it, a bit each? */
static unsigned
read_which16(struct cursor *c, size_t bytes, const uint16_t *wanted, size_t count)
{
	size_t after = enter(c, bytes);
	unsigned found = 0;

	do {
		unsigned value = read16(c);

		for (size_t i = 0; i < count; i++)
			found |= (unsigned)(value == wanted[i]) << i;
	} while (c->left > 0);
	leave(c, after);
	return found;
}

/* The same of single bytes. */
static bool
read_any8(struct cursor *c, size_t bytes, unsigned wanted)
{
	size_t after = enter(c, bytes);
	bool found = false;

	do
		found |= read8(c) == wanted;
	while (c->left > 0);
	leave(c, after);
	return found;
}

/* --- extensions ----------------------------------------------------------------------------------- */

/* The text of an address, of either kind: RFC 6066 section 3 forbids it as a name, and some clients send it. */
static bool
is_address(const char *name, size_t len)
{
	char text[64];
	struct target target;

	if (target_parse(&target, name, len) == 0)
		return target.is_ip && target.port == 0;
	if (len > sizeof text - 2)
		return false;
	text[0] = '[';
	memcpy(text + 1, name, len);
	text[len + 1] = ']';
	return target_parse(&target, text, len + 2) == 0;
}

/* RFC 6066 section 3: one name of type host_name.  Parsed by what also reads CONNECT and Host, so that the three
 * can be compared.  An address, and nothing, name no host. */
static void
read_server_name(struct cursor *c)
{
	size_t after_list, after_name, len = 0;
	char name[sizeof c->h->sni];
	struct target target;
	unsigned type;

	if (c->left == 0)
		return;
	after_list = enter(c, read16(c));
	if (c->left == 0) {
		leave(c, after_list);
		return;
	}
	type = read8(c);
	after_name = enter(c, read16(c));
	while (c->left > 0 && len < sizeof name)
		name[len++] = (char)read8(c);
	if (type != 0 || c->left > 0 || after_name > 0) {
		fail(c->h, HELLO_BAD_NAME);
		return;
	}
	leave(c, after_name);
	leave(c, after_list);
	if (len == 0 || is_address(name, len))
		return;
	if (memchr(name, ':', len) != NULL || target_parse(&target, name, len) != 0) {
		fail(c->h, HELLO_BAD_NAME);
		return;
	}
	memcpy(c->h->sni, target.host, sizeof c->h->sni);
}

/* One of the protocols that a client names. */
static void
read_protocol(struct cursor *c)
{
	static const char wanted[8] = "http/1.1";
	size_t len = c->left, same = 0;
	unsigned byte = 0;

	if (len == 0)
		fail(c->h, HELLO_MALFORMED);
	for (size_t i = 0; i < len; i++) {
		byte = read8(c);
		same += i < sizeof wanted - 1 && byte == (unsigned char)wanted[i];
	}
	if (len != sizeof wanted || same != len - 1)
		return;
	c->h->alpn_http11 |= byte == '1';
	c->h->alpn_http10 |= byte == '0';
}

static void
read_alpn(struct cursor *c)
{
	size_t after_list = enter(c, read16(c));

	c->h->has_alpn = true;
	do {
		size_t after_name = enter(c, read8(c));

		read_protocol(c);
		leave(c, after_name);
	} while (c->left > 0 && c->h->error == HELLO_OK);
	leave(c, after_list);
}

static void
read_extension(struct cursor *c, unsigned type)
{
	static const uint16_t groups[] = { 29, 23, 4588 }; /* X25519, P-256, X25519MLKEM768 */
	static const uint16_t ecdsa[] = { 0x0403, 0x0503, 0x0603 }; /* SHA-256, -384, -512 */
	static const uint16_t versions[] = { 0x0303, 0x0304 };
	unsigned which;
	struct hello *h = c->h;

	switch (type) {
	case EXT_SERVER_NAME: read_server_name(c); break;
	case EXT_SUPPORTED_GROUPS: h->group = read_which16(c, read16(c), groups, 3); break;
	case EXT_EC_POINT_FORMATS: h->point = read_any8(c, read8(c), 0); break;
	case EXT_SIGNATURE_ALGORITHMS:
		which = read_which16(c, read16(c), ecdsa, 3);
		h->signature = which != 0;
		break;
	case EXT_ALPN: read_alpn(c); break;
	/* The engine looks at legacy_version alone, so that must allow it too. */
	case EXT_SUPPORTED_VERSIONS:
		which = read_which16(c, read8(c), versions, 2);
		h->tls12 &= which & 1;
		h->tls13 &= which >> 1;
		c->has_versions = true;
		break;
	default: skip(c, c->left);
	}
}

static void
read_extensions(struct cursor *c)
{
	size_t after = enter(c, read16(c)), count = 0;
	uint16_t seen[EXTENSIONS];

	while (c->left > 0 && c->h->error == HELLO_OK) {
		uint16_t type = (uint16_t)read16(c);
		size_t after_one = enter(c, read16(c));

		for (size_t i = 0; i < count; i++)
			if (seen[i] == type)
				fail(c->h, HELLO_DUPLICATE);
		if (count == EXTENSIONS)
			fail(c->h, HELLO_MALFORMED);
		if (c->h->error != HELLO_OK)
			return;
		seen[count++] = type;
		read_extension(c, type);
		leave(c, after_one);
	}
	leave(c, after);
}

/* --- the message ---------------------------------------------------------------------------------- */

static void
read_hello(struct cursor *c)
{
	/* ECDHE-ECDSA with ChaCha20-Poly1305, AES-128-GCM, AES-256-GCM; TLS 1.3's: the engine's server side. */
	static const uint16_t suites[] = { 0xCCA9, 0xC02B, 0xC02C, 0x1303, 0x1301, 0x1302 };
	struct hello *h = c->h;
	unsigned version, which;

	skip(c, MESSAGE_HEAD);
	version = read16(c);
	if (version >> 8 != 3)
		fail(h, HELLO_MALFORMED);
	h->tls12 = version >= 0x0303;
	skip(c, 32); /* random */
	h->session_id_len = (uint8_t)read8(c);
	if (h->session_id_len > sizeof h->session_id) {
		fail(h, HELLO_MALFORMED);
		return;
	}
	for (size_t i = 0; i < h->session_id_len; i++)
		h->session_id[i] = (uint8_t)read8(c);
	which = read_which16(c, read16(c), suites, sizeof suites / sizeof suites[0]);
	h->suite = (which & 7) != 0;
	h->tls13 = which >> 3 != 0;
	if (!read_any8(c, read8(c), 0)) /* "null" compression must be offered */
		fail(h, HELLO_MALFORMED);
	h->group = h->point = true;
	if (c->left > 0)
		read_extensions(c);
	h->tls13 &= c->has_versions;
}

int
hello_parse(struct hello *h, const unsigned char *wire, size_t len)
{
	struct cursor c = { .h = h, .wire = wire };
	int got;

	*h = (struct hello){ 0 };
	got = measure(h, wire, len, &c.left);
	if (got > 0) {
		read_hello(&c);
		leave(&c, 0);
	}
	if (h->error == HELLO_OK)
		return got;
	*h = (struct hello){ .error = h->error }; /* nothing of a refused hello is used */
	return -1;
}

bool
hello_is_speakable(const struct hello *h)
{
	return h->error == HELLO_OK && (h->tls13 || (h->tls12 && h->suite)) && h->group &&
	       h->point && h->signature && (!h->has_alpn || h->alpn_http11 || h->alpn_http10);
}

const char *
hello_error_text(enum hello_error e)
{
	switch (e) {
	case HELLO_OK: break;
	case HELLO_NOT_TLS: return "what the client sent is not TLS";
	case HELLO_MALFORMED: return "the ClientHello is malformed";
	case HELLO_TOO_LARGE: return "the ClientHello is too large";
	case HELLO_DUPLICATE: return "the ClientHello has an extension twice";
	case HELLO_BAD_NAME: return "the ClientHello does not name one host";
	}
	return "the ClientHello is in order";
}
