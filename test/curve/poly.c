/*
 * poly: Poly1305 by itself, which lib/curve/chacha.c offers within an AEAD alone; for answers.c.
 */
#include "lib/curve/chacha.c"

void poly1305(unsigned char tag[CHACHA_TAG], const unsigned char key[32], const unsigned char *data,
	size_t len);

void
poly1305(unsigned char tag[CHACHA_TAG], const unsigned char key[32], const unsigned char *data,
	size_t len)
{
	struct poly p;

	poly_start(&p, key);
	poly_add(&p, data, len);
	poly_finish(&p, tag, key + 16);
}
