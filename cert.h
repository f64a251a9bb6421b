/*
 * cert: whom we trust and who we are: trust in origins, this router's CA, forged leaves and their cache.
 *
 * Owns the anchors, the distrust list, the CA and leaf keys, the cache of leaves in RAM and on flash, the
 * pool of chains, and the table of TLS sessions.  Never touches a client or an origin; the time is passed in.
 */
#ifndef CERT_H
#define CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/config.h"
#include "lib/tls/origins.h"
#include "lib/tls/ticket.h"
#include "lib/net/wait.h"

enum {
	CERT_LEAF_MAX = 24576, /* bytes of a forged leaf: 1,000 names are real and take 22 KB */
	CERT_ERROR = 512
};

enum cert_signer {
	CERT_CA,       /* this router's CA: clients accept it */
	CERT_UNTRUSTED /* a throw-away key under another name: browsers warn */
};

struct cert;
struct chain; /* lib/x509/chain.h */

/*
 * At start, still with the privileges that reading the key needs: loads the bundle and the distrust list,
 * loads the CA or makes it on first use (see lib/x509/authority.h), derives the leaf key from its key, makes the
 * untrusted signer, opens the leaf cache, whose descriptor it keeps.  So nothing here needs those privileges
 * later.  Waits for the kernel's random generator.  `now`: Unix time, which may lie before the build date.  Returns NULL
 * with a sentence in err, which begins with file:line of the option that is to blame; a leaf cache that can't be used is
 * only logged.  `chains`: how many origins can be judged at once; `sessions`: TLS sessions kept.
 */
struct cert *cert_open(
	const struct config *c, size_t chains, size_t sessions, int64_t now, char err[CERT_ERROR]);

/* Would cert_open succeed?  Reads the same files and makes none, no CA and no cache.  0, or -1 with a sentence in err. */
int cert_check(const struct config *c, int64_t now, char err[CERT_ERROR]);

/* At SIGHUP: the bundle and the distrust list anew; a CA that changed in place is taken if it can be read.
 * Returns 0, or -1: what was in use stays, and err says why. */
int cert_reload(struct cert *ct, const struct config *c, int64_t now, char err[CERT_ERROR]);

/* Writes what is to be written to flash; wipes keys. */
void cert_close(struct cert *ct);

/* When the flash store wants to be called again, and the call: at most one bounded write. */
void cert_want(struct cert *ct, struct wait *w);
void cert_tick(struct cert *ct, int64_t now_ms);

/* Later than the build date and, with clock_stamp, the file exists: may certificates be judged and minted? */
bool cert_clock_is_trusted(const struct cert *ct, int64_t now);

/* Tells the log, once each, that the clock is not trusted and why, and that it is; looks at most once a second. */
void cert_watch_clock(struct cert *ct, int64_t now_ms, int64_t now);

/* Changes with the CA, the bundle and the distrust list: part of TLS session keys. */
uint32_t cert_generation(const struct cert *ct);

/* A chain from the pool, fresh; NULL: all are in use, try when one comes back. */
struct chain *cert_chain_get(struct cert *ct);
void cert_chain_put(struct cert *ct, struct chain *chain);

/* Begins to judge a collected chain with this cert's anchors, distrust list and signature memory; go on with
 * chain_check_step. */
void cert_check_start(struct cert *ct, struct chain *chain, const char *host, int64_t now);

/*
 * A leaf like the origin's certificate on this router's key: from the cache, or forged now with one
 * signature.  Written to out[cap].  Returns its length, or 0 with a sentence in err (CERT_ERROR bytes).
 * With CERT_CA it is remembered.
 */
size_t cert_leaf(struct cert *ct, const unsigned char *origin, size_t origin_len,
	enum cert_signer signer, int64_t now, unsigned char *out, size_t cap, char err[CERT_ERROR]);

/* The leaf that cert_leaf would give for the certificate with this SHA-256, if it is in the cache: 0 if not. */
size_t cert_leaf_again(struct cert *ct, const unsigned char origin_hash[ORIGINS_HASH], int64_t now,
	unsigned char *out, size_t cap);

/* A leaf for exactly this host (a name or an address in text), for a page of our own; never written to
 * flash.  Returns as cert_leaf. */
size_t cert_page_leaf(struct cert *ct, const char *host, int64_t now, unsigned char *out,
	size_t cap, char err[CERT_ERROR]);

/* The key of every leaf that is made now: a scalar of P-256, 32 bytes.  The bytes live and stay as they are as long as ct
 * does, also over reloads that change the CA, and with it this key: ask when a handshake gets its leaf. */
const unsigned char *cert_leaf_key(const struct cert *ct);

/* Sessions towards clients, and towards origins. */
struct tickets *cert_sessions(struct cert *ct);
struct origins *cert_origins(struct cert *ct);

/* The CA certificate, DER. */
const unsigned char *cert_ca_der(const struct cert *ct, size_t *len);

/* Counters for the log: leaves forged, leaves taken from the cache, bytes written to flash (as whole pages). */
struct cert_counters {
	uint64_t forged, from_cache, flash_bytes_today, flash_bytes;
};
void cert_count(const struct cert *ct, struct cert_counters *out);

/* `sluice ca`: prints the CA certificate as PEM on stdout, its SHA-256 on stderr. Returns the exit status. */
int cert_print_ca(const struct config *c, int64_t now);

/* `sluice verify TRUSTED.pem CHAIN.pem NAME|- TIME`: prints "OK" or "ERR code: sentence".  0, 1, or 2. */
int cert_verify(const char *trusted, const char *chain, const char *name, const char *time);

#endif
