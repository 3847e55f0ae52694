# tocsin: build, test, install. `make help` lists the targets.
STD      := -std=c11 -D_POSIX_C_SOURCE=200809L -D_XOPEN_SOURCE=700
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
CFLAGS   ?= -O2 -g
FLAVOUR  ?= release
PREFIX   ?= /usr/local
DESTDIR  ?=
FUZZ_SECONDS ?= 300
JOBS     ?= $(shell nproc)

# Instrumented builds keep -O1: readable traces, and fast enough to run every test.
EXTRA.release :=
EXTRA.asan    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
EXTRA.tsan    := -O1 -fsanitize=thread -fno-omit-frame-pointer
EXTRA.fuzz    := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LINK.asan     := -fsanitize=address,undefined
LINK.tsan     := -fsanitize=thread
LINK.fuzz     := -fsanitize=address,undefined

LIBS := -lcsv -lopenblas -lsodium -lsqlite3 -lutf8proc -ljansson -lz -lzstd -lpthread -lm

B := $(if $(filter release,$(FLAVOUR)),build,build/$(FLAVOUR))

COMPILE   = $(CC) $(STD) $(WARN) $(CFLAGS) $(EXTRA.$(FLAVOUR)) -ffp-contract=off -fno-math-errno -Isrc -Itools -MMD -MP
LINK     = $(CC) $(LINK.$(FLAVOUR)) $(LDFLAGS) -o $@
SRC     := $(wildcard src/*/*.c)
MAPS    := $(wildcard src/ingest/maps/*.map)
LIB     := $(B)/libtocsin.a
# Loops over rows become vectors.
$(B)/obj/src/num/%.o $(B)/obj/src/nn/%.o: EXTRA.release := -O3
# Makers' programs: tools/NAME.c, with tools/NAME/*.c where one file is not enough (sim/ serves shopsim).
TOOLS   := $(patsubst tools/%.c,$(B)/%,$(wildcard tools/*.c))
TESTS   := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/unit/*.c tests/prop/*.c tests/fault/*.c))
REPLAY  := $(patsubst tests/fuzz/%.c,$(B)/replay/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/fuzzers/%,$(wildcard tests/fuzz/fuzz_*.c))
PAGES   := $(wildcard man/*.[157])

.PHONY: all tools unit deps demo check asan tsan fuzz fuzzers sim-check accuracy bench install uninstall help clean FORCE

all: $(B)/tocsin  ## build build/tocsin

$(B)/tocsin: $(B)/obj/src/main.o $(LIB)
	$(LINK) $^ $(LIBS)

$(LIB): $(SRC:%.c=$(B)/obj/%.o) $(B)/obj/gen/builtin_maps.o
	@rm -f $@
	ar rcs $@ $^

$(B)/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

# Maps of platforms are text: each becomes an array of its lines.
$(B)/gen/builtin_maps.c: src/ingest/maps $(MAPS) Makefile
	@mkdir -p $(@D)
	@{ echo '#include "ingest/ingest_int.h"'; echo 'const ing_map_text ing_builtin_maps[] = {'; \
	for map in $(MAPS); do echo "{ \"$${map##*/}\", (const char *const[]){"; LC_ALL=C sed 's/[\"?]/\\&/g; s/.*/"&",/' $$map; echo 'NULL } },'; done; \
	echo '{ NULL, NULL } };'; } > $@
src/ingest/maps: ;
$(B)/obj/gen/builtin_maps.o: $(B)/gen/builtin_maps.c $(B)/flags
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

$(B)/flags: FORCE
	@mkdir -p $(B); echo '$(COMPILE)' | cmp -s - $@ || echo '$(COMPILE)' > $@

tools: $(TOOLS)
$(TOOLS): $(B)/%: $(B)/obj/tools/%.o $(LIB)
	$(LINK) $(filter %.o,$^) $(LIB) $(LIBS)
$(B)/shopsim: $(patsubst %.c,$(B)/obj/%.o,$(wildcard tools/sim/*.c))
$(B)/sim_check: $(B)/obj/tools/sim/difficulty.o

unit: $(TESTS) $(REPLAY)
$(TESTS): $(B)/tests/%: $(B)/obj/tests/%.o $(LIB)
	@mkdir -p $(@D)
	$(LINK) $^ -lcmocka $(LIBS)
$(REPLAY): $(B)/replay/%: $(B)/obj/tests/fuzz/%.o $(B)/obj/tests/fuzz/replay.o $(LIB)
	@mkdir -p $(@D)
	$(LINK) $^ $(LIBS)
fuzzers: $(FUZZERS)
$(FUZZERS): $(B)/fuzzers/%: $(B)/obj/tests/fuzz/%.o $(LIB)
	@mkdir -p $(@D)
	$(LINK) -fsanitize=fuzzer $^ $(LIBS)

deps:  ## install what is missing (asks for root only then)
	@tools/install-deps

demo: deps  ## from sample exports to reports, compared with the truth
	@$(MAKE) --no-print-directory -s -j$(JOBS) all
	@tools/demo

check: deps  ## build everything and run all tests
	@$(MAKE) --no-print-directory -s -j$(JOBS) all tools unit
	@B=$(B) tests/run

# Under the thread sanitizer: the programs whose source speaks of threads, and the commands, but for nightly, which runs the others.
RUN.asan := unit prop fault replay cli
RUN.tsan := threads prop cli
tsan: export WITHOUT := nightly
asan tsan:  ## the tests under address+undefined, or thread sanitizer
	@$(MAKE) --no-print-directory -s -j$(JOBS) FLAVOUR=$@ all tools unit
	@B=build/$@ tests/run $(RUN.$@)

fuzz:  ## fuzz every reader, FUZZ_SECONDS [300] in all (needs clang)
	@tools/install-deps --fuzz
	@$(MAKE) --no-print-directory -s -j$(JOBS) FLAVOUR=fuzz CC=clang fuzzers
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/run-fuzz build/fuzz/fuzzers

sim-check:  ## the simulated shop is hard, and data-samples is what its generator makes
	@$(MAKE) --no-print-directory -s -j$(JOBS) tools
	@tests/check-sim

accuracy:  ## accuracy on real data: name,measure,ours,peer,bar,pass|miss (ONLY=name, QUICK=1)
	@$(MAKE) --no-print-directory -s -j$(JOBS) all tools
	@tools/measure accuracy

bench:  ## speed beside peers in one run, the same line format (ONLY=name)
	@$(MAKE) --no-print-directory -s -j$(JOBS) all tools
	@tools/measure bench

install: all  ## binary, man pages, completions, samples under $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/tocsin
	install -m 755 $(B)/tocsin $(DESTDIR)$(PREFIX)/bin/tocsin
	for page in $(PAGES); do \
	    install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page#man/} || exit 1; done
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
	    $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(B)/tocsin completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/tocsin
	$(B)/tocsin completion zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_tocsin
	$(B)/tocsin completion fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/tocsin.fish
	cp -R data-samples src/ingest/maps $(DESTDIR)$(PREFIX)/share/tocsin/

uninstall:  ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/tocsin
	for page in $(PAGES); do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page#man/}; done
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/tocsin $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_tocsin \
	    $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/tocsin.fish
	rm -rf $(DESTDIR)$(PREFIX)/share/tocsin

help:  ## this list
	@sed -n 's/^\([a-z][a-z -]*\):.*  ## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

clean:  ## remove build/
	rm -rf build

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
