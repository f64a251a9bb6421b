/* chain: every rule has a certificate that keeps to it and one that breaks it; bounds are met by name; what
 * BearSSL is told while certificates arrive; a reload under a running check; remembered signatures. */
#include "check.h"
#include "mint.h"
#include "lib/x509/anchors.h"
#include "lib/x509/chain.h"

#include <fcntl.h>

enum { NOW = 1767225600, MOST = 48 }; /* 2026-01-01 */

static struct chain *chain;
static unsigned char der[CHAIN_BYTES];

/* Anchors from certificates, by way of a file, as the program does it. */
static struct anchors *
load(const struct mint *const *roots, const char *distrust, const struct mint *own)
{
	char path[] = "/tmp/sluice-chain-XXXXXX", err[ANCHORS_ERROR];
	unsigned char own_der[4096];
	size_t own_len = own ? mint_cert(own, own_der, sizeof own_der) : 0;
	FILE *f = fdopen(mkstemp(path), "w");
	struct anchors *a;

	for (; *roots; roots++)
		mint_pem(f, der, mint_cert(*roots, der, sizeof der), 64, "\n");
	fclose(f);
	a = anchors_read(path, distrust, own ? own_der : NULL, own_len, NULL, NULL, err);
	unlink(path);
	if (!a) {
		fprintf(stderr, "%s\n", err);
		exit(2);
	}
	return a;
}

static void
add(const struct mint *m)
{
	size_t len = mint_cert(m, der, sizeof der);

	CHECK_INT(chain_add(chain, der, len), 0);
}

static enum chain_error
run(struct anchors *a, struct chain_signatures *s, const char *host, int64_t now)
{
	unsigned signatures = 0, steps = 0;

	chain_check_start(chain, a, s, host, now);
	CHECK_INT(chain_check_error(chain), CHAIN_PENDING);
	for (;;) {
		signatures = chain->signature_count;
		if (chain_check_step(chain))
			break;
		CHECK(chain->signature_count <= signatures + 1 || s);
		if (++steps > 100000)
			break;
	}
	CHECK(steps < 100000);
	CHECK(chain->anchors == NULL);
	return chain_check_error(chain);
}

#define LIST(...)                    \
	(const struct mint *const[]) \
	{                            \
		__VA_ARGS__, NULL    \
	}

/* The verdict on some sent certificates, given some roots. */
static enum chain_error
judge(const struct mint *const *roots, const struct mint *const *sent, const char *host)
{
	struct anchors *a = load(roots, NULL, NULL);
	enum chain_error e;

	chain_init(chain);
	for (; *sent; sent++)
		add(*sent);
	e = run(a, NULL, host, NOW);
	anchors_release(a);
	return e;
}

#define JUDGE(roots, sent, host, want) \
	CHECK_STR(chain_error_code(judge(roots, sent, host)), chain_error_code(want))

/* One leaf under a CA under a root: the usual chain, with one certificate other than usual. */
#define LEAF(want, ...) \
	JUDGE(LIST(MINT_ROOT(0)), LIST(MINT_LEAF(__VA_ARGS__), MINT_CA(0)), "www.example.com", want)
#define CA(want, ...) \
	JUDGE(LIST(MINT_ROOT(0)), LIST(MINT_LEAF(0), MINT_CA(__VA_ARGS__)), "www.example.com", want)
#define ROOT(want, ...) \
	JUDGE(LIST(MINT_ROOT(__VA_ARGS__)), LIST(MINT_LEAF(0), MINT_CA(0)), "www.example.com", want)

#define AIA \
	"301806082b06010505070101040c300a300806032a0304820131" /* not critical; content is not read */
#define UNKNOWN  "300a06032a03040101ff0400"                    /* 1.2.3.4, critical */
#define HARMLESS "300706032a03040400"                          /* 1.2.3.4, not critical */

static void
test_profile(void)
{
	LEAF(CHAIN_OK, .spoil = false);
	LEAF(CHAIN_NOT_PROFILE, .version = 1);
	LEAF(CHAIN_MALFORMED, .version = 2); /* extensions belong to version 3 */
	LEAF(CHAIN_NOT_PROFILE, .serial = "00");
	LEAF(CHAIN_NOT_PROFILE, .serial = "81");
	LEAF(CHAIN_OK, .serial = "7fffffffffffffffffffffffffffffffffffffff");
	LEAF(CHAIN_OK, .serial = "00ffffffffffffffffffffffffffffffffffffffff");
	LEAF(CHAIN_NOT_PROFILE, .serial = "7fffffffffffffffffffffffffffffffffffffffff");
	LEAF(CHAIN_MALFORMED, .serial = "0001"); /* not minimal */
	LEAF(CHAIN_MALFORMED, .serial = "");
	LEAF(CHAIN_NOT_PROFILE, .issuer = "");
	LEAF(CHAIN_NOT_PROFILE, .outer = "2a8648ce3d040303");
	LEAF(CHAIN_WEAK_SIGNATURE, .algorithm = "2a8648ce3d0401");            /* ECDSA with SHA-1 */
	LEAF(CHAIN_WEAK_SIGNATURE, .algorithm = "2a864886f70d010105");        /* RSA with SHA-1 */
	LEAF(CHAIN_WEAK_SIGNATURE, .algorithm = "2a864886f70d010104");        /* RSA with MD5 */
	LEAF(CHAIN_UNSUPPORTED_SIGNATURE, .algorithm = "2a864886f70d01070b"); /* of another arc */
	LEAF(CHAIN_BAD_SIGNATURE, .algorithm = "2a864886f70d01010b 0500");    /* RSA's parameters */
	LEAF(CHAIN_UNSUPPORTED_SIGNATURE, .algorithm = "2a864886f70d01010b 0100");
	LEAF(CHAIN_UNSUPPORTED_SIGNATURE,
		.algorithm = "2a8648ce3d040302 0500");                /* ECDSA has none */
	LEAF(CHAIN_UNSUPPORTED_SIGNATURE, .algorithm = "2b6570");     /* Ed25519 */
	LEAF(CHAIN_BAD_SIGNATURE, .algorithm = "2a864886f70d01010b"); /* an RSA one, by an EC key */
	LEAF(CHAIN_BAD_SIGNATURE, .algorithm = "2a8648ce3d040303");   /* was made with SHA-256 */
	LEAF(CHAIN_UNKNOWN_EXTENSION, .extra = UNKNOWN);
	LEAF(CHAIN_OK, .extra = HARMLESS);
	LEAF(CHAIN_MALFORMED, .extra = HARMLESS HARMLESS); /* twice */
	LEAF(CHAIN_OK, .subject = "", .critical_names = true);

	CA(CHAIN_NOT_PROFILE, .serial = "00");
	CA(CHAIN_NOT_A_CA, .version = 1);
	CA(CHAIN_UNKNOWN_EXTENSION, .extra = UNKNOWN);
	CA(CHAIN_WEAK_SIGNATURE, .algorithm = "2a864886f70d010105");

	/* real roots have serial 0; what is wrong otherwise makes them no anchors */
	ROOT(CHAIN_OK, .serial = "00");
	ROOT(CHAIN_UNKNOWN_ISSUER, .version = 1);
	ROOT(CHAIN_UNKNOWN_ISSUER, .extra = UNKNOWN);
	ROOT(CHAIN_OK, .spoil = true); /* its own signature says nothing */
	ROOT(CHAIN_OK, .algorithm = "2a864886f70d010105");
	ROOT(CHAIN_UNKNOWN_ISSUER, .outer = "2a8648ce3d040303");
}

/* Extensions that can't be read, in certificates that have no other of their kind. */
static void
test_damaged_extensions(void)
{
	static const char *const damaged[] = {
		"300b0603551d13040430000500",             /* basicConstraints with more behind it */
		"30110603551d13040a30080101ff0201000500", /* ... inside it */
		"300c0603551d1304053003010101",           /* cA neither true nor false */
		"300f0603551d13040830060101ff0201ff",     /* a negative pathLenConstraint */
		"300d0603551d0f0406030200800500",         /* keyUsage with more behind it */
		"300d0603551d0f0406030400800000",         /* keyUsage of 3 bytes */
		"300b0603551d0f040404020080",             /* keyUsage that is no BIT STRING */
		"30150603551d25040e300a06082b060105050703010500", /* extKeyUsage with more behind it */
		"30150603551d25040e300c06082b060105050703010500", /* ... with something else in it */
		"30160603551d11040f300b8209612e6578616d706c650500", /* subjectAltName with more behind it */
		"300c0603551d1104053003890161",                     /* a GeneralName of no kind */
		"300c0603551d1104053003160161",                     /* ... of another class */
		"30120603551d1e040b3007a00530038201610500", /* nameConstraints with more behind it */
		"30120603551d1e040b3009a00530038201610500",   /* ... inside it */
		"30130603551d1e040c300aa0083006820161800101", /* a subtree with a minimum */
		"30090603551d1e04023000",                     /* nameConstraints without lists */
		"30100603551d2004093005300306012a0500", /* certificatePolicies with more behind it */
		"30090603551d2004023000",               /* ... empty */
		"300d0603551d200406300430020400",       /* ... with a policy that is none */
		"30130603551d21040c3008300606012a06012a0500", /* policyMappings with more behind it */
		"300e0603551d24040730038001000500", /* policyConstraints with more behind it */
		"30090603551d2404023000",           /* ... empty */
		"300c0603551d2404053003800180",     /* ... negative */
		"300c0603551d3604050201000500",     /* inhibitAnyPolicy with more behind it */
		"300c0603551d0e04050401610500",     /* subjectKeyIdentifier with more behind it */
		"300e0603551d23040730038001610500", /* authorityKeyIdentifier with more behind it */
	};
	size_t i;

	for (i = 0; i < sizeof damaged / sizeof damaged[0]; i++)
		LEAF(CHAIN_MALFORMED, .usage = MINT_NO, .purposes = NULL, .names = NULL,
			.extra = damaged[i]);
}

