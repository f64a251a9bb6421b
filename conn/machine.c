/*
 * machine: runs all connections.  See machine.h.
 *
 * The table `states` says for each state how long it may take, what it waits for, and which function goes on; only
 * enter writes the state.
 */
#include "conn/machine.h"

#include <string.h>
#include <unistd.h>
#include "conn/steps.h"
#include "lib/base/log.h"
#include "lib/tls/leg.h"

enum {
	LINGER_MOST_SECS = 30, /* for an upload that was refused and still comes */
	STEPS_MOST = 16,       /* states passed in one turn: more than there are */
	STARVED_MS = 250,      /* how often one that lacks something looks again */
	REFUSED_LOG = 100      /* of so many that are turned away or give way one is logged */
};

_Static_assert(offsetof(struct conn, share) == 0, "fair.c hands out shares, which are connections");

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
	dial_want(&c->origin.dial, w);
	return true;
}

static enum conn_state
step_free(struct conn *c)
{
	(void)c;
	return C_FREE;
}

static const struct {
	int secs;                                         /* time allowed; 0: see time_allowed */
	bool (*want)(const struct conn *, struct wait *); /* false: can't be waited for */
	enum conn_state (*step)(struct conn *);           /* work; returns the next state */
} states[C_STATES] = {
	[C_FREE] = { 0, want_nothing, step_free },
	[C_REDIRECTED] = { 10, want_client, step_redirected },
	[C_REQUEST] = { 10, want_both, step_request },
	[C_HELLO] = { 10, want_client, step_hello },
	[C_RESOLVE] = { 10, want_nothing, step_resolve },
	[C_CONNECT] = { 20, want_dial, step_connect },
	[C_ORIGIN] = { 20, want_origin, step_origin },
	[C_VERIFY] = { 20, want_nothing, step_verify },
	[C_MINT] = { 20, want_to_send, step_mint },
	[C_CLIENT] = { 20, want_client, step_client },
	[C_EXCHANGE] = { 0, want_both, step_exchange },
	[C_TUNNEL] = { 0, want_both, step_tunnel },
	[C_SWITCHED] = { 0, want_both, step_tunnel },
	[C_ANSWER] = { 10, want_to_send, step_answer },
	[C_LINGER] = { 2, want_client, step_linger },
};

static int
time_allowed(const struct conn *c, enum conn_state state)
{
	const struct config *config = &c->proxy->config;

	switch (state) {
	case C_EXCHANGE: return (int)config->answer_timeout;
	case C_TUNNEL:
	case C_SWITCHED: return (int)config->tunnel_timeout;
	case C_REQUEST: return c->exchanges > 0 ? IDLE_SECS : states[state].secs;
	default: return states[state].secs;
	}
}

/* --- entering and leaving --------------------------------------------------------------- */

static void
release(struct conn *c)
{
	struct proxy *p = c->proxy;
	/* An answer that was cut short must not look whole; under TLS the missing close_notify says so. */
	bool cut = c->relay.answered && c->relay.down != DOWN_DONE && c->state != C_SWITCHED &&
		   c->pair.client.tls == NULL && c->relay.down_body.framing == BODY_CLOSE;
	/* Between request and exchange the scratch has more in it than the relay knows of. */
	bool known = c->state == C_REQUEST || c->state == C_EXCHANGE;

	record_end(c);
	conn_leave_origin(c);
	conn_strip(c, known ? c->relay.high : PAIR_SCRATCH);
	leg_close(&c->pair.client, cut);
	fair_leave(&p->fair, &c->share);
	pool_put(&p->conns, c, sizeof *c);
}

/* The only writer of c->state. */
static void
enter(struct conn *c, enum conn_state state)
{
	char peer[NET_ADDR_TEXT];

	if (log_wants(LOG_LEVEL_DEBUG))
		log_line(LOG_LEVEL_DEBUG, "%s %s: %s -> %s", net_addr_format(peer, &c->peer, true),
			c->door.host, conn_state_name(c->state), conn_state_name(state));
	if (state == C_FREE) {
		release(c);
		return;
	}
	c->state = state;
	c->head_timed = false; /* what was begun before led here */
	c->secs = time_allowed(c, state);
	c->answer.linger_until = c->proxy->now + LINGER_MOST_SECS * 1000;
	conn_rearm(c);
	if (state == C_LINGER && !leg_is_drained(&c->pair.client))
		conn_arm(c, IDLE_SECS);
}

/* --- time is up ------------------------------------------------------------------------- */

static enum conn_state
expire_exchange(struct conn *c)
{
	if (c->relay.up == UP_BODY)
		return conn_fail(
			c, PAGE_REFUSED, 408, "", "The request's body did not come in time.");
	if (c->relay.up == UP_HEAD || c->pair.origin.fd < 0)
		return conn_end(c);
	return conn_fail(c, PAGE_SLOW, 504, "http_response_timeout",
		"%s did not answer the request in %d seconds.", c->door.name, c->secs);
}

