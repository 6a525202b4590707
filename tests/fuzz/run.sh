#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fuzzes each reader for MINUTES with clang, ASan and UBSan, two at a time, and prints a table.
# New seeds, output and what fails are left in build-fuzz/. Exit status 1 when anything failed.
#
#	run.sh [MINUTES [TARGET...]]
set -eu
cd "$(dirname "$0")/../.."
minutes=${1:-10}
[ $# -gt 0 ] && shift
build='build-fuzz'
targets=$*
[ -n "$targets" ] || targets=$(for file in tests/fuzz/*_fuzz.c; do basename "$file" _fuzz.c; done)
# shellcheck disable=SC2086 # names of targets
set -- $targets

[ -f "$build/build.ninja" ] || CC=clang meson setup "$build" -Dfuzz=true --buildtype=debugoptimized
# shellcheck disable=SC2046 # names of targets
ninja -C "$build" $(printf 'tests/fuzz/fuzz-%s ' "$@")

fuzz() {
	name=$1 dict=tests/fuzz/$1.dict
	shift
	[ ! -f "$dict" ] || set -- "-dict=$dict"
	mkdir -p "$build/seeds/$name"
	rm -f "$build/$name.ok"
	"$build/tests/fuzz/fuzz-$name" -max_total_time=$((minutes * 60)) -max_len=16384 \
		-timeout=20 -rss_limit_mb=2048 -artifact_prefix="$build/$name-" \
		-print_final_stats=1 -verbosity=0 "$@" \
		"$build/seeds/$name" "tests/fuzz/corpus/$name" >"$build/$name.log" 2>&1 &&
		: >"$build/$name.ok"
}

echo "fuzz $minutes min each:" "$@"
while [ $# -gt 0 ]; do
	fuzz "$1" &
	shift
	if [ $# -gt 0 ]; then
		fuzz "$1" &
		shift
	fi
	wait
done

figure() { sed -n "s/^stat::$2: *//p" "$build/$1.log" | tail -n 1; }
failed=0
for target in $targets; do
	result=ok
	if [ ! -f "$build/$target.ok" ]; then
		result="FAILED, see $build/$target.log"
		failed=1
		grep 'ERROR\|runtime error\|Test unit written' "$build/$target.log" ||
			tail -n 3 "$build/$target.log"
	fi
	printf '%-14s %12s executions %8s per second %6s new seeds  %s\n' "$target" \
		"$(figure "$target" number_of_executed_units)" "$(figure "$target" average_exec_per_sec)" \
		"$(figure "$target" new_units_added)" "$result"
done
exit $failed
