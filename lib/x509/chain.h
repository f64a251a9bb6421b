/*
 * chain: what a TLS server sent as its certificates, and our verdict on it (RFC 5280, RFC 6125, RFC 9525).
 *
 * Two halves.  A struct chain collects certificates as a br_x509_class while the handshake runs, within
 * bounds, and hands the engine the leaf's key as soon as it decodes; it trusts nothing.  A check then judges the
 * collected chain against anchors, one signature a step, so that no turn of a loop is long.
 * Knows nothing of sockets, files or configuration.  The time is passed in.
 *
 * end_chain returns to the engine:
 *   0                          the leaf's key is RSA of 1024 to 4096 bits or on P-256, P-384 or P-521.  The
 *                              verdict is still to come, and refuses RSA below 2048 bits.
 *   BR_ERR_X509_EMPTY_CHAIN    no certificate was sent (CHAIN_EMPTY)
 *   BR_ERR_X509_UNSUPPORTED    "uninspectable": a key that this TLS can't use: Ed25519, RSA-PSS, DSA, another
 *                              curve, RSA above 4096 or below 1024 bits (CHAIN_UNSUPPORTED_KEY)
 *   BR_ERR_X509_LIMIT_EXCEEDED the leaf alone is over CHAIN_BYTES (CHAIN_TOO_LARGE)
 *   BR_ERR_X509_INVALID_VALUE  the leaf can't be read (CHAIN_MALFORMED)
 * After one of these chain_check_error and chain_check_text tell the same in our words.  Certificates over a
 * bound behind a good leaf are left out, end_chain says 0, and the verdict is the refusal by name.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/x509/names.h"

enum {
	CHAIN_BYTES = 65536,        /* all certificates of a chain together */
	CHAIN_CERTS = 10,           /* certificates a server may send */
	CHAIN_ADDED = 40,           /* certificates that chain_add takes: a file, not a peer */
	CHAIN_DEPTH = 8,            /* certificates on a path, leaf and anchor included */
	CHAIN_SIGNATURES = 64,      /* signature checks in one verdict */
	CHAIN_COMPARISONS = 250000, /* name-constraint comparisons in one verdict */
	CHAIN_BRANCHES = 4000, /* issuers tried in one verdict: a mesh has more paths than atoms */
	CHAIN_TEXT = 384       /* bytes of the sentence */
};

/* Every refusal has a code (for the log, Proxy-Status and `sluice verify`) and a sentence (for the page).
 * chain_error_code gives the code in text: "expired", "not_yet_valid", "wrong_name", "unknown_issuer", ... */
enum chain_error {
	CHAIN_OK,
	CHAIN_PENDING, /* not judged yet: no check was started, or it has not ended */
	CHAIN_EMPTY,   /* no certificate was sent */

	/* what was sent is over a bound */
	CHAIN_TOO_LARGE,            /* CHAIN_BYTES */
	CHAIN_TOO_MANY,             /* CHAIN_CERTS (CHAIN_ADDED) */
	CHAIN_TOO_MANY_SIGNATURES,  /* CHAIN_SIGNATURES */
	CHAIN_TOO_MANY_COMPARISONS, /* CHAIN_COMPARISONS */
	CHAIN_TOO_MANY_PATHS,       /* CHAIN_BRANCHES */

	/* one certificate is not as it must be */
	CHAIN_MALFORMED,             /* can't be read: not DER, a broken or doubled extension */
	CHAIN_NOT_PROFILE,           /* against RFC 5280: version, serial, empty issuer, ... */
	CHAIN_UNKNOWN_EXTENSION,     /* a critical extension that nobody here understands */
	CHAIN_EXPIRED,               /* its notAfter is past */
	CHAIN_NOT_YET_VALID,         /* its notBefore is to come */
	CHAIN_WEAK_KEY,              /* RSA below 2048 bits, or an exponent without sense */
	CHAIN_UNSUPPORTED_KEY,       /* a kind of key that this TLS can't use */
	CHAIN_WEAK_SIGNATURE,        /* made with SHA-1, MD5 or MD2 */
	CHAIN_UNSUPPORTED_SIGNATURE, /* made with an algorithm that this program doesn't have */
	CHAIN_KEY_USAGE,             /* keyUsage forbids what the key is used for */
	CHAIN_EXTENDED_KEY_USAGE,    /* extKeyUsage leaves out TLS servers */
	CHAIN_DISTRUSTED,            /* on the distrust list */
	CHAIN_OWN_CA,                /* this router's own CA: someone plays our game with us */

	/* the name */
	CHAIN_NO_NAME,    /* no subjectAltName */
	CHAIN_WRONG_NAME, /* a certificate for other names */

