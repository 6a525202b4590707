# SPDX-License-Identifier: Apache-2.0
"""What net/http/pprof answers, made from a few lines of Python: a program with a known state."""

import gzip
import time


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


class Profile:
    """A profile.proto with as many samples as are added."""

    def __init__(self, *types):
        self.strings = [""]
        self.body = b""
        self.places = {}
        for kind, unit in types:
            self.body += field(1, field(1, self.string(kind)) + field(2, self.string(unit)))

    def string(self, text):
        if text not in self.strings:
            self.strings.append(text)
        return self.strings.index(text)

    def place(self, frame):
        if frame not in self.places:
            number = len(self.places) + 1
            function, file, line = frame
            self.body += field(5, field(1, number) + field(2, self.string(function))
                               + field(3, self.string(function)) + field(4, self.string(file)))
            self.body += field(4, field(1, number) + field(4, field(1, number) + field(2, line)))
            self.places[frame] = number
        return self.places[frame]

    def add(self, frames, *values):
        places = b"".join(varint(self.place(frame)) for frame in frames)
        self.body += field(2, field(1, places) + field(2, b"".join(map(varint, values))))

    def bytes(self):
        table = b"".join(field(6, text.encode()) for text in self.strings)
        return gzip.compress(self.body + table, mtime=0)


SITE = ("main.leak", "/src/app/main.go", 42)
ROOT = ("main.main.func1", "/src/app/main.go", 10)
BLOCKED = [("runtime.gopark", "/go/src/runtime/proc.go", 398),
           ("runtime.chansend", "/go/src/runtime/chan.go", 259),
           ("runtime.chansend1", "/go/src/runtime/chan.go", 145), SITE, ROOT]


class Program:
    """A Go program with `leaked` goroutines in one place, and `per_round` more after each dump."""

    def __init__(self, leaked=5, per_round=3, first_id=20, start=None, label=None, metrics=True,
                 leak_profile=False):
        self.leaked = leaked
        self.per_round = per_round
        self.first_id = first_id
        self.start = start or time.time() - 3600
        self.cpu = 10.0
        self.label = label
        self.requests = 1000
        self.has_metrics = metrics
        self.contentions = 100
        self.leak_profile = leak_profile

    def restart(self):
        """Another process answers at this address from now on."""
        self.start = time.time()
        self.first_id, self.leaked, self.cpu = 20, 2, 0.1
        self.requests, self.contentions = 3, 1

    def index(self):
        counts = [("block", 1), ("goroutine", self.leaked + 2), ("mutex", 1)]
        if self.leak_profile:
            counts.append(("goroutineleak", 0))
        rows = "".join(f"<tr><td>{count}</td><td><a href='{name}?debug=1'>{name}</a></td></tr>\n"
                       for name, count in counts)
        return f"<html><body><table>{rows}</table></body></html>".encode()

    def dump(self):
        label = f" {{{self.label}}}" if self.label else ""
        observer = self.first_id + self.leaked + 1
        text = (f"goroutine {observer} [running]:\n"
                "runtime/pprof.writeGoroutineStacks({0x7f, 0xc0})\n"
                "\t/go/src/runtime/pprof/pprof.go:764 +0x6a\n\n"
                "goroutine 1 [IO wait, 12 minutes]:\n"
                "main.main()\n\t/src/app/main.go:7 +0x1d\n")
        for number in range(self.first_id, self.first_id + self.leaked):
            text += (f"\ngoroutine {number} [chan send, 5 minutes]{label}:\n"
                     "main.leak(0xc000012345)\n\t/src/app/main.go:42 +0x25\n"
                     "created by main.main.func1 in goroutine 1\n\t/src/app/main.go:10 +0x85\n")
        self.leaked += self.per_round
        return text.encode()

    def counts(self):
        profile = Profile(("goroutine", "count"))
        profile.add(BLOCKED, self.leaked)
        self.leaked += self.per_round
        return profile.bytes()

    def proved(self):
        profile = Profile(("goroutineleak", "count"))
        profile.add(BLOCKED, self.leaked)
        return profile.bytes()

    def contention(self):
        profile = Profile(("contentions", "count"), ("delay", "nanoseconds"))
        self.contentions += 10
        profile.add([("sync.(*Mutex).Unlock", "/go/src/sync/mutex.go", 223), SITE, ROOT],
                    self.contentions, self.contentions * 1_000_000)
        return profile.bytes()

    def metrics(self):
        self.cpu += 0.1
        self.requests += 50
        return ("# TYPE process_start_time_seconds gauge\n"
                f"process_start_time_seconds {self.start:.2f}\n"
                "# TYPE process_cpu_seconds_total counter\n"
                f"process_cpu_seconds_total {self.cpu:.2f}\n"
                "# TYPE go_goroutines gauge\n"
                f"go_goroutines {self.leaked + 2}\n"
                "# TYPE http_requests_total counter\n"
                f"http_requests_total{{code=\"200\"}} {self.requests}\n").encode()

    def answer(self, path, query):
        """The body for a path, or None: 404."""
        if path == "/metrics":
            return self.metrics() if self.has_metrics else None
        name = path.removeprefix("/debug/pprof/")
        if name == "":
            return self.index()
        if name == "goroutine":
            return self.dump() if "debug=2" in query else self.counts()
        if name == "goroutineleak" and self.leak_profile:
            return self.proved()
        if name in ("block", "mutex"):
            return self.contention()
        return None
