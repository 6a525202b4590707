// SPDX-License-Identifier: Apache-2.0

// Package odd has a dot in its path, which symbols escape, and names outside of ASCII.
package odd

var never = make(chan int)

func Wait(arrived func()) {
	arrived()
	<-never
}

type Θ struct{}

func (Θ) Wait(arrived func()) {
	arrived()
	<-never
}
