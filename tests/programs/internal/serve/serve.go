// SPDX-License-Identifier: Apache-2.0

// Package serve opens the loopback listeners that every test program has: one for the application,
// one for pprof, metrics and whatever else a program tells about itself.
package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Listen opens a TCP listener on a loopback address and refuses any other.
func Listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", address, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("listen on %q: only loopback addresses are allowed", address)
	}
	return net.Listen("tcp", address)
}

// Diagnostics gives a mux of its own with the pprof handlers, so that nothing hangs on the default
// one, and POST /pool?n=N, which starts workers that find nothing to do.
func Diagnostics() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	workers := &pool{jobs: make(chan func())}
	mux.HandleFunc("/pool", workers.serveHTTP)
	return mux
}

// Program is what a test program serves, and for how long.
type Program struct {
	App         http.Handler
	Diagnostics http.Handler
	Listen      string        // address of the application
	ListenPprof string        // address of pprof and metrics
	Lifetime    time.Duration // it ends by itself after this
	Ready       func(app string)
}

// Run prints both addresses as one JSON line, serves until SIGTERM, SIGINT or the end of the
// lifetime, and returns.
func (p *Program) Run(out io.Writer) error {
	app, err := Listen(p.Listen)
	if err != nil {
		return err
	}
	diagnostics, err := Listen(p.ListenPprof)
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	for _, s := range []struct {
		listener net.Listener
		handler  http.Handler
	}{{app, p.App}, {diagnostics, p.Diagnostics}} {
		server := &http.Server{Handler: s.handler, ReadHeaderTimeout: 10 * time.Second}
		defer server.Close()
		go func(l net.Listener) { failed <- server.Serve(l) }(s.listener)
	}
	addresses := map[string]string{
		"app":   "http://" + app.Addr().String(),
		"pprof": "http://" + diagnostics.Addr().String(),
	}
	if err := json.NewEncoder(out).Encode(addresses); err != nil {
		return err
	}
	if p.Ready != nil {
		p.Ready(addresses["app"])
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	end := time.NewTimer(p.Lifetime)
	defer end.Stop()
	select {
	case err := <-failed:
		return err
	case <-end.C:
		return errors.New("the program's lifetime is over")
	case <-ctx.Done():
		return nil
	}
}

// JSON answers with one indented JSON value.
func JSON(w http.ResponseWriter, value interface{}) {
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		fmt.Fprintln(os.Stderr, "answer:", err)
	}
}

// Exit ends the program: status 1 and a message when err is set.
func Exit(name string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}