static void
test_dates(void)
{
	LEAF(CHAIN_EXPIRED, .not_after = "251231235959Z");
	LEAF(CHAIN_OK, .not_after = "260101000000Z"); /* inclusive, RFC 5280 section 4.1.2.5 */
	LEAF(CHAIN_OK, .not_before = "260101000000Z");
	LEAF(CHAIN_NOT_YET_VALID, .not_before = "260101000001Z");
	LEAF(CHAIN_OK, .not_after = "20300101000000Z"); /* GeneralizedTime before 2050 */
	LEAF(CHAIN_OK, .not_after = "99991231235959Z");
	LEAF(CHAIN_MALFORMED, .not_after = "301301000000Z");
	LEAF(CHAIN_MALFORMED, .not_after = "300230000000Z");
	LEAF(CHAIN_MALFORMED, .not_after = "300101000060Z");
	LEAF(CHAIN_MALFORMED, .not_after = "3001010000000");
	LEAF(CHAIN_OK, .not_before = "500101000000Z"); /* 1950 */
	CA(CHAIN_EXPIRED, .not_after = "251231235959Z");
	CA(CHAIN_NOT_YET_VALID, .not_before = "260101000001Z");
	ROOT(CHAIN_EXPIRED, .not_after = "251231235959Z");
	ROOT(CHAIN_NOT_YET_VALID, .not_before = "260101000001Z");
}

static void
test_usages(void)
{
	LEAF(CHAIN_OK, .usage = MINT_NO);
	LEAF(CHAIN_KEY_USAGE, .usage = 0x20); /* keyEncipherment only: ECDHE signs */
	LEAF(CHAIN_NOT_PROFILE, .usage = 0x84);
	LEAF(CHAIN_NOT_PROFILE, .usage = 0x84, .ca = 0);
	LEAF(CHAIN_OK, .ca = 0);
	LEAF(CHAIN_NOT_PROFILE, .ca = 1); /* an issuer is no server */
	LEAF(CHAIN_NOT_PROFILE, .ca = 1, .usage = 0x06);
	LEAF(CHAIN_NOT_PROFILE, .ca = 1, .usage = MINT_NO, .purposes = NULL);
	LEAF(CHAIN_OK, .ca = 0, .path_length = 0);
	LEAF(CHAIN_OK, .purposes = NULL);
	LEAF(CHAIN_OK, .purposes = "a");
	LEAF(CHAIN_OK, .purposes = "cs");
	LEAF(CHAIN_EXTENDED_KEY_USAGE, .purposes = "c");
	LEAF(CHAIN_MALFORMED, .purposes = "");
	LEAF(CHAIN_NOT_PROFILE, .permitted = "dns:example.com");

	CA(CHAIN_NOT_A_CA, .ca = 0);
	CA(CHAIN_NOT_A_CA, .ca = MINT_NO);
	CA(CHAIN_OK, .usage = MINT_NO);
	CA(CHAIN_KEY_USAGE, .usage = 0x80);
	CA(CHAIN_OK, .purposes = "s");
	CA(CHAIN_OK, .purposes = "a");
	CA(CHAIN_EXTENDED_KEY_USAGE, .purposes = "c");

	ROOT(CHAIN_UNKNOWN_ISSUER, .ca = 0);
	ROOT(CHAIN_UNKNOWN_ISSUER, .ca = MINT_NO);
	ROOT(CHAIN_UNKNOWN_ISSUER, .usage = 0x80);
	ROOT(CHAIN_UNKNOWN_ISSUER, .purposes = "c");
	ROOT(CHAIN_OK, .purposes = "s");
}

static void
test_keys(void)
{
	LEAF(CHAIN_OK, .key = MINT_RSA(2048));
	LEAF(CHAIN_OK, .key = MINT_RSA(4096));
	LEAF(CHAIN_WEAK_KEY, .key = MINT_RSA(1024));
	LEAF(CHAIN_WEAK_KEY, .key = MINT_RSA(2047));
	LEAF(CHAIN_WEAK_KEY, .key = MINT_RSA(2052)); /* not whole bytes */
	LEAF(CHAIN_UNSUPPORTED_KEY, .key = MINT_RSA(8192));
	LEAF(CHAIN_WEAK_KEY, .key = MINT_EXPONENT_1);
	LEAF(CHAIN_WEAK_KEY, .key = MINT_EVEN_MODULUS);
	LEAF(CHAIN_UNSUPPORTED_KEY, .key = MINT_ED25519);
	LEAF(CHAIN_UNSUPPORTED_KEY, .key = MINT_DSA);
	CA(CHAIN_WEAK_KEY, .key = MINT_RSA(1024));
	ROOT(CHAIN_UNKNOWN_ISSUER, .key = MINT_RSA(1024));
	ROOT(CHAIN_UNKNOWN_ISSUER, .key = MINT_ED25519);
}

static void
test_host(void)
{
#define NAMES(text, host, want) \
	JUDGE(LIST(MINT_ROOT(0)), LIST(MINT_LEAF(.names = text), MINT_CA(0)), host, want)
	NAMES("dns:a.example", "a.example", CHAIN_OK);
	NAMES("dns:A.Example", "a.example", CHAIN_OK);
	NAMES("dns:b.example,dns:a.example", "a.example", CHAIN_OK);
	NAMES("dns:b.example", "a.example", CHAIN_WRONG_NAME);
	NAMES("dns:*.a.example", "www.a.example", CHAIN_OK);
	NAMES("dns:*.a.example", "a.example", CHAIN_WRONG_NAME);
	NAMES("dns:*.a.example", "x.www.a.example", CHAIN_WRONG_NAME);
	NAMES("dns:*.a.example", "xn--bcher-kva.a.example", CHAIN_OK);
	NAMES("dns:*.example", "a.example", CHAIN_WRONG_NAME);
	NAMES("dns:*", "example", CHAIN_WRONG_NAME);
	NAMES("dns:*.", "a.", CHAIN_WRONG_NAME);
	NAMES("dns:w*.a.example", "www.a.example", CHAIN_WRONG_NAME);
	NAMES("dns:www.*.example", "www.a.example", CHAIN_WRONG_NAME);
	NAMES("dns:*.*.example", "www.a.example", CHAIN_WRONG_NAME);
	NAMES("dns:a.example.", "a.example", CHAIN_WRONG_NAME);
	NAMES("dns:.example", "a.example", CHAIN_WRONG_NAME);
	NAMES("dns:", "a.example", CHAIN_WRONG_NAME);
	NAMES("dns:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
		CHAIN_OK);
	NAMES("dns:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
		CHAIN_WRONG_NAME);
	NAMES("dns:a_b.example", "a_b.example", CHAIN_OK);
	NAMES("dns:192.0.2.1", "192.0.2.1", CHAIN_WRONG_NAME);
	NAMES("dns:*.0.2.1", "192.0.2.1", CHAIN_WRONG_NAME);
	NAMES("ip:192.0.2.1", "192.0.2.1", CHAIN_OK);
	NAMES("ip:192.0.2.1", "192.0.2.2", CHAIN_WRONG_NAME);
	NAMES("ip:x20010db8000000000000000000000001", "2001:db8::1", CHAIN_OK);
	NAMES("ip:x20010db8000000000000000000000001", "2001:db8::2", CHAIN_WRONG_NAME);
	NAMES("ip:192.0.2.0/24", "192.0.2.1", CHAIN_MALFORMED); /* 8 bytes */
	NAMES("ip:x", "192.0.2.1", CHAIN_MALFORMED);
	NAMES("uri:https://a.example/,mail:x@a.example,other:,dn:CN=a.example", "a.example",
		CHAIN_WRONG_NAME);
	NAMES("other:,dns:a.example", "a.example", CHAIN_OK);
	NAMES("dns:a.example",
		"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."
		"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."
		"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."
		"a.example.",
		CHAIN_WRONG_NAME); /* 256 bytes: more than a name has, and than we keep */
	NAMES("dns:b.example", NULL, CHAIN_OK);
	NAMES("", "a.example", CHAIN_MALFORMED);
	NAMES(NULL, "a.example", CHAIN_NO_NAME);
	LEAF(CHAIN_NO_NAME, .names = NULL, .subject = "CN=www.example.com"); /* no common name */
}

