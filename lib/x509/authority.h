/*
 * authority: a certificate authority of this router: its key, its certificate, the files they are in.
 *
 * Loads what the user brought along, or makes a CA on first use.  Everything about it is checked here, at
 * start, with the file named: the modes, that the key belongs to the certificate, that it is a CA, its dates.
 * Key bytes leave this file only as a br_ec_private_key to sign with.  Forges nothing itself.
 */
#ifndef AUTHORITY_H
#define AUTHORITY_H

#include <bearssl.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/x509/x509.h"

enum {
	AUTHORITY_CERT = 4096, /* bytes of a CA certificate; brought ones have 2 KB at most */
	AUTHORITY_SCALAR = 48, /* bytes of a P-384 private key */
	AUTHORITY_HASH = 32,   /* SHA-256 */
	AUTHORITY_ERROR = 512
};

/* Points into itself: must not be copied or moved. */
struct authority {
	unsigned char der[AUTHORITY_CERT];
	size_t der_len;
	unsigned char hash[AUTHORITY_HASH]; /* SHA-256 of der */
	struct x509 cert;
	br_ec_private_key key;
	unsigned char scalar[AUTHORITY_SCALAR];
	br_ec_private_key leaf_key; /* P-256: the key of all leaves under this CA */
	br_ec_public_key leaf_public;
	unsigned char leaf_scalar[32], leaf_point[65];
};

/*
 * Takes the CA in these files.  With neither of them there, makes one (P-256, ten years, backdated a day from
 * `now`), the key in a file of mode 0600, in a directory of mode 0755 if that is missing too (others' files
 * are there, which the daemon reads again when it is root no more); each file is written beside its place, synced and renamed.  With the key alone, as a power cut between the two leaves
 * it, makes the certificate anew.  Waits for the kernel's random generator when it makes a key.
 *
 * The leaf key is no file: it is derived from the CA's key by HMAC, one way.  So it costs no write, works with a
 * CA on a read-only directory, and after any restart or restored backup the same CA gives the same leaves.
 *
 * `now`: unix seconds, or a time that the clock has surely passed if it is not to be trusted yet; a CA that has
 * expired by then is refused.  Returns 0, or -1 with a sentence in err (the struct is then wiped).
 */
int authority_open(struct authority *a, const char *cert_path, const char *key_path, int64_t now,
	char err[AUTHORITY_ERROR]);

/* Would authority_open succeed?  Reads what is there and makes nothing: where it would make a file, it looks whether
 * that could be made (and a->der_len is 0).  0 or -1 as above. */
int authority_check(struct authority *a, const char *cert_path, const char *key_path, int64_t now,
	char err[AUTHORITY_ERROR]);

/* A CA in memory only, with a new key, that nobody trusts and whose name says so. 0 or -1 as above. */
int authority_make_untrusted(struct authority *a, int64_t now, char err[AUTHORITY_ERROR]);

/* A secret of 32 bytes for another purpose than signing, derived like the leaf key. */
void authority_derive(const struct authority *a, const char *purpose, unsigned char out[32]);

/* Signs like ECDSA with SHA-256 (P-256) or SHA-384 (P-384); the same data gives the same signature.
 * Returns the length of the ASN.1 signature (at most ENCODE_SIGNATURE_MAX), 0 if it failed. */
size_t authority_sign(
	const struct authority *a, const void *data, size_t len, unsigned char *signature);

/* The hash of its signatures: br_sha256_ID or br_sha384_ID. */
int authority_hash_id(const struct authority *a);

/* Wipes the keys. */
void authority_reset(struct authority *a);

#endif
