package config

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// timeArgs is one time.
type timeArgs struct {
	Time expr.Word `parser:"@@"`
}

// timeValue reads a time in milliseconds by default and reports what is wrong
// in the original's words.
func timeValue(e *keyword.Env, w expr.Word, what string, unit time.Duration) (time.Duration, error) {
	d, err := expr.LaxTime(w.Text, unit, oddTime(e, w.Index))
	if err == nil {
		return d, nil
	}
	text := fmt.Sprintf("unexpected character '%c' in '%s'", oddTimeByte(w.Text), what)
	switch {
	case errors.Is(err, expr.TimeOverflow):
		text = fmt.Sprintf("timer overflow in argument '%s' to '%s' (maximum value is 2147483647 ms or ~24.8 days)", w.Text, what)
	case errors.Is(err, expr.TimeUnderflow):
		text = fmt.Sprintf("timer underflow in argument '%s' to '%s' (minimum non-null value is 1 ms)", w.Text, what)
	}
	return 0, &keyword.Error{Index: w.Index, Code: diag.BadValue, Text: text}
}

// oddTime warns of what stands behind the unit of the time at word i.
func oddTime(e *keyword.Env, i int) func(string, byte) {
	return func(word string, b byte) { e.Warnf(diag.BadValue, i, "%s", expr.OddTime(word, b)).Layout = diag.Bare }
}

// timeout makes the Def of one "timeout …" line.
func timeout(name string, in keyword.Scope, doc string, set func(*Timeouts, time.Duration)) *keyword.Def[Setting[Proxy]] {
	return timeoutAs(keyword.Spec{Name: "timeout " + name, In: in, Doc: doc}, name, set)
}

// timeoutAs is timeout for words with a Spec of their own (old spellings).
func timeoutAs(s keyword.Spec, name string, set func(*Timeouts, time.Duration)) *keyword.Def[Setting[Proxy]] {
	s.Misuse = fmt.Sprintf("'timeout %s' expects an integer value (in milliseconds)", name)
	field := durationSetBy(set)
	return keyword.Define(s, func(e *keyword.Env, a *timeArgs) (Setting[Proxy], error) {
		d, err := timeValue(e, a.Time, "timeout "+name, time.Millisecond)
		if err != nil {
			return nil, err
		}
		warnTinyTimeout(e, a.Time, name, d)
		at := a.Time.Index - 1
		return func(p *Proxy) error {
			if p.Caps&keyword.Defaults == 0 && field(&p.Timeouts) != field(&p.inherited().Timeouts) {
				e.Warnf(diag.Duplicate, at, "overwriting 'timeout %s' which was already specified", name)
			}
			set(&p.Timeouts, d)
			return nil
		}, nil
	})
}

// durationSetBy returns what reads the duration that set writes.
func durationSetBy(set func(*Timeouts, time.Duration)) func(*Timeouts) time.Duration {
	var probe Timeouts
	set(&probe, 1)
	for i, v := 0, reflect.ValueOf(probe); i < v.NumField(); i++ {
		if f := v.Field(i); f.CanInt() && f.Int() == 1 {
			return func(t *Timeouts) time.Duration { return time.Duration(reflect.ValueOf(t).Elem().Field(i).Int()) }
		}
	}
	return func(*Timeouts) time.Duration { return 0 }
}

// inherited is what a proxy began with.
func (p *Proxy) inherited() *Proxy {
	if p.From == nil {
		return builtIn
	}
	return p.From
}

// warnTinyTimeout warns of "timeout client 30", which people mean in seconds.
func warnTinyTimeout(e *keyword.Env, w expr.Word, name string, d time.Duration) {
	n := len(w.Text)
	if d > 0 && d < 100*time.Millisecond && n > 0 && w.Text[n-1] >= '0' && w.Text[n-1] <= '9' {
		e.Warnf(diag.NoEffect, w.Index, "'timeout %s %s' in %s is suspiciously small for a value in milliseconds. Please use an explicit unit ('%sms') if that was the intent.", name, w.Text, ownerWord(e), w.Text)
	}
}

