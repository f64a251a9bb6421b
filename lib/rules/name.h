/*
 * name: host names as people write them, brought to the one form that everything else compares.
 *
 * Pure.  Lower case, no trailing dot, labels of letters, digits, '-' and '_' (names with '_' are on the
 * web, whatever RFC 952 says); labels with other letters become the A-labels that browsers send (UTS 46,
 * Punycode of RFC 3492), as far as letters.h goes: what goes further is no host name, never another one.
 */
#ifndef NAME_H
#define NAME_H

#include <stddef.h>

enum {
	NAME_MAX_TEXT = 254,
	NAME_LABEL = 63
}; /* RFC 1035 section 2.3.4; with NUL, without the last dot */

/*
 * Writes the normal form of text[0..len) to out.  Returns its length, or -1: no host name.  A name whose
 * last label is all digits is none (RFC 3696 section 2): it is an address, or somebody's trap.
 */
int name_normalise(char out[NAME_MAX_TEXT], const char *text, size_t len);

/* The name above: "b.c" of "a.b.c", NULL of "c". */
const char *name_parent(const char *name);

#endif
