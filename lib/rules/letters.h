/*
 * letters: what browsers make of a letter beyond ASCII before they encode a host name (UTS 46, non-transitional).
 *
 * Pure tables, of less than 3 KB.  They hold lower case of the European alphabets, composition (NFC) of what is
 * composed in lower case, Hangul, and what is dropped.  UTS 46 maps thousands of letters more: these are known to be
 * mapped, and said to be none, so that nothing passes which a browser would have changed.
 */
#ifndef LETTERS_H
#define LETTERS_H

#include <stdint.h>

enum {
	LETTERS_NOTHING = 0,     /* a browser drops it: a soft hyphen, a zero-width space */
	LETTERS_NONE = 0x110000, /* a browser maps it to what we do not know, or refuses it */
	LETTERS_STARTER = 255    /* letters_class of what is no mark that is composed */
};

/* The code point that stands for cp (>= 0x80) in a host name, fullwidth ASCII as ASCII; or one of the above. */
uint32_t letters_fold(uint32_t cp);

/* Composes a letter and a mark that follows it; 0: they stay two. */
uint32_t letters_compose(uint32_t letter, uint32_t mark);

/* Takes the last mark off a letter.  Returns the letter without it, 0: it has none. */
uint32_t letters_decompose(uint32_t letter, uint32_t *mark);

/* The canonical combining class of a mark between U+300 and U+33C (the rest up to U+36F is LETTERS_NONE): marks of
 * a lower one stand first. */
unsigned letters_class(uint32_t cp);

#endif
