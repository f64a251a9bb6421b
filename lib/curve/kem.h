/*
 * kem: ML-KEM-768, FIPS 203, the post-quantum half of TLS's X25519MLKEM768.
 *
 * Pure; the caller brings the randomness.  Constant time: no branch, no index and no division depends on a secret (the
 * matrix is drawn by rejection, but from the public seed).  A secret key is the seed it is made of, section 3.3 allows
 * that: 64 bytes instead of 2,400, and taking up a shared secret computes the rest again.  About 12.5 KB of stack at most, which is
 * wiped where secrets were.
 */
#ifndef KEM_H
#define KEM_H

enum {
	KEM_SEED = 64, /* d || z: random bytes, the secret key */
	KEM_PUBLIC = 1184,
	KEM_CIPHERTEXT = 1088,
	KEM_SHARED = 32,
	KEM_MESSAGE = 32 /* random bytes */
};

/* The public key of a secret one. */
void kem_keygen(unsigned char public[KEM_PUBLIC], const unsigned char secret[KEM_SEED]);

/* Makes a shared secret and its ciphertext for the holder of a public key.  0, or -1: the key's numbers are not reduced,
 * section 7.2's modulus check, and nothing was written. */
int kem_encaps(unsigned char ciphertext[KEM_CIPHERTEXT], unsigned char shared[KEM_SHARED],
	const unsigned char public[KEM_PUBLIC], const unsigned char message[KEM_MESSAGE]);

/* Takes the shared secret out.  A ciphertext that nobody made for this key gives a secret that nobody else has ("implicit
 * rejection"), and nothing shows it. */
void kem_decaps(unsigned char shared[KEM_SHARED], const unsigned char ciphertext[KEM_CIPHERTEXT],
	const unsigned char secret[KEM_SEED]);

#endif
