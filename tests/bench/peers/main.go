// SPDX-License-Identifier: Apache-2.0

// peers parses one goroutine dump, held in memory, with one other parser of such dumps, and prints
// what it found and how fast as one JSON line.
//
//	peers gostackparse|panicparse FILE [SECONDS]
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/DataDog/gostackparse"
	"github.com/maruel/panicparse/v2/stack"
)

func withGostackparse(dump []byte) (int, error) {
	goroutines, errs := gostackparse.Parse(bytes.NewReader(dump))
	if len(errs) > 0 {
		return len(goroutines), errs[0]
	}
	return len(goroutines), nil
}

// Only the reading: none of panicparse's analyses of sources and arguments.
func withPanicparse(dump []byte) (int, error) {
	snapshot, _, err := stack.ScanSnapshot(bytes.NewReader(dump), io.Discard, &stack.Opts{})
	if err == io.EOF {
		err = nil
	}
	if snapshot == nil {
		return 0, err
	}
	return len(snapshot.Goroutines), err
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	parsers := map[string]func([]byte) (int, error){
		"gostackparse": withGostackparse, "panicparse": withPanicparse,
	}
	if len(args) < 2 || parsers[args[0]] == nil {
		return fmt.Errorf("usage: peers gostackparse|panicparse FILE [SECONDS]")
	}
	dump, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	least := 1.0
	if len(args) > 2 {
		if least, err = strconv.ParseFloat(args[2], 64); err != nil {
			return err
		}
	}
	// As many passes as fit, at least one; the fastest counts.
	best, goroutines := 0.0, 0
	for begun := time.Now(); best == 0 || time.Since(begun).Seconds() < least; {
		pass := time.Now()
		if goroutines, err = parsers[args[0]](dump); err != nil {
			return err
		}
		if speed := float64(len(dump)) / (1 << 20) / time.Since(pass).Seconds(); speed > best {
			best = speed
		}
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]interface{}{
		"name": args[0], "goroutines": goroutines, "mib_per_s": best,
	})
}
