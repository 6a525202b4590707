#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Holds the tables of docs/architecture.md: which room may include which, and, inside collector/,
# which folder which. Fails with each include line that goes against them, and with file names that
# say nothing.
set -eu
cd "$(dirname "$0")/.."

allowed() { # allowed FROM TO: rooms, or folders of collector/
	case "$1/$2" in
	*/base | runtime/runtime | model/runtime | model/model) return 0 ;;
	collector/*/runtime | collector/*/model | */collector/form) return 0 ;;
	collector/settings/collector/settings) return 0 ;;
	collector/observe/collector/observe) return 0 ;;
	collector/bundle/collector/bundle) return 0 ;;
	collector/fetch/collector/fetch | collector/fetch/collector/bundle) return 0 ;;
	collector/tell/collector/tell | collector/tell/collector/observe | collector/tell/collector/bundle) return 0 ;;
	collector/input/collector/commands | collector/input/collector/collection) return 1 ;;
	collector/input/collector/*) return 0 ;;
	collector/collection/collector/commands | collector/collection/collector/input) return 1 ;;
	collector/collection/collector/*) return 0 ;;
	collector/commands/collector/*) return 0 ;;
	*) return 1 ;;
	esac
}

wrong=0
checked=0
say() {
	echo "$*"
	wrong=$((wrong + 1))
}

for file in base/*.[ch] runtime/*.[ch] model/*.[ch] collector/*/*.[ch]; do
	room=${file%/*}
	for included in $(sed -n 's/^#include "\([^"]*\)".*/\1/p' "$file"); do
		checked=$((checked + 1))
		case "$included" in
		profile.pb-c.h) target=runtime ;; # made by protoc-c
		*/*) target=${included%/*} ;;
		*)
			say "$file: \"$included\" is not written from the root"
			continue
			;;
		esac
		allowed "$room" "$target" || say "$file: $room/ may not include $included"
	done
	case "${file##*/}" in
	util* | misc* | common* | helper*) say "$file: name a file by what it holds" ;;
	esac
	head -n 1 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
		say "$file: the first line is not the licence"
done

# Pure rooms do no input or output and read no clock.
for file in runtime/*.c model/*.c; do
	if grep -nE '\b(printf|fprintf|puts|fopen|open|read|write|time|clock_gettime|gettimeofday|getenv|exit|abort)\(' "$file" |
		grep -vE '^\s*[0-9]+:\s*(//|\*)|buf_printf'; then
		say "$file: runtime/ and model/ are pure"
	fi
done

[ "$checked" -gt 0 ] || { echo "no include line found: the check looks in the wrong place"; exit 1; }
[ "$wrong" -eq 0 ] || { echo "$wrong lines against the direction of the rooms"; exit 1; }
echo "directions: $checked includes, all allowed"
