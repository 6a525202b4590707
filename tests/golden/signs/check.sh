#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every golden file NAME.txt is what `PROGRAM NAME` prints, byte for byte.
#
#	check.sh PROGRAM FOLDER
set -eu

status=0
for expected in "$2"/*.txt; do
	name=$(basename "$expected" .txt)
	"$1" "$name" | diff -u "$expected" - || { echo "$name differs"; status=1; }
done
exit $status
