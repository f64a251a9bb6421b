/*
 * x509: reads one certificate into facts.  See x509.h.
 */
#include "lib/x509/x509.h"

#include <string.h>

enum {
	EXTENSIONS = 64
}; /* in one certificate; real ones have 20 at most, and each is compared with all */

/* Object identifiers, without tag and length. */
#define OID(name, ...) static const unsigned char name[] = { __VA_ARGS__ }
OID(oid_rsa, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01);
OID(oid_ec, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01);
OID(oid_p256, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07);
OID(oid_p384, 0x2b, 0x81, 0x04, 0x00, 0x22);
OID(oid_p521, 0x2b, 0x81, 0x04, 0x00, 0x23);
OID(oid_server_auth, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01);
OID(oid_any_usage, 0x55, 0x1d, 0x25, 0x00);
OID(oid_common_name, 0x55, 0x04, 0x03);
OID(oid_organization, 0x55, 0x04, 0x0a);
OID(oid_cps, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x02, 0x01);
OID(oid_notice, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x02, 0x02);

/* 1.2.840.113549.1.1.x and 1.2.840.10045.4.x: signature algorithms differ in their last byte or two. */
OID(oid_pkcs1, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01);
OID(oid_ecdsa, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04);

static bool
is_under(const struct der *oid, const void *prefix, size_t len)
{
	return oid->len > len && memcmp(oid->p, prefix, len) == 0;
}

/* AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL } */
static int
read_algorithm(struct der in, enum x509_algorithm *out)
{
	struct der oid, rest, null;
	bool plain;

	if (der_take(&in, DER_OID, &oid) != 0)
		return -1;
	rest = in;
	/* RFC 4055 section 5 wants NULL beside an RSA signature; some leave it out. ECDSA has none. */
	plain = rest.len == 0 ||
		(der_take(&rest, DER_NULL, &null) == 0 && null.len == 0 && rest.len == 0);
	*out = X509_ALGORITHM_UNKNOWN;
	if (is_under(&oid, oid_pkcs1, sizeof oid_pkcs1) && oid.len == sizeof oid_pkcs1 + 1) {
		switch (oid.p[oid.len - 1]) {
		case 2: /* MD2 */
		case 4: /* MD5 */
		case 5: /* SHA-1 */ *out = X509_ALGORITHM_WEAK; break;
		case 11: *out = X509_RSA_SHA256; break;
		case 12: *out = X509_RSA_SHA384; break;
		case 13: *out = X509_RSA_SHA512; break;
		}
	} else if (is_under(&oid, oid_ecdsa, sizeof oid_ecdsa)) {
		if (der_is(&oid, "\x2a\x86\x48\xce\x3d\x04\x01", 7)) /* ecdsa-with-SHA1 */
			*out = X509_ALGORITHM_WEAK;
		else if (in.len == 0 && oid.len == 8 && oid.p[6] == 3 && oid.p[7] >= 2 &&
			 oid.p[7] <= 4)
			*out = X509_ECDSA_SHA256 + (oid.p[7] - 2);
	}
	if (!plain && *out != X509_ALGORITHM_WEAK)
		*out = X509_ALGORITHM_UNKNOWN;
	return 0;
}

static unsigned
bit_length(const struct der *n)
{
	unsigned bits = (unsigned)n->len * 8, top = n->len > 0 ? n->p[0] : 0;

	while (bits > 0 && top < 0x80) {
		top = top << 1 | 1;
		bits--;
	}
	return n->len > 0 ? bits : 0;
}

/* RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017 appendix A.1.1) */
static int
read_rsa_key(struct x509_key *key, struct der bits)
{
	struct der in;

	if (der_take(&bits, DER_SEQUENCE, &in) != 0 || bits.len != 0 ||
		der_take_unsigned(&in, &key->n) != 0 || der_take_unsigned(&in, &key->e) != 0 ||
		in.len != 0)
		return -1;
	key->kind = X509_KEY_RSA;
	key->bits = bit_length(&key->n);
	return 0;
}

