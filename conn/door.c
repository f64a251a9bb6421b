/*
 * door: the one door for every verdict.  See door.h.
 */
#include "conn/door.h"

#include <stdio.h>
#include <string.h>

/* --- small questions ----------------------------------------------------------- */

static bool
port_is_in(uint16_t port, const uint16_t *ports, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ports[i] == port)
			return true;
	return false;
}

static bool
is_connect_port(const struct door_house *h, uint16_t port)
{
	return port_is_in(port, h->config->connect_ports, h->config->connect_port_count);
}

static bool
is_http_port(const struct door_house *h, uint16_t port)
{
	return port_is_in(port, h->config->http_ports, h->config->http_port_count);
}

static enum door_answer
refuse(struct door *d, enum door_answer why)
{
	if (d->refused == DOOR_OPEN)
		d->refused = why;
	d->route = ROUTE_PAGE;
	return why;
}

static void
take_rule(struct door *d, const struct verdict *v)
{
	char text[POLICY_TEXT];

	d->rule[0] = '\0';
	d->action = v->action;
	d->own = v->decided && v->own;
	if (v->decided)
		snprintf(d->rule, sizeof d->rule, "%s", policy_verdict_text(v, text));
}

/* The host, and what the client calls it if that is another name: the stricter verdict. */
static void
judge_host(const struct door *d, const struct door_house *h, struct verdict *v)
{
	struct verdict by_name;

	policy_judge_host(h->policy, &h->client, d->host, v);
	if (strcmp(d->host, d->name) == 0)
		return;
	policy_judge_host(h->policy, &h->client, d->name, &by_name);
	*v = *policy_stricter(v, &by_name);
}

static void
judge_url(const struct door *d, const struct door_house *h, const char *path, size_t path_len,
	struct verdict *v)
{
	struct verdict by_name;

	policy_judge_url(h->policy, &h->client, d->host, path, path_len, v);
	if (strcmp(d->host, d->name) == 0)
		return;
	policy_judge_url(h->policy, &h->client, d->name, path, path_len, &by_name);
	*v = *policy_stricter(v, &by_name);
}

/*
 * May what can't be inspected on the client's side be tunnelled?  Only where a tunnel could be had anyhow, so that no
 * client chooses to be unseen: a name, looked up by us, that no block rule and no URL rule in force for this client
 * concerns, and that no list wants inspected.
 */
static bool
may_pass_unseen(const struct door *d, const struct door_house *h, const struct verdict *v)
{
	return h->config->uninspectable == CONFIG_UNINSPECTABLE_TUNNEL && !d->is_ip && !v->block &&
	       !(v->decided && v->action == CONFIG_INSPECT) &&
	       !policy_has_url_rules(h->policy, &h->client, d->host);
}

static enum door_answer
tunnel(struct door *d, enum door_reason reason)
{
	d->route = ROUTE_TUNNEL;
	d->reason = reason;
	d->may_forge = false;
	return DOOR_OPEN;
}

static void
take_target(struct door *d, const struct target *t, uint16_t port)
{
	snprintf(d->host, sizeof d->host, "%s", t->host);
	snprintf(d->name, sizeof d->name, "%s", t->host);
	d->is_ip = t->is_ip;
	d->port = t->port != 0 ? t->port : port;
}

/* --- CONNECT, redirected ----------------------------------------------------- */

enum door_answer
door_connect(struct door *d, const struct door_house *h, const struct target *t)
{
	struct verdict v;

	*d = (struct door){ .way = WAY_CONNECT };
	take_target(d, t, 443);
	d->plain = is_http_port(h, d->port) && !is_connect_port(h, d->port);
	if (!d->plain && !is_connect_port(h, d->port))
		return refuse(d, DOOR_PORT);
	judge_host(d, h, &v);
	take_rule(d, &v);
	if (v.block) {
		d->route = ROUTE_PAGE;
		/* Requests in clear get their page themselves.  A client that was never to be inspected has no reason
		 * to trust our CA. */
		if (!d->plain && !h->config->inspect)
			return refuse(d, DOOR_BLOCKED);
	}
	if (d->plain)
		return DOOR_OPEN;
	if (!v.block && !v.inspect)
		/* Of an address, the SNI may ask for more. */
		return d->is_ip ? DOOR_OPEN : tunnel(d, REASON_RULE);
	if (!h->clock_is_trusted)
		return refuse(d, DOOR_CLOCK);
	return DOOR_OPEN;
}

