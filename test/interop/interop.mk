# Real programs through the proxy: `make interop` installs what it can of them, runs them all and writes the table into
# README; `make interop CLIENTS="curl git"` runs some and writes nothing.  Some minutes; not a part of `make test`.
CLIENTS ?=

interop: sluice
	@test/interop/setup
	@test/interop/run $(CLIENTS)

.PHONY: interop
