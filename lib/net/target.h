/*
 * target: "host" or "host:port" as it stands in a request target, a Host field or a ClientHello, in one form.
 *
 * Pure: no syscalls, no clock, no allocation.
 */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TARGET_HOST_MAX = 255 }; /* longest host name (RFC 1035 section 2.3.4) */

struct target {
	char host[TARGET_HOST_MAX + 1]; /* lower case, no brackets or trailing dot; "": none */
	uint16_t port;                  /* 0: none given */
	bool is_ip; /* host is an IPv4 dotted quad, or an IPv6 literal that came in [] */
};

/*
 * Parses "host", "host:port", "1.2.3.4:port", "[::1]:port" of len bytes.  0 or -1.  A name has labels of 1 to
 * 63 letters, digits, hyphens or underscores, 253 in all; what looks like a number and is no strict dotted
 * quad is no host.  An IPv6 literal comes out in one form; v4-mapped ones and zones are refused.
 */
int target_parse(struct target *t, const char *text, size_t len);

/* Compares two targets; an absent port is `port`.  An empty host is the same as nothing. */
bool target_same(const struct target *a, const struct target *b, uint16_t port);

#endif
