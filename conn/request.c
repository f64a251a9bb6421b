/*
 * request: what a client asks for in clear, and what flows once the way to the origin is open.
 *
 * The states redirected, request, resolve, connect, exchange and tunnel (see conn.h): the verdict on a host or
 * URL, the way to an address that may be reached, and the bytes between the two sides.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "conn/steps.h"
#include "lib/tls/hello.h"
#include "lib/tls/leg.h"

enum {
	HEAD_SECS = 20 /* from the first byte of a later request's head to its last */
};

/* --- judging ---------------------------------------------------------------- */

void
conn_take_verdict(struct conn *c, const struct verdict *v)
{
	char text[POLICY_TEXT];

	c->block = v->block;
	c->inspect = v->inspect;
	c->rule[0] = '\0';
	if (v->decided)
		snprintf(c->rule, sizeof c->rule, "%s", policy_verdict_text(v, text));
}

struct policy_client
conn_client(const struct conn *c)
{
	return (struct policy_client){ .addr = c->peer, .now = proxy.wall };
}

enum conn_state
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
	char authority[TARGET_HOST_MAX + 16];
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
conn_take_target(struct conn *c, const struct target *t, uint16_t port)
{
	snprintf(c->host, sizeof c->host, "%s", t->host);
	snprintf(c->name, sizeof c->name, "%s", t->host);
	c->is_ip = t->is_ip;
	c->port = t->port != 0 ? t->port : port;
}

/* --- redirected: the client does not know of us ------------------------------ */

void
conn_begin_tls(struct conn *c)
{
	c->began = proxy.now;
	c->logged = false;
	snprintf(c->method, sizeof c->method, "TLS");
	snprintf(c->url, sizeof c->url, strchr(c->name, ':') ? "[%s]:%u" : "%s:%u", c->name,
		c->port);
}

/* Where it wanted to go, as far as addresses say. */
static void
original_target(const struct conn *c, struct target *t)
{
	char text[NET_ADDR_TEXT];

	snprintf(t->host, sizeof t->host, "%s", net_addr_format(text, &c->original, false));
	t->port = c->original.port;
	t->is_ip = true;
}

/* The port says what comes: TLS, as behind a CONNECT to that address, or a request for us to take as the origin. */
enum conn_state
step_redirected(struct conn *c)
{
	struct policy_client client = conn_client(c);
	struct target target = { .port = 0 };
	struct verdict v;

	if (!pair_has_news(&c->pair))
		return proxy.stop_at != 0 ? C_FREE : C_REDIRECTED;
	if (!conn_lend(c))
		return C_REDIRECTED;
	if (net_original_dst(c->pair.client.fd, &c->original) == 0)
		original_target(c, &target);
	conn_take_target(c, &target, 0);
	if (port_is_allowed(c->port, proxy.config.http_ports, proxy.config.http_port_count))
		return C_REQUEST;
	c->connect = c->greeted = true;
	conn_begin_tls(c);
	if (!port_is_allowed(c->port, proxy.config.connect_ports, proxy.config.connect_port_count))
		return conn_fail(c, PAGE_REFUSED, 403, "http_request_denied",
			c->port == 0 ? "No firewall says where this connection was to go."
				     : "This proxy makes no connections to this port.");
	policy_judge_host(proxy.policy, &client, c->host, &v);
	conn_take_verdict(c, &v);
	return C_HELLO;
}

/* --- request: a head in clear ------------------------------------------------ */

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
	c->original.family = 0; /* it takes whomever it meant for a proxy; so we are one */
	conn_take_target(c, &head->target, 443);
	conn_begin(c, head, "");
	relay_next(&c->relay);
	if (head->framing != BODY_NONE)
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
conn_may_reuse(struct conn *c, const struct target *t, uint16_t port)
{
	return c->pair.origin.fd >= 0 && c->port == (t->port != 0 ? t->port : port) &&
	       strcmp(c->host, t->host) == 0 && !leg_is_failed(&c->pair.origin) &&
	       !leg_is_ended(&c->pair.origin);
}

/* Whom a request in clear is for.  A redirected client says it as it would to the origin; without a word (HTTP/1.0)
 * it is whom it wanted to reach. */
static const struct target *
plain_target(const struct conn *c, struct http_head *head)
{
	if (c->original.family == 0 || head->form == HTTP_ABSOLUTE)
		return &head->target;
	if (head->has_host)
		return &head->host;
	original_target(c, &head->target);
	return &head->target;
}

static enum conn_state
conn_take_plain(struct conn *c, struct http_head *head)
{
	struct policy_client client = conn_client(c);
	const struct target *t = plain_target(c, head);
	uint16_t port = c->original.family != 0 ? c->original.port : 80;
	bool reuse = t->host[0] != '\0' && conn_may_reuse(c, t, port);
	struct verdict v;

	if (!reuse)
		conn_leave_origin(c);
	conn_take_target(c, t->host[0] != '\0' ? t : &head->host, port);
	conn_begin(c, head, "http://");
	if (t->host[0] == '\0')
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

enum conn_state
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

enum conn_state
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
enum conn_state
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

enum conn_state
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

enum conn_state
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

/* --- exchange: requests and responses ------------------------------------------- */

/* A request inside TLS: may it go on? C_EXCHANGE: yes. */
static enum conn_state
conn_judge_request(struct conn *c, struct http_head *head)
{
	struct policy_client client = conn_client(c);
	const struct target *t = head->form == HTTP_ABSOLUTE ? &head->target : &head->host;
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

enum conn_state
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
		conn_rearm(c);
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
enum conn_state
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
			conn_rearm(c);
	}
	if (pair_is_over(&c->pair))
		return C_FREE;
	conn_park(c);
	return c->state;
}
