/*
 * authority: a certificate authority of this router.  See authority.h.
 *
 * BearSSL 0.6 overflows on private keys that are too long, so its decoder is not used: a key here is an OCTET
 * STRING whose length is compared with the curve's before it is copied.  The curve that the key file names is
 * not looked at; whether the key belongs to the certificate is decided by computing the public key.
 */
#include "lib/x509/authority.h"
#include "lib/curve/ecdsa.h"
#include "lib/curve/p256.h"
#include "lib/curve/p384.h"
#include "lib/x509/encode.h"
#include "lib/x509/pem.h"
#include "lib/base/pool.h"
#include "lib/base/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILE_MOST = 65536, /* bytes of a file that is read; a CA with its text dump has 6 KB */
	KEY_DER = 1024,    /* bytes of a private key; P-384 in PKCS#8 has 185 */
	PATH_MOST = 512,
	PEM_MOST = 2 * AUTHORITY_CERT, /* 4/3 of it, and the lines around */
	HOST_SHOWN = 40                /* characters of the host's name in the CA's: 64 in all */
};

#define DAY     ((int64_t)86400)
#define CA_LIFE (3652 * DAY) /* ten years */

static int __attribute__((format(printf, 2, 3)))
refuse(char err[AUTHORITY_ERROR], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(err, AUTHORITY_ERROR, format, ap);
	va_end(ap);
	return -1;
}

/* --- keys --- */

static size_t
scalar_size(int curve)
{
	return curve == BR_EC_secp384r1 ? 48 : 32;
}

/* Computes the public key into `point`, which has room for either curve.  Returns 0, or -1: the key is not in 1..n-1. */
static int
find_public(br_ec_public_key *public, unsigned char point[P384_POINT], const br_ec_private_key *key)
{
	bool large = key->curve == BR_EC_secp384r1;

	*public = (br_ec_public_key){ key->curve, point, large ? P384_POINT : P256_POINT };
	return large ? p384_public(point, key->x) : p256_public(point, key->x);
}

/* HMAC is one way and its key is uniform: who has what comes out learns nothing of the CA's key. */
static void
derive(const struct authority *a, const char *purpose, unsigned char counter, unsigned char out[32])
{
	br_hmac_key_context key;
	br_hmac_context ctx;

	br_hmac_key_init(&key, &br_sha256_vtable, a->key.x, a->key.xlen);
	br_hmac_init(&ctx, &key, 0);
	br_hmac_update(&ctx, purpose, strlen(purpose));
	br_hmac_update(&ctx, &counter, 1);
	br_hmac_out(&ctx, out);
	pool_wipe(&key, sizeof key);
	pool_wipe(&ctx, sizeof ctx);
}

void
authority_derive(const struct authority *a, const char *purpose, unsigned char out[32])
{
	derive(a, purpose, 0, out);
}

static void
derive_leaf_key(struct authority *a)
{
	unsigned char counter = 0;

	a->leaf_key = (br_ec_private_key){ BR_EC_secp256r1, a->leaf_scalar, sizeof a->leaf_scalar };
	do /* again once in 2^32 */
		derive(a, "sluice leaf key", counter++, a->leaf_scalar);
	while (p256_public(a->leaf_point, a->leaf_scalar) != 0);
	a->leaf_public = (br_ec_public_key){ BR_EC_secp256r1, a->leaf_point, sizeof a->leaf_point };
}

/* Takes a big-endian number of any length that fits the curve.  Returns 0 or -1. */
static int
set_key(struct authority *a, int curve, const struct der *number)
{
	unsigned char point[P384_POINT];
	br_ec_public_key public;
	size_t size = scalar_size(curve), skip = 0;

	while (skip < number->len && number->p[skip] == 0)
		skip++;
	if (number->len - skip > size)
		return -1;
	memset(a->scalar, 0, sizeof a->scalar);
	memcpy(a->scalar + size - (number->len - skip), number->p + skip, number->len - skip);
	a->key = (br_ec_private_key){ curve, a->scalar, size };
	return find_public(&public, point, &a->key);
}

static int
make_key(struct authority *a)
{
	unsigned char seed[48], point[P256_POINT];
	br_hmac_drbg_context rng;

	if (seed_read(seed, sizeof seed) != 0)
		return -1;
	br_hmac_drbg_init(&rng, &br_sha256_vtable, seed, sizeof seed);
	do /* again once in 2^32: FIPS 186-5 appendix A.2.2 */
		br_hmac_drbg_generate(&rng, a->scalar, P256_SCALAR);
	while (p256_public(point, a->scalar) != 0);
	a->key = (br_ec_private_key){ BR_EC_secp256r1, a->scalar, P256_SCALAR };
	pool_wipe(seed, sizeof seed);
	pool_wipe(&rng, sizeof rng);
	return 0;
}

