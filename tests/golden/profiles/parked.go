// SPDX-License-Identifier: Apache-2.0

// Parks goroutines in every way there is and writes what the profiles of this Go version say of them
// into a folder, one file for each profile and form.
package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"time"
)

type gate struct {
	lock sync.Mutex
	rw   sync.RWMutex
	cond *sync.Cond
	wg   sync.WaitGroup
}

type box[T any] struct{ value T }

//go:noinline
func (b *box[T]) wait(c chan T) { b.value = <-c }

//go:noinline
func send(c chan int) { c <- 1 }

//go:noinline
func choose(a, b chan int) {
	select {
	case <-a:
	case <-b:
	}
}

//go:noinline
func forever() { select {} }

//go:noinline
func nothing(c chan int) { <-c }

//go:noinline
func deep(n int, c chan int) {
	if n == 0 {
		<-c
		return
	}
	deep(n-1, c)
}

func start(n int, f func()) {
	for i := 0; i < n; i++ {
		go f()
	}
}

func contend(g *sync.Mutex) {
	for i := 0; i < 3; i++ {
		g.Lock()
		done := make(chan bool)
		go func() { g.Lock(); g.Unlock(); done <- true }()
		time.Sleep(20 * time.Millisecond)
		g.Unlock()
		<-done
	}
}

func main() {
	dir := os.Args[1]
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	contend(new(sync.Mutex))
	runtime.SetBlockProfileRate(0)
	g := &gate{}
	g.cond = sync.NewCond(new(sync.Mutex))
	g.lock.Lock()
	g.rw.Lock()
	g.wg.Add(1)
	c := make(chan int)
	start(7, func() { send(c) })
	start(5, func() { (&box[int]{}).wait(c) })
	cs := make(chan struct{ A, B int })
	start(2, func() { (&box[struct{ A, B int }]{}).wait(cs) })
	start(4, func() { choose(make(chan int), make(chan int)) })
	start(1, forever)
	start(1, func() { nothing(nil) })
	start(3, func() { g.lock.Lock() })
	start(2, func() { g.rw.RLock() })
	start(1, func() { g.rw.Lock() })
	start(2, func() { g.wg.Wait() })
	start(2, func() { g.cond.L.Lock(); g.cond.Wait() })
	start(1, func() { time.Sleep(time.Hour) })
	start(1, func() { deep(200, make(chan int)) })
	pprof.Do(context.Background(), pprof.Labels("tenant", "a\"b", "k", "v w\n"), func(context.Context) {
		start(3, func() { send(make(chan int)) })
	})
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	start(1, func() { l.Accept() })
	time.Sleep(100 * time.Millisecond)
	version := strings.Fields(runtime.Version())[0]
	for _, name := range os.Args[2:] {
		profile := pprof.Lookup(name)
		if profile == nil {
			continue
		}
		for debug, form := range []string{"pb.gz", "txt"} {
			var body bytes.Buffer
			profile.WriteTo(&body, debug)
			file := fmt.Sprintf("%s-%s.%s", version, name, form)
			os.WriteFile(filepath.Join(dir, file), body.Bytes(), 0o644)
		}
	}
}
