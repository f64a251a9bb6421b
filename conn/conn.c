/*
 * conn: what the steps of a connection have in common: what it borrows, its time, how it fails.  See conn.h.
 */
#include "conn/conn.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "lib/tls/leg.h"

const char *
conn_state_name(enum conn_state state)
{
	static const char *const names[C_STATES] = {
		[C_FREE] = "free",
		[C_REDIRECTED] = "redirected",
		[C_REQUEST] = "request",
		[C_HELLO] = "hello",
		[C_RESOLVE] = "resolve",
		[C_CONNECT] = "connect",
		[C_ORIGIN] = "origin",
		[C_VERIFY] = "verify",
		[C_MINT] = "mint",
		[C_CLIENT] = "client",
		[C_EXCHANGE] = "exchange",
		[C_TUNNEL] = "tunnel",
		[C_SWITCHED] = "switched",
		[C_ANSWER] = "answer",
		[C_LINGER] = "linger",
	};

	return names[state];
}

struct door_house
conn_house(const struct conn *c)
{
	struct proxy *p = c->proxy;

	return (struct door_house){
		.policy = p->policy,
		.config = &p->config,
		.listeners = &p->listeners,
		.learned = &p->learned,
		.now = p->now,
		.client = { .addr = c->peer, .now = p->wall },
		.clock_is_trusted = p->clock_is_trusted,
	};
}

/* --- what it borrows ------------------------------------------------------------- */

bool
conn_lend(struct conn *c)
{
	struct proxy *p = c->proxy;
	struct pair_buffers *b;

	if (c->pair.buffers != NULL)
		return true;
	if (!fair_ask(&p->fair, &c->share, FAIR_BUFFERS, p->now))
		return false;
	b = pool_get(&p->buffers);
	pair_lend(&c->pair, b);
	c->relay.buf = (char *)b->scratch;
	c->relay.high = 0;
	return true;
}

static void
return_buffers(struct conn *c, struct pair_buffers *b)
{
	pool_put(&c->proxy->buffers, b, 0); /* wiped already */
	c->relay.buf = NULL;
	fair_give(&c->proxy->fair, &c->share, FAIR_BUFFERS);
}

/* A connection that holds no byte needs no buffers. */
void
conn_park(struct conn *c)
{
	if (c->pair.buffers == NULL || !relay_may_park(&c->relay) || !pair_may_park(&c->pair))
		return;
	c->pair.scratch_used = c->relay.high;
	return_buffers(c, pair_park(&c->pair));
}

void
conn_strip(struct conn *c, size_t used)
{
	if (c->pair.buffers == NULL)
		return;
	c->pair.scratch_used = used;
	return_buffers(c, pair_strip(&c->pair));
}

bool
conn_take_chain(struct conn *c)
{
	struct proxy *p = c->proxy;

	if (c->origin.chain == NULL && fair_ask(&p->fair, &c->share, FAIR_CHAIN, p->now))
		c->origin.chain = cert_chain_get(p->cert);
	return c->origin.chain != NULL;
}

void
conn_put_chain(struct conn *c)
{
	if (c->origin.chain == NULL)
		return;
	cert_chain_put(c->proxy->cert, c->origin.chain);
	c->origin.chain = NULL;
	fair_give(&c->proxy->fair, &c->share, FAIR_CHAIN);
}

bool
conn_may_work(struct conn *c)
{
	return fair_may_work(&c->proxy->fair, &c->share);
}

void
conn_again(struct conn *c)
{
	c->proxy->fair.again = true;
}

void
conn_moved(struct conn *c)
{
	c->share.moved = c->proxy->now;
}

/* --- time ------------------------------------------------------------------------ */

void
conn_arm(struct conn *c, int secs)
{
	c->deadline = c->proxy->now + (int64_t)secs * 1000;
}

void
conn_rearm(struct conn *c)
{
	conn_arm(c, c->secs);
}

/* --- failing and ending ------------------------------------------------------------ */

