/*
 * conn: the connection, a state machine.  See conn.h.
 *
 * The table `states` says for each state what it waits for, how long, and which function goes on; only
 * conn_enter writes the state.  The order of events for an inspected host is: request (CONNECT), hello, resolve,
 * connect, origin, verify, mint, client, exchange.  Nothing of a request goes to an origin before verify has
 * said yes.
 */
#include "conn.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/hello.h"
#include "lib/leg.h"
#include "lib/log.h"
#include "lib/seed.h"
#include "lib/tls.h"

enum {
	IDLE_SECS = 120,  /* between two requests: browsers keep connections for a minute or two */
	LINGER_SECS = 30, /* for an upload that was refused and still comes */
	HEAD_SECS = 20,   /* from the first byte of a later request's head to its last */
	HANDSHAKE_ROUNDS =
		64, /* pieces of a handshake in one turn: more than an honest flight has */
	EXCHANGE_ROUNDS = 16, /* pieces (of up to 16 KiB) a connection moves in one turn */
	STEPS_MOST = 16       /* states passed in one turn: more than there are */
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

/* Lends the connection buffers if it has none.  False: there are none to be had now. */
static bool
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

static void
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
static void
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

/* May this connection do a public-key operation now?  One a turn; who may not now is asked again. */
static bool
may_work(struct conn *c)
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
	if (c->state == C_TUNNEL || (c->connect && !c->inspect))
		return "tunnelled";
	return c->connect ? "inspected" : "plain";
}

/* One line a request or tunnel, at its end. */
static void
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

static void
conn_arm(struct conn *c, int secs)
{
	c->deadline = proxy.now + (int64_t)secs * 1000;
}

static void
conn_free(struct conn *c)
{
	struct conn *last = proxy.active[--proxy.active_count];
	/* What was promised and not delivered must not look whole; under TLS the missing close_notify says so. */
	bool cut = c->relay.answered && c->relay.down != DOWN_DONE && c->state != C_SWITCHED &&
		   c->pair.client.tls == NULL && c->relay.down_body.framing == HTTP_CLOSE;

	conn_log(c);
	resolve_reset(&c->query);
	dial_reset(&c->dial);
	conn_put_chain(c);
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

/* Lets go of the origin and of what was under way towards it. */
static void
conn_leave_origin(struct conn *c)
{
	resolve_reset(&c->query);
	dial_reset(&c->dial);
	leg_close(&c->pair.origin, false);
	conn_put_chain(c);
	c->checking = c->offered = c->resumed = false;
}

/*
 * Something went wrong that the user should hear of: notes it (the first one counts) and says which state
 * leads to the page, if any can still be shown.
 */
static enum conn_state __attribute__((format(printf, 5, 6))) conn_fail(struct conn *c,
	enum page_kind kind, int status, const char *error_type, const char *format, ...)
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

/* Ends both sides properly; what follows is C_LINGER. */
static enum conn_state
conn_end(struct conn *c)
{
	if (!conn_lend(c))
		return C_FREE;
	pair_end(&c->pair);
	return C_LINGER;
}

/* The client will ask for nothing more; what it was answered may still be on its way. */
static enum conn_state
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

/* --- judging ---------------------------------------------------------------- */

static void
conn_take_verdict(struct conn *c, const struct verdict *v)
{
	char text[POLICY_TEXT];

	c->block = v->block;
	c->inspect = v->inspect;
	c->rule[0] = '\0';
	if (v->decided)
		snprintf(c->rule, sizeof c->rule, "%s", policy_verdict_text(v, text));
}

static struct policy_client
conn_client(const struct conn *c)
{
	return (struct policy_client){ .addr = c->peer, .now = proxy.wall };
}

static enum conn_state
conn_blocked(struct conn *c)
{
	return conn_fail(
		c, PAGE_BLOCKED, 403, "http_request_denied", "%s is blocked here.", c->name);
}

static bool
port_is_allowed(uint16_t port, const uint16_t *ports, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ports[i] == port)
			return true;
	return false;
}

/* Notes what a request is called in the log; a new line begins. */
static void
conn_begin(struct conn *c, const struct http_head *head, const char *scheme)
{
	char authority[HTTP_HOST_MAX + 16];
	const char *data = c->relay.buf;
	size_t len = head->path.len;
	const char *query = memchr(data + head->path.off, '?', len);

	if (query != NULL && !proxy.config.log_query)
		len = (size_t)(query - (data + head->path.off));
	if (c->failure.status == 0) /* else it is the one that has waited for its page all along */
		c->began = proxy.now;
	c->logged = false;
	c->answer_len = c->answer_sent = 0;
	snprintf(c->method, sizeof c->method, "%.*s", (int)head->method.len,
		data + head->method.off);
	snprintf(authority, sizeof authority, strchr(c->name, ':') ? "[%s]" : "%s", c->name);
	if (c->port != (c->connect ? 443 : 80) || head->asked.is_connect)
		snprintf(authority + strlen(authority), 8, ":%u", c->port);
	if ((size_t)snprintf(c->url, sizeof c->url, "%s%s%.*s", scheme, authority, (int)len,
		    data + head->path.off) >= sizeof c->url)
		memcpy(c->url + sizeof c->url - 4, "...", 4);
}

