// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"math/rand"
	"net/http"
	"sort"
	"strconv"
	"sync"
	"time"
)

// report is what the driver prints.
type report struct {
	Started     string         `json:"started"`
	Seconds     float64        `json:"seconds"`
	Sent        int            `json:"sent"`
	Dropped     int            `json:"dropped"` // more than the limit were in flight
	Errors      int            `json:"errors"`
	Codes       map[string]int `json:"codes"`
	RatePerS    float64        `json:"rate_per_s"`
	LatencyMS   latency        `json:"latency_ms"`
	LastError   string         `json:"last_error,omitempty"`
	WantedPerS  float64        `json:"wanted_per_s"`
	latencies   []float64
	mu          sync.Mutex
	outstanding sync.WaitGroup
}

type latency struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func (s *settings) run() *report {
	random := rand.New(rand.NewSource(s.seed))
	client := s.client()
	begun := time.Now()
	r := &report{Started: begun.UTC().Format(time.RFC3339Nano), Codes: map[string]int{}, WantedPerS: s.rate}
	places := make(chan struct{}, s.flight)
	next := time.Duration(0)
	for n := 0; s.total == 0 || n < s.total; n++ {
		next += s.gap(random, next)
		if next >= s.duration {
			break
		}
		time.Sleep(next - time.Since(begun))
		select {
		case places <- struct{}{}:
		default:
			r.Dropped++
			continue
		}
		r.Sent++
		r.outstanding.Add(1)
		go func(address string) {
			defer r.outstanding.Done()
			s.one(client, address, r)
			<-places
		}(s.urls[n%len(s.urls)])
	}
	// The rate is that of the sending; waiting for the last answers is no part of it.
	if s.total == 0 {
		time.Sleep(s.duration - time.Since(begun))
	}
	r.Seconds = time.Since(begun).Seconds()
	r.outstanding.Wait()
	r.RatePerS = float64(r.Sent) / r.Seconds
	r.summarise()
	return r
}

func (s *settings) one(client *http.Client, address string, r *report) {
	method := http.MethodGet
	if s.post {
		method = http.MethodPost
	}
	begun := time.Now()
	request, err := http.NewRequest(method, address, nil)
	if err != nil {
		r.add("", err, 0)
		return
	}
	response, err := client.Do(request)
	if err != nil {
		r.add("", err, 0)
		return
	}
	_, err = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	r.add(strconv.Itoa(response.StatusCode), err, time.Since(begun))
}

func (r *report) add(code string, err error, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.Errors++
		r.LastError = err.Error()
		return
	}
	r.Codes[code]++
	r.latencies = append(r.latencies, took.Seconds()*1000)
}

func (r *report) summarise() {
	if len(r.latencies) == 0 {
		return
	}
	sort.Float64s(r.latencies)
	at := func(share float64) float64 { return r.latencies[int(share*float64(len(r.latencies)-1))] }
	r.LatencyMS = latency{at(.5), at(.9), at(.99), at(1)}
}
