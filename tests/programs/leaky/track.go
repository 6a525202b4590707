// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"
)

// A session follows one order until it is cancelled.
type session struct {
	ctx    context.Context
	cancel context.CancelFunc
	moves  chan int
}

// track starts what follows an order: a listener for its moves and a poller for its state.
//
// The mistakes (patterns "cancel" and "poll"): the context of the listener is never cancelled; the
// poller is never told to stop.
func (g *Gateway) track(id int) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &session{ctx: ctx, cancel: cancel, moves: make(chan int)}
	leaks := g.dice.leaks("cancel")
	go s.follow(g.truth, leaks)
	s.moves <- id
	if !leaks {
		s.cancel()
	}

	stop := make(chan struct{})
	leaks = g.dice.leaks("poll")
	go func() {
		poll(g, stop, leaks)
	}()
	if !leaks {
		close(stop)
	}
}

func (s *session) follow(t *truth, leaks bool) {
	last := <-s.moves
	if leaks {
		t.blocks("cancel")
		select {
		case last = <-s.moves:
		case <-s.ctx.Done():
		}
	}
	for last > 0 {
		select {
		case last = <-s.moves:
		case <-s.ctx.Done():
			return
		}
	}
}

// poll wakes every two seconds: its goroutine never waits for long, however long it has leaked.
func poll(g *Gateway, stop <-chan struct{}, leaks bool) {
	ticker := time.NewTicker(2 * time.Second)
	defer ticker.Stop()
	if leaks {
		g.truth.blocks("poll")
		for range ticker.C {
			g.orders.count()
		}
	}
	for {
		select {
		case <-ticker.C:
		case <-stop:
			return
		}
	}
}
