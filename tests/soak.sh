#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The long runs whose figures stand in docs/, about four hours on two cores:  tests/soak.sh [BUILD]
#
#	each flipped bit and each cut of a bundle of 200 KiB is noticed     SOAK_KIB
#	each fuzz target for ten minutes                                    SOAK_MINUTES
#	accuracy on real programs in full                                   SOAK_ACCURACY (--short)
#	times to a verdict with a look every 15 s, and every minute
#	quiet software for half an hour                                     SOAK_QUIET
#
# The variables are for a trial; the summary shows them. The output of each run, and the summary, are
# left in BUILD/soak. Exit status 1 when anything failed.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
kib=${SOAK_KIB:-200} minutes=${SOAK_MINUTES:-10} accuracy=${SOAK_ACCURACY:-} quiet=${SOAK_QUIET:-30}
logs=$build/soak
rm -rf "$logs"
mkdir -p "$logs" || exit 1
stop() {
	[ -f "$logs/flips.status" ] || kill "$(cat "$logs/flips.pid")"
	exit 130
}
trap stop INT TERM

# run NAME COMMAND...: its output, whether it failed and how long it took go into the logs
run() {
	name=$1 begun=$(date +%s)
	shift
	echo "$(date -u +%H:%M:%S) $name"
	"$@" >"$logs/$name.log" 2>&1
	status=$?
	echo "$status $(($(date +%s) - begun))" >"$logs/$name.status"
}

# tell NAME WHAT: one line of the summary
tell() {
	seconds='?' word=FAILED status=1
	[ -f "$logs/$1.status" ] && read -r status seconds <"$logs/$1.status"
	[ "$status" -eq 0 ] && word=ok
	[ "$word" = ok ] || echo "$1" >>"$logs/failed"
	printf '%-7s %s: %s s\n' "$word" "$2" "$seconds"
}

# The short form is too short for a look every minute.
parts="real exact rates"
[ -n "$accuracy" ] || parts="$parts rates-minute"

indented() { sed 's/^/        /'; }

summary() {
	echo "soak $(date -u '+%Y-%m-%d %H:%M UTC'), commit $(git describe --always --dirty 2>/dev/null)"
	echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores," \
		"$("$build/collector/parkwatch" --version 2>/dev/null | head -n 1)"
	tell flips "each flipped bit and each cut of a bundle with $kib KiB of profiles"
	tell fuzz "each fuzz target for $minutes min"
	grep ' executions ' "$logs/fuzz.log" | indented
	for part in $parts; do
		tell "$part" "accuracy, $part, ${accuracy:-in full}"
		grep '^ok \|^MISS \|met, ' "$logs/$part.log" | indented
	done
	tell quiet "quiet software for $quiet min"
	grep '^ok \|^MISS \|met, ' "$logs/quiet.log" | indented
}

# shellcheck disable=SC2016 # its own process ID, and what it is given
run flips sh -c 'echo $$ >"$0"; exec "$@"' "$logs/flips.pid" \
	env "PARKWATCH_FLIP_KIB=$kib" "$build/tests/unit/test-collector-bundle" &
flips=$!
run fuzz tests/fuzz/run.sh "$minutes"
wait "$flips"
# Accuracy measures time: it runs alone.
for part in $parts; do
	flags=$accuracy
	[ "$part" != rates-minute ] || flags="--interval 60"
	# shellcheck disable=SC2086 # none, one or two words
	run "$part" "${PYTHON:-/usr/bin/python3}" "tests/accuracy/${part%-minute}.py" $flags
done
run quiet "${PYTHON:-/usr/bin/python3}" tests/accuracy/quiet.py --minutes "$quiet"

summary | tee "$logs/summary.txt"
if [ -s "$logs/failed" ]; then
	while read -r name; do
		echo "-- $name"
		tail -n 25 "$logs/$name.log"
	done <"$logs/failed"
	exit 1
fi
