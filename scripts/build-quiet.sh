#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds etcd and kube-apiserver from their Go modules, once for each version, and prints the folder
# that they are in:  scripts/build-quiet.sh
#
# A folder with both named by KUBEBUILDER_ASSETS is taken as it is. What is built is kept in
# PARKWATCH_CACHE, or parkwatch/ in the user's cache folder: about five minutes the first time.
set -eu

etcd_version=v3.6.16
kubernetes_version=v1.36.3
# What they ask for; an older go fetches it as a module.
go_version=1.26.8

root=$(cd "$(dirname "$0")/.." && pwd)
if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
	for name in etcd kube-apiserver; do
		[ -x "$KUBEBUILDER_ASSETS/$name" ] || {
			echo "build-quiet.sh: KUBEBUILDER_ASSETS names $KUBEBUILDER_ASSETS," \
				"which has no $name" >&2
			exit 1
		}
	done
	echo "$KUBEBUILDER_ASSETS"
	exit 0
fi

cache=${PARKWATCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/parkwatch}
folder=$cache/quiet-etcd-$etcd_version-kubernetes-$kubernetes_version
mkdir -p "$folder"
# One at a time: what another run is building is waited for.
exec 9>"$folder/lock"
flock 9

work=
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
log=$folder/build.log
fail() {
	tail -n 20 "$log" >&2
	echo "build-quiet.sh: $1 (above; all of it in $log). It needs a Go module proxy: see" \
		"'go env GOPROXY'." >&2
	exit 1
}

find_go() {
	go=$("$root/scripts/find-go.sh")
	minor=$("$go" version | sed -n 's/^go version go1\.\([0-9]*\).*/\1/p')
	wanted=${go_version#1.}
	[ "$minor" -ge "${wanted%%.*}" ] && return
	toolchain=golang.org/toolchain@v0.0.1-go$go_version.$("$go" env GOOS)-$("$go" env GOARCH)
	(cd "$work" && "$go" mod download "$toolchain") >>"$log" 2>&1 || fail "no Go $go_version"
	# Files in the module cache are not executable; a toolchain's own go command would see to that.
	cp -R "$("$go" env GOMODCACHE)/$toolchain" "$work/go"
	chmod -R u+w "$work/go"
	chmod +x "$work"/go/bin/* "$work"/go/pkg/tool/*/*
	go=$work/go/bin/go
}

build() { # build NAME PACKAGE [LDFLAGS]: in the module that stands in the current folder
	echo "build-quiet.sh: building $1" >&2
	GOFLAGS=-mod=mod CGO_ENABLED=0 nice "$go" build -trimpath -ldflags "-s -w ${3:-}" \
		-o "$folder/$1.new" "$2" >>"$log" 2>&1 || fail "building $1 failed"
	mv "$folder/$1.new" "$folder/$1"
}

if [ ! -x "$folder/etcd" ] || [ ! -x "$folder/kube-apiserver" ]; then
	work=$(mktemp -d)
	: >"$log"
	find_go
fi
if [ ! -x "$folder/etcd" ]; then
	mkdir "$work/etcd" && cd "$work/etcd"
	printf 'module quiet\n\ngo %s\n\nrequire go.etcd.io/etcd/server/v3 %s\n' \
		"$go_version" "$etcd_version" >go.mod
	build etcd go.etcd.io/etcd/server/v3
fi
if [ ! -x "$folder/kube-apiserver" ]; then
	mkdir "$work/kubernetes" && cd "$work/kubernetes"
	printf 'module quiet\n\ngo %s\n\nrequire k8s.io/kubernetes %s\n\n' \
		"$go_version" "$kubernetes_version" >go.mod
	"$go" mod download "k8s.io/kubernetes@$kubernetes_version" >>"$log" 2>&1 ||
		fail "no Kubernetes $kubernetes_version"
	# Its staging modules are published one minor version lower: v1.36.3 as v0.36.3.
	sed -n 's|^[[:space:]]*\(k8s.io/[a-z0-9-]*\) => ./staging/.*|\1|p' \
		"$("$go" env GOMODCACHE)/cache/download/k8s.io/kubernetes/@v/$kubernetes_version.mod" |
		sed "s|.*|replace & => & v0.${kubernetes_version#v1.}|" >>go.mod
	build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver \
		"-X k8s.io/component-base/version.gitVersion=$kubernetes_version"
fi
echo "$folder"