static void
test_constraints(void)
{
/* constraints in the CA, then the same in the anchor: the verdict is the same */
#define PAIR(yes, no, text, want)                                                                \
	JUDGE(LIST(MINT_ROOT(0)),                                                                \
		LIST(MINT_LEAF(.names = text), MINT_CA(.permitted = yes, .excluded = no)), NULL, \
		want);                                                                           \
	JUDGE(LIST(MINT_ROOT(.permitted = yes, .excluded = no)),                                 \
		LIST(MINT_LEAF(.names = text), MINT_CA(0)), NULL, want)
/* constraints that can't be read: so is their certificate, and a root is then none */
#define UNREADABLE(yes, text)                                                                      \
	JUDGE(LIST(MINT_ROOT(0)), LIST(MINT_LEAF(.names = text), MINT_CA(.permitted = yes)), NULL, \
		CHAIN_MALFORMED);                                                                  \
	JUDGE(LIST(MINT_ROOT(.permitted = yes)), LIST(MINT_LEAF(.names = text), MINT_CA(0)), NULL, \
		CHAIN_UNKNOWN_ISSUER)
	PAIR("dns:a.example", NULL, "dns:a.example", CHAIN_OK);
	PAIR("dns:a.example", NULL, "dns:www.A.example", CHAIN_OK);
	PAIR("dns:a.example", NULL, "dns:ba.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("dns:a.example", NULL, "dns:example", CHAIN_NAME_CONSTRAINTS);
	PAIR("dns:a.example", NULL, "dns:*.a.example", CHAIN_OK);
	PAIR("dns:x.a.example", NULL, "dns:*.a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("dns:a.example,dns:b.example", NULL, "dns:b.example,dns:a.example", CHAIN_OK);
	PAIR("dns:a.example", NULL, "dns:a.example,dns:b.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("dns:", NULL, "dns:b.example", CHAIN_OK);
	/* below it, and not it */
	PAIR("dns:.a.example", NULL, "dns:www.a.example", CHAIN_OK);
	PAIR("dns:.a.example", NULL, "dns:x.www.A.example", CHAIN_OK);
	PAIR("dns:.a.example", NULL, "dns:*.a.example", CHAIN_OK);
	PAIR("dns:.a.example", NULL, "dns:a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("dns:.a.example", NULL, "dns:ba.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("dns:.a.example", NULL, "dns:*.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("dns:.a.example,dns:a.example", NULL, "dns:a.example,dns:b.a.example", CHAIN_OK);
	PAIR("dns:.", NULL, "dns:a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("dns:..a.example", NULL, "dns:b.a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("dns:.a.example.", NULL, "dns:b.a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR(NULL, "dns:.a.example", "dns:b.a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR(NULL, "dns:.a.example", "dns:*.a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR(NULL, "dns:.a.example", "dns:a.example", CHAIN_OK);
	PAIR(NULL, "dns:.a.example", "dns:ba.example", CHAIN_OK);
	PAIR(NULL, "dns:.a.example", "dns:*.example", CHAIN_OK); /* a.example is not below itself */
	PAIR(NULL, "dns:.", "dns:a.example", CHAIN_NAME_CONSTRAINTS);

	/* names that are none: the empty one is nobody's, others are unclear */
	PAIR("dns:a.example", NULL, "dns:a.example,dns:", CHAIN_NAME_CONSTRAINTS);
	PAIR("dns:", NULL, "dns:a.example,dns:", CHAIN_OK);
	PAIR(NULL, "dns:b.example", "dns:a.example,dns:", CHAIN_OK);
	PAIR(NULL, "dns:", "dns:", CHAIN_NAME_CONSTRAINTS);
	PAIR("ip:192.0.2.0/24", NULL, "dns:a.example,dns:", CHAIN_OK);
	PAIR("dns:,dns:b.example", NULL, "dns:a.example", CHAIN_OK);
	PAIR(NULL, "dns:b.example,dns:", "dns:a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("dns:", NULL, "dns:a.example.", CHAIN_NAME_CONSTRAINTS);
	PAIR("dns:", NULL, "dns:.a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("dns:", NULL, "dns:*.", CHAIN_NAME_CONSTRAINTS);
	PAIR(NULL, "dns:b.example", "dns:*", CHAIN_NAME_CONSTRAINTS);
	PAIR(NULL, "dns:b.example", "dns:a example", CHAIN_NAME_CONSTRAINTS);
	PAIR("dns:a.example.", NULL, "dns:a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR(NULL, "dns:a.example.", "dns:b.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("dns:*.a.example", NULL, "dns:www.a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("dns:a.example", NULL, "dns:.a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("dns:a.example", NULL, "ip:192.0.2.1", CHAIN_OK);
	PAIR(NULL, "dns:a.example", "dns:b.example", CHAIN_OK);
	PAIR(NULL, "dns:a.example", "dns:WWW.a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR(NULL, "dns:x.a.example", "dns:*.a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR(NULL, "dns:x.y.a.example", "dns:*.a.example", CHAIN_OK);
	PAIR(NULL, "dns:", "dns:b.example", CHAIN_NAME_CONSTRAINTS);
	PAIR(NULL, "dns:.a.example", "dns:b.example", CHAIN_OK);
	PAIR("dns:a.example", "dns:x.a.example", "dns:y.a.example", CHAIN_OK);
	PAIR("dns:a.example", "dns:x.a.example", "dns:x.a.example", CHAIN_NAME_CONSTRAINTS);

	PAIR("ip:192.0.2.0/24", NULL, "ip:192.0.2.77", CHAIN_OK);
	PAIR("ip:192.0.2.0/24", NULL, "ip:192.0.3.77", CHAIN_NAME_CONSTRAINTS);
	PAIR("ip:192.0.2.0/24", NULL, "ip:x20010db8000000000000000000000001",
		CHAIN_NAME_CONSTRAINTS);
	PAIR(NULL, "ip:192.0.2.0/24", "ip:192.0.2.77", CHAIN_NAME_CONSTRAINTS);
	PAIR(NULL, "ip:192.0.2.0/24", "ip:192.0.3.77", CHAIN_OK);
	PAIR(NULL, "ip:0.0.0.0/0", "dns:a.example", CHAIN_OK);
	UNREADABLE("ip:192.0.2.1", "ip:192.0.2.1"); /* no mask */
	UNREADABLE("ip:192.0.2.1", "dns:a.example");
	PAIR("ip:xc0000200ff00ff00", NULL, "ip:192.0.2.1", CHAIN_NAME_CONSTRAINTS);
	PAIR("ip:x20010db8000000000000000000000000ffffffff000000000000000000000000", NULL,
		"ip:x20010db8000000000000000000000001", CHAIN_OK);

	PAIR("mail:a.example", NULL, "mail:x@a.example", CHAIN_OK);
	PAIR("mail:a.example", NULL, "mail:x@b.a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("mail:.a.example", NULL, "mail:x@b.a.example", CHAIN_OK);
	PAIR("mail:.a.example", NULL, "mail:x@a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("mail:x@a.example", NULL, "mail:x@A.example", CHAIN_OK);
	PAIR("mail:x@a.example", NULL, "mail:X@a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("mail:a.example", NULL, "mail:x@y@a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("mail:x@y@a.example", NULL, "mail:x@a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR(NULL, "mail:a.example", "mail:x@a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("mail:", NULL, "mail:x@a.example", CHAIN_OK);
	PAIR("mail:", NULL, "mail:x@a.example.", CHAIN_NAME_CONSTRAINTS);
	PAIR(NULL, "mail:", "mail:x@a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("mail:@a.example", NULL, "mail:x@a.example", CHAIN_NAME_CONSTRAINTS);
	PAIR(NULL, "mail:@a.example", "mail:x@b.example", CHAIN_NAME_CONSTRAINTS);
	PAIR("mail:a_b.example", NULL, "mail:x@a_b.example", CHAIN_OK);
	PAIR("mail:*@a.example", NULL, "mail:*@a.example", CHAIN_OK); /* a letter like others */
	PAIR("mail:*@a.example", NULL, "mail:x@a.example", CHAIN_NAME_CONSTRAINTS);

	PAIR("uri:a.example", NULL, "uri:https://a.example:8443/b", CHAIN_OK);
	PAIR("uri:a.example", NULL, "uri:https://u:p@a.example?x", CHAIN_OK);
	PAIR("uri:a.example", NULL, "uri:https://a.example@b.example/", CHAIN_NAME_CONSTRAINTS);
	PAIR("uri:a.example", NULL, "uri:https://b.a.example/", CHAIN_NAME_CONSTRAINTS);
	PAIR("uri:.a.example", NULL, "uri:https://b.a.example/", CHAIN_OK);
	PAIR("uri:a.example", NULL, "uri:urn:x", CHAIN_NAME_CONSTRAINTS);
	PAIR(NULL, "uri:b.example", "uri:https://192.0.2.1/", CHAIN_NAME_CONSTRAINTS);
	PAIR(NULL, "uri:b.example", "uri:https://[::1]/", CHAIN_NAME_CONSTRAINTS);

	PAIR("uri:", NULL, "uri:https://a.example/", CHAIN_OK);
	PAIR(NULL, "uri:", "uri:https://a.example/", CHAIN_NAME_CONSTRAINTS);
	UNREADABLE("", "dns:a.example"); /* an empty list */
}

/* Forms of name that we don't process count where a certificate below has one (section 4.2.1.10), and only there. */
static void
test_other_constraints(void)
{
	static const char *const forms[] = {
		"other:", "tag:a33000", /* x400Address */
		"tag:a5a1030c0161",     /* ediPartyName */
		"tag:882a03",           /* registeredID */
		"tag:a0060355040ca000", /* an otherName of another type */
	};
	char both[64], list[64];
	size_t i, k;

	for (i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		snprintf(both, sizeof both, "dns:a.example,%s", forms[i]);
		PAIR(NULL, NULL, both, CHAIN_OK);
		PAIR("dns:a.example", NULL, both, CHAIN_OK);
		PAIR(NULL, "dns:b.example", both, CHAIN_OK);
		snprintf(list, sizeof list, "%s,dns:a.example", forms[i]);
		PAIR(list, NULL, "dns:a.example", CHAIN_OK);
		PAIR(list, NULL, "dns:b.example", CHAIN_NAME_CONSTRAINTS);
		PAIR(NULL, forms[i], "dns:a.example", CHAIN_OK);
		JUDGE(LIST(MINT_ROOT(.excluded = forms[i])),
			LIST(MINT_LEAF(0), MINT_CA(.names = forms[i])), NULL,
			CHAIN_NAME_CONSTRAINTS);
		for (k = 0; k < sizeof forms / sizeof forms[0]; k++) {
			PAIR(forms[k], NULL, both, i == k ? CHAIN_NAME_CONSTRAINTS : CHAIN_OK);
			PAIR(NULL, forms[k], both, i == k ? CHAIN_NAME_CONSTRAINTS : CHAIN_OK);
		}
	}
	PAIR("tag:882a04", NULL, "tag:882a03", CHAIN_NAME_CONSTRAINTS); /* can't be judged */
	PAIR(NULL, "tag:a00500", "other:", CHAIN_NAME_CONSTRAINTS);     /* no type */
	UNREADABLE("tag:0c0161", "dns:a.example");                      /* no form of name at all */
	UNREADABLE("tag:890161", "dns:a.example");
}

static void
test_directory_constraints(void)
{
#define DIRECTORY(yes, no, name, want) \
	CA_LEAF(MINT_CA(.permitted = yes, .excluded = no), MINT_LEAF(.subject = name), want)
#define CA_LEAF(ca, leaf, want) JUDGE(LIST(MINT_ROOT(0)), LIST(leaf, ca), "www.example.com", want)
	DIRECTORY("dn:O=Acme", NULL, "O=Acme/CN=x", CHAIN_OK);
	DIRECTORY("dn:O=Acme", NULL, "O=Other/CN=x", CHAIN_NAME_CONSTRAINTS);
	DIRECTORY("dn:O=Acme", NULL, "CN=x/O=Acme", CHAIN_NAME_CONSTRAINTS);
	DIRECTORY("dn:O=Acme", NULL, "", CHAIN_OK);            /* no name, nothing to constrain */
	DIRECTORY("dn:O=Acme", NULL, "o=ACME/CN=x", CHAIN_OK); /* another encoding and case */
	DIRECTORY("dn:O=Acme Ltd", NULL, "O= acme   ltd /CN=x", CHAIN_OK);
	DIRECTORY(NULL, "dn:O=Acme", "o=aCME/CN=x", CHAIN_NAME_CONSTRAINTS);
	DIRECTORY(NULL, "dn:O=Acme", "O=Acmes/CN=x", CHAIN_OK);
	DIRECTORY(NULL, "dn:o=Acm\xc3\xa9", "O=Acm\xe9/CN=x", CHAIN_NAME_CONSTRAINTS); /* unclear */
	DIRECTORY(NULL, "dn:", "CN=x", CHAIN_NAME_CONSTRAINTS);
	CA_LEAF(MINT_CA(.permitted = "dn:CN=leaf"),
		MINT_LEAF(.names = "dns:www.example.com,dn:CN=other"), CHAIN_NAME_CONSTRAINTS);
	CA_LEAF(MINT_CA(.permitted = "dn:CN=leaf"),
		MINT_LEAF(.names = "dns:www.example.com,dn:CN=leaf/O=x"), CHAIN_OK);

	DIRECTORY("dn:O=Acme", NULL, "%14O=Acme/CN=x", CHAIN_OK);
	DIRECTORY(NULL, "dn:O=Acme", "%1eO=ACME/CN=x", CHAIN_NAME_CONSTRAINTS);
	DIRECTORY("dn:%14O=Acm\xe9", NULL, "o=ACM\xc3\xa9/CN=x", CHAIN_OK);
	DIRECTORY("dn:O=Acme/+CN=x", NULL, "o=acme/+CN=X", CHAIN_OK);
	DIRECTORY("dn:O=Acme", NULL, "O=Acme/+CN=x", CHAIN_NAME_CONSTRAINTS);
	DIRECTORY(NULL, "dn:O=Acme/CN=x", "O=Acme/+CN=x", CHAIN_NAME_CONSTRAINTS);

	/* e-mail addresses in the subject count too */
	CA_LEAF(MINT_CA(.permitted = "mail:a.example"), MINT_LEAF(.subject = "CN=x/E=x@a.example"),
		CHAIN_OK);
	CA_LEAF(MINT_CA(.permitted = "mail:a.example"),
		MINT_LEAF(.subject = "CN=x/E=x@a.example/E=x@b.example"), CHAIN_NAME_CONSTRAINTS);
}

static void
test_constraints_along_a_path(void)
{
	/* CAs between are named too, unless they are self-issued; the leaf always is */
	JUDGE(LIST(MINT_ROOT(.excluded = "dns:bad.example")),
		LIST(MINT_LEAF(0), MINT_CA(.names = "dns:bad.example")), NULL,
		CHAIN_NAME_CONSTRAINTS);
	JUDGE(LIST(MINT_ROOT(.excluded = "dns:bad.example")),
		LIST(MINT_LEAF(0), MINT_CA(0),
			MINT_CA(.subject = "CN=Root", .key = 0, .names = "dns:bad.example")),
		NULL, CHAIN_OK);
	JUDGE(LIST(MINT_ROOT(.excluded = "dns:bad.example")),
		LIST(MINT_LEAF(.issuer = "CN=Root2", .signer = 3),
			MINT_CA(.subject = "CN=Root2", .key = 3, .names = "dns:bad.example")),
		NULL, CHAIN_NAME_CONSTRAINTS);
	JUDGE(LIST(MINT_ROOT(.key = 0, .excluded = "dns:bad.example")),
		LIST(MINT_LEAF(.issuer = "CN=Root", .signer = 3),
			MINT_CA(.subject = "CN=Root", .key = 3, .names = "dns:bad.example")),
		NULL, CHAIN_OK); /* self-issued, rolling over to another key */
	JUDGE(LIST(MINT_ROOT(.excluded = "dns:bad.example")),
		LIST(MINT_LEAF(.subject = "CN=Root", .issuer = "CN=Root", .signer = 0,
			.names = "dns:bad.example")),
		NULL, CHAIN_NAME_CONSTRAINTS); /* a self-issued leaf */

	/* permitted lists narrow, never widen */
	JUDGE(LIST(MINT_ROOT(.permitted = "dns:example.com")),
		LIST(MINT_LEAF(0), MINT_CA(.permitted = "dns:www.example.com")), NULL, CHAIN_OK);
	JUDGE(LIST(MINT_ROOT(.permitted = "dns:other.example")),
		LIST(MINT_LEAF(0), MINT_CA(.permitted = "dns:example.com")), NULL,
		CHAIN_NAME_CONSTRAINTS);

	/* two certificates of one CA: the unconstrained one counts where it leads somewhere */
	JUDGE(LIST(MINT_ROOT(0)),
		LIST(MINT_LEAF(0), MINT_CA(.permitted = "dns:other.example"),
			MINT_CA(.serial = "02")),
		NULL, CHAIN_OK);
}

static void
test_path_length(void)
{
#define SUB(number, from, ...) \
	MINT_CA(.subject = "CN=Sub" #number, .issuer = from, .key = 10 + number, __VA_ARGS__)
	const struct mint *leaf = MINT_LEAF(.issuer = "CN=Sub2", .signer = 12);
	const struct mint *two = SUB(2, "CN=Sub1", .signer = 11);

	JUDGE(LIST(MINT_ROOT(0)), LIST(leaf, two, SUB(1, "CN=Root", .path_length = 1)), NULL,
		CHAIN_OK);
	JUDGE(LIST(MINT_ROOT(0)), LIST(leaf, two, SUB(1, "CN=Root", .path_length = 0)), NULL,
		CHAIN_PATH_LENGTH);
	JUDGE(LIST(MINT_ROOT(.path_length = 2)),
		LIST(leaf, two, SUB(1, "CN=Root", .path_length = 1)), NULL, CHAIN_OK);
	JUDGE(LIST(MINT_ROOT(.path_length = 1)),
		LIST(leaf, two, SUB(1, "CN=Root", .path_length = 5)), NULL, CHAIN_PATH_LENGTH);
	CA(CHAIN_OK, .path_length = 0);
	ROOT(CHAIN_OK, .path_length = 1);
	ROOT(CHAIN_PATH_LENGTH, .path_length = 0);
	/* self-issued ones don't count */
	JUDGE(LIST(MINT_ROOT(0)),
		LIST(leaf, SUB(2, "CN=Sub1", .signer = 13),
			MINT_CA(.subject = "CN=Sub1", .issuer = "CN=Sub1", .key = 13, .signer = 11),
			SUB(1, "CN=Root", .path_length = 1)),
		NULL, CHAIN_OK);
	/* also where issuer and subject are written in two ways */
	JUDGE(LIST(MINT_ROOT(0)),
		LIST(leaf, SUB(2, "CN=Sub1", .signer = 13),
			MINT_CA(.subject = "CN=Sub1", .issuer = "cn=SUB1", .key = 13, .signer = 11),
			SUB(1, "CN=Root", .path_length = 1)),
		NULL, CHAIN_OK);
}

static void
test_paths(void)
{
	const struct mint *leaf = MINT_LEAF(0), *ca = MINT_CA(0);
	const struct mint *stray = MINT_LEAF(.subject = "CN=stray");

	JUDGE(LIST(MINT_ROOT(0)), LIST(leaf), NULL, CHAIN_UNKNOWN_ISSUER);
	JUDGE(LIST(MINT_ROOT(0)), LIST(leaf, stray, ca, leaf, ca), NULL, CHAIN_OK);
	JUDGE(LIST(MINT_ROOT(0)), LIST(leaf, ca, MINT_ROOT(0)), NULL,
		CHAIN_OK);                           /* the root sent too */
	JUDGE(LIST(ca), LIST(leaf), NULL, CHAIN_OK); /* an anchor need not be self-signed */
	JUDGE(LIST(ca), LIST(leaf, MINT_CA(.not_after = "210101000000Z")), NULL, CHAIN_OK);
	JUDGE(LIST(MINT_ROOT(.subject = "CN=No", .issuer = "CN=No")), LIST(leaf, ca), NULL,
		CHAIN_UNKNOWN_ISSUER);
	JUDGE(LIST(MINT_ROOT(.key = 7, .signer = 7)), LIST(leaf, ca), NULL,
		CHAIN_BAD_SIGNATURE); /* a fake of the same name */
	JUDGE(LIST(MINT_ROOT(.key = 7, .signer = 7), MINT_ROOT(0)), LIST(leaf, ca), NULL,
		CHAIN_OK); /* two roots of one name */
	JUDGE(LIST(MINT_ROOT(.not_after = "210101000000Z"), MINT_ROOT(0)), LIST(leaf, ca), NULL,
		CHAIN_OK);
	JUDGE(LIST(MINT_ROOT(0)), LIST(leaf, MINT_CA(.key = 7), ca), NULL,
		CHAIN_OK); /* two issuers of one name */
	JUDGE(LIST(MINT_ROOT(0)), LIST(leaf, MINT_CA(.not_after = "210101000000Z"), ca), NULL,
		CHAIN_OK); /* a bad path beside a good one */
	JUDGE(LIST(MINT_ROOT(0)), LIST(leaf, MINT_CA(.spoil = true)), NULL, CHAIN_BAD_SIGNATURE);
	LEAF(CHAIN_BAD_SIGNATURE, .spoil = true);
	LEAF(CHAIN_BAD_SIGNATURE, .signer = 5);
	JUDGE(LIST(MINT_ROOT(0)),
		LIST(MINT_LEAF(.subject = "CN=leaf", .issuer = "CN=leaf", .signer = 2)), NULL,
		CHAIN_SELF_SIGNED);
	JUDGE(LIST(MINT_LEAF(.issuer = "CN=leaf", .signer = 2, .ca = 1, .usage = MINT_NO)),
		LIST(MINT_LEAF(.issuer = "CN=leaf", .signer = 2, .ca = 1, .usage = MINT_NO)), NULL,
		CHAIN_OK); /* a device's own certificate, put into the bundle */

	JUDGE(LIST(MINT_LEAF(.issuer = "CN=leaf", .signer = 2, .ca = 1, .usage = 0x06, .key = 2)),
		LIST(MINT_LEAF(.issuer = "CN=leaf", .signer = 2, .ca = 1, .usage = 0x06)), NULL,
		CHAIN_OK); /* openssl req -x509 makes CAs */
	JUDGE(LIST(MINT_LEAF(.issuer = "CN=leaf", .signer = 3, .key = 3, .ca = 1, .usage = 0x06)),
		LIST(MINT_LEAF(.issuer = "CN=leaf", .signer = 3, .ca = 1, .usage = 0x06)), NULL,
		CHAIN_SELF_SIGNED); /* of the same name, but another's */
	JUDGE(LIST(MINT_ROOT(0)),
		LIST(MINT_LEAF(.issuer = "CN=leaf", .signer = 2, .ca = 1, .usage = 0x06)), NULL,
		CHAIN_SELF_SIGNED);

	/* an old root that is cross-signed by an expired one ("chain of pain") */
	JUDGE(LIST(MINT_ROOT(0), MINT_ROOT(.subject = "CN=Old", .issuer = "CN=Old", .key = 8,
					 .signer = 8, .not_after = "210101000000Z")),
		LIST(leaf, ca,
			MINT_CA(.subject = "CN=Root", .issuer = "CN=Old", .key = 0, .signer = 8,
				.not_after = "210101000000Z")),
		NULL, CHAIN_OK);

	/* key identifiers say whom to try first, and no more than that */
	JUDGE(LIST(MINT_ROOT(0)),
		LIST(MINT_LEAF(.extra = "300c0603551d2304053003800161"),
			MINT_CA(.key = 7, .extra = "300a0603551d0e0403040162"),
			MINT_CA(.extra = "300a0603551d0e0403040161")),
		NULL, CHAIN_OK);
	CHECK_INT(chain->signature_count, 2);
	JUDGE(LIST(MINT_ROOT(0)),
		LIST(MINT_LEAF(.extra = "300c0603551d2304053003800161"),
			MINT_CA(.key = 7, .extra = "300a0603551d0e0403040161"),
			MINT_CA(.extra = "300a0603551d0e0403040162")),
		NULL, CHAIN_OK);
	CHECK(chain->signature_count > 2);

	/* loops */
	JUDGE(LIST(MINT_ROOT(0)),
		LIST(leaf, MINT_CA(.issuer = "CN=B", .signer = 4),
			MINT_CA(.subject = "CN=B", .issuer = "CN=CA", .key = 4, .signer = 1)),
		NULL, CHAIN_UNKNOWN_ISSUER);
	JUDGE(LIST(MINT_ROOT(0)),
		LIST(leaf, MINT_CA(.issuer = "CN=B", .signer = 4),
			MINT_CA(.subject = "CN=B", .issuer = "CN=CA", .key = 4, .signer = 1), ca),
		NULL, CHAIN_OK);
}

/* leaf <- A <- B ... <- Root: `cas` of them. */
static enum chain_error
judge_depth(int cas)
{
	struct anchors *a = load(LIST(MINT_ROOT(0)), NULL, NULL);
	char mine[16], above[16];
	enum chain_error e;
	int i;

	chain_init(chain);
	add(MINT_LEAF(.issuer = "CN=L1", .signer = 21));
	for (i = 1; i <= cas; i++) {
		snprintf(mine, sizeof mine, "CN=L%d", i);
		snprintf(above, sizeof above, "CN=L%d", i + 1);
		add(MINT_CA(.subject = mine, .issuer = i == cas ? "CN=Root" : above, .key = 20 + i,
			.signer = i == cas ? 0 : 21 + i));
	}
	e = run(a, NULL, NULL, NOW);
	anchors_release(a);
	return e;
}

static void
test_bounds(void)
{
	struct anchors *a = load(LIST(MINT_ROOT(0)), NULL, NULL);
	static char many[60000];
	char serial[8], text[CHAIN_TEXT];
	size_t n, i;

	CHECK_INT(judge_depth(6), CHAIN_OK); /* with leaf and anchor: 8 */
	CHECK_INT(judge_depth(7), CHAIN_TOO_DEEP);
	CHECK_INT(judge_depth(30), CHAIN_TOO_DEEP);

	/* signatures: 13 CAs of one name, each with 26 of another name above it, none of which made it */
	chain_init(chain);
	add(MINT_LEAF(.issuer = "CN=M", .signer = 30));
	for (i = 0; i < CHAIN_ADDED - 1; i++) {
		snprintf(serial, sizeof serial, "%02x", (unsigned)i + 1);
		add(MINT_CA(.subject = i % 3 ? "CN=N" : "CN=M",
			.issuer = i % 3 ? "CN=Root" : "CN=N", .key = 30 + (int)i,
			.signer = i % 3 ? 0 : 99, .serial = serial));
	}
	CHECK_INT(run(a, NULL, NULL, NOW), CHAIN_TOO_MANY_SIGNATURES);
	CHECK_INT(chain->signature_count, CHAIN_SIGNATURES);

	/* one certificate more than a file may have */
	CHECK_INT(chain_add(chain, der, 10), -1);
	CHECK_INT(run(a, NULL, NULL, NOW), CHAIN_TOO_MANY);
	CHECK_STR(chain_check_text(chain, text), "The server sent more than 40 certificates.");

	/* paths: CAs of one name that all could have issued each other, and none may issue below another */
	chain_init(chain);
	add(MINT_LEAF(.issuer = "CN=M", .signer = 30));
	for (i = 0; i < CHAIN_ADDED - 1; i++) {
		snprintf(serial, sizeof serial, "%02x", (unsigned)i + 1);
		add(MINT_CA(.subject = i < 20 ? "CN=M" : "CN=N", .issuer = i < 20 ? "CN=N" : "CN=M",
			.key = 30 + (int)i, .signer = 99, .serial = serial));
	}
	anchors_release(a);
	a = load(
		LIST(MINT_ROOT(.subject = "CN=M", .issuer = "CN=M", .path_length = 0)), NULL, NULL);
	CHECK_INT(run(a, NULL, NULL, NOW), CHAIN_TOO_MANY_PATHS);
	CHECK_INT(chain->branch_count, CHAIN_BRANCHES);
	anchors_release(a);
	a = load(LIST(MINT_ROOT(0)), NULL, NULL);

	/* comparisons: 1,600 names against 1,600 subtrees */
	for (n = i = 0; i < 1600; i++)
		n += (size_t)snprintf(
			many + n, sizeof many - n, "%sdns:n%zu.example", i ? "," : "", i);
	chain_init(chain);
	add(MINT_LEAF(.names = many));
	add(MINT_CA(.excluded = many));
	CHECK(run(a, NULL, NULL, NOW) == CHAIN_NAME_CONSTRAINTS);
	for (n = 0; many[n]; n++)
		if (many[n] == 'n' && n > 3 && many[n - 1] == ':')
			many[n] = 'o';
	chain_init(chain);
	add(MINT_LEAF(.names = many));
	for (n = 0; many[n]; n++)
		if (many[n] == 'o' && n > 3 && many[n - 1] == ':')
			many[n] = 'p';
	add(MINT_CA(.excluded = many));
	CHECK_INT(run(a, NULL, NULL, NOW), CHAIN_TOO_MANY_COMPARISONS);
	anchors_release(a);
}

/* --- what the handshake sees --- */

static enum chain_error
collect(const struct mint *const *sent, size_t piece)
{
	size_t len, at, n;

	chain_begin(chain);
	for (; *sent; sent++) {
		len = mint_cert(*sent, der, sizeof der);
		chain_begin_cert(chain, (uint32_t)len);
		for (at = 0; at < len; at += n) {
			n = len - at < piece ? len - at : piece;
			chain_append(chain, der + at, n);
		}
		chain_end_cert(chain);
	}
	return chain_end(chain);
}

static void
test_collect(void)
{
	struct anchors *a = load(LIST(MINT_ROOT(0)), NULL, NULL);
	const struct mint *leaf = MINT_LEAF(0), *ca = MINT_CA(0), *many[13];
	size_t piece, len, i;

	for (piece = 1; piece <= 256; piece++) {
		CHECK_INT(collect(LIST(leaf, ca), piece), CHAIN_OK);
		CHECK_INT(run(a, NULL, "www.example.com", NOW), CHAIN_OK);
		len = mint_cert(leaf, der, sizeof der);
		CHECK(len == chain->length[0] && memcmp(chain_leaf(chain, &len), der, len) == 0);
	}
	CHECK_INT(chain_key(chain)->kind, X509_KEY_P256);
	CHECK(chain_key(chain)->n.p > chain->data &&
		chain_key(chain)->n.p < chain->data + chain->length[0]);
	CHECK_INT(chain_extent(chain), offsetof(struct chain, data) + chain->used);

	CHECK_INT(collect(LIST(NULL), 256), CHAIN_EMPTY);
	CHECK_INT(chain_check_error(chain), CHAIN_EMPTY);
	CHECK(chain_key(chain) == NULL && chain_leaf(chain, &len) == NULL);
	CHECK_INT(collect(LIST(MINT_LEAF(.key = MINT_ED25519)), 256), CHAIN_UNSUPPORTED_KEY);
	CHECK_INT(chain_check_error(chain), CHAIN_UNSUPPORTED_KEY);
	CHECK(chain_key(chain) == NULL);
	CHECK_INT(collect(LIST(MINT_LEAF(.key = MINT_RSA(8192))), 256), CHAIN_UNSUPPORTED_KEY);
	CHECK_INT(
		collect(LIST(MINT_LEAF(.key = MINT_RSA(1024))), 256), CHAIN_OK); /* judged later */
	CHECK_INT(chain_key(chain)->kind, X509_KEY_RSA);
	CHECK_INT(collect(LIST(MINT_LEAF(.serial = "")), 256), CHAIN_MALFORMED);
	CHECK_INT(chain_check_error(chain), CHAIN_MALFORMED);

	/* 10 are kept; of 11, the handshake goes on and the verdict is no */
	for (i = 0; i < 12; i++)
		many[i] = i == 0 ? leaf : ca;
	many[10] = NULL;
	CHECK_INT(collect(many, 256), CHAIN_OK);
	CHECK_INT(run(a, NULL, NULL, NOW), CHAIN_OK);
	many[10] = ca;
	many[11] = NULL;
	CHECK_INT(collect(many, 256), CHAIN_OK);
	CHECK_INT(chain->count, 10);
	CHECK_INT(run(a, NULL, NULL, NOW), CHAIN_TOO_MANY);

	/* a leaf over CHAIN_BYTES, and what comes behind it does not take its place */
	chain_begin(chain);
	chain_begin_cert(chain, CHAIN_BYTES + 1);
	chain_append(chain, der, 256);
	chain_end_cert(chain);
	len = mint_cert(leaf, der, sizeof der);
	chain_begin_cert(chain, (uint32_t)len);
	chain_append(chain, der, len);
	chain_end_cert(chain);
	CHECK_INT(chain_end(chain), CHAIN_TOO_LARGE);
	CHECK_INT(chain_check_error(chain), CHAIN_TOO_LARGE);
	CHECK_INT(chain->count, 0);
	CHECK_INT(run(a, NULL, NULL, NOW), CHAIN_TOO_LARGE);

	/* exactly CHAIN_BYTES fit, and a byte more doesn't */
	chain_init(chain);
	memset(der, 0, sizeof der);
	CHECK_INT(chain_add(chain, der, CHAIN_BYTES), 0);
	CHECK_INT(run(a, NULL, NULL, NOW), CHAIN_MALFORMED);
	CHECK_INT(chain_add(chain, der, 1), -1);
	CHECK_INT(run(a, NULL, NULL, NOW), CHAIN_TOO_LARGE);
	anchors_release(a);
}

static void
test_distrust(void)
{
	char path[] = "/tmp/sluice-distrust-XXXXXX";
	unsigned char hash[32];
	struct x509 x;
	struct anchors *a;
	FILE *f = fdopen(mkstemp(path), "w");
	br_sha256_context h;
	size_t len = mint_cert(MINT_CA(0), der, sizeof der), i;

	CHECK_INT(x509_parse(&x, der, len), 0);
	br_sha256_init(&h);
	br_sha256_update(&h, x.spki.p, x.spki.len);
	br_sha256_out(&h, hash);
	fprintf(f, "# compromised\n\n  ");
	for (i = 0; i < 32; i++)
		fprintf(f, "%s%02X", i ? ":" : "", hash[i]);
	fprintf(f, " # a key\r\n");
	fclose(f);

	a = load(LIST(MINT_ROOT(0)), path, NULL);
	chain_init(chain);
	add(MINT_LEAF(0));
	add(MINT_CA(.serial = "77")); /* another certificate of that key */
	CHECK_INT(run(a, NULL, NULL, NOW), CHAIN_DISTRUSTED);
	anchors_release(a);
	a = load(LIST(MINT_CA(0), MINT_ROOT(0)), path, NULL);
	CHECK_INT(anchors_count(a), 1); /* nor is it an anchor */
	anchors_release(a);
	unlink(path);

	/* our own CA, in the bundle by mistake, as an issuer, and by its key under another name */
	a = load(LIST(MINT_CA(0), MINT_ROOT(0)), NULL, MINT_CA(.issuer = "CN=CA", .signer = 1));
	CHECK_INT(anchors_count(a), 1);
	CHECK_INT(run(a, NULL, NULL, NOW), CHAIN_OWN_CA);
	chain_init(chain);
	add(MINT_LEAF(.issuer = "CN=Other"));
	add(MINT_CA(.subject = "CN=Other"));
	CHECK_INT(run(a, NULL, NULL, NOW), CHAIN_OWN_CA);
	anchors_release(a);
}

static void
test_memory(void)
{
	struct anchors *a = load(LIST(MINT_ROOT(0)), NULL, NULL), *b;
	struct chain_signatures *s = chain_signatures_new(64);
	int i;

	/* the first time both signatures are checked, one a step; then none is, and the steps show it */
	chain_init(chain);
	add(MINT_LEAF(0));
	add(MINT_CA(0));
	CHECK_INT(run(a, s, "www.example.com", NOW), CHAIN_OK);
	chain_check_start(chain, a, s, "www.example.com", NOW);
	for (i = 0; !chain_check_step(chain); i++)
		;
	CHECK(i <= 3);
	CHECK_INT(chain_check_error(chain), CHAIN_OK);
	CHECK(chain_check_until(chain) == 1893456000); /* 2030-01-01 */

	/* only the signature is remembered: not the date, not the name, not whom we trust */
	CHECK_INT(run(a, s, "www.example.com", 1893456001), CHAIN_EXPIRED);
	CHECK_INT(run(a, s, "other.example.com", NOW), CHAIN_WRONG_NAME);
	b = load(LIST(MINT_ROOT(.key = 7, .signer = 7)), NULL, NULL);
	CHECK_INT(run(b, s, "www.example.com", NOW), CHAIN_BAD_SIGNATURE);
	chain_init(chain);
	add(MINT_LEAF(.spoil = true));
	add(MINT_CA(0));
	CHECK_INT(run(a, s, NULL, NOW), CHAIN_BAD_SIGNATURE);
	CHECK_INT(run(a, s, NULL, NOW), CHAIN_BAD_SIGNATURE); /* a bad one least of all */

	/* a reload while a check runs: it ends with the anchors that it began with */
	chain_init(chain);
	add(MINT_LEAF(0));
	add(MINT_CA(0));
	chain_check_start(chain, a, NULL, NULL, NOW);
	CHECK_INT(chain_check_step(chain), 0);
	anchors_release(a);
	while (!chain_check_step(chain))
		;
	CHECK_INT(chain_check_error(chain), CHAIN_OK);
	chain_check_start(chain, b, NULL, NULL, NOW); /* abandoned: ASan would tell what is left */
	chain_check_reset(chain);
	chain_check_reset(chain);
	CHECK_INT(chain_check_error(chain), CHAIN_PENDING);
	CHECK_INT(chain_check_step(chain), 1);
	anchors_release(b);

	for (i = 0; i < 200; i++) { /* a full table goes on */
		chain_init(chain);
		a = i == 0 ? load(LIST(MINT_ROOT(0)), NULL, NULL) : a;
		add(MINT_LEAF(.key = 100 + i % 100));
		add(MINT_CA(0));
		CHECK_INT(run(a, s, NULL, NOW), CHAIN_OK);
	}
	anchors_release(a);
	chain_signatures_free(s);
}

/* Issuer and subject written in two ways (section 7.1): in the CA, in the root, in one sent beside others. */
static void
test_names_of_issuers(void)
{
#define NAMED(leaf_says, ca_says, want)                                                         \
	JUDGE(LIST(MINT_ROOT(0)),                                                               \
		LIST(MINT_LEAF(.issuer = leaf_says), MINT_CA(.subject = ca_says)), NULL, want); \
	JUDGE(LIST(MINT_ROOT(.subject = ca_says, .issuer = ca_says)),                           \
		LIST(MINT_LEAF(.issuer = leaf_says, .signer = 0)), NULL, want)
	NAMED("CN=CA", "cn=CA", CHAIN_OK);
	NAMED("CN=CA", "%16CN=CA", CHAIN_OK);
	NAMED("CN=CA", "%14CN=CA", CHAIN_OK);
	NAMED("CN=CA", "%1aCN=CA", CHAIN_OK);
	NAMED("CN=CA", "%1eCN=CA", CHAIN_OK);
	NAMED("CN=CA One", "cn=ca oNE", CHAIN_OK);
	NAMED("O=Org/CN=CA", "%1eO=oRG/cn=ca", CHAIN_OK);
	NAMED("O=Org/+CN=CA", "O=org/+cn=Ca", CHAIN_OK);
	NAMED("CN= CA  One ", "CN=CA One", CHAIN_OK);
	NAMED("CN=CA\tOne", "CN=CA One", CHAIN_OK);
	NAMED("cn=\xc3\xa9t\xc3\xa9", "%14CN=\xe9T\xe9", CHAIN_OK);
	NAMED("%1eCN=\xe9t\xe9", "cn=\xc3\xa9T\xc3\xa9", CHAIN_OK);

	NAMED("CN=CA", "CN=CB", CHAIN_UNKNOWN_ISSUER);
	NAMED("CN=CA", "CN=C A", CHAIN_UNKNOWN_ISSUER);
	NAMED("CN=CA", "CN=CAA", CHAIN_UNKNOWN_ISSUER);
	NAMED("CN=CA", "O=CA", CHAIN_UNKNOWN_ISSUER);
	NAMED("CN=CA", "CN=CA/CN=CA", CHAIN_UNKNOWN_ISSUER);
	NAMED("O=Org/CN=CA", "O=Org/+CN=CA", CHAIN_UNKNOWN_ISSUER);
	NAMED("O=Org/CN=CA", "CN=CA/O=Org", CHAIN_UNKNOWN_ISSUER);
	NAMED("O=OrgCA", "O=Org/CN=CA", CHAIN_UNKNOWN_ISSUER);
	NAMED("CN=CA", "%04CN=CA", CHAIN_UNKNOWN_ISSUER); /* no text */
	NAMED("%04CN=CA", "%04CN=ca", CHAIN_UNKNOWN_ISSUER);
	NAMED("CN=CA", "CN=", CHAIN_UNKNOWN_ISSUER);
	NAMED("cn=\xc3\xa9", "CN=e", CHAIN_UNKNOWN_ISSUER);

	/* an equal name is no proof */
	JUDGE(LIST(MINT_ROOT(0)), LIST(MINT_LEAF(0), MINT_CA(.subject = "cn=ca", .key = 7)), NULL,
		CHAIN_BAD_SIGNATURE);
	JUDGE(LIST(MINT_ROOT(0)),
		LIST(MINT_LEAF(0), MINT_CA(.subject = "cn=ca", .key = 7),
			MINT_CA(.subject = "cn=cA")),
		NULL, CHAIN_OK);
	/* one CA twice on a path is a loop, however its name is written */
	JUDGE(LIST(MINT_ROOT(0)),
		LIST(MINT_LEAF(0), MINT_CA(.issuer = "CN=B", .signer = 4),
			MINT_CA(.subject = "CN=B", .issuer = "CN=CA", .key = 4, .signer = 1),
			MINT_CA(.subject = "cn=ca", .issuer = "CN=B", .signer = 4, .serial = "02")),
		NULL, CHAIN_UNKNOWN_ISSUER);
	/* constraints let a self-issued CA off, and nobody who only looks like it */
	JUDGE(LIST(MINT_ROOT(.excluded = "dns:bad.example")),
		LIST(MINT_LEAF(.issuer = "cn=ROOT", .signer = 3),
			MINT_CA(.subject = "cn=root", .key = 3, .names = "dns:bad.example")),
		NULL, CHAIN_OK);
	JUDGE(LIST(MINT_ROOT(.excluded = "dns:bad.example")),
		LIST(MINT_LEAF(.issuer = "cn=ROO T", .signer = 3),
			MINT_CA(.subject = "cn=roo t", .key = 3, .names = "dns:bad.example")),
		NULL, CHAIN_NAME_CONSTRAINTS);
}

/* certificatePolicies: 1.2.1 to 1.2.3 or any */
#define POLICY_A   "30100603551d2004093007300506032a0301"
#define POLICY_B   "30100603551d2004093007300506032a0302"
#define POLICY_C   "30100603551d2004093007300506032a0303"
#define POLICY_AB  "30170603551d200410300e300506032a0301300506032a0302"
#define POLICY_ANY "30110603551d20040a300830060604551d2000"
/* policyConstraints: requireExplicitPolicy, inhibitPolicyMapping; inhibitAnyPolicy */
#define EXPLICIT_0 "300f0603551d240101ff04053003800100"
#define EXPLICIT_1 "300f0603551d240101ff04053003800101"
#define EXPLICIT_2 "300f0603551d240101ff04053003800102"
#define NO_MAP_0   "30120603551d240101ff04083006800100810100"
#define NO_MAP_1   "30120603551d240101ff04083006800100810101"
#define INHIBIT_0  "300d0603551d360101ff0403020100"
#define INHIBIT_1  "300d0603551d360101ff0403020101"
#define MAP(pairs_len, list_len, ext_len, pairs) \
	"30" ext_len "0603551d210101ff04" list_len "30" pairs_len pairs
#define A_TO_B    "300a06032a030106032a0302"
#define A_TO_C    "300a06032a030106032a0303"
#define MAP_A_B   MAP("0c", "0e", "18", A_TO_B)
#define MAP_A_BC  MAP("18", "1a", "24", A_TO_B A_TO_C)
#define MAP_A_ANY MAP("0d", "0f", "19", "300b06032a03010604551d2000")
#define MAP_ANY_A MAP("0d", "0f", "19", "300b0604551d200006032a0301")

static void
test_policies(void)
{
#define POLICIES(root, ca, leaf, want)        \
	JUDGE(LIST(MINT_ROOT(.extra = root)), \
		LIST(MINT_LEAF(.extra = leaf), MINT_CA(.extra = ca)), NULL, want)
	POLICIES(NULL, POLICY_A, POLICY_B, CHAIN_OK); /* nobody asks */
	POLICIES(NULL, EXPLICIT_0, NULL, CHAIN_POLICY);
	POLICIES(NULL, EXPLICIT_0 POLICY_A, POLICY_A, CHAIN_OK);
	POLICIES(NULL, EXPLICIT_0 POLICY_AB, POLICY_B, CHAIN_OK);
	POLICIES(NULL, EXPLICIT_0 POLICY_A, POLICY_AB, CHAIN_OK);
	POLICIES(NULL, EXPLICIT_0 POLICY_A, POLICY_B, CHAIN_POLICY);
	POLICIES(NULL, EXPLICIT_0 POLICY_A, NULL, CHAIN_POLICY);
	POLICIES(NULL, EXPLICIT_0, POLICY_A, CHAIN_POLICY);
	POLICIES(NULL, EXPLICIT_0 POLICY_ANY, POLICY_B, CHAIN_OK);
	POLICIES(NULL, EXPLICIT_0 POLICY_A, POLICY_ANY, CHAIN_OK);
	POLICIES(NULL, EXPLICIT_0 POLICY_ANY, POLICY_ANY, CHAIN_OK);
	POLICIES(NULL, EXPLICIT_0 POLICY_A INHIBIT_0, POLICY_ANY, CHAIN_POLICY);
	POLICIES(NULL, EXPLICIT_0 POLICY_A INHIBIT_1, POLICY_ANY, CHAIN_OK);
	POLICIES(NULL, EXPLICIT_0 POLICY_ANY INHIBIT_0, POLICY_A, CHAIN_OK);
	POLICIES(NULL, EXPLICIT_1, NULL, CHAIN_POLICY); /* the leaf counts */
	POLICIES(NULL, EXPLICIT_2, NULL, CHAIN_OK);
	POLICIES(NULL, NULL, EXPLICIT_0, CHAIN_POLICY); /* the leaf asks itself */
	POLICIES(NULL, NULL, EXPLICIT_1, CHAIN_OK);
	POLICIES(NULL, POLICY_A, EXPLICIT_0 POLICY_A, CHAIN_OK);

	/* in other words */
	POLICIES(NULL, EXPLICIT_0 POLICY_A MAP_A_B, POLICY_B, CHAIN_OK);
	POLICIES(NULL, EXPLICIT_0 POLICY_A MAP_A_B, POLICY_A, CHAIN_POLICY);
	POLICIES(NULL, EXPLICIT_0 POLICY_A MAP_A_BC, POLICY_C, CHAIN_OK);
	POLICIES(NULL, EXPLICIT_0 POLICY_C MAP_A_B, POLICY_B, CHAIN_POLICY);
	POLICIES(NULL, EXPLICIT_0 POLICY_C MAP_A_B, POLICY_C, CHAIN_OK);
	POLICIES(NULL, EXPLICIT_0 POLICY_ANY MAP_A_B, POLICY_B, CHAIN_OK);
	POLICIES(NULL, NO_MAP_0 POLICY_A MAP_A_B, POLICY_B, CHAIN_OK); /* for those below */
	POLICIES(NULL, MAP_A_ANY, NULL, CHAIN_POLICY);                 /* never, asked or not */
	POLICIES(NULL, MAP_ANY_A, NULL, CHAIN_POLICY);

	/* an anchor's own rules don't count (section 6.1.1 d), nor what it asserts */
	POLICIES(EXPLICIT_0, NULL, NULL, CHAIN_OK);
	POLICIES(EXPLICIT_0 POLICY_A, POLICY_B, POLICY_B, CHAIN_OK);
	POLICIES(INHIBIT_0, EXPLICIT_0 POLICY_ANY, POLICY_A, CHAIN_OK);
	POLICIES(MAP_A_ANY, NULL, NULL, CHAIN_OK);
	POLICIES(NO_MAP_0, EXPLICIT_0 POLICY_A MAP_A_B, POLICY_B, CHAIN_OK);
}

static void
test_policies_along_a_path(void)
{
#define THREE(first, second, leaf, want)                                                       \
	JUDGE(LIST(MINT_ROOT(0)),                                                              \
		LIST(MINT_LEAF(.issuer = "CN=Sub", .signer = 9, .extra = leaf),                \
			MINT_CA(.subject = "CN=Sub", .issuer = "CN=CA", .key = 9, .signer = 1, \
				.extra = second),                                              \
			MINT_CA(.extra = first)),                                              \
		NULL, want)
	THREE(EXPLICIT_0 POLICY_A, POLICY_A, POLICY_A, CHAIN_OK);
	THREE(EXPLICIT_0 POLICY_A, NULL, POLICY_A, CHAIN_POLICY);
	THREE(EXPLICIT_0 POLICY_A, POLICY_ANY, POLICY_A, CHAIN_OK);
	THREE(EXPLICIT_0 POLICY_A, POLICY_ANY, POLICY_B, CHAIN_POLICY);
	THREE(EXPLICIT_2, NULL, NULL, CHAIN_POLICY);
	THREE("300f0603551d240101ff04053003800103", NULL, NULL, CHAIN_OK);
	THREE(EXPLICIT_0 POLICY_A MAP_A_B, POLICY_B, POLICY_B, CHAIN_OK);
	THREE(EXPLICIT_0 POLICY_A MAP_A_BC, POLICY_C, POLICY_C, CHAIN_OK);
	THREE(EXPLICIT_0 POLICY_A, POLICY_A MAP_A_B, POLICY_B, CHAIN_OK);
	THREE(NO_MAP_0 POLICY_A, POLICY_A MAP_A_B, POLICY_B, CHAIN_POLICY);
	THREE(NO_MAP_0 POLICY_A, POLICY_A MAP_A_B, POLICY_A, CHAIN_POLICY); /* mapped away */
	THREE(NO_MAP_0 POLICY_AB, POLICY_AB MAP_A_B, POLICY_B, CHAIN_OK);
	THREE(NO_MAP_1 POLICY_A, POLICY_A MAP_A_B, POLICY_B, CHAIN_OK);
	THREE(EXPLICIT_0 POLICY_A INHIBIT_1, POLICY_ANY, POLICY_A, CHAIN_OK);
	THREE(EXPLICIT_0 POLICY_A INHIBIT_0, POLICY_ANY, POLICY_A, CHAIN_POLICY);
	THREE(EXPLICIT_0 POLICY_A INHIBIT_1, POLICY_A, POLICY_ANY, CHAIN_POLICY);

	/* self-issued ones don't count down, and may say anyPolicy */
	JUDGE(LIST(MINT_ROOT(0)),
		LIST(MINT_LEAF(.signer = 9, .extra = POLICY_A),
			MINT_CA(.issuer = "CN=CA", .key = 9, .signer = 1, .extra = POLICY_ANY),
			MINT_CA(.extra = EXPLICIT_0 POLICY_A INHIBIT_0)),
		NULL, CHAIN_OK);
	JUDGE(LIST(MINT_ROOT(0)),
		LIST(MINT_LEAF(.signer = 9), MINT_CA(.issuer = "CN=CA", .key = 9, .signer = 1),
			MINT_CA(.extra = EXPLICIT_2)),
		NULL, CHAIN_OK);
	JUDGE(LIST(MINT_ROOT(0)),
		LIST(MINT_LEAF(.signer = 9), MINT_CA(.issuer = "CN=CA", .key = 9, .signer = 1),
			MINT_CA(.extra = EXPLICIT_1)),
		NULL, CHAIN_POLICY);
}

/* One certificatePolicies with `count` policies 1.2.n, from n on; opened and closed by hand: it may be long. */
static const char *
many_policies(int n, int count)
{
	static char hex[2][4096];
	static int turn;
	char *out = hex[turn ^= 1];
	size_t at;

	at = (size_t)snprintf(out, sizeof hex[0], "3082%04x0603551d200482%04x3082%04x",
		7 * count + 13, 7 * count + 4, 7 * count);
	for (; count > 0; count--, n++)
		at += (size_t)snprintf(out + at, sizeof hex[0] - at, "300506032a03%02x", n);
	return out;
}

static void
test_policy_bounds(void)
{
	POLICIES(NULL, POLICY_ANY, many_policies(1, 100), CHAIN_OK);
	POLICIES(NULL, many_policies(1, 40), EXPLICIT_0 POLICY_A, CHAIN_OK);
	POLICIES(NULL, many_policies(2, 40), EXPLICIT_0 POLICY_A, CHAIN_POLICY);
	/* what is behind the 32nd is not looked at */
	POLICIES(NULL, many_policies(1, 40), EXPLICIT_0 "30100603551d2004093007300506032a0320",
		CHAIN_OK);
	POLICIES(NULL, many_policies(1, 40), EXPLICIT_0 "30100603551d2004093007300506032a0321",
		CHAIN_POLICY);
	POLICIES(NULL, EXPLICIT_0 POLICY_A, many_policies(1, 40), CHAIN_OK);
}

/* Qualifiers: whoever makes policies critical wants them understood, whole (section 4.2.1.4). */
static void
test_qualifiers(void)
{
#define CPS "301506082b060105050702011609687474703a2f2f782f"
	static const struct {
		const char *policies;
		enum chain_error want;
	} all[] = {
		{ "30130603551d200101ff04093007300506032a0301", CHAIN_OK }, /* none, critical */
		{ "302c0603551d200101ff04223020301e06032a03013017" CPS, CHAIN_OK },
		{ "30230603551d200101ff04193017301506032a0301300e300c06082b060105050702023000",
			CHAIN_OK }, /* userNotice */
		{ "301d0603551d200101ff04133011300f06032a03013008300606022a090500",
			CHAIN_UNKNOWN_EXTENSION },
		{ "301a0603551d2004133011300f06032a03013008300606022a090500", CHAIN_OK },
		{ "30340603551d200101ff042a3028302606032a0301301f" CPS "300606022a090500",
			CHAIN_UNKNOWN_EXTENSION }, /* the second */
		{ "30240603551d200101ff041a3018300506032a0302300f06032a03013008300606022a090500",
			CHAIN_UNKNOWN_EXTENSION }, /* of the second policy */
		{ "30150603551d200101ff040b3009300706032a03013000", CHAIN_UNKNOWN_EXTENSION },
		{ "30120603551d20040b3009300706032a03013000", CHAIN_OK },
		{ "30150603551d200101ff040b3009300706032a03010500", CHAIN_UNKNOWN_EXTENSION },
	};
	size_t i;

	for (i = 0; i < sizeof all / sizeof all[0]; i++) {
		LEAF(all[i].want, .extra = all[i].policies);
		CA(all[i].want, .extra = all[i].policies);
		ROOT(CHAIN_OK, .extra = all[i].policies);
	}
	/* other extensions that are critical don't make these so */
	LEAF(CHAIN_OK, .critical_names = true,
		.extra = "301a0603551d2004133011300f06032a03013008300606022a090500");
}

static void
test_text(void)
{
	struct anchors *a = load(LIST(MINT_ROOT(0)), NULL, NULL);
	char text[CHAIN_TEXT];
	int e;

	chain_init(chain);
	CHECK_STR(chain_check_text(chain, text), "The certificate was not judged yet.");
	add(MINT_LEAF(.not_after = "251231235959Z"));
	run(a, NULL, NULL, NOW);
	CHECK_STR(chain_check_text(chain, text), "The certificate expired on 2025-12-31.");
	chain_init(chain);
	add(MINT_LEAF(.names = "dns:a.example,dns:b.example,dns:c.example,ip:192.0.2.1"));
	run(a, NULL, "x.example", NOW);
	CHECK_STR(chain_check_text(chain, text),
		"The certificate is for a.example, b.example and 2 more, not for x.example.");
	chain_init(chain);
	add(MINT_LEAF(.names = "dns:a.example,ip:192.0.2.1"));
	run(a, NULL, "x.example", NOW);
	CHECK_STR(chain_check_text(chain, text),
		"The certificate is for a.example, 192.0.2.1, not for x.example.");
	chain_init(chain);
	add(MINT_LEAF(0));
	run(a, NULL, NULL, NOW);
	CHECK_STR(chain_check_text(chain, text),
		"The certificate was issued by \"CA\", and no trusted root vouches for that.");
	add(MINT_CA(.not_before = "400305010203Z"));
	run(a, NULL, NULL, NOW);
	CHECK_STR(chain_check_text(chain, text),
		"The certificate of the issuer \"CA\" is not valid before 2040-03-05.");
	anchors_release(a);
	a = load(LIST(MINT_ROOT(.not_after = "240229000000Z")), NULL, NULL);
	chain_init(chain);
	add(MINT_LEAF(0));
	add(MINT_CA(0));
	run(a, NULL, NULL, NOW);
	CHECK_STR(chain_check_text(chain, text),
		"The certificate of the trusted root \"Root\" expired on 2024-02-29.");
	anchors_release(a);

	for (e = 0; e < CHAIN_ERRORS; e++) {
		CHECK(chain_error_code((enum chain_error)e)[0] != '\0');
		CHECK((chain_error_proxy_status((enum chain_error)e)[0] == '\0') ==
			(e == CHAIN_OK || e == CHAIN_PENDING));
	}
}

/* Seeds for the fuzz targets chain and x509: see test/fuzz/chain.c. */
static void
write_seeds(const char *directory)
{
	const struct mint *const sets[][3] = MINT_SEEDS;
	char path[256];
	size_t i, k, len;
	FILE *f, *one;

	for (i = 0; i < sizeof sets / sizeof sets[0]; i++) {
		snprintf(path, sizeof path, "%s/chain/minted-%zu", directory, i);
		f = fopen(path, "w");
		fputc((int)(i * 6), f);
		for (k = 0; k < 3 && sets[i][k]; k++) {
			len = mint_cert(sets[i][k], der, sizeof der);
			fprintf(f, "%c%c", (int)(len >> 8), (int)(len & 0xff));
			fwrite(der, 1, len, f);
			snprintf(path, sizeof path, "%s/x509/minted-%zu-%zu", directory, i, k);
			one = fopen(path, "w");
			fwrite(der, 1, len, one);
			fclose(one);
		}
		fclose(f);
	}
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "seeds") == 0) {
		write_seeds(argv[2]);
		return 0;
	}
	chain = malloc(sizeof *chain);
	chain_init(chain);
	test_profile();
	test_damaged_extensions();
	test_dates();
	test_usages();
	test_keys();
	test_host();
	test_constraints();
	test_other_constraints();
	test_directory_constraints();
	test_constraints_along_a_path();
	test_path_length();
	test_paths();
	test_names_of_issuers();
	test_bounds();
	test_collect();
	test_distrust();
	test_memory();
	test_policies();
	test_policies_along_a_path();
	test_policy_bounds();
	test_qualifiers();
	test_text();
	free(chain);
	return check_done("chain");
}