/* ECParameters: a named curve only (RFC 5480 section 2.1.1); the point uncompressed (2.2). */
static void
read_ec_key(struct x509_key *key, struct der parameters, struct der bits)
{
	struct der curve;
	size_t size = 0;

	if (der_take(&parameters, DER_OID, &curve) != 0 || parameters.len != 0)
		return;
	if (der_is(&curve, oid_p256, sizeof oid_p256)) {
		key->kind = X509_KEY_P256;
		size = 32;
	} else if (der_is(&curve, oid_p384, sizeof oid_p384)) {
		key->kind = X509_KEY_P384;
		size = 48;
	} else if (der_is(&curve, oid_p521, sizeof oid_p521)) {
		key->kind = X509_KEY_P521;
		size = 66;
	}
	if (size == 0 || bits.len != 1 + 2 * size || bits.p[0] != 4)
		key->kind = X509_KEY_OTHER;
	key->n = bits;
}

int
x509_parse_key(struct x509_key *key, struct der spki)
{
	struct der in, algorithm, oid, bits;
	unsigned unused;

	*key = (struct x509_key){ .kind = X509_KEY_OTHER };
	if (der_take(&spki, DER_SEQUENCE, &in) != 0 || spki.len != 0 ||
		der_take(&in, DER_SEQUENCE, &algorithm) != 0 ||
		der_take_bits(&in, &bits, &unused) != 0 || in.len != 0 ||
		der_take(&algorithm, DER_OID, &oid) != 0 || unused != 0)
		return -1;
	if (der_is(&oid, oid_rsa, sizeof oid_rsa)) {
		if (!(algorithm.len == 0 || der_is(&algorithm, "\x05\x00", 2)))
			return -1;
		return read_rsa_key(key, bits);
	}
	if (der_is(&oid, oid_ec, sizeof oid_ec))
		read_ec_key(key, algorithm, bits);
	return 0;
}

/*
 * CA/Browser Forum Baseline Requirements 6.1.5 and 6.1.6: at least 2048 bits, a multiple of 8; exponents odd
 * and at least 3 (real roots have 3), and here of 32 bits at most: a long one costs the time of a private
 * key's operation.  4096 bits is lib/curve/rsa.h's bound.
 */
bool
x509_key_is_sound(const struct x509_key *key)
{
	if (key->kind != X509_KEY_RSA)
		return key->kind != X509_KEY_OTHER;
	return key->bits >= 2048 && key->bits <= 4096 && key->bits % 8 == 0 &&
	       (key->n.p[key->n.len - 1] & 1) != 0 && key->e.len >= 1 && key->e.len <= 4 &&
	       (key->e.p[key->e.len - 1] & 1) != 0 && !(key->e.len == 1 && key->e.p[0] < 3);
}

/* A small INTEGER that is not negative; what is larger than any chain is INT16_MAX. -1 malformed. */
static int
read_small(struct der magnitude)
{
	size_t i;
	int n = 0;

	for (i = 0; i < magnitude.len; i++) {
		n = n << 8 | magnitude.p[i];
		if (n > INT16_MAX)
			return INT16_MAX;
	}
	return n;
}

/* BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER (0..MAX) OPTIONAL }
 * An explicit FALSE is not DER, but common enough that everyone reads it. */
static int
read_basic_constraints(struct x509 *c, struct der value)
{
	struct der in, length;
	int ca;

	if (der_take(&value, DER_SEQUENCE, &in) != 0 || value.len != 0)
		return -1;
	c->has_ca_constraint = true;
	if (der_peek(&in) == DER_BOOLEAN) {
		ca = der_take_boolean(&in);
		if (ca < 0)
			return -1;
		c->is_ca = ca == 1;
	}
	if (in.len > 0) {
		if (der_take_unsigned(&in, &length) != 0)
			return -1;
		c->path_length = read_small(length);
	}
	return in.len == 0 ? 0 : -1;
}

