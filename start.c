/*
 * start: what can stand in the way of the daemon's start.  See start.h.
 */
#include "start.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cert.h"
#include "lib/base/log.h"
#include "lib/base/process.h"
#include "lib/net/listen.h"

/* The daemon serves all the same; its owner should know before he waits for what a reload does not bring. */
static void
warn_unreadable(const struct config *c, const char *option, const char *path)
{
	if (*path == '\0' || access(path, R_OK) == 0)
		return;
	log_line(LOG_LEVEL_WARN, "%s:%u: %s: %s: %s for uid %u: a reload will keep the old one",
		c->file, config_line(c, option), option, path, strerror(errno), (unsigned)getuid());
}

int
start_as_user(const struct config *c, struct policy **policy, struct resolver **resolver,
	char err[CONFIG_ERROR])
{
	char why[CONFIG_ERROR];

	if (process_drop(c->user, why) != 0)
		return config_refuse(c, "user", err, "%s", why);
	if (access(c->file, R_OK) != 0)
		log_line(LOG_LEVEL_WARN, "%s: %s for uid %u: it can't be reloaded", c->file,
			strerror(errno), (unsigned)getuid());
	warn_unreadable(c, "ca_bundle", c->ca_bundle);
	warn_unreadable(c, "distrust", c->distrust);
	*policy = policy_load(c, err, CONFIG_ERROR);
	if (*policy == NULL)
		return -1;
	*resolver = resolver_new(
		c->resolver[0] ? c->resolver : NULL, c->connections, why, sizeof why);
	if (*resolver != NULL)
		return 0;
	policy_free(*policy);
	return config_refuse(c, "resolver", err, "%s", why);
}

int
start_check(const struct config *c, struct policy **policy, char err[CONFIG_ERROR])
{
	struct resolver *resolver;

	if (listen_check(c, err) != 0 || cert_check(c, (int64_t)time(NULL), err) != 0 ||
		start_as_user(c, policy, &resolver, err) != 0)
		return -1;
	resolver_free(resolver);
	return 0;
}
