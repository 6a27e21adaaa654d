package balance

import (
	"fmt"

	"tandem/parser/diag"
	"tandem/parser/keyword"
)

// Algorithms is the table of what may follow "balance" (configuration manual
// 4.2, balance).
var Algorithms = keyword.NewTable("balance", []*keyword.Def[*Algorithm]{
	first, hashExpr, hdr, leastConn, logHash, random, randomN, rdpCookie, rdpCookieOf,
	roundRobin, bySource, staticRR, sticky, uri, urlParam,
})

// Line is the argument of a "balance" line: an ArgParser that reads the
// algorithm with its words. An empty line means the default, random.
type Line struct{ Algorithm *Algorithm }

// Usage is what messages say of the line.
func (*Line) Usage() string { return "<algorithm> [ <arguments> ]" }

// ParseArgs reads the algorithm.
func (l *Line) ParseArgs(a *keyword.Args) error {
	if a.Peek() == "" {
		a.Rest()
		l.Algorithm = Default()
		return nil
	}
	d, next := Algorithms.Match(a.Words, a.Pos)
	if d == nil {
		return &keyword.Error{Index: a.Pos, Code: diag.BadArguments, Hint: Algorithms.Suggest(a.Peek(), 0),
			Text: "balance only supports 'roundrobin', 'static-rr', 'leastconn', 'source', 'uri', 'url_param', 'hash', 'hdr(name)', 'rdp-cookie(name)', 'log-hash' and 'sticky' options."}
	}
	if !d.Note(a.Env, a.Pos) {
		return nil
	}
	alg, after, err := d.Read(a.Env, a.Words, next)
	if err != nil {
		return err
	}
	l.Algorithm, a.Pos = alg, after
	return nil
}

// Default is the algorithm of backends that name none (since 3.3).
func Default() *Algorithm { return randomOf(2) }

// Rotation is the algorithm of backends that named none before 3.3, and of
// those whose algorithm does not fit their mode.
func Rotation() *Algorithm { return &Algorithm{Name: "roundrobin", New: newRoundRobin} }

// HashLine is the argument of a "hash-type" line: an ArgParser.
type HashLine struct{ HashType HashType }

// Usage is what messages say of the line.
func (*HashLine) Usage() string { return "<method> [<function> [<modifier>]]" }

// ParseArgs reads method, function and modifier.
func (h *HashLine) ParseArgs(a *keyword.Args) error {
	w, i, _ := a.Next()
	switch w {
	case "consistent":
		h.HashType.Consistent = true
	case "map-based":
	case "avalanche":
		return bad(i, "experimental feature 'hash-type avalanche' is not supported anymore, please use 'hash-type map-based sdbm avalanche' instead.")
	default:
		return bad(i, "'hash-type' only supports 'consistent' and 'map-based'.")
	}
	if !a.More() {
		return nil
	}
	w, i, _ = a.Next()
	switch w {
	case "sdbm", "djb2", "wt6", "crc32", "none":
		h.HashType.Function = w
	default:
		return bad(i, "'hash-type' only supports 'sdbm', 'djb2', 'crc32', or 'wt6' hash functions.")
	}
	if !a.More() {
		return nil
	}
	if w, i, _ = a.Next(); w != "avalanche" {
		return bad(i, "'hash-type' only supports 'avalanche' as a modifier for hash functions.")
	}
	h.HashType.Avalanche = true
	a.Rest()
	return nil
}

// FactorLine is the argument of a "hash-balance-factor" line: an ArgParser.
type FactorLine struct{ Factor int }

// Usage is what messages say of the line.
func (*FactorLine) Usage() string { return "<factor>" }

// ParseArgs reads the percentage.
func (f *FactorLine) ParseArgs(a *keyword.Args) error {
	w, i, _ := a.Next()
	if w == "" {
		return bad(i, "'hash-balance-factor' expects an integer argument.")
	}
	f.Factor = leadingInt(w)
	if f.Factor != 0 && f.Factor <= 100 {
		return bad(i, "'hash-balance-factor' must be 0 or greater than 100.")
	}
	a.Rest()
	return nil
}

// AffinityLine is the argument of a "hash-preserve-affinity" line: an ArgParser.
type AffinityLine struct{ Affinity string }

// Usage is what messages say of the line.
func (*AffinityLine) Usage() string { return "{ always | maxconn | maxqueue }" }

// ParseArgs reads the word.
func (f *AffinityLine) ParseArgs(a *keyword.Args) error {
	w, i, _ := a.Next()
	switch w {
	case "":
		return bad(i, "'hash-preserve-affinity' needs a keyword to specify when to preserve hash affinity")
	case "always", "maxconn", "maxqueue":
		f.Affinity = w
		return nil
	}
	return bad(i, "'hash-preserve-affinity': unknown keyword '%s'", w)
}

func keywordError(i int, code diag.Code, format string, args ...any) error {
	return &keyword.Error{Index: i, Code: code, Text: fmt.Sprintf(format, args...)}
}
