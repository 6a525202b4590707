// SPDX-License-Identifier: Apache-2.0

// leaky is an HTTP gateway that leaks goroutines in known places, at a known rate, and tells the
// truth about it under /truth.
package main

import (
	"flag"
	"net/http"
	"os"
	"runtime"
	"time"

	"parkwatch.dev/programs/internal/metrics"
	"parkwatch.dev/programs/internal/serve"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "`address` of the application, loopback only")
	listenPprof := flag.String("listen-pprof", "127.0.0.1:0", "`address` of pprof, /metrics, /truth, /leak")
	pattern := flag.String("pattern", "send", "`list` of send,range,cancel,waitgroup,body,mutex,poll; or all")
	probability := flag.Float64("probability", 0.05, "of leaking, per request and pattern")
	seed := flag.Int64("seed", time.Now().UnixNano(), "of the dice")
	blockRate := flag.Int("block-rate", 0, "block profile: one event per so many `ns` of blocking; 0 is off")
	mutexFraction := flag.Int("mutex-fraction", 0, "mutex profile: one of `n` events; 0 is off")
	contend := flag.Duration("contend", 0, "how long the ledger's lock is held; 0 is no contention")
	contendWorkers := flag.Int("contend-workers", 4, "how many goroutines post to the ledger")
	contendPause := flag.Duration("contend-pause", 200*time.Millisecond, "mean pause between two posts of one")
	lifetime := flag.Duration("lifetime", 30*time.Minute, "it ends by itself after this")
	age := flag.Duration("age", 0, "how long before now the metrics say that it was started")
	flag.Parse()
	metrics.Age(*age)

	dice, err := newSwitches(*pattern, *probability, *seed)
	serve.Exit("leaky", err)
	runtime.SetBlockProfileRate(*blockRate)
	runtime.SetMutexProfileFraction(*mutexFraction)
	upstream, err := startUpstream()
	serve.Exit("leaky", err)

	gateway := newGateway(dice, upstream)
	book := newLedger(*contend)
	if *contend > 0 {
		book.start(*contendWorkers, *contendPause)
	}
	counts := metrics.NewHTTP()
	app := http.NewServeMux()
	app.HandleFunc("/order", counts.Wrap("/order", gateway.order))
	app.HandleFunc("/contend", counts.Wrap("/contend", book.serveHTTP))
	app.HandleFunc("/health", counts.Wrap("/health", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n"))
	}))

	begun := time.Now()
	diagnostics := serve.Diagnostics()
	dumps := &dumpCounter{next: diagnostics}
	diagnostics.HandleFunc("/metrics", counts.Handler())
	diagnostics.HandleFunc("/leak", dice.serveHTTP)
	diagnostics.HandleFunc("/births", serveBirths)
	diagnostics.HandleFunc("/truth", func(w http.ResponseWriter, _ *http.Request) {
		sites, leaked := gateway.truth.copy()
		seconds := time.Since(begun).Seconds()
		serve.JSON(w, map[string]interface{}{
			"sites": sites, "leaked": leaked, "requests": counts.Requests(), "seconds": seconds,
			"rate_per_s": float64(leaked) / seconds, "goroutines": runtime.NumGoroutine(),
			"births": metrics.Births(), "procs": runtime.GOMAXPROCS(0), "dumps": dumps.count(),
			"contention": book.truth(),
		})
	})
	program := serve.Program{App: app, Diagnostics: dumps, Listen: *listen,
		ListenPprof: *listenPprof, Lifetime: *lifetime}
	serve.Exit("leaky", program.Run(os.Stdout))
}
