/*
 * exchange: requests and their responses, one after another, over the way that is open.  The state exchange.
 */
#include <stdio.h>
#include <string.h>
#include "conn/steps.h"
#include "lib/tls/leg.h"

/* --- a request inside TLS ---------------------------------------------------- */

static void
begin_line(struct conn *c, const struct http_head *head)
{
	record_begin(c, c->relay.buf + head->method.off, head->method.len, "https://",
		c->relay.buf + head->path.off, head->path.len);
}

static enum conn_state
refuse_host(struct conn *c, const struct target *t)
{
	const struct door *d = &c->door;
	char port[8] = "";

	if (t->port != 0)
		snprintf(port, sizeof port, ":%u", t->port);
	return conn_fail(c, PAGE_REFUSED, strcmp(d->host, d->name) == 0 ? 400 : 421,
		"http_request_error",
		"The request is for %s%s, but the connection was made to %s:%u.", t->host, port,
		d->name, d->port);
}

/* May it go on?  C_EXCHANGE: yes. */
static enum conn_state
judge_request(struct conn *c, struct http_head *head)
{
	struct door_house house = conn_house(c);
	const struct target *t = head->form == HTTP_ABSOLUTE ? &head->target : &head->host;
	struct door *d = &c->door;
	enum door_answer answer;

	begin_line(c, head);
	if (c->failure.status != 0) /* the connection was made for a page */
		return C_ANSWER;
	if (head->asked.is_connect)
		return conn_fail(c, PAGE_REFUSED, 405, "http_request_denied",
			"There is no CONNECT inside TLS.");
	if (head->last_hop)
		return conn_fail(c, PAGE_REFUSED, 405, "http_request_denied",
			"This proxy does not answer OPTIONS or TRACE itself.");
	answer = door_request(d, &house, head->has_host ? t : NULL, c->relay.buf + head->path.off,
		head->path.len);
	if (answer == DOOR_MISDIRECTED)
		return refuse_host(c, t);
	if (answer == DOOR_OPEN)
		answer = door_peer(d, &house, &c->origin.dial.peer);
	if (answer != DOOR_OPEN)
		return conn_refuse(c, answer);
	if (!head->has_host) { /* HTTP/1.0: the rewritten head needs one */
		snprintf(head->target.host, sizeof head->target.host, "%s", d->name);
		head->target.port = d->port == 443 ? 0 : d->port;
		head->target.is_ip = strchr(d->name, ':') != NULL;
	}
	if (!relay_forward(&c->relay, head))
		return conn_fail(c, PAGE_REFUSED, 431, "http_request_error",
			"The request's header is too large.");
	return C_EXCHANGE;
}

/* --- what the relay tells ------------------------------------------------------ */

/* One exchange is over. */
static enum conn_state
exchanged(struct conn *c)
{
	record_end(c);
	c->exchanges++;
	if (c->relay.close || c->proxy->stopping)
		return conn_end(c);
	relay_next(&c->relay);
	c->origin.answers++;
	c->head_timed = false;
	conn_arm(c, IDLE_SECS);
	/* In clear the next request may be for another host. */
	return c->pair.client.tls != NULL ? C_EXCHANGE : C_REQUEST;
}

/*
 * With TLS 1.3 an origin that wants a client certificate says so only after the handshake is done.  One of ours can't
 * be the client's, and the client has our leaf by now: but its next connection can be tunnelled.
 */
static bool
origin_wants_more(struct conn *c)
{
	const struct leg *origin = &c->pair.origin;
	struct door_house house = conn_house(c);

	if (origin->tls == NULL || !engine_error_is_uninspectable(engine_error(origin->tls)))
		return false;
	door_learn(&c->door, &house);
	return true;
}

static enum conn_state
fail_secure(struct conn *c)
{
	return conn_fail(c, PAGE_TLS, 502, "tls_alert_received",
		"There is no secure connection with %s: %s.", c->door.name,
		leg_failure_text(&c->pair.origin));
}

/* Between requests; on a new connection the page waits for the first one. */
static enum conn_state
origin_left(struct conn *c)
{
	if (!origin_wants_more(c) || c->exchanges > 0)
		return conn_end(c); /* the client learns that this connection is over */
	(void)fail_secure(c);
	return C_EXCHANGE;
}

