/*
 * policies: does a path keep what its CAs demand about certificate policies (RFC 5280 section 6.1, RFC 9618)?
 *
 * Pure.  We ask for no policy ourselves, so what is left of the policy tree is one set: the policies that the
 * next certificate may assert, in the words of its own issuer.  It matters only where a CA demands a policy
 * (requireExplicitPolicy).  A policy over a bound is left out of the set, which can only refuse.
 */
#ifndef POLICIES_H
#define POLICIES_H

#include <stdbool.h>
#include "lib/x509/x509.h"

enum {
	POLICIES_MOST = 32 /* in one certificate, and in the set; real ones have 6 at most */
};

/* The set is valid[0..count), and every policy if `any`.  Slices point into the certificates. */
struct policies {
	struct der valid[POLICIES_MOST];
	int count;
	bool any;
	int explicit_left, mapping_left,
		any_left; /* certificates until the rule holds; 0: it does */
};

/* Below the anchor: every policy is good, none is demanded. */
void policies_start(struct policies *p);

/* The next certificate, from the anchor's side; `last`: the server's.  False: the path does not keep its rules. */
bool policies_take(struct policies *p, const struct x509 *c, bool self_issued, bool last);

#endif
