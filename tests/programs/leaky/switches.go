// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"parkwatch.dev/programs/internal/serve"
)

var allPatterns = []string{"send", "range", "cancel", "waitgroup", "body", "mutex", "poll"}

// switches says which mistakes are made, and how often.
type switches struct {
	mu          sync.Mutex
	on          bool
	patterns    map[string]bool
	probability float64
	random      *rand.Rand
}

func newSwitches(list string, probability float64, seed int64) (*switches, error) {
	s := &switches{on: true, random: rand.New(rand.NewSource(seed))}
	if err := s.choose(list); err != nil {
		return nil, err
	}
	return s, s.set(probability)
}

func (s *switches) choose(list string) error {
	chosen := map[string]bool{}
	if list == "all" {
		list = strings.Join(allPatterns, ",")
	}
	for _, name := range strings.Split(list, ",") {
		if name != "" && !strings.Contains(" "+strings.Join(allPatterns, " ")+" ", " "+name+" ") {
			return fmt.Errorf("pattern %q: it is none of %s, all", name, strings.Join(allPatterns, ", "))
		}
		chosen[name] = name != ""
	}
	s.patterns = chosen
	return nil
}

func (s *switches) set(probability float64) error {
	if !(probability >= 0 && probability <= 1) {
		return fmt.Errorf("probability %v: it must be from 0 to 1", probability)
	}
	s.probability = probability
	return nil
}

// leaks throws the dice for one operation of one pattern.
func (s *switches) leaks(pattern string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.on && s.patterns[pattern] && s.random.Float64() < s.probability
}

// POST /leak?on=0|1&p=0.1&pattern=send,poll changes what it names and answers with what holds now.
func (s *switches) serveHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "POST /leak?on=0|1&p=PROBABILITY&pattern=LIST", http.StatusMethodNotAllowed)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	query := r.URL.Query()
	var err error
	if v := query.Get("on"); v != "" {
		s.on, err = strconv.ParseBool(v)
	}
	if v := query.Get("p"); v != "" && err == nil {
		var p float64
		if p, err = strconv.ParseFloat(v, 64); err == nil {
			err = s.set(p)
		}
	}
	if v := query.Get("pattern"); v != "" && err == nil {
		err = s.choose(v)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	serve.JSON(w, map[string]interface{}{"on": s.on, "probability": s.probability, "patterns": s.patterns})
}
