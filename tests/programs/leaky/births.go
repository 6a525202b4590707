// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"

	"parkwatch.dev/programs/internal/serve"
)

const birthsMost = 1000000

// dumpCounter counts the dumps with IDs that were answered in full, so that a test knows between
// which two something happened.
type dumpCounter struct {
	next  http.Handler
	dumps int64
}

func (d *dumpCounter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.next.ServeHTTP(w, r)
	if r.URL.Path == "/debug/pprof/goroutine" && r.URL.Query().Get("debug") == "2" {
		atomic.AddInt64(&d.dumps, 1)
	}
}

func (d *dumpCounter) count() int64 { return atomic.LoadInt64(&d.dumps) }

// POST /births?n=5000 starts so many goroutines that end at once, for a runtime that does not count
// its goroutines.
func serveBirths(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.URL.Query().Get("n"))
	if err != nil || n < 1 || n > birthsMost || r.Method != http.MethodPost {
		http.Error(w, "POST /births?n=1..1000000", http.StatusBadRequest)
		return
	}
	var all sync.WaitGroup
	all.Add(n)
	for i := 0; i < n; i++ {
		go all.Done()
		if i%64 == 0 {
			runtime.Gosched()
		}
	}
	all.Wait()
	serve.JSON(w, map[string]interface{}{"births": n})
}
