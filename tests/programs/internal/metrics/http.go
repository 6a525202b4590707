// SPDX-License-Identifier: Apache-2.0

// Package metrics writes the Prometheus text exposition that the common client library of Go would
// write for an HTTP service, without that library.
package metrics

import (
	"fmt"
	"io"
	"net/http"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

var bounds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

type histogram struct {
	buckets []uint64 // not cumulative; the last is +Inf
	sum     float64
	count   uint64
}

func (h *histogram) observe(seconds float64) {
	h.buckets[sort.SearchFloat64s(bounds, seconds)]++
	h.sum += seconds
	h.count++
}

type codeAndHandler struct{ code, handler string }

// HTTP counts requests by handler. The zero value is not usable: see NewHTTP.
type HTTP struct {
	inFlight int64

	mu       sync.Mutex
	requests map[codeAndHandler]uint64
	seconds  map[string]*histogram
}

func NewHTTP() *HTTP {
	return &HTTP{
		requests: map[codeAndHandler]uint64{},
		seconds:  map[string]*histogram{},
	}
}

// Begin counts a request as in flight; the returned function ends it with its status code.
func (h *HTTP) Begin(handler string) (end func(code int)) {
	begun := time.Now()
	atomic.AddInt64(&h.inFlight, 1)
	return func(code int) {
		atomic.AddInt64(&h.inFlight, -1)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.requests[codeAndHandler{strconv.Itoa(code), handler}]++
		if h.seconds[handler] == nil {
			h.seconds[handler] = &histogram{buckets: make([]uint64, len(bounds)+1)}
		}
		h.seconds[handler].observe(time.Since(begun).Seconds())
	}
}

// InFlight is the number of requests that have begun and not ended.
func (h *HTTP) InFlight() int64 { return atomic.LoadInt64(&h.inFlight) }

// Requests is the number of requests that have ended.
func (h *HTTP) Requests() (n uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, count := range h.requests {
		n += count
	}
	return n
}

type recorder struct {
	http.ResponseWriter
	code int
}

func (r *recorder) WriteHeader(code int) {
	r.code = code
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Flush() {
	if f, ok := r.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Wrap counts what next answers, under the given handler name.
func (h *HTTP) Wrap(handler string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		end := h.Begin(handler)
		recorded := &recorder{w, http.StatusOK}
		defer func() { end(recorded.code) }()
		next(recorded, r)
	}
}

func (h *HTTP) write(w io.Writer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	family(w, "http_requests_total", "counter", "HTTP requests, by status code and handler.")
	keys := make([]codeAndHandler, 0, len(h.requests))
	for k := range h.requests {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		return keys[i].handler+keys[i].code < keys[j].handler+keys[j].code
	})
	for _, k := range keys {
		fmt.Fprintf(w, "http_requests_total{code=%q,handler=%q} %d\n", k.code, k.handler, h.requests[k])
	}
	family(w, "http_request_duration_seconds", "histogram", "Time to answer, by handler.")
	handlers := make([]string, 0, len(h.seconds))
	for name := range h.seconds {
		handlers = append(handlers, name)
	}
	sort.Strings(handlers)
	for _, name := range handlers {
		h.seconds[name].write(w, name)
	}
	family(w, "http_requests_in_flight", "gauge", "Requests being answered now.")
	fmt.Fprintf(w, "http_requests_in_flight %d\n", h.InFlight())
}

func (h *histogram) write(w io.Writer, handler string) {
	const name = "http_request_duration_seconds"
	below := uint64(0)
	for i, bound := range bounds {
		below += h.buckets[i]
		fmt.Fprintf(w, "%s_bucket{handler=%q,le=%q} %d\n", name, handler, number(bound), below)
	}
	fmt.Fprintf(w, "%s_bucket{handler=%q,le=\"+Inf\"} %d\n", name, handler, h.count)
	fmt.Fprintf(w, "%s_sum{handler=%q} %s\n", name, handler, number(h.sum))
	fmt.Fprintf(w, "%s_count{handler=%q} %d\n", name, handler, h.count)
}

func family(w io.Writer, name, kind, help string) {
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func number(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }
