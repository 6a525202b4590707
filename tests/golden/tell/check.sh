#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every golden file SAMPLE.FORM is what `samples SAMPLE FORM` prints, byte for byte, and no failed
# allocation goes unnoticed on the way.
#
#	check.sh PROGRAM FOLDER
set -eu

status=0
for expected in "$2"/*.text "$2"/*.colour "$2"/*.postmortem "$2"/*.folded; do
	name=$(basename "$expected")
	sample=${name%.*}
	form=${name##*.}
	"$1" "$sample" "$form" | diff -u "$expected" - || { echo "$name differs"; status=1; }
	"$1" "$sample" "$form" torture > /dev/null || status=1
done
for sample in leak queue many hostile; do
	"$1" "$sample" html torture > /dev/null || status=1
	"$1" "$sample" html | grep -q '<script' && { echo "$sample.html has a script"; status=1; }
	"$1" "$sample" html | LC_ALL=C grep -q "$(printf '\033')" && { echo "$sample.html has an ESC"; status=1; }
done
exit $status
