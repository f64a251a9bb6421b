/*
 * shake: a handshake under way: what its two roles and the engine share.  Included within lib/tls/ only.
 *
 * Lies at the end of the engine's `out` buffer and is wiped as soon as the engine is open.
 */
#ifndef SHAKE_H
#define SHAKE_H

#include "lib/tls/engine.h"
#include "lib/tls/extension.h"
#include "lib/tls/schedule.h"

enum message_type {
	MESSAGE_HELLO_REQUEST = 0,
	MESSAGE_CLIENT_HELLO = 1,
	MESSAGE_SERVER_HELLO = 2,
	MESSAGE_TICKET = 4,    /* NewSessionTicket */
	MESSAGE_ENCRYPTED = 8, /* EncryptedExtensions */
	MESSAGE_CERTIFICATE = 11,
	MESSAGE_KEY_EXCHANGE = 12, /* ServerKeyExchange */
	MESSAGE_REQUEST = 13,      /* CertificateRequest */
	MESSAGE_HELLO_DONE = 14,
	MESSAGE_VERIFY = 15,     /* CertificateVerify */
	MESSAGE_CLIENT_KEY = 16, /* ClientKeyExchange */
	MESSAGE_FINISHED = 20,
	MESSAGE_KEY_UPDATE = 24
};

enum {
	MESSAGE_HEAD = 4,
	/* bytes at the end of `in` that a client keeps until the ServerHello: its public ML-KEM key and the session
	 * that it offers */
	CLIENT_KEPT = 1184 + ENGINE_SESSION,
	SIGNED_MAX = 64 + 34 + SCHEDULE_MAX /* bytes that CertificateVerify signs */
};

enum shake_state {
	SHAKE_NONE,

	/* client */
	CLIENT_START,      /* its key is being made */
	CLIENT_HELLO,      /* waits for a ServerHello or a HelloRetryRequest */
	CLIENT_RETRIED,    /* ... for a ServerHello, after a HelloRetryRequest */
	CLIENT_ENCRYPTED,  /* ... for EncryptedExtensions */
	CLIENT_SHOWN,      /* ... for a CertificateRequest or the Certificate */
	CLIENT_REQUESTED,  /* ... for the Certificate, after a CertificateRequest */
	CLIENT_VERIFY,     /* ... for CertificateVerify */
	CLIENT_FINISHED,   /* ... for Finished */
	CLIENT12_SHOWN,    /* TLS 1.2: waits for the Certificate */
	CLIENT12_EXCHANGE, /* ... for ServerKeyExchange */
	CLIENT12_REQUEST,  /* ... for CertificateRequest or ServerHelloDone */
	CLIENT12_DONE,     /* ... for ServerHelloDone */
	CLIENT12_TICKET,   /* ... for a ticket that was announced */
	CLIENT12_CHANGE,   /* ... for ChangeCipherSpec */
	CLIENT12_FINISHED, /* ... for Finished */

	/* server */
	SERVER_HELLO,      /* waits for a ClientHello */
	SERVER_RETRIED,    /* ... for the second, after our HelloRetryRequest */
	SERVER_FLIGHT,     /* sends its messages */
	SERVER_FINISHED,   /* waits for the client's Finished */
	SERVER12_EXCHANGE, /* TLS 1.2: waits for ClientKeyExchange */
	SERVER12_CHANGE,   /* ... for ChangeCipherSpec */
	SERVER12_FINISHED, /* ... for Finished */

	SHAKE_OPEN_13_CLIENT,
	SHAKE_OPEN_13_SERVER,
	SHAKE_OPEN_12
};

/* Supported groups, RFC 8446 section 4.2.7 */
enum shake_group { GROUP_P256 = 23, GROUP_P384 = 24, GROUP_X25519 = 29, GROUP_HYBRID = 4588 };

enum { POINT_MAX = 97 }; /* bytes of the longest key share, the hybrid's left out */

struct suite {
	uint16_t number;
	uint8_t cipher;          /* enum record_cipher */
	bool is_13, sha384, rsa; /* rsa: TLS 1.2's, for an RSA key */
	const char *name;
};

struct shake {
	/* the caller's, as they came */
	const char *sni;
	struct chain *chain;
	const unsigned char *leaf, *key;
	size_t leaf_len;
	const struct ticket_tie *tie;
	struct engine_options options;

	/* what waits: run by engine_work */
	void (*work)(struct engine *e);
	struct cursor message;     /* the body of the message that it works on, in `in` */
	const unsigned char *held; /* what it needs of that message: a key share, a cookie */
	bool was_hashed;           /* that message is in the transcript already */

	struct transcript transcript;
	const struct suite *suite;
	unsigned char seed[ENGINE_SEED];
	uint8_t draws; /* numbers drawn from it */
	unsigned char client_random[32], server_random[32];
	unsigned char session_id[32]; /* client: what we sent; server: what it sent, or ours */
	uint8_t session_id_len;
	unsigned char scalar[48];       /* our half of the key exchange */
	unsigned char kem[64];          /* client: its ML-KEM key */
	unsigned char point[POINT_MAX]; /* ... as it is sent */
	unsigned char shared[64];       /* the common secret */
	unsigned char
		secret[48];    /* of the key schedule's present stage; TLS 1.2: the master secret */
	unsigned char psk[48]; /* of a session that is offered or resumed */
	unsigned char next[48]; /* server: the client's application secret, until its Finished */
	unsigned char
		first_hello[32]; /* server: a digest of what the second hello must say again */

