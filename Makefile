# Keel. `make help` prints the targets and the values in force.
#
# The axes: ARCH (a folder of arch/), BUILD=release|debug, CC=gcc|clang. Everything built lies under
# build/, a folder for each value of the axes.

ARCH   ?= x86_64
BUILD  ?= release
PREFIX ?= /usr/local
DESTDIR ?=
ifeq ($(origin CC),default)
CC := $(firstword $(foreach c,gcc clang cc,$(if $(shell command -v $(c)),$(c))))
endif
AR ?= ar
NM ?= nm
OBJCOPY ?= objcopy

ifeq ($(wildcard arch/$(ARCH)/entry.S),)
$(error ARCH=$(ARCH) is no folder of arch/; there is: $(patsubst arch/%/entry.S,%,$(wildcard arch/*/entry.S)))
endif
ifeq ($(filter release debug,$(BUILD)),)
$(error BUILD=$(BUILD) is neither release nor debug)
endif

ROOMS := base boot mem backtrace signal sched chan
OUT   := build/$(ARCH)-$(notdir $(CC))
DIR   := $(OUT)/$(BUILD)

CPPFLAGS_ALL := -I. -Iarch/$(ARCH) -Iarch/generic -Iarch/$(ARCH)/include -Iinclude $(CPPFLAGS)
CFLAGS_ALL   := -std=gnu11 -O2 -g -fPIE -ffreestanding -nostdlib -fvisibility=hidden \
	-fno-omit-frame-pointer -fstack-clash-protection -fno-stack-protector -fno-strict-aliasing \
	-ffunction-sections -fdata-sections -fasynchronous-unwind-tables \
	-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes $(CFLAGS)
# Beside each object what it calls and how large its frames are (tools/stack-need).
CFLAGS_release := $(if $(findstring gcc,$(notdir $(CC))),-fcallgraph-info=su)
CFLAGS_debug := -DKEEL_DEBUG $(CFLAGS_release)
# The compiler must not turn the loops of memcpy into calls of memcpy.
NO_LIBRARY_CALLS := -fno-builtin $(if $(findstring clang,$(CC)),,-fno-tree-loop-distribute-patterns)

# A C file of a room is replaced by the file of the same name in arch/$(ARCH)/.
MACHINE_SOURCES := $(wildcard arch/$(ARCH)/*.S arch/$(ARCH)/*.c)
REPLACED        := $(basename $(notdir $(MACHINE_SOURCES)))
room_sources     = $(foreach s,$(wildcard $(1)/*.c),$(if $(filter $(basename $(notdir $(s))),$(REPLACED)),,$(s)))
KEEL_SOURCES    := $(MACHINE_SOURCES) $(foreach room,$(ROOMS),$(call room_sources,$(room)))
COOL_SOURCES    := $(KEEL_SOURCES) $(wildcard lang/coolscript/*.c)
objects          = $(addprefix $(OUT)/$(1)/,$(addsuffix .o,$(basename $(2))))

LIBRARIES := $(DIR)/libkeel.a $(DIR)/libcsruntime.a

.PHONY: all help
all: $(LIBRARIES) ## build the libraries of this BUILD

help: ## print this
	@echo "targets:"
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 18
	@echo "values: BUILD=release|debug CC=gcc|clang TEST=room/name"
	@echo "in force: ARCH=$(ARCH) BUILD=$(BUILD) CC=$(CC) PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) KEEL_WORKERS=$(KEEL_WORKERS)"

# ---- objects and archives

# In the archives internal names have a prefix of ours (tools/internal-names says why); the source, and
# the debugger, know them without it.
define compile_rules
$(OUT)/$(1)/%.o: %.c Makefile
	@mkdir -p $$(@D)
	$$(CC) $$(CPPFLAGS_ALL) $$(CFLAGS_ALL) $$(CFLAGS_$(1)) $$(ROOM_FLAGS_$$(firstword $$(subst /, ,$$*))) $$(FLAGS_$$(basename $$(notdir $$*))) -MMD -MP -c -o $$@ $$<
$(OUT)/$(1)/%.o: %.S Makefile
	@mkdir -p $$(@D)
	$$(CC) $$(CPPFLAGS_ALL) -g -fPIE -MMD -MP -c -o $$@ $$<
$(OUT)/$(1)/internal-names: $(call objects,$(1),$(COOL_SOURCES))
	NM=$$(NM) tools/internal-names $$^ > $$@
$(OUT)/$(1)/members/%.o: $(OUT)/$(1)/%.o $(OUT)/$(1)/internal-names
	@mkdir -p $$(@D)
	@NM=$$(NM) tools/internal-names --static $$< | sort -u - $(OUT)/$(1)/internal-names > $$@.names
	$$(OBJCOPY) --redefine-syms=$$@.names $$< $$@
	@rm -f $$@.names
$(OUT)/$(1)/libkeel.a: $(call objects,$(1)/members,$(KEEL_SOURCES))
	@rm -f $$@
	$$(AR) rcs $$@ $$^
$(OUT)/$(1)/libcsruntime.a: $(call objects,$(1)/members,$(COOL_SOURCES))
	@rm -f $$@
	$$(AR) rcs $$@ $$^
endef
$(eval $(call compile_rules,release))
$(eval $(call compile_rules,debug))

# What only the last words need is to be small.
ROOM_FLAGS_backtrace = -Oz $(NO_TABLES)
ROOM_FLAGS_signal = -Oz $(NO_TABLES)
# What runs seldom, or beside what costs far more. (Not idle and steal: two workers that hand over to each
# other would notice. There SELDOM, in base/base.h, says which functions are seldom called.)
$(foreach file,quota timer wheel chan,$(eval FLAGS_$(file) = -Os))
$(foreach file,worker thread hooks place stats owner deadlock monitor options vdso spare queue stack stack_list slots stack_sizes touched census unusual pages chunk mapping at_exit heap line check panic,$(eval FLAGS_$(file) = -Oz))
# In every image with tasks, and on no stack that is parked: without unwind tables in memory (frame
# pointers lead through it, and a debugger has tables of its own).
NO_TABLES := -fno-asynchronous-unwind-tables -fno-unwind-tables
$(foreach file,stack stack_list slots stack_sizes touched pages chunk mapping spare queue quota deadlock options vdso owner place census heap timer wheel idle steal,$(eval FLAGS_$(file) += $(NO_TABLES)))
FLAGS_memcpy = $(NO_LIBRARY_CALLS)
FLAGS_memmove = $(NO_LIBRARY_CALLS)
FLAGS_memset = $(NO_LIBRARY_CALLS)
FLAGS_memcmp = $(NO_LIBRARY_CALLS)
FLAGS_strlen = $(NO_LIBRARY_CALLS)
FLAGS_portable_copy = $(NO_LIBRARY_CALLS)
FLAGS_portable_set = $(NO_LIBRARY_CALLS)
FLAGS_portable_compare = $(NO_LIBRARY_CALLS)
FLAGS_portable_length = $(NO_LIBRARY_CALLS)
# What runs once, or is in every image: small before fast.
SMALL := -Oz -momit-leaf-frame-pointer -fno-stack-clash-protection $(NO_TABLES)
FLAGS_start = $(SMALL)
FLAGS_relocate = $(SMALL)
FLAGS_tls = $(SMALL) -fomit-frame-pointer
FLAGS_exit = $(SMALL)
FLAGS_process = $(SMALL)
FLAGS_output = $(SMALL)
FLAGS_closed_pipe = $(SMALL)
FLAGS_print = $(SMALL)
# Tests of the stack protector, and of the canary that moves with a task.
FLAGS_stack_smash = -fstack-protector-all
FLAGS_stack_protector = -fstack-protector-all
FLAGS_canary_moves = -fstack-protector-all
# Tests of walks: what the code under them keeps.
FLAGS_nested_tables = -fomit-frame-pointer
FLAGS_nested_pointers = -fno-asynchronous-unwind-tables -fno-unwind-tables
FLAGS_damaged = $(FLAGS_nested_pointers)
# Every call that these make is a frame of its own in the backtraces that tests expect.
FLAGS_fault = -fno-optimize-sibling-calls
FLAGS_overflow = -fno-optimize-sibling-calls
FLAGS_cycle = -fno-optimize-sibling-calls $(if $(findstring clang,$(CC)),,-fno-toplevel-reorder)
FLAGS_places = -fno-optimize-sibling-calls

# ---- tests

TEST_SOURCES  := $(wildcard tests/*/*.c tests/*/children/*.c)
TEST_PROGRAMS := $(patsubst %.c,$(DIR)/%,$(TEST_SOURCES))
LINK_FLAGS    := -nostdlib -static -Wl,-T,linker.ld -Wl,--build-id=none -Wl,-z,noexecstack

$(DIR)/tests/%: $(DIR)/tests/%.o $(DIR)/libcsruntime.a linker.ld
	@$(OBJCOPY) --redefine-syms=$(DIR)/internal-names $< $@.member
	$(CC) $(LINK_FLAGS) -o $@ $@.member -L$(DIR) -lcsruntime
	@rm -f $@.member

.PRECIOUS: $(OUT)/release/%.o $(OUT)/debug/%.o
.PHONY: test-programs
test-programs: $(LIBRARIES) $(TEST_PROGRAMS) ## build the tests of this BUILD

.PHONY: print-folder deps demo test stress coverage verify refuse conditions mutants
print-folder:
	@echo $(DIR)

deps: ## install what tests, examples, benchmarks and models use (Debian, as root)
	@tools/deps test demo bench tasks stacks verify lint

demo: ## build and run the LLVM IR examples
	@tools/deps demo
	@$(MAKE) -s BUILD=release all
	@tools/demo "$$($(MAKE) -s BUILD=release print-folder)"

# Each configuration is a folder of built tests; all run in one harness, so that one line sums it up.
test: ## build and run all tests, natively and under qemu-x86_64
	@tools/deps test
	@tools/test

stress: ## ten minutes of stress tests: 1, 2, 8 workers, one CPU, qemu (MINUTES=n or RUNS=n)
	@$(MAKE) -s BUILD=release test-programs
	@tools/stress "$$($(MAKE) -s BUILD=release print-folder)/tests"

coverage: ## how many branches of the library the tests take, and which not
	@tools/deps test
	@tools/coverage

verify: ## explore the models of the protocols with Spin, and their mutants
	@tools/deps verify
	@tools/verify

refuse: ## refuse each system call in turn to programs: a table of how they ended
	@tools/deps test
	@$(MAKE) -s BUILD=release test-programs
	@tools/refuse "$$($(MAKE) -s BUILD=release print-folder)/tests"

conditions: ## run the tests as PID 1, under a filter, on half a CPU, without /proc, ...
	@tools/deps test
	@$(MAKE) -s BUILD=release test-programs
	@tools/conditions "$$($(MAKE) -s BUILD=release print-folder)/tests"

mutants: ## break the heart of the runtime in many ways; a test must notice each
	@tools/mutants

# ---- one test: make run|run-qemu|gdb|gdb-qemu TEST=sched/await

TEST ?= sched/await
.PHONY: run run-qemu gdb gdb-qemu
run: $(DIR)/tests/$(TEST) ## run one test (TEST=room/name)
	$<
run-qemu: $(DIR)/tests/$(TEST) ## the same under qemu-x86_64
	qemu-x86_64 $<
gdb: $(DIR)/tests/$(TEST) ## the same under gdb
	gdb -q $<
gdb-qemu: $(DIR)/tests/$(TEST) ## the same under qemu-x86_64, with gdb on its other end
	qemu-x86_64 -g 1234 $< & gdb -q -ex 'target remote :1234' $<

# ---- benchmarks

.PHONY: bench-tasks
bench-tasks: ## tasks, channels, sleeps, fork and join, beside the peers (ROWS=a,b ROUNDS=n); plots doc/tasks.svg
	@tools/deps tasks
	@tools/bench-tasks $(if $(ROWS),--rows $(ROWS)) $(if $(ROUNDS),--rounds $(ROUNDS))

.PHONY: bench-stacks
bench-stacks: ## a million parked tasks, beside the peers: memory, times, limits, core dumps (ROUNDS=n)
	@tools/deps stacks
	@tools/bench-stacks $(if $(ROUNDS),--rounds $(ROUNDS))

.PHONY: bench-startup
bench-startup: ## hello-world and two tasks, beside assembly, small libcs, Go; plots doc/startup.svg
	@tools/deps bench
	@$(MAKE) -s BUILD=release all
	@tools/bench-startup "$$($(MAKE) -s BUILD=release print-folder)"

# ---- style

.PHONY: tidy format lint
tidy: ## the rules of the house (HACKING.md), by the text and by the objects
	@$(MAKE) -s BUILD=release all
	@tools/tidy --compiler "$(CC)" --objects $(OUT)/release
format: ## clang-format everything
	@tools/lint --format
lint: ## what clang-format would change, and what cppcheck, shellcheck and perl -c find
	@tools/deps lint
	@ARCH=$(ARCH) tools/lint

# ---- installing

.PHONY: install
install: $(OUT)/release/libkeel.a $(OUT)/release/libcsruntime.a $(OUT)/debug/libkeel.a ## install below DESTDIR/PREFIX
	install -d $(DESTDIR)$(PREFIX)/include/keel/machine $(DESTDIR)$(PREFIX)/lib/keel $(DESTDIR)$(PREFIX)/lib/pkgconfig
	install -m 644 include/keel.h include/runtime.h $(DESTDIR)$(PREFIX)/include
	install -m 644 include/keel/*.h $(DESTDIR)$(PREFIX)/include/keel
	install -m 644 arch/$(ARCH)/include/keel/machine/*.h $(DESTDIR)$(PREFIX)/include/keel/machine
	install -m 644 $(OUT)/release/libkeel.a $(OUT)/release/libcsruntime.a $(DESTDIR)$(PREFIX)/lib
	install -m 644 $(OUT)/debug/libkeel.a $(DESTDIR)$(PREFIX)/lib/libkeel-debug.a
	install -m 644 linker.ld linker-pie.ld $(DESTDIR)$(PREFIX)/lib/keel
	for name in keel csruntime; do \
		sed -e 's|@PREFIX@|$(abspath $(PREFIX))|' tools/$$name.pc.in > $(DESTDIR)$(PREFIX)/lib/pkgconfig/$$name.pc || exit 1; \
	done

.PHONY: clean
clean: ## remove everything built
	rm -rf build

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
