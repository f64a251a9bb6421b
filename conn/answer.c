/*
 * answer: answers of our own, and the end of a connection.  The states answer and linger.
 */
#include <stdio.h>
#include <string.h>
#include "conn/steps.h"
#include "lib/tls/leg.h"

enum {
	LINGER_SECS = 2, /* without a byte; machine.c's table has the same */
	SLOW_SECS = 120  /* for a client that reads its answer slowly, without a byte */
};

/* --- what is put without more ado ------------------------------------------------- */

/* False: there is no room, which can't be where nothing else was put. */
static bool
put_all(struct leg *l, const void *data, size_t len)
{
	size_t room;
	unsigned char *space = leg_room(l, &room);

	if (space == NULL || room < len)
		return false;
	memcpy(space, data, len);
	leg_put(l, len);
	return true;
}

bool
answer_greet(struct conn *c)
{
	static const char greeting[] = "HTTP/1.1 200 Connection established\r\n\r\n";

	if (!put_all(&c->pair.client, greeting, sizeof greeting - 1))
		return false;
	c->greeted = true;
	c->relay.status = 200;
	return true;
}

enum conn_state
answer_alert(struct conn *c, unsigned char alert)
{
	const unsigned char record[] = { 21, 3, 3, 0, 2, 2, alert };

	/* One that waited in silence has no buffers. */
	if (!conn_lend(c)) {
		leg_send_bare(&c->pair.client, record, sizeof record);
		return C_FREE;
	}
	(void)put_all(&c->pair.client, record, sizeof record);
	leg_end(&c->pair.client);
	return C_LINGER;
}

/* Bytes of an answer or of another protocol have gone to the client, or wait, or its side is ended: what came now would be
 * taken for a part of them. */
static bool
has_begun(const struct conn *c)
{
	return c->relay.answered || c->answer.sent > 0 || c->state == C_SWITCHED ||
	       c->pair.shared || c->pair.client.ending || !leg_is_drained(&c->pair.client);
}

void
answer_busy_bare(struct conn *c)
{
	static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
				   "Cache-Control: no-store\r\nContent-Length: 0\r\n"
				   "Proxy-Status: sluice; error=connection_limit_reached\r\n\r\n";
	static const unsigned char internal_error[] = { 21, 3, 3, 0, 2, 2, 80 };

	if (c->pair.client.tls != NULL || c->exchanges > 0 || has_begun(c))
		return;
	if (!c->greeted) {
		c->relay.status = 503;
		leg_send_bare(&c->pair.client, busy, sizeof busy - 1);
	} else if (!c->door.plain) {
		leg_send_bare(&c->pair.client, internal_error, sizeof internal_error);
	}
}

/* --- answer -------------------------------------------------------------------- */

static void
write_page(struct conn *c)
{
	const struct conn_failure *f = &c->failure;
	struct page page = {
		.kind = f->kind,
		.status = f->status,
		.host = c->door.name,
		.path = "",
		.reason = f->why,
		.detail = f->kind == PAGE_BLOCKED ? c->door.rule : "",
		.error_type = f->error_type,
		.next_step = "",
		.head_only = c->relay.asked.is_head,
		.connect = c->door.way == WAY_CONNECT && !c->greeted,
	};

	c->answer.len = page_write(&page, c->relay.buf);
	c->answer.sent = 0;
	c->relay.status = (uint16_t)f->status;
	if (c->relay.high < c->answer.len)
		c->relay.high = c->answer.len;
}

enum conn_state
answer_give(struct conn *c, const struct answer *a)
{
	int n;

	if (!conn_lend(c))
		return C_FREE;
	c->answer.what = *a;
	c->answer.sent = c->answer.body_sent = 0;
	/* After a request with a body the connection is out of step: the body was not read. */
	if (c->relay.up != UP_HEAD || c->proxy->head.framing != BODY_NONE)
		c->answer.what.close = true;
	if (c->proxy->head.asked.is_head)
		c->answer.what.read = NULL;
	n = snprintf(c->relay.buf, PAIR_SCRATCH,
		"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s%s\r\n",
		a->status, page_status_text(a->status), a->type, a->len,
		a->fields != NULL ? a->fields : "",
		c->answer.what.close ? "Connection: close\r\n" : "");
	c->answer.len = n < PAIR_SCRATCH ? (size_t)n : 0;
	c->relay.status = (uint16_t)a->status;
	if (c->relay.high < c->answer.len)
		c->relay.high = c->answer.len;
	return c->answer.len > 0 ? C_ANSWER : C_FREE;
}

