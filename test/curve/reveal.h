/* Included before the curves' files where valgrind looks on: what they reveal is defined from there on. */
#include <valgrind/memcheck.h>
#define CURVE_REVEAL(object) VALGRIND_MAKE_MEM_DEFINED(&(object), sizeof(object))