static int
read_key_usage(struct x509 *c, struct der value)
{
	struct der bits;
	unsigned unused;

	if (der_take_bits(&value, &bits, &unused) != 0 || value.len != 0 || bits.len > 2)
		return -1;
	c->has_key_usage = true;
	c->key_usage = bits.len > 0 ? bits.p[0] : 0;
	return 0;
}

/* ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF KeyPurposeId */
static int
read_extended_usages(struct x509 *c, struct der value)
{
	struct der in, oid;

	if (der_take(&value, DER_SEQUENCE, &in) != 0 || value.len != 0 || in.len == 0)
		return -1;
	c->has_usages = true;
	while (in.len > 0) {
		if (der_take(&in, DER_OID, &oid) != 0)
			return -1;
		if (der_is(&oid, oid_server_auth, sizeof oid_server_auth) ||
			der_is(&oid, oid_any_usage, sizeof oid_any_usage))
			c->allows_server = true;
	}
	return 0;
}

int
x509_take_name(struct der *names, struct der *content)
{
	int tag;

	if (der_take_any(names, &tag, content, NULL) != 0 || (tag & 0xc0) != DER_CONTEXT ||
		(tag & 0x1f) > X509_NAME_REGISTERED)
		return -1;
	return tag & 0x1f;
}

/* GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName.  An address has 4 or 16 bytes. */
static int
read_names(struct x509 *c, struct der value)
{
	struct der in, name;
	int kind;

	if (der_take(&value, DER_SEQUENCE, &in) != 0 || value.len != 0 || in.len == 0)
		return -1;
	c->names = in;
	while (in.len > 0) {
		kind = x509_take_name(&in, &name);
		if (kind < 0 || (kind == X509_NAME_IP && name.len != 4 && name.len != 16))
			return -1;
	}
	return 0;
}

/* GeneralSubtree ::= SEQUENCE { base GeneralName, minimum [0] DEFAULT 0, maximum [1] OPTIONAL }
 * RFC 5280 section 4.2.1.10: minimum is always zero, and maximum absent. */
int
x509_take_subtree(struct der *subtrees, struct der *content)
{
	struct der in;
	int kind;

	if (der_take(subtrees, DER_SEQUENCE, &in) != 0)
		return -1;
	kind = x509_take_name(&in, content);
	return in.len == 0 ? kind : -1;
}

/* SIZE (1..MAX); an address comes with its mask. */
static int
check_subtrees(struct der in)
{
	struct der base;
	int kind;

	if (in.len == 0)
		return -1;
	while (in.len > 0) {
		kind = x509_take_subtree(&in, &base);
		if (kind < 0 || (kind == X509_NAME_IP && base.len != 8 && base.len != 32))
			return -1;
	}
	return 0;
}

void
x509_subtrees(const struct der *constraints, struct der *permitted, struct der *excluded)
{
	struct der in = *constraints;

	*permitted = *excluded = (struct der){ NULL, 0 };
	(void)der_take_optional(&in, DER_CONTEXT | DER_CONSTRUCTED | 0, permitted);
	(void)der_take_optional(&in, DER_CONTEXT | DER_CONSTRUCTED | 1, excluded);
}

/* NameConstraints ::= SEQUENCE { permittedSubtrees [0] OPTIONAL, excludedSubtrees [1] OPTIONAL }, and
 * never an empty one (section 4.2.1.10). */
static int
read_constraints(struct x509 *c, struct der value)
{
	struct der in, list;
	int i, got;

	if (der_take(&value, DER_SEQUENCE, &in) != 0 || value.len != 0 || in.len == 0)
		return -1;
	c->constraints = in;
	for (i = 0; i < 2; i++) {
		got = der_take_optional(&in, DER_CONTEXT | DER_CONSTRUCTED | i, &list);
		if (got < 0 || (got == 1 && check_subtrees(list) != 0))
			return -1;
	}
	return in.len == 0 ? 0 : -1;
}

