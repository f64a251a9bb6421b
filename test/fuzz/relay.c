/*
 * relay: whatever a client and an origin say, in whatever pieces, through buffers of whatever size.
 *
 * Input: a byte of settings, two bytes for the length of the client's text, eight that say how both texts are cut,
 * the client's text, the origin's.  Held to: it ends within a bounded number of steps; what the origin gets is a
 * row of requests that parse again, each one that was forwarded, with the same method, path and content, and
 * nothing else; what the client gets is a row of responses with the origin's content, none of which the origin
 * had begun before it was asked.
 */
#include "lib/http/relay.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER = 11, INPUT_MAX = 8192, STREAM = 4 * INPUT_MAX + 4 * RELAY_HEAD, ASKED_MAX = 512 };

/* What a request was when it was judged. */
struct asked {
	struct http_asked asked;
	uint32_t hash; /* of method and path */
	bool old_client;
	bool too_late; /* the origin had spoken before */
};

static struct rig {
	struct leg leg[2]; /* client, origin */
	struct leg_buf in[2], out[2];
	unsigned char in_data[2][ENGINE_IN], out_data[2][ENGINE_OUT];
	int far[2];
	char buf[RELAY_HEAD];
	struct relay relay;
	struct http_head head;
	struct asked asked[ASKED_MAX];
	size_t asked_count;
	char seen[2][STREAM]; /* what the far ends got */
	size_t seen_len[2];
} rig;

static void
want(bool cond)
{
	if (!cond)
		abort();
}

static uint32_t
mix(uint32_t hash, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)data[i]) * 16777619u;
	return hash;
}

/* Method and path: what rules judge. */
static uint32_t
hash_request(const struct http_head *h, const char *data)
{
	uint32_t hash = mix(2166136261u, data + h->method.off, h->method.len);

	return mix(hash * 31, data + h->path.off, h->path.len);
}

