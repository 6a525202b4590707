// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"time"
)

// Gateway takes orders: it asks its upstream, prices items, and tells other parts about the order.
// Each step is right unless the dice say that this one makes its mistake.
type Gateway struct {
	dice     *switches
	truth    *truth
	upstream string
	client   *http.Client
	jobs     chan func()
	orders   orders
}

func newGateway(dice *switches, upstream string) *Gateway {
	g := &Gateway{
		dice:     dice,
		truth:    &truth{},
		upstream: upstream,
		client: &http.Client{Timeout: 0, Transport: &http.Transport{
			MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second,
		}},
		jobs: make(chan func(), 64),
	}
	for i := 0; i < 8; i++ {
		go g.worker()
	}
	go g.heartbeat(time.Second)
	return g
}

// worker is idle most of the time, as it should be.
func (g *Gateway) worker() {
	for job := range g.jobs {
		job()
	}
}

func (g *Gateway) heartbeat(every time.Duration) {
	for range time.Tick(every) {
		select {
		case g.jobs <- func() {}:
		default:
		}
	}
}

func (g *Gateway) order(w http.ResponseWriter, r *http.Request) {
	items := []string{"tea", "cup", "spoon"}
	price := g.fanout(items[0])
	stock, err := g.fetch("/stock")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	total := g.prices(items)
	g.publish(items)
	g.reserve(r.Context(), items)
	id := g.orders.put(g, items)
	g.track(id)
	_ = json.NewEncoder(w).Encode(map[string]int{"id": id, "price": price, "stock": stock, "total": total})
}

// reserve hands a job to the pool and waits for it, or for the client to go away.
func (g *Gateway) reserve(ctx context.Context, items []string) {
	done := make(chan struct{})
	job := func() {
		time.Sleep(time.Duration(len(items)) * 100 * time.Microsecond)
		close(done)
	}
	select {
	case g.jobs <- job:
	case <-ctx.Done():
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// startUpstream serves the service behind the gateway. It closes idle connections soon, so that a
// connection which the gateway forgets costs nothing on this side.
func startUpstream() (url string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/stock", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Millisecond)
		_ = json.NewEncoder(w).Encode(map[string]int{"stock": 17})
	})
	server := &http.Server{Handler: mux, IdleTimeout: 2 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), nil
}