/* AuthorityKeyIdentifier: only its keyIdentifier [0] helps to find an issuer. */
static int
read_issuer_key_id(struct x509 *c, struct der value)
{
	struct der in;

	if (der_take(&value, DER_SEQUENCE, &in) != 0 || value.len != 0)
		return -1;
	return der_take_optional(&in, DER_CONTEXT | 0, &c->issuer_key_id) < 0 ? -1 : 0;
}

static int
read_key_id(struct x509 *c, struct der value)
{
	return der_take(&value, DER_OCTET_STRING, &c->key_id) == 0 && value.len == 0 ? 0 : -1;
}

/* PolicyQualifierInfo ::= SEQUENCE { policyQualifierId, qualifier ANY }, in SIZE (1..MAX) */
static bool
knows_qualifiers(struct der policy)
{
	struct der in, info, id;

	if (policy.len == 0)
		return true; /* there are none */
	if (der_take(&policy, DER_SEQUENCE, &in) != 0 || policy.len != 0 || in.len == 0)
		return false;
	while (in.len > 0)
		if (der_take(&in, DER_SEQUENCE, &info) != 0 || der_take(&info, DER_OID, &id) != 0 ||
			!(der_is(&id, oid_cps, sizeof oid_cps) ||
				der_is(&id, oid_notice, sizeof oid_notice)))
			return false;
	return true;
}

/* certificatePolicies ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE { policyIdentifier, qualifiers OPTIONAL } */
static int
read_policies(struct x509 *c, struct der value)
{
	struct der in, policy;

	if (der_take(&value, DER_SEQUENCE, &in) != 0 || value.len != 0 || in.len == 0)
		return -1;
	c->policies = in;
	while (in.len > 0) {
		if (der_take(&in, DER_SEQUENCE, &policy) != 0 ||
			der_take(&policy, DER_OID, NULL) != 0)
			return -1;
		if (!knows_qualifiers(policy))
			c->has_unknown_qualifier = true;
	}
	return 0;
}

int
x509_take_policy(struct der *policies, struct der *policy)
{
	struct der in;

	return der_take(policies, DER_SEQUENCE, &in) == 0 ? der_take(&in, DER_OID, policy) : -1;
}

int
x509_take_mapping(struct der *mappings, struct der *from, struct der *to)
{
	struct der in;

	if (der_take(mappings, DER_SEQUENCE, &in) != 0 || der_take(&in, DER_OID, from) != 0 ||
		der_take(&in, DER_OID, to) != 0)
		return -1;
	return in.len == 0 ? 0 : -1;
}

/* PolicyMappings ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE { issuerDomainPolicy, subjectDomainPolicy } */
static int
read_mappings(struct x509 *c, struct der value)
{
	struct der in, from, to;

	if (der_take(&value, DER_SEQUENCE, &in) != 0 || value.len != 0 || in.len == 0)
		return -1;
	c->mappings = in;
	while (in.len > 0)
		if (x509_take_mapping(&in, &from, &to) != 0)
			return -1;
	return 0;
}

/* SkipCerts ::= INTEGER (0..MAX), under a context tag: 1 there, 0 not, -1 malformed. */
static int
read_skip(struct der *in, int tag, int *out)
{
	struct der n;
	int got = der_take_optional(in, DER_CONTEXT | tag, &n);

	if (got == 1 && (n.len == 0 || n.p[0] >= 0x80))
		return -1;
	if (got == 1)
		*out = read_small(n);
	return got;
}

/* PolicyConstraints ::= SEQUENCE { requireExplicitPolicy [0] OPTIONAL, inhibitPolicyMapping [1] OPTIONAL } */
static int
read_policy_constraints(struct x509 *c, struct der value)
{
	struct der in;

	if (der_take(&value, DER_SEQUENCE, &in) != 0 || value.len != 0 || in.len == 0)
		return -1;
	if (read_skip(&in, 0, &c->explicit_policy) < 0 ||
		read_skip(&in, 1, &c->inhibit_mapping) < 0)
		return -1;
	return in.len == 0 ? 0 : -1;
}

