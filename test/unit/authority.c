/* authority: a CA is made once and found again; what the user brings along is taken or refused by name. */
#include "lib/x509/authority.h"
#include "check.h"
#include "lib/x509/encode.h"
#include "lib/x509/pem.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>

static char dir[] = "/tmp/sluice-authority-XXXXXX", cert_path[128], key_path[128];
static char err[AUTHORITY_ERROR];
static const int64_t now = 1795305600; /* 2026-11-22 */
static const int64_t year = 365 * 86400;

static int
open_ca(struct authority *a)
{
	err[0] = '\0';
	return authority_open(a, cert_path, key_path, now, err);
}

static void
write_file(const char *path, const char *text, size_t len, mode_t mode)
{
	FILE *f = fopen(path, "w");

	CHECK(f != NULL && fwrite(text, 1, len, f) == len && fclose(f) == 0 &&
		chmod(path, mode) == 0);
}

static void
write_pem(const char *path, const void *der, size_t len, const char *label, mode_t mode)
{
	static char text[70000];
	size_t n = (size_t)snprintf(text, sizeof text, "what people write above it\r\n");

	n += br_pem_encode(text + n, der, len, label, BR_PEM_CRLF);
	write_file(path, text, n, mode);
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static void
clear(void)
{
	unlink(cert_path);
	unlink(key_path);
}

static void
test_first_use(void)
{
	static struct authority a, b;
	char inner[64];

	/* Also the directory is made. */
	snprintf(inner, sizeof inner, "%s/etc", dir);
	snprintf(cert_path, sizeof cert_path, "%s/ca.crt", inner);
	snprintf(key_path, sizeof key_path, "%s/ca.key", inner);
	CHECK_INT(authority_check(&a, cert_path, key_path, now, err), 0); /* it could be made ... */
	CHECK_INT(a.der_len, 0);
	CHECK(access(inner, F_OK) != 0); /* ... and was not */
	umask(077);
	CHECK_INT(open_ca(&a), 0);
	umask(022);
	CHECK_STR(err, "");
	CHECK_INT(mode_of(inner), 0755);
	CHECK_INT(mode_of(key_path), 0600);
	CHECK_INT(mode_of(cert_path), 0644);
	CHECK(a.cert.is_ca && a.cert.path_length == 0 && a.cert.has_ca_constraint);
	CHECK_INT(a.cert.key_usage, 0x06); /* keyCertSign and cRLSign, nothing else */
	CHECK_INT(a.cert.not_before, now - 86400);
	CHECK_INT(a.cert.not_after, now + (int64_t)3652 * 86400);
	CHECK_INT(a.cert.key_id.len, 20);
	CHECK_INT(a.cert.issuer_key_id.len, 0);
	CHECK(der_same(&a.cert.issuer, &a.cert.subject));
	CHECK_INT(a.cert.key.kind, X509_KEY_P256);

	CHECK_INT(authority_check(&b, cert_path, key_path, now, err), 0);
	CHECK(a.der_len == b.der_len && memcmp(a.der, b.der, a.der_len) == 0);
	CHECK_INT(open_ca(&b), 0); /* the same again, down to the leaf key */
	CHECK(a.der_len == b.der_len && memcmp(a.der, b.der, a.der_len) == 0);
	CHECK(memcmp(a.leaf_scalar, b.leaf_scalar, 32) == 0);
	CHECK(memcmp(a.leaf_scalar, a.scalar, 32) != 0);

	/* A power cut between the two renames: the key alone.  The same key, a certificate made anew. */
	unlink(cert_path);
	CHECK_INT(authority_check(&b, cert_path, key_path, now, err), 0);
	CHECK(access(cert_path, F_OK) != 0);
	CHECK_INT(open_ca(&b), 0);
	CHECK(memcmp(a.scalar, b.scalar, 32) == 0);
	CHECK(memcmp(a.der, b.der, a.der_len) == 0);

	/* Another CA has another name. */
	clear();
	CHECK_INT(open_ca(&b), 0);
	CHECK(!der_same(&a.cert.subject, &b.cert.subject));
	CHECK(memcmp(a.leaf_scalar, b.leaf_scalar, 32) != 0);

	/* The certificate alone can't be a CA. */
	unlink(key_path);
	CHECK_INT(open_ca(&b), -1);
	CHECK(strstr(err, "ca.key: there is no such file, and there is its certificate") != NULL);
	CHECK(strstr(err, "/ca.crt, too, and a new CA is made") != NULL);
	CHECK_INT(b.key.xlen, 0);
	CHECK_INT(authority_check(&b, cert_path, key_path, now, err), -1);
	CHECK(strstr(err, "remove ") != NULL);
	clear();
	rmdir(inner);
}

/* A certificate for `key` by itself, in PEM at cert_path. */
static void
write_ca(const br_ec_private_key *key, struct encode_cert c)
{
	static struct authority a; /* to sign with */
	unsigned char der[AUTHORITY_CERT], point[97], name[64], signature[ENCODE_SIGNATURE_MAX];
	unsigned char serial = 1;
	br_ec_public_key public;
	size_t len, signature_len;

	a.key = *key;
	br_ec_compute_pub(br_ec_get_default(), &public, point, key);
	c.key = c.key != NULL ? c.key : &public;
	c.serial = &serial;
	c.serial_len = 1;
	c.issuer = c.subject = name;
	c.issuer_len = c.subject_len = encode_name(name, "brought along", 13);
	c.not_before = c.not_before != 0 ? c.not_before : now - year;
	c.not_after = c.not_after != 0 ? c.not_after : now + year;
	c.hash = authority_hash_id(&a);
	len = encode_cert_body(der, &c);
	signature_len = authority_sign(&a, der, len, signature);
	len = encode_cert_close(der, len, c.hash, signature, signature_len);
	write_pem(cert_path, der, len, "CERTIFICATE", 0644);
}

static void
write_key(const br_ec_private_key *key, bool pkcs8, mode_t mode)
{
	unsigned char der[1024], point[133];
	br_ec_public_key public;
	size_t len;

	br_ec_compute_pub(br_ec_get_default(), &public, point, key);
	len = pkcs8 ? br_encode_ec_pkcs8_der(der, key, &public)
		    : br_encode_ec_raw_der(der, key, &public);
	write_pem(key_path, der, len, pkcs8 ? "PRIVATE KEY" : "EC PRIVATE KEY", mode);
}

static unsigned char scalar256[32] = { 0x11, 2, 3 }, scalar384[48] = { 0x22, 5, 6 };
static unsigned char small[32] = { [31] = 7 };
static const br_ec_private_key p256 = { BR_EC_secp256r1, scalar256, 32 };
static const br_ec_private_key p384 = { BR_EC_secp384r1, scalar384, 48 };
static const br_ec_private_key tiny = { BR_EC_secp256r1, small, 32 };

static void
test_brought_along(void)
{
	static struct authority a;
	const br_ec_private_key *keys[] = { &p256, &p384, &tiny };

	snprintf(cert_path, sizeof cert_path, "%s/ca.crt", dir);
	snprintf(key_path, sizeof key_path, "%s/ca.key", dir);
	for (size_t i = 0; i < 3; i++)
		for (int pkcs8 = 0; pkcs8 < 2; pkcs8++) {
			write_ca(keys[i], (struct encode_cert){ .is_ca = true });
			write_key(keys[i], pkcs8, 0400);
			CHECK_INT(open_ca(&a), 0);
			CHECK_STR(err, "");
			CHECK_INT(a.key.xlen, keys[i]->xlen);
			CHECK(memcmp(a.key.x, keys[i]->x, a.key.xlen) == 0);
			CHECK_INT(authority_hash_id(&a), i == 1 ? br_sha384_ID : br_sha256_ID);
			CHECK_INT(a.cert.key_id.len, 0);
			clear();
		}
	/* A P-384 key alone gets a certificate. */
	write_key(&p384, true, 0600);
	CHECK_INT(open_ca(&a), 0);
	CHECK_INT(a.cert.key.kind, X509_KEY_P384);
	CHECK_INT(a.cert.algorithm, X509_ECDSA_SHA384);
	clear();
}

/* Refused, with this in the sentence; and nothing of it is left in memory. */
static void
refused(const char *words)
{
	static struct authority a, zero;
	char first[AUTHORITY_ERROR];

	CHECK_INT(open_ca(&a), -1);
	if (strstr(err, words) == NULL)
		CHECK_STR(err, words);
	else
		CHECK(strncmp(err, dir, strlen(dir)) == 0); /* it begins with the file */
	CHECK(memcmp(&a, &zero, sizeof a) == 0);
	/* The check says the same of it. */
	snprintf(first, sizeof first, "%s", err);
	CHECK_INT(authority_check(&a, cert_path, key_path, now, err), -1);
	CHECK_STR(err, first);
	CHECK(memcmp(&a, &zero, sizeof a) == 0);
	clear();
}

static void
test_refused(void)
{
	static const struct encode_cert ca = { .is_ca = true };
	struct encode_cert c;

	write_ca(&p256, ca);
	write_key(&tiny, true, 0600);
	refused("ca.key: this key does not belong to the certificate");
	write_ca(&p256, ca);
	write_key(&p384, true, 0600);
	refused("no ECDSA key that fits the CA's certificate");
	write_ca(&p384, ca);
	write_key(&p256, true, 0600);
	refused("this key does not belong");
	static const mode_t modes[] = { 0644, 0640, 0660, 0620, 0601 };
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		write_ca(&p256, ca);
		write_key(&p256, true, modes[i]);
		refused("gives others access to the CA's key, 0600 is expected");
	}
	c = ca;
	c.not_after = now - 1;
	write_ca(&p256, c);
	write_key(&p256, true, 0600);
	refused("ca.crt: the CA expired on 2026-11-21");
	write_ca(&p256, (struct encode_cert){ .is_ca = false });
	write_key(&p256, true, 0600);
	refused("ca.crt: this certificate is no CA");
	write_ca(&p256, ca);
	CHECK_INT(mkdir(key_path, 0700), 0);
	refused("ca.key: not a regular file");
	rmdir(key_path);
	clear();
	write_ca(&p256, ca);
	write_pem(key_path, "x", 1, "ENCRYPTED PRIVATE KEY", 0600);
	refused("ca.key: there is no PEM object of the kind that is expected here");
	write_file(cert_path, "hello\n", 6, 0644);
	refused("ca.crt: there is no PEM object");
	write_file(cert_path, "", 0, 0644);
	refused("ca.crt: there is no PEM object");
	write_pem(cert_path, "\x30\x03\x02\x01\x01", 5, "CERTIFICATE", 0644);
	refused("ca.crt: the certificate is malformed");
}

