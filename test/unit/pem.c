/* pem: what files in the wild are like, at every split point; what is broken is told and passed over. */
#include "check.h"
#include "mint.h"
#include "lib/x509/anchors.h"
#include "lib/x509/pem.h"

static unsigned char out[64];

/* Everything in the text, as "LABEL:bytes;" and "!" for what is malformed. */
static const char *
read_all(const char *text, size_t len, size_t piece)
{
	static char seen[512];
	struct pem p;
	size_t at, used, n = 0;
	int event;

	pem_init(&p, out, sizeof out);
	for (at = 0; at <= len; at += used) {
		event = at < len ? pem_push(&p, text + at, len - at < piece ? len - at : piece,
					   &used)
				 : pem_end(&p);
		if (event > 0)
			n += (size_t)snprintf(seen + n, sizeof seen - n, "%s:%.*s;", p.label,
				(int)p.len, (const char *)out);
		else if (event < 0)
			n += (size_t)snprintf(seen + n, sizeof seen - n, "!");
		if (at == len)
			break;
	}
	seen[n] = '\0';
	return seen;
}

static void
check(const char *text, const char *want)
{
	size_t len = strlen(text), piece;
	char *guarded = check_guard(text, len);

	for (piece = 1; piece <= len; piece++)
		CHECK_STR(read_all(guarded, len, piece), want);
	check_unguard(guarded, len);
}

#define B "-----BEGIN CERTIFICATE-----\n"
#define E "-----END CERTIFICATE-----\n"

static void
test_shapes(void)
{
	check(B "YWJj\n" E, "CERTIFICATE:abc;");
	check(B "YWJj\n-----END CERTIFICATE-----", "CERTIFICATE:abc;"); /* no last newline */
	check("-----BEGIN CERTIFICATE-----\r\nYWJj\r\n-----END CERTIFICATE-----\r\n",
		"CERTIFICATE:abc;");
	check(B "YW\nJj\n\nZA==\n" E, "CERTIFICATE:abcd;"); /* any line length */
	check(B "YWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVm\n" E,
		"CERTIFICATE:abcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdef;");
	check("-----BEGIN CERTIFICATE-----  \n \tYWJj \t\n  -----END CERTIFICATE----- \n",
		"CERTIFICATE:abc;");
	check("# a comment\nsubject=/CN=x\n----\n" B "YWI=\n" E "text\n" B "YQ==\n" E,
		"CERTIFICATE:ab;CERTIFICATE:a;");
	check("-----BEGIN EC PRIVATE KEY-----\nYWJj\n-----END EC PRIVATE KEY-----\n" B "YQ==\n" E,
		"EC PRIVATE KEY:abc;CERTIFICATE:a;");
	check(B E, "CERTIFICATE:;");
	check("", "");
	check("nothing at all", "");
}

static void
test_broken(void)
{
	check(B "YWJj\n", "!");
	check(B "YWJ\n" E, "!");
	check(B "YW?j\n" E B "YQ==\n" E, "!CERTIFICATE:a;");
	check(B "YQ==YQ==\n" E, "!");
	check(B "Y===\n" E, "!");
	check(B "=YWJ\n" E, "!");
	check(B "YWJj\n-----END X509 CRL-----\n", "!");
	check(B "YWJj\n" B "YQ==\n" E,
		"!CERTIFICATE:a;"); /* no END: the next is read all the same */
	check(B "Proc-Type: 4,ENCRYPTED\n\nYWJj\n" E, "!");
	check(B "YWJj\n-----END CERTIFICATE----\nYQ==\n", "!");
	check(B "YWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYW"
		"Jj"
		"ZGVm\n" E,
		"!"); /* larger than out */
	check("-----BEGIN A LABEL THAT IS LONGER THAN ANY THAT WE KNOW-----\nYQ==\n", "!");
}

static char told[2048];

static void
say(void *ctx, const char *line)
{
	size_t n = strlen(told);

	(void)ctx;
	snprintf(told + n, sizeof told - n, "%s\n", line);
}

/* Bundles as they come, loaded as anchors. */
static void
test_bundle(void)
{
	static const struct {
		size_t columns;
		const char *eol;
	} shapes[] = { { 64, "\n" }, { 76, "\n" }, { 64, "\r\n" }, { 76, "\r\n" }, { 64, "  \n" },
		{ 1, "\n" }, { 100000, "\n" } };
	static unsigned char der[4096];
	char path[] = "/tmp/sluice-pem-XXXXXX", err[ANCHORS_ERROR], name[16];
	struct anchors *a;
	size_t i, k;
	FILE *f;

	close(mkstemp(path));
	for (i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		f = fopen(path, "w");
		fprintf(f, "# bundle%s", shapes[i].eol);
		for (k = 0; k < 5; k++) {
			snprintf(name, sizeof name, "CN=R%zu", k);
			fprintf(f, "%sR%zu%s=====%s", shapes[i].eol, k, shapes[i].eol,
				shapes[i].eol);
			mint_pem(f, der,
				mint_cert(
					MINT_ROOT(.subject = name, .ca = k != 3), der, sizeof der),
				shapes[i].columns, shapes[i].eol);
		}
		fclose(f);
		told[0] = '\0';
		a = anchors_load(path, "", NULL, 0, say, NULL, err);
		CHECK(a != NULL);
		if (a) {
			CHECK_INT(anchors_count(a), 4);
			CHECK(strstr(told, "the root R3 that ends before line") != NULL);
			CHECK(strstr(told, "it is not a CA certificate") != NULL);
			CHECK(strchr(told, '\n')[1] == '\0'); /* told once */
		}
		anchors_release(a);
	}

	f = fopen(path, "w");
	fprintf(f, "# nothing\n");
	fclose(f);
	CHECK(anchors_load(path, NULL, NULL, 0, NULL, NULL, err) == NULL);
	CHECK(strstr(err, "no certificate in it") != NULL);
	f = fopen(path, "w");
	mint_pem(f, der, mint_cert(MINT_ROOT(.ca = 0), der, sizeof der), 64, "\n");
	fclose(f);
	CHECK(anchors_load(path, NULL, NULL, 0, NULL, NULL, err) == NULL);
	CHECK(strstr(err, "no root in it can be used") != NULL);
	a = anchors_read(path, NULL, NULL, 0, NULL, NULL, err);
	CHECK(a != NULL && anchors_count(a) == 0);
	CHECK(a && anchors_find(a, &(struct der){ der, 10 }) == -1);
	anchors_release(a);
	CHECK(anchors_load(path, path, NULL, 0, NULL, NULL, err) == NULL);
	CHECK(strstr(err, ":1: not a SHA-256 fingerprint") != NULL);
	CHECK(anchors_load("/nonexistent", NULL, NULL, 0, NULL, NULL, err) == NULL);
	CHECK(strstr(err, "/nonexistent: No such file") != NULL);
	CHECK(anchors_load("/tmp", NULL, NULL, 0, NULL, NULL, err) == NULL);
	unlink(path);
}

int
main(void)
{
	test_shapes();
	test_broken();
	test_bundle();
	return check_done("pem");
}
