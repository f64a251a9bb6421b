/*
 * field: the names of HTTP fields that mean something to a proxy, and the characters that fields are made of.
 *
 * Pure: no syscalls, no clock, no allocation.
 */
#ifndef FIELD_H
#define FIELD_H

#include <stdbool.h>
#include <stddef.h>

enum {
	/* which one; 0: none that is handled by name */
	FIELD_CONNECTION = 1,
	FIELD_LENGTH,
	FIELD_CODING,
	FIELD_HOST,
	FIELD_UPGRADE,
	FIELD_TE,
	FIELD_EXPECT,
	FIELD_MAX_FORWARDS,
	FIELD_ALT_SVC,
	FIELD_SET_COOKIE,
	FIELD_LOCATION,
	FIELD_DISPOSITION,
	FIELD_WHICH = 0x0f,
	/* what else holds */
	FIELD_HOP = 0x10,     /* never forwarded as it came */
	FIELD_END = 0x20,     /* Connection can't take it off: see drop_nominated */
	FIELD_TRAILER = 0x40, /* no trailer (RFC 9110 section 6.5.1): framing, credentials, ... */
	FIELD_FIXED = FIELD_END | FIELD_TRAILER
};

/* Looks up a name of len > 0 bytes: one of the first kind with its properties, or 0. */
unsigned field_lookup(const char *name, size_t len);

/* A trailer of that name is not passed on. */
bool field_is_no_trailer(const char *name, size_t len);

/* Is, or looks like, Content-Length or Transfer-Encoding: some reader, or what stands behind CGI, may take it for that. */
bool field_poses_as_framing(const char *name, size_t len);

/* tchar of RFC 9110 section 5.6.2. */
bool field_is_name_char(char c);

/* The bytes that a field value may hold: HTAB, SP, visible characters, obs-text.  NUL, VT, FF and the like are
 * white space to some readers and an end to others. */
bool field_is_value_char(char c);

#endif
