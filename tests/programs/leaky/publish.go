// SPDX-License-Identifier: Apache-2.0

package main

// publish streams the items to a consumer of their own.
//
// The mistake (pattern "range"): the channel is never closed, and the consumer never ends.
func (g *Gateway) publish(items []string) {
	events := make(chan string)
	leaks := g.dice.leaks("range")
	go g.consume(events, leaks)
	for _, item := range items {
		events <- item
	}
	if !leaks {
		close(events)
	}
}

func (g *Gateway) consume(events <-chan string, leaks bool) {
	length := 0
	if leaks {
		g.truth.blocks("range")
		for item := range events {
			length += len(item)
		}
	}
	for item := range events {
		length += len(item)
	}
}
