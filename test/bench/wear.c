/*
 * wear: what days of browsing cost the flash: 10,000 connections a day to 2,000 hosts, Zipf's law, through cert.c
 * with its cache in a real file.  A day has 24 hours here too: the loop's clock is passed in.
 *
 *     wear DIR [CACHE_KIB] [EXPONENT_PERCENT]
 *
 * DIR holds bundle.pem.  Linked with --wrap=pwrite and --wrap=fsync, which count.  "pages": bytes as the proxy
 * counts them against its bound of 1 MiB a day, whole pages of 4 KiB, which is what UBIFS writes.  "JFFS2": what that
 * writes, each write a node with 68 bytes of header.  Erase blocks have 64 KiB.
 */
#include "cert.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include "lib/x509/encode.h"

enum { HOSTS = 2000, CONNECTIONS = 10000, DAYS = 5, ERASE_BLOCK = 65536, JFFS2_NODE = 68 };

ssize_t __real_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

static uint64_t bytes, writes, syncs;

ssize_t
__wrap_pwrite(int fd, const void *data, size_t len, off_t at)
{
	bytes += len;
	writes++;
	return __real_pwrite(fd, data, len, at);
}

int
__wrap_fsync(int fd)
{
	syncs++;
	return __real_fsync(fd);
}

static double sum[HOSTS];

/* A host by Zipf's law; the generator is fixed, so every run is the same. */
static unsigned
draw(void)
{
	static uint64_t dice = 2026;
	double x;
	unsigned low = 0, high = HOSTS - 1;

	dice = dice * 6364136223846793005u + 1442695040888963407u;
	x = (double)(dice >> 11) / 9007199254740992.0 * sum[HOSTS - 1];
	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (sum[mid] > x)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* The origin's certificate of a host: one to six names, as sites have. */
static size_t
origin(unsigned host, int64_t now, unsigned char out[4096])
{
	static unsigned char point[65] = { 4 }, signature[70];
	unsigned char name[100], names[1000],
		serial[2] = { (unsigned char)(host >> 8 | 0x10), (unsigned char)host };
	br_ec_public_key key = { BR_EC_secp256r1, point, sizeof point };
	struct encode_cert e = { .serial = serial,
		.serial_len = 2,
		.issuer = name,
		.subject = name,
		.not_before = now - 86400,
		.not_after = now + 365 * (int64_t)86400,
		.key = &key,
		.hash = br_sha256_ID,
		.names = names };
	char text[60];
	size_t len;

	for (unsigned i = 0; i <= host % 6; i++) {
		snprintf(text, sizeof text, "%c%u.site-%u.example", "wsacmx"[i], i, host);
		e.names_len += encode_value(
			names + e.names_len, ENCODE_DNS_NAME, text, strlen(text));
	}
	e.issuer_len = e.subject_len = encode_name(name, text, strlen(text));
	len = encode_cert_body(out, &e);
	return encode_cert_close(out, len, e.hash, signature, sizeof signature);
}

static void
browse_a_day(struct cert *ct, int day, int64_t now)
{
	static unsigned char der[4096], leaf[CERT_LEAF_MAX];
	char err[CERT_ERROR];
	struct cert_counters before, after;
	uint64_t bytes_before = bytes, writes_before = writes, syncs_before = syncs, jffs2;

	cert_count(ct, &before);
	for (int i = 0; i < CONNECTIONS; i++) {
		int64_t ms = (int64_t)day * 86400000 + (int64_t)i * 86400000 / CONNECTIONS;
		size_t len = origin(draw(), now, der);

		if (cert_leaf(ct, der, len, CERT_CA, now, leaf, sizeof leaf, err) == 0) {
			fprintf(stderr, "wear: %s\n", err);
			exit(1);
		}
		for (int step = 0; step < 20; step++) /* as the loop would, turn by turn */
			cert_tick(ct, ms);
	}
	cert_count(ct, &after);
	jffs2 = bytes - bytes_before + (writes - writes_before) * JFFS2_NODE;
	printf("day %d: %llu leaves from the cache, %llu forged; %llu writes of %llu bytes, %llu "
	       "fsyncs; "
	       "pages %llu bytes = %.1f erase blocks; JFFS2 %llu bytes = %.1f erase blocks\n",
		day + 1, (unsigned long long)(after.from_cache - before.from_cache),
		(unsigned long long)(after.forged - before.forged),
		(unsigned long long)(writes - writes_before),
		(unsigned long long)(bytes - bytes_before),
		(unsigned long long)(syncs - syncs_before),
		(unsigned long long)(after.flash_bytes - before.flash_bytes),
		(double)(after.flash_bytes - before.flash_bytes) / ERASE_BLOCK,
		(unsigned long long)jffs2, (double)jffs2 / ERASE_BLOCK);
}

int
main(int argc, char **argv)
{
	static struct config c;
	const int64_t now = 1800000000;
	char err[CERT_ERROR];
	double exponent = argc > 3 ? atoi(argv[3]) / 100.0 : 1.0;
	struct cert *ct;

	if (argc < 2) {
		fprintf(stderr, "usage: wear DIR [CACHE_KIB] [EXPONENT_PERCENT]\n");
		return 2;
	}
	for (int i = 0; i < HOSTS; i++)
		sum[i] = (i > 0 ? sum[i - 1] : 0) + pow(i + 1, -exponent);
	log_open(false, LOG_LEVEL_WARN);
	snprintf(c.ca_bundle, sizeof c.ca_bundle, "%s/bundle.pem", argv[1]);
	snprintf(c.ca_cert, sizeof c.ca_cert, "%s/ca.crt", argv[1]);
	snprintf(c.ca_key, sizeof c.ca_key, "%s/ca.key", argv[1]);
	snprintf(c.cache, sizeof c.cache, "%s/leaves", argv[1]);
	c.cache_kib = argc > 2 ? (unsigned)atoi(argv[2]) : 128;
	ct = cert_open(&c, 1, 1, now, err);
	if (ct == NULL) {
		fprintf(stderr, "wear: %s\n", err);
		return 1;
	}
	for (int day = 0; day < DAYS; day++)
		browse_a_day(ct, day, now);
	cert_close(ct);
	return 0;
}