static void
conn_take_target(struct conn *c, const struct http_target *t, uint16_t port)
{
	snprintf(c->host, sizeof c->host, "%s", t->host);
	snprintf(c->name, sizeof c->name, "%s", t->host);
	c->is_ip = t->is_ip;
	c->port = t->port != 0 ? t->port : port;
}

/* --- request: a head in clear ------------------------------------------------ */

static enum conn_state conn_seek(struct conn *c, enum purpose purpose);

static enum conn_state
conn_greet(struct conn *c)
{
	static const char greeting[] = "HTTP/1.1 200 Connection established\r\n\r\n";
	size_t room;
	unsigned char *space = leg_room(&c->pair.client, &room);

	if (space == NULL || room < sizeof greeting - 1)
		return C_FREE; /* can't be: nothing else was put */
	memcpy(space, greeting, sizeof greeting - 1);
	leg_put(&c->pair.client, sizeof greeting - 1);
	c->greeted = true;
	c->relay.status = 200;
	return C_HELLO;
}

static enum conn_state
conn_take_connect(struct conn *c, const struct http_head *head)
{
	struct policy_client client = conn_client(c);
	struct verdict v;

	conn_leave_origin(c);
	c->connect = true;
	conn_take_target(c, &head->target, 443);
	conn_begin(c, head, "");
	relay_next(&c->relay);
	if (head->framing != HTTP_NONE)
		return conn_fail(c, PAGE_REFUSED, 400, "http_request_error",
			"A CONNECT request must not have a body.");
	if (!port_is_allowed(c->port, proxy.config.connect_ports, proxy.config.connect_port_count))
		return conn_fail(c, PAGE_REFUSED, 403, "http_request_denied",
			"This proxy makes no connections to port %u.", c->port);
	policy_judge_host(proxy.policy, &client, c->host, &v);
	conn_take_verdict(c, &v);
	/* Who never asked for inspection has no reason to trust our CA. */
	if (c->block && !proxy.config.inspect)
		return conn_blocked(c);
	if (!c->block && !c->inspect && !c->is_ip)
		return conn_seek(c, FOR_TUNNEL);
	if (!cert_clock_is_trusted(proxy.cert, proxy.wall))
		return conn_fail(c, PAGE_BUSY, 503, "proxy_configuration_error",
			"This router's clock is not set yet, so no certificate can be judged. "
			"It will be in a moment.");
	return conn_greet(c);
}

static bool
conn_may_reuse(struct conn *c, const struct http_target *t, uint16_t port)
{
	return c->pair.origin.fd >= 0 && c->port == (t->port != 0 ? t->port : port) &&
	       strcmp(c->host, t->host) == 0 && !leg_is_failed(&c->pair.origin) &&
	       !leg_is_ended(&c->pair.origin);
}

static enum conn_state
conn_take_plain(struct conn *c, struct http_head *head)
{
	struct policy_client client = conn_client(c);
	bool reuse = head->form == HTTP_ABSOLUTE && conn_may_reuse(c, &head->target, 80);
	struct verdict v;

	if (!reuse)
		conn_leave_origin(c);
	conn_take_target(c, head->form == HTTP_ABSOLUTE ? &head->target : &head->host, 80);
	conn_begin(c, head, "http://");
	if (head->form != HTTP_ABSOLUTE)
		return conn_fail(c, PAGE_REFUSED, 400, "http_request_error",
			"This is a proxy: it is to be asked for a whole URL, http://host/path.");
	if (head->is_https)
		return conn_fail(c, PAGE_REFUSED, 400, "http_request_error",
			"An https URL is to be reached by CONNECT.");
	if (!port_is_allowed(c->port, proxy.config.http_ports, proxy.config.http_port_count))
		return conn_fail(c, PAGE_REFUSED, 403, "http_request_denied",
			"This proxy sends no plain HTTP to port %u.", c->port);
	if (head->last_hop)
		return conn_fail(c, PAGE_REFUSED, 405, "http_request_denied",
			"This proxy does not answer OPTIONS or TRACE itself.");
	policy_judge_url(
		proxy.policy, &client, c->host, c->relay.buf + head->path.off, head->path.len, &v);
	conn_take_verdict(c, &v);
	if (c->block)
		return conn_blocked(c);
	if (!relay_forward(&c->relay, head))
		return conn_fail(c, PAGE_REFUSED, 431, "http_request_error",
			"The request's header is too large.");
	return reuse ? C_EXCHANGE : conn_seek(c, FOR_REQUEST);
}

static enum conn_state
conn_bad_request(struct conn *c)
{
	if (c->logged || c->method[0] == '\0') {
		c->began = proxy.now;
		c->logged = false;
		snprintf(c->method, sizeof c->method, "?");
		snprintf(c->url, sizeof c->url, "%.*s", URL_TEXT - 1, c->name);
	}
	return conn_fail(
		c, PAGE_REFUSED, c->relay.error_status, "http_request_error", "%s", c->relay.error);
}

