// SPDX-License-Identifier: Apache-2.0

// dumps writes one goroutine dump of itself, as debug=2 would serve it, for the benchmarks:
//
//	dumps leak    FILE    100,000 goroutines in 3 stacks of 6 frames
//	dumps service FILE    20,000 goroutines in 300 stacks of 5 to 40 frames, arguments that differ
//	dumps worst   FILE    20,000 goroutines, every stack different
package main

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"runtime/pprof"
	"sync"
	"time"
)

type kind struct {
	goroutines, stacks int
	shortest, longest  int // calls of a route; each is three frames
}

var kinds = map[string]kind{
	"leak":    {100000, 3, 1, 1},
	"service": {20000, 300, 1, 12},
	"worst":   {20000, 20000, 4, 12},
}

// routes gives different ways through the functions of shop.go.
func routes(k kind) [][]byte {
	random := rand.New(rand.NewSource(1))
	seen := map[string]bool{}
	var all [][]byte
	for len(all) < k.stacks {
		route := make([]byte, k.shortest+random.Intn(k.longest-k.shortest+1))
		for i := range route {
			route[i] = byte(random.Intn(len(calls)))
		}
		if !seen[string(route)] {
			seen[string(route)] = true
			all = append(all, route)
		}
	}
	return all
}

func main() {
	if len(os.Args) != 3 || kinds[os.Args[1]].goroutines == 0 {
		fmt.Fprintln(os.Stderr, "usage: dumps leak|service|worst FILE")
		os.Exit(2)
	}
	if err := write(kinds[os.Args[1]], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "dumps:", err)
		os.Exit(1)
	}
}

func write(k kind, path string) error {
	all := routes(k)
	var arriving sync.WaitGroup
	arriving.Add(k.goroutines)
	for i := 0; i < k.goroutines; i++ {
		go serve(&order{id: i, route: all[i%len(all)], arrived: arriving.Done})
	}
	arriving.Wait()
	time.Sleep(time.Second)
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	if err := pprof.Lookup("goroutine").WriteTo(out, 2); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return file.Close()
}
