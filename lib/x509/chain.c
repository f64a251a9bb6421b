/*
 * chain: collects a server's certificates, and says in words what is wrong with them.  See chain.h.
 * The check itself is in path.c.
 */
#include "lib/x509/chain.h"

#include <stdio.h>
#include <string.h>
#include "lib/x509/anchors.h"

enum {
	RSA_LEAST = 1024 /* bits that a handshake may be done with; see end_chain */
};

struct der
chain_cert(const struct chain *c, int cert)
{
	return (struct der){ c->data + c->offset[cert], c->length[cert] };
}

void
chain_parse(const struct chain *c, int cert, struct x509 *x)
{
	struct der der = chain_cert(c, cert);

	(void)x509_parse(x, der.p, der.len);
}

/* --- collecting: the br_x509_class --- */

static struct chain *
from_vtable(const br_x509_class **ctx)
{
	return (struct chain *)(void *)ctx;
}

static void
start_chain(const br_x509_class **ctx, const char *server_name)
{
	struct chain *c = from_vtable(ctx);

	(void)server_name; /* ours comes with chain_check_start: the engine knows no addresses */
	chain_check_reset(c);
	chain_init(c);
}

/* Over a bound nothing more is kept: what comes later must not take the leaf's place. */
static void
begin_cert(struct chain *c, uint32_t length, size_t most)
{
	c->skipping = true;
	c->growing = length;
	if (c->collect_error != CHAIN_OK)
		return;
	if (c->count == most) {
		c->collect_error = CHAIN_TOO_MANY;
	} else if (length > CHAIN_BYTES - c->used) {
		c->collect_error = CHAIN_TOO_LARGE;
	} else {
		c->skipping = false;
		c->offset[c->count] = (uint32_t)c->used;
	}
}

static void
start_cert(const br_x509_class **ctx, uint32_t length)
{
	begin_cert(from_vtable(ctx), length, CHAIN_CERTS);
}

static void
append(const br_x509_class **ctx, const unsigned char *buf, size_t len)
{
	struct chain *c = from_vtable(ctx);

	if (len > c->growing)
		len = c->growing;
	c->growing -= (uint32_t)len;
	if (c->skipping)
		return;
	memcpy(c->data + c->used, buf, len);
	c->used += len;
}

static void
end_cert(const br_x509_class **ctx)
{
	struct chain *c = from_vtable(ctx);

	if (c->skipping)
		return;
	c->length[c->count] = (uint32_t)c->used - c->offset[c->count];
	c->count++;
}

/* BearSSL takes no const keys, but writes to none. */
static unsigned char *
in_data(struct chain *c, const struct der *d)
{
	return c->data + (d->p - c->data);
}

/* Hands the leaf's key over if the engine can do a handshake with it. */
static bool
take_key(struct chain *c, const struct x509_key *key)
{
	switch (key->kind) {
	case X509_KEY_RSA:
		if (key->bits < RSA_LEAST || key->bits > 4096 || key->e.len == 0)
			return false;
		c->pkey.key.rsa.n = in_data(c, &key->n);
		c->pkey.key.rsa.nlen = key->n.len;
		c->pkey.key.rsa.e = in_data(c, &key->e);
		c->pkey.key.rsa.elen = key->e.len;
		c->pkey.key_type = BR_KEYTYPE_RSA;
		return true;
	case X509_KEY_P256: c->pkey.key.ec.curve = BR_EC_secp256r1; break;
	case X509_KEY_P384: c->pkey.key.ec.curve = BR_EC_secp384r1; break;
	case X509_KEY_P521: c->pkey.key.ec.curve = BR_EC_secp521r1; break;
	default: return false;
	}
	c->pkey.key.ec.q = in_data(c, &key->n);
	c->pkey.key.ec.qlen = key->n.len;
	c->pkey.key_type = BR_KEYTYPE_EC;
	return true;
}

static unsigned
end_chain(const br_x509_class **ctx)
{
	struct chain *c = from_vtable(ctx);
	struct der leaf;
	struct x509 x;

	if (c->count == 0) {
		c->fault.error = c->collect_error == CHAIN_OK ? CHAIN_EMPTY : CHAIN_TOO_LARGE;
		return c->collect_error == CHAIN_OK ? BR_ERR_X509_EMPTY_CHAIN
						    : BR_ERR_X509_LIMIT_EXCEEDED;
	}
	leaf = chain_cert(c, 0);
	if (x509_parse(&x, leaf.p, leaf.len) != 0) {
		c->fault.error = CHAIN_MALFORMED;
		return BR_ERR_X509_INVALID_VALUE;
	}
	if (!take_key(c, &x.key)) {
		c->fault.error = CHAIN_UNSUPPORTED_KEY;
		return BR_ERR_X509_UNSUPPORTED;
	}
	return 0;
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	const struct chain *c = (const struct chain *)(const void *)ctx;

	if (usages)
		*usages = BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN;
	return c->pkey.key_type != 0 ? &c->pkey : NULL;
}

