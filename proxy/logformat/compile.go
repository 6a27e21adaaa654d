// Package logformat turns log-format strings into appenders (configuration
// manual 8.2.6): literals, aliases, sample expressions, flags, encodings.
package logformat

import (
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// Alias is what a %name makes: it appends its value for a transaction.
type Alias func(dst []byte, t *tx.Tx, f Flags) []byte

// Flags are the %{…} options in force for one item.
type Flags struct {
	Quote, Hex, Mandatory, Escape, Bin, JSON, CBOR bool
}

// Format is a compiled log-format string.
type Format struct {
	Text  string
	items []item
}

type item struct {
	lit   []byte
	alias Alias
	expr  *sample.Expr
	flags Flags
}

// Compile compiles f.
func Compile(e *keyword.Env, f expr.Fmt) (*Format, error) {
	out := &Format{Text: f.Text}
	for _, it := range f.Items {
		switch {
		case it.Sample != nil:
			s := *it.Sample
			s.Index = f.Index
			x, err := sample.Compile(e, s)
			if err != nil {
				return nil, err
			}
			out.items = append(out.items, item{expr: x})
		default:
			out.items = append(out.items, item{lit: []byte(it.Text)})
		}
	}
	return out, nil
}

// Append appends the string for t.
func (f *Format) Append(dst []byte, t *tx.Tx) []byte {
	for i := range f.items {
		it := &f.items[i]
		switch {
		case it.expr != nil:
			dst, _ = it.expr.AppendString(dst, t)
		case it.alias != nil:
			dst = it.alias(dst, t, it.flags)
		default:
			dst = append(dst, it.lit...)
		}
	}
	return dst
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
