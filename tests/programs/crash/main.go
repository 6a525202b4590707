// SPDX-License-Identifier: Apache-2.0

// crash ends itself in one of the ways in which a Go program prints its goroutines.
//
//	GOTRACEBACK=all crash -how panic
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"
)

var ways = map[string]func(){
	"panic":    func() { go storm(3); select {} },
	"error":    func() { panic(fmt.Errorf("flush: %w", errors.New("disk full"))) },
	"nested":   nested,
	"nil":      func() { fmt.Println(*nowhere().next) },
	"quit":     quit,
	"deadlock": deadlock,
	"unlock":   func() { (&sync.Mutex{}).Unlock() },
	"map":      func() { var m map[string]int; m["a"] = 1 },
	"overflow": func() { fmt.Println(forever(1)) },
	"concurrent": func() {
		m := map[int]int{}
		for i := 0; i < 4; i++ {
			go scribble(m)
		}
		time.Sleep(time.Minute)
	},
}

func names() string {
	var all []string
	for name := range ways {
		all = append(all, name)
	}
	sort.Strings(all)
	return strings.Join(all, ", ")
}

type node struct{ next *node }

func nowhere() *node { return nil }

func main() {
	how := flag.String("how", "panic", "one of "+names())
	parked := flag.Int("parked", 4, "goroutines that wait meanwhile")
	flag.Parse()
	way, known := ways[*how]
	if !known {
		fmt.Fprintf(os.Stderr, "crash: no way called %q\n", *how)
		os.Exit(2)
	}
	if *how != "deadlock" {
		never := make(chan int)
		for i := 0; i < *parked; i++ {
			go park(never, i)
		}
		go sleep()
		time.Sleep(50 * time.Millisecond)
	}
	way()
}

//go:noinline
func park(c chan int, i int) {
	if i%2 == 0 {
		c <- i
	}
	select {
	case <-c:
	case <-time.After(time.Hour):
	}
}

func sleep() { time.Sleep(time.Hour) }

//go:noinline
func storm(depth int) {
	if depth == 0 {
		panic("storm: " + time.Hour.String())
	}
	storm(depth - 1)
}

func nested() {
	defer func() {
		panic(fmt.Sprint("second, after ", recover()))
	}()
	panic("first")
}

// quit is what `kill -QUIT` does.
func quit() {
	if err := syscall.Kill(os.Getpid(), syscall.SIGQUIT); err != nil {
		panic(err)
	}
	time.Sleep(time.Minute)
}

func deadlock() {
	var mu sync.Mutex
	var group sync.WaitGroup
	c := make(chan int)
	mu.Lock()
	group.Add(2)
	go func() { mu.Lock(); group.Done() }()
	go func() { c <- 1; group.Done() }()
	group.Wait()
}

func forever(n int) int { return forever(n+1) + 1 }

func scribble(m map[int]int) {
	for i := 0; ; i++ {
		m[i%100] = i
	}
}