static enum conn_state
step_request(struct conn *c)
{
	enum relay_event event;
	size_t have;
	bool moved;

	if (!pair_has_news(&c->pair))
		return proxy.stop_at != 0 ? C_FREE : C_REQUEST;
	if (!conn_lend(c))
		return C_REQUEST;
	do {
		moved = leg_pump(&c->pair.client, true, true) == LEG_MOVED;
		moved |= leg_pump(&c->pair.origin, true, true) == LEG_MOVED;
		have = c->relay.have;
		event = relay_step(&c->relay, &c->pair.client, &c->pair.origin, &proxy.head);
		moved |= c->relay.have > have; /* room to read on */
		if (event == RELAY_ORIGIN_LEFT)
			conn_leave_origin(c);
	} while (event == RELAY_ORIGIN_LEFT || (event == RELAY_WAIT && moved));
	switch (event) {
	case RELAY_REQUEST:
		return proxy.head.asked.is_connect ? conn_take_connect(c, &proxy.head)
						   : conn_take_plain(c, &proxy.head);
	case RELAY_WAIT: break;
	case RELAY_BAD_REQUEST: return conn_bad_request(c);
	case RELAY_CLIENT_LEFT: return conn_client_left(c);
	default: return C_FREE;
	}
	if (c->exchanges > 0 && c->relay.have > 0 && !c->head_timed) {
		c->head_timed = true;
		conn_arm(c, HEAD_SECS);
	}
	conn_park(c);
	return C_REQUEST;
}

/* --- hello: who does the client think it talks to? -------------------------- */

/* A fatal alert in clear, for a client whose hello can't be answered (RFC 5246 section 7.2). */
static enum conn_state
conn_alert(struct conn *c, unsigned char alert)
{
	const unsigned char record[] = { 21, 3, 3, 0, 2, 2, alert };
	size_t room;
	unsigned char *space = leg_room(&c->pair.client, &room);

	if (space != NULL && room >= sizeof record) {
		memcpy(space, record, sizeof record);
		leg_put(&c->pair.client, sizeof record);
	}
	leg_end(&c->pair.client);
	return C_LINGER;
}

enum { ALERT_HANDSHAKE_FAILURE = 40, ALERT_DECODE_ERROR = 50, ALERT_UNRECOGNIZED_NAME = 112 };

static enum conn_state
conn_refuse_hello(struct conn *c, unsigned char alert, const char *why)
{
	(void)conn_fail(c, PAGE_TLS, 400, "tls_protocol_error", "%s", why);
	return conn_alert(c, alert);
}

static enum conn_state
conn_take_hello(struct conn *c, const struct hello *h)
{
	struct policy_client client = conn_client(c);
	struct verdict by_address, by_name;

	if (h->sni[0] != '\0' && !c->is_ip && strcmp(h->sni, c->host) != 0)
		return conn_refuse_hello(c, ALERT_UNRECOGNIZED_NAME,
			"The name in the TLS handshake is not the one in the CONNECT request.");
	if (h->sni[0] != '\0' && c->is_ip) {
		/* A name that only the client asserts can make things stricter, never looser. */
		snprintf(c->name, sizeof c->name, "%s", h->sni);
		policy_judge_host(proxy.policy, &client, c->host, &by_address);
		policy_judge_host(proxy.policy, &client, c->name, &by_name);
		conn_take_verdict(c, policy_stricter(&by_address, &by_name));
	}
	if (!c->block && !c->inspect)
		return conn_seek(c, FOR_TUNNEL);
	if (!hello_is_speakable(h) || (h->has_alpn && !h->alpn_http11)) {
		if (!c->block && proxy.config.uninspectable == CONFIG_UNINSPECTABLE_TUNNEL)
			return conn_seek(c, FOR_TUNNEL);
		return conn_refuse_hello(c, ALERT_HANDSHAKE_FAILURE,
			"The client speaks no TLS 1.2 with ECDSA, or no HTTP/1.1.");
	}
	return c->block ? conn_blocked(c) : conn_seek(c, FOR_INSPECTION);
}

static enum conn_state
step_hello(struct conn *c)
{
	struct hello hello;
	const unsigned char *wire;
	size_t len;
	int n;

	while (leg_pump(&c->pair.client, true, true) == LEG_MOVED)
		continue;
	if (c->pair.client.eof ||
		leg_is_failed(&c->pair.client)) /* nobody is left to shake hands with */
		return conn_fail(
			c, PAGE_REFUSED, 400, "", "The client left before its TLS handshake.");
	wire = leg_peek(&c->pair.client, &len);
	if (wire == NULL)
		return C_HELLO;
	n = hello_parse(&hello, wire, len);
	c->heard = n != 0;
	if (n > 0 && len <= HELLO_WIRE_MAX) {
		/* All that came is replayed: some clients send more behind the hello. */
		c->hello_len = (uint16_t)len;
		return conn_take_hello(c, &hello);
	}
	if (n == 0 && len < HELLO_WIRE_MAX)
		return C_HELLO;
	if (n < 0 && hello.error == HELLO_NOT_TLS && !c->block && !c->inspect)
		return conn_seek(c, FOR_TUNNEL);
	return conn_refuse_hello(
		c, ALERT_DECODE_ERROR, hello_error_text(n < 0 ? hello.error : HELLO_TOO_LARGE));
}

/* --- resolve, connect --------------------------------------------------------- */

/* A client that makes the proxy call itself makes a loop that feeds on itself. */
static bool
address_is_a_loop(const struct net_addr *a)
{
	return listen_has_port(&proxy.listeners, a->port) && net_is_own(a);
}

/* Addresses that clients must not reach through us; "" when this one is fine. */
static const char *
address_is_refused(const struct net_addr *a)
{
	if (proxy.config.private_upstream)
		return "";
	if (net_is_private(a))
		return "it is a private address";
	if (net_is_own(a))
		return "it is an address of this router";
	if (net_is_on_link(a))
		return "it is on this router's own network";
	return "";
}

