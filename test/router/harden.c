/*
 * harden: what the hardening of a router's build does when it is needed.
 *
 *     harden where      prints the stack's canary and the address of main
 *     harden smash      writes past an array on the stack
 *     harden constant   writes to a constant table of function pointers
 *     harden unaligned  reads a word at an odd address, by one instruction
 *
 * `smash` and `constant` have to end by a signal, `unaligned` where the processor is a MIPS and nobody helps it.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

extern uintptr_t __stack_chk_guard; /* the C library's */

/* Global, and written by way of a volatile pointer, so that the compiler can't know better. */
int (*const table[])(const char *) = { puts };
void *volatile target = (void *)&table[0];
volatile size_t length = 64;

__attribute__((noinline)) static char
smash(void)
{
	char array[16];

	memset(array, 'A', length);
	return array[length / 8];
}

int
main(int argc, char **argv)
{
	static const uint32_t words[2] = { 1, 2 };
	const char *volatile at = (const char *)words;

	if (argc != 2)
		return 2;
	if (strcmp(argv[1], "where") == 0)
		printf("%lx %p\n", (unsigned long)__stack_chk_guard, (void *)main);
	else if (strcmp(argv[1], "smash") == 0)
		return smash();
	else if (strcmp(argv[1], "constant") == 0)
		*(void *volatile *)target = NULL;
	else if (strcmp(argv[1], "unaligned") == 0)
		return *(const volatile uint32_t *)(at + 1) == 0;
	return 0;
}
