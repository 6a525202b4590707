#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the profiles in tests/golden/profiles/files from real runs of several Go toolchains, and the
# summaries beside them. The results are committed: only a change of parked.go or a new Go version
# needs this, and then a look at what changed in the summaries.
#
#   tests/golden/profiles/make-profiles.sh PROFILE-SUMMARY [VERSION...]
#
# PROFILE-SUMMARY is the test program of that name in a build folder. Without versions only the
# summaries are written anew.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
go=$("$here/../../../scripts/find-go.sh")
summary=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for version in "$@"; do
	CGO_ENABLED=0 GOTOOLCHAIN=go$version "$go" build -trimpath -o "$work/parked" "$here/parked.go"
	"$work/parked" "$here/files" goroutine goroutineleak block mutex
done
# Of these one version says enough.
"$work/parked" "$here/files" threadcreate heap allocs 2>/dev/null || true

for file in "$here"/files/*.txt "$here"/files/*.pb.gz; do
	"$summary" "$file" >"$file.expected"
done
