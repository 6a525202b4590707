// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"
)

func init() {
	park(send)
	park(receive)
	park(sendToNil)
	park(receiveFromNil)
	park(func() { here(); select {} })
	park(selectTwo)
	park(rangeOver)
	park(sleepLong)
	park(tick)
	park(labelled)
	park(lockedToThread)
	park(readPipe)
	park(waitForContext)
	park(afterFunc)
}

func send() { here(); nobody <- 1 }

func receive() { here(); inlined() }

// inlined is small enough to be inlined into its caller.
func inlined() int { return <-never }

func sendToNil() {
	var c chan int
	here()
	c <- 1
}

func receiveFromNil() {
	var c chan int
	here()
	<-c
}

func selectTwo() {
	here()
	select {
	case <-never:
	case nobody <- 2:
	}
}

func rangeOver() {
	here()
	for range never {
		here()
	}
}

func sleepLong() { here(); time.Sleep(time.Hour) }

func tick() {
	ticker := time.NewTicker(time.Hour)
	here()
	<-ticker.C
}

func labelled() {
	labels := pprof.Labels("tenant", "a\"b", "route", "/v1/orders", "user", "Zoë")
	pprof.Do(context.Background(), labels, func(ctx context.Context) {
		here()
		<-never
	})
}

func lockedToThread() {
	runtime.LockOSThread()
	here()
	<-never
}

// readPipe blocks in a system call, outside of the network poller.
func readPipe() {
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		panic(err)
	}
	here()
	_, _ = syscall.Read(ends[0], make([]byte, 1))
}

func waitForContext() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	here()
	<-ctx.Done()
}

func afterFunc() {
	time.AfterFunc(time.Millisecond, func() { here(); <-never })
}
