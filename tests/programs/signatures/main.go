// SPDX-License-Identifier: Apache-2.0

// signatures parks one goroutine in each shape of stack that Go can print, and writes its own
// goroutine profiles of that moment, in three forms, into a folder: debug2.txt, debug1.txt and
// debug0.pb.gz.
//
// The same goroutine must get the same signature from all three.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"
)

// places are started in order; each announces itself and then blocks for ever.
var places []func()

func park(f func()) { places = append(places, f) }

var arriving sync.WaitGroup

// here says that the goroutine is about to block.
func here() { arriving.Done() }

var (
	never    = make(chan int) // nobody sends to it or closes it
	nobody   = make(chan int) // nobody receives from it
	keptMu   sync.Mutex
	keptOpen []io.Closer // not to be closed by the garbage collector
)

func keep(open ...io.Closer) {
	keptMu.Lock()
	defer keptMu.Unlock()
	keptOpen = append(keptOpen, open...)
}

func main() {
	folder := flag.String("o", ".", "`folder` for the profiles")
	quit := flag.Bool("quit", false, "end by SIGQUIT, which prints all goroutines to standard error")
	leaks := flag.Bool("leaks", false, "write the goroutineleak profile too, where there is one")
	age := flag.Duration("age", 0, "wait so long first: from a minute on, waits are shown with their age")
	flag.Parse()
	for _, place := range places {
		arriving.Add(1)
		go place()
	}
	arriving.Wait()
	time.Sleep(300 * time.Millisecond)
	if *age > 0 {
		runtime.GC() // the collector notes since when goroutines wait
		time.Sleep(*age)
	}
	err := write(*folder, "goroutine", "")
	if *leaks && err == nil {
		err = write(*folder, "goroutineleak", "leak-")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "signatures:", err)
		os.Exit(1)
	}
	if *quit {
		_ = syscall.Kill(os.Getpid(), syscall.SIGQUIT)
		time.Sleep(time.Minute)
	}
}

// write takes all three forms before it touches a file.
func write(folder, profile, prefix string) error {
	if pprof.Lookup(profile) == nil {
		return fmt.Errorf("%s has no profile %q", runtime.Version(), profile)
	}
	forms := []struct {
		name  string
		debug int
		body  bytes.Buffer
	}{{name: "debug2.txt", debug: 2}, {name: "debug1.txt", debug: 1}, {name: "debug0.pb.gz", debug: 0}}
	for i := range forms {
		if err := pprof.Lookup(profile).WriteTo(&forms[i].body, forms[i].debug); err != nil {
			return err
		}
	}
	for i := range forms {
		path := filepath.Join(folder, prefix+forms[i].name)
		if err := os.WriteFile(path, forms[i].body.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
