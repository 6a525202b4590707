// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"net/http"
)

// fetch asks the upstream.
//
// The mistake (pattern "body"): the body is neither read nor closed, so both goroutines of the
// client's connection stay.
func (g *Gateway) fetch(path string) (stock int, err error) {
	if g.dice.leaks("body") {
		return g.fetchAndForget(path)
	}
	response, err := g.client.Get(g.upstream + path)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var answer struct{ Stock int }
	err = json.NewDecoder(response.Body).Decode(&answer)
	return answer.Stock, err
}

func (g *Gateway) fetchAndForget(path string) (int, error) {
	mistake := lineBelow(0)
	response, err := g.client.Get(g.upstream + path)
	if err != nil {
		return 0, err
	}
	if response.StatusCode != http.StatusOK {
		return 0, response.Body.Close()
	}
	g.truth.library("body", mistake,
		place{Function: "net/http.(*persistConn).readLoop", File: "transport.go"},
		place{Function: "net/http.(*persistConn).writeLoop", File: "transport.go"})
	return 0, nil
}
