/*
 * process: what a daemon does to itself: limits, privileges, signals.
 *
 * Owns the pipe through which signal handlers wake the loop.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stddef.h>

enum { PROCESS_ERROR = 256 };

/* No core files, not readable by other processes (PR_SET_DUMPABLE), SIGPIPE ignored, as many descriptors as
 * are allowed and select can bear.  SIGHUP and SIGUSR1, which would end us, wait for process_catch_signals. */
void process_harden(void);

/*
 * If root: becomes `user` (a name or a number) with its main group alone, for good, and proves that there is no way
 * back.  Not root: does nothing.  Returns 0, or -1 with a sentence in err.
 */
int process_drop(const char *user, char err[PROCESS_ERROR]);

/* Does another process of this program's name run?  False also where /proc does not tell. */
bool process_has_twin(void);

/* Catches SIGHUP, SIGTERM, SIGINT and SIGUSR1.  Returns a descriptor that becomes readable when one came,
 * or -1 with errno. */
int process_catch_signals(void);

/* The signals that came since the last call. */
struct process_signals {
	bool reload, stop, count;
};
struct process_signals process_signals(void);

#endif
