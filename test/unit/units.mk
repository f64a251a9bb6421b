# One line a unit test: UNIT_name = what test/unit/name.c links, beside itself, and nothing else.
# That line is the architecture test: a module that starts to call upwards no longer links.
# UNIT_LIBS_name = libraries it needs (-lbearssl, -lcares).
UNIT_pool = lib/pool.c