static enum conn_state
no_response(struct conn *c)
{
	if (origin_wants_more(c))
		return fail_secure(c);
	/* The origin gave up a kept connection just then; a client sends again on a new one, and must not
	 * take our page for the answer (RFC 9112 section 9.3.1). */
	if (c->origin.answers > 0 && c->relay.interim == 0) {
		(void)conn_fail(c, PAGE_BAD_ORIGIN, 502, "http_response_incomplete",
			"%s closed the kept connection; the client sends again.", c->door.name);
		return conn_end(c);
	}
	return conn_fail(c, PAGE_BAD_ORIGIN, 502, "http_response_incomplete",
		"%s closed the connection without an answer.", c->door.name);
}

/* The part that came is passed on, and then the client's connection is cut, so that nobody takes it for the whole. */
static enum conn_state
truncated(struct conn *c)
{
	(void)conn_fail(c, PAGE_BAD_ORIGIN, 502, "http_response_incomplete",
		"%s ended the connection in the middle of its answer.", c->door.name);
	c->answer.ending = END_CUT;
	return C_LINGER;
}

/* Acts on an event of the relay.  C_EXCHANGE: go on. */
static enum conn_state
on_event(struct conn *c, enum relay_event event)
{
	switch (event) {
	case RELAY_WAIT: return C_EXCHANGE;
	case RELAY_REQUEST: return judge_request(c, &c->proxy->head);
	case RELAY_DONE: return exchanged(c);
	case RELAY_SWITCHED: return C_SWITCHED;
	case RELAY_BAD_REQUEST:
		record_begin_unread(c);
		return conn_fail(c, PAGE_REFUSED, c->relay.error_status, "http_request_error", "%s",
			c->relay.error);
	case RELAY_BAD_RESPONSE:
		return conn_fail(c, PAGE_BAD_ORIGIN, 502, "http_protocol_error",
			"What %s answered can't be passed on: %s", c->door.name, c->relay.error);
	case RELAY_NO_RESPONSE: return no_response(c);
	case RELAY_TRUNCATED: return truncated(c);
	case RELAY_CLIENT_LEFT: return conn_client_left(c);
	case RELAY_ORIGIN_LEFT: break;
	}
	return origin_left(c);
}

/* One piece each way. */
static bool
move_piece(struct conn *c, enum relay_event *event)
{
	struct pair *p = &c->pair;
	bool moved = leg_pump(&p->client, true, true) == LEG_MOVED;
	size_t have;

	moved |= leg_pump(&p->origin, true, true) == LEG_MOVED;
	have = c->relay.have;
	*event = relay_step(&c->relay, &p->client, &p->origin, &c->proxy->head);
	moved |= c->relay.have > have; /* room to read on */
	/* The bytes that were put either leave now, which makes room for more, or wait for the socket. */
	moved |= leg_pump(&p->client, false, false) == LEG_MOVED;
	moved |= leg_pump(&p->origin, false, false) == LEG_MOVED;
	return moved || *event != RELAY_WAIT;
}

/* A begun record, or the start of a head: the rest has to come soon, or who says half a word holds its place. */
static void
time_head(struct conn *c, bool begun)
{
	if (c->relay.up != UP_HEAD || c->head_timed || !begun)
		return;
	c->head_timed = true;
	conn_arm(c, HEAD_SECS);
}

/* A byte that leads on has moved.  While the client owes bytes of its body, its time is that of a slow client and
 * not that of an origin at work. */
static void
note_progress(struct conn *c)
{
	size_t len;

	conn_moved(c);
	if (c->relay.up == UP_BODY && leg_peek(&c->pair.client, &len) == NULL)
		conn_arm(c, BODY_SECS);
	else if (c->relay.up != UP_HEAD)
		conn_rearm(c);
}

enum conn_state
step_exchange(struct conn *c)
{
	uint64_t sent = c->pair.client.sent + c->pair.origin.sent;
	uint64_t received = c->pair.client.received;
	enum conn_state next = C_EXCHANGE;
	bool moved = true;

	if (!pair_has_news(&c->pair))
		return c->proxy->stopping && c->relay.up == UP_HEAD ? conn_end(c) : C_EXCHANGE;
	if (!conn_lend(c))
		return C_EXCHANGE;
	for (int rounds = 0; moved && next == C_EXCHANGE; rounds++) {
		enum relay_event event;

		if (rounds == EXCHANGE_ROUNDS) {
			conn_again(c);
			break;
		}
		moved = move_piece(c, &event);
		next = on_event(c, event);
	}
	/* Bytes that lead nowhere, as empty records, are no progress. */
	if (c->pair.client.sent + c->pair.origin.sent > sent && next == C_EXCHANGE)
		note_progress(c);
	if (next != C_EXCHANGE)
		return next;
	conn_park(c);
	time_head(c, c->relay.have > 0 ||
			     (c->pair.buffers != NULL && c->pair.client.received > received));
	return C_EXCHANGE;
}
