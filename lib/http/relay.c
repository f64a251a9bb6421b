/*
 * relay: HTTP/1.1 exchanges between two legs.  See relay.h.
 *
 * One buffer serves both heads: the response's is gathered only once the request's has left.
 */
#include "lib/http/relay.h"

#include <string.h>
#include "lib/http/field.h"

enum {
	RELAY_FIRST = 9
}; /* bytes that show whether it is HTTP: four that may stand before "HTTP" */

static const char TOO_LARGE[] = "The answer's header is larger than 32 KiB.";

void
relay_start(struct relay *r, char *buf)
{
	*r = (struct relay){ .buf = buf };
}

void
relay_next(struct relay *r)
{
	size_t high = r->high;

	relay_start(r, r->buf);
	r->high = high;
}

/* So many bytes of buf were written. */
static void
relay_note_high(struct relay *r, size_t len)
{
	if (len > r->high)
		r->high = len;
}

/*
 * Takes bytes of a head from a leg, up to its empty line and never further: what follows stays in the leg.
 * True: a line end stands after a line end, so it is time to parse.  Bare line feeds count: they end a response, and a
 * request's are refused by the parser.
 */
static bool
relay_gather(struct relay *r, struct leg *from)
{
	size_t len, i = 0;
	const unsigned char *data = leg_peek(from, &len);
	bool complete = false;

	while (i < len && !complete && r->have < HTTP_HEAD_MAX) {
		char byte = (char)data[i++];
		size_t have = r->have;

		if (byte == '\n' && have > 0)
			complete = r->buf[have - 1] == '\n' ||
				   (have > 1 && r->buf[have - 1] == '\r' &&
					   r->buf[have - 2] == '\n');
		r->buf[r->have++] = byte;
	}
	if (i > 0)
		leg_take(from, i);
	relay_note_high(r, r->have);
	return complete || r->have == HTTP_HEAD_MAX;
}

/* Moves the rewritten head into a leg.  True when all of it is there. */
static bool
relay_send_head(struct relay *r, struct leg *to)
{
	while (r->sent < r->have) {
		size_t room;
		unsigned char *space = leg_room(to, &room);

		if (space == NULL)
			return false;
		if (room > r->have - r->sent)
			room = r->have - r->sent;
		memcpy(space, r->buf + r->sent, room);
		leg_put(to, room);
		r->sent += room;
	}
	r->have = r->sent = 0;
	return true;
}

/* Moves body bytes while there are some and there is room.  False: malformed. */
static bool
relay_move_body(struct body *body, struct leg *from, struct leg *to)
{
	while (!body->done) {
		size_t have, room, used, made;
		const unsigned char *data = leg_peek(from, &have);
		unsigned char *space = leg_room(to, &room);

		if (space == NULL || (data == NULL && !body_is_held(body)))
			break;
		if (body_move(body, (const char *)data, have, &used, (char *)space, room, &made) <
			0)
			return false;
		leg_put(to, made);
		leg_take(from, used);
		if (used == 0 && made == 0)
			break;
	}
	leg_flush(to);
	return true;
}

/* --- from the client to the origin ----------------------------------------- */

static enum relay_event
relay_bad_request(struct relay *r, uint16_t status, const char *error)
{
	r->error_status = status;
	r->error = error;
	r->close = true;
	return RELAY_BAD_REQUEST;
}

/* A TLS hello, for one: the parser refuses it by its first byte, and it has no empty line to wait for. */
static bool
relay_is_no_request(const struct relay *r)
{
	return r->have > 0 && memchr("\r\n", r->buf[0], 2) == NULL &&
	       !field_is_name_char(r->buf[0]);
}

