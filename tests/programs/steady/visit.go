// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"math"
	"math/rand"
	"net/http"
	"time"
)

// visit is the program's own load, at a rate that swings; one of fifty visits is a long session.
func visit(app string, rate, swing float64, period time.Duration) {
	client := &http.Client{
		Timeout: 3 * time.Minute,
		Transport: &http.Transport{MaxIdleConnsPerHost: 100, Proxy: nil,
			IdleConnTimeout: 15 * time.Second},
	}
	random := rand.New(rand.NewSource(1))
	begun := time.Now()
	places := make(chan struct{}, 1000)
	for {
		angle := 2 * math.Pi * time.Since(begun).Seconds() / period.Seconds()
		now := math.Max(rate*(1+swing*math.Sin(angle)), rate/100)
		time.Sleep(time.Duration(random.ExpFloat64() * float64(time.Second) / now))
		address := fmt.Sprintf("%s/item?id=%d", app, random.Intn(1000))
		if random.Intn(50) == 0 {
			address = fmt.Sprintf("%s/session?for=%ds", app, 5+random.Intn(40))
		}
		select {
		case places <- struct{}{}:
			go func() {
				fetch(client, address)
				<-places
			}()
		default:
		}
	}
}

func fetch(client *http.Client, address string) {
	response, err := client.Get(address)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
}
