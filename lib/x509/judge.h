/*
 * judge: is one certificate, by itself, fit for its place on a path?
 *
 * Pure.  Looks at the profile of RFC 5280, dates, algorithms, keys, usages and trust; knows nothing of other
 * certificates, so neither signatures nor constraints are its business.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "lib/x509/chain.h"

struct x509;

/*
 * As the server's certificate, or as an issuer between it and an anchor, in the check that `c` is in (its
 * time, host and anchors).  CHAIN_OK, or what is wrong; *detail then gets more words for it, a constant, or
 * NULL.
 */
enum chain_error judge_leaf(const struct chain *c, const struct x509 *x, const char **detail);
enum chain_error judge_ca(const struct chain *c, const struct x509 *x, const char **detail);

#endif
