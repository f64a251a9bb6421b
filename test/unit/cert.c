/*
 * cert: leaves over restarts, reloads, damage and clocks: the same in, the same out, never a wrong one; what is
 * written to flash and what is not; privileges dropped between.
 */
#include "check.h"
#include "cert.h"
#include "lib/x509/chain.h"
#include "lib/x509/authority.h"
#include "lib/x509/encode.h"
#include "lib/x509/forge.h"
#include "lib/base/log.h"

#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static char dir[] = "/tmp/sluice-cert-XXXXXX", err[CERT_ERROR];
static struct config c;
static int64_t now; /* the tests' clock, which stands still; see main */
static unsigned char leaf[CERT_LEAF_MAX], first[CERT_LEAF_MAX];

/* The log is not linked: what it would say is kept. */
static char said[LOG_LINE];
void
log_line(enum log_level level, const char *format, ...)
{
	va_list ap;

	(void)level;
	va_start(ap, format);
	vsnprintf(said, sizeof said, format, ap);
	va_end(ap);
}

static void
path(char out[CONFIG_PATH], const char *name)
{
	snprintf(out, CONFIG_PATH, "%s/%s", dir, name);
}

static void
write_pem(const char *file, const unsigned char *der, size_t len)
{
	static char text[20000];
	FILE *f = fopen(file, "w");

	br_pem_encode(text, der, len, "CERTIFICATE", 0);
	CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void
set_up(void)
{
	static struct authority root;

	path(c.ca_bundle, "bundle.pem");
	path(c.ca_cert, "etc/ca.crt");
	path(c.ca_key, "etc/ca.key");
	path(c.cache, "etc/leaves");
	c.cache_kib = 64;
	CHECK_INT(authority_make_untrusted(&root, now, err), 0);
	write_pem(c.ca_bundle, root.der, root.der_len);
}

static struct cert *
open_cert(void)
{
	struct cert *ct;

	said[0] = '\0';
	ct = cert_open(&c, 2, 4, now, err);
	if (ct == NULL) {
		fprintf(stderr, "cert_open: %s\n", err);
		exit(2);
	}
	return ct;
}

/* The origin's certificate number n. */
static size_t
origin(unsigned n, unsigned char out[2000])
{
	static unsigned char point[65] = { 4 }, serial[2], signature[70];
	unsigned char name[100], names[100];
	br_ec_public_key key = { BR_EC_secp256r1, point, sizeof point };
	char host[50];
	struct encode_cert e = { .serial = serial,
		.serial_len = 2,
		.issuer = name,
		.subject = name,
		.not_before = now - 86400,
		.not_after = now + (int64_t)380 * 86400,
		.key = &key,
		.hash = br_sha256_ID,
		.names = names };
	size_t len;

	snprintf(host, sizeof host, "host-%u.example", n);
	serial[0] = 1;
	serial[1] = (unsigned char)(n >> 8);
	point[1] = (unsigned char)n;
	e.names_len = encode_value(names, ENCODE_DNS_NAME, host, strlen(host));
	e.issuer_len = e.subject_len = encode_name(name, host, strlen(host));
	len = encode_cert_body(out, &e);
	return encode_cert_close(out, len, e.hash, signature, sizeof signature);
}

static size_t
get(struct cert *ct, unsigned n, enum cert_signer signer, int64_t when)
{
	unsigned char der[2000];
	size_t len = origin(n, der);

	err[0] = '\0';
	return cert_leaf(ct, der, len, signer, when, leaf, sizeof leaf, err);
}

static struct cert_counters
counters(const struct cert *ct)
{
	struct cert_counters n;

	cert_count(ct, &n);
	return n;
}

static size_t
cache_size(void)
{
	struct stat st;

	return stat(c.cache, &st) == 0 ? (size_t)st.st_size : 0;
}

static void
test_restart(void)
{
	struct cert *ct = open_cert();
	size_t len = get(ct, 1, CERT_CA, now);

	CHECK(len > 300 && len < 600);
	memcpy(first, leaf, len);
	CHECK_INT(counters(ct).forged, 1);
	cert_close(ct);
	CHECK_INT(cache_size(), 0); /* seen once */

	ct = open_cert();
	CHECK_INT(get(ct, 1, CERT_CA, now), len);
	CHECK(memcmp(first, leaf, len) == 0); /* the same without the cache */
	CHECK_INT(counters(ct).forged, 1);
	CHECK_INT(get(ct, 1, CERT_CA, now + 1), len);
	CHECK_INT(counters(ct).from_cache, 1);
	cert_close(ct);
	CHECK(cache_size() > len);

	ct = open_cert();
	CHECK_INT(get(ct, 1, CERT_CA, now), len);
	CHECK(memcmp(first, leaf, len) == 0); /* and with it */
	CHECK_INT(counters(ct).forged, 0);
	CHECK_INT(counters(ct).from_cache, 1);
	CHECK(get(ct, 2, CERT_CA, now) > 0); /* another certificate, another leaf */
	CHECK(memcmp(first, leaf, len) != 0);
	CHECK_INT(counters(ct).forged, 1);
	/* Another epoch is another leaf, in either direction; and back again. */
	CHECK(get(ct, 1, CERT_CA, now + 64 * 86400) > 0);
	CHECK(memcmp(first, leaf, len) != 0);
	CHECK(get(ct, 1, CERT_CA, 0) > 0);
	CHECK(memcmp(first, leaf, len) != 0);
	CHECK_INT(get(ct, 1, CERT_CA, now), len);
	CHECK(memcmp(first, leaf, len) == 0);
	cert_close(ct);
}

static void
test_untrusted_and_pages(void)
{
	struct cert *ct = open_cert();
	size_t before = cache_size(), len = get(ct, 1, CERT_CA, now), i, other;
	struct x509 x;

	for (i = 0; i < 3; i++) {
		other = get(ct, 1, CERT_UNTRUSTED, now);
		CHECK(!(other == len && memcmp(first, leaf, len) == 0));
	}
	CHECK_INT(counters(ct).forged, 3); /* never remembered */
	CHECK_INT(x509_parse(&x, leaf, other), 0);
	const char not_trusted[] = "NOT TRUSTED";
	bool says = false;
	for (i = 0; i + sizeof not_trusted < x.issuer.len; i++)
		says |= memcmp(x.issuer.p + i, not_trusted, sizeof not_trusted - 1) == 0;
	CHECK(says);
	for (i = 0; i < 3; i++)
		CHECK(cert_page_leaf(ct, "blocked.example", now, leaf, sizeof leaf, err) > 0);
	CHECK_INT(counters(ct).forged, 4); /* remembered in RAM */
	CHECK_INT(cert_page_leaf(ct, "no host", now, leaf, sizeof leaf, err), 0);
	CHECK_STR(err, "This is no host name that a certificate could be for.");
	for (i = 0; i < 300; i++) { /* of a greedy client: its pages push out no leaf */
		char host[40];

		snprintf(host, sizeof host, "x%zu.example", i);
		cert_page_leaf(ct, host, now, leaf, sizeof leaf, err);
		cert_page_leaf(ct, host, now, leaf, sizeof leaf, err);
	}
	CHECK_INT(get(ct, 1, CERT_CA, now), len);
	CHECK(memcmp(first, leaf, len) == 0);
	CHECK_INT(counters(ct).flash_bytes, 0);
	cert_close(ct);
	CHECK_INT(cache_size(), before); /* and nothing of all that is on flash */
}

static void
test_batches(void)
{
	struct cert *ct = open_cert();
	struct wait w;

	wait_init(&w);
	cert_want(ct, &w);
	cert_tick(ct, 5000); /* nothing to do yet */
	get(ct, 40, CERT_CA, now);
	get(ct, 40, CERT_CA, now);
	cert_tick(ct, 6000);
	CHECK_INT(counters(ct).flash_bytes, 0);
	wait_init(&w);
	cert_want(ct, &w);
	CHECK_INT(w.until, 5000 + 10 * 60 * 1000);
	cert_tick(ct, w.until);
	CHECK_INT(counters(ct).flash_bytes, 4096);
	CHECK_INT(counters(ct).flash_bytes_today, 4096);
	cert_close(ct);
}

/* A file in which every byte is wrong, or of another CA, or cut: new leaves, the right ones. */
static void
test_damage(void)
{
	static const long cuts[] = { 0, 1, 43, 44, 100, 500, 600, 5000 };
	struct cert *ct = open_cert();
	unsigned char want[20][600];
	size_t lens[20];
	FILE *f;

	for (unsigned i = 0; i < 20; i++) {
		get(ct, i, CERT_CA, now);
		lens[i] = get(ct, i, CERT_CA, now);
		memcpy(want[i], leaf, lens[i]);
	}
	cert_close(ct);
	for (size_t k = 0; k < sizeof cuts / sizeof cuts[0]; k++) {
		if (k % 2 == 0) {
			CHECK_INT(truncate(c.cache, cuts[k]), 0);
		} else {
			f = fopen(c.cache, "r+");
			CHECK(f != NULL);
			for (long at = cuts[k]; at < (long)cache_size(); at += 97) {
				fseek(f, at, SEEK_SET);
				fputc(0x55, f);
			}
			fclose(f);
		}
		ct = open_cert();
		for (unsigned i = 0; i < 20; i++) {
			CHECK_INT(get(ct, i, CERT_CA, now), lens[i]);
			CHECK(memcmp(leaf, want[i], lens[i]) == 0);
			get(ct, i, CERT_CA, now);
		}
		cert_close(ct);
	}
	ct = open_cert();
	for (unsigned i = 0; i < 20; i++)
		get(ct, i, CERT_CA, now);
	CHECK_INT(counters(ct).forged, 0); /* the room was used again */
	cert_close(ct);
}

static void
test_no_file(void)
{
	struct config keep = c;
	struct cert *ct;

	path(c.cache, "nowhere/leaves");
	ct = open_cert();
	CHECK(strstr(
		said, "nowhere/leaves: No such file or directory; the cache is in memory only"));
	CHECK(get(ct, 1, CERT_CA, now) > 0);
	CHECK(get(ct, 1, CERT_CA, now) > 0);
	CHECK_INT(counters(ct).forged, 1);
	cert_close(ct);
	c = keep;

	ct = open_cert(); /* vanished while it runs */
	unlink(c.cache);
	get(ct, 77, CERT_CA, now);
	get(ct, 77, CERT_CA, now);
	for (int64_t t = 0; t < 4; t++)
		cert_tick(ct, t * 3600 * 1000);
	CHECK(strstr(said, "its file was removed"));
	CHECK(get(ct, 77, CERT_CA, now) > 0);
	cert_close(ct);
}

static void
test_clock(void)
{
	struct config keep = c;
	struct cert *ct = open_cert();
	char stamp[CONFIG_PATH];
	int64_t later = now + 86400;

	CHECK(!cert_clock_is_trusted(ct, 0));
	CHECK(!cert_clock_is_trusted(ct, INT64_MIN));
	CHECK(!cert_clock_is_trusted(ct, 1700000000)); /* 2023: before this was compiled */
	CHECK(cert_clock_is_trusted(ct, later));
	CHECK(cert_clock_is_trusted(ct, (int64_t)1 << 33));
	path(c.clock_stamp, "stamp");
	path(stamp, "stamp");
	CHECK_INT(cert_reload(ct, &c, now, err), 0);
	CHECK(!cert_clock_is_trusted(ct, later));
	write_pem(stamp, (const unsigned char *)"x", 1);
	CHECK(cert_clock_is_trusted(ct, later));
	CHECK(!cert_clock_is_trusted(ct, 0));
	unlink(stamp);
	CHECK(!cert_clock_is_trusted(ct, later));
	cert_close(ct);
	c = keep;
}

/* What is told of the clock: once that it is not set, once that it is; not asked for in between two seconds. */
static void
test_clock_told(void)
{
	struct config keep = c;
	struct cert *ct = open_cert();
	int64_t real = now + 86400, ms = 1000;
	char stamp[CONFIG_PATH];

	said[0] = '\0';
	cert_watch_clock(ct, ms += 1000, real);
	CHECK_STR(said, "");
	path(c.clock_stamp, "stamp");
	path(stamp, "stamp");
	CHECK_INT(cert_reload(ct, &c, now, err), 0);
	said[0] = '\0';
	cert_watch_clock(ct, ms += 1000, real);
	CHECK(strstr(said, "/stamp is not there yet") != NULL);
	said[0] = '\0';
	cert_watch_clock(ct, ms += 1000, real);
	cert_watch_clock(ct, ms += 1000, 0);
	CHECK_STR(said, "");
	write_pem(stamp, (const unsigned char *)"x", 1);
	cert_watch_clock(ct, ms + 10, real);
	CHECK_STR(said, "");
	cert_watch_clock(ct, ms += 1000, real);
	CHECK_STR(said, "the clock is set: certificates are judged now");
	said[0] = '\0';
	cert_watch_clock(ct, ms += 1000, real);
	CHECK_STR(said, "");
	cert_watch_clock(ct, ms += 1000, 0);
	CHECK(strstr(said, "the clock is behind the day") != NULL);
	unlink(stamp);
	cert_close(ct);
	c = keep;
}

/* What cert_open would refuse is refused with the line of the option; nothing is made. */
static void
test_check(void)
{
	struct config keep = c;
	char same[CERT_ERROR];
	char etc[CONFIG_PATH];
	static const char *const names[] = { "hosts", "no-such-file", "." };

	path(etc, "hosts");
	{
		FILE *f = fopen(etc, "w");

		CHECK(f != NULL && fputs("127.0.0.1 localhost\n", f) >= 0 && fclose(f) == 0);
	}
	memcpy(c.file, "conf", 5);
	CHECK_INT(cert_check(&c, now, err), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		path(c.ca_bundle, names[i]);
		CHECK_INT(cert_check(&c, now, err), -1);
		CHECK(strncmp(err, "conf: ca_bundle: /", 18) == 0);
		snprintf(same, sizeof same, "%s", err);
		CHECK(cert_open(&c, 1, 1, now, err) == NULL);
		CHECK_STR(err, same);
		c = keep;
		memcpy(c.file, "conf", 5);
		path(c.distrust, names[i]);
		CHECK_INT(cert_check(&c, now, err), -1);
		CHECK(strncmp(err, "conf: distrust: /", 17) == 0);
		c = keep;
		memcpy(c.file, "conf", 5);
	}
	path(c.ca_bundle, "hosts");
	cert_check(&c, now, err);
	CHECK(strstr(err, "no certificate in it: PEM is expected") != NULL);
	c = keep;
	path(c.ca_key, "no-such-file");
	CHECK_INT(cert_check(&c, now, err), -1);
	CHECK(strstr(err, ": ca_key: ") != NULL && strstr(err, "put the key back") != NULL);
	path(c.ca_cert, "no-such-cert");
	CHECK_INT(cert_check(&c, now, err), 0);
	CHECK(access(c.ca_key, F_OK) != 0 && access(c.ca_cert, F_OK) != 0);
	unlink(etc);
	c = keep;
}

static void
move_ca(const char *from, const char *to)
{
	char a[CONFIG_PATH + 8], b[CONFIG_PATH + 8];

	snprintf(a, sizeof a, "%s%s", c.ca_cert, from);
	snprintf(b, sizeof b, "%s%s", c.ca_cert, to);
	CHECK_INT(rename(a, b), 0);
	snprintf(a, sizeof a, "%s%s", c.ca_key, from);
	snprintf(b, sizeof b, "%s%s", c.ca_key, to);
	CHECK_INT(rename(a, b), 0);
}

/* Two CAs take turns: over restarts, and under a running proxy. */
static void
test_other_ca(void)
{
	struct cert *ct = open_cert();
	const unsigned char *old_key = cert_leaf_key(ct);
	unsigned char old_first = old_key[0], old_second = old_key[1];
	uint32_t generation = cert_generation(ct);
	size_t len = get(ct, 1, CERT_CA, now);

	get(ct, 1, CERT_CA, now);
	memcpy(first, leaf, len);
	cert_close(ct);
	move_ca("", ".old");
	ct = open_cert(); /* makes another */
	get(ct, 1, CERT_CA, now);
	CHECK_INT(counters(ct).forged, 1);
	CHECK(memcmp(first, leaf, 200) != 0);
	cert_close(ct);
	move_ca("", ".new");
	move_ca(".old", "");

	ct = open_cert();
	old_key = cert_leaf_key(ct);
	CHECK_INT(get(ct, 1, CERT_CA, now), len);
	CHECK(memcmp(first, leaf, len) == 0);
	CHECK_INT(cert_reload(ct, &c, now, err), 0); /* nothing changed but the lists */
	CHECK(cert_generation(ct) != generation);
	CHECK(cert_leaf_key(ct) == old_key);
	CHECK_INT(get(ct, 1, CERT_CA, now), len);
	CHECK(memcmp(first, leaf, len) == 0);

	move_ca("", ".old");
	CHECK_INT(cert_reload(ct, &c, now, err),
		0); /* gone: what was in use stays, and none is made */
	CHECK_STR(said, "the CA's files can't be read now: it stays as it is");
	CHECK(cert_leaf_key(ct) == old_key);
	CHECK_INT(access(c.ca_cert, F_OK), -1);

	move_ca(".new", "");
	CHECK_INT(cert_reload(ct, &c, now, err), 0); /* replaced in place */
	CHECK_STR(said, "the CA was replaced: clients need the new certificate");
	CHECK(cert_leaf_key(ct) != old_key);
	CHECK(old_key[0] == old_first && old_key[1] == old_second); /* still to sign with */
	get(ct, 1, CERT_CA, now);
	CHECK(memcmp(first, leaf, 200) != 0);

	CHECK_INT(chmod(c.ca_key, 0644), 0);
	generation = cert_generation(ct);
	CHECK_INT(cert_reload(ct, &c, now, err), -1);
	CHECK(strstr(err, "mode 0644 gives others access") != NULL);
	CHECK_INT(cert_generation(ct), generation);
	CHECK_INT(chmod(c.ca_key, 0600), 0);
	cert_close(ct);
}

static void
test_bad_bundle(void)
{
	struct config keep = c;
	struct cert *ct = open_cert();

	path(c.ca_bundle, "no-bundle.pem");
	CHECK_INT(cert_reload(ct, &c, now, err), -1);
	CHECK(strstr(err, "no-bundle.pem") != NULL);
	CHECK(get(ct, 1, CERT_CA, now) > 0);
	cert_close(ct);
	CHECK(cert_open(&c, 1, 1, now, err) == NULL);
	CHECK(strstr(err, "no-bundle.pem") != NULL);
	c = keep;
}

static void
test_chains(void)
{
	struct cert *ct = open_cert();
	struct chain *a = cert_chain_get(ct), *b = cert_chain_get(ct);
	unsigned char der[2000];
	size_t len = origin(1, der);

	CHECK(a != NULL && b != NULL && cert_chain_get(ct) == NULL);
	CHECK_INT(chain_add(a, der, len), 0);
	cert_check_start(ct, a, "host-1.example", now);
	while (chain_check_step(a) == 0)
		;
	CHECK(chain_check_error(a) != CHAIN_OK);
	cert_check_start(ct, a, "host-1.example", now); /* and given back in the middle */
	CHECK_INT(cert_reload(ct, &c, now, err), 0);
	cert_chain_put(ct, a);
	cert_chain_put(ct, NULL);
	a = cert_chain_get(ct);
	CHECK(a != NULL && chain_extent(a) < sizeof *a);
	CHECK(chain_leaf(a, &len) == NULL);
	cert_chain_put(ct, a);
	cert_chain_put(ct, b);
	CHECK(cert_sessions(ct) != NULL);
	cert_close(ct);
}

/* Opened as root, used as nobody: the cache is still written, and a reload keeps what it can't read. */
static void
test_dropped(void)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		return;
	unlink(c.cache);
	pid = fork();
	if (pid == 0) {
		struct cert *ct = open_cert();
		bool good = setgid(65534) == 0 && setuid(65534) == 0;

		get(ct, 5, CERT_CA, now);
		get(ct, 5, CERT_CA, now);
		good = good && cert_reload(ct, &c, now, err) == -1; /* the bundle is root's too */
		good = good && get(ct, 5, CERT_CA, now) > 0;
		cert_close(ct);
		_exit(good && said[0] != '\0' ? 0 : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(cache_size() > 0);
	struct cert *ct = open_cert();
	get(ct, 5, CERT_CA, now);
	CHECK_INT(counters(ct).forged, 0);
	cert_close(ct);
}

static void
test_too_many_names(void)
{
	static unsigned char der[60000], names[50000], point[65] = { 4 }, name[2] = { 0x30, 0 };
	static unsigned char serial[1] = { 1 }, signature[70];
	br_ec_public_key key = { BR_EC_secp256r1, point, sizeof point };
	struct encode_cert e = { .serial = serial,
		.serial_len = 1,
		.issuer = name,
		.issuer_len = 2,
		.subject = name,
		.subject_len = 2,
		.not_after = now,
		.key = &key,
		.hash = br_sha256_ID,
		.names = names };
	struct cert *ct = open_cert();
	size_t len;

	while (e.names_len < 40000)
		e.names_len += encode_value(
			names + e.names_len, ENCODE_DNS_NAME, "some-name.of-many.example", 25);
	len = encode_cert_body(der, &e);
	len = encode_cert_close(der, len, e.hash, signature, sizeof signature);
	CHECK_INT(cert_leaf(ct, der, len, CERT_CA, now, leaf, sizeof leaf, err), 0);
	CHECK_STR(err, "The origin's certificate has more names than a leaf can hold.");
	CHECK_INT(cert_leaf(ct, der, 100, CERT_CA, now, leaf, sizeof leaf, err), 0);
	CHECK_STR(err, "The origin's certificate can't be read.");
	cert_close(ct);
}

static void
clean_up(void)
{
	static const char *names[] = { "etc/ca.crt", "etc/ca.key", "etc/ca.crt.old",
		"etc/ca.key.old", "etc/leaves", "etc", "bundle.pem", "" };
	char file[CONFIG_PATH];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		path(file, names[i]);
		CHECK_INT(remove(file), 0);
	}
}

static void
run_at(int64_t when)
{
	now = when;
	strcpy(strrchr(dir, '-'), "-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	set_up();
	test_restart();
	test_untrusted_and_pages();
	test_batches();
	test_damage();
	test_no_file();
	test_clock();
	test_clock_told();
	test_check();
	test_other_ca();
	test_bad_bundle();
	test_chains();
	test_dropped();
	test_too_many_names();
	clean_up();
}

int
main(void)
{
	/* The days before this was compiled are no honest time, so all is counted from today: it is asked here, once,
	 * and nothing that is tested may ask by itself. */
	int64_t today = (int64_t)time(NULL);

	run_at(today);
	run_at(today + (int64_t)4000 * 86400);
	return check_done("cert");
}