static enum conn_state
conn_dial(struct conn *c, const struct net_addr *addrs, size_t count)
{
	struct net_addr allowed[RESOLVE_ADDRS];
	const char *refused = "";
	size_t n = 0;

	for (size_t i = 0; i < count && i < RESOLVE_ADDRS; i++) {
		const char *why = address_is_refused(&addrs[i]);

		if (address_is_a_loop(&addrs[i]))
			return conn_fail(c, PAGE_REFUSED, 502, "proxy_loop_detected",
				"The address of %s is this proxy itself.", c->host);
		if (*why == '\0')
			allowed[n++] = addrs[i];
		else
			refused = why;
	}
	if (n == 0)
		return conn_fail(c, PAGE_REFUSED, 403, "destination_ip_prohibited",
			"The address of %s is not to be reached through this proxy: %s.", c->host,
			refused);
	dial_start(&c->dial, allowed, n, proxy.now);
	return C_CONNECT;
}

/* Sets out for the origin. */
static enum conn_state
conn_seek(struct conn *c, enum purpose purpose)
{
	struct net_addr addr;

	c->purpose = purpose;
	if (c->is_ip) {
		if (net_addr_parse(&addr, c->host, strlen(c->host)) != 0)
			return conn_fail(c, PAGE_REFUSED, 400, "http_request_error",
				"%s is no address.", c->host);
		addr.port = c->port;
		return conn_dial(c, &addr, 1);
	}
	resolve_start(proxy.resolver, &c->query, c->host, c->port, proxy.now);
	return C_RESOLVE;
}

static enum conn_state
step_resolve(struct conn *c)
{
	int n = resolve_step(&c->query);

	if (n == 0)
		return C_RESOLVE;
	if (n < 0) {
		bool late = c->query.error == RESOLVE_TIMEOUT;

		return conn_fail(c, PAGE_UNREACHABLE, late ? 504 : 502,
			late ? "dns_timeout" : "dns_error", "The name %s has no address: %s.",
			c->host, resolve_error_text(c->query.error));
	}
	return conn_dial(c, c->query.addrs, c->query.count);
}

static enum conn_state
conn_connected(struct conn *c)
{
	resolve_reset(&c->query);
	pair_open_origin(&c->pair, dial_take(&c->dial));
	c->reused = false;
	switch (c->purpose) {
	case FOR_TUNNEL: return C_TUNNEL;
	case FOR_INSPECTION: return C_ORIGIN;
	case FOR_REQUEST: break;
	}
	return C_EXCHANGE;
}

static enum conn_state
step_connect(struct conn *c)
{
	int n = dial_step(&c->dial, proxy.ready, proxy.now);

	if (n == 0)
		return C_CONNECT;
	if (n < 0) {
		bool late = c->dial.error == ETIMEDOUT;

		return conn_fail(c, PAGE_UNREACHABLE, late ? 504 : 502,
			late ? "connection_timeout"
			     : (c->dial.error == ECONNREFUSED ? "connection_refused"
							      : "destination_ip_unroutable"),
			"%s could not be reached: %s.", c->host, strerror(c->dial.error));
	}
	return conn_connected(c);
}

/* --- origin: its handshake ---------------------------------------------------- */

/* A connection that can't or shall not be inspected becomes a tunnel: a fresh one, since the origin's first
 * connection has our own handshake on it.  The client's hello still waits in client_in. */
static enum conn_state
conn_tunnel_instead(struct conn *c)
{
	struct net_addr addr = c->dial.peer;

	conn_leave_origin(c);
	c->inspect = false;
	c->purpose = FOR_TUNNEL;
	return conn_dial(c, &addr, 1);
}

static enum conn_state
conn_origin_failed(struct conn *c)
{
	int error = tls_error(&c->pair.origin_tls);
	bool spoken = c->pair.origin.received > 0;

	if (tls_error_is_uninspectable(error) &&
		proxy.config.uninspectable == CONFIG_UNINSPECTABLE_TUNNEL)
		return conn_tunnel_instead(c);
	if (error == 0)
		return conn_fail(c, PAGE_UNREACHABLE, 502, "connection_terminated",
			"%s ended the connection %s.", c->name,
			spoken ? "during the TLS handshake" : "without a word");
	return conn_fail(c, PAGE_TLS, 502,
		error > BR_ERR_RECV_FATAL_ALERT && error < BR_ERR_SEND_FATAL_ALERT
			? "tls_alert_received"
			: "tls_protocol_error",
		"There is no secure connection with %s: %s.", c->name,
		leg_failure_text(&c->pair.origin));
}

/* In the scratch, while they are of use: the hello to be replayed, and the leaf to be shown. */
static unsigned char *
conn_hello(struct conn *c)
{
	return c->pair.buffers->scratch;
}

static unsigned char *
conn_leaf(struct conn *c)
{
	return c->pair.buffers->scratch + HELLO_WIRE_MAX;
}

static const unsigned char *
make_seed(unsigned char seed[TLS_SEED])
{
	/* Without a generator there is no TLS at all, and no later state of this kernel is better. */
	if (seed_read(seed, TLS_SEED) != 0)
		abort();
	return seed;
}

