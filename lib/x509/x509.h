/*
 * x509: reads one certificate (RFC 5280 section 4) into facts: names, dates, key, extensions.
 *
 * Pure.  Judges nothing: an expired or weak certificate is read like any other, and what the profile
 * forbids but real certificates do is a fact that the caller weighs.  Only what can't be read, or could be
 * read in two ways, is malformed.  All slices point into the caller's DER.
 */
#ifndef X509_H
#define X509_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/x509/der.h"

enum x509_algorithm {
	X509_ALGORITHM_UNKNOWN,
	X509_ALGORITHM_WEAK, /* MD2, MD5 or SHA-1, with whatever key */
	X509_RSA_SHA256,
	X509_RSA_SHA384,
	X509_RSA_SHA512,
	X509_ECDSA_SHA256,
	X509_ECDSA_SHA384,
	X509_ECDSA_SHA512
};

enum x509_key_kind {
	X509_KEY_OTHER, /* Ed25519, DSA, RSA-PSS, another curve, explicit curve parameters, ... */
	X509_KEY_RSA,
	X509_KEY_P256,
	X509_KEY_P384,
	X509_KEY_P521
};

struct x509_key {
	enum x509_key_kind kind;
	struct der n, e; /* RSA: modulus and exponent without leading zeros; EC: n is the point */
	unsigned bits;   /* RSA: of the modulus */
};

/* keyUsage, RFC 5280 section 4.2.1.3 */
enum { X509_DIGITAL_SIGNATURE = 0x80, X509_KEY_CERT_SIGN = 0x04 };

/* GeneralName, RFC 5280 section 4.2.1.6: the number of its context tag */
enum x509_name {
	X509_NAME_OTHER,
	X509_NAME_EMAIL,
	X509_NAME_DNS,
	X509_NAME_X400,
	X509_NAME_DIRECTORY,
	X509_NAME_EDI,
	X509_NAME_URI,
	X509_NAME_IP,
	X509_NAME_REGISTERED
};

struct x509 {
	struct der whole, tbs;      /* with their headers */
	struct der issuer, subject; /* Names with their headers; compare them by dname_same */
	struct der spki;            /* SubjectPublicKeyInfo with its header */
	struct der serial;          /* the INTEGER's content */
	struct der signature;
	int64_t not_before, not_after;
	struct x509_key key;
	enum x509_algorithm algorithm;
	unsigned version;          /* 1, 2 or 3 */
	bool algorithms_differ;    /* inside and outside the signature: RFC 5280 section 4.1.1.2 */
	bool has_unknown_critical; /* section 4.2: such a certificate must be refused */
	bool has_ca_constraint, is_ca; /* basicConstraints is there; cA in it */
	int path_length;               /* -1: none */
	bool has_key_usage;
	uint8_t key_usage;                /* the first eight bits */
	bool has_usages, allows_server;   /* extKeyUsage is there; serverAuth or any in it */
	struct der names;                 /* GeneralNames inside subjectAltName; len 0: none */
	struct der constraints;           /* inside NameConstraints; len 0: none */
	struct der key_id, issuer_key_id; /* subject and authority key identifiers; len 0: none */
	struct der policies;              /* inside certificatePolicies; len 0: none */
	bool has_critical_policies;       /* that extension is critical */
	bool has_unknown_qualifier;       /* one in them is neither cPSuri nor userNotice */
	struct der mappings;              /* inside policyMappings; len 0: none */
	int explicit_policy;              /* requireExplicitPolicy, -1: none */
	int inhibit_mapping;              /* inhibitPolicyMapping, -1: none */
	int inhibit_any;                  /* inhibitAnyPolicy, -1: none */
};

/* Returns 0, or -1: no certificate, or a malformed one, or one with an extension twice. */
int x509_parse(struct x509 *c, const unsigned char *der, size_t len);

/* Reads a SubjectPublicKeyInfo.  0, or -1: malformed (X509_KEY_OTHER is not). */
int x509_parse_key(struct x509_key *key, struct der spki);

/* Is it a key to rely on: RSA of 2048 to 4096 bits, whole bytes, with an exponent that makes sense, or a point
 * on P-256, P-384 or P-521?  Where the point lies is for the signature check to find out. */
bool x509_key_is_sound(const struct x509_key *key);

/* Takes the next GeneralName: its number (enum x509_name) and content, or -1 at a malformed one. */
int x509_take_name(struct der *names, struct der *content);

/* Takes the next subtree of a permitted or excluded list likewise. */
int x509_take_subtree(struct der *subtrees, struct der *content);

/* Takes the next policy of certificatePolicies, and the next pair of policyMappings; checked by x509_parse.
 * 0, or -1 at the end. */
int x509_take_policy(struct der *policies, struct der *policy);
int x509_take_mapping(struct der *mappings, struct der *from, struct der *to);

/* The two lists of a NameConstraints; one that is absent has len 0.  Checked by x509_parse. */
void x509_subtrees(const struct der *constraints, struct der *permitted, struct der *excluded);

/* Takes the next attribute of a Name's content (RDNs flattened): type, string tag, value.
 * Returns 1, 0 at the end, -1 malformed. `set` keeps the place and starts as an empty slice. */
int x509_take_attribute(
	struct der *name, struct der *set, struct der *type, int *tag, struct der *value);

/* commonName, else organizationName, else anything: text for people, cut to cap with NUL, control bytes
 * as '?'.  Returns out; "" if there is none. */
char *x509_name_text(const struct der *name, char *out, size_t cap);

#endif
