/*
 * conn: the connection, a state machine.  See conn.h.
 *
 * The table `states` says for each state what it waits for, how long, and which function goes on; only
 * conn_enter writes the state.  The steps are in request.c (what is asked for in clear, and what flows) and
 * inspect.c (the handshakes); those of our own pages and of the end are here.  The order of events for an
 * inspected host is: request (CONNECT) or redirected, hello, resolve, connect, origin, verify, mint, client,
 * exchange.  Nothing of a request goes to an origin before verify has said yes.
 */
#include "conn/conn.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "conn/steps.h"
#include "lib/tls/leg.h"
#include "lib/base/log.h"

enum {
	LINGER_SECS = 30, /* for an upload that was refused and still comes */
	STEPS_MOST = 16   /* states passed in one turn: more than there are */
};

static const struct state {
	const char *name;                                 /* for the log */
	int secs;                                         /* time allowed */
	bool (*want)(const struct conn *, struct wait *); /* false: can't be waited for */
	enum conn_state (*step)(struct conn *);
} states[C_STATES];

/* --- buffers --------------------------------------------------------------- */

/* Something came back to a pool: whoever found it empty tries again in the next turn. */
static void
wake_starved(void)
{
	for (size_t i = 0; i < proxy.active_count; i++)
		if (proxy.active[i]->starved)
			proxy.again = true;
}

/* At most half of the buffers to one client once they are getting scarce. */
static bool
buffers_are_fair(const struct conn *c)
{
	size_t same = 0;

	if (proxy.buffers.free > proxy.buffers.count / 4)
		return true;
	for (size_t i = 0; i < proxy.active_count; i++)
		if (proxy.active[i]->pair.buffers != NULL &&
			net_addr_same(&proxy.active[i]->peer, &c->peer))
			same++;
	return same < (proxy.buffers.count + 1) / 2;
}

bool
conn_lend(struct conn *c)
{
	struct pair_buffers *b;

	if (c->pair.buffers != NULL)
		return true;
	b = buffers_are_fair(c) ? pool_get(&proxy.buffers) : NULL;
	c->starved = b == NULL;
	if (b == NULL)
		return false;
	pair_lend(&c->pair, b);
	c->relay.buf = (char *)b->scratch;
	c->relay.high = 0;
	return true;
}

void
conn_put_chain(struct conn *c)
{
	if (c->chain == NULL)
		return;
	cert_chain_put(proxy.cert, c->chain);
	c->chain = NULL;
	wake_starved();
}

static void
conn_return_buffers(struct conn *c, struct pair_buffers *b)
{
	pool_put(&proxy.buffers, b, 0); /* wiped already */
	c->relay.buf = NULL;
	wake_starved();
}

/* A connection that holds no byte needs no buffers. */
void
conn_park(struct conn *c)
{
	if (c->pair.buffers == NULL || !relay_may_park(&c->relay) || !pair_may_park(&c->pair))
		return;
	c->pair.scratch_used = c->relay.high;
	conn_return_buffers(c, pair_park(&c->pair));
}

/* --- work ------------------------------------------------------------------ */

static unsigned
client_kind(const struct net_addr *a)
{
	unsigned h = 0;

	for (size_t i = 0; i < sizeof a->ip; i++)
		h = h * 31 + a->ip[i];
	return h % CLIENT_KINDS;
}

bool
conn_may_work(struct conn *c)
{
	c->waits_work = proxy.worked || (proxy.worker != NULL && proxy.worker != c);
	if (c->waits_work) {
		proxy.again = true;
		return false;
	}
	proxy.worked = true;
	proxy.served[client_kind(&c->peer)] = proxy.turn;
	return true;
}

/* Of those that wait, the one whose client was served longest ago. */
struct conn *
conn_next_worker(void)
{
	struct conn *best = NULL;
	uint32_t best_age = 0;

	for (size_t i = 0; i < proxy.active_count; i++) {
		struct conn *c = proxy.active[(proxy.starting + i) % proxy.active_count];
		uint32_t age = proxy.turn - proxy.served[client_kind(&c->peer)];

		if (c->waits_work && (best == NULL || age > best_age)) {
			best = c;
			best_age = age;
		}
	}
	return best;
}

/* --- the log line ---------------------------------------------------------- */

static const char *
verdict_word(const struct conn *c)
{
	if (c->block)
		return "blocked";
	if (c->failure.status != 0 && c->failure.kind == PAGE_REFUSED)
		return "refused";
	if (c->state == C_TUNNEL || (c->connect && !c->inspect))
		return "tunnelled";
	return c->connect ? "inspected" : "plain";
}

