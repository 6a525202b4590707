# SPDX-License-Identifier: Apache-2.0
"""One goroutine has one signature in debug=2, debug=1 and profile.proto, and in `parkwatch show`.

With the installed Go, and with every version named in GO_VERSIONS ("1.21.13 1.27.4"), which come
as toolchain modules. tests/golden holds the same for Go 1.20 to 1.27 from recorded runs."""

import json
import os
import subprocess
import sys

import pytest

from conftest import BUILD, ROOT

sys.path.insert(0, str(ROOT / "tests/golden"))
from check_signatures import FORMS, differences  # noqa: E402

DUMP_SIGNATURES = BUILD.resolve() / "tests/golden/dump-signatures"
VERSIONS = ["installed", *os.environ.get("GO_VERSIONS", "").split()]
BUILDS = {"plain": [], "stripped": ["-trimpath", "-ldflags", "-s -w"]}


@pytest.fixture(scope="module", params=[(v, b) for v in VERSIONS for b in BUILDS],
                ids=lambda p: "-".join(p))
def forms(request, tmp_path_factory):
    """The three forms that a fresh build of the program wrote of itself."""
    version, build = request.param
    folder = tmp_path_factory.mktemp("signatures")
    go = subprocess.run([ROOT / "scripts/find-go.sh"], check=True, stdout=subprocess.PIPE,
                        text=True).stdout.strip()
    toolchain = "local" if version == "installed" else "go" + version
    env = os.environ | {"GOTOOLCHAIN": toolchain, "GOFLAGS": "-buildvcs=false", "CGO_ENABLED": "0"}
    subprocess.run([go, "build", *BUILDS[build], "-o", folder / "signatures", "./signatures"],
                   check=True, env=env, cwd=ROOT / "tests/programs")
    subprocess.run([folder / "signatures", "-o", folder], check=True, timeout=60)
    return [folder / form for form in FORMS]


def test_three_forms_give_one_signature_per_goroutine(forms):
    assert not list(differences(DUMP_SIGNATURES, forms))


def test_show_counts_the_same_stacks_in_each_form(forms, run):
    def stacks(path):
        shown = run("show", "--format", "json", "--top", "1000", path)
        assert shown.status == 0, shown
        groups = json.loads(shown.out)["groups"]
        # Who asks is at another line each time.
        return sorted((g["stack"], g["count"]) for g in groups
                      if not g["frames"][0]["function"].startswith("runtime/pprof."))

    first, *others = [stacks(path) for path in forms]
    assert len(first) > 50
    for other in others:
        assert other == first
