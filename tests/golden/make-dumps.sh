#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes the dumps in tests/golden/dumps/files from real runs of several Go toolchains, and their
# counts in expected.tsv. Toolchains come as modules; the results are committed, so that only
# a change of the programs or a new Go version needs this.
#
#   tests/golden/make-dumps.sh [VERSION...]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
go=$("$root/scripts/find-go.sh")
out=$here/dumps/files
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
ulimit -c 0
cd "$root/tests/programs"

# build VERSION stripped|plain: either way no folder of this machine gets into the binary.
build() {
	if [ "$2" = stripped ]; then
		CGO_ENABLED=0 go_of "$1" build -trimpath -ldflags "-s -w" -o "$work/" ./signatures ./crash
	else
		paths="all=-trimpath=$(go_of "$1" env GOROOT)=>/usr/local/go;$PWD=>/src"
		CGO_ENABLED=0 go_of "$1" build -o "$work/" -gcflags "$paths" -asmflags "$paths" \
			./signatures ./crash
	fi
}

go_of() {
	version=$1
	shift
	GOFLAGS=-buildvcs=false GOTOOLCHAIN=go$version "$go" "$@"
}

# end FILE SETTINGS... PROGRAM ARGUMENTS...: what a program that ends itself leaves on stderr.
end() {
	file=$1
	shift
	timeout 60 env "$@" >/dev/null 2>"$out/$file" || true
}

# keep PREFIX FORM...: forms that signatures wrote become files of the corpus.
keep() {
	prefix=$1
	shift
	for form in "$@"; do
		mv "$work/$form" "$out/$prefix-$form"
	done
}

each() {
	v=$1 how=$2
	build "$v" "$how"
	"$work/signatures" -o "$work"
	keep "go$v-signatures-$how" debug2.txt debug1.txt debug0.pb.gz
	end "go$v-panic-all.log" GOTRACEBACK=all "$work/crash" -how panic
	end "go$v-quit-system.log" GOTRACEBACK=system "$work/crash" -how quit
	end "go$v-deadlock.log" "$work/crash" -how deadlock
}

# Ways to end that look alike in every version: one old, one of the middle, one new.
rare() {
	v=$1
	end "go$v-nested-crash.log" GOTRACEBACK=crash "$work/crash" -how nested
	end "go$v-error-single.log" GOTRACEBACK=single "$work/crash" -how error
	end "go$v-nil-all.log" GOTRACEBACK=all "$work/crash" -how nil
	end "go$v-unlock.log" "$work/crash" -how unlock
	end "go$v-map.log" "$work/crash" -how map
	end "go$v-overflow.log" GOTRACEBACK=all "$work/crash" -how overflow
	end "go$v-concurrent-crash.log" GOTRACEBACK=crash "$work/crash" -how concurrent
	end "go$v-ancestors.log" GOTRACEBACK=all GODEBUG=tracebackancestors=5 "$work/crash" -how panic
}

newest() {
	v=$1
	GODEBUG=tracebacklabels=1 "$work/signatures" -o "$work" -age 130s
	keep "go$v-labels-age" debug2.txt
	end "go$v-bubble.log" GODEBUG=asynctimerchan=0 GOTRACEBACK=all "$work/crash" -how bubble
}

leaks() {
	v=$1
	"$work/signatures" -o "$work" -leaks
	keep "go$v" leak-debug2.txt leak-debug1.txt leak-debug0.pb.gz
}

[ $# -gt 0 ] || set -- 1.20.14 1.21.13 1.22.12 1.23.12 1.24.13 1.25.14 1.26.8 1.27.4
for v in "$@"; do
	echo "go$v" >&2
	case $v in
	1.20.*) each "$v" plain && rare "$v" ;;
	1.22.* | 1.24.*) each "$v" plain ;;
	1.21.* | 1.25.*) each "$v" stripped ;;
	1.23.*) each "$v" stripped && rare "$v" ;;
	1.26.*) each "$v" plain && newest "$v" ;;
	*) each "$v" stripped && rare "$v" && newest "$v" && leaks "$v" ;;
	esac
done
if zgrep -alE "$root|$HOME" "$out"/*; then
	echo "make-dumps.sh: folders of this machine are in these files" >&2
	exit 1
fi
"$here/count.py" "$out" >"$here/dumps/expected.tsv"
