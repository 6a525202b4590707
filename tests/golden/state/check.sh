#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Holds the state lines behind observed.jsonl against state.jsonl, and again behind themselves.
#
#	check.sh REPLAY [--accept]
set -eu
replay=$1
here=$(dirname "$0")
got=$(mktemp)
trap 'rm -f "$got"' EXIT

"$replay" state "$here/observed.jsonl" >"$got"
[ "${2:-}" != --accept ] || cp "$got" "$here/state.jsonl"
diff -u "$here/state.jsonl" "$got"
"$replay" state "$here/state.jsonl" >"$got"
diff -u "$here/state.jsonl" "$got"