static int
read_inhibit_any(struct x509 *c, struct der value)
{
	struct der n;

	if (der_take_unsigned(&value, &n) != 0 || value.len != 0)
		return -1;
	c->inhibit_any = read_small(n);
	return 0;
}

/*
 * The extensions we know: 2.5.29.x.  RFC 5280 forbids critical key identifiers (4.2.1.1, 4.2.1.2), so
 * those are like any other critical extension that nobody promised to understand.
 */
static const struct {
	unsigned char id;
	bool may_be_critical;
	int (*read)(struct x509 *, struct der value);
} known[] = {
	{ 14, false, read_key_id },
	{ 15, true, read_key_usage },
	{ 17, true, read_names },
	{ 19, true, read_basic_constraints },
	{ 30, true, read_constraints },
	{ 32, true, read_policies },
	{ 33, true, read_mappings },
	{ 35, false, read_issuer_key_id },
	{ 36, true, read_policy_constraints },
	{ 37, true, read_extended_usages },
	{ 54, true, read_inhibit_any },
};

static int
read_known_extension(struct x509 *c, const struct der *oid, bool critical, struct der value)
{
	size_t i;

	if (oid->len == 3 && oid->p[0] == 0x55 && oid->p[1] == 0x1d)
		for (i = 0; i < sizeof known / sizeof known[0]; i++)
			if (known[i].id == oid->p[2]) {
				if (known[i].read(c, value) != 0)
					return -1;
				if (critical && !known[i].may_be_critical)
					c->has_unknown_critical = true;
				c->has_critical_policies |= critical && known[i].id == 32;
				return 0;
			}
	if (critical)
		c->has_unknown_critical = true;
	return 0;
}

/* Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
 * Each at most once (RFC 5280 section 4.2): of two, which one would count? */
static int
read_extensions(struct x509 *c, struct der list)
{
	struct der seen[EXTENSIONS], in, extension, value;
	size_t count = 0, i;
	int critical;

	if (der_take(&list, DER_SEQUENCE, &in) != 0 || list.len != 0 || in.len == 0)
		return -1;
	while (in.len > 0) {
		if (count == EXTENSIONS || der_take(&in, DER_SEQUENCE, &extension) != 0 ||
			der_take(&extension, DER_OID, &seen[count]) != 0)
			return -1;
		critical = 0;
		if (der_peek(&extension) == DER_BOOLEAN)
			critical = der_take_boolean(&extension);
		if (critical < 0 || der_take(&extension, DER_OCTET_STRING, &value) != 0 ||
			extension.len != 0)
			return -1;
		for (i = 0; i < count; i++)
			if (der_same(&seen[i], &seen[count]))
				return -1;
		if (read_known_extension(c, &seen[count], critical == 1, value) != 0)
			return -1;
		count++;
	}
	return 0;
}

/* A Name with its header, its structure checked down to the attributes. */
static int
read_name(struct der *in, struct der *name)
{
	struct der content, set = { NULL, 0 }, type, value;
	int tag, got;

	if (der_peek(in) != DER_SEQUENCE || der_take_any(in, NULL, &content, name) != 0)
		return -1;
	while ((got = x509_take_attribute(&content, &set, &type, &tag, &value)) == 1)
		;
	return got;
}

/* Version ::= [0] EXPLICIT INTEGER { v1(0), v2(1), v3(2) } DEFAULT v1 */
static int
read_version(struct x509 *c, struct der *in)
{
	struct der outer, n;
	int got = der_take_optional(in, DER_CONTEXT | DER_CONSTRUCTED | 0, &outer);

	c->version = 1;
	if (got <= 0)
		return got;
	if (der_take_unsigned(&outer, &n) != 0 || outer.len != 0 || n.len > 1 ||
		(n.len == 1 && n.p[0] > 2))
		return -1;
	c->version = n.len == 0 ? 1 : n.p[0] + 1u;
	return 0;
}

