/*
 * chain: what a TLS server sent as its certificates, and our verdict on it (RFC 5280, RFC 6125, RFC 9525).
 *
 * Two halves.  A struct chain collects certificates as a br_x509_class while the handshake runs, within
 * bounds, and hands BearSSL the leaf's key as soon as it decodes; it trusts nothing.  A check then judges the
 * collected chain against anchors, one signature a step, so that no turn of a loop is long.
 * Knows nothing of sockets, files or configuration.  The time is passed in.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CHAIN_BYTES = 65536,        /* all certificates of a chain together */
	CHAIN_CERTS = 10,           /* certificates a server may send */
	CHAIN_DEPTH = 8,            /* certificates on a path, leaf and anchor included */
	CHAIN_SIGNATURES = 64,      /* signature checks in one verdict */
	CHAIN_COMPARISONS = 250000, /* name-constraint comparisons in one verdict */
	CHAIN_TEXT = 384            /* bytes of the sentence */
};

/* Every refusal has a code (for the log, Proxy-Status and `sluice verify`) and a sentence (for the page).
 * chain_error_code gives the code in text: "expired", "not_yet_valid", "wrong_name", "unknown_issuer", ... */
enum chain_error {
	CHAIN_OK,
	CHAIN_EMPTY, /* no certificate was sent */
		     /* ... the owner of chain.c lists the others here, each with its meaning ... */
};

struct anchors; /* see anchors.h */
struct chain_signatures; /* bounded memory of signatures that were found good: (issuer key, certificate hash) */

struct chain {
	const br_x509_class *vtable; /* must stay first: BearSSL sees a pointer to this */
	unsigned char data[CHAIN_BYTES];
	uint32_t offset[CHAIN_CERTS], length[CHAIN_CERTS];
	size_t used, count;
	/* ... decoded leaf key, first error, state of the check: owner's ... */
};

/* A fresh chain, ready to be given to br_ssl_engine_set_x509(&engine, &chain->vtable). */
void chain_init(struct chain *c);

/* The leaf's DER as the server sent it, for forging; NULL if there is none. */
const unsigned char *chain_leaf(const struct chain *c, size_t *len);

/* Bytes of data in use: what must be wiped or copied. */
size_t chain_extent(const struct chain *c);

/* Adds a certificate outside a handshake (`sluice verify`, tests).  Returns 0, or -1: over a bound. */
int chain_add(struct chain *c, const unsigned char *der, size_t len);

/*
 * Begins to judge for `host`: a lower-case A-label name without trailing dot, an address in text (matched
 * against iPAddress only), or NULL for no name check.  `now`: unix seconds.  `signatures` may be NULL.
 * The anchors are held until the check ends or chain_check_reset.
 */
void chain_check_start(struct chain *c, struct anchors *anchors,
	struct chain_signatures *signatures, const char *host, int64_t now);

/* 1: judged (chain_check_error), 0: again; at most one signature is checked in a call. */
int chain_check_step(struct chain *c);

/* Abandons a check. Harmless when there is none. */
void chain_check_reset(struct chain *c);

enum chain_error chain_check_error(const struct chain *c);

/* The sentence: "The certificate expired on 2026-05-01." Peers' text in it is as it came; escape it. */
const char *chain_check_text(const struct chain *c, char out[CHAIN_TEXT]);

/* The latest moment at which the good verdict still holds: the least notAfter on its path. */
int64_t chain_check_until(const struct chain *c);

const char *chain_error_code(enum chain_error e);

/* RFC 9209 error type: "tls_certificate_error" for most. */
const char *chain_error_proxy_status(enum chain_error e);

struct chain_signatures *chain_signatures_new(size_t entries);
void chain_signatures_free(struct chain_signatures *s);

#endif