	/* the path */
	CHAIN_UNKNOWN_ISSUER,   /* no path to an anchor */
	CHAIN_SELF_SIGNED,      /* the same, for a leaf that is its own issuer */
	CHAIN_NOT_A_CA,         /* the issuer may not issue */
	CHAIN_PATH_LENGTH,      /* more CAs below one than its pathLenConstraint allows */
	CHAIN_TOO_DEEP,         /* a path longer than CHAIN_DEPTH */
	CHAIN_BAD_SIGNATURE,    /* not signed by its issuer's key */
	CHAIN_NAME_CONSTRAINTS, /* a name that a CA above is not allowed to certify */
	CHAIN_POLICY,           /* a CA above requires a policy that the path lacks */

	CHAIN_ERRORS
};

struct anchors; /* see anchors.h */
struct chain_signatures; /* bounded memory of signatures that were found good: (issuer key, certificate hash) */

/* A collected certificate, as the search for a path needs it.  Filled by the first step of a check. */
struct chain_link {
	uint32_t subject, issuer, key;    /* hashes of names and key, to tell most apart */
	uint32_t key_id, issuer_key_id;   /* hashes of the key identifiers; 0: none */
	uint16_t subject_off, issuer_off; /* of the names with their headers, from its start */
	uint16_t subject_len, issuer_len;
	int16_t anchor;      /* the first anchor that bears the issuer's name, -1: none */
	int16_t path_length; /* -1: none */
	uint8_t error;       /* enum chain_error: why it can't be an issuer; CHAIN_OK: it can */
	uint8_t hops; /* certificates from here to the nearest anchor, that one too; 0: no way */
	bool self_issued;
};

/* A refusal: what, and about which certificate. */
struct chain_fault {
	uint8_t error;      /* enum chain_error */
	int16_t cert;       /* which one; -1 - n: anchor n */
	int64_t time;       /* the date in the sentence */
	const char *detail; /* more words for it, a constant; NULL: none */
};

struct chain {
	const br_x509_class *vtable; /* must stay first: its functions get a pointer to this */
	uint32_t offset[CHAIN_ADDED], length[CHAIN_ADDED];
	size_t used, count;

	/* collecting */
	br_x509_pkey pkey;     /* the leaf's, pointing into data; key_type 0: none */
	uint32_t growing;      /* bytes still to come of the certificate that arrives */
	bool skipping;         /* it is over a bound and not kept */
	uint8_t collect_error; /* enum chain_error: CHAIN_OK, or why something was not kept */

	/* the check */
	uint8_t phase; /* an enum in path.c; 0: none */
	uint8_t depth; /* certificates on the path so far */
	uint16_t signature_count, branch_count;
	uint32_t comparison_count;
	struct anchors *anchors; /* held while a check runs, else NULL */
	struct chain_signatures *signatures;
	char host[256]; /* "": no name check */
	int64_t now, until;
	struct chain_fault fault; /* the verdict */
	struct chain_fault
		found;      /* the first thing that a path failed for: the verdict if all do */
	int16_t unreadable; /* a certificate behind the leaf that can't be read, 0: none */
	char root[64];      /* the name of the anchor that the fault is about */
	struct chain_link links[CHAIN_ADDED];
	struct chain_node {
		int16_t cert;  /* the certificate at this place of the path */
		uint16_t next; /* which of its issuers is tried next */
		uint8_t pass;  /* in which order of them */
		uint8_t inner; /* CAs from the leaf up to it that are not self-issued */
	} path[CHAIN_DEPTH];
	int16_t anchor; /* where the path ends, while it is examined */
	struct chain_memo {
		int16_t cert, issuer; /* issuer: as in chain_fault.cert */
		bool good;
	} memo[CHAIN_SIGNATURES]; /* signature_count of them */
	uint8_t upper, lower; /* places on the path: whose constraints, whose names are examined */
	struct names_cursor names; /* which of those names is next */

	unsigned char data[CHAIN_BYTES];
};

/* A fresh chain, ready to be given to engine_collect. */
void chain_init(struct chain *c);

/* The leaf's DER as the server sent it, for forging; NULL if there is none. */
const unsigned char *chain_leaf(const struct chain *c, size_t *len);

/* A collected certificate; and read, which can't fail for one that was read before. */
struct der chain_cert(const struct chain *c, int cert);
void chain_parse(const struct chain *c, int cert, struct x509 *x);

/* Bytes of the struct in use: what must be wiped or copied. */
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

/* `entries` signatures are remembered, the oldest of a set out first; NULL when memory is short. */
struct chain_signatures *chain_signatures_new(size_t entries);
void chain_signatures_free(struct chain_signatures *s);

#endif
