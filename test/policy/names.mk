# make names: names beyond ASCII, compared with what a browser's URL parser makes of them.  Needs node; some seconds.
build/policy/names: test/policy/names.c lib/rules/name.c lib/rules/letters.c lib/rules/name.h lib/rules/letters.h
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^)

NODE ?= node

names: build/policy/names
	@$(NODE) test/policy/names.js build/policy/names

.PHONY: names