static const br_x509_class chain_class = { sizeof(struct chain), start_chain, start_cert, append,
	end_cert, end_chain, get_pkey };

void
chain_init(struct chain *c)
{
	memset(c, 0, offsetof(struct chain, data));
	c->vtable = &chain_class;
	c->fault.error = CHAIN_PENDING;
}

const unsigned char *
chain_leaf(const struct chain *c, size_t *len)
{
	*len = c->count > 0 ? c->length[0] : 0;
	return c->count > 0 ? c->data : NULL;
}

size_t
chain_extent(const struct chain *c)
{
	return offsetof(struct chain, data) + c->used;
}

int
chain_add(struct chain *c, const unsigned char *der, size_t len)
{
	begin_cert(c, len <= UINT32_MAX ? (uint32_t)len : UINT32_MAX, CHAIN_ADDED);
	append(&c->vtable, der, len);
	end_cert(&c->vtable);
	return c->skipping ? -1 : 0;
}

void
chain_check_reset(struct chain *c)
{
	anchors_release(c->anchors);
	c->anchors = NULL;
	c->signatures = NULL;
	c->phase = 0;
	c->fault = c->found = (struct chain_fault){ CHAIN_OK, 0, 0, NULL };
	c->fault.error = CHAIN_PENDING;
}

enum chain_error
chain_check_error(const struct chain *c)
{
	return (enum chain_error)c->fault.error;
}

int64_t
chain_check_until(const struct chain *c)
{
	return c->until;
}

/* --- in words --- */

static const struct {
	const char *code;
	const char *text; /* goes on after "The certificate ..."; NULL: has a sentence of its own */
} errors[CHAIN_ERRORS] = {
	[CHAIN_OK] = { "ok", "is good" },
	[CHAIN_PENDING] = { "pending", "was not judged yet" },
	[CHAIN_EMPTY] = { "no_certificate", NULL },
	[CHAIN_TOO_LARGE] = { "chain_too_large", NULL },
	[CHAIN_TOO_MANY] = { "too_many_certificates", NULL },
	[CHAIN_TOO_MANY_SIGNATURES] = { "too_many_signatures", NULL },
	[CHAIN_TOO_MANY_COMPARISONS] = { "too_many_name_constraints", NULL },
	[CHAIN_TOO_MANY_PATHS] = { "too_many_paths", NULL },
	[CHAIN_MALFORMED] = { "malformed", "can't be read: it is damaged" },
	[CHAIN_NOT_PROFILE] = { "not_standard", "breaks the rules for certificates" },
	[CHAIN_UNKNOWN_EXTENSION] = { "unknown_critical_extension",
		"demands something that this program does not know" },
	[CHAIN_EXPIRED] = { "expired", "expired on" },
	[CHAIN_NOT_YET_VALID] = { "not_yet_valid", "is not valid before" },
	[CHAIN_WEAK_KEY] = { "weak_key", "has a key that is too weak" },
	[CHAIN_UNSUPPORTED_KEY] = { "unsupported_key",
		"has a kind of key that this program can't use" },
	[CHAIN_WEAK_SIGNATURE] = { "weak_signature",
		"is signed by a method that is too weak (SHA-1 or MD5)" },
	[CHAIN_UNSUPPORTED_SIGNATURE] = { "unsupported_signature",
		"is signed by a method that this program does not know" },
	[CHAIN_KEY_USAGE] = { "key_usage", "does not allow its key to be used for this" },
	[CHAIN_EXTENDED_KEY_USAGE] = { "extended_key_usage", "is not meant for web servers" },
	[CHAIN_DISTRUSTED] = { "distrusted", "is on the distrust list" },
	[CHAIN_OWN_CA] = { "own_ca", "comes from this proxy's own CA, which no site may use" },
	[CHAIN_NO_NAME] = { "no_name", "does not say which site it is for" },
	[CHAIN_WRONG_NAME] = { "wrong_name", NULL },
	[CHAIN_UNKNOWN_ISSUER] = { "unknown_issuer", NULL },
	[CHAIN_SELF_SIGNED] = { "self_signed", "is signed by the site itself, by nobody else" },
	[CHAIN_NOT_A_CA] = { "not_a_ca", "is not allowed to issue other certificates" },
	[CHAIN_PATH_LENGTH] = { "path_length", "has more issuers below it than it allows" },
	[CHAIN_TOO_DEEP] = { "too_deep", "is too many issuers away from a trusted root" },
	[CHAIN_BAD_SIGNATURE] = { "bad_signature", "has a signature that is not its issuer's" },
	[CHAIN_NAME_CONSTRAINTS] = { "name_constraints",
		"has a name that its issuers are not allowed to certify" },
	[CHAIN_POLICY] = { "policy", "lacks a policy that its issuers require" },
};

