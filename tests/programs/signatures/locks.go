// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
)

func init() {
	park(lock)
	park(readLock)
	park(writeLock)
	park(waitGroup)
	park(cond)
	park(once)
	park(accept)
	park(readConn)
	park(readOSPipe)
	park(readIOPipe)
	park(roundTrip)
}

func lock() {
	var mu sync.Mutex
	mu.Lock()
	here()
	mu.Lock()
}

func readLock() {
	var mu sync.RWMutex
	mu.Lock()
	here()
	mu.RLock()
}

func writeLock() {
	var mu sync.RWMutex
	mu.RLock()
	here()
	mu.Lock()
}

func waitGroup() {
	var group sync.WaitGroup
	group.Add(1)
	here()
	group.Wait()
}

func cond() {
	c := sync.NewCond(&sync.Mutex{})
	c.L.Lock()
	here()
	c.Wait()
}

func once() {
	var o sync.Once
	o.Do(func() { here(); <-never })
}

func listen() net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	keep(l)
	return l
}

func accept() {
	l := listen()
	here()
	_, _ = l.Accept()
}

func readConn() {
	l := listen()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		panic(err)
	}
	keep(c)
	here()
	_, _ = bufio.NewReader(c).ReadString('\n')
}

func readOSPipe() {
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	keep(r, w)
	here()
	_, _ = io.ReadAll(r)
}

func readIOPipe() {
	r, _ := io.Pipe()
	here()
	_, _ = r.Read(make([]byte, 1))
}

// roundTrip leaves four goroutines: the request, its connection's two, and the handler.
func roundTrip() {
	l := listen()
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { here(); <-never }))
	}()
	_, _ = http.Get("http://" + l.Addr().String())
}