static enum conn_state
expire_tunnel(struct conn *c)
{
	if (c->state == C_TUNNEL && !c->pair.shared && c->head_timed)
		return conn_fail(c, PAGE_REFUSED, 408, "",
			"The client did not finish its ClientHello in time.");
	(void)conn_fail(c, PAGE_REFUSED, 0, "", "no byte came for %d seconds", c->secs);
	return C_FREE;
}

/* Asked for something all the time, and did not get it. */
static enum conn_state
expire_starved(struct conn *c)
{
	enum conn_state next;

	record_begin_unread(c);
	next = conn_fail(c, PAGE_BUSY, 503, "connection_limit_reached",
		"This proxy has too much to do at the moment.");
	if (c->pair.buffers != NULL)
		return next;
	answer_busy_bare(c);
	return C_FREE;
}

static enum conn_state
expire(struct conn *c)
{
	size_t len;

	if (c->share.lack != FAIR_NOTHING)
		return expire_starved(c);
	switch (c->state) {
	case C_RESOLVE:
		return conn_fail(c, PAGE_UNREACHABLE, 504, "dns_timeout",
			"No name server answered in time for %s.", c->door.host);
	case C_CONNECT:
		return conn_fail(c, PAGE_UNREACHABLE, 504, "connection_timeout",
			"%s did not answer in time.", c->door.host);
	case C_ORIGIN:
	case C_VERIFY:
		return conn_fail(c, PAGE_UNREACHABLE, 504, "connection_timeout",
			"%s did not finish its TLS handshake in time.", c->door.name);
	case C_HELLO:
		if (leg_peek(&c->pair.client, &len) == NULL)
			return inspect_silence(c);
		/* fall through */
	case C_MINT:
	case C_CLIENT:
		/* No page: who has not taken our greeting takes none. */
		(void)conn_fail(c, PAGE_REFUSED, 408, "",
			"The client did not finish its TLS handshake in time.");
		return C_FREE;
	case C_EXCHANGE: return expire_exchange(c);
	case C_TUNNEL:
	case C_SWITCHED: return expire_tunnel(c);
	default: return C_FREE;
	}
}

/* --- giving way --------------------------------------------------------------------------- */

/* Between two requests, and none has come that only waits for buffers: nobody loses anything but time if it is ended. */
static bool
is_idle(const struct conn *c)
{
	return (c->state == C_REQUEST || c->state == C_EXCHANGE) && c->exchanges > 0 &&
	       c->pair.buffers == NULL && c->relay.up == UP_HEAD && !c->pair.client.readable;
}

/* It was chosen to make room for another client. */
static enum conn_state
give_way(struct conn *c)
{
	enum conn_state next;

	if (is_idle(c) || (c->state == C_LINGER && leg_is_drained(&c->pair.client)))
		return C_FREE;
	record_begin_unread(c);
	next = conn_fail(c, PAGE_BUSY, 503, "connection_limit_reached",
		"This proxy is short of %s, and the client holds most of them.",
		c->share.gives == FAIR_SLOT      ? "connections"
		: c->share.gives == FAIR_BUFFERS ? "buffers"
						 : "places for handshakes");
	if (c->proxy->gave_way++ % REFUSED_LOG == 0)
		log_line(LOG_LEVEL_WARN, "%s: ended: %s (%llu so far)", c->door.name,
			c->failure.why, (unsigned long long)c->proxy->gave_way);
	if (c->share.gives == FAIR_CHAIN) {
		fair_stay(&c->proxy->fair, &c->share);
		return next;
	}
	answer_busy_bare(c);
	return C_FREE;
}

/* --- a turn --------------------------------------------------------------------------------- */

/* False: the connection is gone. */
static bool
enter_and_live(struct conn *c, enum conn_state next)
{
	enter(c, next);
	return next != C_FREE;
}

static void
turn(struct conn *c)
{
	struct proxy *p = c->proxy;

	leg_ready(&c->pair.client, p->ready);
	leg_ready(&c->pair.origin, p->ready);
	if (c->share.gives != FAIR_NOTHING && !enter_and_live(c, give_way(c)))
		return;
	if (p->now >= c->deadline && !enter_and_live(c, expire(c)))
		return;
	for (int steps = 0; steps < STEPS_MOST; steps++) {
		enum conn_state state = c->state, next = states[state].step(c);

		if (next == state) {
			c->share.idle = is_idle(c);
			return;
		}
		if (!enter_and_live(c, next))
			return;
	}
	conn_again(c);
}

void
machine_turn(struct proxy *p)
{
	struct fair_share *s;

	fair_begin_turn(&p->fair);
	while ((s = fair_next(&p->fair)) != NULL)
		turn((struct conn *)s);
}

