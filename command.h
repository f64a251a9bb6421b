/*
 * command: the command line, and the commands that are not the daemon: -t, why, ca, verify, --version, --help.
 *
 * Owns the configuration that a command has read.  Knows neither the loop nor a connection: what the daemon would
 * need of memory is asked of who calls.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include "lib/base/config.h"

/* "0.1.0" */
extern const char command_version[];

/* How the daemon is to be run. */
struct command {
	const char *file; /* of -c, into argv */
	bool to_syslog;
};

/* Would the daemon have room with this configuration?  0, or -1 with "file:line: ..." in err. */
typedef int command_fits(const struct config *c, char err[CONFIG_ERROR]);

/* Does what argv asks for.  Returns the exit status; or -1, and *c is filled: the daemon is to be run. */
int command_run(struct command *c, int argc, char **argv, command_fits *fits);

#endif