/* Key files that overflow a decoder that believes them, or that hold no key at all. */
static void
test_bad_numbers(void)
{
	static const unsigned char order[] = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3,
		0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };
	static const size_t lens[] = { 33, 49, 66, 67, 127, 500, 900 };
	unsigned char number[1000], der[1100];
	size_t n;

	for (size_t i = 0; i < sizeof lens / sizeof lens[0] + 3; i++) {
		size_t len = 32;

		memset(number, 0, sizeof number);
		if (i == 0)
			memcpy(number, order, sizeof order);
		else if (i == 1)
			memset(number, 0xff, 32);
		else if (i > 2) /* 2: zero */
			memset(number, 0x41, len = lens[i - 3]);
		n = encode_integer(der, (const unsigned char *)"\1", 1);
		n += encode_value(der + n, ENCODE_OCTET_STRING, number, len);
		n = encode_wrap(der, ENCODE_SEQUENCE, n);
		write_ca(&p256, (struct encode_cert){ .is_ca = true });
		write_pem(key_path, der, n, "EC PRIVATE KEY", 0600);
		refused("no ECDSA key that fits the CA's certificate");
	}
	memset(number, 0xff, sizeof number);
	write_ca(&p256, (struct encode_cert){ .is_ca = true });
	write_pem(key_path, number, sizeof number, "PRIVATE KEY", 0600);
	refused("no ECDSA key");
	static char big[70000];
	memset(big, '\n', sizeof big);
	write_ca(&p256, (struct encode_cert){ .is_ca = true });
	write_file(key_path, big, sizeof big, 0600);
	refused("ca.key: File too large");
	memset(big, 0x30, sizeof big);
	write_ca(&p256, (struct encode_cert){ .is_ca = true });
	write_pem(key_path, big, 2000, "PRIVATE KEY", 0600);
	refused("ca.key: there is no PEM object");
}

