/* forge: whatever certificate an origin sends, the leaf after it is a good one or a refusal with a sentence. */
#include <stdlib.h>
#include <string.h>
#include "lib/x509/forge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct authority ca;
	static unsigned char leaf[FORGE_LEAF_MAX];
	const int64_t now = 1795305600;
	char err[FORGE_ERROR] = "";
	struct x509 origin, made;
	size_t n;

	if (ca.der_len == 0 && authority_make_untrusted(&ca, now, err) != 0)
		abort();
	if (x509_parse(&origin, data, len) != 0)
		return 0;
	n = forge_copy(&ca, &ca.leaf_public, &origin, now, now, leaf, sizeof leaf, err);
	if (n == 0 && err[0] == '\0')
		abort();
	if (n == 0)
		return 0;
	if (x509_parse(&made, leaf, n) != 0 || made.is_ca || made.has_unknown_critical ||
		made.names.len == 0 || made.not_before > made.not_after ||
		made.not_after > origin.not_after || !der_same(&made.issuer, &ca.cert.subject) ||
		!der_same(&made.issuer_key_id, &ca.cert.key_id))
		abort();
	return 0;
}
