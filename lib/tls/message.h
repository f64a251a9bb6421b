/*
 * message: handshake messages out of records: put together, bounded, and handed to whom they are for, if the state
 * of the handshake allows them.  Included within lib/tls/ only.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "lib/tls/engine.h"

/* Reads what is complete of in[part_start..part_end), until something waits. */
void message_run(struct engine *e);

/* The message that engine_work went on with is read to its end. */
void message_done(struct engine *e);

/* Bytes of `in` that handshake records may fill. */
size_t message_limit(const struct engine *e);

/* No message is half read. */
bool message_is_whole(const struct engine *e);

#endif
