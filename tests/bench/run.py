#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures parkwatch beside other tools on the same input in the same run, and prints tables.

    tests/bench/run.py --build build [--runs 5] [--json FILE] [--check 1] [--only readers,collection,bundle,show,replay,judge]

Readers get one core each. Every figure is the median of several runs that alternate between the tools, so that what else the
machine does meets them alike. Memory is the highest resident size less the size of the input.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MIB = 1 << 20
# How many times as fast as gostackparse reading must be, all facts kept.
ASKED = {"leak": 10, "service": 6, "worst": 2}


def log(text):
    print(text, file=sys.stderr, flush=True)


class Run:
    """One finished process: its output, wall seconds, CPU seconds, highest resident size."""

    measure = None  # the program of measure.c

    def __init__(self, command, **options):
        command = list(map(str, command))
        with tempfile.NamedTemporaryFile() as cost:
            done = subprocess.run([Run.measure, cost.name, *command], stdout=subprocess.PIPE, **options)
            if done.returncode:
                sys.exit(f"bench: {' '.join(command)[:200]}: exit status {done.returncode}")
            self.out = done.stdout
            self.__dict__.update(json.load(open(cost.name, encoding="utf-8")))


def alternate(runs, tools):
    """tools: name to a function that does one run; gives name to the list of its results."""
    results = {name: [] for name in tools}
    for _ in range(runs):
        for name, once in tools.items():
            results[name].append(once())
    return results


def median(values):
    return statistics.median(values)


def table(title, header, rows):
    print(f"\n{title}")
    texts = [header] + [[str(c) for c in row] for row in rows]
    widths = [max(len(row[i]) for row in texts) for i in range(len(header))]
    for row in texts:
        print("  " + "  ".join(c.ljust(w) if i == 0 else c.rjust(w)
                               for i, (c, w) in enumerate(zip(row, widths))).rstrip())
    sys.stdout.flush()


def go(folder, output, *packages):
    """Builds a Go program; its modules come from wherever Go is set up to get them."""
    command = subprocess.check_output([ROOT / "scripts/find-go.sh"], text=True).strip()
    env = os.environ | {"GOFLAGS": "-buildvcs=false -trimpath", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
    subprocess.check_call([command, "build", "-o", str(output), *(packages or ["."])], cwd=folder, env=env)


def make_dumps(work):
    """The three dumps, from a real program, once per build folder."""
    dumps = {name: work / f"{name}.txt" for name in ("leak", "service", "worst")}
    if not all(path.exists() for path in dumps.values()):
        go(HERE / "dumps", work / "dumps")
        for name, path in dumps.items():
            log(f"bench: making the dump '{name}'")
            unfinished = path.with_suffix(".part")
            subprocess.check_call([work / "dumps", name, unfinished])
            unfinished.rename(path)
    return dumps


def readers(build, work, runs):
    """Parsing speed: ours, two others, and splitting lines with memchr as the limit."""
    dumps = make_dumps(work)
    go(HERE / "peers", work / "peers")
    ours = build / "tests/bench/bench-readers"
    commands = {"parkwatch": ours, "gostackparse": work / "peers", "panicparse": work / "peers", "memchr": ours}
    figures = {}
    for name, path in dumps.items():
        size = path.stat().st_size
        log(f"bench: reading '{name}', {runs} runs of each")

        def once(tool, path=path):
            # One core each: ours has one thread, and Go would collect garbage on the other.
            run = Run([commands[tool], tool, path, "0.5"], env=os.environ | {"GOMAXPROCS": "1"})
            return json.loads(run.out) | {"rss": run.rss}

        results = alternate(runs, {tool: lambda tool=tool: once(tool) for tool in commands})
        speed = {tool: median([r["mib_per_s"] for r in rs]) for tool, rs in results.items()}
        memory = {tool: median([r["rss"] for r in rs]) - size for tool, rs in results.items()}
        counts = {tool: rs[0]["goroutines"] for tool, rs in results.items()}
        if len(set(counts.values())) != 1:
            log(f"bench: they do not agree on the number of goroutines: {counts}")
        table(f"Reading '{name}': {size / MIB:.1f} MiB, {counts['parkwatch']} goroutines, "
              f"{results['parkwatch'][0]['stacks']} stacks",
              ["reader", "MiB/s", "x gostackparse", "memory, MiB"],
              [[tool, f"{speed[tool]:.0f}", f"{speed[tool] / speed['gostackparse']:.2f}",
                f"{memory[tool] / MIB:.1f}"] for tool in commands])
        figures[name] = {"mib_per_s": speed, "memory_bytes": memory, "goroutines": counts,
                         "anonymous_bytes": results["parkwatch"][0]["anonymous_bytes"]}
        print(f"  anonymous memory of parkwatch with everything read: "
              f"{figures[name]['anonymous_bytes'] / MIB:.1f} MiB")
        times = speed["parkwatch"] / speed["gostackparse"]
        figures[name]["times"] = times
        print(f"  asked: {ASKED[name]} times gostackparse; measured: {times:.1f}"
              f"{'' if times >= ASKED[name] else '  TOO SLOW'}")
    return figures


class Targets:
    """The pprof servers of tests/bench/targets, for as long as the block lasts."""

    def __init__(self, work, ports, goroutines, *dump):
        self.command = [work / "targets", str(ports), str(goroutines), *dump]
        self.ports = ports

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return [self.process.stdout.readline().strip() for _ in range(self.ports)]

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=20)


