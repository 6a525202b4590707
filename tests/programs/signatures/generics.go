// SPDX-License-Identifier: Apache-2.0

package main

func init() {
	park(func() { genericWait[int](1) })
	park(func() { genericWait(struct{ a, b int }{1, 2}) })
	park(func() { genericWait(map[string][]chan<- int{}) })
	park((&stack[string]{}).wait)
	park((&stack[func(int) error]{}).each)
	park(func() { (&pair[string, stack[int]]{}).left.waitValue() })
	park(func() { apply([]int{1}, func(int) []string { here(); <-never; return nil }) })
	park(genericClosure[[2]int]())
}

//go:noinline
func genericWait[T any](v T) T {
	here()
	<-never
	return v
}

type stack[T any] struct{ items []T }

func (s *stack[T]) wait() { here(); <-never }

func (s *stack[T]) waitValue() { s.wait() }

func (s *stack[T]) each() {
	func(items []T) {
		here()
		<-never
	}(s.items)
}

type pair[A, B any] struct {
	left  stack[A]
	right B
}

func apply[A, B any](items []A, f func(A) B) (results []B) {
	for _, item := range items {
		results = append(results, f(item))
	}
	return results
}

func genericClosure[T any]() func() {
	var zero T
	return func() {
		here()
		<-never
		_ = zero
	}
}