/* One line a request or tunnel, at its end. */
void
conn_log(struct conn *c)
{
	char peer[NET_ADDR_TEXT], why[2 * WHY_TEXT];
	const struct relay *r = &c->relay;
	bool raw = c->pair.shared || c->state == C_SWITCHED;
	unsigned long long up, down;

	if (c->logged || c->method[0] == '\0')
		return;
	c->logged = true;
	proxy.requests++;
	proxy.blocked += c->block;
	proxy.tunnels += c->pair.shared;
	proxy.failures += c->failure.status != 0 && !c->block;
	if (!log_wants(LOG_LEVEL_INFO))
		return;
	up = raw ? c->pair.client.received - c->received_before : r->up_body.content;
	down = raw ? c->pair.client.sent - c->sent_before : r->down_body.content;
	if (c->answer_len > 0)
		down = c->answer_sent;
	why[0] = '\0';
	if (c->failure.status != 0 && !c->block)
		snprintf(why, sizeof why, " failed in %s: %s", states[c->failure.in].name,
			c->failure.why);
	log_line(LOG_LEVEL_INFO, "%s %s %s %d %s%s%s%s %llu/%llu bytes %lld ms%s",
		net_addr_format(peer, &c->peer, false), c->method, c->url, r->status,
		verdict_word(c), c->rule[0] ? " (" : "", c->rule, c->rule[0] ? ")" : "", up, down,
		(long long)(proxy.now - c->began), why);
}

/* --- states: entering, failing, ending -------------------------------------- */

void
conn_arm(struct conn *c, int secs)
{
	c->deadline = proxy.now + (int64_t)secs * 1000;
}

void
conn_rearm(struct conn *c)
{
	conn_arm(c, states[c->state].secs);
}

static void
conn_free(struct conn *c)
{
	struct conn *last = proxy.active[--proxy.active_count];
	/* What was promised and not delivered must not look whole; under TLS the missing close_notify says so. */
	bool cut = c->relay.answered && c->relay.down != DOWN_DONE && c->state != C_SWITCHED &&
		   c->pair.client.tls == NULL && c->relay.down_body.framing == BODY_CLOSE;

	conn_log(c);
	resolve_reset(&c->query);
	dial_reset(&c->dial);
	conn_put_chain(c);
	/* Between request and exchange the scratch has more in it than the relay knows of. */
	c->pair.scratch_used = c->state == C_REQUEST || c->state == C_EXCHANGE ? c->relay.high
									       : PAIR_SCRATCH;
	if (c->pair.buffers != NULL)
		conn_return_buffers(c, pair_strip(&c->pair));
	leg_close(&c->pair.origin, false);
	leg_close(&c->pair.client, cut);
	proxy.active[c->index] = last;
	last->index = c->index;
	if (proxy.worker == c)
		proxy.worker = NULL;
	pool_put(&proxy.conns, c, sizeof *c);
}

/* The only writer of c->state. */
static void
conn_enter(struct conn *c, enum conn_state state)
{
	if (log_wants(LOG_LEVEL_DEBUG)) {
		char peer[NET_ADDR_TEXT];

		log_line(LOG_LEVEL_DEBUG, "%s %s: %s -> %s", net_addr_format(peer, &c->peer, true),
			c->host, states[c->state].name, states[state].name);
	}
	if (state == C_FREE) {
		conn_free(c);
		return;
	}
	c->state = state;
	c->linger_until = proxy.now + LINGER_SECS * 1000;
	conn_arm(c, state == C_REQUEST && c->exchanges > 0 ? IDLE_SECS
		    : state == C_LINGER && !leg_is_drained(&c->pair.client)
			    ? states[C_EXCHANGE].secs
			    : states[state].secs);
}

void
conn_leave_origin(struct conn *c)
{
	resolve_reset(&c->query);
	dial_reset(&c->dial);
	leg_close(&c->pair.origin, false);
	conn_put_chain(c);
	c->checking = c->offered = c->resumed = false;
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
	if (second || c->relay.answered || c->state == C_CLIENT)
		return C_FREE;
	if (c->pair.client.tls != NULL || !c->greeted)
		return C_ANSWER;
	/* The CONNECT was answered: a page can only come inside TLS. */
	return c->hello_len > 0 ? C_MINT : C_FREE;
}

enum conn_state
conn_end(struct conn *c)
{
	if (!conn_lend(c))
		return C_FREE;
	pair_end(&c->pair);
	return C_LINGER;
}