static void
start(uint8_t settings)
{
	static const size_t caps[4] = { ENGINE_IN, 1, 50, 700 };

	rig.asked_count = 0;
	for (int i = 0; i < 2; i++) {
		size_t cap = caps[settings >> (2 * i) & 3];
		int fds[2];

		want(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
		rig.in[i] = (struct leg_buf){ .data = rig.in_data[i], .cap = cap };
		rig.out[i] = (struct leg_buf){ .data = rig.out_data[i],
			.cap = cap < ENGINE_OUT ? cap : ENGINE_OUT };
		leg_open(&rig.leg[i], fds[0], &rig.in[i], &rig.out[i]);
		rig.far[i] = fds[1];
		rig.seen_len[i] = 0;
	}
	relay_start(&rig.relay, rig.buf);
}

static void
stop(void)
{
	for (int i = 0; i < 2; i++) {
		leg_close(&rig.leg[i], false);
		close(rig.far[i]);
	}
}

static bool
pump(bool reading)
{
	bool moved = false;

	for (int i = 0; i < 2; i++) {
		ssize_t n;

		rig.leg[i].readable |= reading && !rig.leg[i].eof;
		rig.leg[i].blocked = false;
		moved |= leg_pump(&rig.leg[i], reading, true) == LEG_MOVED;
		n = recv(rig.far[i], rig.seen[i] + rig.seen_len[i], STREAM - rig.seen_len[i], 0);
		rig.seen_len[i] += n > 0 ? (size_t)n : 0;
	}
	return moved;
}

/* Judges a request.  False: it is refused, and the connection ends. */
static bool
judge(bool refuse)
{
	struct asked *a = &rig.asked[rig.asked_count];
	size_t len;

	if (refuse || rig.head.asked.is_connect || rig.asked_count == ASKED_MAX)
		return false;
	*a = (struct asked){ .asked = rig.head.asked,
		.hash = hash_request(&rig.head, rig.buf),
		.old_client = rig.relay.old_client,
		.too_late = leg_peek(&rig.leg[1], &len) != NULL };
	if (!rig.head.has_host && rig.head.target.host[0] == '\0')
		memcpy(rig.head.target.host, "a", 2);
	if (!relay_forward(&rig.relay, &rig.head))
		return false;
	rig.asked_count++;
	return true;
}

/* Steps until nothing moves.  False: the connection is over. */
static bool
run(bool refuse, unsigned *steps)
{
	bool moved = true;

	while (moved) {
		enum relay_event event;

		want(++*steps < 400000);
		moved = pump(true);
		event = relay_step(&rig.relay, &rig.leg[0], &rig.leg[1], &rig.head);
		want(rig.relay.have <= RELAY_HEAD && rig.relay.high <= RELAY_HEAD);
		if (event == RELAY_REQUEST) {
			if (!judge(refuse))
				return false;
			moved = true;
		} else if (event == RELAY_DONE && !rig.relay.close) {
			want(rig.relay.up == UP_DONE);
			relay_next(&rig.relay);
			moved = true;
		} else if (event != RELAY_WAIT) {
			if (event == RELAY_BAD_REQUEST)
				want(rig.relay.error != NULL && rig.relay.error_status >= 400);
			if (event == RELAY_BAD_RESPONSE)
				want(rig.relay.error != NULL);
			return false;
		}
		moved |= pump(false);
	}
	return true;
}

/* Text that is read message by message. */
struct text {
	const char *at, *end;
	char content[STREAM]; /* of the last message, without chunks */
	size_t content_len;
	bool whole; /* that message */
};

/* Reads a body, leniently as the origin's or not.  False: it is malformed; the content is what came before. */
static bool
read_body(struct text *t, const struct http_head *h, unsigned lenient)
{
	struct body body;
	size_t used;
	int rc;

	body_start(&body, h->framing, h->length, BODY_PLAIN | lenient);
	rc = body_move(
		&body, t->at, (size_t)(t->end - t->at), &used, t->content, STREAM, &t->content_len);
	t->at += used;
	t->whole = body.done;
	return rc == 0;
}

/* What arrived is the beginning of what was said, and all of it where it says so. */
static void
check_content(const struct text *got, const struct text *said)
{
	want(got->content_len <= said->content_len);
	want(memcmp(got->content, said->content, got->content_len) == 0);
	want(!got->whole || (said->whole && got->content_len == said->content_len));
}

/* The request that the client said next: its length, 0 or -1.  Its target is encoded on the way. */
static int
parse_said(struct http_head *h, const struct text *said)
{
	static char copy[STREAM];
	size_t len = (size_t)(said->end - said->at), more;
	int n;

	memcpy(copy, said->at, len);
	more = http_encode_target(copy, len, sizeof copy) - len;
	n = http_parse_request(h, copy, len + more);
	return n > 0 ? n - (int)more : n;
}

/* What the origin got: each forwarded request, and no byte more. */
static void
check_up(struct text *got, struct text *said)
{
	struct http_head h, source;

	for (size_t i = 0; i < rig.asked_count; i++) {
		const struct asked *a = &rig.asked[i];
		bool last = i + 1 == rig.asked_count;
		int n = http_parse_request(&h, got->at, (size_t)(got->end - got->at));
		int m = parse_said(&source, said);

		want(m > 0 && (n > 0 || (n == 0 && last)));
		if (n == 0) {
			want(!a->too_late || got->at == got->end);
			return;
		}
		want(!a->too_late);
		want(hash_request(&h, got->at) == a->hash && h.minor == 1 && h.has_host);
		got->at += n;
		said->at += m;
		want(read_body(got, &h, 0));
		want(read_body(said, &source, 0) || last);
		check_content(got, said);
		want(got->whole || last);
	}
	want(got->at == got->end);
}

/* The next response that is final, or one that changes protocols.  False: there is none as yet. */
static bool
read_response(struct text *t, struct http_head *h, const struct asked *a, bool strict)
{
	int n;

	do {
		n = http_parse_response(h, t->at, (size_t)(t->end - t->at), &a->asked);
		want(n >= 0 || !strict);
		if (n <= 0)
			return false;
		want(!strict || !a->old_client || h->status >= 200);
		want(!strict || !h->by_close);
		t->at += n;
	} while (h->status < 200 && h->status != 101);
	return true;
}

/* What the client got: responses to what it asked, each the beginning of what the origin said. */
static void
check_down(struct text *got, struct text *said)
{
	struct http_head h, source;

	for (size_t i = 0; i < rig.asked_count; i++) {
		const struct asked *a = &rig.asked[i];

		if (!read_response(got, &h, a, true) || h.status == 101)
			return;
		want(read_response(said, &source, a, false));
		want(h.status == source.status && !(a->old_client && h.framing == BODY_CHUNKED));
		want(read_body(got, &h, 0));
		(void)read_body(said, &source, BODY_LENIENT);
		/* Without chunks the end of the connection is the end, and says nothing. */
		check_content(got, said);
		if (!got->whole)
			break;
	}
	want(got->at == got->end);
}

static void
check(const uint8_t *said, const size_t len[2])
{
	static struct text a, b;

	a.at = rig.seen[1];
	a.end = a.at + rig.seen_len[1];
	b.at = (const char *)said;
	b.end = b.at + len[0];
	check_up(&a, &b);
	a.at = rig.seen[0];
	a.end = a.at + rig.seen_len[0];
	b.at = (const char *)said + len[0];
	b.end = b.at + len[1];
	check_down(&a, &b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *cuts = data + 3, *text[2];
	size_t left[2], all[2];
	unsigned steps = 0;
	bool open = true;

	if (len < HEADER || len > INPUT_MAX)
		return 0;
	left[0] = ((size_t)data[1] << 8 | data[2]) % (len - HEADER + 1);
	left[1] = len - HEADER - left[0];
	text[0] = data + HEADER;
	text[1] = text[0] + left[0];
	memcpy(all, left, sizeof all);
	start(data[0]);
	for (unsigned turn = 0; open && left[0] + left[1] > 0; turn++) {
		unsigned side = cuts[turn % 8] >> 7, piece = cuts[turn % 8] & 0x7f;

		side = left[side] > 0 ? side : !side;
		piece = piece < 0x60 ? piece + 1 : 1u << (piece - 0x60 < 13 ? piece - 0x60 : 12);
		if (piece > left[side])
			piece = (unsigned)left[side];
		want(send(rig.far[side], text[side], piece, MSG_NOSIGNAL) == (ssize_t)piece);
		text[side] += piece;
		left[side] -= piece;
		open = run((data[0] & 0x40) != 0 && rig.asked_count > 0, &steps);
	}
	for (unsigned side = 0; open && side < 2; side++) {
		shutdown(rig.far[side ^ data[0] >> 7], SHUT_WR);
		open = run(false, &steps);
	}
	while (pump(false))
		want(++steps < 500000);
	check(data + HEADER, all);
	stop();
	return 0;
}
