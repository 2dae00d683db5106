# Wengert: automatic differentiation and neural networks in C11. `make help` lists the targets.

VERSION = 0.1.0
RELEASED = 2026-11-28
SOVERSION = 0

# ---- what to build and where: make test FLAVOUR=asan BUILD=/tmp/x
FLAVOUR ?= release
BUILD ?= build
B = $(BUILD)/$(FLAVOUR)
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/wengert

# A folder whose name make or the shell would take apart is refused before anything is touched.
HASH := \#
UNSAFE := ' " ` $$ \ ; & | < > ( ) * ? [ ] { } ~ : % $(HASH)
refuse = $(error $(1)='$(value $(1))' $(2))
check_folder = $(if $(word 2,x$(value $(1))x),$(call refuse,$(1),has a blank; give a folder without)) \
    $(foreach sign,$(UNSAFE),$(if $(findstring $(sign),$($(1))),$(call refuse,$(1),has a $(sign); give a folder without)))
FOLDERS = PREFIX LIBDIR INCLUDEDIR MANDIR DOCDIR DESTDIR
$(foreach name,BUILD $(FOLDERS),$(call check_folder,$(name)))
$(foreach name,$(FOLDERS),$(if $(filter-out /%,$($(name))),\
    $(call refuse,$(name),is no absolute path; it has to begin with /)))
$(if $(filter-out /,$(BUILD)),,$(call refuse,BUILD,is no folder to build in))

OPTIONS_release = -O3 -g
OPTIONS_clang = -O3 -g
OPTIONS_debug = -O0 -g3
# sanitizers make gcc warn of what it can no longer prove, so warnings are no errors there
SANITIZED = -O1 -g -fno-omit-frame-pointer -Wno-error
OPTIONS_asan = $(SANITIZED) -fsanitize=address,undefined -fno-sanitize-recover=all
OPTIONS_tsan = $(SANITIZED) -fsanitize=thread
# clang's libFuzzer, for make fuzz_readers alone
OPTIONS_fuzzer = $(SANITIZED) -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FLAVOURS = release debug clang asan tsan fuzzer

ifeq ($(filter $(FLAVOUR),$(FLAVOURS)),)
$(error FLAVOUR=$(FLAVOUR) is not one of: $(FLAVOURS))
endif
ifneq ($(filter clang fuzzer,$(FLAVOUR)),)
CC = clang
else ifeq ($(origin CC),default)
CC = gcc
endif

# ---- Debian packages; test, check, demo, bench and doc install those of theirs that are missing
PACKAGES_build = gcc libc6-dev make pkg-config libblis-dev zlib1g-dev $(PACKAGES_$(CC))
PACKAGES_clang = clang libclang-rt-dev libomp-dev # for libFuzzer, for blis.h
PACKAGES_test = $(PACKAGES_build) libcriterion-dev libmpfr-dev gnuplot-nox locales
PACKAGES_demo = $(PACKAGES_build) gnuplot-nox curl ca-certificates
PACKAGES_check = $(PACKAGES_test) $(PACKAGES_clang) binutils g++ clang-format clang-tidy shellcheck \
                 libc6-dev-i386 cmake git $(PACKAGES_doc)
PACKAGES_doc = make doxygen mandoc
PACKAGES_bench = $(PACKAGES_demo)
PACKAGES_bare = debootstrap git
PACKAGES_peers = g++ python3-torch libadolc-dev libopenblas-dev # optional, large: make bench-deps

# make reads this file again after an install, so that the probes below see what was installed; it
# remakes what it includes even where it was asked to run nothing (-n, -q, -t)
WANTED = $(sort $(foreach goal,$(filter test check demo bench bare doc,$(MAKECMDGOALS)),$(PACKAGES_$(goal))))
RUNS_NOTHING = $(foreach flag,n q t,$(findstring $(flag),$(filter-out --%,$(firstword $(MAKEFLAGS)))))
ifneq ($(if $(strip $(RUNS_NOTHING)),,$(WANTED)),)
include $(BUILD)/packages.mk
endif
$(BUILD)/packages.mk: FORCE
	@.ci/packages $@ $(WANTED)

# ---- probes
# BLIS has no .pc file; Debian keeps its header in a multiarch folder.
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
BLIS_FOLDERS = $(addprefix /usr/include/,$(MULTIARCH) $(MULTIARCH)/blis* blis) /usr/local/include/blis
BLIS_H = $(firstword $(wildcard $(BLIS_FOLDERS:=/blis.h)))
BLIS_CFLAGS ?= $(patsubst %/blis.h,-isystem %,$(BLIS_H))
BLIS_LIBS ?= -lblis
# what a static BLIS needs beside it
BLIS_STATIC = $(if $(shell grep -s 'define BLIS_ENABLE_OPENMP' $(BLIS_H) /dev/null),-lgomp)