enum conn_state
conn_client_left(struct conn *c)
{
	return c->relay.up == UP_HEAD && !leg_is_drained(&c->pair.client) ? conn_end(c) : C_FREE;
}

static enum conn_state
conn_expire(struct conn *c)
{
	switch (c->state) {
	case C_RESOLVE:
		return conn_fail(c, PAGE_UNREACHABLE, 504, "dns_timeout",
			"No name server answered in time for %s.", c->host);
	case C_CONNECT:
		return conn_fail(c, PAGE_UNREACHABLE, 504, "connection_timeout",
			"%s did not answer in time.", c->host);
	case C_ORIGIN:
	case C_VERIFY:
		if (c->starved)
			return conn_fail(c, PAGE_BUSY, 503, "connection_limit_reached",
				"This proxy has too much to do at the moment.");
		return conn_fail(c, PAGE_UNREACHABLE, 504, "connection_timeout",
			"%s did not finish its TLS handshake in time.", c->name);
	case C_HELLO:
	case C_CLIENT:
		return conn_fail(c, PAGE_REFUSED, 408, "",
			"The client did not finish its TLS handshake in time.");
	case C_EXCHANGE:
		if (c->relay.up == UP_BODY)
			return conn_fail(c, PAGE_REFUSED, 408, "",
				"The request's body did not come in time.");
		if (c->relay.up != UP_HEAD && c->pair.origin.fd >= 0)
			return conn_fail(c, PAGE_UNREACHABLE, 504, "http_response_timeout",
				"%s did not answer the request in time.", c->name);
		return conn_end(c);
	default: return C_FREE;
	}
}

/* --- answer, linger ------------------------------------------------------------------ */

static void
conn_write_page(struct conn *c)
{
	const struct failure *f = &c->failure;
	struct page page = {
		.kind = f->kind,
		.status = f->status,
		.host = c->name,
		.path = "",
		.reason = f->why,
		.detail = c->block ? c->rule : "",
		.error_type = f->error_type,
		.next_step = "",
		.head_only = c->relay.asked.is_head,
		.connect = c->connect && c->pair.client.tls == NULL,
	};

	c->answer_len = (uint16_t)page_write(&page, c->relay.buf);
	c->answer_sent = 0;
	c->relay.status = (uint16_t)f->status;
	if (c->relay.high < c->answer_len)
		c->relay.high = c->answer_len;
}

static enum conn_state
step_answer(struct conn *c)
{
	bool moved = true;

	if (!conn_lend(c))
		return C_ANSWER;
	if (c->answer_len == 0)
		conn_write_page(c);
	while (moved && c->answer_sent < c->answer_len) {
		size_t room, left = (size_t)(c->answer_len - c->answer_sent);
		unsigned char *space = leg_room(&c->pair.client, &room);

		if (space != NULL) {
			room = room < left ? room : left;
			memcpy(space, c->relay.buf + c->answer_sent, room);
			leg_put(&c->pair.client, room);
			c->answer_sent += (uint16_t)room;
		}
		leg_flush(&c->pair.client);
		moved = leg_pump(&c->pair.client, false, false) == LEG_MOVED;
	}
	if (leg_is_failed(&c->pair.client))
		return C_FREE;
	if (c->answer_sent < c->answer_len)
		return C_ANSWER;
	conn_log(c);
	leg_end(&c->pair.client);
	return C_LINGER;
}

static enum conn_state
step_linger(struct conn *c)
{
	uint64_t sent = c->pair.client.sent, received = c->pair.client.received;
	const unsigned char *data;
	size_t len;

	for (int rounds = 0;; rounds++) {
		while ((data = leg_peek(&c->pair.client, &len)) != NULL)
			leg_take(&c->pair.client, len);
		if (rounds == EXCHANGE_ROUNDS) {
			proxy.again = true;
			break;
		}
		if (leg_pump(&c->pair.client, true, true) != LEG_MOVED)
			break;
	}
	leg_pump(&c->pair.origin, false, false);
	if ((c->pair.client.eof && leg_is_drained(&c->pair.client)) || c->pair.client.error != 0 ||
		(c->cut && leg_is_drained(&c->pair.client)))
		return C_FREE;
	if (c->pair.client.sent > sent)
		conn_arm(c, states[leg_is_drained(&c->pair.client) ? C_LINGER : C_EXCHANGE].secs);
	else if (c->pair.client.received > received && proxy.now < c->linger_until)
		conn_arm(c, states[C_LINGER].secs);
	return C_LINGER;
}

