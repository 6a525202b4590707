// SPDX-License-Identifier: Apache-2.0

// targets serves pprof on many loopback ports at once, for the benchmarks of fetching: what it
// answers is real, but was recorded at the start, so that every tool gets the same bytes and nobody
// waits for the server.
//
//	targets PORTS GOROUTINES [DUMP]
//
// DUMP, a file, is served as goroutine?debug=2 instead of its own. Prints the addresses, one a
// line, and serves until its standard input ends.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/pprof"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

var recordedPaths = []string{
	"/debug/pprof/",
	"/debug/pprof/goroutine?debug=2",
	"/debug/pprof/goroutine",
	"/debug/pprof/goroutine?debug=0",
	"/debug/pprof/block",
	"/debug/pprof/block?debug=0",
	"/debug/pprof/mutex",
	"/debug/pprof/mutex?debug=0",
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "targets:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: targets PORTS GOROUTINES [DUMP]")
	}
	ports, err := strconv.Atoi(args[0])
	if err != nil || ports < 1 || ports > 1000 {
		return fmt.Errorf("ports %q: from 1 to 1000", args[0])
	}
	goroutines, err := strconv.Atoi(args[1])
	if err != nil || goroutines < 0 || goroutines > 100000 {
		return fmt.Errorf("goroutines %q: from 0 to 100000", args[1])
	}
	answers := record(goroutines)
	if len(args) > 2 {
		dump, err := os.ReadFile(args[2])
		if err != nil {
			return err
		}
		answers["/debug/pprof/goroutine?debug=2"].Body.Reset()
		answers["/debug/pprof/goroutine?debug=2"].Body.Write(dump)
	}
	out := bufio.NewWriter(os.Stdout)
	for i := 0; i < ports; i++ {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		go func() { _ = http.Serve(listener, replay(answers)) }()
		fmt.Fprintf(out, "http://%s\n", listener.Addr())
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// record has goroutines wait, and some contend, while it asks the real handlers once.
func record(goroutines int) map[string]*httptest.ResponseRecorder {
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	var mu sync.Mutex
	mu.Lock()
	never, arriving := make(chan int), sync.WaitGroup{}
	for i := 0; i < goroutines; i++ {
		arriving.Add(1)
		go func() { mu.Lock(); mu.Unlock(); arriving.Done(); <-never }()
	}
	time.Sleep(50 * time.Millisecond)
	mu.Unlock()
	arriving.Wait()
	answers := map[string]*httptest.ResponseRecorder{}
	for _, path := range recordedPaths {
		answers[path] = httptest.NewRecorder()
		mux.ServeHTTP(answers[path], httptest.NewRequest(http.MethodGet, path, nil))
	}
	return answers
}

func replay(answers map[string]*httptest.ResponseRecorder) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer := answers[r.URL.RequestURI()]
		if answer == nil {
			http.NotFound(w, r)
			return
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		_, _ = w.Write(answer.Body.Bytes())
	}
}
