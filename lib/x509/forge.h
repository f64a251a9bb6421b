/*
 * forge: leaf certificates on this router's key, made after an origin's certificate or for a page of ours.
 *
 * Pure but for the signature: no files, no clock, no cache.  The same CA, key, origin certificate and epoch
 * give the same bytes, always: ECDSA is deterministic here (RFC 6979), and the serial is a hash of the rest.
 */
#ifndef FORGE_H
#define FORGE_H

#include <bearssl.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/x509/authority.h"
#include "lib/x509/x509.h"

enum {
	FORGE_LEAF_MAX = 24576, /* bytes of a leaf: 1,000 names are real and take 22 KB */
	FORGE_ERROR = 512
};

#define FORGE_DAY   ((int64_t)86400)
#define FORGE_EPOCH (64 * FORGE_DAY) /* a leaf is the same for so long */

/* When the present epoch began, for what hashes to `hash` (SHA-256): everyone's epochs begin at other times, so
 * that a router does not mint all its leaves on one day.  Any `now` will do, before 1970 too. */
int64_t forge_epoch(const unsigned char hash[32], int64_t now);

/*
 * A leaf like `origin`: its DNS names and addresses, its dates, for the epoch that began at `start`.  Written to
 * out[cap]; FORGE_LEAF_MAX always suffices.  Returns its length, or 0 with a sentence in err: no names that
 * can be copied, too many of them, an expired CA (`now`).
 */
size_t forge_copy(const struct authority *ca, const br_ec_public_key *key,
	const struct x509 *origin, int64_t start, int64_t now, unsigned char *out, size_t cap,
	char err[FORGE_ERROR]);

/* A leaf for exactly this host: a name (letters, digits, '-', '_', '.'), or an address in text. */
size_t forge_host(const struct authority *ca, const br_ec_public_key *key, const char *host,
	int64_t start, int64_t now, unsigned char *out, size_t cap, char err[FORGE_ERROR]);

#endif
