#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Finds a goroutine leak in a running Go service, in about a minute:  scripts/demo.sh BUILD
#
# A gateway leaks one goroutine in ten requests. parkwatch takes twelve snapshots of it while it
# works, and what it says is held against what the gateway itself counted.
set -eu

build=$(cd "${1:?build folder}" && pwd)
parkwatch=$build/collector/parkwatch
programs=$build/programs
demo=$build/demo
snapshots=12 interval=4 rate=40

rm -rf "$demo"
mkdir -p "$demo"
started=
stop() {
	for pid in $started; do
		kill "$pid" 2>/dev/null || true
	done
}
trap stop EXIT
trap 'exit 130' INT TERM

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi
say() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
run() {
	printf '$ %s\n' "$*"
	"$@"
}
now() { curl -fsS "$pprof/truth" | jq -c '{leaked, seconds, requests, site: .sites[0]}'; }

say "Starting a gateway that leaks, and $rate requests a second for it"
"$programs/leaky" --pattern send --probability 0.1 --block-rate 10000 --mutex-fraction 10 \
	--contend 20ms --lifetime 5m >"$demo/addresses.json" 2>"$demo/leaky.log" &
started=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
	[ -s "$demo/addresses.json" ] && break
	sleep 0.2
done
app=$(jq -r .app "$demo/addresses.json")
pprof=$(jq -r .pprof "$demo/addresses.json")
"$programs/load" --url "$app/order" --rate "$rate" --duration 90s >"$demo/load.json" 2>&1 &
started="$started $!"
echo "application $app, pprof $pprof/debug/pprof"
sleep 3

say "Taking $snapshots snapshots, $interval s apart (about $(((snapshots - 1) * interval)) s)"
before=$(now)
run "$parkwatch" collect "$pprof" --metrics "$pprof/metrics" --snapshots "$snapshots" \
	--interval "${interval}s" -o "$demo/"
after=$(now)
stop
bundle=$(find "$demo" -name 'parkwatch-*.tar')

say "Is the bundle whole?"
run "$parkwatch" verify "$bundle"

say "Does the bundle alone give the same findings?"
printf '$ %s\n' "$parkwatch analyze --format json $bundle"
"$parkwatch" analyze --format json "$bundle" >"$demo/findings.json"
tar -xOf "$bundle" findings.json | cmp - "$demo/findings.json" && echo "the same, byte for byte"
tar -xOf "$bundle" report.html >"$demo/report.html"

say "And the truth, by the gateway's own count"
jq -rn --argjson a "$before" --argjson b "$after" --slurpfile found "$demo/findings.json" '
	def round2: . * 100 | round / 100;
	(($b.leaked - $a.leaked) / ($b.seconds - $a.seconds)) as $true
	| ($found[0].findings | map(select(.site != null)) | max_by(.rate_per_s.value // 0)) as $f
	| ($f.site.function == $b.site.function and $f.site.line == $b.site.line) as $place
	| ($f.rate_per_s.low <= $true and $true <= $f.rate_per_s.high) as $rate
	| "leaks in   \($b.site.function) \($b.site.file):\($b.site.line)",
	  "found      \($f.site.function) \($f.site.file | split("/") | last):\($f.site.line)  \(if $place then "right" else "WRONG" end)",
	  "leaked     \($true | round2) goroutines a second",
	  "found      \($f.rate_per_s.value | round2), between \($f.rate_per_s.low | round2) and \($f.rate_per_s.high | round2)  \(if $rate then "right" else "MISSED" end)"'

cat <<END

The bundle   $bundle
The report   $demo/report.html
             (open it in a browser; it needs nothing else)
END
