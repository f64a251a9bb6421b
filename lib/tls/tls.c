/*
 * tls: BearSSL engines with one profile.  See tls.h.
 *
 * br_ssl_client_init_full and its like are not used: they turn on TLS 1.0, 3DES and static RSA.  Every
 * handshake starts from a zeroed context, since br_ssl_*_reset keeps the last peer's maximum fragment length.
 */
#include "lib/tls/tls.h"

#include <string.h>
#include "lib/base/pool.h"
#include "lib/curve/bear.h"
#include "lib/tls/bear_rsa.h"

enum {
	TLS_CHANGE_CIPHER_SPEC = 20,
	TLS_HANDSHAKE = 22,
	TLS_SERVER_HELLO = 2, /* RFC 5246 section 7.4 */
	TLS_CERTIFICATE = 11,
	TLS_SERVER_KEY_EXCHANGE = 12,
	TLS_RECORD_HEAD = 5,
	TLS_MESSAGE_HEAD = 4,
	TLS_LOG_MAX_FRAGMENT = 14,
	TLS_ENGINE_INOUT = 3 /* BearSSL's BR_IO_INOUT, which its public headers do not name */
};

/* AES-GCM first where the CPU helps, ChaCha20 first where it does not: on a MIPS 24Kc they cost 240 and 37
 * instructions a byte.  An origin with an RSA key shows it in the suite, so both kinds are offered there. */
static const uint16_t suites_client_aes[] = {
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
};
static const uint16_t suites_client_chacha[] = {
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
};
/* The last one wants SHA-384. */
static const uint16_t suites_server_aes[] = {
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
};
static const uint16_t suites_server_chacha[] = {
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
};

static br_ssl_engine_context *
tls_engine(struct tls *t)
{
	return t->is_server ? &t->u.server.eng : &t->u.client.eng;
}

static const br_ssl_engine_context *
tls_engine_const(const struct tls *t)
{
	return t->is_server ? &t->u.server.eng : &t->u.client.eng;
}

static bool
tls_cpu_has_aes(void)
{
	return br_aes_x86ni_ctr_get_vtable() != NULL || br_aes_pwr8_ctr_get_vtable() != NULL;
}

/* What both roles have in common. */
static void
tls_set_profile(
	struct tls *t, const unsigned char seed[TLS_SEED], unsigned char *in, unsigned char *out)
{
	br_ssl_engine_context *eng = tls_engine(t);

