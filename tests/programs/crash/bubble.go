// SPDX-License-Identifier: Apache-2.0

//go:build go1.25

package main

import (
	"flag"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func init() { ways["bubble"] = bubble }

// bubble leaves goroutines behind in a synctest bubble, which is a fatal error of its own, with
// the bubble's number in each header.
func bubble() {
	testing.Init()
	if err := flag.CommandLine.Parse(nil); err != nil {
		panic(err)
	}
	matchAll := func(string, string) (bool, error) { return true, nil }
	testing.Main(matchAll, []testing.InternalTest{{Name: "Bubble", F: inBubble}}, nil, nil)
}

func inBubble(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		c := make(chan int)
		var group sync.WaitGroup
		var mu sync.Mutex
		group.Add(1)
		mu.Lock()
		go func() { c <- 1 }()
		go func() { <-c; <-c }()
		go func() { group.Wait() }()
		go func() {
			select {
			case c <- 2:
			case <-make(chan int):
			}
		}()
		go func() { mu.Lock() }()
		go func() { time.Sleep(time.Hour) }()
		// Time stands still here, because of the mutex: let the others run without it.
		for i := 0; i < 10000; i++ {
			runtime.Gosched()
		}
		quit()
	})
}