// ownerWord is "proxy 'x'", or the section's keyword where it has no name.
func ownerWord(e *keyword.Env) string {
	if e.Section == "defaults" {
		return "defaults section"
	}
	return kindWord(e.Section) + " '" + e.Owner + "'"
}

const (
	sideF = keyword.Defaults | keyword.Frontend
	sideB = keyword.Defaults | keyword.Backend
)

// proxyTimeouts are the timeout lines (configuration manual 4.2).
var proxyTimeouts = []*keyword.Def[Setting[Proxy]]{
	timeout("client", sideF, "Longest silence of a client.", func(t *Timeouts, d time.Duration) { t.Client, t.SetClient = d, true }),
	timeout("client-fin", sideF, "Longest silence of a client after half-close.", func(t *Timeouts, d time.Duration) { t.ClientFin = d }),
	timeout("client-hs", sideF, "Longest time for a client's handshakes.", func(t *Timeouts, d time.Duration) { t.ClientHS = d }),
	timeout("connect", sideB, "Longest time for a connection to a server.", func(t *Timeouts, d time.Duration) { t.Connect, t.SetConnect = d, true }),
	timeout("server", sideB, "Longest silence of a server.", func(t *Timeouts, d time.Duration) { t.Server, t.SetServer = d, true }),
	timeout("server-fin", sideB, "Longest silence of a server after half-close.", func(t *Timeouts, d time.Duration) { t.ServerFin = d }),
	timeout("tunnel", sideB, "Longest silence of a tunnel.", func(t *Timeouts, d time.Duration) { t.Tunnel = d }),
	timeout("queue", sideB, "Longest stay in a queue.", func(t *Timeouts, d time.Duration) { t.Queue, t.SetQueue = d, true }),
	timeout("check", sideB, "Longest time for a check once connected.", func(t *Timeouts, d time.Duration) { t.Check, t.SetCheck = d, true }),
	timeout("http-request", keyword.AnyProxy, "Longest time for a request's headers.", func(t *Timeouts, d time.Duration) { t.HTTPRequest, t.SetHTTPRequest = d, true }),
	timeout("http-keep-alive", keyword.AnyProxy, "Longest wait for the next request.", func(t *Timeouts, d time.Duration) { t.HTTPKeepAlive, t.SetHTTPKeepAlive = d, true }),
	timeout("tarpit", keyword.AnyProxy, "How long a tarpitted client waits.", func(t *Timeouts, d time.Duration) { t.Tarpit, t.SetTarpit = d, true }),
	oldTimeout("clitimeout", "client", sideF, func(t *Timeouts, d time.Duration) { t.Client, t.SetClient = d, true }),
	oldTimeout("srvtimeout", "server", sideB, func(t *Timeouts, d time.Duration) { t.Server, t.SetServer = d, true }),
	oldTimeout("contimeout", "connect", sideB, func(t *Timeouts, d time.Duration) { t.Connect, t.SetConnect = d, true }),
	oldTimeout("timeout clitimeout", "client", sideF, func(t *Timeouts, d time.Duration) { t.Client, t.SetClient = d, true }),
	oldTimeout("timeout srvtimeout", "server", sideB, func(t *Timeouts, d time.Duration) { t.Server, t.SetServer = d, true }),
	oldTimeout("timeout contimeout", "connect", sideB, func(t *Timeouts, d time.Duration) { t.Connect, t.SetConnect = d, true }),
}

// oldTimeout is a timeout's name from before 1.5, dropped in 2.1.
func oldTimeout(old, name string, in keyword.Scope, set func(*Timeouts, time.Duration)) *keyword.Def[Setting[Proxy]] {
	return timeoutAs(refusedAs(keyword.Spec{Name: old, In: in, Until: keyword.V(2, 1), Instead: "timeout " + name,
		Doc: "Old spelling of timeout " + name + "."}), name, set)
}