void
conn_leave_origin(struct conn *c)
{
	resolve_reset(&c->origin.query);
	dial_reset(&c->origin.dial);
	leg_close(&c->pair.origin, false);
	conn_put_chain(c);
	fair_want_nothing(&c->proxy->fair, &c->share); /* a chain or a turn for it, too */
	c->origin.answers = 0;
	c->origin.check = CHECK_NONE;
	c->origin.verdict.until = 0;
	c->origin.pending = 0;
	if (c->origin.offer != OFFER_FAILED)
		c->origin.offer = OFFER_NONE;
}

/*
 * Where the page for a failure can be shown: in clear if that is what the client still speaks; under the TLS that there
 * is; under a leaf of our own only if the door says so and the client's hello is there to be answered.  An
 * answer that has begun can't be taken back.
 */
static enum conn_state
page_state(const struct conn *c)
{
	if (c->relay.answered || c->state == C_CLIENT || c->state == C_TUNNEL ||
		c->state == C_SWITCHED)
		return C_FREE;
	if (c->pair.client.tls != NULL || !c->greeted || c->door.plain)
		return C_ANSWER;
	return c->hello.len > 0 && c->door.may_forge ? C_MINT : C_FREE;
}

enum conn_state
conn_fail(struct conn *c, enum page_kind kind, int status, const char *error_type,
	const char *format, ...)
{
	bool second = c->failure.status != 0;

	if (!second) {
		va_list args;

		c->failure.kind = kind;
		c->failure.status = status;
		c->failure.error_type = error_type;
		c->failure.in = c->state;
		va_start(args, format);
		vsnprintf(c->failure.why, sizeof c->failure.why, format, args);
		va_end(args);
	}
	conn_leave_origin(c);
	c->relay.close = true;
	return second ? C_FREE : page_state(c);
}

enum conn_state
conn_refuse(struct conn *c, enum door_answer answer)
{
	const struct door_words *w = door_words(answer);
	const struct door *d = &c->door;
	enum page_kind kind = answer == DOOR_BLOCKED || answer == DOOR_ADDRESS_BLOCKED
				      ? PAGE_BLOCKED
			      : answer == DOOR_CLOCK                ? PAGE_BUSY
			      : *w->error_type == 't' && c->greeted ? PAGE_TLS
								    : PAGE_REFUSED;
	char port[8], text[WHY_TEXT];
	const char *about = d->name;

	snprintf(port, sizeof port, "%u", d->port);
	if (answer == DOOR_PORT || answer == DOOR_HTTP_PORT)
		about = port;
	else if (answer >= DOOR_LOOP)
		about = d->host;
	/* One "%s" in each, checked by test/unit/door.c. */
	snprintf(text, sizeof text, "%.*s%s%s", (int)strcspn(w->text, "%"), w->text,
		strchr(w->text, '%') != NULL ? about : "",
		strchr(w->text, '%') != NULL ? strchr(w->text, '%') + 2 : "");
	return conn_fail(c, kind, w->status, w->error_type, "%s%s%s%s", text,
		answer == DOOR_PRIVATE ? ": " : "", answer == DOOR_PRIVATE ? d->private_why : "",
		answer == DOOR_PRIVATE ? "." : "");
}

enum conn_state
conn_end(struct conn *c)
{
	if (!conn_lend(c))
		return C_FREE;
	pair_end(&c->pair);
	return C_LINGER;
}

/*
 * A client of TLS 1.3, and some of 1.2, judge our certificate only after the handshake is done for us.  Browsers' spare
 * connections leave without a request as well, but end properly.
 */
static void
note_rejection(struct conn *c)
{
	if (c->exchanges > 0 || c->relay.up != UP_HEAD || c->relay.have > 0 ||
		c->pair.client.tls == NULL || c->failure.status != 0 ||
		!leg_is_failed(&c->pair.client))
		return;
	(void)conn_fail(c, PAGE_TLS, 400, "tls_alert_received",
		"The client left after the handshake without a request: %s.",
		leg_failure_text(&c->pair.client));
}

enum conn_state
conn_client_left(struct conn *c)
{
	note_rejection(c);
	return c->relay.up == UP_HEAD && !leg_is_drained(&c->pair.client) ? conn_end(c) : C_FREE;
}