	uint32_t asked;      /* bits of the extensions that we sent */
	uint32_t early_left; /* server: bytes of early data that are passed over yet */
	uint32_t age;        /* client: of the session, in milliseconds */
	uint16_t
		session_len; /* client: of the session that is offered, at the end of `in`; 0: none */
	uint16_t
		hello_len; /* client: of our hello, which stays at the begin of `out` until it is hashed */
	uint16_t cookie_len; /* client: of the cookie, in the HelloRetryRequest that is worked on */
	uint16_t leaf_sent;
	uint8_t step, need; /* how far a Certificate was read; see shake_client.c */
	uint32_t number, list_left, message_left;
	uint16_t scheme; /* of the signature */
	uint8_t flight;  /* server: what it sends next; see server.c */
	bool is_retried, is_requested, is_extended, gets_ticket, sent_change, has_psk, offers_psk;
	char alpn; /* server: the last letter of "http/1.1" or "http/1.0"; 0: none is named */
	bool has_session_12, has_formats, had_psk;
};

/* --- shake.c: what both roles do --- */

const struct suite *suite_find(unsigned number);
/* The suites in the order of our preference; NULL: no more. */
const struct suite *suite_at(size_t i);

void shake_draw(struct shake *s, unsigned char *out, size_t len);

/* Ends the engine with an error, and tells the peer. */
void engine_fail(struct engine *e, int error);

/* Stops before a public-key operation. */
void shake_wait(struct engine *e, enum engine_work kind, void (*work)(struct engine *e));

/* Adds the message that is worked on to the transcript, now and not at its end. */
void shake_hash_message(struct engine *e);

/* True if nothing follows the message that is worked on: the next record has another key. */
bool shake_is_aligned(const struct engine *e);

/* A message to be sent: a draft where it will lie, its head written; shake_finish hashes it. */
struct draft shake_begin(struct engine *e, enum message_type type);
void shake_finish(struct engine *e, struct draft *d);
/* Bytes of a message that is not drafted at once. */
void shake_put(struct engine *e, const void *data, size_t len);
/* Bytes that shake_put takes now. */
size_t shake_room(const struct engine *e);
void engine_seal(struct engine *e);
void engine_send_change(struct engine *e);

/* TLS 1.3's key schedule: early, handshake, application. */
void shake_early_secret(struct shake *s, bool sha384);
void shake_binder(
	const struct shake *s, bool sha384, const struct transcript *upto, unsigned char out[48]);
void shake_handshake_keys(struct engine *e);
void shake_application_secrets(
	struct engine *e, unsigned char client[48], unsigned char server[48]);
void shake_finished_data(const struct shake *s, const unsigned char *secret, unsigned char out[48]);
/* Writes the text that the server signs (RFC 8446 section 4.4.3); returns the length. */
size_t shake_signed_content(const struct shake *s, unsigned char out[SIGNED_MAX]);
void engine_set_read(struct engine *e, const unsigned char *secret);
void engine_set_write(struct engine *e, const unsigned char *secret);
void engine_next_secret(struct engine *e, unsigned char secret[48]);
void shake_resumption(struct engine *e);
void shake_psk_of(const struct engine *e, bool sha384, const unsigned char *nonce, size_t len,
	unsigned char psk[48]);

/* TLS 1.2's. */
void shake_master_secret(struct engine *e, size_t shared_len);
void shake_set_keys_12(struct engine *e, bool reading);
void shake_finished_12(const struct shake *s, bool of_server, unsigned char out[12]);

/* Key shares: lengths of ours and of the common secret; 0: no such group. */
size_t group_point_len(unsigned group);
size_t group_shared_len(unsigned group);
bool group_is_point(unsigned group, const unsigned char *p, size_t len);
int group_make(struct shake *s, unsigned group);
int group_agree(struct shake *s, unsigned group, const unsigned char *peer);

bool same_bytes(const unsigned char *a, const unsigned char *b, size_t len);

/* The handshake is done. */
void shake_end(struct engine *e, enum shake_state state);

/* --- shake_client.c --- */

void client_start(struct engine *e);
void client_read_hello(struct engine *e, struct cursor body);
void client_read_encrypted(struct engine *e, struct cursor body);
void client_read_request(struct engine *e, struct cursor body);
void client_begin_certificate(struct engine *e);
void client_add_certificate(struct engine *e, const unsigned char *p, size_t len);
void client_end_certificate(struct engine *e);
void client_end_request(struct engine *e);
void client_read_verify(struct engine *e, struct cursor body);
void client_read_finished(struct engine *e, struct cursor body);
void client_read_key_exchange(struct engine *e, struct cursor body);
void client_read_hello_done(struct engine *e, struct cursor body);
void client_read_ticket_12(struct engine *e, struct cursor body);
void client_read_finished_12(struct engine *e, struct cursor body);
void client_read_ticket(struct engine *e, struct cursor body);

/* --- shake_server.c --- */

void server_read_hello(struct engine *e, struct cursor body);
void server_read_finished(struct engine *e, struct cursor body);
void server_read_client_key(struct engine *e, struct cursor body);
void server_read_finished_12(struct engine *e, struct cursor body);
/* Goes on sending as far as there is room. */
void server_pump(struct engine *e);

#endif
