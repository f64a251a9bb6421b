/*
 * body: chunks, trailers, lengths.  Every body is cut at every point and given every room, each piece ends at a
 * guard page.
 */
#include "check.h"
#include "lib/http/body.h"

#define BYTES(text) text, sizeof(text) - 1

static void
failed(const char *name, const char *what)
{
	check_failed++;
	fprintf(stderr, "%s: %s\n", name, what);
}

struct moved {
	char out[512];
	size_t made, used;
	int rc;
	bool done;
	uint64_t content;
};

/* Feeds in[0..cut), then the rest, into rooms of `room` bytes.  As in a relay, there is no call without input, unless
 * something waits for room. */
static void
move_all(struct moved *m, const struct body *start, const char *in, size_t len, size_t cut,
	size_t room)
{
	struct body b = *start;
	size_t used, made, end = cut;

	memset(m, 0, sizeof *m);
	for (;;) {
		char *part = check_guard(in + m->used, end - m->used);
		char *out = check_guard(m->out, room);

		m->rc = body_move(&b, part, end - m->used, &used, out, room, &made);
		check_unguard(part, end - m->used);
		CHECK(used <= end - m->used && made <= room && m->made + made < sizeof m->out);
		memcpy(m->out + m->made, out, made);
		check_unguard(out, room);
		m->used += used;
		m->made += made;
		if (m->rc < 0 || b.done)
			break;
		if (m->used == end && end < len)
			end = len;
		else if ((m->used == end && !body_is_held(&b)) || (used == 0 && made == 0))
			break;
	}
	m->done = b.done;
	m->content = b.content;
}

/* The result must not depend on how the input comes and how much room there is. */
static void
move_every_way(struct moved *m, const char *name, const struct body *b, const char *in, size_t len)
{
	static const size_t rooms[] = { 1, 2, 3, 7, 64 };
	struct moved other;

	move_all(m, b, in, len, len, sizeof m->out - 1);
	for (size_t cut = 0; cut <= len; cut++)
		for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
			move_all(&other, b, in, len, cut, rooms[i]);
			if (other.rc != m->rc || other.made != m->made || other.used != m->used ||
				other.done != m->done || memcmp(other.out, m->out, m->made) != 0)
				failed(name, "depends on how it is cut");
		}
}

struct chunks {
	const char *name, *in;
	size_t len;
	const char *out, *plain; /* NULL: refused */
	size_t rest;             /* bytes behind the message */
};

static void
check_chunks(const struct chunks *c, unsigned how)
{
	struct body b;
	struct moved m;

	for (int plain = 0; plain < 2; plain++) {
		const char *want = plain ? c->plain : c->out;

		body_start(&b, BODY_CHUNKED, 0, how | (plain ? BODY_PLAIN : 0));
		move_every_way(&m, c->name, &b, c->in, c->len);
		if (want == NULL)
			CHECK_INT(m.rc, -1);
		if (want == NULL ? m.rc != -1 : m.rc != 0 || !m.done)
			failed(c->name, want == NULL ? "not refused" : "not accepted");
		else if (want != NULL && (m.used != c->len - c->rest || strcmp(m.out, want) != 0)) {
			fprintf(stderr, "got \"%s\" want \"%s\" used %zu\n", m.out, want, m.used);
			failed(c->name, "came out otherwise");
		} else
			check_passed++;
	}
}