/* A directory that can't be written: no CA can be made, and that is said by name. */
static void
test_no_place(void)
{
	static struct authority a;

	snprintf(key_path, sizeof key_path, "/proc/sluice/ca.key");
	snprintf(cert_path, sizeof cert_path, "/proc/sluice/ca.crt");
	CHECK_INT(open_ca(&a), -1);
	CHECK_STR(err, "/proc/sluice/ca.key: No such file or directory");
	/* That root may write to a directory is no promise, and access(2) asks no more; one that is missing is known. */
	snprintf(key_path, sizeof key_path, "%s/none/etc/ca.key", dir);
	snprintf(cert_path, sizeof cert_path, "%s/none/etc/ca.crt", dir);
	CHECK_INT(authority_check(&a, cert_path, key_path, now, err), -1);
	CHECK(strstr(err, "/none/etc/ca.key: it is to be made, and can't be") != NULL);
	CHECK_INT(open_ca(&a), -1);
}

static void
test_derived(void)
{
	static struct authority a, b;
	unsigned char x[32], y[32];

	CHECK_INT(authority_make_untrusted(&a, now, err), 0);
	CHECK_INT(authority_make_untrusted(&b, now, err), 0);
	CHECK(memcmp(a.scalar, b.scalar, 32) != 0);
	authority_derive(&a, "one", x);
	authority_derive(&a, "two", y);
	CHECK(memcmp(x, y, 32) != 0);
	CHECK(memcmp(x, a.scalar, 32) != 0);
	authority_derive(&a, "one", y);
	CHECK(memcmp(x, y, 32) == 0);
	authority_derive(&b, "one", y);
	CHECK(memcmp(x, y, 32) != 0);
	authority_reset(&a);
	CHECK_INT(a.scalar[0] | a.leaf_scalar[0] | (int)a.key.xlen, 0);
}

int
main(void)
{
	CHECK(mkdtemp(dir) != NULL);
	test_first_use();
	test_brought_along();
	test_refused();
	test_bad_numbers();
	test_no_place();
	test_derived();
	rmdir(dir);
	return check_done("authority");
}
