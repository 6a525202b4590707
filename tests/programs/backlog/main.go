// SPDX-License-Identifier: Apache-2.0

// backlog is a service whose handlers wait for a slow dependency and go on when it answers. Its
// goroutines pile up as those of a leak do, and none is leaked.
package main

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"parkwatch.dev/programs/internal/metrics"
	"parkwatch.dev/programs/internal/serve"
)

const mostAtOnce = 200000

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "`address` of the application, loopback only")
	listenPprof := flag.String("listen-pprof", "127.0.0.1:0", "`address` of pprof, /metrics, /truth, /dependency, /hold")
	latency := flag.Duration("latency", 5*time.Millisecond, "of the dependency while it is well")
	blockRate := flag.Int("block-rate", 0, "block profile: one event per so many `ns` of blocking; 0 is off")
	lifetime := flag.Duration("lifetime", 30*time.Minute, "it ends by itself after this")
	age := flag.Duration("age", 0, "how long before now the metrics say that it was started")
	flag.Parse()
	metrics.Age(*age)
	runtime.SetBlockProfileRate(*blockRate)

	counts := metrics.NewHTTP()
	d := &dependency{latency: *latency, answers: closed()}
	app := http.NewServeMux()
	app.HandleFunc("/work", counts.Wrap("/work", func(w http.ResponseWriter, _ *http.Request) {
		d.ask()
		_, _ = w.Write([]byte("done\n"))
	}))
	app.HandleFunc("/sleep", counts.Wrap("/sleep", sleeper))

	diagnostics := serve.Diagnostics()
	diagnostics.HandleFunc("/metrics", counts.Handler())
	diagnostics.HandleFunc("/dependency", d.serveHTTP)
	diagnostics.HandleFunc("/hold", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.URL.Query().Get("n"))
		if err != nil || n < 1 || n > mostAtOnce || r.Method != http.MethodPost {
			http.Error(w, "POST /hold?n=1..200000", http.StatusBadRequest)
			return
		}
		// As requests that arrive all at once, without their connections.
		for i := 0; i < n; i++ {
			go func() {
				end := counts.Begin("/work")
				d.ask()
				end(http.StatusOK)
			}()
		}
		serve.JSON(w, d.truth(counts))
	})
	diagnostics.HandleFunc("/truth", func(w http.ResponseWriter, _ *http.Request) {
		serve.JSON(w, d.truth(counts))
	})
	program := serve.Program{App: app, Diagnostics: diagnostics, Listen: *listen,
		ListenPprof: *listenPprof, Lifetime: *lifetime}
	serve.Exit("backlog", program.Run(os.Stdout))
}

// sleeper is the handler of the classic test: it sleeps for ten seconds, or as asked up to a minute.
func sleeper(w http.ResponseWriter, r *http.Request) {
	length, err := time.ParseDuration(r.URL.Query().Get("for"))
	if err != nil || length > time.Minute {
		length = 10 * time.Second
	}
	time.Sleep(length)
	_ = json.NewEncoder(w).Encode(length.String())
}

// dependency answers after its latency while it is well; while it is stuck, everybody waits.
type dependency struct {
	mu      sync.Mutex
	stuck   bool
	latency time.Duration
	answers chan struct{} // closed while it is well
	waiting int
}

func closed() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func (d *dependency) ask() {
	d.mu.Lock()
	d.waiting++
	d.mu.Unlock()
	d.wait()
	d.mu.Lock()
	d.waiting--
	latency := d.latency
	d.mu.Unlock()
	time.Sleep(latency)
}

func (d *dependency) wait() {
	d.mu.Lock()
	answers := d.answers
	d.mu.Unlock()
	<-answers
}

// POST /dependency?state=stuck|well&latency=5ms
func (d *dependency) serveHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	state := query.Get("state")
	latency, err := time.ParseDuration(query.Get("latency"))
	if query.Get("latency") == "" {
		latency, err = -1, nil
	}
	if r.Method != http.MethodPost || err != nil || (state != "" && state != "stuck" && state != "well") {
		http.Error(w, "POST /dependency?state=stuck|well&latency=5ms", http.StatusBadRequest)
		return
	}
	d.mu.Lock()
	if latency >= 0 {
		d.latency = latency
	}
	if state == "stuck" && !d.stuck {
		d.stuck, d.answers = true, make(chan struct{})
	} else if state == "well" && d.stuck {
		d.stuck = false
		close(d.answers)
	}
	stuck := d.stuck
	d.mu.Unlock()
	serve.JSON(w, map[string]interface{}{"stuck": stuck})
}

func (d *dependency) truth(counts *metrics.HTTP) interface{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return map[string]interface{}{
		"sites": []int{}, "leaked": 0, "requests": counts.Requests(), "in_flight": counts.InFlight(),
		"waiting": d.waiting, "stuck": d.stuck, "goroutines": runtime.NumGoroutine(),
	}
}