static void
bodies_chunked(void)
{
	static const struct chunks list[] = {
		{ "plain", BYTES("5\r\nhello\r\n0\r\n\r\n"), "5\r\nhello\r\n0\r\n\r\n", "hello",
			0 },
		{ "pipelined", BYTES("0\r\n\r\nGET /"), "0\r\n\r\n", "", 5 },
		{ "two chunks", BYTES("1\r\na\r\n00A\r\n0123456789\r\n0\r\n\r\n"),
			"1\r\na\r\na\r\n0123456789\r\n0\r\n\r\n", "a0123456789", 0 },
		{ "zeros", BYTES("000000000000005\r\nhello\r\n000\r\n\r\n"),
			"5\r\nhello\r\n0\r\n\r\n", "hello", 0 },
		{ "padding", BYTES("5  \r\nhello\r\n0 \t\r\n\r\n"), "5\r\nhello\r\n0\r\n\r\n",
			"hello", 0 },
		{ "extension", BYTES("5;a=b\r\nhello\r\n0;x\r\n\r\n"), "5\r\nhello\r\n0\r\n\r\n",
			"hello", 0 },
		{ "extension, padded", BYTES("5 ; a = b ; c\r\nhello\r\n0\r\n\r\n"),
			"5\r\nhello\r\n0\r\n\r\n", "hello", 0 },
		{ "extension, quoted", BYTES("5;a=\"b;\\\"c\"\r\nhello\r\n0\r\n\r\n"),
			"5\r\nhello\r\n0\r\n\r\n", "hello", 0 },
		{ "trailer", BYTES("0\r\nX-Sum: 1\r\n\r\n"), "0\r\nX-Sum: 1\r\n\r\n", "", 0 },
		{ "trailers", BYTES("0\r\nA:\r\nServer-Timing: a;b=\"\xc3\xa4\"\r\n\r\n"),
			"0\r\nA:\r\nServer-Timing: a;b=\"\xc3\xa4\"\r\n\r\n", "", 0 },
		{ "trailer with a long name",
			BYTES("0\r\nA-name-that-is-longer-than-any-forbidden-one: 1\r\n\r\n"),
			"0\r\nA-name-that-is-longer-than-any-forbidden-one: 1\r\n\r\n", "", 0 },
		{ "trailer with a name of 31",
			BYTES("0\r\nabcdefghijklmnopqrstuvwxyz01234: 1\r\n\r\n"),
			"0\r\nabcdefghijklmnopqrstuvwxyz01234: 1\r\n\r\n", "", 0 },
		{ "trailer with a name of 32",
			BYTES("0\r\nabcdefghijklmnopqrstuvwxyz012345: 1\r\n\r\n"),
			"0\r\nabcdefghijklmnopqrstuvwxyz012345: 1\r\n\r\n", "", 0 },
		/* TRAILER.TE and relatives: what must not be read as a field of the head */
		{ "trailer Content-Length", BYTES("0\r\nContent-Length: 5\r\nA: b\r\n\r\n"),
			"0\r\nA: b\r\n\r\n", "", 0 },
		{ "trailer Transfer-Encoding", BYTES("0\r\ntransfer-ENCODING: chunked\r\n\r\n"),
			"0\r\n\r\n", "", 0 },
		{ "trailer Transfer_Encoding", BYTES("0\r\nTransfer_Encoding: chunked\r\n\r\n"),
			"0\r\n\r\n", "", 0 },
		{ "trailer Host", BYTES("0\r\nHost: evil\r\n\r\n"), "0\r\n\r\n", "", 0 },
		{ "trailer Set-Cookie",
			BYTES("0\r\nSet-Cookie: a\r\nAuthorization: b\r\nCookie: c\r\n\r\n"),
			"0\r\n\r\n", "", 0 },
		{ "trailer If-Match",
			BYTES("0\r\nIf-Match: a\r\nExpect: b\r\nTE: c\r\nTrailer: d\r\nConnection: "
			      "e\r\n\r\n"),
			"0\r\n\r\n", "", 0 },
		{ "trailer X-Forwarded-For", BYTES("0\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n"),
			"0\r\n\r\n", "", 0 },
		{ "trailer X-Forwarded- and long",
			BYTES("0\r\nX-Forwarded-For-Something-Longer-Still: 1\r\n\r\n"),
			"0\r\n\r\n", "", 0 },
		{ "trailer Proxy-Authentication-Info",
			BYTES("0\r\nProxy-Authentication-Info: 1\r\nLocation: x\r\n\r\n"),
			"0\r\n\r\n", "", 0 },
		/* sizes */
		{ "no size", BYTES("\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "only an extension", BYTES(";a\r\n\r\n"), NULL, NULL, 0 },
		{ "0x5", BYTES("0x5\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "+5", BYTES("+5\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "-1", BYTES("-1\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "5_0", BYTES("5_0\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "5.", BYTES("5.\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "5 5", BYTES("5 5\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "5g", BYTES("5g\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "5,", BYTES("5,\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "5h, decimal digits alone elsewhere", BYTES("5h\r\nhello\r\n0\r\n\r\n"), NULL,
			NULL, 0 },
		{ "space before", BYTES(" 5\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "tab before", BYTES("\t0\r\n\r\n"), NULL, NULL, 0 },
		{ "CR before", BYTES("\r0\r\n\r\n"), NULL, NULL, 0 },
		{ "overflow, 2^64 + 5", BYTES("10000000000000005\r\nhello\r\n0\r\n\r\n"), NULL,
			NULL, 0 },
		{ "2^64 - 1", BYTES("ffffffffffffffff\r\nhello"), NULL, NULL, 0 },
		{ "16 digits", BYTES("0000000000000005\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "NUL behind", BYTES("5\0\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "vertical tab behind", BYTES("5\v\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "full-width digit", BYTES("\xef\xbc\x95\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		/* TERM.EXT, EXT.TERM: line ends in the chunk line */
		{ "bare LF behind the size", BYTES("5\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "bare CR behind the size", BYTES("5\rhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "bare LF in an extension", BYTES("5;\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "bare CR in an extension", BYTES("5;a\rb\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "CR CR LF", BYTES("5\r\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "NUL in an extension", BYTES("5;\0\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "CR LF in a quoted extension", BYTES("5;a=\"\r\nhello\r\n0\r\n\r\n"), NULL, NULL,
			0 },
		{ "CR LF behind a backslash", BYTES("5;a=\"\\\r\nhello\r\n0\r\n\r\n"), NULL, NULL,
			0 },
		/* SPILL, ONE.TWO: the end of a chunk */
		{ "chunk too long", BYTES("5\r\nhelloXX\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "chunk too short", BYTES("5\r\nhell\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "two other bytes at its end", BYTES("5\r\nhelloXX0\r\n\r\n"), NULL, NULL, 0 },
		{ "LF at its end", BYTES("5\r\nhello\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "LF LF at its end", BYTES("5\r\nhello\n\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "CR at its end", BYTES("5\r\nhello\r0\r\n\r\n"), NULL, NULL, 0 },
		{ "nothing at its end", BYTES("5\r\nhello0\r\n\r\n"), NULL, NULL, 0 },
		{ "two bytes for the end", BYTES("0\r\nXX\r\n"), NULL, NULL, 0 },
		{ "LF for the end", BYTES("0\r\n\n"), NULL, NULL, 0 },
		{ "CR X for the end", BYTES("0\r\n\rX"), NULL, NULL, 0 },
		/* trailers */
		{ "trailer without colon", BYTES("0\r\nfoo\r\n\r\n"), NULL, NULL, 0 },
		{ "trailer without name", BYTES("0\r\n: a\r\n\r\n"), NULL, NULL, 0 },
		{ "trailer folded", BYTES("0\r\nA: b\r\n c\r\n\r\n"), NULL, NULL, 0 },
		{ "trailer with a space before the colon", BYTES("0\r\nContent-Length : 5\r\n\r\n"),
			NULL, NULL, 0 },
		{ "trailer with bare LF", BYTES("0\r\nA: b\n\r\n"), NULL, NULL, 0 },
		{ "trailer with bare CR", BYTES("0\r\nA: b\rc\r\n\r\n"), NULL, NULL, 0 },
		{ "trailer with NUL", BYTES("0\r\nA: b\0\r\n\r\n"), NULL, NULL, 0 },
		{ "trailer with VT in its name", BYTES("0\r\nA\v: b\r\n\r\n"), NULL, NULL, 0 },
		{ "a request for a trailer", BYTES("0\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"), NULL,
			NULL, 0 },
	};

	for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
		check_chunks(&list[i], 0);
}

/* As Chromium's decoder: test/http/kinds.py measured it. */
static void
bodies_lenient(void)
{
	static const struct chunks list[] = {
		{ "line feeds", BYTES("5\nhello\n0\nA: b\n\nGET"),
			"5\r\nhello\r\n0\r\nA: b\r\n\r\n", "hello", 3 },
		{ "mixed", BYTES("5\r\nhello\n0\r\n\n"), "5\r\nhello\r\n0\r\n\r\n", "hello", 0 },
		{ "zeros", BYTES("00000000000000000000005\r\nhello\r\n0000000000000000\r\n\r\n"),
			"5\r\nhello\r\n0\r\n\r\n", "hello", 0 },
		{ "padding", BYTES("5  \r\nhello\r\n0 \n\r\n"), "5\r\nhello\r\n0\r\n\r\n", "hello",
			0 },
		{ "extensions", BYTES("5 ;a=\"\rb\1\0\r\nhello\r\n0;\"\n\r\n"),
			"5\r\nhello\r\n0\r\n\r\n", "hello", 0 },
		{ "folded trailer", BYTES("0\r\nA: b\r\n \t c\n d\r\nE: f\r\n \r\n\r\n"),
			"0\r\nA: b c d\r\nE: f\r\n\r\n", "", 0 },
		{ "no trailers",
			BYTES("0\r\njunk\r\n : x\r\n: y\r\nA B: c\r\n D: e\r\n\r\r\nF: g\r\n\r\n"),
			"0\r\nF: g\r\n\r\n", "", 0 },
		{ "control characters", BYTES("0\r\nA: b\0\1c\rd\r\nE\0: f\r\n\r\n"),
			"0\r\nA: bcd\r\n\r\n", "", 0 },
		{ "a blank before the colon",
			BYTES("0\r\nA\t : b\r\nContent-Length : 5\r\n 6\r\n\r\n"),
			"0\r\nA: b\r\n\r\n", "", 0 },
		{ "a name of 63, and of 64",
			BYTES("0\r\n"
			      "aaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffffgggggggghhhhhhh: "
			      "1\r\n"
			      "aaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffffgggggggghhhhhhhh: "
			      "1\r\n\r\n"),
			"0\r\naaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffffgggggggghhhhhhh: "
			"1\r\n\r\n",
			"", 0 },
		{ "tab behind", BYTES("5\t\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "blank before", BYTES(" 5\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "no size", BYTES("\n5\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "only an extension", BYTES(";x\r\n\r\n"), NULL, NULL, 0 },
		{ "CR CR LF", BYTES("5\r\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "CR", BYTES("5\rhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "0x", BYTES("0x5\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "sign", BYTES("-5\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "comma", BYTES("5,\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "2^63", BYTES("8000000000000000\r\nhello"), NULL, NULL, 0 },
		{ "2^64 + 5", BYTES("10000000000000005\r\nhello\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "chunk too long", BYTES("5\r\nhelloX\r\n0\r\n\r\n"), NULL, NULL, 0 },
		{ "CR alone behind a chunk", BYTES("5\r\nhello\r0\r\n\r\n"), NULL, NULL, 0 },
	};

	for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
		check_chunks(&list[i], BODY_LENIENT);
}

/* Returns what `body` gives in whole, in one large room. */
static int
move_text(struct body *b, const char *in, size_t len)
{
	static char out[65536];
	size_t used, made;

	return body_move(b, in, len, &used, out, sizeof out, &made);
}

/* What is not to be followed by another message. */
static void
bodies_repaired(void)
{
	static const struct {
		const char *text;
		bool repaired;
	} list[] = {
		{ "5 ;x=\"\"\r\nhello\r\n0\r\nA: b\r\nContent-Length: 5\r\n\r\n", false },
		{ "5\nhello\r\n0\r\n\r\n", true },
		{ "5\r\nhello\n0\r\n\r\n", true },
		{ "5;x\nhello\r\n0\r\n\r\n", true },
		{ "0\r\n\n", true },
		{ "0\r\nA: b\n\r\n", true },
		{ "0\r\nA : b\r\n\r\n", true },
		{ "0\r\nA: b\r\n c\r\n\r\n", true },
		{ "0\r\nA: \1\r\n\r\n", true },
		{ "0\r\nA\r\n\r\n", true },
	};

	for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
		struct body b;

		body_start(&b, BODY_CHUNKED, 0, BODY_LENIENT);
		CHECK_INT(move_text(&b, list[i].text, strlen(list[i].text)), 0);
		CHECK(b.done);
		if (b.repaired != list[i].repaired)
			failed(list[i].text, "repaired, or not");
	}
}

static void
bodies_bounds(void)
{
	static char text[BODY_CHUNK_LINE + 64];
	struct body b;
	size_t len = 0;

	memset(text, 'a', sizeof text);
	memcpy(text, "1;", 2);
	body_start(&b, BODY_CHUNKED, 0, 0);
	CHECK_INT(move_text(&b, text, BODY_CHUNK_LINE), 0);
	CHECK_INT(move_text(&b, text, 1), -1);

	/* The bound on the line starts again with each. */
	body_start(&b, BODY_CHUNKED, 0, 0);
	for (len = 0; len < 2000; len++)
		CHECK_INT(move_text(&b, "1;abcdefgh\r\nx\r\n", 15), 0);
	CHECK_INT(b.content, 2000);

	body_start(&b, BODY_CHUNKED, 0, 0);
	memcpy(text, "0\r\na:", 5);
	CHECK_INT(move_text(&b, text, 3 + BODY_TRAILER_MAX), 0);
	CHECK_INT(move_text(&b, text, 1), -1);

	/* Many short trailers count together. */
	body_start(&b, BODY_CHUNKED, 0, BODY_PLAIN);
	CHECK_INT(move_text(&b, "0\r\n", 3), 0);
	for (len = 0; len + 5 <= BODY_TRAILER_MAX; len += 5)
		CHECK_INT(move_text(&b, "a:b\r\n", 5), 0);
	CHECK_INT(move_text(&b, "a:b\r\n", 5), -1);
}

static void
bodies_raw(void)
{
	struct body b = { .framing = BODY_NONE };
	struct moved m;

	move_all(&m, &b, "GET", 3, 3, 10);
	CHECK(m.rc == 0 && m.done && m.used == 0);
	body_start(&b, BODY_NONE, 0, 0);
	CHECK(b.done && body_may_end(&b));
	body_start(&b, BODY_LENGTH, 0, 0);
	CHECK(b.done);
	body_start(&b, BODY_LENGTH, 5, 0);
	CHECK(!b.done && !body_may_end(&b));
	move_every_way(&m, "length", &b, "helloGET", 8);
	CHECK(m.rc == 0 && m.done && m.used == 5 && m.content == 5);
	CHECK_STR(m.out, "hello");
	move_every_way(&m, "truncated", &b, "hell", 4);
	CHECK(m.rc == 0 && !m.done && m.used == 4);
	body_start(&b, BODY_CLOSE, 0, BODY_PLAIN);
	CHECK(!b.done && body_may_end(&b));
	move_every_way(&m, "close", &b, "5\r\nhello", 8);
	CHECK(m.rc == 0 && !m.done && m.used == 8 && m.content == 8);
	body_start(&b, BODY_CHUNKED, 0, 0);
	CHECK(!b.done && !body_may_end(&b));
	move_every_way(&m, "truncated chunk", &b, "5\r\nhel", 6);
	CHECK(m.rc == 0 && !m.done);
	CHECK_STR(m.out, "5\r\nhel");
	move_every_way(&m, "truncated end", &b, "0\r\nA: b\r\n", 9);
	CHECK(m.rc == 0 && !m.done);
}

int
main(void)
{
	bodies_chunked();
	bodies_lenient();
	bodies_repaired();
	bodies_bounds();
	bodies_raw();
	return check_done("body");
}
