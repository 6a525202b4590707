// SPDX-License-Identifier: Apache-2.0

// load sends requests at a set rate, whatever the answers take (open loop), to loopback addresses
// only, for a bounded time, and prints as JSON what it did.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

type settings struct {
	urls     []string
	rate     float64 // requests per second
	swing    float64 // the rate goes up and down by this share...
	period   time.Duration
	even     bool
	total    int
	duration time.Duration
	flight   int
	timeout  time.Duration
	seed     int64
	post     bool
}

func readSettings() (*settings, error) {
	s := &settings{}
	list := flag.String("url", "", "`list` of addresses, comma separated, taken in turn; loopback only")
	spacing := flag.String("spacing", "poisson", "of the requests: poisson or even")
	flag.Float64Var(&s.rate, "rate", 50, "requests per second")
	flag.Float64Var(&s.swing, "swing", 0, "share by which the rate goes up and down, 0 to 1")
	flag.DurationVar(&s.period, "period", time.Minute, "of the swing")
	flag.IntVar(&s.total, "total", 0, "stop after so many requests; 0: by time only")
	flag.DurationVar(&s.duration, "duration", 30*time.Second, "stop after this, at most 2h")
	flag.IntVar(&s.flight, "in-flight", 2000, "requests at a time; above it they are dropped, and counted")
	flag.DurationVar(&s.timeout, "timeout", 10*time.Second, "of one request")
	flag.Int64Var(&s.seed, "seed", time.Now().UnixNano(), "of the spacing")
	flag.BoolVar(&s.post, "post", false, "POST instead of GET")
	flag.Parse()
	s.even = *spacing == "even"
	if !s.even && *spacing != "poisson" {
		return nil, fmt.Errorf("spacing %q: poisson or even", *spacing)
	}
	if !(s.rate > 0 && s.rate <= 100000) || !(s.swing >= 0 && s.swing <= 1) || s.period <= 0 {
		return nil, errors.New("rate must be from 0 to 100000, swing from 0 to 1, period positive")
	}
	if s.duration <= 0 || s.duration > 2*time.Hour || s.flight < 1 {
		return nil, errors.New("duration must be from 0 to 2h, in-flight at least 1")
	}
	for _, address := range strings.Split(*list, ",") {
		if err := onlyLoopback(address); err != nil {
			return nil, err
		}
		s.urls = append(s.urls, address)
	}
	return s, nil
}

func onlyLoopback(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme != "http" || ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("address %q: only http:// and a loopback IP address are allowed", address)
	}
	return nil
}

func (s *settings) client() *http.Client {
	return &http.Client{
		Timeout:       s.timeout,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 256, Proxy: nil},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// gap is the time to the next request.
func (s *settings) gap(random *rand.Rand, since time.Duration) time.Duration {
	angle := 2 * math.Pi * since.Seconds() / s.period.Seconds()
	rate := math.Max(s.rate*(1+s.swing*math.Sin(angle)), s.rate/100)
	mean := float64(time.Second) / rate
	if s.even {
		return time.Duration(mean)
	}
	return time.Duration(mean * random.ExpFloat64())
}

func main() {
	s, err := readSettings()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
	done := s.run()
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(done); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}
