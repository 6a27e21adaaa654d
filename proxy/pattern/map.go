package pattern

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"tandem/parser/keyword"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// AttachTo hands the registry to everything that is compiled with e: ACLs, the
// map converters and the fetch acl.
func (r *Registry) AttachTo(e *keyword.Env) {
	keyword.Attach(e, r)
	keyword.Attach[sample.Maps](e, r)
	keyword.Attach[sample.ACLFinder](e, aclFinder{})
}

// OpenMap returns the map of a file for a match method; see sample.Maps.
func (r *Registry) OpenMap(e *keyword.Env, file, method string, out sample.MapOutput) (sample.Map, error) {
	m := methodOf(method)
	if m == NoMethod {
		return nil, fmt.Errorf("unknown match method '%s'", method)
	}
	l, err := r.file(e, file, true)
	if err != nil {
		return nil, err
	}
	if l.Where == "" {
		l.Where = "pattern loaded from file '" + file + "' used by map at " + placeOf(e)
	}
	for i, x := range l.entries {
		if err := checkOutput(x.Value(), out); err != nil {
			return nil, fmt.Errorf("%w at line %d of file '%s'", err, i+1, file)
		}
	}
	s, err := l.set(kind{method: m})
	if err != nil {
		return nil, fileError(err, l, file)
	}
	return mapView{s}, nil
}

// fileError adds where in a file a pattern stands.
func fileError(err error, l *List, file string) error {
	var at *entryError
	if !errors.As(err, &at) {
		return err
	}
	for i, x := range l.entries {
		if x == at.entry {
			return fmt.Errorf("%w at line %d of file '%s'", at.err, i+1, file)
		}
	}
	return err
}

// placeOf returns "file 'x' line 3" for the line being read.
func placeOf(e *keyword.Env) string {
	s := e.LineSpan()
	if s.IsZero() {
		return "file '' line 0"
	}
	return fmt.Sprintf("file '%s' line %d", s.File.Name, s.Line())
}

// checkOutput says whether a value can be given out.
func checkOutput(s string, out sample.MapOutput) error {
	switch out {
	case sample.MapInt:
		if _, err := strconv.ParseInt(s, 10, 64); err != nil {
			return fmt.Errorf("'%s' is not a number", s)
		}
	case sample.MapIP:
		if _, err := netip.ParseAddr(s); err != nil {
			return fmt.Errorf("'%s' is not a valid IPv4 or IPv6 address", s)
		}
	}
	return nil
}

// mapView is a set as map converters see it.
type mapView struct{ set *Set }

// Lookup finds the entry of a sample.
func (m mapView) Lookup(t *tx.Tx, v *sample.Value) (sample.MapEntry, bool) {
	e := m.set.Find(t, v)
	if e == nil {
		return sample.MapEntry{}, false
	}
	val := e.value.Load()
	return sample.MapEntry{Key: e.Key, Bytes: val.bytes, Int: val.n, IP: val.ip}, true
}

// LookupRegexp finds the entry and its regular expression.
func (m mapView) LookupRegexp(b []byte) (sample.MapEntry, *sample.Regexp, bool) {
	x := m.set.now.Load()
	for _, i := range [...]index{x.base, x.more} {
		if re, ok := i.(*regIndex); ok {
			if e, r := re.findRegexp(b); e != nil {
				val := e.value.Load()
				return sample.MapEntry{Key: e.Key, Bytes: val.bytes, Int: val.n, IP: val.ip}, r, true
			}
		}
	}
	return sample.MapEntry{}, nil, false
}