static enum relay_event
relay_take_request(struct relay *r, struct leg *client, struct http_head *head)
{
	size_t len;
	int n;

	do { /* again when there were but empty lines so far */
		if (!relay_gather(r, client) && !relay_is_no_request(r))
			return RELAY_WAIT;
		len = http_encode_target(r->buf, r->have, RELAY_HEAD);
		if (len == 0)
			return relay_bad_request(
				r, 414, "The request's address is too long once it is encoded.");
		r->have = len;
		relay_note_high(r, len);
		n = http_parse_request(head, r->buf, r->have);
	} while (n == 0 && r->have < HTTP_HEAD_MAX);
	if (n < 0)
		return relay_bad_request(r, head->error_status, head->error);
	if (n == 0)
		return relay_bad_request(r, 431, "The request's header is larger than 32 KiB.");
	r->asked = head->asked;
	r->client_keep = head->keep;
	r->old_client = head->minor == 0;
	return RELAY_REQUEST;
}

bool
relay_forward(struct relay *r, struct http_head *head)
{
	enum body_framing framing = head->framing;
	uint64_t length = head->length;

	r->have = http_rewrite_request(head, r->buf, RELAY_HEAD, !r->client_keep);
	relay_note_high(r, r->have);
	if (r->have == 0)
		return false;
	body_start(&r->up_body, framing, length, 0);
	r->up = UP_SEND;
	return true;
}

static enum relay_event
relay_step_up(struct relay *r, struct leg *client, struct leg *origin, struct http_head *head)
{
	enum relay_event event = RELAY_WAIT;
	size_t len;

	if (r->up == UP_HEAD) {
		event = relay_take_request(r, client, head);
		if (event == RELAY_WAIT && (leg_is_ended(client) || leg_is_failed(client)))
			return RELAY_CLIENT_LEFT;
		return event;
	}
	/* Bytes that the origin sent before (a 408 as it gave up waiting, or a trap) are no answer to this request. */
	if (r->up == UP_SEND && r->sent == 0 && leg_peek(origin, &len) != NULL)
		return RELAY_NO_RESPONSE;
	if (r->up == UP_SEND && relay_send_head(r, origin)) {
		r->up = UP_BODY;
		r->down = DOWN_HEAD;
		leg_flush(origin);
	}
	if (r->up == UP_BODY) {
		if (!relay_move_body(&r->up_body, client, origin))
			return relay_bad_request(
				r, 400, "The request's body is not framed as HTTP/1.1 asks.");
		if (r->up_body.done)
			r->up = UP_DONE;
		else if (leg_is_ended(client) && !body_is_held(&r->up_body))
			return RELAY_CLIENT_LEFT;
	}
	return RELAY_WAIT;
}

/* --- from the origin to the client ----------------------------------------- */

static enum relay_event
relay_bad_response(struct relay *r, const char *error)
{
	r->error = error;
	r->close = true;
	return RELAY_BAD_RESPONSE;
}

/* A final response's head: how its body goes on, and that nothing follows what was repaired. */
static void
relay_begin_body(struct relay *r, struct http_head *head)
{
	unsigned how = BODY_LENIENT;

	if (r->doubtful) {
		head->by_close = true;
		head->tells_length = head->tells_chunked = false;
	}
	if (r->old_client || head->by_close)
		how |= BODY_PLAIN;
	/* A response before the whole request: the two connections can't be in step again. */
	r->close = !r->client_keep || !head->keep || head->by_close || r->spoilt ||
		   head->framing == BODY_CLOSE || r->up != UP_DONE;
	body_start(&r->down_body, head->framing, head->length, how);
}

/* Looks for a response head in what comes.  1: it is in buf, and parsed; 0: not yet; -1: refused. */
static int
relay_find_response(struct relay *r, struct leg *origin, struct http_head *head)
{
	int n;

	for (;;) {
		/* Another protocol than HTTP shows in its first bytes, and may never have an empty line. */
		bool first = r->have < RELAY_FIRST, complete = relay_gather(r, origin);

		if (!complete && (!first || r->have == 0))
			return 0;
		n = http_parse_response(head, r->buf, r->have, &r->asked);
		if (n != 0 || !complete)
			break;
		/* But empty lines so far. */
	}
	if (n < 0)
		(void)relay_bad_response(r, head->error);
	return n > 0 ? 1 : n;
}

