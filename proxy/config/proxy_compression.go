package config

import (
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/filter"
)

type compressionArgs struct {
	key, value string
	values     []string
}

// Usage is what messages say of the line.
func (compressionArgs) Usage() string {
	return "{algo|algo-req|algo-res|type|type-req|type-res|offload|direction|minsize-req|minsize-res} [<value>]*"
}

// ParseArgs reads the word and its values.
func (a *compressionArgs) ParseArgs(in *keyword.Args) error {
	w, i, _ := in.Next()
	a.key = w
	rest := texts(in.Rest())
	a.values, a.value = rest, strings.Join(rest, " ")
	switch w {
	case "algo", "algo-req", "algo-res":
		if w == "algo-req" { // takes one
			a.values = append(rest, "")[:1]
			rest, a.value = a.values, a.values[0]
		} else if len(rest) == 0 {
			return in.Env.Errorf(-1, "%s'compression' expects <algorithm>.", innerPlace(in.Env))
		}
		for k, r := range rest {
			if filter.AlgoOf(r) == filter.Off {
				return in.Env.Errorf(i+1+k, "'compression' : '%s' is not a supported algorithm.", r)
			}
		}
	case "type", "type-req", "type-res":
		if len(rest) == 0 {
			return in.Env.Errorf(-1, "'compression' expects <type>.")
		}
	case "offload":
		if in.Env.Scope&keyword.Defaults != 0 {
			in.Env.Warnf(diag.NoEffect, -1, "'compression' : 'offload' ignored in 'defaults' section.")
		}
	case "direction":
		a.value, _, _ = strings.Cut(a.value, " ")
		if indexOf([]string{"request", "response", "both"}, a.value) < 0 {
			return in.Env.Errorf(i, "'compression' expects 'request', 'response', or 'both'.")
		}
	case "minsize-req", "minsize-res":
		if a.value, _, _ = strings.Cut(a.value, " "); a.value == "" {
			return in.Env.Errorf(i, "'%s' expects an integer argument.", w)
		}
		if n, err := expr.ParseSize(a.value); err != nil || n > 1<<32-1 {
			return in.Env.Errorf(i+1, "unexpected '%s' after size passed to '%s'", sizeRest(a.value), w)
		}
	default:
		return in.Env.Errorf(i, "'compression' expects 'algo', 'type', 'direction', 'offload', 'minsize-req' or 'minsize-res'.")
	}
	return nil
}

var compression = keyword.Define(keyword.Spec{
	Name: "compression", In: keyword.AnyProxy, Doc: "Compress bodies.",
}, func(_ *keyword.Env, a *compressionArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error { p.compress(a); return nil }, nil
})

// compress applies one line. What was inherited from a defaults section is
// shared with it, so that a change makes a copy.
func (p *Proxy) compress(a *compressionArgs) {
	z := p.Compression.Clone()
	switch a.key {
	case "algo", "algo-res":
		for _, v := range a.values {
			z.Algos = append(z.Algos, filter.AlgoOf(v))
		}
	case "algo-req":
		z.ReqAlgo = filter.AlgoOf(a.value)
	case "type", "type-res":
		z.Types = append(z.Types, a.values...)
	case "type-req":
		z.ReqTypes = append(z.ReqTypes, a.values...)
	case "offload":
		z.Offload = p.Caps&keyword.Defaults == 0
	case "direction":
		z.Request, z.Response = a.value != "response", a.value != "request"
	case "minsize-req":
		n, _ := expr.ParseSize(a.value)
		z.MinReq = uint64(n)
	case "minsize-res":
		n, _ := expr.ParseSize(a.value)
		z.MinRes = uint64(n)
	}
	p.Compression = z
}

// compressors are the filters that compress.
var compressors = map[string]bool{"compression": true, "comp-req": true, "comp-res": true}

// checkCompression makes explicit filters act, and wants them where others
// stand on the proxy too: their order matters then (configuration manual 9.2).
func (c *compiler) checkCompression(p *Proxy) {
	explicit, others := false, false
	for _, x := range p.Filters {
		f, ok := x.(*Filter)
		switch {
		case !ok:
		case compressors[f.Name]:
			explicit = true
			if f.Name != "compression" && p.Compression != nil {
				z := p.Compression.Clone()
				z.Request, z.Response = z.Request || f.Name == "comp-req", z.Response || f.Name == "comp-res"
				p.Compression = z
			}
		case f.Name != "cache" && f.Name != "fcgi-app":
			others = true
		}
	}
	if p.Compression != nil && others && !explicit {
		c.afterf(diag.Alert, diag.BadArguments, p, "config: %s '%s': require an explicit filter declaration to use HTTP compression", kindWord(p.Kind), p.Name)
	}
}
