/*
 * log: one line at a time to stderr or to syslog.  See log.h.
 *
 * The only state is the destination and the threshold.  A line is composed and made harmless on the stack
 * and leaves in one write, so that lines of two processes on one terminal don't mix.
 */
#include "lib/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static bool log_to_syslog;
static enum log_level log_most = LOG_LEVEL_INFO;

static const struct {
	int priority;
	const char *prefix; /* on stderr, where no field of the transport tells */
} levels[] = {
	[LOG_LEVEL_ERROR] = { LOG_ERR, "error: " },
	[LOG_LEVEL_WARN] = { LOG_WARNING, "warning: " },
	[LOG_LEVEL_INFO] = { LOG_INFO, "" },
	[LOG_LEVEL_DEBUG] = { LOG_DEBUG, "debug: " },
	[LOG_LEVEL_NOTICE] = { LOG_NOTICE, "" },
};

/*
 * Writes text to out[cap], bytes outside first..0x7e as %XX, and with `quote` '%' and '"' too.  What does not
 * fit, or was cut before (`cut`), is marked with "..." after the last character that leaves room for it.
 * Returns the length without the NUL.
 */
static size_t
encode(char *out, size_t cap, const char *text, size_t len, unsigned char first, bool quote,
	bool cut)
{
	static const char hex[16] = "0123456789ABCDEF", dots[3] = "...";
	size_t n = 0, fit = 0, left = cap > 0 ? cap - 1 : 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool plain = c >= first && c <= 0x7e && !(quote && (c == '%' || c == '"'));

		if (left - n < (plain ? 1 : 3)) {
			cut = true;
			break;
		}
		if (plain) {
			out[n++] = (char)c;
		} else {
			out[n++] = '%';
			out[n++] = hex[c >> 4];
			out[n++] = hex[c & 15];
		}
		if (left - n >= sizeof dots)
			fit = n;
	}
	if (cut)
		for (n = fit; n - fit < sizeof dots && n < left; n++)
			out[n] = dots[n - fit];
	if (cap > 0)
		out[n] = '\0';
	return n;
}

void
log_open(bool to_syslog, enum log_level most)
{
	/* Connected now: after the privileges are dropped /dev/log may be out of reach. */
	if (to_syslog)
		openlog("sluice", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	else if (log_to_syslog)
		closelog();
	log_to_syslog = to_syslog;
	log_most = most;
}

bool
log_wants(enum log_level level)
{
	return level == LOG_LEVEL_NOTICE || level <= log_most;
}

void
log_line(enum log_level level, const char *format, ...)
{
	char text[LOG_LINE], line[LOG_LINE];
	int saved = errno, wrote;
	size_t used, len;
	va_list ap;

	if (!log_wants(level))
		return;
	used = 0;
	if (!log_to_syslog) {
		used = strlen(levels[level].prefix);
		memcpy(line, levels[level].prefix, used);
	}
	va_start(ap, format);
	wrote = vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (wrote < 0)
		wrote = 0;
	len = (size_t)wrote < sizeof text ? (size_t)wrote : sizeof text - 1;
	used += encode(
		line + used, sizeof line - used, text, len, 0x20, false, len < (size_t)wrote);
	if (log_to_syslog) {
		syslog(levels[level].priority, "%s", line);
	} else {
		line[used++] = '\n'; /* in the place of the NUL */
		/* Nobody is left to tell when stderr is gone. */
		if (write(STDERR_FILENO, line, used) < 0)
			errno = saved;
	}
	errno = saved; /* "could not open it: %m" in the caller must still mean it */
}

char *
log_escape(char *out, size_t cap, const char *text, size_t len)
{
	encode(out, cap, text, len, 0x21, true, false);
	return out;
}
