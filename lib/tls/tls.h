/*
 * tls: one BearSSL engine with this project's profile: TLS 1.2 only, ECDHE with AEAD suites, SHA-2, no
 * renegotiation, ALPN "http/1.1".  A client engine towards an origin or a server engine towards a client.
 *
 * Owns the engine's context; the two record buffers are lent by the caller, and an idle engine does without
 * (tls_park, tls_unpark).  Knows nothing of sockets: records come and go by tls_recv_* and tls_send_*.
 * Until encryption starts no tls_recv_buf reaches over the end of a handshake message, so that one call
 * does the work of one message and no more.
 */
#ifndef TLS_H
#define TLS_H

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/x509/chain.h"
#include "lib/tls/session.h"

enum {
	TLS_IN =
		BR_SSL_BUFSIZE_INPUT, /* 16,709: a peer may send full records whatever we ask for */
	TLS_OUT = 4096 + 85, /* our records carry 4 KiB: 2 % overhead, an eighth of the memory */
	TLS_SEED = 32        /* bytes of entropy an engine starts from */
};

/* What BearSSL is given in place of a session cache. */
struct tls_cache {
	const br_ssl_session_cache_class *vtable; /* must stay first */
	const struct session_tie *tie;
};

struct tls { /* zeroed before its first use */
	union {
		br_ssl_client_context client;
		br_ssl_server_context server;
	} u;
	br_x509_certificate
		leaf; /* server: what it shows; the bytes are the caller's until tls_is_open */
	struct tls_cache cache;
	const char *alpn[2];
	bool is_server;
	bool framed;          /* no encryption from the peer yet: messages are counted */
	uint8_t head_have;    /* bytes of the present record header seen, 0..5 */
	uint8_t message_have; /* bytes of the present handshake message's header seen, 0..4 */
	uint8_t record_type, message_type;
	uint16_t record_left;  /* bytes of the present record to come */
	uint32_t message_left; /* bytes of the present message's body to come */
	uint16_t in_high,
		out_high; /* bytes of the lent buffers that were written: what must be wiped */
};

/*
 * Starts a handshake with an origin: in[TLS_IN] and out[TLS_OUT] are lent.  sni: the name to send, or NULL
 * (an address).  session: one that is offered again, or NULL; if the origin agrees, it shows no certificate.  The
 * chain collects what the origin shows; it must live until tls_is_open.  NULL: tls_collect names it before the
 * first record is given to the engine.
 */
void tls_start_client(struct tls *t, const char *sni, const struct tls_session *session,
	struct chain *chain, const unsigned char seed[TLS_SEED], unsigned char *in,
	unsigned char *out);

void tls_collect(struct tls *t, struct chain *chain);

/* An open session, as bytes; they hold its secret. */
void tls_session(const struct tls *t, struct tls_session *session);

/* Starts a handshake with a client, showing one leaf.  tie: sessions that may be resumed, or NULL. */
void tls_start_server(struct tls *t, const unsigned char *leaf, size_t leaf_len,
	const br_ec_private_key *key, const struct session_tie *tie,
	const unsigned char seed[TLS_SEED], unsigned char *in, unsigned char *out);

/* Right after tls_start_server, for a client whose hello says that SHA-256 is enough (struct hello): no other hash
 * is run over the handshake, and no suite that wants one is chosen. */
void tls_limit_to_sha256(struct tls *t);

/* Records from the peer: where to put them, at most *len bytes; NULL: none are wanted now. */
unsigned char *tls_recv_buf(struct tls *t, size_t *len);
void tls_recv_ack(struct tls *t, size_t len);

/* True if the bytes that tls_recv_buf asks for may end in a public-key operation. */
bool tls_recv_is_heavy(const struct tls *t);

/* Records for the peer: *len bytes to send; NULL: none. */
unsigned char *tls_send_buf(struct tls *t, size_t *len);
void tls_send_ack(struct tls *t, size_t len);

/* Application data received, and room for data to send; NULL: none. */
unsigned char *tls_peek(struct tls *t, size_t *len);
void tls_take(struct tls *t, size_t len);
unsigned char *tls_room(struct tls *t, size_t *len);
void tls_put(struct tls *t, size_t len);

/* Makes a record of what was put so far. */
void tls_flush(struct tls *t);

/* Sends a close_notify after what was put; the peer's data is thrown away from now on. */
void tls_close(struct tls *t);

/* The handshake is done: application data may flow. */
bool tls_is_open(const struct tls *t);

/* The peer said close_notify. */
bool tls_is_ended(const struct tls *t);

/* No more records come or go: after a failure (tls_error) or a complete close. */
bool tls_is_closed(const struct tls *t);

/* 0, or BearSSL's error code: a BR_ERR_*, 256 + alert received, 512 + alert sent. */
int tls_error(const struct tls *t);

/* The peer refused with an alert. */
bool tls_error_is_alert(int error);

/* The error in words: "the server speaks no TLS version that we speak". */
const char *tls_error_text(int error);

/* True if the peer's TLS is sound but of a kind that this engine does not have (TLS 1.3 only, Ed25519, ...). */
bool tls_error_is_uninspectable(int error);

/* True if nothing is in the buffers, so that they may be taken away. */
bool tls_may_park(const struct tls *t);

/* Other buffers of the same sizes for an engine that tls_may_park said yes to.  No other call in between. */
void tls_unpark(struct tls *t, unsigned char *in, unsigned char *out);

/* Wipes everything: keys and what the context holds of the session.  in_high and out_high stay, for the
 * buffers are the caller's and still as they were. */
void tls_reset(struct tls *t);

#endif
