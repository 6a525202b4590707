// SPDX-License-Identifier: Apache-2.0

//go:build go1.23

package main

import (
	"iter"
	"slices"
)

func init() {
	park(overFunction)
	park(overNested)
	park(pulled)
	park(pulledAndWaiting)
	park(overSlices)
}

func numbers(yield func(int) bool) {
	for i := 0; yield(i); i++ {
	}
}

func overFunction() {
	for i := range numbers {
		if i == 3 {
			here()
			<-never
		}
	}
}

func overNested() {
	for i := range numbers {
		for j := range numbers {
			defer func() { _ = i }()
			if i+j == 1 {
				here()
				<-never
			}
			if j > 2 {
				break
			}
		}
	}
}

// pulled blocks inside the iterator: its own goroutine waits for the coroutine.
func pulled() {
	next, stop := iter.Pull(func(yield func(int) bool) {
		yield(1)
		here()
		<-never
	})
	defer stop()
	next()
	next()
}

// pulledAndWaiting leaves the iterator's coroutine suspended in yield.
func pulledAndWaiting() {
	next, stop := iter.Pull(iter.Seq[int](numbers))
	defer stop()
	next()
	here()
	<-never
}

func overSlices() {
	for _, v := range slices.Backward([]string{"a", "b"}) {
		if v == "a" {
			here()
			<-never
		}
	}
}
