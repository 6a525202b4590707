// SPDX-License-Identifier: Apache-2.0

package main

import (
	"reflect"
	"runtime"
	"sort"
	"strings"

	odd "parkwatch.dev/programs/signatures/odd.name"
)

func init() {
	park(func() { nested("outer")() })
	park(func() { recursive(200) })
	park(func() { recursive(40) })
	park(func() { mutual(6) })
	park((&base{}).wait)
	park((&middle{base: base{name: "embedded"}}).wait)
	park(func() { var w waiter = &middle{}; w.wait() })
	park(func() { var w waiter = outer{&middle{}}; w.wait() })
	park(func() { f := (*base).wait; f(&base{}) })
	park(value(3).wait)
	park(recovered)
	park(blockedInDefer)
	park(blockedWhilePanicking)
	park(blockedInGoexit)
	park(func() { reflect.ValueOf(byReflection).Call([]reflect.Value{reflect.ValueOf(1)}) })
	park(bySort)
	park(func() { strings.Map(func(r rune) rune { here(); <-never; return r }, "x") })
	park(grüße)
	park(func() { odd.Wait(here) })
	park(func() { odd.Θ{}.Wait(here) })
	park(func() { manyArguments(1, 2.5, "three", []byte{4}, struct{ a, b int }{5, 6}, nil, never) })
	park(func() { go started(7, "eight"); runtime.Goexit() })
	park(package_)
}

// A closure in a closure in a closure.
func nested(name string) func() {
	return func() {
		func() {
			inner := func() { here(); <-never }
			func() { inner() }()
		}()
		_ = name
	}
}

//go:noinline
func recursive(n int) int {
	if n == 0 {
		here()
		return <-never
	}
	return recursive(n-1) + 1
}

//go:noinline
func mutual(n int) {
	if n == 0 {
		here()
		<-never
	}
	other(n - 1)
}

//go:noinline
func other(n int) {
	mutual(n - 1)
}

type waiter interface{ wait() }

type base struct{ name string }

func (b *base) wait() { here(); <-never }

type middle struct{ base }

type outer struct{ *middle }

type value int

func (v value) wait() { here(); <-never }

func recovered() {
	defer func() {
		_ = recover()
		here()
		<-never
	}()
	panic("recovered")
}

func blockedInDefer() {
	defer deferred()
}

func deferred() { here(); <-never }

func blockedWhilePanicking() {
	defer deferred()
	failing(map[string]int{})
}

//go:noinline
func failing(m map[string]int) int {
	var none []int
	return none[len(m)+3]
}

func blockedInGoexit() {
	defer deferred()
	runtime.Goexit()
}

func byReflection(int) { here(); <-never }

func bySort() {
	blocked := false
	sort.Slice(make([]int, 20), func(i, j int) bool {
		if !blocked {
			blocked = true
			here()
			<-never
		}
		return i < j
	})
}

func grüße() { here(); <-never }

//go:noinline
func manyArguments(a int, b float64, c string, d []byte, e struct{ a, b int }, f error, g chan int) {
	here()
	<-g
}

// started is run by a goroutine whose wrapper carries the arguments.
func started(n int, text string) {
	here()
	<-never
	_ = text[n%len(text)]
}

func package_() {
	type local struct{ f func() }
	local{func() { here(); <-never }}.f()
}
