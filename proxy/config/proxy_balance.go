package config

import (
	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/balance"
)

// hashArgs is balance's "hash-type" line and the older "avalanche".
type hashArgs struct{ balance.HashLine }

// ParseArgs reads the line.
func (a *hashArgs) ParseArgs(in *keyword.Args) error {
	if in.Peek() != "avalanche" {
		return a.HashLine.ParseArgs(in)
	}
	in.Env.Diags.Tolerate(diag.Diagnostic{
		Code: diag.RemovedWord, Span: in.Env.Span(in.Pos), Hint: "hash-type map-based sdbm avalanche",
		Text: "'hash-type avalanche' was dropped before HAProxy 1.5; it is accepted here and does what it did. Please write 'hash-type map-based sdbm avalanche' instead.",
	}, diag.Diagnostic{Text: "experimental feature 'hash-type avalanche' is not supported anymore, please use 'hash-type map-based sdbm avalanche' instead."})
	in.Next()
	a.HashType = balance.HashType{Function: "sdbm", Avalanche: true}
	return nil
}

// proxyBalance are the lines that say how servers are chosen; their grammar is
// the balance room's.
var proxyBalance = []*keyword.Def[Setting[Proxy]]{
	keyword.Define(keyword.Spec{Name: "balance", In: sideB, Doc: "How servers are chosen."}, func(_ *keyword.Env, a *balance.Line) (Setting[Proxy], error) {
		return func(p *Proxy) error {
			if a.Algorithm != nil {
				p.Balance = a.Algorithm
			}
			return nil
		}, nil
	}),
	keyword.Define(keyword.Spec{Name: "hash-type", In: sideB, Doc: "How keys are spread over servers."}, func(_ *keyword.Env, a *hashArgs) (Setting[Proxy], error) {
		return func(p *Proxy) error {
			h := a.HashType
			h.Factor, h.PreserveAffinity = p.HashType.Factor, p.HashType.PreserveAffinity
			p.HashType = h
			return nil
		}, nil
	}),
	keyword.Define(keyword.Spec{Name: "hash-balance-factor", In: sideB, Doc: "How far a server's load may exceed the average, in percent."}, func(_ *keyword.Env, a *balance.FactorLine) (Setting[Proxy], error) {
		return func(p *Proxy) error { p.HashType.Factor = a.Factor; return nil }, nil
	}),
	keyword.Define(keyword.Spec{Name: "hash-preserve-affinity", In: sideB, Flags: keyword.Open, Doc: "When a full server keeps its keys."}, func(_ *keyword.Env, a *balance.AffinityLine) (Setting[Proxy], error) {
		return func(p *Proxy) error { p.HashType.PreserveAffinity = a.Affinity; return nil }, nil
	}),
}