def fetched(bundle):
    """Paths that a bundle's profiles were fetched from, for the others to fetch the same."""
    with tarfile.open(bundle) as tar:
        return sorted({pathlib.PurePath(name).name for name in tar.getnames() if name.startswith("targets/")})


PATHS = {"goroutine.txt.gz": "goroutine?debug=2", "goroutine.pb.gz": "goroutine?debug=0",
         "block.pb.gz": "block?debug=0", "mutex.pb.gz": "mutex?debug=0"}


def fetch_with_curl(urls, members, folder):
    """The same profiles of the same targets, 50 at a time, by one curl."""
    settings = folder / "curl.txt"
    lines = []
    for i, url in enumerate(urls):
        for member in members:
            lines += [f'url = "{url}/debug/pprof/{PATHS[member]}"', f'output = "{folder}/{i}-{member[:-3]}"']
    settings.write_text("\n".join(lines) + "\n")
    return Run(["curl", "-fsS", "--no-progress-meter", "--noproxy", "*", "--parallel", "--parallel-max", "50", "-K", settings])


def emptied(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def timed_rows(results):
    return [[name, f"{median([r.seconds for r in rs]):.2f}", f"{median([r.cpu for r in rs]):.2f}",
             f"{median([r.rss for r in rs]) / MIB:.1f}"] for name, rs in results.items()]


def timed_figures(results):
    return {name: {"seconds": median([r.seconds for r in rs]), "cpu_seconds": median([r.cpu for r in rs]),
                   "rss_bytes": median([r.rss for r in rs])} for name, rs in results.items()}


TIMED = ["", "seconds", "CPU, s", "memory, MiB"]


def collection(build, work, runs):
    """200 targets at once: one snapshot into a bundle, against curl alone."""
    go(HERE / "targets", work / "targets")
    bundle = work / "many.tar"
    with Targets(work, 200, 500) as urls:
        def ours():
            return Run([build / "collector/parkwatch", "collect", *urls, "--snapshots", "1", "-o", bundle],
                       stderr=subprocess.DEVNULL)

        ours()
        members = [m for m in fetched(bundle) if m in PATHS]
        log(f"bench: fetching {', '.join(members)} of 200 targets, {runs} runs of each")
        results = alternate(runs, {
            "parkwatch collect": ours,
            "curl --parallel": lambda: fetch_with_curl(urls, members, emptied(work / "curl")),
        })
    table(f"One snapshot of 200 targets ({', '.join(members)})", TIMED, timed_rows(results))
    return timed_figures(results)


def bundle(build, work, runs):
    """One big dump fetched and packed, against curl, tar and gzip."""
    go(HERE / "targets", work / "targets")
    dump = make_dumps(work)["leak"]
    ours, theirs = work / "one.tar", work / "one.tar.gz"
    with Targets(work, 1, 500, dump) as urls:
        def with_tar():
            folder = emptied(work / "curl")
            begun = time.monotonic()
            first = fetch_with_curl(urls, list(PATHS), folder)
            run = Run(["tar", "-C", folder, "-czf", theirs, "."])
            run.seconds = time.monotonic() - begun
            run.cpu += first.cpu
            return run

        log(f"bench: a bundle of a dump of {dump.stat().st_size / MIB:.0f} MiB, {runs} runs of each")
        results = alternate(runs, {
            "parkwatch collect --deep": lambda: Run(
                [build / "collector/parkwatch", "collect", *urls, "--deep", "--snapshots", "1", "-o", ours],
                stderr=subprocess.DEVNULL),
            "curl, then tar -cz": with_tar,
        })
    table(f"A dump of {dump.stat().st_size / MIB:.1f} MiB into an archive", TIMED + ["archive, KiB"],
          [row + [f"{path.stat().st_size / 1024:.0f}"] for row, path in zip(timed_rows(results), (ours, theirs))])
    return timed_figures(results)


def show(build, work, runs):
    """Who sits where in a dump of 55 MiB."""
    dump = make_dumps(work)["leak"]
    go(HERE / "peers", work / "peers")
    log(f"bench: show, {runs} runs of each")
    results = alternate(runs, {
        "parkwatch show": lambda: Run([build / "collector/parkwatch", "show", dump]),
        "gostackparse, reading alone": lambda: Run([work / "peers", "gostackparse", dump, "0"]),
        "grep -c '^goroutine '": lambda: Run(["grep", "-c", "^goroutine ", dump]),
    })
    table(f"show on {dump.stat().st_size / MIB:.1f} MiB", TIMED, timed_rows(results))
    return timed_figures(results)


# What a day of one service may take to be judged again, and one tick of a target of 10,000 goroutines in 200 stacks.
REPLAY_SECONDS, TICK_MS, JUDGE_BYTES = 2, 5, MIB


def replay(build, work, runs):
    """A day of looks, one a minute, judged again: 2,000 goroutines in 60 stacks."""
    tool, day = build / "tests/bench/bench-judge", work / "day.jsonl"
    with open(day, "wb") as file:
        subprocess.check_call([tool, "day", "60", "2000", "1440"], stdout=file)
    reading = "import json, sys\nfor line in open(sys.argv[1], 'rb'): json.loads(line)"
    log(f"bench: a day replayed, {runs} runs of each")
    results = alternate(runs, {
        "parkwatch analyze": lambda: Run([build / "collector/parkwatch", "analyze", day]),
        "Python's json, reading alone": lambda: Run([sys.executable, "-c", reading, day]),
    })
    table(f"A day replayed: 1,440 looks, {day.stat().st_size / MIB:.1f} MiB", TIMED, timed_rows(results))
    figures = timed_figures(results)
    # On a core of its own, that is: it has one thread and waits for nothing.
    seconds = figures["parkwatch analyze"]["cpu_seconds"]
    print(f"  asked: below {REPLAY_SECONDS} s of a core; measured: {seconds:.2f} s{'' if seconds < REPLAY_SECONDS else '  TOO SLOW'}")
    return figures


def judge(build, _work, runs):
    """What one tick costs by the number of goroutines that are followed, and what the judge holds after a day."""
    tool = build / "tests/bench/bench-judge"
    sizes = {1000: 1440, 10000: 1440, 100000: 300}
    log(f"bench: judging, {runs} runs of each")
    results = alternate(runs, {
        goroutines: lambda goroutines=goroutines, minutes=minutes:
            json.loads(Run([tool, "ticks", "200", str(goroutines), str(minutes)]).out)
        for goroutines, minutes in sizes.items()})
    figures = {goroutines: {key: median([r[key] for r in rs]) for key in ("ms", "bytes", "state_bytes")}
               for goroutines, rs in results.items()}
    table("Judging one tick, 200 stacks", ["goroutines", "ticks", "ms", "ns a goroutine", "memory, KiB", "state line, KiB"],
          [[f"{goroutines:,}", sizes[goroutines], f"{f['ms']:.2f}", f"{f['ms'] * 1e6 / goroutines:.0f}",
            f"{f['bytes'] / 1024:.0f}", f"{f['state_bytes'] / 1024:.0f}"] for goroutines, f in figures.items()])
    tick = figures[10000]
    met = tick["ms"] < TICK_MS and tick["bytes"] < JUDGE_BYTES
    print(f"  asked of 10,000: below {TICK_MS} ms and {JUDGE_BYTES >> 10} KiB; measured: {tick['ms']:.2f} ms and "
          f"{tick['bytes'] / 1024:.0f} KiB{'' if met else '  TOO MUCH'}")
    return figures


PARTS = {"readers": readers, "collection": collection, "bundle": bundle, "show": show, "replay": replay, "judge": judge}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--json", type=pathlib.Path, help="write all figures there")
    parser.add_argument("--check", type=float, metavar="SHARE",
                        help="exit with 1 when reading is below this share of the asked ratio")
    args = parser.parse_args()
    Run.measure = args.build.resolve() / "tests/bench/measure"
    work = args.build.resolve() / "bench"
    work.mkdir(parents=True, exist_ok=True)
    figures = {name: PARTS[name](args.build.resolve(), work, args.runs) for name in args.only.split(",")}
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")
    if args.check and not all(f["times"] >= args.check * ASKED[name]
                              for name, f in figures["readers"].items()):
        sys.exit(1)


if __name__ == "__main__":
    main()
