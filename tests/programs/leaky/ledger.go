// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/rand"
	"net/http"
	"sync"
	"time"
)

// Waits shorter than this are the price of any lock, not contention.
const leastWait = 100 * time.Microsecond

// ledger is a lock that is held too long. Those who wait for it add up their waiting themselves.
type ledger struct {
	held time.Duration
	mu   sync.Mutex

	counts   sync.Mutex
	posts    uint64
	events   uint64        // waits above leastWait that are over
	delay    time.Duration // their sum
	waitSite place
	holdSite place
}

func newLedger(held time.Duration) *ledger { return &ledger{held: held} }

// start has n goroutines post for as long as the program lives.
func (l *ledger) start(n int, pause time.Duration) {
	for i := 0; i < n; i++ {
		go func(seed int64) {
			random := rand.New(rand.NewSource(seed))
			for {
				time.Sleep(time.Duration(random.ExpFloat64() * float64(pause)))
				l.post()
			}
		}(int64(i))
	}
}

// post holds the lock for as long as the settings say.
func (l *ledger) post() {
	begun := time.Now()
	wait := lineBelow(0)
	l.mu.Lock()
	waited := time.Since(begun)
	time.Sleep(l.held)
	hold := lineBelow(0)
	l.mu.Unlock()
	l.counts.Lock()
	defer l.counts.Unlock()
	l.waitSite, l.holdSite = wait, hold
	l.posts++
	if waited > leastWait {
		l.events++
		l.delay += waited
	}
}

func (l *ledger) serveHTTP(w http.ResponseWriter, _ *http.Request) {
	l.post()
	_, _ = w.Write([]byte("posted\n"))
}

// contention is the truth about the ledger.
type contention struct {
	WaitSite place  `json:"wait_site"` // what a block profile shows
	HoldSite place  `json:"hold_site"` // what a mutex profile shows
	Posts    uint64 `json:"posts"`
	Events   uint64 `json:"events"`
	DelayNS  int64  `json:"delay_ns"`
	Time     string `json:"time"`
}

func (l *ledger) truth() *contention {
	l.counts.Lock()
	defer l.counts.Unlock()
	if l.posts == 0 {
		return nil
	}
	return &contention{l.waitSite, l.holdSite, l.posts, l.events, int64(l.delay),
		time.Now().UTC().Format(time.RFC3339Nano)}
}