	br_ssl_engine_set_versions(eng, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_hash(eng, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(eng, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(eng, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_prf_sha256(eng, &br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(eng, &br_tls12_sha384_prf);
	br_ssl_engine_set_default_aes_gcm(eng);
	br_ssl_engine_set_default_chapol(eng);
	br_ssl_engine_set_ec(eng, &bear_ec);
	t->alpn[0] = "http/1.1";
	br_ssl_engine_set_protocol_names(eng, t->alpn, 1);
	br_ssl_engine_add_flags(eng, BR_OPT_NO_RENEGOTIATION | BR_OPT_FAIL_ON_ALPN_MISMATCH);
	br_ssl_engine_set_buffers_bidi(eng, in, TLS_IN, out, TLS_OUT);
	/* Else the client would announce max_fragment_length for the small output buffer, which some
	 * origins refuse. */
	eng->log_max_frag_len = TLS_LOG_MAX_FRAGMENT;
	/* Our seed alone: BearSSL's own seeder trusts RDRAND, which is stuck on some CPUs.  What
	 * br_ssl_engine_inject_entropy would do, without starting the generator from nothing first. */
	br_hmac_drbg_init(&eng->rng, &br_sha256_vtable, seed, TLS_SEED);
	eng->rng_init_done = 2;
	eng->rng_os_rand_done = 1;
	t->framed = true;
}

enum { HELLO_RANDOM = 5 + 4 + 2 + 32, EXTENSION_GROUPS = 10 };

static size_t
get16(const unsigned char *p)
{
	return (size_t)p[0] << 8 | p[1];
}

/* The list in the supported_groups extension of our own ClientHello record; NULL if it is not as expected. */
static unsigned char *
tls_find_groups(unsigned char *record, size_t len, size_t *list_len)
{
	size_t at = HELLO_RANDOM, end;

	if (len < at + 1 || len < (at += 1 + (size_t)record[at]) + 2) /* session ID */
		return NULL;
	at += 2 + get16(record + at);                                 /* suites */
	if (len < at + 1 || len < (at += 1 + (size_t)record[at]) + 2) /* compression */
		return NULL;
	end = at + 2 + get16(record + at);
	if (end != len)
		return NULL;
	for (at += 2; at + 6 <= end; at += 4 + get16(record + at + 2)) {
		if (get16(record + at) != EXTENSION_GROUPS)
			continue;
		*list_len = get16(record + at + 4);
		return at + 6 + *list_len <= end ? record + at + 6 : NULL;
	}
	return NULL;
}

/*
 * Puts X25519 before the other groups of the ClientHello that waits to be sent.  BearSSL 0.6 means to (see its
 * ssl_hs_client.t0) but tests the wrong word and sends them by number, so that origins which follow the client
 * take P-256, at three times the instructions.  Nothing but this hello was hashed yet: the hash starts anew.
 */
static void
tls_prefer_x25519(br_ssl_engine_context *eng)
{
	size_t len, list_len;
	unsigned char *record = br_ssl_engine_sendrec_buf(eng, &len), *list;

	list = record != NULL ? tls_find_groups(record, len, &list_len) : NULL;
	if (list == NULL)
		return;
	for (size_t i = 0; i + 2 <= list_len; i += 2)
		if (get16(list + i) == BR_EC_curve25519) {
			memmove(list + 2, list, i);
			list[0] = 0;
			list[1] = BR_EC_curve25519;
		}
	br_multihash_init(&eng->mhash);
	br_multihash_update(&eng->mhash, record + TLS_RECORD_HEAD, len - TLS_RECORD_HEAD);
}

/*
 * Which hashes run over the handshake with an origin from here on.  Our hello offers all three for signatures, but
 * the only signature there is, of the ServerKeyExchange, is over a hash of its own, which BearSSL takes from those
 * that it has while that message comes.  The handshake's own hash is for Finished alone: SHA-384 if the
 * ServerHello says so, else SHA-256.  So the origin's certificates are hashed once and not three times.  A hash that
 * missed a message is never asked for; if it were, Finished would not fit.
 */
static void
tls_choose_hashes(struct tls *t)
{
	br_ssl_engine_context *eng = &t->u.client.eng;
	uint16_t suite = eng->session.cipher_suite;
	bool signature = t->message_type == TLS_SERVER_KEY_EXCHANGE;
	bool sha384 = t->message_type <= TLS_SERVER_HELLO || /* not known yet */
		      suite == BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 ||
		      suite == BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384;

	br_ssl_engine_set_hash(eng, br_sha384_ID, signature || sha384 ? &br_sha384_vtable : NULL);
	br_ssl_engine_set_hash(eng, br_sha512_ID, signature ? &br_sha512_vtable : NULL);
}

/* --- sessions as bytes: ID length, ID, version, suite, master secret --- */

enum { SESSION_AT_VERSION = 1 + 32, SESSION_AT_SECRET = SESSION_AT_VERSION + 4 };

/* One without an ID can't be resumed, and is none. */
static void
session_write(struct tls_session *to, const br_ssl_session_parameters *from)
{
	const unsigned char numbers[4] = { (unsigned char)(from->version >> 8),
		(unsigned char)from->version, (unsigned char)(from->cipher_suite >> 8),
		(unsigned char)from->cipher_suite };

	to->len = from->session_id_len > 0 ? SESSION_AT_SECRET + sizeof from->master_secret : 0;
	to->bytes[0] = from->session_id_len;
	memcpy(to->bytes + 1, from->session_id, sizeof from->session_id);
	memcpy(to->bytes + SESSION_AT_VERSION, numbers, sizeof numbers);
	memcpy(to->bytes + SESSION_AT_SECRET, from->master_secret, sizeof from->master_secret);
}

static void
session_read(const struct tls_session *from, br_ssl_session_parameters *to)
{
	const unsigned char *numbers = from->bytes + SESSION_AT_VERSION;

	to->session_id_len = from->bytes[0];
	memcpy(to->session_id, from->bytes + 1, sizeof to->session_id);
	to->version = (uint16_t)(numbers[0] << 8 | numbers[1]);
	to->cipher_suite = (uint16_t)(numbers[2] << 8 | numbers[3]);
	memcpy(to->master_secret, from->bytes + SESSION_AT_SECRET, sizeof to->master_secret);
}

static void
cache_save(const br_ssl_session_cache_class **ctx, br_ssl_server_context *server,
	const br_ssl_session_parameters *params)
{
	const struct tls_cache *cache = (const void *)ctx;
	struct tls_session session;

	(void)server;
	if (params->session_id_len != SESSION_ID)
		return;
	session_write(&session, params);
	session_save(cache->tie, params->session_id, &session);
	pool_wipe(&session, sizeof session);
}

/* BearSSL looks for a session's suite among the client's only: one that this engine is not to use, or has no
 * hash for, must be unknown here. */
static bool
suite_is_offered(const br_ssl_server_context *server, uint16_t suite)
{
	for (unsigned i = 0; i < server->eng.suites_num; i++)
		if (server->eng.suites_buf[i] == suite)
			return true;
	return false;
}

/* The session ID of a resumption is a peer's; only its length is BearSSL's word. */
static int
cache_load(const br_ssl_session_cache_class **ctx, br_ssl_server_context *server,
	br_ssl_session_parameters *params)
{
	const struct tls_cache *cache = (const void *)ctx;
	struct tls_session session;
	br_ssl_session_parameters found;
	bool good;

	if (params->session_id_len != SESSION_ID ||
		!session_load(cache->tie, params->session_id, &session))
		return 0;
	session_read(&session, &found);
	good = suite_is_offered(server, found.cipher_suite);
	if (good)
		*params = found;
	pool_wipe(&session, sizeof session);
	pool_wipe(&found, sizeof found);
	return good;
}

static const br_ssl_session_cache_class cache_class = { sizeof(struct tls_cache), cache_save,
	cache_load };

/* --- starting --- */

void
tls_collect(struct tls *t, struct chain *chain)
{
	br_ssl_engine_set_x509(tls_engine(t), &chain->vtable);
}

void
tls_start_client(struct tls *t, const char *sni, const struct tls_session *session,
	struct chain *chain, const unsigned char seed[TLS_SEED], unsigned char *in,
	unsigned char *out)
{
	br_ssl_engine_context *eng = &t->u.client.eng;

	tls_reset(t);
	br_ssl_client_zero(&t->u.client);
	tls_set_profile(t, seed, in, out);
	if (tls_cpu_has_aes())
		br_ssl_engine_set_suites(eng, suites_client_aes,
			sizeof suites_client_aes / sizeof *suites_client_aes);
	else
		br_ssl_engine_set_suites(eng, suites_client_chacha,
			sizeof suites_client_chacha / sizeof *suites_client_chacha);
	br_ssl_engine_set_ecdsa(eng, bear_ecdsa_verify);
	br_ssl_engine_set_rsavrfy(eng, bear_rsa_verify);
	if (chain != NULL)
		tls_collect(t, chain);
	if (session != NULL) {
		br_ssl_session_parameters params;

		session_read(session, &params);
		br_ssl_engine_set_session_parameters(eng, &params);
		pool_wipe(&params, sizeof params);
	}
	br_ssl_client_reset(&t->u.client, sni, session != NULL);
	tls_choose_hashes(t);
	tls_prefer_x25519(eng);
}

void
tls_session(const struct tls *t, struct tls_session *session)
{
	br_ssl_session_parameters params;

	br_ssl_engine_get_session_parameters(tls_engine_const(t), &params);
	session_write(session, &params);
	pool_wipe(&params, sizeof params);
}

/* The first `count` of the suites that a client may choose from. */
static void
tls_set_server_suites(br_ssl_engine_context *eng, size_t count)
{
	br_ssl_engine_set_suites(
		eng, tls_cpu_has_aes() ? suites_server_aes : suites_server_chacha, count);
}

void
tls_start_server(struct tls *t, const unsigned char *leaf, size_t leaf_len,
	const br_ec_private_key *key, const struct session_tie *tie,
	const unsigned char seed[TLS_SEED], unsigned char *in, unsigned char *out)
{
	br_ssl_server_context *sc = &t->u.server;

	tls_reset(t);
	t->is_server = true;
	br_ssl_server_zero(sc);
	tls_set_profile(t, seed, in, out);
	tls_set_server_suites(&sc->eng, sizeof suites_server_aes / sizeof *suites_server_aes);
	br_ssl_engine_add_flags(&sc->eng, BR_OPT_ENFORCE_SERVER_PREFERENCES);
	/* BearSSL does not write to it. */
	t->leaf.data = (unsigned char *)(uintptr_t)leaf;
	t->leaf.data_len = leaf_len;
	br_ssl_server_set_single_ec(
		sc, &t->leaf, 1, key, BR_KEYTYPE_SIGN, BR_KEYTYPE_EC, &bear_ec, bear_ecdsa_sign);
	if (tie != NULL) {
		t->cache = (struct tls_cache){ &cache_class, tie };
		br_ssl_server_set_cache(sc, &t->cache.vtable);
	}
	br_ssl_server_reset(sc);
}

void
tls_limit_to_sha256(struct tls *t)
{
	br_ssl_engine_context *eng = &t->u.server.eng;

	tls_set_server_suites(eng, sizeof suites_server_aes / sizeof *suites_server_aes - 1);
	br_ssl_engine_set_hash(eng, br_sha384_ID, NULL);
	br_ssl_engine_set_hash(eng, br_sha512_ID, NULL);
}

unsigned char *
tls_recv_buf(struct tls *t, size_t *len)
{
	unsigned char *buf = br_ssl_engine_recvrec_buf(tls_engine(t), len);

	if (buf == NULL || !t->framed || t->head_have < TLS_RECORD_HEAD ||
		t->record_type != TLS_HANDSHAKE)
		return buf;
	/* The engine works on clear bytes as they come, so a limit is all that is needed. */
	if (t->message_have < TLS_MESSAGE_HEAD) {
		if (*len > (size_t)(TLS_MESSAGE_HEAD - t->message_have))
			*len = (size_t)(TLS_MESSAGE_HEAD - t->message_have);
	} else if (*len > t->message_left) {
		*len = t->message_left;
	}
	return buf;
}

/* One byte of a message header.  An empty message is complete with its header. */
static void
tls_count_message_head(struct tls *t, unsigned char byte)
{
	if (t->message_have == 0) {
		t->message_type = byte;
		t->message_left = 0;
	} else {
		t->message_left = t->message_left << 8 | byte;
	}
	if (++t->message_have == TLS_MESSAGE_HEAD && t->message_left == 0)
		t->message_have = 0;
}

/* One byte of a message's header, or as much as is there of its body.  Returns how much that was. */
static size_t
tls_count_message(struct tls *t, const unsigned char *data, size_t len)
{
	if (t->message_have < TLS_MESSAGE_HEAD) {
		tls_count_message_head(t, *data);
		return 1;
	}
	if (len > t->message_left)
		len = t->message_left;
	t->message_left -= (uint32_t)len;
	if (t->message_left == 0)
		t->message_have = 0;
	return len;
}

/* One byte of a record's header. */
static void
tls_count_head(struct tls *t, unsigned char byte)
{
	if (t->head_have == 0)
		t->record_type = byte;
	else if (t->head_have >= 3)
		t->record_left = (uint16_t)(t->record_left << 8 | byte);
	t->head_have++;
	if (t->head_have == TLS_RECORD_HEAD && t->record_left == 0)
		t->head_have = 0;
}

/* Follows clear records and the handshake messages in them. */
static void
tls_count(struct tls *t, const unsigned char *data, size_t len)
{
	for (size_t n; len > 0; data += n, len -= n) {
		if (t->head_have < TLS_RECORD_HEAD) {
			n = 1;
			tls_count_head(t, *data);
			continue;
		}
		/* What follows a ChangeCipherSpec is encrypted.  Its content counts, not its header: BearSSL
		 * passes over empty records of any type. */
		if (t->record_type == TLS_CHANGE_CIPHER_SPEC) {
			t->framed = false;
			return;
		}
		n = len < t->record_left ? len : t->record_left;
		if (t->record_type == TLS_HANDSHAKE)
			n = tls_count_message(t, data, n);
		t->record_left = (uint16_t)(t->record_left - n);
		if (t->record_left == 0)
			t->head_have = 0;
	}
}

void
tls_recv_ack(struct tls *t, size_t len)
{
	br_ssl_engine_context *eng = tls_engine(t);
	size_t room;
	const unsigned char *data = br_ssl_engine_recvrec_buf(eng, &room);
	size_t high = (size_t)(data - eng->ibuf) + len;

	if (high > t->in_high)
		t->in_high = (uint16_t)high;
	if (t->framed)
		tls_count(t, data, len);
	if (t->framed && !t->is_server)
		tls_choose_hashes(t);
	br_ssl_engine_recvrec_ack(eng, len);
}

bool
tls_recv_is_heavy(const struct tls *t)
{
	if (!t->framed || t->head_have < TLS_RECORD_HEAD || t->record_type != TLS_HANDSHAKE)
		return false;
	/* ServerHelloDone is all header and sets two operations going: be ready once it may come, that is
	 * when message_type, of the last message still, is ServerKeyExchange or CertificateRequest. */
	if (t->message_have < TLS_MESSAGE_HEAD)
		return t->message_type >= TLS_SERVER_KEY_EXCHANGE;
	return t->message_type != TLS_SERVER_HELLO && t->message_type != TLS_CERTIFICATE;
}

unsigned char *
tls_send_buf(struct tls *t, size_t *len)
{
	return br_ssl_engine_sendrec_buf(tls_engine(t), len);
}

void
tls_send_ack(struct tls *t, size_t len)
{
	br_ssl_engine_context *eng = tls_engine(t);

	/* A record ends at oxc and hid its plaintext there before it was encrypted. */
	if (eng->oxc > t->out_high)
		t->out_high = (uint16_t)eng->oxc;
	br_ssl_engine_sendrec_ack(eng, len);
}

unsigned char *
tls_peek(struct tls *t, size_t *len)
{
	return br_ssl_engine_recvapp_buf(tls_engine(t), len);
}

void
tls_take(struct tls *t, size_t len)
{
	/* BearSSL would take 0 bytes of nothing for the end of a record, and lose its place. */
	if (len > 0)
		br_ssl_engine_recvapp_ack(tls_engine(t), len);
}

unsigned char *
tls_room(struct tls *t, size_t *len)
{
	return br_ssl_engine_sendapp_buf(tls_engine(t), len);
}

void
tls_put(struct tls *t, size_t len)
{
	if (len > 0)
		br_ssl_engine_sendapp_ack(tls_engine(t), len);
}

void
tls_flush(struct tls *t)
{
	br_ssl_engine_flush(tls_engine(t), 0);
}

void
tls_close(struct tls *t)
{
	size_t len;

	/* Once it closes, the engine gives out no data, and reads no record while there is some. */
	if (tls_peek(t, &len) != NULL)
		tls_take(t, len);
	br_ssl_engine_flush(tls_engine(t), 0);
	br_ssl_engine_close(tls_engine(t));
}

bool
tls_is_open(const struct tls *t)
{
	return tls_engine_const(t)->application_data == 1;
}

bool
tls_is_ended(const struct tls *t)
{
	const br_ssl_engine_context *eng = tls_engine_const(t);

	return eng->shutdown_recv ||
	       (br_ssl_engine_current_state(eng) == BR_SSL_CLOSED && eng->err == BR_ERR_OK);
}

bool
tls_is_closed(const struct tls *t)
{
	return br_ssl_engine_current_state(tls_engine_const(t)) == BR_SSL_CLOSED;
}

int
tls_error(const struct tls *t)
{
	return br_ssl_engine_last_error(tls_engine_const(t));
}

/* Alerts by their number, RFC 5246 section 7.2 and RFC 8446 section 6. */
enum {
	ALERT_HANDSHAKE_FAILURE = 40,
	ALERT_PROTOCOL_VERSION = 70,
	ALERT_INSUFFICIENT_SECURITY = 71,
	ALERT_INTERNAL_ERROR = 80,
	ALERT_INAPPROPRIATE_FALLBACK = 86,
	ALERT_UNRECOGNIZED_NAME = 112,
	ALERT_CERTIFICATE_REQUIRED = 116,
	ALERT_NO_APPLICATION_PROTOCOL = 120,
};

const char *
tls_error_text(int error)
{
	switch (error) {
	case BR_ERR_OK: return "it ended the connection during the handshake";
	case BR_ERR_RECV_FATAL_ALERT + ALERT_PROTOCOL_VERSION:
		return "it speaks no TLS version that this proxy speaks (TLS 1.2)";
	case BR_ERR_RECV_FATAL_ALERT + ALERT_HANDSHAKE_FAILURE:
	case BR_ERR_RECV_FATAL_ALERT + ALERT_INSUFFICIENT_SECURITY:
		return "it shares no cipher suite or key type with this proxy";
	case BR_ERR_RECV_FATAL_ALERT + ALERT_UNRECOGNIZED_NAME:
		return "it does not know this host name";
	case BR_ERR_RECV_FATAL_ALERT + ALERT_NO_APPLICATION_PROTOCOL:
		return "it does not speak HTTP/1.1";
	case BR_ERR_RECV_FATAL_ALERT + ALERT_CERTIFICATE_REQUIRED:
		return "it wants a certificate from the client";
	case BR_ERR_UNSUPPORTED_VERSION: return "it chose a TLS version that is not safe";
	case BR_ERR_BAD_CIPHER_SUITE: return "it chose a cipher suite that was not offered";
	case BR_ERR_BAD_SIGNATURE: return "its key exchange is not signed by its certificate's key";
	case BR_ERR_INVALID_ALGORITHM:
	case BR_ERR_WRONG_KEY_USAGE:
	case BR_ERR_X509_UNSUPPORTED:
	case BR_ERR_X509_WRONG_KEY_TYPE: return "its key is of a type that this proxy can't use";
	case BR_ERR_BAD_MAC:
	case BR_ERR_BAD_FINISHED: return "what it sent was altered on the way";
	case BR_ERR_BAD_VERSION: return "what it sent is no TLS";
	default: break;
	}
	if (error > BR_ERR_SEND_FATAL_ALERT)
		return "it broke the rules of TLS";
	if (error > BR_ERR_RECV_FATAL_ALERT)
		return "it refused the connection with a TLS alert";
	return "what it sent breaks the rules of TLS";
}

bool
tls_error_is_alert(int error)
{
	return error > BR_ERR_RECV_FATAL_ALERT && error < BR_ERR_SEND_FATAL_ALERT;
}

bool
tls_error_is_uninspectable(int error)
{
	switch (error) {
	case BR_ERR_RECV_FATAL_ALERT + ALERT_PROTOCOL_VERSION:
	case BR_ERR_RECV_FATAL_ALERT + ALERT_HANDSHAKE_FAILURE:
	case BR_ERR_RECV_FATAL_ALERT + ALERT_INSUFFICIENT_SECURITY:
	case BR_ERR_RECV_FATAL_ALERT + ALERT_CERTIFICATE_REQUIRED:
	case BR_ERR_RECV_FATAL_ALERT + ALERT_NO_APPLICATION_PROTOCOL:
	case BR_ERR_X509_UNSUPPORTED:
	case BR_ERR_X509_WRONG_KEY_TYPE:
	case BR_ERR_WRONG_KEY_USAGE: return true;
	default: return false;
	}
}

bool
tls_may_park(const struct tls *t)
{
	const br_ssl_engine_context *eng = tls_engine_const(t);

	return eng->iomode == TLS_ENGINE_INOUT && eng->err == BR_ERR_OK &&
	       eng->application_data == 1 && eng->incrypt && !eng->shutdown_recv && eng->ixa == 0 &&
	       eng->ixb == 0 && eng->ixc == 5 && eng->oxa == eng->oxc && eng->oxa < eng->oxb &&
	       eng->ibuf != eng->obuf;
}

void
tls_unpark(struct tls *t, unsigned char *in, unsigned char *out)
{
	br_ssl_engine_context *eng = tls_engine(t);

	/* Never br_ssl_engine_set_buffers_bidi: it would clear the cipher. */
	eng->ibuf = in;
	eng->obuf = out;
	t->in_high = t->out_high = 0;
}

void
tls_reset(struct tls *t)
{
	uint16_t in_high = t->in_high, out_high = t->out_high;

	pool_wipe(t, sizeof *t);
	t->in_high = in_high;
	t->out_high = out_high;
}
