/*
 * inspect: the two TLS handshakes of an inspected connection and what lies between them.
 *
 * The states hello, origin, verify, mint and client, in that order (see conn.h): whom the client means, whether the
 * origin is that, and who we are towards the client.  Nothing of a request goes to an origin before verify has
 * said yes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "conn/steps.h"
#include "lib/x509/anchors.h"
#include "lib/tls/hello.h"
#include "lib/tls/leg.h"
#include "lib/base/log.h"
#include "lib/base/seed.h"
#include "lib/tls/tls.h"

enum {
	HANDSHAKE_ROUNDS =
		64 /* pieces of a handshake in one turn: more than an honest flight has */
};

/* --- hello: who does the client think it talks to? -------------------------- */

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

enum conn_state
conn_refuse_hello(struct conn *c, unsigned char alert, const char *why)
{
	(void)conn_fail(c, PAGE_TLS, 400, "tls_protocol_error", "%s", why);
	return conn_alert(c, alert);
}

/*
 * A redirected client names its origin.  We look the name up ourselves and connect to what it says, not to the
 * address that the client had: so the name is no mere assertion and decides as in a CONNECT.  An address that
 * is blocked stays blocked.
 */
static void
conn_take_sni(struct conn *c, const char *sni)
{
	struct policy_client client = conn_client(c);
	struct verdict v;

	snprintf(c->host, sizeof c->host, "%s", sni);
	snprintf(c->name, sizeof c->name, "%s", sni);
	c->is_ip = false;
	conn_begin_tls(c);
	if (c->block)
		return;
	policy_judge_host(proxy.policy, &client, c->host, &v);
	conn_take_verdict(c, &v);
}

static enum conn_state
conn_take_hello(struct conn *c, const struct hello *h)
{
	struct policy_client client = conn_client(c);
	struct verdict by_address, by_name;

	if (h->sni[0] != '\0' && c->original.family != 0)
		conn_take_sni(c, h->sni);
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
	/* From here on we would forge; a CONNECT was refused in clear where that can't be. */
	if (c->block && !proxy.config.inspect)
		return conn_refuse_hello(c, ALERT_ACCESS_DENIED, "It is blocked here.");
	if (!cert_clock_is_trusted(proxy.cert, proxy.wall))
		return conn_refuse_hello(c, ALERT_INTERNAL_ERROR,
			"This router's clock is not set yet, so no certificate can be judged.");
	if (!hello_is_speakable(h)) {
		if (!c->block && proxy.config.uninspectable == CONFIG_UNINSPECTABLE_TUNNEL)
			return conn_seek(c, FOR_TUNNEL);
		return conn_refuse_hello(c, ALERT_HANDSHAKE_FAILURE,
			"The client speaks no TLS 1.2 with ECDSA, or no HTTP/1.1.");
	}
	return c->block ? conn_blocked(c) : conn_seek(c, FOR_INSPECTION);
}

enum conn_state
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
		c->sha256 = hello.sha256;
		return conn_take_hello(c, &hello);
	}
	if (n == 0 && len < HELLO_WIRE_MAX)
		return C_HELLO;
	if (n < 0 && hello.error == HELLO_NOT_TLS && !c->block && !c->inspect)
		return conn_seek(c, FOR_TUNNEL);
	return conn_refuse_hello(
		c, ALERT_DECODE_ERROR, hello_error_text(n < 0 ? hello.error : HELLO_TOO_LARGE));
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

/* The session to offer to the origin, or NULL.  A resumed one shows no certificate, so the leaf for the client
 * must be at hand already. */
static const br_ssl_session_parameters *
conn_find_session(struct conn *c)
{
	const struct origin_session *s;

	conn_make_origin_key(c);
	s = origins_find(cert_origins(proxy.cert), c->origin_key, proxy.wall);
	if (s == NULL)
		return NULL;
	c->leaf_len = (uint16_t)cert_leaf_again(
		proxy.cert, s->leaf, proxy.wall, conn_leaf(c), CERT_LEAF_MAX);
	c->offered = c->leaf_len > 0;
	return c->offered ? &s->params : NULL;
}

/* Only a session whose chain was found good just now is worth another time. */
static void
conn_save_session(struct conn *c)
{
	br_ssl_session_parameters params;
	unsigned char hash[ORIGINS_HASH];
	size_t len;
	const unsigned char *leaf = chain_leaf(c->chain, &len);

	anchors_hash(hash, &(struct der){ .p = leaf, .len = len });
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
	const br_ssl_session_parameters *session = c->fresh ? NULL : conn_find_session(c);

	pair_secure_origin(&c->pair, named ? c->name : NULL, session, NULL, make_seed(seed));
	pool_wipe(seed, sizeof seed);
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

		if (pumped == LEG_HEAVY && conn_may_work(c))
			pumped = leg_pump(l, true, true);
		if (pumped != LEG_MOVED)
			return;
	}
	proxy.again = true;
}

enum conn_state
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

enum conn_state
step_verify(struct conn *c)
{
	if (!c->checking) {
		cert_check_start(proxy.cert, c->chain, c->name, proxy.wall);
		/* Of the trust that this check holds, whatever is loaded meanwhile. */
		conn_make_origin_key(c);
		c->checking = true;
	}
	if (!conn_may_work(c))
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

enum conn_state
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
	if (!leg_is_drained(&c->pair.client) || (!c->resumed && !conn_may_work(c)))
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
	if (c->sha256)
		tls_limit_to_sha256(&c->pair.client_tls);
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

		if (tls_recv_is_heavy(&c->pair.client_tls) && !conn_may_work(c))
			return;
		n = leg_replay(&c->pair.client, conn_hello(c) + c->hello_sent,
			(size_t)(c->hello_len - c->hello_sent));
		if (n == 0)
			return;
		c->hello_sent += (uint16_t)n;
	}
}

enum conn_state
step_client(struct conn *c)
{
	conn_replay_hello(c);
	if (c->hello_sent == c->hello_len)
		conn_pump_handshake(&c->pair.client, c);
	else
		leg_pump(&c->pair.client, false, false);
	if (tls_is_open(&c->pair.client_tls)) {
		size_t high = c->relay.high; /* of the CONNECT; the hello lies over it */

		pool_wipe(conn_leaf(c), CERT_LEAF_MAX); /* and any that was there before */
		relay_start(&c->relay, (char *)c->pair.buffers->scratch);
		c->relay.high = high > c->hello_len ? high : c->hello_len;
		return C_EXCHANGE;
	}
	if (!leg_is_failed(&c->pair.client) && !tls_is_closed(&c->pair.client_tls))
		return C_CLIENT;
	/* Mostly a client that does not know our CA, or pins its own certificate. */
	return conn_fail(c, PAGE_TLS, 400, "tls_alert_received",
		"The client did not accept our certificate for %s: %s.", c->name,
		leg_failure_text(&c->pair.client));
}