enum door_answer
door_redirected(struct door *d, const struct door_house *h, const struct net_addr *original)
{
	char text[NET_ADDR_TEXT];
	struct target t = { .port = original->port, .is_ip = true };
	struct verdict v;

	*d = (struct door){ .way = WAY_REDIRECTED, .original = *original };
	if (original->family != 0)
		snprintf(t.host, sizeof t.host, "%s", net_addr_format(text, original, false));
	take_target(d, &t, 0);
	if (is_http_port(h, d->port)) {
		d->route = ROUTE_CLEAR;
		return DOOR_OPEN;
	}
	if (original->family == 0)
		return refuse(d, DOOR_NOWHERE);
	if (!is_connect_port(h, d->port))
		return refuse(d, DOOR_PORT);
	judge_host(d, h, &v);
	take_rule(d, &v);
	if (v.block)
		d->route = ROUTE_PAGE;
	return DOOR_OPEN;
}

/* --- requests in clear --------------------------------------------------------- */

enum door_answer
door_plain(struct door *d, const struct door_house *h, const struct target *t, uint16_t port,
	const char *path, size_t path_len)
{
	struct net_addr original = d->original;
	enum door_way way = d->way;
	bool plain = d->plain;
	struct verdict v;

	/* Behind a CONNECT the target stays, whatever the request says. */
	if (plain) {
		d->refused = DOOR_OPEN;
		if (t->host[0] != '\0' &&
			(strcmp(t->host, d->host) != 0 || (t->port != 0 ? t->port : 80) != d->port))
			return refuse(d, DOOR_MISDIRECTED);
	} else {
		*d = (struct door){ .way = way, .original = original };
		take_target(d, t, port);
	}
	if (!is_http_port(h, d->port))
		return refuse(d, DOOR_HTTP_PORT);
	judge_url(d, h, path, path_len, &v);
	take_rule(d, &v);
	if (v.block)
		return refuse(d, DOOR_BLOCKED);
	d->route = ROUTE_CLEAR;
	return DOOR_OPEN;
}

/* --- the ClientHello ------------------------------------------------------------ */

/*
 * A redirected client names its origin.  We look the name up ourselves and connect to what it says, not to the
 * address that the client had: so the name is no mere assertion and decides as in a CONNECT.  An address that
 * is blocked stays blocked.
 */
static void
take_redirected_name(struct door *d, const char *sni)
{
	snprintf(d->name, sizeof d->name, "%s", sni);
	if (d->route == ROUTE_PAGE)
		return;
	snprintf(d->host, sizeof d->host, "%s", sni);
	d->is_ip = false;
}

/*
 * Another connection has met its TLS.  Of a name that only the client asserts nothing is known: host is looked up.  Where
 * a list wants to see what is asked we look again each time, since one forged alert on the way is enough to learn.
 */
static bool
is_known_uninspectable(const struct door *d, const struct door_house *h, const struct verdict *v)
{
	return may_pass_unseen(d, h, v) && strcmp(d->host, d->name) == 0 &&
	       learned_has(h->learned, d->host, d->port, h->now);
}

enum door_answer
door_hello(struct door *d, const struct door_house *h, const char *sni, bool speakable)
{
	struct verdict v;

	if (sni[0] != '\0') {
		if (d->way == WAY_REDIRECTED)
			take_redirected_name(d, sni);
		else if (d->is_ip)
			snprintf(d->name, sizeof d->name, "%s", sni);
		else if (strcmp(sni, d->host) != 0)
			return refuse(d, DOOR_NAME_DIFFERS);
	}
	judge_host(d, h, &v);
	take_rule(d, &v);
	if (!v.block && !v.inspect)
		return tunnel(d, REASON_RULE);
	/* From here on a leaf would be forged. */
	d->may_forge = h->clock_is_trusted && speakable && (h->config->inspect || !v.block);
	if (v.block)
		return refuse(d, DOOR_BLOCKED);
	if (!h->clock_is_trusted)
		return refuse(d, DOOR_CLOCK);
	if (!speakable)
		return may_pass_unseen(d, h, &v) ? tunnel(d, REASON_CLIENT_TLS)
						 : refuse(d, DOOR_UNSPEAKABLE);
	if (is_known_uninspectable(d, h, &v))
		return tunnel(d, REASON_ORIGIN);
	d->route = ROUTE_INSPECT;
	return DOOR_OPEN;
}