# ---- flags
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
# loops over calls of libm are no vectors, whatever a pragma allows
WARN += $(if $(findstring clang,$(CC)),-Wno-pass-failed)
# no fused contraction: the same bits from every instruction set
MATH = -ffp-contract=off -fno-math-errno -fno-trapping-math
CFLAGS ?= $(OPTIONS_$(FLAVOUR))
BASE_CFLAGS = -std=c11 -D_GNU_SOURCE $(CPPFLAGS) $(WARN) $(WERROR) $(MATH) -pthread $(CFLAGS)
# the library's own calls of operations have no line: they record the caller's
LIB_CFLAGS = $(BASE_CFLAGS) -DAD_NO_HERE -fPIC -fvisibility=hidden -fno-semantic-interposition
AD_CFLAGS = $(LIB_CFLAGS) -Iautodiff -I$(INC) $(BLIS_CFLAGS)
NN_CFLAGS = $(LIB_CFLAGS) -Inn -I$(B)/include
TEST_CFLAGS = $(BASE_CFLAGS) -Iautodiff -Inn -Itests -Itests/autodiff -I$(INC) -I$(B)/include -I$(B)/generated
PROGRAM_CFLAGS = $(BASE_CFLAGS) -I$(B)/include
BENCH_CFLAGS = $(PROGRAM_CFLAGS) -Iautodiff -Itests -Ibench/common -Ibench/hand $(BLIS_CFLAGS)
# the limit to compare with: no contract holds there, and the machine is the one at hand
HAND_CFLAGS = $(BENCH_CFLAGS) -march=native -mprefer-vector-width=512 -ffast-math -ffp-contract=fast
AD_LIBS = $(BLIS_LIBS) -lm
NN_LIBS = -lz -lm

# Plain loops are built once more for each later level of x86-64 (autodiff/kernels/levels_internal.h).
LEVELS := $(if $(findstring x86_64,$(shell $(CC) -dumpmachine 2>/dev/null)),v3 v4)
LEVEL_v3 = -DLEVEL=_v3 -mavx2 -mfma
LEVEL_v4 = -DLEVEL=_v4 -mavx2 -mfma -mavx512f -mavx512dq -mavx512bw -mavx512vl \
           -mprefer-vector-width=512

# ---- files, by wildcard
AD_SRC = $(wildcard autodiff/*/*.c autodiff/fn/*/*.c)
LOOPS_SRC = $(wildcard autodiff/kernels/loops_*.c autodiff/kernels/rows_*.c)
NN_SRC = $(wildcard nn/*/*.c)
PROGRAM_TEST_SRC = $(wildcard tests/programs/*.c)
FUZZ_SRC = $(wildcard tests/fuzz/*.c) tests/autodiff/samples.c
FUZZ_API_SRC = $(wildcard tests/fuzz/api/*.c tests/fuzz/common/*.c)
TEST_SRC = $(filter-out tests/programs/% tests/fuzz/%,$(wildcard $(addprefix tests/,*.c */*.c */*/*.c */*/*/*.c)))
EXAMPLE_SRC = $(wildcard examples/*.c)
BENCH_SRC = $(wildcard bench/*.c)
BENCH_COMMON_SRC = $(wildcard bench/common/*.c bench/hand/*.c tests/adbench/*.c)
PUBLIC_H = $(wildcard autodiff/*.h nn/*.h)
ALL_C = $(wildcard $(addsuffix /*.[ch],autodiff autodiff/* autodiff/*/* nn nn/* tests tests/* tests/*/* tests/*/*/* bench bench/* examples))

INC = $(B)/include/wengert
GENERATED_H = $(INC)/ops.h $(INC)/version.h
GENERATED_C = $(B)/generated/ops.c $(B)/generated/texts.c
# what emitted C may hold of the library's own text
TEXT_SRC := $(shell grep -lE '^($(HASH).* )?/\* texts: ' autodiff/*/*.[ch])
STAGED = $(patsubst autodiff/%,$(INC)/%,$(patsubst nn/%,$(INC)/%,$(PUBLIC_H))) $(GENERATED_H)

objects = $(patsubst %.c,$(B)/objects/%.o,$(1))
AD_OBJ = $(call objects,$(AD_SRC)) $(GENERATED_C:.c=.o) \
         $(foreach level,$(LEVELS),$(LOOPS_SRC:%.c=$(B)/objects/%.$(level).o))
