/*
 * request: what a client asks for in clear: a CONNECT, a request for a whole URL, or what a firewall redirects here.
 *
 * The states redirected and request: where the client wants to go is read and the door is asked.
 */
#include <stdio.h>
#include <string.h>
#include "conn/steps.h"
#include "lib/tls/leg.h"

enum { ALERT_INTERNAL_ERROR = 80 }; /* RFC 8446 section 6.2 */

static enum conn_state
turn_away(struct conn *c)
{
	return conn_fail(c, PAGE_BUSY, 503, "connection_limit_reached",
		"All connections of this proxy are in use, most of them by this client.");
}

/* --- redirected: the client does not know of us ------------------------------ */

/* The port says what comes: TLS, as behind a CONNECT to that address, or a request for us to take as the origin. */
enum conn_state
step_redirected(struct conn *c)
{
	struct door_house house = conn_house(c);
	struct net_addr original = { .family = 0 };
	enum door_answer answer;

	if (!pair_has_news(&c->pair))
		return c->proxy->stopping ? C_FREE : C_REDIRECTED;
	if (net_original_dst(c->pair.client.fd, &original) != 0)
		original.family = 0;
	answer = door_redirected(&c->door, &house, &original);
	if (answer == DOOR_OPEN && c->door.route == ROUTE_CLEAR)
		return C_REQUEST;
	c->greeted = true;
	record_begin_tls(c);
	if (answer != DOOR_OPEN)
		return conn_refuse(c, answer);
	if (fair_is_welcome(&c->share))
		return C_HELLO;
	(void)turn_away(c);
	return answer_alert(c, ALERT_INTERNAL_ERROR);
}

/* --- request: a head in clear ------------------------------------------------ */

static void
begin_line(struct conn *c, const struct http_head *head, const char *scheme)
{
	record_begin(c, c->relay.buf + head->method.off, head->method.len, scheme,
		c->relay.buf + head->path.off, head->path.len);
}

/* The state stays: its time begins anew, and what has come behind the CONNECT is looked at in the next turn. */
static enum conn_state
begin_plain(struct conn *c)
{
	record_drop(c);
	leg_pump(&c->pair.client, false, false);
	conn_rearm(c);
	conn_again(c);
	return C_REQUEST;
}

static enum conn_state
take_connect(struct conn *c, const struct http_head *head)
{
	struct door_house house = conn_house(c);
	enum door_answer answer;

	conn_leave_origin(c);
	answer = door_connect(&c->door, &house, &head->target);
	begin_line(c, head, "");
	relay_next(&c->relay);
	if (!fair_is_welcome(&c->share))
		return turn_away(c);
	if (head->framing != BODY_NONE)
		return conn_fail(c, PAGE_REFUSED, 400, "http_request_error",
			"A CONNECT request must not have a body.");
	if (answer != DOOR_OPEN)
		return conn_refuse(c, answer);
	if (c->door.route == ROUTE_TUNNEL)
		return reach_host(c, FOR_TUNNEL);
	if (!answer_greet(c))
		return C_FREE;
	return c->door.plain ? begin_plain(c) : C_HELLO;
}

/* The target of a request in clear.  A redirected client says it as it would to the origin; without a word (HTTP/1.0)
 * it is whom it wanted to reach. */
static const struct target *
plain_target(const struct conn *c, struct http_head *head)
{
	const struct net_addr *original = &c->door.original;
	char text[NET_ADDR_TEXT];

	if (head->form == HTTP_ABSOLUTE)
		return &head->target;
	if (original->family == 0)
		return c->door.plain ? &head->host : &head->target;
	if (head->has_host)
		return &head->host;
	snprintf(head->target.host, sizeof head->target.host, "%s",
		net_addr_format(text, original, false));
	head->target.port = original->port;
	head->target.is_ip = true;
	return &head->target;
}

static bool
may_reuse(struct conn *c, const struct target *t, uint16_t port)
{
	return c->pair.origin.fd >= 0 && t->host[0] != '\0' &&
	       c->door.port == (t->port != 0 ? t->port : port) &&
	       strcmp(c->door.host, t->host) == 0 && !leg_is_failed(&c->pair.origin) &&
	       !leg_is_ended(&c->pair.origin);
}

