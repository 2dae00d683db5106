# Wengert: automatic differentiation and neural networks in C11. `make help` lists the targets.

VERSION = 0.1.0
SOVERSION = 0

# ---- what to build and where: make FLAVOUR=asan BUILD=/tmp/x PREFIX=/usr test
FLAVOUR ?= release
BUILD ?= build
PREFIX ?= /usr/local
B = $(BUILD)/$(FLAVOUR)

ifeq ($(origin CC),default)
CC = gcc
endif

OPT_release = -O3 -g -DNDEBUG
OPT_debug = -O0 -g3
OPT_clang = $(OPT_release)
OPT_asan = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
OPT_tsan = -O1 -g -fno-omit-frame-pointer -fsanitize=thread
FLAVOURS = $(patsubst OPT_%,%,$(filter OPT_%,$(.VARIABLES)))

ifeq ($(filter $(FLAVOUR),$(FLAVOURS)),)
$(error FLAVOUR=$(FLAVOUR) is not one of: $(FLAVOURS))
endif
ifeq ($(FLAVOUR),clang)
CC = clang
endif

# ---- Debian packages, one list; `make deps` installs those that are missing
PACKAGES_build = gcc libc6-dev make pkg-config libblis-dev libxsmm-dev zlib1g-dev
PACKAGES_test = $(PACKAGES_build) libcriterion-dev gnuplot-nox
PACKAGES_demo = $(PACKAGES_build) gnuplot-nox curl ca-certificates
PACKAGES_check = $(PACKAGES_test) g++ clang clang-format clang-tidy shellcheck
PACKAGES_bench = $(PACKAGES_build) # its peers are optional: make bench-deps
PACKAGES_peers = python3-torch libadolc-dev libopenblas-dev g++

# test, check, demo and bench bring their packages: make reads this file again after an install,
# so that the probes below see what was installed.
GOAL_PACKAGES = $(sort $(foreach goal,$(filter test check demo bench,$(MAKECMDGOALS)),\
                $(PACKAGES_$(goal))))
ifneq ($(GOAL_PACKAGES),)
include $(BUILD)/deps.mk
endif
$(BUILD)/deps.mk: FORCE
	@.ci/deps $@ $(GOAL_PACKAGES)

# ---- probes
# BLIS has no .pc file; Debian keeps its header in a multiarch folder.
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
BLIS_DIRS = $(addprefix /usr/include/,$(MULTIARCH) $(MULTIARCH)/blis* blis) /usr/local/include/blis
BLIS_CFLAGS ?= $(addprefix -isystem ,$(patsubst %/blis.h,%,\
               $(firstword $(wildcard $(addsuffix /blis.h,$(BLIS_DIRS))))))
BLIS_LIBS ?= -lblis

# LIBXSMM is optional: HAVE_LIBXSMM= builds without it
HAVE_LIBXSMM ?= $(if $(shell pkg-config --exists libxsmmnoblas libxsmm 2>/dev/null && echo 1),1,)
ifneq ($(HAVE_LIBXSMM),)
XSMM_CFLAGS = -DHAVE_LIBXSMM=1 $(shell pkg-config --cflags-only-I libxsmm)
XSMM_LIBS = $(shell pkg-config --libs libxsmmnoblas libxsmm)
endif

# ---- flags
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
# no fused contraction: the same bits from every instruction set
MATH = -ffp-contract=off -fno-math-errno -fno-trapping-math
CFLAGS ?= $(OPT_$(FLAVOUR))
BASE_CFLAGS = -std=c11 $(WARN) $(MATH) -D_GNU_SOURCE -pthread $(CFLAGS)
LIB_CFLAGS = $(BASE_CFLAGS) -fPIC -fvisibility=hidden -fno-semantic-interposition
AD_LIBS = $(XSMM_LIBS) $(BLIS_LIBS) -lm -pthread
NN_LIBS = -lz -lm -pthread

# ---- files, by wildcard
AD_SRC = $(wildcard autodiff/*.c autodiff/ops/*.c autodiff/fn/*.c)
NN_SRC = $(wildcard nn/*.c nn/*/*.c)
TEST_SRC = $(wildcard tests/*.c tests/*/*.c)
EXAMPLE_SRC = $(wildcard examples/*.c)
BENCH_SRC = $(filter-out bench/bench.c,$(wildcard bench/*.c))
PUBLIC = $(filter-out %_internal.h,$(wildcard autodiff/*.h nn/*.h nn/*/*.h))

INC = $(B)/include/wengert
ifneq ($(wildcard autodiff/ops.awk),)
GENERATED_H = $(INC)/ops.h
GENERATED_C = $(B)/gen/ops.c
endif
STAGED = $(addprefix $(INC)/,$(patsubst autodiff/%,%,$(patsubst nn/%,%,$(PUBLIC)))) $(GENERATED_H)

object = $(patsubst %.c,$(B)/obj/%.o,$(1))
AD_OBJ = $(call object,$(AD_SRC)) $(GENERATED_C:.c=.o)
NN_OBJ = $(call object,$(NN_SRC))
TEST_OBJ = $(call object,$(TEST_SRC))
EXAMPLES = $(EXAMPLE_SRC:%.c=$(B)/%)
BENCHES = $(BENCH_SRC:%.c=$(B)/%)

