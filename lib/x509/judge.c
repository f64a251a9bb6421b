/*
 * judge: one certificate by itself.  See judge.h.
 */
#include "lib/x509/judge.h"

#include <string.h>
#include "lib/x509/anchors.h"
#include "lib/x509/dname.h"
#include "lib/x509/names.h"
#include "lib/x509/x509.h"

enum {
	SERIAL_BYTES = 20 /* RFC 5280 section 4.1.2.2 */
};

/* Is it, or its key, on the distrust list, or our own CA's? */
static enum chain_error
judge_trust(const struct chain *c, const struct x509 *x)
{
	int whole = anchors_distrusts(c->anchors, &x->whole);
	int key = anchors_distrusts(c->anchors, &x->spki);

	if (whole == 2 || key == 2)
		return CHAIN_OWN_CA;
	return whole == 1 || key == 1 ? CHAIN_DISTRUSTED : CHAIN_OK;
}

/* Does it do what RFC 5280 demands of any certificate and real ones keep to?  NULL: it does. */
static const char *
find_breach(const struct x509 *x)
{
	bool padded = x->serial.p[0] == 0;

	if (x->version != 3)
		return "it is not of version 3";
	if (x->serial.p[0] >= 0x80 || (padded && x->serial.len == 1) ||
		x->serial.len - padded > SERIAL_BYTES)
		return "its serial number is not a positive number of at most 20 bytes";
	if (x->issuer.len <= 2)
		return "it does not say who issued it";
	if (x->algorithms_differ)
		return "it names two different signature algorithms";
	if (!x->is_ca && x->has_key_usage && (x->key_usage & X509_KEY_CERT_SIGN))
		return "it claims to sign certificates, but is not a CA's";
	if (!x->is_ca && x->constraints.len > 0)
		return "it has name constraints, but is not a CA's";
	return NULL;
}

/* The rules for every certificate of a path except the anchor. */
static enum chain_error
judge_any(const struct chain *c, const struct x509 *x, const char **detail)
{
	*detail = find_breach(x);
	if (*detail)
		return CHAIN_NOT_PROFILE;
	/* RFC 5280 section 4.2.1.4: critical policies must be understood with their qualifiers */
	if (x->has_unknown_critical || (x->has_critical_policies && x->has_unknown_qualifier))
		return CHAIN_UNKNOWN_EXTENSION;
	if (c->now < x->not_before)
		return CHAIN_NOT_YET_VALID;
	if (c->now > x->not_after)
		return CHAIN_EXPIRED;
	if (x->algorithm == X509_ALGORITHM_WEAK)
		return CHAIN_WEAK_SIGNATURE;
	if (x->algorithm == X509_ALGORITHM_UNKNOWN)
		return CHAIN_UNSUPPORTED_SIGNATURE;
	if (x->key.kind == X509_KEY_OTHER || (x->key.kind == X509_KEY_RSA && x->key.bits > 4096))
		return CHAIN_UNSUPPORTED_KEY;
	if (!x509_key_is_sound(&x->key))
		return CHAIN_WEAK_KEY;
	return judge_trust(c, x);
}

/* A device's own certificate that its owner has put among the anchors. */
static bool
is_anchor(const struct chain *c, const struct x509 *x)
{
	unsigned char key[ANCHORS_HASH];
	int first = anchors_find(c->anchors, &x->subject), i;

	if (first < 0 || !dname_same(&x->subject, &x->issuer))
		return false;
	anchors_hash(key, &x->spki);
	for (i = first; anchors_same_name(c->anchors, (size_t)first, (size_t)i); i++)
		if (memcmp(anchors_at(c->anchors, (size_t)i)->key_hash, key, sizeof key) == 0)
			return true;
	return false;
}

static enum chain_error
judge_names(const struct chain *c, const struct x509 *x)
{
	if (!c->host[0])
		return CHAIN_OK;
	if (x->names.len == 0)
		return CHAIN_NO_NAME;
	return names_match_host(&x->names, c->host) ? CHAIN_OK : CHAIN_WRONG_NAME;
}

/*
 * ECDHE servers sign (RFC 8422 section 2.2).  A CA's certificate is no server's (CA/Browser Forum Baseline
 * Requirements 7.1.2.7.8): its key lies in a safe, and who shows it on the net has stolen it, or made one without
 * knowing.  RFC 5280 would allow it, and whoever trusts exactly this one has decided.
 */
enum chain_error
judge_leaf(const struct chain *c, const struct x509 *x, const char **detail)
{
	enum chain_error e = judge_any(c, x, detail);
	bool signs = !x->has_key_usage || (x->key_usage & X509_DIGITAL_SIGNATURE) ||
		     (x->is_ca && (x->key_usage & X509_KEY_CERT_SIGN));

	if (e != CHAIN_OK)
		return e;
	if (!signs)
		return CHAIN_KEY_USAGE;
	if (x->has_usages && !x->allows_server)
		return CHAIN_EXTENDED_KEY_USAGE;
	e = judge_names(c, x);
	if (e != CHAIN_OK || !x->is_ca || is_anchor(c, x))
		return e;
	if (dname_same(&x->subject, &x->issuer))
		return CHAIN_SELF_SIGNED;
	*detail = "it is an issuer's own, not a server's";
	return CHAIN_NOT_PROFILE;
}

enum chain_error
judge_ca(const struct chain *c, const struct x509 *x, const char **detail)
{
	enum chain_error e = x->is_ca ? judge_any(c, x, detail) : CHAIN_NOT_A_CA;

	if (e != CHAIN_OK)
		return e;
	if (x->has_key_usage && !(x->key_usage & X509_KEY_CERT_SIGN))
		return CHAIN_KEY_USAGE;
	return x->has_usages && !x->allows_server ? CHAIN_EXTENDED_KEY_USAGE : CHAIN_OK;
}
