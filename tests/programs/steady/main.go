// SPDX-License-Identifier: Apache-2.0

// steady is a service without a leak that does all that looks like one from afar: pools, keep-alive
// connections, tickers, long sessions, bursts, a cache that fills up to its bound, changing load.
package main

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"time"

	"parkwatch.dev/programs/internal/metrics"
	"parkwatch.dev/programs/internal/serve"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "`address` of the application, loopback only")
	listenPprof := flag.String("listen-pprof", "127.0.0.1:0", "`address` of pprof, /metrics and /truth")
	rate := flag.Float64("self", 40, "requests per second that it sends itself; 0: load comes from outside")
	swing := flag.Float64("swing", 0.7, "share by which that rate goes up and down")
	period := flag.Duration("period", 90*time.Second, "of the swing")
	burst := flag.Duration("burst", 20*time.Second, "between bursts of short work; 0 is none")
	burstSize := flag.Int("burst-size", 300, "goroutines of one burst")
	bound := flag.Int("cache", 200, "entries of the cache, each with a goroutine that refreshes it")
	blockRate := flag.Int("block-rate", 0, "block profile: one event per so many `ns` of blocking; 0 is off")
	mutexFraction := flag.Int("mutex-fraction", 0, "mutex profile: one of `n` events; 0 is off")
	lifetime := flag.Duration("lifetime", 30*time.Minute, "it ends by itself after this")
	age := flag.Duration("age", 0, "how long before now the metrics say that it was started")
	flag.Parse()
	metrics.Age(*age)
	runtime.SetBlockProfileRate(*blockRate)
	runtime.SetMutexProfileFraction(*mutexFraction)

	shop := newShop(*bound)
	if *burst > 0 {
		go shop.bursts(*burst, *burstSize)
	}
	counts := metrics.NewHTTP()
	app := http.NewServeMux()
	app.HandleFunc("/item", counts.Wrap("/item", shop.item))
	app.HandleFunc("/session", counts.Wrap("/session", shop.session))
	diagnostics := serve.Diagnostics()
	diagnostics.HandleFunc("/metrics", counts.Handler())
	diagnostics.HandleFunc("/truth", func(w http.ResponseWriter, _ *http.Request) {
		serve.JSON(w, map[string]interface{}{
			"sites": []int{}, "leaked": 0, "requests": counts.Requests(),
			"cached": shop.cache.size(), "goroutines": runtime.NumGoroutine(),
		})
	})
	program := serve.Program{App: app, Diagnostics: diagnostics, Listen: *listen,
		ListenPprof: *listenPprof, Lifetime: *lifetime, Ready: func(app string) {
			if *rate > 0 {
				go visit(app, *rate, *swing, *period)
			}
		}}
	serve.Exit("steady", program.Run(os.Stdout))
}

// shop answers from a bounded cache, works in a pool and keeps long sessions.
type shop struct {
	cache *cache
	pool  *pool
}

func newShop(bound int) *shop {
	return &shop{cache: newCache(bound, 45*time.Second), pool: newPool(16)}
}

func (s *shop) item(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.URL.Query().Get("id"))
	name := s.cache.get(id)
	weight := <-s.pool.submit(func() int {
		time.Sleep(2 * time.Millisecond)
		return len(name)
	})
	_ = json.NewEncoder(w).Encode(map[string]interface{}{"id": id, "name": name, "weight": weight})
}

// session streams a line a second, for as long as asked (at most two minutes) or until the client
// goes.
func (s *shop) session(w http.ResponseWriter, r *http.Request) {
	length, err := time.ParseDuration(r.URL.Query().Get("for"))
	if err != nil || length > 2*time.Minute {
		length = 20 * time.Second
	}
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	end := time.NewTimer(length)
	defer end.Stop()
	for {
		select {
		case now := <-ticker.C:
			_, _ = w.Write([]byte(now.Format(time.RFC3339) + "\n"))
			if f, ok := w.(http.Flusher); ok {
				f.Flush()
			}
		case <-end.C:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// bursts starts many goroutines at once that are gone within three seconds.
func (s *shop) bursts(every time.Duration, size int) {
	for range time.Tick(every) {
		for i := 0; i < size; i++ {
			go func(i int) { time.Sleep(time.Duration(i%30) * 100 * time.Millisecond) }(i)
		}
	}
}
