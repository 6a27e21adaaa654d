// Package logformat turns log-format strings into appenders (configuration
// manual 8.2.6): literals, aliases, sample expressions, flags, encodings.
package logformat

import (
	"fmt"
	"slices"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
	"tandem/stats"
)

// Alias is what a %name makes: it appends its value for a transaction,
// nothing where there is none.
type Alias func(dst []byte, t *tx.Tx, f Flags) []byte

// Flags are the %{…} options in force for one item, and what the caller of
// Append says.
type Flags struct {
	Quote, Hex, Mandatory, Escape, Bin, JSON, CBOR bool

	Early   bool           // the transaction is still running ("option logasap")
	Origin  string         // %OG
	Process *stats.Process // %ac; nil: unknown
}

// Mode says what a format is for.
type Mode uint8

// Modes of formats. Undecided lets Compile find out: rules make header
// fields, anything else makes logs.
const (
	Undecided Mode = iota
	Log            // missing values are '-', blanks are merged
	Header         // bytes that must not be in header fields become %XX
	Verbatim       // bodies, variables: nothing is encoded
)

// Format is a compiled log-format string.
type Format struct {
	Text  string
	items []item
	mode  Mode
	// whole is set where %{+json}o or %{+cbor}o encodes the whole string.
	whole  Flags
	global bool
}

type item struct {
	lit   []byte
	alias *aliasDef
	expr  *sample.Expr
	flags Flags
	name  string
	typ   string // "", str, sint, bool, raw
}

// Compile compiles f for what the line being read wants.
func Compile(e *keyword.Env, f expr.Fmt) (*Format, error) {
	return CompileMode(e, f, Undecided)
}

// CompileMode compiles f for a purpose.
func CompileMode(e *keyword.Env, f expr.Fmt, mode Mode) (*Format, error) {
	if mode == Undecided {
		mode = Log
		if e.Scope&keyword.AnyRule != 0 && e.Scope&keyword.AnyProxy == 0 {
			mode = Header
		}
	}
	out := &Format{Text: f.Text, mode: mode}
	base := Flags{Mandatory: mode == Log, Process: keyword.Attached[*stats.Process](e)}
	for _, it := range f.Items {
		flags, err := base.with(it.Flags, f.Index)
		if err != nil {
			return nil, err
		}
		x := item{flags: flags, name: it.Name, typ: it.Type}
		switch it.Type {
		case "", "str", "sint", "bool", "raw":
		default:
			return nil, &keyword.Error{Index: f.Index, Code: diag.BadValue, Text: fmt.Sprintf("unexpected output type '%s' at position %d line : '%s'. Supported types are: str, sint, bool, raw", it.Type, strings.Index(f.Text, it.Type), f.Text)}
		}
		switch {
		case it.Sample != nil:
			if x.expr, err = compileSample(e, f, it); err != nil {
				return nil, err
			}
		case it.Alias == "o":
			base = flags
			if flags.JSON || flags.CBOR {
				out.global, out.whole = true, flags
			}
			continue
		case it.Alias != "":
			if x.alias = aliases[it.Alias]; x.alias == nil {
				return nil, &keyword.Error{Index: f.Index, Code: diag.UnknownKeyword, Text: fmt.Sprintf("no such format alias '%s'. If you wanted to emit the '%%' character verbatim, you need to use '%%%%'", it.Alias), Hint: nearAlias(it.Alias)}
			}
		default:
			x.lit = []byte(it.Text)
		}
		out.items = append(out.items, x)
	}
	if mode == Log {
		out.mergeBlanks()
	}
	if e.Scope == keyword.HTTPRequest || e.Scope == keyword.HTTPResponse || e.Scope == keyword.HTTPAfterResponse {
		for _, name := range out.Fetches(sample.RequestRaw | sample.ResponseRaw) {
			e.Warnf(diag.NoEffect, f.Index, "L6 sample fetch <%s> ignored in HTTP log-format string.", name)
		}
	}
	return out, nil
}

// compileSample compiles the expression of one item.
func compileSample(e *keyword.Env, f expr.Fmt, it expr.FmtItem) (*sample.Expr, error) {
	s := *it.Sample
	s.Index = f.Index
	var missing error
	x, err := sample.CompileIf(e, s, func(x *sample.Expr) error {
		if it.Bad != nil {
			missing = &keyword.Error{Index: f.Index, Code: diag.BadArguments, Text: it.Bad.Error()}
		} else if !x.Here(e) {
			missing = &keyword.Error{Index: f.Index, Code: diag.MissingLayer, Text: fmt.Sprintf("sample fetch <%s> may not be reliably used here because it needs '%s' which is not available here", x.Name, x.Need)}
		}
		return missing
	})
	if missing != nil {
		return nil, missing
	}
	if err != nil {
		rest := s.Text
		if i := strings.Index(f.Text, s.Text); i >= 0 {
			rest = f.Text[i:]
		}
		out := &keyword.Error{Index: f.Index, Code: diag.BadArguments, Text: fmt.Sprintf("failed to parse sample expression <%s> : %s", rest, err)}
		if k, ok := err.(*keyword.Error); ok {
			out.Code, out.Hint = k.Code, k.Hint
		}
		return nil, out
	}
	return x, nil
}

func nearAlias(name string) string {
	names, _ := AliasNames()
	return diag.Nearest(name, names)
}

// with returns f changed by the flags written in braces.
func (f Flags) with(words []string, index int) (Flags, error) {
	for _, w := range words {
		if len(w) < 2 || w[0] != '+' && w[0] != '-' {
			continue // the original takes such words without a murmur
		}
		on := w[0] == '+'
		switch w[1:] {
		case "Q":
			f.Quote = on
		case "X":
			f.Hex = on
		case "E":
			f.Escape = on
		case "M":
			f.Mandatory = on
		case "bin":
			f.Bin = on
		case "json":
			f.JSON, f.CBOR = on, f.CBOR && !on
		case "cbor":
			f.CBOR, f.JSON = on, f.JSON && !on
		}
	}
	return f, nil
}

// mergeBlanks makes one blank of several, across items that are literals.
func (f *Format) mergeBlanks() {
	blank := true
	for i := range f.items {
		it := &f.items[i]
		if it.lit == nil {
			blank = false
			continue
		}
		out := it.lit[:0]
		for _, c := range it.lit {
			if c == ' ' || c == '\t' {
				if !blank {
					out = append(out, ' ')
				}
				blank = true
				continue
			}
			out, blank = append(out, c), false
		}
		it.lit = out
	}
}

// Fetches returns the names of the fetches that look at data of any of the
// layers.
func (f *Format) Fetches(l sample.Layer) (names []string) {
	for i := range f.items {
		if x := f.items[i].expr; x != nil && x.Need&l != 0 {
			names = append(names, x.Name)
		}
	}
	return names
}

// Literal returns the whole string if it is constant.
func (f *Format) Literal() (string, bool) {
	switch {
	case len(f.items) == 0:
		return "", true
	case len(f.items) == 1 && f.items[0].lit != nil:
		return string(f.items[0].lit), true
	}
	return "", false
}

// Samples says whether the format has expressions.
func (f *Format) Samples() bool {
	return slices.ContainsFunc(f.items, func(it item) bool { return it.expr != nil })
}

// Need returns the layers that the format's expressions look at.
func (f *Format) Need() (l sample.Layer) {
	for i := range f.items {
		if f.items[i].expr != nil {
			l |= f.items[i].expr.Need
		}
	}
	return l
}
