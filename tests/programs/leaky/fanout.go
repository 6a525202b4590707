// SPDX-License-Identifier: Apache-2.0

package main

// fanout asks two sources for a price and takes the first answer.
//
// The mistake (pattern "send"): a channel without room, so that the slower source never gets rid of
// its answer.
func (g *Gateway) fanout(item string) int {
	leaks := g.dice.leaks("send")
	room := 2
	if leaks {
		room = 0
	}
	answers := make(chan int, room)
	first := make(chan struct{})
	go func() { answers <- len(item) }()
	go g.slowSource(item, answers, first, leaks)
	price := <-answers
	close(first)
	return price
}

func (g *Gateway) slowSource(item string, answers chan<- int, first <-chan struct{}, leaks bool) {
	<-first
	if leaks {
		g.truth.blocks("send")
		answers <- 2 * len(item)
	}
	answers <- 2 * len(item)
}
