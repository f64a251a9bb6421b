/*
 * mint: what cert.c does with leaves, from a command line, for test/leaf/accept.sh and test/powercut.sh.
 *
 *     mint DIR copy ORIGIN.pem TIME       the leaf after that certificate, as PEM
 *     mint DIR untrusted ORIGIN.pem TIME  the same by the throw-away signer
 *     mint DIR page HOST TIME             the leaf of a page
 *     mint DIR key                        the leaf key, as PEM
 *     mint DIR bench ORIGIN.pem TIME      bytes of the leaf, what fits in 128 KiB, microseconds of a mint
 *
 * DIR holds bundle.pem, and the CA and the cache as cert.c makes them.
 */
#include "cert.h"

#include <bearssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "lib/x509/pem.h"
#include "lib/x509/store.h"

static char err[CERT_ERROR];
static unsigned char origin[65536], leaf[CERT_LEAF_MAX];

static void
die(const char *what)
{
	fprintf(stderr, "mint: %s\n", what);
	exit(1);
}

static size_t
read_certificate(const char *path)
{
	FILE *f = fopen(path, "r");
	struct pem pem;
	char text[4096];
	size_t n, used;

	if (f == NULL)
		die("no such certificate");
	pem_init(&pem, origin, sizeof origin);
	while ((n = fread(text, 1, sizeof text, f)) > 0)
		for (size_t at = 0; at < n; at += used)
			if (pem_push(&pem, text + at, n - at, &used) > 0)
				return fclose(f), pem.len;
	die("no certificate in the file");
	return 0;
}

static void
print_pem(const void *data, size_t len, const char *label)
{
	char *text = malloc(2 * len + 200);

	br_pem_encode(text, data, len, label, 0);
	fputs(text, stdout);
	free(text);
}

static void
print_key(const unsigned char *scalar)
{
	unsigned char bytes[32], point[97], der[512];
	const br_ec_private_key key = { BR_EC_secp256r1, bytes, sizeof bytes };
	br_ec_public_key public;

	memcpy(bytes, scalar, sizeof bytes); /* BearSSL takes no const keys */
	br_ec_compute_pub(br_ec_get_default(), &public, point, &key);
	print_pem(der, br_encode_ec_pkcs8_der(der, &key, &public), "PRIVATE KEY");
}

static void
bench(struct cert *ct, size_t origin_len, int64_t now)
{
	enum { ROUNDS = 200 };
	struct timespec a, b;
	size_t len = 0, block;
	long us;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (int i = 0; i < ROUNDS; i++) /* this signer remembers none */
		len = cert_leaf(
			ct, origin, origin_len, CERT_UNTRUSTED, now, leaf, sizeof leaf, err);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	us = (long)(b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000;
	len = cert_leaf(ct, origin, origin_len, CERT_CA, now, leaf, sizeof leaf, err);
	block = (STORE_HEADER + 16 + len + STORE_BLOCK - 1) / STORE_BLOCK * STORE_BLOCK;
	printf("leaf %zu bytes, %zu leaves in 128 KiB, mint %ld us\n", len, 131072 / block,
		us / ROUNDS);
}

int
main(int argc, char **argv)
{
	static struct config c;
	struct cert *ct;
	size_t len = 0, origin_len;
	int64_t now = argc > 4 ? atoll(argv[4]) : 0;

	if (argc < 3)
		die("usage: see the source");
	log_open(false, LOG_LEVEL_ERROR);
	snprintf(c.ca_bundle, sizeof c.ca_bundle, "%s/bundle.pem", argv[1]);
	snprintf(c.ca_cert, sizeof c.ca_cert, "%s/ca.crt", argv[1]);
	snprintf(c.ca_key, sizeof c.ca_key, "%s/ca.key", argv[1]);
	snprintf(c.cache, sizeof c.cache, "%s/leaves", argv[1]);
	c.cache_kib = 128;
	ct = cert_open(&c, 1, 1, now, err);
	if (ct == NULL)
		die(err);
	if (strcmp(argv[2], "key") == 0) {
		print_key(cert_leaf_key(ct));
	} else if (argc < 5) {
		die("usage: see the source");
	} else if (strcmp(argv[2], "page") == 0) {
		len = cert_page_leaf(ct, argv[3], now, leaf, sizeof leaf, err);
	} else {
		origin_len = read_certificate(argv[3]);
		if (strcmp(argv[2], "bench") == 0)
			bench(ct, origin_len, now);
		else
			len = cert_leaf(ct, origin, origin_len,
				strcmp(argv[2], "copy") == 0 ? CERT_CA : CERT_UNTRUSTED, now, leaf,
				sizeof leaf, err);
	}
	if (len > 0)
		print_pem(leaf, len, "CERTIFICATE");
	else if (err[0] != '\0')
		die(err);
	cert_close(ct);
	return 0;
}
