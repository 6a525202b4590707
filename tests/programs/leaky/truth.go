// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// A site is where leaked goroutines sit: what a dump shows of them.
type site struct {
	Pattern  string `json:"pattern"`
	Function string `json:"function"`
	File     string `json:"file"`
	Line     int    `json:"line"` // 0: inside the standard library, whose lines differ by version
	Leaked   uint64 `json:"leaked"`
	// The statement to mend, where it is on no leaked goroutine's stack.
	Mistake *place `json:"mistake,omitempty"`
	First   string `json:"first,omitempty"` // time of the first leaked goroutine
	Last    string `json:"last,omitempty"`
}

type place struct {
	Function string `json:"function"`
	File     string `json:"file"`
	Line     int    `json:"line"`
}

// truth counts leaked goroutines by site, exactly.
type truth struct {
	mu    sync.Mutex
	sites []*site
}

// lineBelow is the place one line below the call, `skip` callers up.
func lineBelow(skip int) place {
	var pc [1]uintptr
	runtime.Callers(2+skip, pc[:])
	frame, _ := runtime.CallersFrames(pc[:]).Next()
	return place{frame.Function, filepath.Base(frame.File), frame.Line + 1}
}

// blocks is called by a goroutine that is about to leak, on the line above the statement in which
// it then stays for ever.
func (t *truth) blocks(pattern string) {
	t.add(pattern, lineBelow(1), nil)
}

// library counts goroutines that stay in functions of the standard library, one in each, because of
// a mistake elsewhere.
func (t *truth) library(pattern string, mistake place, functions ...place) {
	for _, f := range functions {
		t.add(pattern, f, &mistake)
	}
}

func (t *truth) add(pattern string, at place, mistake *place) {
	now := time.Now().UTC().Format(time.RFC3339Nano)
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.find(pattern, at)
	if s == nil {
		s = &site{Pattern: pattern, Function: at.Function, File: at.File, Line: at.Line,
			Mistake: mistake, First: now}
		t.sites = append(t.sites, s)
	}
	s.Leaked++
	s.Last = now
}

func (t *truth) find(pattern string, at place) *site {
	for _, s := range t.sites {
		if s.Pattern == pattern && s.Function == at.Function && s.Line == at.Line {
			return s
		}
	}
	return nil
}

// copy gives all sites and the number of goroutines leaked in all.
func (t *truth) copy() (sites []site, leaked uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	sites = make([]site, 0, len(t.sites))
	for _, s := range t.sites {
		sites = append(sites, *s)
		leaked += s.Leaked
	}
	return sites, leaked
}
