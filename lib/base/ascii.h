/*
 * ascii: letters and digits without a locale.
 */
#ifndef ASCII_H
#define ASCII_H

#include <stdbool.h>

static inline unsigned char
ascii_lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static inline bool
ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The value of a hex digit, or -1. */
static inline int
ascii_hex(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f' ? ascii_lower(c) - 'a' + 10 : -1;
}

static inline bool
ascii_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

#endif
