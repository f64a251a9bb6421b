/*
 * start: what can stand in the way of the daemon's start, in the order in which it meets it.
 *
 * The daemon listens (lib/net/listen.h), opens its certificates (cert.h) and then does start_as_user; `sluice -t`
 * does start_check, which tries the same things by the same functions and leaves nothing behind: no file, no CA, no
 * socket.  So both refuse the same, in the same words: "file:line: option: what is wrong".
 */
#ifndef START_H
#define START_H

#include "lib/base/config.h"
#include "lib/net/resolve.h"
#include "policy.h"

/*
 * As root: becomes `option user` for good.  Then, with the rights that a reload has, reads the lists and makes the
 * resolver; what a reload could not read again is told at `warn`.  Returns 0; or -1 with err.
 */
int start_as_user(const struct config *c, struct policy **policy, struct resolver **resolver,
	char err[CONFIG_ERROR]);

/* Would the daemon start?  Returns 0 with the lists, the caller's; or -1 with err.  As root this process is `option
 * user` afterwards. */
int start_check(const struct config *c, struct policy **policy, char err[CONFIG_ERROR]);

#endif
