/*
 * tls: one BearSSL engine with this project's profile: TLS 1.2 only, ECDHE with AEAD, no renegotiation,
 * ALPN http/1.1.  A client engine towards an origin or a server engine towards a client.
 *
 * Owns the engine's context and, while it has them, two buffers that the caller lends.  An idle engine
 * gives its buffers back (tls_park) and takes others later (tls_unpark).  Knows nothing of sockets.
 * Before encryption starts tls_push_* lets through one handshake message a call, so that no call does more
 * than BearSSL's worst single step.
 */
#ifndef TLS_H
#define TLS_H

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chain.h"
#include "session.h"

enum {
	TLS_IN = BR_SSL_BUFSIZE_INPUT, /* 16,709: a peer may always send full records */
	TLS_OUT = 4096 + 85            /* our records carry up to 4 KiB */
};

struct tls {
	union {
		br_ssl_client_context client;
		br_ssl_server_context server;
	} u;
	bool is_server;
	bool parked;
	bool framed;           /* pushes are cut into single messages (until encryption starts) */
	uint16_t record_left;  /* of the peer's record, bytes not yet given to the engine */
	uint16_t message_left; /* of the peer's handshake message, likewise */
	uint8_t head[5], head_len;       /* the peer's record header as it comes */
	uint8_t message[4], message_len; /* the handshake message's header as it comes */
	const char *alpn[1];
};

#endif
