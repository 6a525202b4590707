// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"net/http"
	"runtime"
	"strconv"
	"sync"
)

const poolMost = 200000

// pool is a crowd of workers without work: goroutines that were started on purpose and stay.
type pool struct {
	mu      sync.Mutex
	workers int
	jobs    chan func()
}

func (p *pool) work() {
	for job := range p.jobs {
		job()
	}
}

// POST /pool?n=5000 starts so many workers more, all at once.
func (p *pool) serveHTTP(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.URL.Query().Get("n"))
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil || n < 1 || p.workers+n > poolMost || r.Method != http.MethodPost {
		http.Error(w, "POST /pool?n=1..200000", http.StatusBadRequest)
		return
	}
	p.workers += n
	for i := 0; i < n; i++ {
		go p.work()
	}
	JSON(w, map[string]interface{}{"workers": p.workers, "goroutines": runtime.NumGoroutine()})
}