enum door_answer
door_not_tls(struct door *d, const struct door_house *h, enum door_reason reason)
{
	struct verdict v;

	judge_host(d, h, &v);
	take_rule(d, &v);
	d->may_forge = false;
	/* Of a port that is both: requests in clear, which are judged by their URLs. */
	if (reason == REASON_CLIENT_SPEAKS && is_http_port(h, d->port)) {
		d->plain = true;
		d->route = ROUTE_CLEAR;
		return DOOR_OPEN;
	}
	if (v.block)
		return refuse(d, DOOR_BLOCKED);
	if (!v.inspect)
		return tunnel(d, REASON_RULE);
	return may_pass_unseen(d, h, &v) ? tunnel(d, reason) : refuse(d, DOOR_NOT_TLS);
}

enum door_answer
door_tunnel_hello(const struct door *d, const char *sni)
{
	/* Else an exempted name would open the way to a blocked one on the same server.  Where an address was asked
	 * for, the name was judged before the tunnel began. */
	if (sni[0] == '\0' || strcmp(sni, d->host) == 0 || strcmp(sni, d->name) == 0)
		return DOOR_OPEN;
	return DOOR_NAME_DIFFERS;
}

/* --- addresses --------------------------------------------------------------- */

/* A client that makes the proxy call itself makes a loop that feeds on itself. */
static bool
is_a_loop(const struct door_house *h, const struct net_addr *a)
{
	return listen_has_port(h->listeners, a->port) && net_is_own(a);
}

/* Addresses that clients must not reach through us; NULL when this one is fine. */
static const char *
private_kind(const struct door_house *h, const struct net_addr *a)
{
	if (h->config->private_upstream)
		return NULL;
	if (net_is_private(a))
		return "it is a private address";
	if (net_is_own(a))
		return "it is an address of this router";
	if (net_is_on_link(a))
		return "it is on this router's own network";
	return NULL;
}

/* A rule for an address blocks whatever leads there, unless a list allows the name. */
static bool
address_is_blocked(const struct door *d, const struct door_house *h, const struct net_addr *a,
	struct verdict *v)
{
	struct net_addr one = *a;

	*v = (struct verdict){ .decided = d->rule[0] != '\0', .action = d->action, .own = d->own };
	return policy_judge_addresses(h->policy, &h->client, v, &one, 1) == 0;
}

enum door_answer
door_address(struct door *d, const struct door_house *h, const struct net_addr *address)
{
	struct verdict v;

	if (is_a_loop(h, address))
		return DOOR_LOOP;
	d->private_why = private_kind(h, address);
	if (d->private_why != NULL)
		return DOOR_PRIVATE;
	if (!address_is_blocked(d, h, address, &v))
		return DOOR_OPEN;
	take_rule(d, &v);
	return DOOR_ADDRESS_BLOCKED;
}

enum door_answer
door_peer(struct door *d, const struct door_house *h, const struct net_addr *address)
{
	struct verdict v;

	if (address->family == 0 || !address_is_blocked(d, h, address, &v))
		return DOOR_OPEN;
	take_rule(d, &v);
	return refuse(d, DOOR_ADDRESS_BLOCKED);
}

/* --- later ---------------------------------------------------------------------- */

bool
door_tunnel_instead(struct door *d, const struct door_house *h, enum door_reason reason)
{
	if (reason == REASON_ORIGIN && h->config->uninspectable != CONFIG_UNINSPECTABLE_TUNNEL)
		return false;
	if (reason == REASON_ORIGIN)
		learned_note(h->learned, d->host, d->port, h->now);
	(void)tunnel(d, reason);
	return true;
}

void
door_learn(const struct door *d, const struct door_house *h)
{
	learned_note(h->learned, d->host, d->port, h->now);
}

enum door_answer
door_request(struct door *d, const struct door_house *h, const struct target *host,
	const char *path, size_t path_len)
{
	struct verdict v;

	d->refused = DOOR_OPEN;
	if (host != NULL && (strcmp(host->host, d->name) != 0 ||
				    (host->port != 0 ? host->port : 443) != d->port))
		return refuse(d, DOOR_MISDIRECTED);
	judge_url(d, h, path, path_len, &v);
	take_rule(d, &v);
	if (v.block)
		return refuse(d, DOOR_BLOCKED);
	d->route =
		ROUTE_INSPECT; /* the session is what it is; a list that says tunnel came too late */
	return DOOR_OPEN;
}

/* Would door_hello or door_connect still have said so? */
static bool
tunnel_holds(const struct door *d, const struct door_house *h, const struct verdict *v)
{
	switch (d->reason) {
	case REASON_RULE: return !v->inspect;
	case REASON_CLIENT_TLS:
	case REASON_CLIENT_SPEAKS:
	case REASON_CLIENT_WAITS: return !v->inspect || may_pass_unseen(d, h, v);
	case REASON_ORIGIN:
		return !v->inspect || h->config->uninspectable == CONFIG_UNINSPECTABLE_TUNNEL;
	case REASON_CERTIFICATE:
		return !v->inspect || h->config->invalid_upstream == CONFIG_INVALID_TUNNEL;
	case REASON_NONE: break;
	}
	return true;
}

