#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the go command to use: the one in PATH when it is 1.19 or newer, else Debian's.
# Status 1, with what to do, when there is none.
set -eu

new_enough() {
	command -v "$1" >/dev/null 2>&1 || return 1
	version=$(GOTOOLCHAIN=local "$1" version 2>/dev/null | sed -n 's/^go version go1\.\([0-9]*\).*/\1/p')
	[ -n "$version" ] && [ "$version" -ge 19 ]
}

# Debian's are last: a newer one may stand beside the default.
for go in go /usr/local/go/bin/go /usr/lib/go/bin/go /usr/lib/go-1.*/bin/go; do
	if new_enough "$go"; then
		command -v "$go"
		exit 0
	fi
done
echo "find-go.sh: no Go 1.19 or newer: run scripts/install-packages.sh" >&2
exit 1