NN_OBJ = $(call objects,$(NN_SRC))
TEST_OBJ = $(call objects,$(TEST_SRC))
FUZZ_OBJ = $(call objects,$(FUZZ_SRC))
FUZZ_READERS_SRC = $(filter-out %/libfuzzer.c,$(wildcard tests/fuzz/readers/*.c)) $(wildcard tests/fuzz/common/*.c)
FUZZ_READERS_OBJ = $(call objects,$(FUZZ_READERS_SRC))
FUZZ_MEMORY_SRC = $(wildcard tests/fuzz/memory/*.c tests/fuzz/common/*.c)
FUZZ_MEMORY_OBJ = $(call objects,$(FUZZ_MEMORY_SRC))
FUZZ_API_OBJ = $(call objects,$(FUZZ_API_SRC)) $(B)/objects/tests/fuzz/api/calls.o
EXAMPLES = $(EXAMPLE_SRC:%.c=$(B)/%)
PROGRAM_TESTS = $(PROGRAM_TEST_SRC:%.c=$(B)/%)
BENCHES = $(BENCH_SRC:%.c=$(B)/%)
BENCH_COMMON_OBJ = $(call objects,$(BENCH_COMMON_SRC))
PEERS = $(if $(wildcard /usr/include/adolc),$(patsubst %.cc,$(B)/%,$(wildcard bench/peers/*_adolc.cc)))

AD_SO = $(B)/libwengert.so.$(VERSION)
NN_SO = $(B)/libwengert-nn.so.$(VERSION)
STATIC = $(B)/libwengert-nn.a $(B)/libwengert.a

.DEFAULT_GOAL = all
.DELETE_ON_ERROR:
.SECONDARY:
FORCE:
.PHONY: FORCE all help deps bench-deps test threads fuzz accuracy fuzz_calls fuzz_readers fuzz_memory check headers layers symbols installed \
        asked bare portable benches lint format doc hook dist demo bench install install-debug uninstall clean

all: $(STATIC) $(AD_SO) $(NN_SO) $(EXAMPLES) ## build both libraries and the examples

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z_-]+:.*## / {printf "%-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "flavours: $(FLAVOURS); for example: make test FLAVOUR=asan"

deps: ## install the Debian packages of test, check, demo and bench
	@.ci/packages - $(sort $(PACKAGES_check) $(PACKAGES_demo) $(PACKAGES_bench))

bench-deps: ## install what the benchmarks compare with (large)
	@.ci/packages - $(sort $(PACKAGES_peers))

# ---- headers, staged as they are installed
# (a header that is gone is one of an older .d file)
$(INC)/%.h: autodiff/%.h | $(B)/files
	@mkdir -p $(@D) && [ ! -e $< ] || cp $< $@

$(INC)/%.h: nn/%.h | $(B)/files
	@mkdir -p $(@D) && [ ! -e $< ] || cp $< $@

$(INC)/ops.h: autodiff/ops/ops.def autodiff/ops/ops.awk
	@mkdir -p $(@D) && awk -f autodiff/ops/ops.awk -v out=header autodiff/ops/ops.def > $@

# the one place that says the version is VERSION above; touched only where that has changed
VERSION_PARTS = $(subst ., ,$(VERSION))
$(INC)/version.h: autodiff/base/version.in Makefile
	@mkdir -p $(@D) && sed -e 's/@MAJOR@/$(word 1,$(VERSION_PARTS))/g' \
	    -e 's/@MINOR@/$(word 2,$(VERSION_PARTS))/g' -e 's/@PATCH@/$(word 3,$(VERSION_PARTS))/g' $< > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(B)/generated/ops.c: autodiff/ops/ops.def autodiff/ops/ops.awk
	@mkdir -p $(@D) && awk -f autodiff/ops/ops.awk -v out=source autodiff/ops/ops.def > $@

$(B)/generated/texts.c: $(TEXT_SRC) autodiff/base/texts.awk Makefile
	@mkdir -p $(@D) && awk -f autodiff/base/texts.awk $(TEXT_SRC) > $@

# What was built before: a changed list of files links again, changed flags compile again.
$(B)/files: FORCE
	@mkdir -p $(@D); echo '$(AD_SRC) $(NN_SRC) $(TEST_SRC) $(BENCH_COMMON_SRC) $(STAGED)' | cmp -s - $@ || \
	{ rm -f $(filter-out $(STAGED),$(shell find $(INC) -name '*.h' 2>/dev/null)); \
	echo '$(AD_SRC) $(NN_SRC) $(TEST_SRC) $(BENCH_COMMON_SRC) $(STAGED)' > $@; }

$(B)/flags: FORCE
	@mkdir -p $(@D); echo '$(CC) $(AD_CFLAGS) $(LDFLAGS) $(LEVEL_v4)' | cmp -s - $@ || \
	echo '$(CC) $(AD_CFLAGS) $(LDFLAGS) $(LEVEL_v4)' > $@

# ---- objects
# What consists of ops.def's rows alone: following their variables for a debugger, which shows lines
# of macros, would take gcc a quarter of the time that a new row costs.
ROW_OBJ = $(filter $(addprefix $(B)/objects/autodiff/,kernels/loops_% ops/elementwise_%),$(AD_OBJ))
$(ROW_OBJ): private CFLAGS += $(if $(findstring clang,$(CC)),,-fno-var-tracking)

COMPILE = @mkdir -p $(@D) && echo "CC $<" && $(CC) -MMD -MP -c -o $@ $<

$(B)/objects/autodiff/%.o: autodiff/%.c $(B)/flags | $(STAGED)
	$(COMPILE) $(AD_CFLAGS)

$(B)/objects/autodiff/%.v3.o: autodiff/%.c $(B)/flags | $(STAGED)
	$(COMPILE) $(AD_CFLAGS) $(LEVEL_v3)

$(B)/objects/autodiff/%.v4.o: autodiff/%.c $(B)/flags | $(STAGED)
	$(COMPILE) $(AD_CFLAGS) $(LEVEL_v4)

$(B)/generated/%.o: $(B)/generated/%.c $(B)/flags | $(STAGED)
	$(COMPILE) $(AD_CFLAGS)

$(B)/objects/nn/%.o: nn/%.c $(B)/flags | $(STAGED)
	$(COMPILE) $(NN_CFLAGS)

$(B)/objects/tests/%.o: tests/%.c $(B)/flags | $(STAGED) $(B)/generated/members.h
	$(COMPILE) $(TEST_CFLAGS)

# the rules, initialisers, metrics and schedules that the headers declare
$(B)/generated/members.h: tests/members.awk $(STAGED)
	@mkdir -p $(@D) && awk -f tests/members.awk $(STAGED) > $@

# a call of every public function, from the headers
$(B)/generated/fuzz/calls.c: $(addprefix tests/fuzz/api/,calls.awk drawers.def) $(STAGED)
	@mkdir -p $(@D) && awk -f tests/fuzz/api/calls.awk tests/fuzz/api/drawers.def $(STAGED) > $@

$(B)/objects/tests/fuzz/api/calls.o: $(B)/generated/fuzz/calls.c $(B)/flags
	$(COMPILE) $(TEST_CFLAGS) -Itests/fuzz/api

$(B)/objects/bench/hand/%.o: bench/hand/%.c $(B)/flags | $(STAGED)
	$(COMPILE) $(HAND_CFLAGS)

$(B)/objects/bench/%.o: bench/%.c $(B)/flags | $(STAGED)
	$(COMPILE) $(BENCH_CFLAGS)

# a peer in C++ is built where its library is
$(B)/bench/peers/%_adolc: bench/peers/%_adolc.cc $(B)/libbench.a $(STATIC)
	@mkdir -p $(@D) && g++ -O3 $(filter -I%,$(BENCH_CFLAGS)) -o $@ $^ -ladolc $(AD_LIBS)

$(B)/objects/examples/%.o: examples/%.c $(B)/flags | $(STAGED)
	$(COMPILE) $(PROGRAM_CFLAGS)

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# ---- libraries and programs
$(B)/libwengert.a: $(AD_OBJ) $(B)/files
$(B)/libwengert-nn.a: $(NN_OBJ) $(B)/files
$(STATIC):
	@rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

# Symbols of static libraries that are linked in stay inside.
SYMBOL_VERSIONS = packaging/wengert.map
SHARE = @$(CC) $(CFLAGS) $(LDFLAGS) -shared -o $@ -Wl,-soname,$(@F:.$(VERSION)=.$(SOVERSION)) \
        -Wl,--version-script=$(SYMBOL_VERSIONS) -Wl,-Bsymbolic-functions,--as-needed,--exclude-libs,ALL,-z,defs,-z,relro,-z,now
SHARED_NAMES = @ln -sf $(@F) $(@:.$(VERSION)=.$(SOVERSION)) && ln -sf $(@F) $(@:.$(VERSION)=)

$(AD_SO): $(AD_OBJ) $(B)/files $(SYMBOL_VERSIONS)
	$(SHARE) $(AD_OBJ) $(AD_LIBS)
	$(SHARED_NAMES)

$(NN_SO): $(NN_OBJ) $(AD_SO) $(B)/files $(SYMBOL_VERSIONS)
	$(SHARE) $(NN_OBJ) -L$(B) -lwengert $(NN_LIBS)
	$(SHARED_NAMES)

LINK = @mkdir -p $(@D) && $(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $(filter %.o %.a,$^) $(NN_LIBS) $(AD_LIBS)

$(B)/tests/run: $(TEST_OBJ) $(STATIC)
	$(LINK) -lcriterion -lmpfr -lgmp

$(B)/tests/fuzz/run: $(FUZZ_OBJ) $(STATIC)
	$(LINK)

$(B)/tests/fuzz/api/run: $(FUZZ_API_OBJ) $(STATIC)
	$(LINK)

$(B)/tests/fuzz/memory/run: $(FUZZ_MEMORY_OBJ) $(STATIC)
	$(LINK)

$(B)/tests/fuzz/readers/run: $(FUZZ_READERS_OBJ) $(STATIC)
	$(LINK)

$(B)/tests/fuzz/readers/libfuzzer: $(FUZZ_READERS_OBJ:%/main.o=%/libfuzzer.o) $(STATIC)
	$(LINK) -fsanitize=fuzzer

$(EXAMPLES) $(PROGRAM_TESTS): $(B)/%: $(B)/objects/%.o $(STATIC)
	$(LINK)

$(B)/libbench.a: $(BENCH_COMMON_OBJ) $(B)/files
	@rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

$(BENCHES): $(B)/bench/%: $(B)/objects/bench/%.o $(B)/libbench.a $(STATIC)
	$(LINK)

# ---- tests
# They run in the root of the tree; WENGERT_BUILD tells them where the programs are. Criterion has
# counted a test before its process ends and finds a leak, so the sanitizers write to files, and a
# report in one of them fails the run.
LOG = $(abspath $(B))/sanitizer
TEST_ENV = WENGERT_BUILD=$(B) WENGERT_SEED=$${WENGERT_SEED:-$$(date +%s)} TSAN_OPTIONS=log_path=$(LOG) \
           ASAN_OPTIONS=allocator_may_return_null=1:log_path=$(LOG)
RUN_TESTS = @rm -f $(LOG).*; export $(TEST_ENV); status=0; ($(1)) || status=1; \
            if grep -qsE 'ERROR: |WARNING: Thread|runtime error' $(LOG).*; then \
                cat $(LOG).* >&2; echo "a sanitizer reported errors" >&2; status=1; \
            fi; exit $$status

test: $(B)/tests/run $(if $(filter-out examples%,$(T)),,$(EXAMPLES)) $(if $(T),,threads fuzz fuzz_calls fuzz_readers fuzz_memory) ## run every test; T="tape pool": only suites whose names begin so
	$(call RUN_TESTS,echo "random points are those of WENGERT_SEED=$$WENGERT_SEED" && \
	    $(if $(T),$(foreach name,$(T),$< --filter '$(name)*/*' &&) :,$<))

# Criterion cannot run under ThreadSanitizer, so these are programs of their own.
threads: $(PROGRAM_TESTS) ## run the programs that use several threads
	$(call RUN_TESTS,for program in $^; do $$program && echo "$$program: passed" || exit 1; done)

# Random programs, recorded and compiled: make fuzz N=100000 EMITTED=5000 SEED=7
N ?= 3000
EMITTED ?= 50
SEED ?= 1
fuzz: $(B)/tests/fuzz/run ## compare N random programs with their compiled functions, from SEED on; EMITTED as C
	$(call RUN_TESTS,$< $(N) $(SEED) && $< $(EMITTED) $(SEED) emitted)

# Every public function, with drawn arguments: make fuzz_calls CALLS=10000000 SEED=7 FLAVOUR=asan
CALLS ?= 60000
fuzz_calls: $(B)/tests/fuzz/api/run ## call public functions with good and hostile arguments, CALLS times
	$(call RUN_TESTS,$< $(CALLS) $(SEED))

# Every reader and writer, with files changed at random: make fuzz_readers INPUTS=2000000 FLAVOUR=asan;
# with FLAVOUR=fuzzer by libFuzzer, which looks for files that take new branches.
INPUTS ?= 5000
fuzz_readers: $(B)/tests/fuzz/readers/run $(if $(filter fuzzer,$(FLAVOUR)),$(B)/tests/fuzz/readers/libfuzzer) ## give INPUTS hostile files to each reader, from SEED on
ifeq ($(FLAVOUR),fuzzer)
	@for reader in $$($< names); do \
	    mkdir -p $(B)/corpus/$$reader; $< corpus $(B)/corpus/$$reader $$reader >/dev/null; \
	    echo "libFuzzer: $$reader"; \
	    FUZZ_READER=$$reader $(B)/tests/fuzz/readers/libfuzzer -runs=$(INPUTS) -seed=$(SEED) -timeout=60 \
	        -max_len=4096 -verbosity=0 -artifact_prefix=$(B)/corpus/ $(B)/corpus/$$reader || exit 1; \
	done
else
	$(call RUN_TESTS,$< $(INPUTS) $(SEED))
endif

# Whole programs while memory is short: make fuzz_memory MOST=0 fails every allocation once.
MOST ?= 20
fuzz_memory: $(B)/tests/fuzz/memory/run ## run whole programs in too little memory, MOST times each way; 0: all
	$(call RUN_TESTS,$< $(MOST))

# Every elementwise operation at N random points beside exact numbers: make accuracy N=2000 SEED=7
accuracy: $(B)/tests/run ## compare values, first and second derivatives of every row with exact ones at N points of SEED
	@WENGERT_POINTS=$(N) WENGERT_SEED=$(SEED) $< --filter 'ops_digits/*'

# ---- checks
STEPS = test 'test FLAVOUR=clang' 'test FLAVOUR=asan' 'threads FLAVOUR=tsan' \
        $(shell .ci/blis_types) headers layers symbols doc installed asked portable benches lint

check: ## everything that CI runs: tests in every flavour, headers, layers, symbols, install, benchmarks, lint
	@failed=; for step in $(STEPS); do \
	    echo "==== make $$step"; \
	    $(MAKE) --no-print-directory WERROR=-Werror $$step || failed="$$failed [$$step]"; \
	done; \
	if [ -n "$$failed" ]; then echo "check: failed:$$failed"; exit 1; fi; echo "check: passed"

headers: $(STAGED) ## compile each public header alone, as C11 and as C++, with both compilers
	@.ci/headers $(B)/include $(STAGED:$(B)/include/%=%)
	@$(READ_HEADERS) -v out=check README.md $(STAGED)

# A byte without a sign, as on ARM, and numbers of memory of 32 bits.
portable: $(STAGED) $(GENERATED_C) ## syntax and warnings where char is unsigned and size_t has 32 bits
	@for option in -funsigned-char $(if $(LEVELS),'-m32 -msse2 -isystem /usr/include/$(MULTIARCH)'); do \
	    $(CC) $(AD_CFLAGS) -fsyntax-only $$option $(AD_SRC) $(GENERATED_C) || exit 1; \
	    $(CC) $(NN_CFLAGS) -fsyntax-only $$option $(NN_SRC) || exit 1; \
	done

layers: ## each file includes only files of lower layers
	@awk -f .ci/layers.awk .ci/layers $(wildcard $(addsuffix /*.[ch],autodiff autodiff/* autodiff/*/* nn nn/*)) \
	    autodiff/ops/ops.def

symbols: $(STATIC) $(AD_SO) $(NN_SO) $(STAGED) ## no mutable global state, nothing exported but the interface and that with a version, calls of lower layers alone
	@$(READ_HEADERS) -v out=names README.md $(STAGED) > $(B)/names
	@.ci/symbols $(B)/names $(STATIC) $(AD_SO) $(NN_SO)
	@nm -A $(AD_OBJ) $(NN_OBJ) | awk -f .ci/calls.awk .ci/layers -

installed: all ## install to a scratch folder; build and run the README's programs against it
	@WENGERT_BUILD=$(B) .ci/installed $(abspath $(B))/installed

asked: ## dry runs, folders with blanks and flags, as a user asks them of this Makefile
	@.ci/asked $(abspath $(B))/asked

bare: ## make a bare Debian 12 (as root), run there what the README says, and remove it
	@.ci/bare $(abspath $(BUILD))/bare

TIDY = xargs -rn 1 -P 2 sh -c 'clang-tidy --quiet "$$0" -- $(1)'
lint: $(STAGED) $(GENERATED_C) ## clang-format, clang-tidy and shellcheck, changing nothing
	@status=0; clang-format --dry-run -Werror $(ALL_C) $(wildcard .ci/*.cc) || status=1; \
	printf '%s\n' $(AD_SRC) | $(call TIDY,$(AD_CFLAGS)) || status=1; \
	printf '%s\n' $(NN_SRC) | $(call TIDY,$(NN_CFLAGS)) || status=1; \
	printf '%s\n' $(EXAMPLE_SRC) | $(call TIDY,$(PROGRAM_CFLAGS)) || status=1; \
	shellcheck $(filter-out %/layers %.awk %.cc,$(wildcard .ci/*)) examples/data/*.sh || status=1; \
	exit $$status

format: ## lay out every source file with clang-format
	clang-format -i $(ALL_C) $(wildcard .ci/*.cc)

hook: ## install a hook for git: before a commit, the format, the layers and the tests of what it touches
	@.ci/hook install

# ---- documentation, from the headers' own comments
READ_HEADERS = awk -f doc/headers.awk -f doc/tasks.awk -f doc/roff.awk -f doc/doxygen.awk \
               -v version=$(VERSION) -v date=$(RELEASED) -v nn="$(notdir $(wildcard nn/*.h))"
MAN = $(B)/man
MAN_PAGES = $(MAN)/man3/wengert.3 $(MAN)/man7/wengert.7

$(MAN)/man3/wengert.3: $(wildcard doc/*.awk) README.md Makefile $(STAGED)
	@rm -rf $(@D) && mkdir -p $(@D)
	@$(READ_HEADERS) -v out=man -v folder=$(@D) README.md $(sort $(STAGED))

$(MAN)/man7/wengert.7: doc/wengert.7.in Makefile FORCE
	@mkdir -p $(@D) && sed -e 's|@VERSION@|$(VERSION)|' -e 's|@DATE@|$(RELEASED)|' \
	    -e 's|@DOCDIR@|$(DOCDIR)|' $< > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

doc: $(MAN_PAGES) ## manual pages in build/release/man, and HTML by doxygen in build/doc/html
	@mandoc -T lint -W warning $(MAN)/man3/wengert*.3 $(MAN)/man7/*.7
	@rm -rf $(BUILD)/doc && mkdir -p $(BUILD)/doc/headers
	@$(READ_HEADERS) -v out=doxygen -v folder=$(BUILD)/doc/headers README.md $(sort $(STAGED))
	@{ cat doc/Doxyfile; echo 'PROJECT_NUMBER = $(VERSION)'; echo 'INPUT = $(BUILD)/doc/headers'; \
	    echo 'OUTPUT_DIRECTORY = $(BUILD)/doc'; } | doxygen -
	@echo 'man -l $(MAN)/man7/wengert.7; $(BUILD)/doc/html/index.html'

# The same commit gives the same bytes.
DIST = wengert-$(VERSION)
dist: ## pack what is committed as build/wengert-VERSION.tar.gz
	@mkdir -p $(BUILD)
	@git -c tar.umask=0022 archive --format=tar --prefix=$(DIST)/ -o $(BUILD)/$(DIST).tar HEAD
	@gzip -nf9 $(BUILD)/$(DIST).tar && echo $(BUILD)/$(DIST).tar.gz

# ---- demo and benchmarks
# An example's argument is the folder for its figures; the last one's second is where MNIST is.
demo: $(filter %_mnist,$(EXAMPLES)) ## train on MNIST to 98 %, with pictures in build/demo
	@mkdir -p $(BUILD)/demo; $< $(BUILD)/demo $$(examples/data/fetch_mnist.sh)

benches: $(BENCHES) ## build bench/*.c, running nothing

# Peers get the machine's own kernels; what the caller's environment forced is not for them.
# Compiled functions are machine code by this compiler; make bench NATIVE= has them without one.
NATIVE ?= cc
bench: $(BENCHES) $(PEERS) ## time every bench/*.c beside its baselines; writes build/bench.tsv and, where the time goes, build/bench.txt
	@rm -f $(BUILD)/bench.txt
	@printf 'case\tours_us\tbaseline\tbaseline_us\tratio\n' > $(BUILD)/bench.tsv
	@mnist=$$(examples/data/fetch_mnist.sh); for program in $(BENCHES); do \
	    env -u BLIS_ARCH_TYPE -u OPENBLAS_CORETYPE WENGERT_BUILD=$(B) WENGERT_MNIST="$$mnist" \
	        BENCH_NATIVE=$(NATIVE) \
	        BENCH_TSV=$(BUILD)/bench.tsv BENCH_REPORT=$(BUILD)/bench.txt $$program || exit 1; \
	done

# ---- install
PC_HEAD = 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' 'Version: $(VERSION)' \
          'Cflags: -I$${includedir}'
LIB_DIR = $(DESTDIR)$(LIBDIR)
INC_DIR = $(DESTDIR)$(INCLUDEDIR)
PC_DIR = $(LIB_DIR)/pkgconfig
CMAKE_DIR = $(LIB_DIR)/cmake/wengert
MAN_DIR = $(DESTDIR)$(MANDIR)
DOC_DIR = $(DESTDIR)$(DOCDIR)
DEBUG_DIR = $(LIB_DIR)/.debug
HEADERS = $(STAGED:$(B)/include/%=%)
DOCUMENTS = LICENSE README.md $(wildcard examples/*.c examples/data/*)
CMAKE_FILES = wengertConfig.cmake wengertConfigVersion.cmake
SONAMES = $(foreach so,$(AD_SO) $(NN_SO),$(notdir $(so:.$(VERSION)=.$(SOVERSION)) $(so:.$(VERSION)=)))
version_of = $(patsubst %.so,%.so.$(VERSION),$(1:.so.$(SOVERSION)=.so))

# Libraries are installed without what only debuggers read. install-debug puts that beside them, where
# gdb looks for it; make install STRIP=no leaves it inside.
STRIP ?= yes
OBJCOPY ?= objcopy
TO_INSTALL = $(if $(filter no,$(STRIP)),$(B),$(B)/stripped)
DEBUG_FILES = $(patsubst $(B)/%,$(B)/stripped/%.debug,$(AD_SO) $(NN_SO))

$(B)/stripped/%.a: $(B)/%.a
	@mkdir -p $(@D) && $(OBJCOPY) --strip-debug $< $@

$(B)/stripped/%.debug: $(B)/%
	@mkdir -p $(@D) && $(OBJCOPY) --only-keep-debug $< $@ && chmod 644 $@

$(B)/stripped/%.so.$(VERSION): $(B)/%.so.$(VERSION) $(B)/stripped/%.so.$(VERSION).debug
	@mkdir -p $(@D) && $(OBJCOPY) --strip-unneeded --add-gnu-debuglink=$@.debug $< $@

SPACE := $(subst ,, )
cmake_list = $(subst $(SPACE),;,$(strip $(1)))
CMAKE_VALUES = -e 's|@VERSION@|$(VERSION)|' -e 's|@SOVERSION@|$(SOVERSION)|' \
               -e "s|@INCLUDE@|$$(realpath -ms --relative-to=$(LIBDIR)/cmake/wengert $(INCLUDEDIR))|" \
               -e 's|@AD_LIBS@|$(call cmake_list,$(AD_LIBS) $(BLIS_STATIC))|' \
               -e 's|@NN_LIBS@|$(call cmake_list,$(NN_LIBS))|'

install: $(patsubst $(B)/%,$(TO_INSTALL)/%,$(STATIC) $(AD_SO) $(NN_SO)) $(STAGED) $(MAN_PAGES) ## install to $(DESTDIR)$(PREFIX): libraries, headers, pkg-config and CMake files, manual, examples
	@install -d $(LIB_DIR) $(PC_DIR) $(CMAKE_DIR) $(INC_DIR) $(MAN_DIR)/man3 $(MAN_DIR)/man7
	@for header in $(HEADERS); do \
	    install -D -m 644 $(B)/include/$$header $(INC_DIR)/$$header || exit 1; \
	done
	@install -m 644 $(STATIC:$(B)/%=$(TO_INSTALL)/%) $(LIB_DIR)
	@install -m 755 $(patsubst $(B)/%,$(TO_INSTALL)/%,$(AD_SO) $(NN_SO)) $(LIB_DIR)
	@$(foreach name,$(SONAMES),ln -sf $(call version_of,$(name)) $(LIB_DIR)/$(name) &&) :
	@printf '%s\n' $(PC_HEAD) 'Name: wengert' \
	    'Description: reverse-mode automatic differentiation of scalars and tensors' \
	    'Libs: -L$${libdir} -lwengert' 'Libs.private: $(AD_LIBS) $(BLIS_STATIC)' > $(PC_DIR)/wengert.pc
	@printf '%s\n' $(PC_HEAD) 'Name: wengert-nn' 'Description: neural networks on wengert' \
	    'Requires: wengert' \
	    'Libs: -L$${libdir} -lwengert-nn' 'Libs.private: $(NN_LIBS)' > $(PC_DIR)/wengert-nn.pc
	@$(foreach name,$(CMAKE_FILES),sed $(CMAKE_VALUES) packaging/$(name).in > $(CMAKE_DIR)/$(name) &&) :
	@chmod 644 $(PC_DIR)/wengert.pc $(PC_DIR)/wengert-nn.pc $(addprefix $(CMAKE_DIR)/,$(CMAKE_FILES))
	@install -m 644 $(MAN)/man3/*.3 $(MAN_DIR)/man3
	@install -m 644 $(MAN)/man7/*.7 $(MAN_DIR)/man7
	@for file in $(DOCUMENTS); do \
	    install -D -m $$([ -x $$file ] && echo 755 || echo 644) $$file $(DOC_DIR)/$$file || exit 1; \
	done

install-debug: $(DEBUG_FILES) ## install what debuggers read of the installed libraries beside them
	@install -d $(DEBUG_DIR) && install -m 644 $(DEBUG_FILES) $(DEBUG_DIR)

# Of another version that was installed here since, only this one's shared libraries are taken away:
# all other names are that version's. A page of one function is a line that leads to its header's.
uninstall: ## remove what install of this version put there, and nothing else
	@rm -f $(addprefix $(LIB_DIR)/,$(notdir $(AD_SO) $(NN_SO))) $(addprefix $(DEBUG_DIR)/,$(notdir $(DEBUG_FILES)))
	@if grep -qsx 'Version: $(VERSION)' $(PC_DIR)/wengert.pc; then \
	    find $(MAN_DIR)/man3 -maxdepth 1 -name '*_*.3' -size 1 \
	        -exec grep -qx '\.so man3/wengert_[a-z_]*\.3' {} \; -delete; \
	    rm -f $(addprefix $(LIB_DIR)/,$(notdir $(STATIC)) $(SONAMES)) \
	        $(PC_DIR)/wengert.pc $(PC_DIR)/wengert-nn.pc $(addprefix $(INC_DIR)/,$(HEADERS)) \
	        $(addprefix $(CMAKE_DIR)/,$(CMAKE_FILES)) $(addprefix $(DOC_DIR)/,$(DOCUMENTS)) \
	        $(patsubst wengert/%.h,$(MAN_DIR)/man3/wengert_%.3,$(HEADERS)) \
	        $(MAN_DIR)/man3/wengert.3 $(MAN_DIR)/man7/wengert.7 && \
	    find $(INC_DIR)/wengert -depth -type d -empty -delete; \
	fi
	@rmdir $(DEBUG_DIR) $(PC_DIR) $(CMAKE_DIR) $(LIB_DIR)/cmake $(MAN_DIR)/man3 $(MAN_DIR)/man7 \
	    $(DOC_DIR)/examples/data $(DOC_DIR)/examples $(DOC_DIR) $(patsubst %/,%,$(dir $(DOC_DIR))) 2>/dev/null || true

clean: ## remove everything that was built
	@rm -rf $(addprefix $(BUILD)/,$(FLAVOURS) demo doc bench.tsv bench.txt packages.mk $(DIST).tar.gz)
	@rmdir $(BUILD) 2>/dev/null || true