const char *
chain_error_code(enum chain_error e)
{
	return e < CHAIN_ERRORS ? errors[e].code : "unknown";
}

const char *
chain_error_proxy_status(enum chain_error e)
{
	return e == CHAIN_OK || e == CHAIN_PENDING ? "" : "tls_certificate_error";
}

/* Unix seconds to "YYYY-MM-DD", by the civil calendar (era of 400 years: 146,097 days). */
static void
put_date(char *out, size_t cap, int64_t when)
{
	int64_t days = when / 86400 - (when % 86400 < 0) + 719468, era, year, day_of_year;
	int64_t day_of_era, month;

	era = (days >= 0 ? days : days - 146096) / 146097;
	day_of_era = days - era * 146097;
	year = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
	month = (5 * day_of_year + 2) / 153; /* from March */
	snprintf(out, cap, "%04d-%02d-%02d", (int)(year + era * 400 + (month >= 10)),
		(int)(month < 10 ? month + 3 : month - 9),
		(int)(day_of_year - (153 * month + 2) / 5 + 1));
}

/* "The certificate", or of which issuer. */
static void
put_subject(const struct chain *c, char *out, size_t cap)
{
	struct x509 x;
	char name[64];

	if (c->fault.cert < 0) {
		snprintf(out, cap, "The certificate of the trusted root \"%s\"", c->root);
	} else if (c->fault.error == CHAIN_MALFORMED && c->fault.cert > 0) {
		snprintf(out, cap, "One of the certificates that the server sent");
	} else if (c->fault.cert > 0) {
		chain_parse(c, c->fault.cert, &x);
		snprintf(out, cap, "The certificate of the issuer \"%s\"",
			x509_name_text(&x.subject, name, sizeof name));
	} else {
		snprintf(out, cap, "The certificate");
	}
}

/* Sentences that don't begin with a certificate. */
static bool
put_special(const struct chain *c, char out[CHAIN_TEXT])
{
	char names[176], issuer[64];
	struct x509 x;

	switch (c->fault.error) {
	case CHAIN_EMPTY: snprintf(out, CHAIN_TEXT, "The server sent no certificate."); return true;
	case CHAIN_TOO_LARGE:
		snprintf(out, CHAIN_TEXT, "The server's certificates are larger than %d bytes.",
			CHAIN_BYTES);
		return true;
	case CHAIN_TOO_MANY:
		snprintf(out, CHAIN_TEXT, "The server sent more than %d certificates.",
			c->count > CHAIN_CERTS ? CHAIN_ADDED : CHAIN_CERTS);
		return true;
	case CHAIN_TOO_MANY_SIGNATURES:
	case CHAIN_TOO_MANY_COMPARISONS:
	case CHAIN_TOO_MANY_PATHS:
		snprintf(out, CHAIN_TEXT,
			"The server's certificates are too tangled to be checked.");
		return true;
	case CHAIN_WRONG_NAME:
		chain_parse(c, 0, &x);
		snprintf(out, CHAIN_TEXT, "The certificate is for %.175s, not for %.120s.",
			names_text(&x.names, names, sizeof names)[0] ? names : "no site", c->host);
		return true;
	case CHAIN_UNKNOWN_ISSUER:
		chain_parse(c, 0, &x);
		snprintf(out, CHAIN_TEXT,
			"The certificate was issued by \"%s\", and no trusted root vouches for "
			"that.",
			x509_name_text(&x.issuer, issuer, sizeof issuer));
		return true;
	}
	return false;
}

const char *
chain_check_text(const struct chain *c, char out[CHAIN_TEXT])
{
	char subject[128], date[16] = "";
	const char *text = errors[c->fault.error].text;

	if (put_special(c, out))
		return out;
	put_subject(c, subject, sizeof subject);
	if (c->fault.error == CHAIN_EXPIRED || c->fault.error == CHAIN_NOT_YET_VALID)
		put_date(date, sizeof date, c->fault.time);
	snprintf(out, CHAIN_TEXT, "%s %s%s%s%s%s.", subject, text, date[0] ? " " : "", date,
		c->fault.detail ? ": " : "", c->fault.detail ? c->fault.detail : "");
	return out;
}
