/*
 * path: the canonical form of a request target's path and query, in which URL rules are compared.
 *
 * Pure, no allocation.  The result is never longer than the text, so `out` needs len bytes and may be the
 * text itself.  The canonical form of a canonical form is itself.
 *
 * In the path (RFC 3986 section 6.2.2, and what servers do beyond it): an escape is decoded, once, unless it
 * is of a control byte, a blank, '%', '#' or '?'; "%2F", "%5C" and '\' are '/'; runs of '/' are one; "." and
 * ".." segments are resolved, however they are written.  In the query escapes are decoded as well, but for
 * '&', '=', '+' and ';', which divide it; its dots, slashes and backslashes mean nothing.  Everywhere: hex
 * digits of escapes that stay are upper case, bytes from 0x80 are bare (so "%C3%BC" is the letter that a rule in
 * UTF-8 has), letters keep their case.
 *
 * Servers do not agree on dots.  A text with dot segments or parameters has several readings, and whoever
 * judges it looks at all of them:
 *
 *     /a/../b       Node hands it on as it came, most others read /b
 *     /a%2fb/../c   /c for browsers and new URL(); /a/c where escapes are decoded first (nginx, IIS)
 *     /a//../b      /a/b for browsers, /b where slashes are merged first (nginx)
 *     /a;x/..;/b    servlet containers take parameters away, and read /b
 */
#ifndef RULES_PATH_H
#define RULES_PATH_H

#include <stdbool.h>
#include <stddef.h>

enum path_reading {
	PATH_CANONICAL,   /* decoded, merged, resolved: the form that people are shown */
	PATH_AS_SENT,     /* no dot segment resolved */
	PATH_AS_BROWSERS, /* resolved before "%2F" is a slash and before slashes are merged */
	PATH_AS_SERVLETS, /* ";parameters" taken away first; as long as PATH_AS_SENT: all are the same */
	PATH_READINGS
};

/* Writes that reading of text[0..len) to out.  Returns its length. */
size_t path_read(char *out, const char *text, size_t len, enum path_reading reading);

/*
 * The canonical form of a rule's pattern: "%2A" stays, as '*' is any run of characters in it, and "%5E", as
 * '^' may be a separator.
 */
size_t path_read_pattern(char *out, const char *text, size_t len);

#endif
