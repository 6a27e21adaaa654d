package server

import "tandem/parser/source"

// Shared lets server lines that say the same have the same Params: large
// configurations are written by programs, and repeat a few sets of words for
// all their servers. Lines whose words report something, refer to something
// or hold an expression have Params of their own. The zero value is ready; a
// nil *Shared shares nothing. What lies outside the lines (global settings)
// must not change while one is in use.
type Shared struct {
	m   map[sharedKey]*Params
	key sharedKey // of the line looked up last
	buf []byte
}

type sharedKey struct {
	defaults *Params
	words    string // behind the address, each ended by a NUL, which no word holds
}

// maxShared bounds the sets of words that are remembered.
const maxShared = 4096

// find returns the Params of the words behind an address, nil where none are
// known.
func (s *Shared) find(defaults *Params, words []source.Word) *Params {
	if s == nil {
		return nil
	}
	s.buf = s.buf[:0]
	for i := range words {
		s.buf = append(append(s.buf, words[i].Text...), 0)
	}
	if p := s.m[sharedKey{defaults, string(s.buf)}]; p != nil {
		return p
	}
	s.key.defaults = defaults
	return nil
}

// add remembers the Params of the words that find was last asked for.
func (s *Shared) add(p *Params) {
	if s == nil || len(s.m) >= maxShared {
		return
	}
	if s.m == nil {
		s.m = map[sharedKey]*Params{}
	}
	s.m[sharedKey{s.key.defaults, string(s.buf)}] = p
}

// compiled says whether the words held an expression: what it is compiled to
// belongs to the line's own proxy.
func (p *Params) compiled() bool {
	return p.PoolConnExpr != nil || p.TLS.SNI != nil || len(p.SendProxy.TLVs) > 0
}
