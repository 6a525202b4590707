// SPDX-License-Identifier: Apache-2.0

package main

import "sync"

// orders keeps the latest orders, each with a lock of its own.
type orders struct {
	mu     sync.RWMutex
	next   int
	latest [256]*entry
}

type entry struct {
	mu    sync.Mutex
	items []string
}

// put stores an order and has it audited.
//
// The mistake (pattern "mutex"): the order's lock is not given back, and the audit waits for it for
// ever.
func (o *orders) put(g *Gateway, items []string) int {
	e := &entry{}
	leaks := g.dice.leaks("mutex")
	e.mu.Lock()
	e.items = items
	if !leaks {
		e.mu.Unlock()
	}
	o.mu.Lock()
	o.next++
	id := o.next
	o.latest[id%len(o.latest)] = e
	o.mu.Unlock()
	go e.audit(g.truth, leaks)
	return id
}

func (e *entry) audit(t *truth, leaks bool) int {
	if leaks {
		t.blocks("mutex")
		e.mu.Lock()
		defer e.mu.Unlock()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.items)
}

func (o *orders) count() int {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.next
}
