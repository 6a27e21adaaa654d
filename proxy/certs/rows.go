package certs

import (
	"slices"
	"strings"
)

// Row is one name that a bind line offers, for "show ssl sni".
type Row struct {
	SNI   string // lower case; "*" is the default
	Not   []string
	Entry *Entry
}

// Rows lists the names that a bind line offers: exact ones, then wildcards,
// each in order.
func (b *Bind) Rows() []Row {
	var exact, wild []Row
	add := func(e *Entry, filters []string) {
		c := e.Cert()
		if c == nil {
			return
		}
		var not []string
		names := filters
		if len(names) == 0 {
			names = append(append(names, c.Leaf.Subject.CommonName), c.Leaf.DNSNames...)
		}
		for _, n := range names {
			if strings.HasPrefix(n, "!") {
				not = append(not, n)
			}
		}
		for _, n := range names {
			n = strings.ToLower(n)
			same := func(r Row) bool { return r.SNI == n && r.Entry == e }
			switch {
			case n == "" || n[0] == '!' || slices.ContainsFunc(exact, same) || slices.ContainsFunc(wild, same):
			case n[0] == '*':
				wild = append(wild, Row{n, not, e})
			default:
				exact = append(exact, Row{SNI: n, Entry: e})
			}
		}
	}
	var first *Entry
	each := func(e *Entry, filters []string) {
		if first == nil && e.Cert() != nil {
			first = e
			wild = append(wild, Row{SNI: "*", Entry: e})
		}
		add(e, filters)
	}
	for _, e := range b.direct {
		each(e, nil)
	}
	for _, l := range b.lists {
		for _, line := range l.Lines {
			each(line.Entry, line.Filters)
		}
	}
	byName := func(x, y Row) int { return strings.Compare(x.SNI, y.SNI) }
	slices.SortStableFunc(exact, byName)
	slices.SortStableFunc(wild, byName)
	return append(exact, wild...)
}
