/*
 * reach: the way to the origin: its name is looked up, its addresses are judged, one of them is connected to.
 *
 * The states resolve and connect.  The purpose tells what follows once the origin is reached.
 */
#include <errno.h>
#include <string.h>
#include "conn/steps.h"

/* Connects to those of the addresses that may be reached. */
static enum conn_state
reach_addresses(struct conn *c, const struct net_addr *addrs, size_t count)
{
	struct door_house house = conn_house(c);
	struct net_addr allowed[RESOLVE_ADDRS];
	enum door_answer answer, refused = DOOR_OPEN;
	size_t n = 0;

	for (size_t i = 0; i < count && i < RESOLVE_ADDRS; i++) {
		answer = door_address(&c->door, &house, &addrs[i]);
		if (answer == DOOR_LOOP)
			return conn_refuse(c, answer);
		if (answer == DOOR_OPEN)
			allowed[n++] = addrs[i];
		else
			refused = answer;
	}
	if (n == 0) {
		c->door.refused = refused;
		c->door.route = ROUTE_PAGE;
		return conn_refuse(c, refused);
	}
	dial_start(&c->origin.dial, allowed, n, c->proxy->now);
	return C_CONNECT;
}

enum conn_state
reach_again(struct conn *c, enum conn_purpose purpose)
{
	struct net_addr addr = c->origin.dial.peer;

	conn_leave_origin(c);
	c->origin.purpose = purpose;
	return reach_addresses(c, &addr, 1);
}

enum conn_state
reach_host(struct conn *c, enum conn_purpose purpose)
{
	const struct door *d = &c->door;
	struct net_addr addr;

	c->origin.purpose = purpose;
	if (!d->is_ip) {
		resolve_start(
			c->proxy->resolver, &c->origin.query, d->host, d->port, c->proxy->now);
		return C_RESOLVE;
	}
	if (net_addr_parse(&addr, d->host, strlen(d->host)) != 0)
		return conn_fail(
			c, PAGE_REFUSED, 400, "http_request_error", "%s is no address.", d->host);
	addr.port = d->port;
	return reach_addresses(c, &addr, 1);
}

enum conn_state
step_resolve(struct conn *c)
{
	const struct resolve_query *q = &c->origin.query;
	int n = resolve_step(q);
	bool late = q->error == RESOLVE_TIMEOUT;

	if (n == 0)
		return C_RESOLVE;
	if (n < 0)
		return conn_fail(c, PAGE_UNREACHABLE, late ? 504 : 502,
			late ? "dns_timeout" : "dns_error", "The name %s has no address: %s.",
			c->door.host, resolve_error_text(q->error));
	return reach_addresses(c, q->addrs, q->count);
}

enum conn_state
step_connect(struct conn *c)
{
	struct dial *dial = &c->origin.dial;
	int n = dial_step(dial, c->proxy->ready, c->proxy->now);
	bool late = dial->error == ETIMEDOUT;

	if (n == 0)
		return C_CONNECT;
	if (n < 0)
		return conn_fail(c, PAGE_UNREACHABLE, late ? 504 : 502,
			late ? "connection_timeout"
			     : (dial->error == ECONNREFUSED ? "connection_refused"
							    : "destination_ip_unroutable"),
			"%s could not be reached: %s.", c->door.host, strerror(dial->error));
	resolve_reset(&c->origin.query);
	pair_open_origin(&c->pair, dial_take(dial));
	conn_moved(c);
	switch (c->origin.purpose) {
	case FOR_TUNNEL: return C_TUNNEL;
	case FOR_INSPECTION: return C_ORIGIN;
	case FOR_REQUEST: break;
	}
	return C_EXCHANGE;
}