void
machine_want(struct proxy *p, struct wait *w)
{
	for (struct fair_share *s = p->fair.first; s != NULL; s = s->next) {
		struct conn *c = (struct conn *)s;

		if (!states[c->state].want(c, w))
			c->deadline = p->now; /* a descriptor past FD_SETSIZE: drop this one */
		wait_until(w, c->deadline);
		if (s->lack != FAIR_NOTHING)
			wait_until(w, p->now + STARVED_MS);
	}
	if (p->fair.again)
		wait_until(w, p->now);
}

/* --- coming and going ------------------------------------------------------------------------- */

/* Of the connections that were let in only to hear that there is no room, the one that has waited longest goes. */
static void
make_room(struct proxy *p)
{
	struct conn *oldest = NULL;

	for (struct fair_share *s = p->fair.first; s != NULL; s = s->next) {
		struct conn *c = (struct conn *)s;

		if (!fair_is_welcome(&c->share) &&
			(oldest == NULL || c->deadline < oldest->deadline))
			oldest = c;
	}
	if (oldest != NULL)
		enter(oldest, C_FREE);
}

static void
say_turned_away(struct proxy *p, const struct net_addr *peer, const char *why)
{
	char text[NET_ADDR_TEXT];

	if (p->refused++ % REFUSED_LOG == 0)
		log_line(LOG_LEVEL_WARN, "%s turned away: %s (%llu so far)",
			net_addr_format(text, peer, false), why, (unsigned long long)p->refused);
}

/* Where the configuration does not say it, the firewall has decided whom to redirect; a public IPv6 address is usual
 * there.  A client that connects to that socket by itself is served nothing. */
static bool
client_is_allowed(const struct proxy *p, bool redirected, const struct net_addr *peer)
{
	return (redirected && p->config.client_count == 0) ||
	       config_allows_client(&p->config, peer);
}

static void
start(struct proxy *p, struct conn *c, int fd, const struct arrival *a)
{
	memset((char *)c + sizeof c->share, 0, sizeof *c - sizeof c->share);
	c->proxy = p;
	c->peer = a->peer;
	pair_init(&c->pair);
	pair_open_client(&c->pair, fd);
	dial_init(&c->origin.dial);
	resolve_init(&c->origin.query);
	relay_start(&c->relay, NULL);
}

void
machine_open(struct proxy *p, int fd, const struct arrival *a)
{
	struct conn *c;
	bool welcome;

	if (!client_is_allowed(p, a->redirected, &a->peer) || !wait_fits(fd)) {
		say_turned_away(p, &a->peer,
			wait_fits(fd) ? "not in `list client`"
				      : "no descriptor that select can wait for");
		close(fd);
		return;
	}
	if (!fair_has_room(&p->fair))
		make_room(p);
	c = pool_get(&p->conns);
	welcome = fair_arrive(&p->fair, &c->share, &a->peer, p->now);
	start(p, c, fd, a);
	if (!welcome)
		say_turned_away(p, &a->peer, "all connections are in use, most of them by it");
	enter(c, a->redirected ? C_REDIRECTED : C_REQUEST);
}

static bool
is_redirected(const struct conn *c)
{
	return c->state == C_REDIRECTED || c->door.way == WAY_REDIRECTED;
}

/* A tunnel, one whose origin is being reached, or what a 101 made of a connection: no further request comes. */
static bool
is_judged_once(const struct conn *c)
{
	return c->state == C_TUNNEL || c->state == C_SWITCHED ||
	       ((c->state == C_RESOLVE || c->state == C_CONNECT) &&
		       c->origin.purpose == FOR_TUNNEL);
}

void
machine_judge_again(struct proxy *p)
{
	struct fair_share *next;

	for (struct fair_share *s = p->fair.first; s != NULL; s = next) {
		struct conn *c = (struct conn *)s;
		struct door_house house = conn_house(c);

		next = s->next;
		if (!client_is_allowed(p, is_redirected(c), &c->peer))
			enter(c, C_FREE);
		else if (is_judged_once(c) && !door_holds(&c->door, &house, &c->origin.dial.peer))
			enter(c, conn_refuse(c, c->door.refused));
	}
}

void
machine_drop_all(struct proxy *p)
{
	while (p->fair.first != NULL)
		enter((struct conn *)p->fair.first, C_FREE);
}

int
machine_init(struct proxy *p, size_t connections, size_t buffers, size_t chains)
{
	if (pool_init(&p->conns, sizeof(struct conn), connections + MACHINE_RESERVE) != 0 ||
		pool_init(&p->buffers, sizeof(struct pair_buffers), buffers) != 0)
		return -1;
	return fair_init(&p->fair, connections, MACHINE_RESERVE, buffers, chains);
}

void
machine_free(struct proxy *p)
{
	pool_free(&p->conns);
	pool_free(&p->buffers);
	fair_free(&p->fair);
}
