// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	rt "runtime/metrics"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var started = time.Now()

// Age moves the start of the process that the metrics tell into the past: a test of minutes can so
// have a process that is no longer new.
func Age(age time.Duration) { started = started.Add(-age) }

// Births is the number of goroutines started so far, as the runtime counts them; -1 before Go 1.26,
// which does not.
func Births() int64 {
	sample := []rt.Sample{{Name: "/sched/goroutines-created:goroutines"}}
	rt.Read(sample)
	if sample[0].Value.Kind() != rt.KindUint64 {
		return -1
	}
	return int64(sample[0].Value.Uint64())
}

// Handler answers with everything: requests, process, Go runtime. More writers can add their own.
func (h *HTTP) Handler(more ...func(io.Writer)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		var text bytes.Buffer
		h.write(&text)
		writeProcess(&text)
		writeRuntime(&text)
		for _, write := range more {
			write(&text)
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(text.Bytes())
	}
}

func simple(w io.Writer, name, kind, help string, value float64) {
	family(w, name, kind, help)
	fmt.Fprintf(w, "%s %s\n", name, number(value))
}

func writeProcess(w io.Writer) {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) == nil {
		cpu := float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
		simple(w, "process_cpu_seconds_total", "counter", "CPU time, user and system.", cpu)
	}
	// The second field of statm is the resident size in pages.
	if statm, err := os.ReadFile("/proc/self/statm"); err == nil {
		if fields := strings.Fields(string(statm)); len(fields) > 1 {
			pages, _ := strconv.ParseFloat(fields[1], 64)
			simple(w, "process_resident_memory_bytes", "gauge", "Resident memory.",
				pages*float64(os.Getpagesize()))
		}
	}
	simple(w, "process_start_time_seconds", "gauge", "Start of the process, Unix time.",
		float64(started.UnixNano())/1e9)
}

func writeRuntime(w io.Writer) {
	simple(w, "go_goroutines", "gauge", "Goroutines that exist.", float64(runtime.NumGoroutine()))
	family(w, "go_info", "gauge", "The Go version.")
	fmt.Fprintf(w, "go_info{version=%q} 1\n", runtime.Version())
	var gc debug.GCStats
	debug.ReadGCStats(&gc)
	family(w, "go_gc_duration_seconds", "summary", "Pauses of garbage collections.")
	fmt.Fprintf(w, "go_gc_duration_seconds_sum %s\n", number(gc.PauseTotal.Seconds()))
	fmt.Fprintf(w, "go_gc_duration_seconds_count %d\n", gc.NumGC)

	// Which of these exist depends on the Go version: an unknown one has kind KindBad.
	samples := []rt.Sample{
		{Name: "/sched/latencies:seconds"},
		{Name: "/sched/pauses/total/other:seconds"},
		{Name: "/sched/pauses/total/gc:seconds"},
		{Name: "/cpu/classes/gc/total:cpu-seconds"},
		{Name: "/cpu/classes/total:cpu-seconds"},
		{Name: "/memory/classes/heap/objects:bytes"},
	}
	rt.Read(samples)
	for _, s := range samples {
		name := "go_" + strings.NewReplacer("/", "_", ":", "_", "-", "_").Replace(s.Name[1:])
		switch s.Value.Kind() {
		case rt.KindFloat64Histogram:
			writeRuntimeHistogram(w, name, s.Value.Float64Histogram())
		case rt.KindFloat64:
			simple(w, name+"_total", "counter", "From runtime/metrics.", s.Value.Float64())
		case rt.KindUint64:
			simple(w, name, "gauge", "From runtime/metrics.", float64(s.Value.Uint64()))
		}
	}
}

// The runtime has hundreds of buckets; keep a bound only when it is twice the one before. The
// runtime knows no sum, so it is estimated from the lower bound of each bucket.
func writeRuntimeHistogram(w io.Writer, name string, h *rt.Float64Histogram) {
	family(w, name, "histogram", "From runtime/metrics.")
	var below uint64
	var sum, last float64
	for i, count := range h.Counts {
		below += count
		if low := h.Buckets[i]; !math.IsInf(low, 0) {
			sum += low * float64(count)
		}
		high := h.Buckets[i+1]
		if math.IsInf(high, 0) || (high < 2*last && last > 0) {
			continue
		}
		last = high
		fmt.Fprintf(w, "%s_bucket{le=%q} %d\n", name, number(high), below)
	}
	fmt.Fprintf(w, "%s_bucket{le=\"+Inf\"} %d\n", name, below)
	fmt.Fprintf(w, "%s_sum %s\n%s_count %d\n", name, number(sum), name, below)
}
