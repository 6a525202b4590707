// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"sync"
	"time"
)

// cache holds a bounded number of entries. Each has a goroutine that refreshes it and ends with it,
// so the number of goroutines grows while the cache warms up, and then no more.
type cache struct {
	mu      sync.Mutex
	bound   int
	life    time.Duration
	entries map[int]*cached
	order   []int // oldest first
}

type cached struct {
	mu    sync.Mutex
	name  string
	evict chan struct{}
}

func newCache(bound int, life time.Duration) *cache {
	return &cache{bound: bound, life: life, entries: map[int]*cached{}}
}

func (c *cache) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}

func (c *cache) get(id int) string {
	c.mu.Lock()
	e := c.entries[id]
	if e == nil {
		e = &cached{name: fmt.Sprintf("item %d", id), evict: make(chan struct{})}
		c.entries[id] = e
		c.order = append(c.order, id)
		go e.refresh(id, c.life)
	}
	if len(c.order) > c.bound {
		close(c.entries[c.order[0]].evict)
		delete(c.entries, c.order[0])
		c.order = c.order[1:]
	}
	c.mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.name
}

func (e *cached) refresh(id int, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			e.mu.Lock()
			e.name = fmt.Sprintf("item %d of %s", id, now.Format("15:04"))
			e.mu.Unlock()
		case <-e.evict:
			return
		}
	}
}

// pool is a fixed number of workers.
type pool struct{ jobs chan func() }

func newPool(workers int) *pool {
	p := &pool{jobs: make(chan func())}
	for i := 0; i < workers; i++ {
		go p.work()
	}
	return p
}

func (p *pool) work() {
	for job := range p.jobs {
		job()
	}
}

func (p *pool) submit(f func() int) <-chan int {
	answer := make(chan int, 1)
	p.jobs <- func() { answer <- f() }
	return answer
}
