/*
 * verify: the chain check as a command, for people and for test suites.
 */
#ifndef VERIFY_H
#define VERIFY_H

/*
 * Judges the certificates in the file `chain`, leaf first, against those in the file `trusted`.  `name`: a host
 * name or an address, or "-" for no name check.  `time`: unix seconds.  The first line on stdout is "OK" or
 * "ERR code: sentence".  Returns the exit status: 0 good, 1 refused, 2 with a message on stderr: a file
 * can't be read, or the name or the time is none.
 */
int verify_command(const char *trusted, const char *chain, const char *name, const char *time);

#endif