/* What must be the same for a session with an origin to be good again. */
static void
conn_make_origin_key(struct conn *c)
{
	const uint32_t same[] = { c->port, cert_generation(proxy.cert),
		policy_generation(proxy.policy) };
	br_sha256_context hash;

	br_sha256_init(&hash);
	br_sha256_update(&hash, c->host, strlen(c->host) + 1);
	br_sha256_update(&hash, c->name, strlen(c->name) + 1);
	br_sha256_update(&hash, same, sizeof same);
	br_sha256_out(&hash, c->origin_key);
}

/* A resumed session shows no certificate, so the leaf for the client must be at hand already. */
static void
conn_offer_session(struct conn *c, const char *sni)
{
	const struct origin_session *s;

	conn_make_origin_key(c);
	s = origins_find(cert_origins(proxy.cert), c->origin_key, proxy.wall);
	if (s == NULL)
		return;
	c->leaf_len = (uint16_t)cert_leaf_again(
		proxy.cert, s->leaf, proxy.wall, conn_leaf(c), CERT_LEAF_MAX);
	if (c->leaf_len == 0)
		return;
	tls_resume(&c->pair.origin_tls, sni, &s->params);
	c->offered = true;
}

/* Only a session whose chain was found good just now is worth another time. */
static void
conn_save_session(struct conn *c)
{
	br_ssl_session_parameters params;
	unsigned char hash[ORIGINS_HASH];
	size_t len;
	const unsigned char *leaf = chain_leaf(c->chain, &len);
	br_sha256_context ctx;

	br_sha256_init(&ctx);
	br_sha256_update(&ctx, leaf, len);
	br_sha256_out(&ctx, hash);
	tls_session(&c->pair.origin_tls, &params);
	origins_save(cert_origins(proxy.cert), c->origin_key, &params, hash, proxy.wall,
		chain_check_until(c->chain));
	pool_wipe(&params, sizeof params);
}

/* The origin did not like the session that was offered: once more, without. */
static enum conn_state
conn_try_afresh(struct conn *c)
{
	struct net_addr addr = c->dial.peer;

	origins_drop(cert_origins(proxy.cert), c->origin_key);
	c->fresh = true;
	conn_leave_origin(c);
	return conn_dial(c, &addr, 1);
}

/* One client's origins, stalling on purpose, must leave chains for the others'. */
static bool
chains_are_fair(const struct conn *c)
{
	size_t same = 0;

	for (size_t i = 0; i < proxy.active_count; i++)
		if (proxy.active[i]->chain != NULL &&
			net_addr_same(&proxy.active[i]->peer, &c->peer))
			same++;
	return same < proxy.chains - (proxy.chains + 3) / 4;
}

static void
conn_start_origin(struct conn *c)
{
	unsigned char seed[TLS_SEED];
	bool named = strcmp(c->name, c->host) != 0 || !c->is_ip;

	pair_secure_origin(&c->pair, named ? c->name : NULL, NULL, make_seed(seed));
	pool_wipe(seed, sizeof seed);
	if (!c->fresh)
		conn_offer_session(c, named ? c->name : NULL);
}

/* A chain is taken only once the origin says something: a silent one holds none. */
static bool
conn_take_chain(struct conn *c)
{
	if (c->chain != NULL)
		return true;
	if (!c->pair.origin.readable) {
		leg_pump(&c->pair.origin, false, false);
		return false;
	}
	c->chain = chains_are_fair(c) ? cert_chain_get(proxy.cert) : NULL;
	c->starved = c->chain == NULL;
	if (c->chain != NULL)
		tls_collect(&c->pair.origin_tls, c->chain);
	return !c->starved;
}

/* Moves a handshake on; LEG_HEAVY work is done when it is this connection's turn. */
static void
conn_pump_handshake(struct leg *l, struct conn *c)
{
	for (int rounds = 0; rounds < HANDSHAKE_ROUNDS; rounds++) {
		enum leg_pumped pumped = leg_pump(l, true, false);

		if (pumped == LEG_HEAVY && may_work(c))
			pumped = leg_pump(l, true, true);
		if (pumped != LEG_MOVED)
			return;
	}
	proxy.again = true;
}

static enum conn_state
step_origin(struct conn *c)
{
	unsigned char offered_key[ORIGINS_HASH];
	size_t len;

	if (c->pair.origin.tls == NULL)
		conn_start_origin(c);
	if (!conn_take_chain(c))
		return leg_is_failed(&c->pair.origin) ? conn_origin_failed(c) : C_ORIGIN;
	conn_pump_handshake(&c->pair.origin, c);
	if (tls_is_open(&c->pair.origin_tls)) {
		c->resumed = c->offered && chain_leaf(c->chain, &len) == NULL;
		if (!c->resumed)
			return C_VERIFY;
		/* A reload meanwhile: what was trusted then may not be any more. */
		memcpy(offered_key, c->origin_key, sizeof offered_key);
		conn_make_origin_key(c);
		if (memcmp(offered_key, c->origin_key, sizeof offered_key) != 0)
			return conn_try_afresh(c);
		return C_MINT;
	}
	if (leg_is_failed(&c->pair.origin) || tls_is_closed(&c->pair.origin_tls))
		return c->offered ? conn_try_afresh(c) : conn_origin_failed(c);
	return C_ORIGIN;
}

/* --- verify: is it whom it says it is? ---------------------------------------- */