int
authority_hash_id(const struct authority *a)
{
	return a->key.curve == BR_EC_secp384r1 ? br_sha384_ID : br_sha256_ID;
}

size_t
authority_sign(const struct authority *a, const void *data, size_t len, unsigned char *signature)
{
	unsigned char digest[br_sha384_SIZE], raw[P384_SIGNATURE];
	bool large = authority_hash_id(a) == br_sha384_ID;
	const br_hash_class *hash = large ? &br_sha384_vtable : &br_sha256_vtable;
	br_hash_compat_context ctx;

	hash->init(&ctx.vtable);
	hash->update(&ctx.vtable, data, len);
	hash->out(&ctx.vtable, digest);
	if ((large ? p384_sign(raw, digest, br_sha384_SIZE, a->scalar)
		   : p256_sign(raw, digest, br_sha256_SIZE, a->scalar)) != 0)
		return 0;
	return ecdsa_write(signature, raw, a->key.xlen);
}

/* --- the certificate --- */

static void
sha256(const void *data, size_t len, unsigned char out[br_sha256_SIZE])
{
	br_sha256_context ctx;

	br_sha256_init(&ctx);
	br_sha256_update(&ctx, data, len);
	br_sha256_out(&ctx, out);
}

/* Of the host's name only what is safe in any place where a certificate's name is shown. */
static void
host_name(char out[HOST_SHOWN + 1])
{
	size_t i;

	if (gethostname(out, HOST_SHOWN + 1) != 0)
		out[0] = '\0';
	out[HOST_SHOWN] = '\0';
	for (i = 0; out[i] != '\0'; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.",
			    out[i]) == NULL)
			out[i] = '-';
	if (i == 0)
		memcpy(out, "router", sizeof "router");
}

/* A certificate for a->key, signed by itself.  Its name holds the start of the key's identifier, which tells
 * this router's CA from the neighbour's, and this one from one that was made here before. */
static int
self_sign(struct authority *a, const char *title, int64_t now)
{
	unsigned char point[P384_POINT], name[128], id[br_sha256_SIZE], serial[br_sha256_SIZE];
	unsigned char signature[ENCODE_SIGNATURE_MAX];
	char host[HOST_SHOWN + 1], cn[ENCODE_CN_MAX + 1];
	br_ec_public_key key;
	struct encode_cert c = { .is_ca = true, .hash = authority_hash_id(a), .key = &key };
	size_t len;

	find_public(&key, point, &a->key);
	sha256(key.q, key.qlen, id); /* RFC 7093, method 1: no SHA-1 */
	host_name(host);
	snprintf(
		cn, sizeof cn, "%s, %s, %02x%02x%02x%02x", title, host, id[0], id[1], id[2], id[3]);
	c.subject = c.issuer = name;
	c.subject_len = c.issuer_len = encode_name(name, cn, strlen(cn));
	c.ski = id;
	c.ski_len = ENCODE_KEY_ID;
	c.not_before = now - DAY;
	c.not_after = now + CA_LIFE;
	len = encode_cert_body(a->der, &c);
	sha256(a->der, len, serial);
	serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, and 16 bytes whatever the hash */
	c.serial = serial;
	c.serial_len = 16;
	len = encode_cert_body(a->der, &c);
	a->der_len = authority_sign(a, a->der, len, signature);
	if (a->der_len == 0)
		return -1;
	a->der_len = encode_cert_close(a->der, len, c.hash, signature, a->der_len);
	return 0;
}

/* Fills in what follows from the certificate and the key. */
static int
complete(struct authority *a)
{
	if (x509_parse(&a->cert, a->der, a->der_len) != 0)
		return -1;
	sha256(a->der, a->der_len, a->hash);
	derive_leaf_key(a);
	return 0;
}

static bool
owns_key(const struct authority *a)
{
	unsigned char point[P384_POINT];
	br_ec_public_key key;

	find_public(&key, point, &a->key);
	return key.qlen == a->cert.key.n.len && memcmp(key.q, a->cert.key.n.p, key.qlen) == 0;
}