/* Between an answer and the next request. */
static enum conn_state
go_on(struct conn *c)
{
	c->answer.len = c->answer.sent = c->answer.body_sent = 0;
	c->answer.what.read = NULL;
	c->exchanges++;
	c->head_timed = false;
	relay_next(&c->relay);
	conn_again(c);
	return c->pair.client.tls != NULL ? C_EXCHANGE : C_REQUEST;
}

/* As much as there is room for.  True: all of it is put. */
static bool
put_answer(struct conn *c)
{
	struct conn_answer *a = &c->answer;
	const struct answer *b = &a->what;
	size_t room, n;
	unsigned char *space;

	while ((space = leg_room(&c->pair.client, &room)) != NULL) {
		if (a->sent < a->len) {
			n = a->len - a->sent < room ? a->len - a->sent : room;
			memcpy(space, c->relay.buf + a->sent, n);
			a->sent += n;
		} else if (b->read != NULL && a->body_sent < b->len) {
			n = b->len - a->body_sent < room ? b->len - a->body_sent : room;
			n = b->read(b->source, a->body_sent, (char *)space, n);
			a->body_sent += n;
		} else {
			return true;
		}
		leg_put(&c->pair.client, n);
	}
	return a->sent == a->len && (b->read == NULL || a->body_sent == b->len);
}

enum conn_state
step_answer(struct conn *c)
{
	uint64_t sent = c->pair.client.sent;
	bool moved = true, all = false;

	if (!conn_lend(c))
		return C_ANSWER;
	if (c->answer.len == 0)
		write_page(c);
	while (moved && !all) {
		all = put_answer(c);
		leg_flush(&c->pair.client);
		moved = leg_pump(&c->pair.client, false, false) == LEG_MOVED;
	}
	if (leg_is_failed(&c->pair.client))
		return C_FREE;
	if (all || c->pair.client.sent > sent)
		conn_moved(c);
	if (!all && c->pair.client.sent > sent)
		conn_arm(c, SLOW_SECS);
	if (!all)
		return C_ANSWER;
	record_end(c);
	if (c->failure.status == 0 && !c->answer.what.close)
		return go_on(c);
	leg_end(&c->pair.client);
	return C_LINGER;
}

/* --- linger -------------------------------------------------------------------- */

/* Reads and throws away.  The rounds are bounded: others have their turn too. */
static void
drain(struct conn *c)
{
	const unsigned char *data;
	size_t len;

	for (int rounds = 0;; rounds++) {
		while ((data = leg_peek(&c->pair.client, &len)) != NULL)
			leg_take(&c->pair.client, len);
		if (rounds == EXCHANGE_ROUNDS) {
			conn_again(c);
			return;
		}
		if (leg_pump(&c->pair.client, true, true) != LEG_MOVED)
			return;
	}
}

enum conn_state
step_linger(struct conn *c)
{
	struct leg *client = &c->pair.client;
	uint64_t sent = client->sent, received = client->received;

	drain(c);
	leg_pump(&c->pair.origin, false, false);
	if ((client->eof && leg_is_drained(client)) || client->error != 0 ||
		(c->answer.ending == END_CUT && leg_is_drained(client)))
		return C_FREE;
	if (client->sent > sent) {
		conn_moved(c);
		conn_arm(c, leg_is_drained(client) ? LINGER_SECS : SLOW_SECS);
	} else if (client->received > received && c->proxy->now < c->answer.linger_until) {
		conn_arm(c, LINGER_SECS);
	}
	return C_LINGER;
}
