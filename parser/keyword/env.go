package keyword

import (
	"fmt"
	"net/netip"
	"os"
	"reflect"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// Env is where a line stands: build functions read it, report to it and leave
// their references in it.
type Env struct {
	Diags   *diag.List
	Scope   Scope  // the section or inner language the line belongs to
	Section string // "frontend"
	Owner   string // name of the proxy, userlist …; "" where it has none
	Subject string // "server be/s1": context that messages carry
	Refs    []*Ref

	LookUp       func(string) []netip.Addr // addresses of a host name; nil where names are not looked up
	Offline      bool                      // no DNS, no certificates, no privileged look-ups: say what was not checked
	Experimental bool                      // expose-experimental-directives was given
	Words        []source.Word             // of the line being built, keyword included
	Start        int                       // index in Words of the keyword's first argument
	Prefix       string                    // "no" or "default" before the keyword, else empty

	attached map[reflect.Type]any
}

// Span returns the place of word i of the line, or of the whole line when i is out of range.
func (e *Env) Span(i int) source.Span {
	if i >= 0 && i < len(e.Words) {
		return e.Words[i].Span
	}
	return e.LineSpan()
}

// LineSpan returns the place of the whole line.
func (e *Env) LineSpan() source.Span {
	if len(e.Words) == 0 {
		return source.Span{}
	}
	return e.Words[0].Span.To(e.Words[len(e.Words)-1].Span)
}

// Errorf makes the error that a build function returns for word i (-1: the line).
func (e *Env) Errorf(i int, format string, args ...any) error {
	return &Error{Index: i, Code: diag.BadValue, Text: fmt.Sprintf(format, args...)}
}

// Warnf reports a warning that the original gives too, at word i.
func (e *Env) Warnf(c diag.Code, i int, format string, args ...any) *diag.Diagnostic {
	d := e.Diags.Warnf(c, e.Span(i), format, args...)
	d.Subject = e.Subject
	return d
}

// NewRef notes a reference by name, written at word i.
func (e *Env) NewRef(k RefKind, name string, i int) *Ref {
	r := &Ref{Kind: k, Name: name, Span: e.Span(i), Owner: e.Owner}
	if len(e.Words) > 0 {
		r.By = e.Words[0].Text
	}
	e.Refs = append(e.Refs, r)
	return r
}

// ReadFile reads a file that a line names, and reports ENOENT and the like as
// errors that name the path.
func (e *Env) ReadFile(path string) ([]byte, error) { return os.ReadFile(path) }

// Attach hands v to all build functions of this Env that ask for its type.
func Attach[T any](e *Env, v T) {
	if e.attached == nil {
		e.attached = map[reflect.Type]any{}
	}
	e.attached[reflect.TypeFor[T]()] = v
}

// Attached returns what was attached of type T, or its zero value.
func Attached[T any](e *Env) T {
	v, _ := e.attached[reflect.TypeFor[T]()].(T)
	return v
}

// Error is what a build function or an argument returns to refuse a line.
type Error struct {
	Index int // word of the line, counted from 0 at the keyword; -1: the line
	Code  diag.Code
	Text  string
	Hint  string
	Stop  bool // the text ends with a full stop that is part of it: layouts add theirs
	Place bool // print as "[f:3] :" and not "parsing [f:3] :"
	Tight bool // print as "parsing [f:3]:", without the space
}

// Error returns the text without place.
func (e *Error) Error() string { return e.Text }