/* Can this certificate issue leaves that clients accept? */
static int
check_certificate(const struct x509 *c, const char *path, int64_t now, char err[AUTHORITY_ERROR])
{
	char date[ENCODE_DATE];

	if (c->key.kind != X509_KEY_P256 && c->key.kind != X509_KEY_P384)
		return refuse(err, "%s: the CA's key must be ECDSA on P-256 or P-384", path);
	if (c->version != 3 || !c->is_ca)
		return refuse(
			err, "%s: this certificate is no CA (basicConstraints CA:TRUE)", path);
	if (c->has_key_usage && (c->key_usage & X509_KEY_CERT_SIGN) == 0)
		return refuse(err, "%s: this CA may not sign certificates (keyUsage)", path);
	if (c->has_usages && !c->allows_server)
		return refuse(err, "%s: this CA is not for TLS servers (extendedKeyUsage)", path);
	if (c->not_after < now)
		return refuse(
			err, "%s: the CA expired on %s", path, encode_date(date, c->not_after));
	return 0;
}

/* --- files --- */

/*
 * Feeds a PEM decoder up to the first object for which `wanted` says true.  1: found, 0: the file ended, -1:
 * errno (EFBIG: there is more than a key or a certificate could fill).
 */
static int
find_object(int fd, struct pem *pem, bool (*wanted)(const struct pem *))
{
	char text[512];
	size_t total = 0, used, at;
	ssize_t n = 0;
	int got = 0;

	while (got == 0 && total <= FILE_MOST && (n = read(fd, text, sizeof text)) > 0) {
		total += (size_t)n;
		for (at = 0; at < (size_t)n && got == 0; at += used)
			if (pem_push(pem, text + at, (size_t)n - at, &used) > 0)
				got = wanted(pem);
	}
	pool_wipe(text, sizeof text);
	if (got == 0 && total > FILE_MOST) {
		errno = EFBIG;
		return -1;
	}
	return n < 0 ? -1 : got || (pem_end(pem) > 0 && wanted(pem));
}

/* The same for a whole file.  Returns the object's length, or 0 with a sentence in err. */
static size_t
read_pem(int fd, const char *path, bool (*wanted)(const struct pem *), unsigned char *out,
	size_t cap, char err[AUTHORITY_ERROR])
{
	struct pem pem;
	size_t len;
	int got;

	pem_init(&pem, out, cap);
	got = find_object(fd, &pem, wanted);
	len = got > 0 ? pem.len : 0;
	pool_wipe(&pem, sizeof pem);
	if (got < 0)
		refuse(err, "%s: %s", path, strerror(errno));
	else if (got == 0)
		refuse(err, "%s: there is no PEM object of the kind that is expected here", path);
	return len;
}

/* Only for the plain forms: a key with a password has no place in a daemon. */
static bool
is_private_key(const struct pem *p)
{
	return strcmp(p->label, "PRIVATE KEY") == 0 || strcmp(p->label, "EC PRIVATE KEY") == 0;
}

/* Others who can read the key can be this CA: better no start than that.  Its owner does not matter: who may
 * read a file of this mode is its owner or root. */
static int
check_key_file(int fd, const char *path, char err[AUTHORITY_ERROR])
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return refuse(err, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(err, "%s: not a regular file", path);
	if ((st.st_mode & 077) != 0)
		return refuse(err,
			"%s: mode %04o gives others access to the CA's key, 0600 is expected", path,
			(unsigned)st.st_mode & 07777);
	return 0;
}

/*
 * PrivateKeyInfo ::= SEQUENCE { version INTEGER, algorithm SEQUENCE, privateKey OCTET STRING, ... }  RFC 5208
 * ECPrivateKey ::= SEQUENCE { version INTEGER (1), privateKey OCTET STRING, ... }                    RFC 5915
 * Finds the number itself.
 */
static int
find_scalar(struct der in, struct der *number)
{
	struct der key, version, algorithm, inner;

	if (der_take(&in, DER_SEQUENCE, &key) != 0 || der_take_unsigned(&key, &version) != 0)
		return -1;
	if (der_take_optional(&key, DER_SEQUENCE, &algorithm) == 1) {
		if (der_take(&key, DER_OCTET_STRING, &inner) != 0)
			return -1;
		if (der_take(&inner, DER_SEQUENCE, &key) != 0 ||
			der_take_unsigned(&key, &version) != 0)
			return -1;
	}
	return der_take(&key, DER_OCTET_STRING, number);
}

