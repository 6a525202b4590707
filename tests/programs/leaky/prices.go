// SPDX-License-Identifier: Apache-2.0

package main

import "sync"

// prices prices all items at once.
//
// The mistake (pattern "waitgroup"): the group expects one more than there are.
func (g *Gateway) prices(items []string) (total int) {
	var group sync.WaitGroup
	leaks := g.dice.leaks("waitgroup")
	expected := len(items)
	if leaks {
		expected++
	}
	group.Add(expected)
	results := make(chan int, len(items))
	for _, item := range items {
		item := item
		go func() {
			defer group.Done()
			results <- 3 * len(item)
		}()
	}
	go g.collector(&group, leaks)
	for range items {
		total += <-results
	}
	return total
}

// collector tells the pool when all prices are there.
func (g *Gateway) collector(group *sync.WaitGroup, leaks bool) {
	if leaks {
		g.truth.blocks("waitgroup")
		group.Wait()
	}
	group.Wait()
	g.jobs <- func() {}
}