/* Are its port and its address still served? */
static enum door_answer
judge_way(struct door *d, const struct door_house *h, const struct net_addr *address)
{
	bool port = d->route == ROUTE_CLEAR ? is_http_port(h, d->port)
					    : is_connect_port(h, d->port);

	if (!port)
		return DOOR_PORT;
	d->private_why = address->family != 0 ? private_kind(h, address) : NULL;
	return d->private_why != NULL ? DOOR_PRIVATE : DOOR_OPEN;
}

bool
door_holds(struct door *d, const struct door_house *h, const struct net_addr *address)
{
	enum door_answer way = judge_way(d, h, address);
	struct verdict v;

	if (way != DOOR_OPEN) {
		(void)refuse(d, way);
		return false;
	}
	judge_host(d, h, &v);
	if (!v.block && tunnel_holds(d, h, &v) &&
		!(address->family != 0 && address_is_blocked(d, h, address, &v)))
		return true;
	take_rule(d, &v);
	(void)refuse(d, DOOR_BLOCKED);
	return false;
}

/* --- the words ------------------------------------------------------------------ */

enum {
	ALERT_HANDSHAKE_FAILURE = 40,
	ALERT_ACCESS_DENIED = 49,
	ALERT_DECODE_ERROR = 50,
	ALERT_INTERNAL_ERROR = 80,
	ALERT_UNRECOGNIZED_NAME = 112
};

const struct door_words *
door_words(enum door_answer a)
{
	static const struct door_words words[DOOR_ANSWERS] = {
		[DOOR_BLOCKED] = { 403, ALERT_ACCESS_DENIED, "http_request_denied",
			"%s is blocked here." },
		[DOOR_ADDRESS_BLOCKED] = { 403, ALERT_ACCESS_DENIED, "destination_ip_prohibited",
			"The address of %s is blocked here." },
		[DOOR_NOWHERE] = { 403, ALERT_ACCESS_DENIED, "http_request_denied",
			"No firewall says where this connection was to go." },
		[DOOR_PORT] = { 403, ALERT_ACCESS_DENIED, "http_request_denied",
			"This proxy makes no connections to port %s." },
		[DOOR_HTTP_PORT] = { 403, ALERT_ACCESS_DENIED, "http_request_denied",
			"This proxy sends no plain HTTP to port %s." },
		[DOOR_CLOCK] = { 503, ALERT_INTERNAL_ERROR, "proxy_configuration_error",
			"This router's clock is not set yet, so no certificate can be judged. "
			"It will be in a moment." },
		[DOOR_NAME_DIFFERS] = { 400, ALERT_UNRECOGNIZED_NAME, "tls_protocol_error",
			"The name in the TLS handshake is not the one in the CONNECT request." },
		[DOOR_UNSPEAKABLE] = { 400, ALERT_HANDSHAKE_FAILURE, "tls_protocol_error",
			"The client's TLS has no version, suite or key type in common with this "
			"proxy, or it "
			"wants no HTTP/1.1." },
		[DOOR_NOT_TLS] = { 400, ALERT_DECODE_ERROR, "tls_protocol_error",
			"What the client speaks to %s is no TLS, and can't be inspected." },
		[DOOR_LOOP] = { 502, ALERT_INTERNAL_ERROR, "proxy_loop_detected",
			"The address of %s is this proxy itself." },
		[DOOR_PRIVATE] = { 403, ALERT_ACCESS_DENIED, "destination_ip_prohibited",
			"The address of %s is not to be reached through this proxy" },
		[DOOR_MISDIRECTED] = { 400, ALERT_UNRECOGNIZED_NAME, "http_request_error",
			"The request is for another host than %s, which this connection leads "
			"to." },
	};

	return &words[a];
}

const char *
door_reason_text(enum door_reason r)
{
	switch (r) {
	case REASON_CLIENT_TLS: return "the client's TLS can't be inspected";
	case REASON_CLIENT_SPEAKS: return "the client speaks no TLS";
	case REASON_CLIENT_WAITS: return "the client waits for the server to speak";
	case REASON_ORIGIN: return "the origin's TLS can't be inspected";
	case REASON_CERTIFICATE: return "the origin's certificate was refused";
	case REASON_RULE:
	case REASON_NONE: break;
	}
	return "";
}