/* Reads the key; `curve` 0: the one that the key's length tells.  Returns 0, 1: no such file, -1. */
static int
load_key(struct authority *a, const char *path, int curve, char err[AUTHORITY_ERROR])
{
	unsigned char der[KEY_DER];
	struct der number, in = { der, 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), failed = -1;

	if (fd < 0)
		return refuse(err, "%s: %s", path, strerror(errno)), errno == ENOENT ? 1 : -1;
	if (check_key_file(fd, path, err) == 0)
		in.len = read_pem(fd, path, is_private_key, der, sizeof der, err);
	close(fd);
	if (in.len > 0) {
		failed = find_scalar(in, &number);
		if (failed == 0 && curve == 0)
			curve = number.len == 48 ? BR_EC_secp384r1 : BR_EC_secp256r1;
		if (failed != 0 || set_key(a, curve, &number) != 0)
			failed = refuse(
				err, "%s: no ECDSA key that fits the CA's certificate", path);
	}
	pool_wipe(der, sizeof der);
	return failed;
}

/* Reads the certificate.  Returns 0, 1: no such file, -1. */
static int
load_certificate(struct authority *a, const char *path, char err[AUTHORITY_ERROR])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return refuse(err, "%s: %s", path, strerror(errno)), errno == ENOENT ? 1 : -1;
	a->der_len = read_pem(fd, path, pem_is_certificate, a->der, sizeof a->der, err);
	close(fd);
	if (a->der_len == 0)
		return -1;
	if (x509_parse(&a->cert, a->der, a->der_len) != 0)
		return refuse(err, "%s: the certificate is malformed", path);
	return 0;
}

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The directory of a path, in dir[PATH_MOST].  Returns 0 or -1 with errno. */
static int
directory_of(char dir[PATH_MOST], const char *path)
{
	const char *slash = strrchr(path, '/');
	int n;

	if (slash == NULL)
		n = snprintf(dir, PATH_MOST, ".");
	else if (slash == path)
		n = snprintf(dir, PATH_MOST, "/");
	else
		n = snprintf(dir, PATH_MOST, "%.*s", (int)(slash - path), path);
	if (n >= 0 && n < PATH_MOST)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

/* The directory of a path, which is made if it is missing.  Returns its descriptor or -1. */
static int
open_directory(const char *path)
{
	char dir[PATH_MOST];
	int fd;
	bool made;

	if (directory_of(dir, path) != 0)
		return -1;
	made = mkdir(dir, 0755) == 0;
	if (!made && errno != EEXIST && errno != EROFS && errno != EACCES)
		return -1;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Whatever root's umask is. */
	if (made && fd >= 0)
		(void)fchmod(fd, 0755);
	return fd;
}

/* Could write_file make this file?  Looks no further than at the directory, or at the one to make that in. */
static int
check_writable(const char *path, char err[AUTHORITY_ERROR])
{
	char dir[PATH_MOST], above[PATH_MOST];

	if (directory_of(dir, path) == 0 &&
		(access(dir, W_OK | X_OK) == 0 ||
			(errno == ENOENT && directory_of(above, dir) == 0 &&
				access(above, W_OK | X_OK) == 0)))
		return 0;
	return refuse(
		err, "%s: it is to be made, and can't be: %s: %s", path, dir, strerror(errno));
}

/*
 * Writes a file so that after a power cut it is either there and whole, or not there.  The directory is synced
 * too: the name must be on flash before anyone relies on the key.
 */
static int
write_file(const char *path, const char *text, size_t len, mode_t mode, char err[AUTHORITY_ERROR])
{
	char fresh[PATH_MOST];
	int dir = open_directory(path), fd = -1;
	bool good = false;

	if (dir >= 0 && snprintf(fresh, sizeof fresh, "%s.new", path) < (int)sizeof fresh) {
		unlink(fresh);
		fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	}
	if (fd >= 0)
		good = fchmod(fd, mode) == 0 && write_all(fd, text, len) == 0 && fsync(fd) == 0 &&
		       rename(fresh, path) == 0 && (fsync(dir) == 0 || errno == EINVAL);
	if (!good)
		refuse(err, "%s: %s", path, strerror(errno));
	if (fd >= 0) {
		close(fd);
		if (!good)
			unlink(fresh);
	}
	if (dir >= 0)
		close(dir);
	return good ? 0 : -1;
}

static int
save_key(const struct authority *a, const char *path, char err[AUTHORITY_ERROR])
{
	unsigned char point[P384_POINT], der[KEY_DER];
	char text[PEM_MOST];
	br_ec_public_key key;
	size_t len;
	int failed;

	find_public(&key, point, &a->key);
	len = br_encode_ec_pkcs8_der(der, &a->key, &key);
	len = br_pem_encode(text, der, len, BR_ENCODE_PEM_PKCS8, BR_PEM_LINE64);
	failed = write_file(path, text, len, 0600, err);
	pool_wipe(der, sizeof der);
	pool_wipe(text, sizeof text);
	return failed;
}

static int
save_certificate(const struct authority *a, const char *path, char err[AUTHORITY_ERROR])
{
	char text[PEM_MOST];
	size_t len = br_pem_encode(text, a->der, a->der_len, "CERTIFICATE", BR_PEM_LINE64);

	return write_file(path, text, len, 0644, err);
}

/* --- opening --- */

static int
open_existing(struct authority *a, const char *cert_path, const char *key_path, int64_t now,
	char err[AUTHORITY_ERROR])
{
	int curve = a->cert.key.kind == X509_KEY_P384 ? BR_EC_secp384r1 : BR_EC_secp256r1, got;

	if (check_certificate(&a->cert, cert_path, now, err) != 0)
		return -1;
	got = load_key(a, key_path, curve, err);
	if (got == 1)
		return refuse(err,
			"%s: there is no such file, and there is its certificate: put the key "
			"back, or "
			"remove %s, too, and a new CA is made, which all devices need",
			key_path, cert_path);
	if (got != 0)
		return -1;
	if (!owns_key(a))
		return refuse(err,
			"%s: this key does not belong to the certificate %s: put the right one "
			"there, "
			"or remove the certificate, and one is made for this key",
			key_path, cert_path);
	return complete(a);
}

/* Where there is no certificate: can be made what is missing?  0: the key is there, 1: it is to be made too, -1. */
static int
find_new(
	struct authority *a, const char *cert_path, const char *key_path, char err[AUTHORITY_ERROR])
{
	int got = load_key(a, key_path, 0, err);

	if (got < 0 || (got == 1 && check_writable(key_path, err) != 0))
		return -1;
	return check_writable(cert_path, err) == 0 ? got : -1;
}

/* The key is renamed into its place before the certificate, so a cut between them leaves a key alone. */
static int
open_new(struct authority *a, const char *cert_path, const char *key_path, int64_t now,
	char err[AUTHORITY_ERROR])
{
	int got = find_new(a, cert_path, key_path, err);

	if (got < 0)
		return -1;
	if (got == 1) {
		if (make_key(a) != 0)
			return refuse(err, "no random bytes for the CA's key: %s", strerror(errno));
		if (save_key(a, key_path, err) != 0)
			return -1;
	}
	if (self_sign(a, "sluice CA", now) != 0 || complete(a) != 0)
		return refuse(err, "the CA could not be made");
	return save_certificate(a, cert_path, err);
}

int
authority_open(struct authority *a, const char *cert_path, const char *key_path, int64_t now,
	char err[AUTHORITY_ERROR])
{
	/* Two of us may start at once (`sluice ca` beside the daemon): one makes the CA, the other finds it. */
	int lock = open_directory(key_path), got;

	*a = (struct authority){ 0 };
	if (lock >= 0)
		flock(lock, LOCK_EX);
	got = load_certificate(a, cert_path, err);
	if (got == 0)
		got = open_existing(a, cert_path, key_path, now, err);
	else if (got == 1)
		got = open_new(a, cert_path, key_path, now, err);
	if (lock >= 0)
		close(lock);
	if (got == 0)
		err[0] = '\0';
	else
		authority_reset(a);
	return got == 0 ? 0 : -1;
}

int
authority_check(struct authority *a, const char *cert_path, const char *key_path, int64_t now,
	char err[AUTHORITY_ERROR])
{
	int got;

	*a = (struct authority){ 0 };
	got = load_certificate(a, cert_path, err);
	if (got == 0)
		got = open_existing(a, cert_path, key_path, now, err);
	else if (got == 1)
		got = find_new(a, cert_path, key_path, err);
	/* A key without its certificate is nothing to work with yet. */
	if (got != 0 || a->der_len == 0)
		authority_reset(a);
	if (got >= 0)
		err[0] = '\0';
	return got >= 0 ? 0 : -1;
}

int
authority_make_untrusted(struct authority *a, int64_t now, char err[AUTHORITY_ERROR])
{
	*a = (struct authority){ 0 };
	if (make_key(a) == 0 && self_sign(a, "NOT TRUSTED by sluice", now) == 0 && complete(a) == 0)
		return 0;
	authority_reset(a);
	return refuse(err, "the untrusted signer could not be made: %s", strerror(errno));
}

void
authority_reset(struct authority *a)
{
	pool_wipe(a, sizeof *a);
}
