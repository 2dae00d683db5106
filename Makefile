# Wengert: automatic differentiation and neural networks in C11. `make help` lists the targets.

CC ?= gcc
B ?= build/release
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
# no fused contraction: the same bits from every instruction set; see the contracts in autodiff.h
MATH = -ffp-contract=off -fno-math-errno -fno-trapping-math
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=c11 $(WARN) $(MATH) -fPIC -fvisibility=hidden -D_GNU_SOURCE -MMD -MP \
             -Iautodiff -I$(B)/include $(CFLAGS)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z_-]+:.*## / {printf "%-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: help
