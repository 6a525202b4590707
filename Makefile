# SPDX-License-Identifier: Apache-2.0
# The short commands; the build itself is Meson's (meson.build), into build/.

BUILD = build
# Debian's own: the one that its packages with the tests' modules are for.
PYTHON = /usr/bin/python3

# Where the tests find what they test. Not exported: parkwatch takes such names for settings.
TESTED = PARKWATCH=$(abspath $(BUILD))/collector/parkwatch PARKWATCH_BUILD=$(abspath $(BUILD)) \
	PARKWATCH_PROGRAMS=$(abspath $(BUILD))/programs

all: $(BUILD)/build.ninja ## build parkwatch (build/collector/parkwatch) and its tests
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@scripts/install-packages.sh
	@meson setup $(BUILD)

programs: ## build the Go programs of the tests (build/programs)
	@scripts/install-packages.sh
	@scripts/build-programs.sh $(BUILD)/programs

demo: all programs ## find a leak in a running Go service: about a minute
	@scripts/demo.sh $(BUILD)

test: all programs ## all tests that need no privileges, at most 15 minutes
	@meson test -C $(BUILD) --print-errorlogs
	@$(TESTED) $(PYTHON) -m pytest -q tests

bench: all programs ## speed and memory beside other tools, on the same input
	@$(PYTHON) tests/bench/run.py --build $(BUILD)

accuracy: all ## error rates on simulated service-days, within 20 minutes; WRITE=--write: into docs
	@PARKWATCH_BUILD=$(abspath $(BUILD)) $(PYTHON) tests/accuracy/run.py $(WRITE)

accuracy-real: all programs ## what is found in real Go programs, against their own count: 75 minutes
	@$(TESTED) $(PYTHON) tests/accuracy/exact.py
	@$(TESTED) $(PYTHON) tests/accuracy/real.py
	@$(TESTED) $(PYTHON) tests/accuracy/rates.py

quiet: all ## what is said of etcd, kube-apiserver and Prometheus, which do not leak
	@scripts/install-packages.sh quiet
	@$(TESTED) $(PYTHON) tests/accuracy/quiet.py

fuzz: ## fuzz each reader for MINUTES (10) with clang and sanitizers
	@scripts/install-packages.sh ci
	@tests/fuzz/run.sh $(or $(MINUTES),10)

soak: all programs ## the long runs: flipped bits, fuzzing, accuracy; about four hours
	@scripts/install-packages.sh ci quiet
	@PYTHON=$(PYTHON) $(TESTED) tests/soak.sh $(BUILD)

install: all ## install with Meson; DESTDIR and the prefix of the setup count
	@meson install -C $(BUILD) --no-rebuild

clean: ## remove the build folder
	@rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1 \2/p' Makefile | awk '{ c = $$2; $$1 = $$2 = ""; printf "make %-14s%s\n", c, $$0 }'

.PHONY: all programs demo test bench accuracy accuracy-real quiet fuzz soak install clean help
