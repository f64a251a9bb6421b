/*
 * record: the line that each request and each tunnel has in the log, at its end, and the counters.  See conn.h.
 */
#include <stdio.h>
#include <string.h>
#include "conn/conn.h"
#include "lib/base/log.h"
#include "lib/tls/leg.h"

static void
record_start(struct conn *c)
{
	c->relay.status = 0;
	c->record.sent_before = c->pair.client.sent;
	c->record.received_before = c->pair.client.received;
	if (c->failure.status == 0) /* else it is the one that has waited for its page all along */
		c->record.began = c->proxy->now;
	c->answer.len = c->answer.sent = 0;
}

void
record_begin(struct conn *c, const char *method, size_t method_len, const char *scheme,
	const char *path, size_t path_len)
{
	const struct door *d = &c->door;
	uint16_t usual = d->way == WAY_CLEAR || d->plain || d->original.port == 80 ? 80 : 443;
	const char *query = memchr(path, '?', path_len);
	char authority[TARGET_HOST_MAX + 16];

	if (query != NULL && !c->proxy->config.log_query)
		path_len = (size_t)(query - path);
	record_start(c);
	snprintf(c->record.method, sizeof c->record.method, "%.*s", (int)method_len, method);
	snprintf(authority, sizeof authority, strchr(d->name, ':') ? "[%s]" : "%s", d->name);
	if (d->port != usual || *scheme == '\0')
		snprintf(authority + strlen(authority), 8, ":%u", d->port);
	if ((size_t)snprintf(c->record.url, sizeof c->record.url, "%s%s%.*s", scheme, authority,
		    (int)path_len, path) >= sizeof c->record.url)
		memcpy(c->record.url + sizeof c->record.url - 4, "...", 4);
}

void
record_begin_tls(struct conn *c)
{
	record_begin(c, "TLS", 3, "", "", 0);
}

void
record_begin_unread(struct conn *c)
{
	if (c->record.method[0] != '\0')
		return;
	record_start(c);
	snprintf(c->record.method, sizeof c->record.method, "?");
	snprintf(c->record.url, sizeof c->record.url, "%.*s", URL_TEXT - 1, c->door.name);
}

void
record_begin_tunnel(struct conn *c, size_t held)
{
	c->record.received_before = c->pair.client.received - held;
	c->record.sent_before = c->pair.client.sent;
}

void
record_drop(struct conn *c)
{
	c->record.method[0] = '\0';
}

static bool
was_blocked(const struct conn *c)
{
	return c->door.refused == DOOR_BLOCKED || c->door.refused == DOOR_ADDRESS_BLOCKED;
}

static const char *
verdict_word(const struct conn *c)
{
	if (was_blocked(c))
		return "blocked";
	if (c->failure.status != 0 && c->failure.kind == PAGE_REFUSED)
		return "refused";
	switch (c->door.route) {
	case ROUTE_TUNNEL: return "tunnelled";
	case ROUTE_INSPECT: return "inspected";
	case ROUTE_CLEAR: return "plain";
	case ROUTE_NONE:
	case ROUTE_PAGE: break;
	}
	return c->door.way == WAY_CLEAR ? "plain" : "refused";
}

static void
count(const struct conn *c, struct proxy *p)
{
	p->requests++;
	p->blocked += was_blocked(c);
	p->tunnels += c->pair.shared;
	p->failures += c->failure.status != 0 && !was_blocked(c);
}

/* The words in brackets: the rule, or why a tunnel is one. */
static const char *
cause(const struct conn *c)
{
	const char *reason = c->door.route == ROUTE_TUNNEL ? door_reason_text(c->door.reason) : "";

	return *reason != '\0' ? reason : c->door.rule;
}

void
record_end(struct conn *c)
{
	const struct relay *r = &c->relay;
	const struct conn_record *line = &c->record;
	char peer[NET_ADDR_TEXT], why[WHY_TEXT + 64] = "";
	bool raw = c->pair.shared || c->state == C_SWITCHED;
	unsigned long long up, down;

	if (line->method[0] == '\0')
		return;
	count(c, c->proxy);
	up = raw ? c->pair.client.received - line->received_before : r->up_body.content;
	down = raw ? c->pair.client.sent - line->sent_before : r->down_body.content;
	if (c->answer.len > 0)
		down = c->answer.sent + c->answer.body_sent;
	if (c->failure.why[0] != '\0' && !was_blocked(c)) /* a status or none */
		snprintf(why, sizeof why, " failed in %s: %s", conn_state_name(c->failure.in),
			c->failure.why);
	if (log_wants(LOG_LEVEL_INFO))
		log_line(LOG_LEVEL_INFO, "%s %s %s %d %s%s%s%s %llu/%llu bytes %lld ms%s",
			net_addr_format(peer, &c->peer, false), line->method, line->url, r->status,
			verdict_word(c), *cause(c) ? " (" : "", cause(c), *cause(c) ? ")" : "", up,
			down, (long long)(c->proxy->now - line->began), why);
	c->record.method[0] = '\0';
}
