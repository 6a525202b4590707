#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the Go programs of tests/programs:  scripts/build-programs.sh FOLDER
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:?folder for the programs}
go=$("$root/scripts/find-go.sh")
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$root/tests/programs"
# Nothing is fetched: the programs need the standard library only.
GOFLAGS=-buildvcs=false GOTOOLCHAIN=local GOPROXY=off CGO_ENABLED=0 "$go" build -o "$folder/" \
	./backlog ./crash ./leaky ./load ./signatures ./steady
