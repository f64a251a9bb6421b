# sluice: make help tells the targets.
-include config.mk

# --- what is built ---------------------------------------------------------
VERSION = 0.1.0

CC ?= cc
CFLAGS ?= -O2 -g
OWN_CFLAGS = -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion \
	-Wstrict-prototypes -Wpointer-arith -Wformat=2 -fno-common -I. -Ilib \
	-DSLUICE_VERSION='"$(VERSION)"'
LIBS = -lbearssl -lcares

BUILD = build/desk
TOP = proxy.c cert.c policy.c
SRC = $(TOP) $(sort $(wildcard lib/*.c))
OBJ = $(SRC:%.c=$(BUILD)/%.o)

sluice: $(OBJ)
	$(CC) $(OWN_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(OBJ) $(LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
-include $(OBJ:.o=.d)

# --- unit tests: each built plain and with sanitizers ----------------------
include test/unit/units.mk
UNITS := $(patsubst UNIT_%,%,$(filter-out UNIT_LIBS_%,$(filter UNIT_%,$(.VARIABLES))))
TESTS ?= $(sort $(UNITS))
SAN = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

define unit_rules
build/unit/$(1): test/unit/$(1).c test/unit/check.h $$(UNIT_$(1)) $$(wildcard lib/*.h *.h)
	@mkdir -p $$(@D)
	$$(CC) $$(OWN_CFLAGS) -O1 -g -o $$@ $$(filter %.c,$$^) $$(UNIT_LIBS_$(1))
build/unit-san/$(1): test/unit/$(1).c test/unit/check.h $$(UNIT_$(1)) $$(wildcard lib/*.h *.h)
	@mkdir -p $$(@D)
	$$(CC) $$(OWN_CFLAGS) -O1 -g $$(SAN) -o $$@ $$(filter %.c,$$^) $$(UNIT_LIBS_$(1))
endef
$(foreach u,$(UNITS),$(eval $(call unit_rules,$(u))))

unit: $(TESTS:%=build/unit/%) $(TESTS:%=build/unit-san/%)
	@for t in $^; do echo "== $$t"; $$t || exit 1; done

clean:
	rm -rf sluice build/desk build/unit build/unit-san

.PHONY: unit clean
