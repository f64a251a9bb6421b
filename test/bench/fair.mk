# make bench-fair: a client's small request beside a greedy client; see test/bench/fair.sh.
bench-fair: sluice
	@test/bench/fair.sh

.PHONY: bench-fair
