/* names: a name a line in, what name_normalise makes of it out, "none" for no host name.  For names.js. */
#include "lib/rules/name.h"

#include <stdio.h>
#include <string.h>

int
main(void)
{
	char line[1024], out[NAME_MAX_TEXT];

	while (fgets(line, sizeof line, stdin) != NULL)
		puts(name_normalise(out, line, strcspn(line, "\n")) > 0 ? out : "none");
	return 0;
}