static enum conn_state
conn_refuse_chain(struct conn *c)
{
	enum chain_error error = chain_check_error(c->chain);
	char text[CHAIN_TEXT];

	chain_check_text(c->chain, text);
	log_line(LOG_LEVEL_DEBUG, "%s: certificate refused: %s: %s", c->name,
		chain_error_code(error), text);
	switch (proxy.config.invalid_upstream) {
	case CONFIG_INVALID_ALLOW: return C_MINT;
	case CONFIG_INVALID_UNTRUSTED: c->untrusted = true; return C_MINT;
	case CONFIG_INVALID_TUNNEL: return conn_tunnel_instead(c);
	case CONFIG_INVALID_BLOCK: break;
	}
	return conn_fail(c, PAGE_CERTIFICATE, 502, chain_error_proxy_status(error), "%s (%s)", text,
		chain_error_code(error));
}

static enum conn_state
step_verify(struct conn *c)
{
	if (!c->checking) {
		cert_check_start(proxy.cert, c->chain, c->name, proxy.wall);
		/* Of the trust that this check holds, whatever is loaded meanwhile. */
		conn_make_origin_key(c);
		c->checking = true;
	}
	if (!may_work(c))
		return C_VERIFY;
	if (chain_check_step(c->chain) == 0) {
		proxy.again = true;
		return C_VERIFY;
	}
	c->checking = false;
	if (chain_check_error(c->chain) != CHAIN_OK)
		return conn_refuse_chain(c);
	conn_save_session(c);
	return C_MINT;
}

/* --- mint: who are we towards the client? -------------------------------------- */

/* A session may be resumed only under what it was made under: the name, the leaf that would be shown now,
 * the policy, the trust, the client. */
static void
conn_tie_session(struct conn *c)
{
	/* The day: no session outlives it by more (RFC 5246 appendix F.1.4). */
	const uint32_t generations[] = { policy_generation(proxy.policy),
		cert_generation(proxy.cert), (uint32_t)(proxy.wall / 86400) };
	unsigned char tie[SESSION_TIE];
	br_sha256_context hash;

	br_sha256_init(&hash);
	br_sha256_update(&hash, c->name, strlen(c->name) + 1);
	br_sha256_update(&hash, conn_leaf(c), c->leaf_len);
	br_sha256_update(&hash, generations, sizeof generations);
	br_sha256_update(&hash, &c->peer.family, 1);
	br_sha256_update(&hash, c->peer.ip, sizeof c->peer.ip);
	br_sha256_out(&hash, tie);
	session_tie_init(&c->tie, cert_sessions(proxy.cert), tie);
}

static size_t
conn_make_leaf(struct conn *c, char err[CERT_ERROR])
{
	unsigned char *leaf = conn_leaf(c);
	const unsigned char *origin;
	size_t len;

	if (c->failure.status != 0)
		return cert_page_leaf(proxy.cert, c->name, proxy.wall, leaf, CERT_LEAF_MAX, err);
	origin = chain_leaf(c->chain, &len);
	return cert_leaf(proxy.cert, origin, len, c->untrusted ? CERT_UNTRUSTED : CERT_CA,
		proxy.wall, leaf, CERT_LEAF_MAX, err);
}

static enum conn_state
step_mint(struct conn *c)
{
	bool for_page = c->failure.status != 0;
	unsigned char seed[TLS_SEED];
	char err[CERT_ERROR];
	const unsigned char *hello;
	size_t len;

	leg_pump(&c->pair.client, false,
		false); /* the answer to CONNECT must be out before we change to TLS */
	if (leg_is_failed(&c->pair.client))
		return C_FREE;
	if (!leg_is_drained(&c->pair.client) || (!c->resumed && !may_work(c)))
		return C_MINT;
	if (!c->resumed)
		c->leaf_len = (uint16_t)conn_make_leaf(c, err);
	if (c->leaf_len == 0) {
		proxy.again = true; /* for a page under a leaf of its own */
		return conn_fail(c, PAGE_CERTIFICATE, 502, "tls_certificate_error", "%s", err);
	}
	conn_put_chain(c);
	hello = leg_peek(&c->pair.client, &len);
	memcpy(conn_hello(c), hello, c->hello_len);
	conn_tie_session(c);
	pair_secure_client(&c->pair, conn_leaf(c), c->leaf_len, cert_leaf_key(proxy.cert),
		for_page || c->untrusted ? NULL : &c->tie, make_seed(seed));
	pool_wipe(seed, sizeof seed);
	return C_CLIENT;
}

/* --- client: its handshake ----------------------------------------------------- */

/* The hello that was read before, as far as the engine takes it. */
static void
conn_replay_hello(struct conn *c)
{
	while (c->hello_sent < c->hello_len) {
		size_t n;

		if (tls_recv_is_heavy(&c->pair.client_tls) && !may_work(c))
			return;
		n = leg_replay(&c->pair.client, conn_hello(c) + c->hello_sent,
			(size_t)(c->hello_len - c->hello_sent));
		if (n == 0)
			return;
		c->hello_sent += (uint16_t)n;
	}
}

