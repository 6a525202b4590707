// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
)

// An order goes its route through the calls below, and waits at its end for ever.
type order struct {
	id      int
	route   []byte
	arrived func()
}

var never = make(chan *order)

type (
	gateway struct{ name string }
	cart    struct{ items []string }
	prices  struct{ cents map[string]int }
	storage struct{ shards [4]int }
	session struct{ user, token string }
)

var errLate = errors.New("too late")

// calls is filled at start: the functions refer to it themselves.
var calls []func(o *order, at int) error

func init() {
	g, c, p := &gateway{"edge"}, &cart{[]string{"tea"}}, &prices{map[string]int{"tea": 250}}
	s, u := &storage{}, session{"anna", "t0k3n"}
	calls = []func(o *order, at int) error{
		func(o *order, at int) error { return g.route(o, at, g.name, o.id&7 == 0) },
		func(o *order, at int) error { return g.authorize(o, at, u, []string{"read", "write"}) },
		func(o *order, at int) error { return g.limit(o, at, float64(o.id)) },
		func(o *order, at int) error { return c.add(o, at, c.items[0], at+1) },
		func(o *order, at int) error { return c.checkout(o, at, []byte(u.token)) },
		func(o *order, at int) error { return p.lookup(o, at, c.items) },
		func(o *order, at int) error { return p.convert(o, at, "EUR", "CHF", o.id) },
		func(o *order, at int) error { return s.load(o, at, uint64(o.id)*0x9e3779b97f4a7c15) },
		func(o *order, at int) error { return s.store(o, at, errLate) },
		func(o *order, at int) error { return s.lock(o, at, s.shards) },
		func(o *order, at int) error { return u.refresh(o, at) },
		func(o *order, at int) error { return retry(3, func() error { return next(o, at+1) }) },
		func(o *order, at int) error { return traced("upstream", o, at, next) },
		func(o *order, at int) error { return each([]int{o.id}, o, at) },
	}
}

//go:noinline
func serve(o *order) { _ = next(o, 0) }

// next is inlined: it leaves frames without arguments and offset.
func next(o *order, at int) error {
	if at == len(o.route) {
		return wait(o)
	}
	return calls[o.route[at]](o, at)
}

// failed needs the arguments of its caller, which so stay alive during the call before: a dump shows
// their values.
func failed(err error, arguments ...interface{}) error {
	return fmt.Errorf("%w: %v", err, arguments)
}

//go:noinline
func wait(o *order) error {
	o.arrived()
	never <- o
	return nil
}

//go:noinline
func (g *gateway) route(o *order, at int, name string, fast bool) error {
	if err := next(o, at+1); err != nil || fast {
		return err
	}
	return nil
}

//go:noinline
func (g *gateway) authorize(o *order, at int, u session, scopes []string) error {
	if len(scopes) == 0 {
		return errLate
	}
	if err := next(o, at+1); err != nil {
		return failed(err, g, o, u, scopes)
	}
	return nil
}

//go:noinline
func (g *gateway) limit(o *order, at int, rate float64) error {
	if rate < 0 {
		return errLate
	}
	if err := next(o, at+1); err != nil {
		return failed(err, g, at, rate)
	}
	return nil
}

//go:noinline
func (c *cart) add(o *order, at int, item string, n int) error {
	if err := next(o, at+1); err != nil {
		return failed(err, c, item, n)
	}
	return nil
}

//go:noinline
func (c *cart) checkout(o *order, at int, token []byte) error {
	if err := next(o, at+1); err != nil {
		return failed(err, o, token)
	}
	return nil
}

//go:noinline
func (p *prices) lookup(o *order, at int, items []string) error {
	for range items {
		if err := next(o, at+1); err != nil {
			return err
		}
	}
	return nil
}

//go:noinline
func (p *prices) convert(o *order, at int, from, to string, cents int) error {
	if err := next(o, at+1); err != nil {
		return failed(err, p, from, to, cents)
	}
	return nil
}

//go:noinline
func (s *storage) load(o *order, at int, key uint64) error {
	if err := next(o, at+1); err != nil {
		return failed(err, s, o, key)
	}
	return nil
}

//go:noinline
func (s *storage) store(o *order, at int, last error) error {
	if last == nil {
		return nil
	}
	if err := next(o, at+1); err != nil {
		return failed(err, s, at, last)
	}
	return nil
}

//go:noinline
func (s *storage) lock(o *order, at int, shards [4]int) error {
	s.shards = shards
	return next(o, at+1)
}

//go:noinline
func (u session) refresh(o *order, at int) error {
	if err := next(o, at+1); err != nil {
		return failed(err, u, o)
	}
	return nil
}

//go:noinline
func retry(times int, f func() error) error {
	for i := 0; i < times; i++ {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

//go:noinline
func traced(name string, o *order, at int, f func(*order, int) error) (err error) {
	defer func() {
		if err != nil {
			err = errors.New(name + ": " + err.Error())
		}
	}()
	return f(o, at+1)
}

//go:noinline
func each(ids []int, o *order, at int) error {
	for _, id := range ids {
		if err := next(o, at+1); err != nil && id > 0 {
			return err
		}
	}
	return nil
}
