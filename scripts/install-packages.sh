#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that building and testing need, where they are missing.
#
#   scripts/install-packages.sh [ci] [browser] [quiet]
#
# ci adds the second compiler and the linters, browser what takes pictures of the report, quiet the
# software of `make quiet` that Debian has.
# Does nothing, quickly, when all are there. Works as root or through sudo.
set -eu

here=$(dirname "$0")
wanted="gcc libc6-dev make meson ninja-build pkg-config
	libcurl4-openssl-dev libjansson-dev libyaml-dev libssl-dev zlib1g-dev
	protobuf-c-compiler libprotobuf-c-dev protobuf-compiler libcmocka-dev
	python3 python3-pytest python3-jsonschema jq curl ca-certificates"
for extra in "$@"; do
	case $extra in
	ci) wanted="$wanted clang libclang-rt-14-dev llvm-14 clang-format shellcheck valgrind" ;;
	browser) wanted="$wanted chromium fonts-dejavu-core" ;;
	quiet) wanted="$wanted prometheus openssl" ;;
	*)
		echo "install-packages.sh: unknown argument '$extra': ci, browser or quiet" >&2
		exit 2
		;;
	esac
done
"$here/find-go.sh" >/dev/null 2>&1 || wanted="$wanted golang"

command -v dpkg-query >/dev/null || {
	echo "install-packages.sh: this is not Debian. Install what corresponds to: $wanted" >&2
	exit 1
}
installed=$(dpkg-query -W -f '${db:Status-Status} ${binary:Package} \n' 2>/dev/null |
	sed -n 's/^installed \([^: ]*\).*/ \1 /p')
missing=
for package in $wanted; do
	case $installed in
	*" $package "*) ;;
	*) missing="$missing $package" ;;
	esac
done
if [ -z "$missing" ]; then
	exit 0
fi

as_root=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || {
		echo "install-packages.sh: not root and no sudo. As root: apt-get install$missing" >&2
		exit 1
	}
	as_root="sudo env"
fi
echo "install-packages.sh: installing$missing" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
for step in "update" "install -y --no-install-recommends$missing"; do
	# shellcheck disable=SC2086 # the step and the packages are words
	if ! $as_root ${as_root:+DEBIAN_FRONTEND=noninteractive} apt-get -q $step >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		echo "install-packages.sh: 'apt-get $step' failed (above). Check the network and" \
			"/etc/apt/sources.list, then run it again." >&2
		exit 1
	fi
done
# The package starts a server; the tests start their own, on an address of their own.
case $missing in
*" prometheus"*)
	if [ -d /run/systemd/system ]; then
		$as_root systemctl disable --now prometheus.service >/dev/null 2>&1 || true
	elif [ -x /etc/init.d/prometheus ]; then
		$as_root service prometheus stop >/dev/null 2>&1 || true
	fi
	;;
esac