/* A response head came: decides what becomes of it. */
static enum relay_event
relay_take_response(struct relay *r, struct leg *origin, struct http_head *head)
{
	int n = relay_find_response(r, origin, head);

	if (n <= 0)
		return n == 0 ? RELAY_WAIT : RELAY_BAD_RESPONSE;
	if (head->status < 200 && head->status != 101) {
		r->spoilt = r->spoilt || !head->keep;
		r->doubtful = r->doubtful || head->by_close;
		if (++r->interim > RELAY_INTERIM)
			return relay_bad_response(r, "More than sixteen provisional answers came.");
		if (r->old_client) { /* RFC 9110 section 15.2: never to an HTTP/1.0 client */
			r->have = 0;
			return RELAY_WAIT;
		}
	} else {
		relay_begin_body(r, head);
	}
	r->status = head->status;
	r->have = http_rewrite_response(head, r->buf, RELAY_HEAD, r->close, r->old_client);
	relay_note_high(r, head->reach);
	relay_note_high(r, r->have);
	if (r->have == 0)
		return relay_bad_response(r, TOO_LARGE);
	r->down = DOWN_SEND;
	return RELAY_WAIT;
}

static enum relay_event
relay_pass_body(struct relay *r, struct leg *client, struct leg *origin)
{
	if (!relay_move_body(&r->down_body, origin, client))
		return relay_bad_response(r, "The answer's body is not framed as HTTP/1.1 asks.");
	if (!r->down_body.done && body_is_held(&r->down_body))
		return RELAY_WAIT;
	if (!r->down_body.done) {
		/* Only a proper end ends a body that lasts until the end: else it was cut. */
		if (leg_is_ended(origin))
			r->down_body.done = body_may_end(&r->down_body);
		else if (!leg_is_dry(origin))
			return RELAY_WAIT;
		if (!r->down_body.done)
			return RELAY_TRUNCATED;
	}
	r->close = r->close || r->down_body.repaired;
	r->down = DOWN_DONE;
	return RELAY_DONE;
}

static enum relay_event
relay_step_down(struct relay *r, struct leg *client, struct leg *origin, struct http_head *head)
{
	enum relay_event event;
	size_t len;

	if (r->down == DOWN_IDLE) {
		if (origin->fd < 0)
			return RELAY_WAIT;
		if (r->up == UP_HEAD && leg_peek(origin, &len) != NULL)
			return RELAY_ORIGIN_LEFT;
		if (leg_is_ended(origin) || leg_is_failed(origin))
			return r->up == UP_HEAD ? RELAY_ORIGIN_LEFT : RELAY_NO_RESPONSE;
		return RELAY_WAIT;
	}
	/* Interim responses come round again; the bound is in relay_take_response. */
	while (r->down == DOWN_HEAD || r->down == DOWN_SEND) {
		if (r->down == DOWN_HEAD) {
			event = relay_take_response(r, origin, head);
			if (event != RELAY_WAIT)
				return event;
			if (r->down == DOWN_HEAD) {
				if (leg_peek(origin, &len) != NULL)
					continue;
				return leg_is_dry(origin) ? RELAY_NO_RESPONSE : RELAY_WAIT;
			}
		}
		if (r->status >= 200)
			r->answered = true;
		if (!relay_send_head(r, client))
			return RELAY_WAIT;
		leg_flush(client);
		/* A request with a body is HTTP to its end. */
		if (r->status == 101)
			return r->up == UP_DONE ? RELAY_SWITCHED : RELAY_WAIT;
		r->down = r->status < 200 ? DOWN_HEAD : DOWN_BODY;
	}
	return r->down == DOWN_BODY ? relay_pass_body(r, client, origin) : RELAY_WAIT;
}

enum relay_event
relay_step(struct relay *r, struct leg *client, struct leg *origin, struct http_head *head)
{
	enum relay_event event = relay_step_up(r, client, origin, head);

	if (event == RELAY_WAIT)
		event = relay_step_down(r, client, origin, head);
	/* Nobody is left to read the answer.  An end alone may be a half-close. */
	if (event == RELAY_WAIT &&
		(leg_is_failed(client) || (leg_ends_both(client) && leg_is_ended(client))))
		return RELAY_CLIENT_LEFT;
	return event;
}

bool
relay_may_park(const struct relay *r)
{
	return r->have == 0;
}
