/* net's text parsers: what is taken has one meaning, and is printed and read again as the same. */
#include "lib/net/net.h"

#include <stdlib.h>
#include <string.h>

static void
want(bool cond)
{
	if (!cond)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	char out[NET_ADDR_TEXT];
	struct net_addr a, b;
	struct net_range r;

	if (net_addr_parse(&a, text, len) == 0) {
		net_addr_format(out, &a, false);
		want(net_addr_parse(&b, out, strlen(out)) == 0 && net_addr_same(&a, &b));
		want(net_range_parse(&r, text, len) == 0 && net_range_has(&r, &a));
		want(!net_is_local_client(&a) || net_is_private(&a));
	}
	if (net_addr_parse_port(&a, text, len) == 0) {
		net_addr_format(out, &a, true);
		want(net_addr_parse_port(&b, out, strlen(out)) == 0);
		want(net_addr_same(&a, &b) && a.port == b.port && a.port != 0);
	}
	if (net_range_parse(&r, text, len) == 0) {
		want(net_range_has(&r, &r.base));
		want(r.bits <= (r.base.family == 4 ? 32 : 128));
	}
	return 0;
}
