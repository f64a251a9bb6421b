/*
 * names: does a certificate speak for a host, and may its issuers certify the names in it?
 *
 * Pure.  Host names by RFC 9525 (subjectAltName only, one left-most wildcard label, never *.tld), addresses
 * only against iPAddress, name constraints by RFC 5280 section 4.2.1.10 for every form of name.  A name or a
 * constraint that can't be understood is never a match that lets something through.
 */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/x509/x509.h"

/* `names`: the GeneralNames of a subjectAltName.  `host`: lower-case name without trailing dot, or an
 * address in text. */
bool names_match_host(const struct der *names, const char *host);

/*
 * May a CA with these constraints certify this name?  `kind` is enum x509_name; a directory name comes as a
 * Name with its header.  Each subtree that is looked at is counted in *comparisons.
 */
bool names_allowed(
	const struct der *constraints, int kind, const struct der *name, uint32_t *comparisons);

/* Where a walk over the names of a certificate stands; all zero: at the start. */
struct names_cursor {
	uint8_t part;      /* 0 the subject, 1 e-mail addresses in it, 2 subjectAltName, 3 done */
	uint32_t left;     /* bytes of that part still to be read */
	uint32_t set_left; /* of which the current RDN's */
};

/* Takes the next name that constraints apply to, in the order above.  Returns its kind (enum x509_name), or
 * -1 after the last one. */
int names_take(const struct x509 *c, struct names_cursor *at, struct der *name);

/* The first names of a subjectAltName for people: "a.example, b.example and 3 more". Returns out. */
char *names_text(const struct der *names, char *out, size_t cap);

#endif