AD_A = $(B)/libwengert.a
NN_A = $(if $(NN_SRC),$(B)/libwengert-nn.a)
AD_SO = $(B)/libwengert.so.$(VERSION)
NN_SO = $(if $(NN_SRC),$(B)/libwengert-nn.so.$(VERSION))
STATIC = $(NN_A) $(AD_A)

.DEFAULT_GOAL = all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all test check bench bench-deps demo install uninstall clean help deps format lint FORCE
FORCE:

all: $(STATIC) $(AD_SO) $(NN_SO) $(EXAMPLES) ## build both libraries and the examples

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z_-]+:.*## / {printf "%-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "flavours: $(FLAVOURS); for example: make test FLAVOUR=asan"

deps: ## install the Debian packages that test, check and demo need
	@.ci/deps - $(sort $(PACKAGES_check) $(PACKAGES_demo))

bench-deps: ## install the optional peers of the benchmarks (large)
	@.ci/deps - $(sort $(PACKAGES_peers))

# ---- headers, staged as they are installed
$(INC)/%.h: autodiff/%.h
	@mkdir -p $(@D) && cp $< $@

$(INC)/%.h: nn/%.h
	@mkdir -p $(@D) && cp $< $@

$(INC)/ops.h: autodiff/ops.def autodiff/ops.awk
	@mkdir -p $(@D) && awk -f autodiff/ops.awk -v out=header autodiff/ops.def > $@

$(B)/gen/ops.c: autodiff/ops.def autodiff/ops.awk
	@mkdir -p $(@D) && awk -f autodiff/ops.awk -v out=source autodiff/ops.def > $@

# ---- objects
COMPILE = @mkdir -p $(@D); echo "CC $<"; $(CC) -MMD -MP -c -o $@ $<

$(B)/obj/autodiff/%.o: autodiff/%.c | $(STAGED)
	$(COMPILE) $(LIB_CFLAGS) -Iautodiff -I$(INC) $(BLIS_CFLAGS) $(XSMM_CFLAGS)

$(B)/gen/%.o: $(B)/gen/%.c | $(STAGED)
	$(COMPILE) $(LIB_CFLAGS) -Iautodiff -I$(INC)

$(B)/obj/nn/%.o: nn/%.c | $(STAGED)
	$(COMPILE) $(LIB_CFLAGS) -Inn -I$(B)/include

$(B)/obj/tests/%.o: tests/%.c | $(STAGED)
	$(COMPILE) $(BASE_CFLAGS) -Iautodiff -Inn -Itests -I$(INC) -I$(B)/include

$(B)/obj/%.o: %.c | $(STAGED)
	$(COMPILE) $(BASE_CFLAGS) -I$(B)/include -Iautodiff -Ibench

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# ---- libraries and programs
$(AD_A): $(AD_OBJ)
$(NN_A): $(NN_OBJ)
$(AD_A) $(NN_A):
	@rm -f $@ && ar rcs $@ $^

SHARED = @$(CC) $(CFLAGS) -shared -o $@ -Wl,-soname,$(@F:.$(VERSION)=.$(SOVERSION)) \
         -Wl,-Bsymbolic-functions -Wl,--as-needed -Wl,-z,relro,-z,now

$(AD_SO): $(AD_OBJ)
	$(SHARED) $^ -Wl,--exclude-libs,ALL $(AD_LIBS)
	@ln -sf $(@F) $(B)/libwengert.so.$(SOVERSION) && ln -sf $(@F) $(B)/libwengert.so

$(NN_SO): $(NN_OBJ) $(AD_SO)
	$(SHARED) $(NN_OBJ) -L$(B) -lwengert $(NN_LIBS)
	@ln -sf $(@F) $(B)/libwengert-nn.so.$(SOVERSION) && ln -sf $(@F) $(B)/libwengert-nn.so

LINK = @mkdir -p $(@D); $(CC) $(CFLAGS) -o $@ $^ $(NN_LIBS) $(AD_LIBS)

$(B)/tests/run: $(TEST_OBJ) $(STATIC)
	$(LINK) -lcriterion

$(EXAMPLES): $(B)/examples/%: $(B)/obj/examples/%.o $(STATIC)
	$(LINK)

$(BENCHES): $(B)/bench/%: $(B)/obj/bench/%.o $(B)/obj/bench/bench.o $(STATIC)
	$(LINK)

# ---- running
# Tests run in the root of the tree; WENGERT_BUILD tells them where the programs are.
test: $(B)/tests/run $(EXAMPLES) ## run every test; T=tape runs the suites whose name begins so
	@WENGERT_BUILD=$(B) $(B)/tests/run $(if $(T),--filter '$(T)*/*')

# Peers get the machine's own kernels; what the caller's environment forced is not for them.
PEER_ENV = env -u BLIS_ARCH_TYPE -u OPENBLAS_CORETYPE
bench: $(BENCHES) ## time every bench/*.c beside its peers; writes build/bench.tsv
	@printf 'case\tours_us\tbaseline\tbaseline_us\tratio\n' > $(BUILD)/bench.tsv
	@for program in $(BENCHES); do \
	    $(PEER_ENV) BENCH_TSV=$(BUILD)/bench.tsv WENGERT_BUILD=$(B) $$program || exit 1; \
	done

format: ## lay out every source file with clang-format
	clang-format -i $(wildcard $(addsuffix /*.[ch],autodiff autodiff/* nn nn/* tests tests/* bench examples))

clean: ## remove everything that was built
	rm -rf $(BUILD)
