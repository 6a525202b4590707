# SPDX-License-Identifier: Apache-2.0
"""The real Go programs under test: started, loaded, asked for the truth, and ended by their own id."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("PARKWATCH_PROGRAMS", ROOT / "build/programs"))
PARKWATCH = pathlib.Path(os.environ.get("PARKWATCH", ROOT / "build/collector/parkwatch"))

# parkwatch takes PARKWATCH_... variables for settings; these two are for the tests.
_ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("PARKWATCH")}

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url, post=False):
    """JSON from one of the programs."""
    request = urllib.request.Request(url, method="POST" if post else "GET")
    with _opener.open(request, timeout=20) as answer:
        return json.load(answer)


class Program:
    """A running program of tests/programs. Use as a context manager."""

    def __init__(self, name, *flags):
        command = [str(PROGRAMS / name), *map(str, flags)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        addresses = json.loads(self.process.stdout.readline())
        self.app, self.pprof = addresses["app"], addresses["pprof"]
        self.target = urllib.parse.urlsplit(self.pprof).netloc
        self.loads = []

    def load(self, path, rate, seconds, *flags):
        """Requests at a set rate for a set time, beside everything else."""
        command = [str(PROGRAMS / "load"), "--url", self.app + path, "--rate", str(rate),
                   "--duration", f"{seconds}s", *map(str, flags)]
        self.loads.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))

    def truth(self):
        """What the program says of itself, with the time of the answer."""
        told = ask(self.pprof + "/truth")
        told["asked"] = time.monotonic()
        return told

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in [*self.loads, self.process]:
            end(process)


def end(process):
    """Ends a process that was started here, by its own id."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def end_all_at_sigterm():
    """SIGTERM unwinds like Ctrl-C does, so that everything started is ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


class Collection:
    """One `parkwatch collect` that runs beside everything else. Use as a context manager."""

    def __init__(self, target, snapshots, interval_s, bundle, *flags):
        self.bundle = pathlib.Path(bundle)
        command = [str(PARKWATCH), "collect", target, "--snapshots", str(snapshots),
                   "--interval", f"{interval_s}s", "-o", str(bundle), *map(str, flags)]
        self.said = open(self.bundle.with_suffix(".log"), "w", encoding="utf-8")
        self.process = subprocess.Popen(command, stdout=self.said, stderr=subprocess.STDOUT,
                                        env=_ENVIRONMENT)

    def wait(self, timeout_s):
        """Waits for the bundle; complete or partial, it is there."""
        status = self.process.wait(timeout=timeout_s)
        if status not in (0, 2):
            said = self.bundle.with_suffix(".log").read_text(encoding="utf-8")
            raise RuntimeError(f"{self.bundle.stem}: collect ended with {status}: {said[-1000:]}")
        return self.bundle

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            end(self.process)
        self.said.close()


def analyze(path):
    """findings.json of a bundle or of observations."""
    told = subprocess.run([str(PARKWATCH), "analyze", str(path), "--format", "json"],
                          capture_output=True, text=True, env=_ENVIRONMENT, timeout=300)
    if told.returncode not in (0, 2) or not told.stdout:
        raise RuntimeError(f"analyze {path} ended with {told.returncode}: {told.stderr[-1000:]}")
    return json.loads(told.stdout)


def collect(targets, snapshots, interval_s, profiles, folder, name, *flags):
    """One collection of all targets; returns its findings.json."""
    bundle = pathlib.Path(folder) / f"{name}.tar"
    command = [str(PARKWATCH), "collect", *targets, "--snapshots", str(snapshots),
               "--interval", f"{interval_s}s", "--profiles", profiles, "-o", str(bundle), *flags]
    done = subprocess.run(command, capture_output=True, text=True, env=_ENVIRONMENT,
                          timeout=snapshots * interval_s + 180)
    if done.returncode != 0:
        raise RuntimeError(f"collect ended with {done.returncode}: {done.stderr[-2000:]}")
    return analyze(bundle)
