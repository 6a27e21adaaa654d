package config

import (
	"errors"
	"fmt"
	"math"
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/sample"
	"tandem/proxy/stick"
)

// bandwidthWords are the words of "filter bwlim-in" and "bwlim-out" with their
// values. Those of one stream cannot stand with those of a shared limit.
type bandwidthWords struct {
	e      *keyword.Env
	f      *Filter
	w      []expr.Word
	shared bool // limit, key or table were read
	own    bool // default-limit or default-period were read
	sizes  map[string]int64
	key    *sample.Expr
	table  expr.Word
}

func (b *bandwidthWords) fail(i int, format string, args ...any) error {
	return b.e.Errorf(i, "'filter' : '%s' : %s", b.f.Name, fmt.Sprintf(format, args...))
}

// readBandwidth reads "<name> default-limit <size> default-period <time>
// [min-size <size>]" or "<name> limit <size> key <expr> [table <t>] [min-size
// <size>]" (configuration manual 9.7).
func readBandwidth(e *keyword.Env, f *Filter, w []expr.Word) error {
	b := &bandwidthWords{e: e, f: f, w: w, sizes: map[string]int64{}}
	if len(w) == 0 {
		return b.fail(-1, "a name is expected as first argument ")
	}
	i := 1
	for ; i < len(w); i += 2 {
		known, err := b.read(i)
		if err != nil {
			return err
		}
		if !known {
			break
		}
	}
	missing := func(word string) error { return b.fail(-1, "<%s> option is missing", word) }
	switch {
	case b.shared && b.key == nil:
		return missing("key")
	case b.shared && b.sizes["limit"] == 0:
		return missing("limit")
	case !b.shared && b.sizes["default-period"] == 0:
		return missing("default-period")
	case !b.shared && b.sizes["default-limit"] == 0:
		return missing("default-limit")
	}
	f.Limit = &BandwidthLimit{Name: w[0].Text, Shared: b.shared, Words: b.sizes}
	if p := keyword.Attached[*Proxy](e); p != nil {
		for _, other := range p.Filters {
			if l := filterOf(other).Limit; l != nil && l.Name == w[0].Text {
				return e.Errorf(-1, "'filter' : bwlim filter '%s' already declared for proxy '%s'", l.Name, e.Owner)
			}
		}
	}
	if b.shared {
		b.refer()
	}
	if i < len(w) {
		return e.Errorf(w[i].Index, "'filter %s' : unknown keyword '%s'.", f.Name, w[i].Text)
	}
	return nil
}

// read takes the word at i and its value; known is false where the word is
// none of the filter's.
func (b *bandwidthWords) read(i int) (known bool, err error) {
	word := b.w[i].Text
	switch word {
	case "min-size":
	case "default-limit", "default-period":
		b.own = true
	case "limit", "key", "table":
		b.shared = true
	default:
		return false, nil
	}
	if b.own && b.shared {
		return true, b.fail(b.w[i].Index, "cannot mix per-stream and shared parameter")
	}
	if i+1 >= len(b.w) {
		what := map[string]string{"key": "sample expression", "table": "table name"}[word]
		if what == "" {
			what = "value"
		}
		return true, b.fail(-1, "the %s is missing for '%s' option", what, word)
	}
	v := b.w[i+1]
	switch word {
	case "key":
		s, err := expr.ParseSample(v.Text)
		if err == nil {
			s.Index = v.Index
			b.key, err = sample.CompileAnywhere(b.e, s)
		}
		if err != nil {
			return true, b.e.Errorf(v.Index, "'filter' : %s", err)
		}
	case "table":
		b.table = v
	case "default-period":
		d, err := expr.ParseTime(v.Text, time.Millisecond)
		var bad expr.TimeError
		switch {
		case errors.As(err, &bad) && bad == expr.TimeUnderflow:
			d = time.Millisecond
		case err != nil:
			return true, b.fail(v.Index, "invalid value for option '%s' (unexpected character '%c')", word, oddTimeByte(v.Text))
		}
		b.sizes[word] = d.Milliseconds()
	default:
		n, err := expr.ParseSize(v.Text)
		if err != nil || n > math.MaxUint32 {
			odd := sizeRest(v.Text)
			if odd == "" {
				odd = v.Text[len(v.Text)-1:]
			}
			return true, b.fail(v.Index, "invalid value for option '%s' (unexpected character '%s')", word, odd[:1])
		}
		b.sizes[word] = n
	}
	return true, nil
}

// refer notes the table that the limit is kept in: the proxy's own where none
// is named. It must hold the rate of bytes.
func (b *bandwidthWords) refer() {
	name, at, filter := b.table.Text, b.table.Index, b.w[0].Text
	if name == "" {
		name, at = b.e.Owner, b.w[0].Index
	}
	rate, rateName := stick.BytesInRate, "bytes_in_rate"
	if b.f.Name == "bwlim-out" {
		rate, rateName = stick.BytesOutRate, "bytes_out_rate"
	}
	ref := b.e.NewRef(keyword.ToTable, name, at)
	ref.Missing = fmt.Sprintf("Proxy %s : unable to find table '%s' referenced by bwlim filter '%s'", b.e.Owner, name, filter)
	key := b.key
	ref.Check = func(any) string {
		table := keyword.Target[*stick.Table](ref)
		switch {
		case table == nil:
			return ref.Missing
		case !sample.Castable(key.Out, sample.StickType(table)):
			return fmt.Sprintf("Proxy %s : stick-table '%s' uses a type incompatible with bwlim filter '%s'", ref.Owner, name, filter)
		case !table.Stores(rate):
			return fmt.Sprintf("Proxy %s : stick-table '%s' uses a data type incompatible with bwlim filter '%s'. It must be '%s'", ref.Owner, name, filter, rateName)
		}
		return ""
	}
	b.f.Refs = append(b.f.Refs, ref)
}