/* --- the table -------------------------------------------------------------------------- */

static bool
want_nothing(const struct conn *c, struct wait *w)
{
	(void)c;
	(void)w;
	return true;
}

static bool
want_client(const struct conn *c, struct wait *w)
{
	return leg_want(&c->pair.client, w, true);
}

static bool
want_to_send(const struct conn *c, struct wait *w)
{
	return leg_want(&c->pair.client, w, false);
}

static bool
want_origin(const struct conn *c, struct wait *w)
{
	return leg_want(&c->pair.origin, w, true);
}

static bool
want_both(const struct conn *c, struct wait *w)
{
	return leg_want(&c->pair.client, w, true) && leg_want(&c->pair.origin, w, true);
}

static bool
want_dial(const struct conn *c, struct wait *w)
{
	dial_want(&c->dial, w);
	return true;
}

static enum conn_state
step_free(struct conn *c)
{
	(void)c;
	return C_FREE;
}

static const struct state states[C_STATES] = {
	[C_FREE] = { "free", 0, want_nothing, step_free },
	[C_REDIRECTED] = { "redirected", 10, want_client, step_redirected },
	[C_REQUEST] = { "request", 10, want_both, step_request },
	[C_HELLO] = { "hello", 10, want_client, step_hello },
	[C_RESOLVE] = { "resolve", 10, want_nothing, step_resolve },
	[C_CONNECT] = { "connect", 20, want_dial, step_connect },
	[C_ORIGIN] = { "origin", 20, want_origin, step_origin },
	[C_VERIFY] = { "verify", 20, want_nothing, step_verify },
	[C_MINT] = { "mint", 20, want_to_send, step_mint },
	[C_CLIENT] = { "client", 20, want_client, step_client },
	[C_EXCHANGE] = { "exchange", 120, want_both, step_exchange },
	[C_TUNNEL] = { "tunnel", 300, want_both, step_tunnel },
	[C_SWITCHED] = { "switched", 300, want_both, step_tunnel },
	[C_ANSWER] = { "answer", 10, want_to_send, step_answer },
	[C_LINGER] = { "linger", 2, want_client, step_linger },
};
/* --- from outside ---------------------------------------------------------- */

void
conn_open(int fd, const struct arrival *a)
{
	struct conn *c = pool_get(&proxy.conns);

	memset(c, 0, sizeof *c);
	c->peer = a->peer;
	c->index = proxy.active_count;
	proxy.active[proxy.active_count++] = c;
	pair_init(&c->pair);
	pair_open_client(&c->pair, fd);
	dial_init(&c->dial);
	resolve_init(&c->query);
	relay_start(&c->relay, NULL);
	c->logged = true;
	conn_enter(c, a->redirected ? C_REDIRECTED : C_REQUEST);
}

void
conn_want(struct conn *c, struct wait *w)
{
	if (!states[c->state].want(c, w))
		c->deadline = proxy.now; /* a descriptor past FD_SETSIZE: drop this one */
	wait_until(w, c->deadline);
}

void
conn_turn(struct conn *c)
{
	leg_ready(&c->pair.client, proxy.ready);
	leg_ready(&c->pair.origin, proxy.ready);
	if (proxy.now >= c->deadline) {
		enum conn_state next = conn_expire(c);

		conn_enter(c, next);
		if (next == C_FREE)
			return;
	}
	for (int steps = 0; steps < STEPS_MOST; steps++) {
		enum conn_state state = c->state, next = states[state].step(c);

		if (next == state)
			return;
		conn_enter(c, next);
		if (next == C_FREE)
			return;
	}
	proxy.again = true;
}

void
conn_drop(struct conn *c)
{
	conn_enter(c, C_FREE);
}

bool
conn_is_idle(const struct conn *c)
{
	return (c->state == C_REQUEST || c->state == C_EXCHANGE) && c->exchanges > 0 &&
	       c->pair.buffers == NULL && c->relay.up == UP_HEAD;
}

void
conn_judge_tunnel(struct conn *c)
{
	struct policy_client client = conn_client(c);
	struct verdict v;

	if (c->state != C_TUNNEL && c->state != C_SWITCHED)
		return;
	policy_judge_host(proxy.policy, &client, c->host, &v);
	if (!v.block)
		policy_judge_host(proxy.policy, &client, c->name, &v);
	if (!v.block)
		return;
	conn_take_verdict(c, &v);
	conn_enter(c, C_FREE);
}
