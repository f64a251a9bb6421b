/*
 * resume: the keys of TLS sessions.  See resume.h.
 */
#include "conn/resume.h"

#include <string.h>
#include "lib/x509/digest.h"

void
resume_origin_key(const struct conn *c, unsigned char key[ORIGINS_HASH])
{
	const struct door *d = &c->door;
	const uint32_t same[] = { d->port, cert_generation(c->proxy->cert),
		policy_generation(c->proxy->policy) };
	const struct digest_part parts[] = { { d->host, strlen(d->host) + 1 },
		{ d->name, strlen(d->name) + 1 }, { same, sizeof same } };

	digest_sha256(key, parts, sizeof parts / sizeof parts[0]);
}

void
resume_client_tie(const struct conn *c, const unsigned char *leaf, size_t leaf_len,
	unsigned char tie[TICKET_TIE])
{
	const struct door *d = &c->door;
	const uint32_t same[] = { (uint32_t)leaf_len, policy_generation(c->proxy->policy),
		cert_generation(c->proxy->cert), (uint32_t)(c->proxy->wall / 86400) };
	const struct digest_part parts[] = { { d->name, strlen(d->name) + 1 },
		{ same, sizeof same }, { leaf, leaf_len }, { &c->peer.family, 1 },
		{ c->peer.ip, sizeof c->peer.ip } };

	digest_sha256(tie, parts, sizeof parts / sizeof parts[0]);
}
