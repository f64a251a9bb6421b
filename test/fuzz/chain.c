/*
 * chain: any certificates, judged: the check ends, within its bounds, and accepts nothing that the root did
 * not sign.
 *
 * Input: a byte of choices, then certificates, each after its length in two bytes.  With the minted root as
 * the only anchor there is an oracle: nobody can make a signature, so an accepted leaf must be, in what is
 * signed, one of those that were minted.  With the machine's own roots there is none, and real chains can be
 * the seeds (test/x509/seeds.py).
 */
#include "../unit/mint.h"
#include "lib/x509/anchors.h"
#include "lib/x509/chain.h"

#include <stdlib.h>
#include <unistd.h>

enum { REAL_ROOTS = 1, REMEMBER = 2, AS_HANDSHAKE = 4, WITH_HOST = 8, CONSTRAINED = 16 };
enum { MINTED_TIME = 1767225600, REAL_TIME = 1770021399, STEPS = 200000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct anchors *minted, *constrained, *real;
static struct chain_signatures *memory;
static struct chain *chain;
static unsigned char known[MINT_SEED_COUNT][4096]; /* what CAs below the root did sign */
static size_t known_len[MINT_SEED_COUNT];

static void
want(bool cond)
{
	if (!cond)
		abort();
}

static struct anchors *
load(const struct mint *root)
{
	char path[] = "/tmp/sluice-fuzz-XXXXXX", err[ANCHORS_ERROR];
	unsigned char der[4096];
	FILE *f = fdopen(mkstemp(path), "w");
	struct anchors *a;

	mint_pem(f, der, mint_cert(root, der, sizeof der), 64, "\n");
	fclose(f);
	a = anchors_load(path, NULL, NULL, 0, NULL, NULL, err);
	unlink(path);
	want(a != NULL);
	return a;
}

static void
set_up(void)
{
	const struct mint *const sets[][3] = MINT_SEEDS;
	char err[ANCHORS_ERROR];
	size_t i;

	minted = load(MINT_ROOT(0));
	constrained = load(
		MINT_ROOT(.permitted = "dns:example.com,mail:example.com,ip:192.0.2.0/24"));
	real = anchors_load("/etc/ssl/certs/ca-certificates.crt", NULL, NULL, 0, NULL, NULL, err);
	memory = chain_signatures_new(32);
	chain = malloc(sizeof *chain);
	for (i = 0; i < MINT_SEED_COUNT; i++)
		known_len[i] = mint_cert(sets[i][0], known[i], sizeof known[i]);
}

static bool
is_known(void)
{
	struct x509 leaf, other;
	size_t len, i;
	const unsigned char *der = chain_leaf(chain, &len);

	want(x509_parse(&leaf, der, len) == 0);
	for (i = 0; i < MINT_SEED_COUNT; i++)
		if (x509_parse(&other, known[i], known_len[i]) == 0 &&
			der_same(&leaf.tbs, &other.tbs))
			return true;
	return false;
}

static void
collect(const uint8_t *data, size_t len, bool handshake)
{
	size_t n, at, piece;

	chain_begin(chain);
	for (; len >= 2; data += n, len -= n) {
		n = (size_t)data[0] << 8 | data[1];
		data += 2;
		len -= 2;
		n = n < len ? n : len;
		if (!handshake) {
			(void)chain_add(chain, data, n);
			continue;
		}
		chain_begin_cert(chain, (uint32_t)n);
		for (at = 0; at < n; at += piece) {
			piece = n - at < 256 ? n - at : 256;
			chain_append(chain, data + at, piece);
		}
		chain_end_cert(chain);
	}
	if (handshake)
		want((chain_end(chain) == CHAIN_OK) == (chain_key(chain) != NULL));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[CHAIN_TEXT];
	struct anchors *anchors;
	unsigned steps = 0;
	uint8_t choice;

	if (!chain)
		set_up();
	if (len < 1)
		return 0;
	choice = data[0];
	anchors = (choice & REAL_ROOTS) && real ? real
		  : choice & CONSTRAINED        ? constrained
						: minted;
	chain_init(chain);
	collect(data + 1, len - 1, choice & AS_HANDSHAKE);
	chain_check_start(chain, anchors, choice & REMEMBER ? memory : NULL,
		choice & WITH_HOST ? "www.example.com" : NULL,
		choice & REAL_ROOTS ? REAL_TIME : MINTED_TIME);
	while (!chain_check_step(chain))
		want(++steps < STEPS);
	want(chain->signature_count <= CHAIN_SIGNATURES && chain->branch_count <= CHAIN_BRANCHES);
	want(chain->anchors == NULL && chain_check_error(chain) != CHAIN_PENDING);
	want(strlen(chain_check_text(chain, text)) < CHAIN_TEXT);
	if (chain_check_error(chain) == CHAIN_OK && anchors != real)
		want(is_known());
	chain_check_reset(chain);
	return 0;
}
