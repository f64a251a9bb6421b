/*
 * log: one line at a time to stderr or to syslog, with a threshold.
 *
 * Owns: the destination and the threshold.  Knows nothing of what is logged.  A line is at most
 * LOG_LINE bytes, control bytes and bytes above 0x7e in it are percent-encoded before they leave
 * (an attacker's text can neither forge a second line nor drive a terminal), and a line that does not
 * fit is cut and ends in "...".  Never allocates, never blocks the caller beyond one write(2).
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level {
	LOG_LEVEL_ERROR, /* the program can't do what it was asked to */
	LOG_LEVEL_WARN,  /* something to look at: a list that vanished, a full pool */
	LOG_LEVEL_INFO,  /* a line a request or tunnel */
	LOG_LEVEL_DEBUG, /* every change of state */
	LOG_LEVEL_NOTICE /* not a threshold: what the owner asked for is done (start, reload, counters); always shown */
};

enum { LOG_LINE = 2048 };

/* Sends lines to syslog(3) as facility daemon (to_syslog) or to stderr, and drops those above `most`. */
void log_open(bool to_syslog, enum log_level most);

/* True if a line of this level would be written: lets a caller save the work of composing it. */
bool log_wants(enum log_level level);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Copies `len` bytes of a peer's text to out[cap] with bytes outside 0x21..0x7e, and '%' and '"', written
 * as %XX.  Always ends it with NUL; cuts at a whole character, and then ends in "...".  Returns out.
 */
char *log_escape(char *out, size_t cap, const char *text, size_t len);

#endif