/* TBSCertificate, section 4.1: in its order.  Unique identifiers [1] and [2] are passed over. */
static int
read_tbs(struct x509 *c, struct der in, struct der *algorithm)
{
	struct der validity, list;
	int got;

	if (read_version(c, &in) != 0 || der_take_integer(&in, &c->serial) != 0 ||
		der_take(&in, DER_SEQUENCE, algorithm) != 0 || read_name(&in, &c->issuer) != 0 ||
		der_take(&in, DER_SEQUENCE, &validity) != 0 ||
		der_take_time(&validity, &c->not_before) != 0 ||
		der_take_time(&validity, &c->not_after) != 0 || validity.len != 0 ||
		read_name(&in, &c->subject) != 0 || der_peek(&in) != DER_SEQUENCE ||
		der_take_any(&in, NULL, NULL, &c->spki) != 0 ||
		x509_parse_key(&c->key, c->spki) != 0 ||
		der_take_optional(&in, DER_CONTEXT | 1, NULL) < 0 ||
		der_take_optional(&in, DER_CONTEXT | 2, NULL) < 0)
		return -1;
	got = der_take_optional(&in, DER_CONTEXT | DER_CONSTRUCTED | 3, &list);
	if (got < 0 || in.len != 0 || (got == 1 && c->version != 3))
		return -1;
	return got == 1 ? read_extensions(c, list) : 0;
}

int
x509_parse(struct x509 *c, const unsigned char *der, size_t len)
{
	struct der in = { der, len }, outer, tbs, inner_algorithm, algorithm;
	unsigned unused;

	memset(c, 0, sizeof *c);
	c->path_length = c->explicit_policy = c->inhibit_mapping = c->inhibit_any = -1;
	c->whole = in;
	if (der_take(&in, DER_SEQUENCE, &outer) != 0 || in.len != 0 ||
		der_peek(&outer) != DER_SEQUENCE ||
		der_take_any(&outer, NULL, &tbs, &c->tbs) != 0 ||
		der_take(&outer, DER_SEQUENCE, &algorithm) != 0 ||
		der_take_bits(&outer, &c->signature, &unused) != 0 || unused != 0 ||
		outer.len != 0 || read_tbs(c, tbs, &inner_algorithm) != 0)
		return -1;
	c->algorithms_differ = !der_same(&algorithm, &inner_algorithm);
	return read_algorithm(algorithm, &c->algorithm);
}

/* RDNSequence ::= SEQUENCE OF SET SIZE (1..MAX) OF SEQUENCE { type, value } */
int
x509_take_attribute(
	struct der *name, struct der *set, struct der *type, int *tag, struct der *value)
{
	struct der pair;

	if (set->len == 0) {
		if (name->len == 0)
			return 0;
		if (der_take(name, DER_SET, set) != 0)
			return -1;
	}
	if (der_take(set, DER_SEQUENCE, &pair) != 0 || der_take(&pair, DER_OID, type) != 0 ||
		der_take_any(&pair, tag, value, NULL) != 0 || pair.len != 0)
		return -1;
	return 1;
}

char *
x509_name_text(const struct der *name, char *out, size_t cap)
{
	struct der in = *name, content = { NULL, 0 }, set = { NULL, 0 }, type, value;
	struct der best = { NULL, 0 };
	int tag, rank = 0, mine;
	size_t i, n;

	(void)der_take(&in, DER_SEQUENCE, &content);
	while (x509_take_attribute(&content, &set, &type, &tag, &value) == 1) {
		mine = der_is(&type, oid_common_name, sizeof oid_common_name)     ? 3
		       : der_is(&type, oid_organization, sizeof oid_organization) ? 2
										  : 1;
		if (mine > rank) {
			rank = mine;
			best = value;
		}
	}
	n = best.len < cap - 1 ? best.len : cap - 1;
	for (i = 0; i < n; i++)
		out[i] = best.p[i] < 0x20 || best.p[i] == 0x7f ? '?' : (char)best.p[i];
	out[n] = '\0';
	return out;
}