static enum conn_state
step_client(struct conn *c)
{
	conn_replay_hello(c);
	if (c->hello_sent == c->hello_len)
		conn_pump_handshake(&c->pair.client, c);
	else
		leg_pump(&c->pair.client, false, false);
	if (tls_is_open(&c->pair.client_tls)) {
		relay_start(&c->relay, (char *)c->pair.buffers->scratch);
		c->relay.high = PAIR_SCRATCH; /* hello and leaf were there */
		return C_EXCHANGE;
	}
	if (!leg_is_failed(&c->pair.client) && !tls_is_closed(&c->pair.client_tls))
		return C_CLIENT;
	/* Mostly a client that does not know our CA, or pins its own certificate. */
	return conn_fail(c, PAGE_TLS, 400, "tls_alert_received",
		"The client did not accept our certificate for %s: %s.", c->name,
		leg_failure_text(&c->pair.client));
}

/* --- exchange: requests and responses ------------------------------------------- */

/* A request inside TLS: may it go on? C_EXCHANGE: yes. */
static enum conn_state
conn_judge_request(struct conn *c, struct http_head *head)
{
	struct policy_client client = conn_client(c);
	const struct http_target *t = head->form == HTTP_ABSOLUTE ? &head->target : &head->host;
	struct verdict v;

	conn_begin(c, head, "https://");
	if (c->failure.status != 0) /* the connection was made for a page */
		return C_ANSWER;
	if (head->asked.is_connect)
		return conn_fail(c, PAGE_REFUSED, 405, "http_request_denied",
			"There is no CONNECT inside TLS.");
	if (head->last_hop)
		return conn_fail(c, PAGE_REFUSED, 405, "http_request_denied",
			"This proxy does not answer OPTIONS or TRACE itself.");
	if (head->has_host &&
		(strcmp(t->host, c->name) != 0 || (t->port != 0 ? t->port : 443) != c->port))
		return conn_fail(c, PAGE_REFUSED, strcmp(c->host, c->name) == 0 ? 400 : 421,
			"http_request_error",
			"The request is for %s, but the connection was made to %s.", t->host,
			c->name);
	policy_judge_url(
		proxy.policy, &client, c->name, c->relay.buf + head->path.off, head->path.len, &v);
	conn_take_verdict(c, &v);
	c->inspect = true; /* the session is what it is; a list that says tunnel came too late */
	if (c->block)
		return conn_blocked(c);
	if (!head->has_host) { /* HTTP/1.0: the rewritten head needs one */
		snprintf(head->target.host, sizeof head->target.host, "%s", c->name);
		head->target.port = c->port == 443 ? 0 : c->port;
		head->target.is_ip = strchr(c->name, ':') != NULL;
	}
	if (!relay_forward(&c->relay, head))
		return conn_fail(c, PAGE_REFUSED, 431, "http_request_error",
			"The request's header is too large.");
	return C_EXCHANGE;
}

/* One exchange is over. */
static enum conn_state
conn_exchanged(struct conn *c)
{
	conn_log(c);
	c->exchanges++;
	if (c->relay.close || proxy.stop_at != 0)
		return conn_end(c);
	relay_next(&c->relay);
	c->reused = true;
	c->head_timed = false;
	conn_arm(c, IDLE_SECS);
	/* In clear the next request may be for another host. */
	return c->connect ? C_EXCHANGE : C_REQUEST;
}

static enum conn_state
conn_bad_response(struct conn *c)
{
	return conn_fail(c, PAGE_BAD_ORIGIN, 502, "http_protocol_error",
		"What %s answered can't be passed on: %s", c->name, c->relay.error);
}

static enum conn_state
conn_no_response(struct conn *c)
{
	/* The origin gave up a kept connection just then; a client sends again on a new one, and must not
	 * take our page for the answer (RFC 9112 section 9.3.1). */
	if (c->reused && c->relay.interim == 0) {
		(void)conn_fail(c, PAGE_BAD_ORIGIN, 502, "http_response_incomplete",
			"%s closed the kept connection; the client sends again.", c->name);
		return conn_end(c);
	}
	return conn_fail(c, PAGE_BAD_ORIGIN, 502, "http_response_incomplete",
		"%s closed the connection without an answer.", c->name);
}

/* What came is passed on, and then the client's connection is cut, so that nobody takes it for the whole. */
static enum conn_state
conn_truncated(struct conn *c)
{
	(void)conn_fail(c, PAGE_BAD_ORIGIN, 502, "http_response_incomplete",
		"%s ended the connection in the middle of its answer.", c->name);
	c->cut = true;
	return C_LINGER;
}

/* What an event of the relay means here. C_EXCHANGE: go on. */
static enum conn_state
conn_on_event(struct conn *c, enum relay_event event)
{
	switch (event) {
	case RELAY_WAIT: return C_EXCHANGE;
	case RELAY_REQUEST: return conn_judge_request(c, &proxy.head);
	case RELAY_DONE: return conn_exchanged(c);
	case RELAY_SWITCHED: return C_SWITCHED;
	case RELAY_BAD_REQUEST: return conn_bad_request(c);
	case RELAY_BAD_RESPONSE: return conn_bad_response(c);
	case RELAY_NO_RESPONSE: return conn_no_response(c);
	case RELAY_TRUNCATED: return conn_truncated(c);
	case RELAY_CLIENT_LEFT: return conn_client_left(c);
	case RELAY_ORIGIN_LEFT: break;
	}
	/* Between requests: the client learns that this connection is over. */
	return conn_end(c);
}

