package config

import (
	"fmt"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// proxyDelays are the lines with times that are no "timeout", and TCP
// keep-alive parameters.
var proxyDelays = []*keyword.Def[Setting[Proxy]]{
	inspectDelay("tcp-request", keyword.AnyProxy, func(p *Proxy, d time.Duration) { p.InspectDelay = d }),
	inspectDelay("tcp-response", sideB, func(p *Proxy, d time.Duration) { p.ResInspectDelay = d }),
	probeCount("clitcpka-cnt", sideF, func(p *Proxy, n int) { p.ClientTCPKA.Count = n }),
	probeTime("clitcpka-idle", sideF, func(p *Proxy, d time.Duration) { p.ClientTCPKA.Idle = d }),
	probeTime("clitcpka-intvl", sideF, func(p *Proxy, d time.Duration) { p.ClientTCPKA.Intvl = d }),
	probeCount("srvtcpka-cnt", sideB, func(p *Proxy, n int) { p.ServerTCPKA.Count = n }),
	probeTime("srvtcpka-idle", sideB, func(p *Proxy, d time.Duration) { p.ServerTCPKA.Idle = d }),
	probeTime("srvtcpka-intvl", sideB, func(p *Proxy, d time.Duration) { p.ServerTCPKA.Intvl = d }),
}

// inspectDelay makes the Def of "tcp-request|tcp-response inspect-delay".
func inspectDelay(line string, in keyword.Scope, set func(*Proxy, time.Duration)) *keyword.Def[Setting[Proxy]] {
	name := line + " inspect-delay"
	return keyword.Define(keyword.Spec{Name: name, In: in | keyword.NamedDefaults, Flags: keyword.NotDumped | keyword.Open, Doc: "How long to wait for enough data."}, func(e *keyword.Env, a *knobArgs) (Setting[Proxy], error) {
		text := fmt.Sprintf("'%s' expects a positive delay in milliseconds, in %s '%s'", name, kindWord(e.Section), e.Owner)
		if a.value == "" {
			return nil, e.Errorf(-1, "%s", text)
		}
		d, err := expr.LaxTime(a.value, time.Millisecond, oddTime(e, a.index))
		switch {
		case err == expr.TimeOverflow:
			return nil, e.Errorf(a.index, "%s (timer overflow in '%s', maximum value is 2147483647 ms or ~24.8 days)", text, a.value)
		case err == expr.TimeUnderflow:
			return nil, e.Errorf(a.index, "%s (timer underflow in '%s', minimum non-null value is 1 ms)", text, a.value)
		case err != nil:
			return nil, e.Errorf(a.index, "%s (unexpected character '%c')", text, oddTimeByte(a.value))
		}
		return func(p *Proxy) error { set(p, d); return nil }, nil
	})
}

func probeCount(name string, in keyword.Scope, set func(*Proxy, int)) *keyword.Def[Setting[Proxy]] {
	return keyword.Define(keyword.Spec{Name: name, In: in, Flags: keyword.Open, Doc: "TCP keep-alive probes before a connection is dead."}, func(e *keyword.Env, a *knobArgs) (Setting[Proxy], error) {
		if a.value == "" {
			return nil, e.Errorf(-1, "'%s' expects an integer value", name)
		}
		n, rest := cNumber(a.value)
		if rest != "" {
			return nil, e.Errorf(a.index, "'%s' : unexpected character '%c' in integer value '%s'", name, rest[0], a.value)
		}
		return func(p *Proxy) error { set(p, int(n)); return nil }, nil
	})
}

func probeTime(name string, in keyword.Scope, set func(*Proxy, time.Duration)) *keyword.Def[Setting[Proxy]] {
	check := timeKnob("'%s' expects an integer value", 0, maxInt, "")
	return keyword.Define(keyword.Spec{Name: name, In: in, Flags: keyword.Open, Doc: "TCP keep-alive timing."}, func(e *keyword.Env, a *knobArgs) (Setting[Proxy], error) {
		ms, refusal := int64(0), ""
		if a.value == "" {
			_, refusal = check("")
		} else if _, err := expr.LaxTime(a.value, time.Second, func(string, byte) {}); err == expr.TimeSyntax {
			_, refusal = check(a.value)
			refusal += "\n"
		}
		if refusal == "" && a.value != "" { // the default unit is the second
			d, err := expr.LaxTime(a.value, time.Second, oddTime(e, a.index))
			if err != nil {
				refusal = "timer overflow in argument '" + a.value + "' to '%s' (maximum value is 2147483647 ms or ~24.8 days)"
			}
			ms = d.Milliseconds()
		}
		if refusal != "" {
			return nil, &keyword.Error{Index: a.index, Code: diag.BadValue, Text: strings.ReplaceAll(refusal, "%s", name)}
		}
		return func(p *Proxy) error { set(p, time.Duration(ms)*time.Millisecond); return nil }, nil
	})
}