/* Behind a CONNECT an HTTP/1.0 client may leave Host out: the rewritten head needs one. */
static void
fill_host(const struct conn *c, struct http_head *head)
{
	if (!c->door.plain || head->has_host)
		return;
	snprintf(head->target.host, sizeof head->target.host, "%s", c->door.host);
	head->target.port = c->door.port == 80 ? 0 : c->door.port;
	head->target.is_ip = c->door.is_ip;
}

/* Refusals that need no verdict.  C_REQUEST: none. */
static enum conn_state
refuse_plain(struct conn *c, const struct http_head *head, const struct target *t)
{
	if (!fair_is_welcome(&c->share))
		return turn_away(c);
	if (t->host[0] == '\0' && !c->door.plain)
		return conn_fail(c, PAGE_REFUSED, 400, "http_request_error",
			"This is a proxy: it is to be asked for a whole URL, http://host/path.");
	if (head->is_https)
		return conn_fail(c, PAGE_REFUSED, 400, "http_request_error",
			"An https URL is to be reached by CONNECT.");
	if (head->last_hop)
		return conn_fail(c, PAGE_REFUSED, 405, "http_request_denied",
			"This proxy does not answer OPTIONS or TRACE itself.");
	return C_REQUEST;
}

static enum conn_state
take_plain(struct conn *c, struct http_head *head)
{
	struct door_house house = conn_house(c);
	const struct target *t = plain_target(c, head);
	uint16_t port = c->door.original.family != 0 ? c->door.original.port : 80;
	bool reuse = may_reuse(c, t, port);
	enum door_answer answer;
	enum conn_state refused;

	if (!reuse)
		conn_leave_origin(c);
	answer = door_plain(&c->door, &house, t->host[0] != '\0' ? t : &head->host, port,
		c->relay.buf + head->path.off, head->path.len);
	begin_line(c, head, "http://");
	if (reuse && answer == DOOR_OPEN)
		answer = door_peer(&c->door, &house, &c->origin.dial.peer);
	refused = refuse_plain(c, head, t);
	if (refused != C_REQUEST)
		return refused;
	if (answer != DOOR_OPEN)
		return conn_refuse(c, answer);
	fill_host(c, head);
	if (!relay_forward(&c->relay, head))
		return conn_fail(c, PAGE_REFUSED, 431, "http_request_error",
			"The request's header is too large.");
	return reuse ? C_EXCHANGE : reach_host(c, FOR_REQUEST);
}

static enum conn_state
take_request(struct conn *c, struct http_head *head)
{
	if (!head->asked.is_connect)
		return take_plain(c, head);
	if (!c->door.plain)
		return take_connect(c, head);
	begin_line(c, head, "");
	return conn_fail(c, PAGE_REFUSED, 405, "http_request_denied",
		"There is no CONNECT inside a CONNECT.");
}

enum conn_state
step_request(struct conn *c)
{
	struct http_head *head = &c->proxy->head;
	enum relay_event event;
	size_t have;
	bool moved;

	if (!pair_has_news(&c->pair))
		return c->proxy->stopping ? C_FREE : C_REQUEST;
	if (!conn_lend(c))
		return C_REQUEST;
	do {
		moved = leg_pump(&c->pair.client, true, true) == LEG_MOVED;
		moved |= leg_pump(&c->pair.origin, true, true) == LEG_MOVED;
		have = c->relay.have;
		event = relay_step(&c->relay, &c->pair.client, &c->pair.origin, head);
		moved |= c->relay.have > have; /* room to read on */
		if (event == RELAY_ORIGIN_LEFT)
			conn_leave_origin(c);
	} while (event == RELAY_ORIGIN_LEFT || (event == RELAY_WAIT && moved));
	switch (event) {
	case RELAY_REQUEST: return take_request(c, head);
	case RELAY_WAIT: break;
	case RELAY_BAD_REQUEST:
		record_begin_unread(c);
		return conn_fail(c, PAGE_REFUSED, c->relay.error_status, "http_request_error", "%s",
			c->relay.error);
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