static enum conn_state
step_exchange(struct conn *c)
{
	uint64_t sent = c->pair.client.sent + c->pair.origin.sent;
	enum conn_state next = C_EXCHANGE;
	bool moved = true;

	if (!pair_has_news(&c->pair))
		return proxy.stop_at != 0 && c->relay.up == UP_HEAD ? conn_end(c) : C_EXCHANGE;
	if (!conn_lend(c))
		return C_EXCHANGE;
	for (int rounds = 0; moved && next == C_EXCHANGE; rounds++) {
		enum relay_event event;
		size_t have;

		if (rounds == EXCHANGE_ROUNDS) {
			proxy.again = true;
			break;
		}
		moved = leg_pump(&c->pair.client, true, true) == LEG_MOVED;
		moved |= leg_pump(&c->pair.origin, true, true) == LEG_MOVED;
		have = c->relay.have;
		event = relay_step(&c->relay, &c->pair.client, &c->pair.origin, &proxy.head);
		moved |= c->relay.have > have; /* room to read on */
		/* What was put either leaves now, which makes room for more, or waits for the socket. */
		moved |= leg_pump(&c->pair.client, false, false) == LEG_MOVED;
		moved |= leg_pump(&c->pair.origin, false, false) == LEG_MOVED;
		moved |= event != RELAY_WAIT;
		next = conn_on_event(c, event);
	}
	/* Bytes that lead nowhere, as empty records, are no progress. */
	if (c->relay.up != UP_HEAD && next == C_EXCHANGE &&
		c->pair.client.sent + c->pair.origin.sent > sent)
		conn_arm(c, states[C_EXCHANGE].secs);
	if (next != C_EXCHANGE)
		return next;
	if (c->relay.up == UP_HEAD && c->relay.have > 0 && !c->head_timed) {
		c->head_timed = true;
		conn_arm(c, HEAD_SECS);
	}
	conn_park(c);
	return C_EXCHANGE;
}

/* --- tunnel, switched: bytes both ways --------------------------------------------- */

/*
 * The ClientHello of a tunnel that was asked for by name and is not read yet: the name in it must be the same, or
 * an exempted name would open the way to a blocked one on the same server.  What is not TLS, and where the
 * server speaks first, goes through.  1: the tunnel may begin, 0: not yet, -1: refused.
 */
static int
conn_hear_tunnel(struct conn *c)
{
	struct hello hello;
	const unsigned char *wire;
	size_t len;
	int n;

	while (!c->heard && leg_pump(&c->pair.client, true, true) == LEG_MOVED)
		continue;
	if (c->pair.origin.readable || c->pair.client.eof)
		c->heard = true;
	if (c->heard)
		return 1;
	wire = leg_peek(&c->pair.client, &len);
	if (wire == NULL)
		return 0;
	n = hello_parse(&hello, wire, len);
	if (n == 0 && len < HELLO_WIRE_MAX)
		return 0;
	c->heard = true;
	if (n < 0 && hello.error == HELLO_NOT_TLS)
		return 1;
	return n > 0 && (hello.sni[0] == '\0' || strcmp(hello.sni, c->host) == 0) ? 1 : -1;
}

/* A tunnel begins: what was answered to CONNECT goes out first, then nothing is copied any more.  Returns as
 * conn_hear_tunnel. */
static int
conn_begin_tunnel(struct conn *c)
{
	size_t len;
	int heard;

	if (!c->greeted)
		(void)conn_greet(c);
	leg_pump(&c->pair.client, false, false);
	heard = conn_hear_tunnel(c);
	if (heard <= 0)
		return heard;
	if (!pair_share(&c->pair))
		return 0;
	(void)leg_peek(&c->pair.client, &len); /* a hello counts as the tunnel's */
	c->received_before = c->pair.client.received - len;
	c->sent_before = c->pair.client.sent;
	return 1;
}

/* C_TUNNEL and C_SWITCHED. */
static enum conn_state
step_tunnel(struct conn *c)
{
	bool moved = true;

	if (!pair_has_news(&c->pair))
		return c->state;
	if (!conn_lend(c))
		return c->state;
	if (c->state == C_TUNNEL && !c->pair.shared) {
		int heard = conn_begin_tunnel(c);

		if (heard < 0)
			return conn_refuse_hello(c, ALERT_UNRECOGNIZED_NAME,
				"The name in the TLS handshake is not the one in the CONNECT "
				"request.");
		if (heard == 0) {
			conn_park(c);
			return c->state;
		}
	}
	for (int rounds = 0; moved; rounds++) {
		if (rounds == EXCHANGE_ROUNDS) {
			proxy.again = true;
			break;
		}
		moved = pair_splice(&c->pair);
		if (moved)
			conn_arm(c, states[c->state].secs);
	}
	if (pair_is_over(&c->pair))
		return C_FREE;
	conn_park(c);
	return c->state;
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
conn_open(int fd, const struct net_addr *peer)
{
	struct conn *c = pool_get(&proxy.conns);

	memset(c, 0, sizeof *c);
	c->peer = *peer;
	c->index = proxy.active_count;
	proxy.active[proxy.active_count++] = c;
	pair_init(&c->pair);
	pair_open_client(&c->pair, fd);
	dial_init(&c->dial);
	resolve_init(&c->query);
	relay_start(&c->relay, NULL);
	c->logged = true;
	conn_enter(c, C_REQUEST);
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
