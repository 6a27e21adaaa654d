package stick

import (
	"strconv"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// storeArgs is a comma-separated list of kinds of data, each with what stands
// in its parentheses.
type storeArgs struct {
	items []storeItem
	at    int
}

type storeItem struct {
	data   Data
	n      int
	period int64
}

// Usage is what messages say of the argument.
func (storeArgs) Usage() string { return "<data_type>[,<data_type>]*" }

// ParseArgs reads the list.
func (s *storeArgs) ParseArgs(a *keyword.Args) error {
	w, at, _ := a.Next()
	s.at = at
	for rest := w; rest != ""; {
		item, after := cutItem(rest)
		rest = after
		got, err := readItem(a.Env, item, at)
		if err != nil {
			return err
		}
		s.items = append(s.items, got)
	}
	return nil
}

// cutItem cuts the list at its first comma outside of parentheses.
func cutItem(s string) (item, rest string) {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth <= 0 {
				return s[:i], s[i+1:]
			}
		}
	}
	return s, ""
}

// readItem reads "name", "name(period)", "name(count)" or "name(count,period)".
func readItem(e *keyword.Env, item string, at int) (storeItem, error) {
	name, in, has := strings.Cut(item, "(")
	in, closed := strings.CutSuffix(in, ")")
	d, ok := DataNamed(name)
	if !ok {
		return storeItem{}, refuse(at, "stick-table: unknown store option '%s'.", name)
	}
	got := storeItem{data: d, n: 1}
	if has && !closed {
		return got, refuse(at, "stick-table: missing closing parenthesis after store option '%s'.", name)
	}
	info := &infos[d]
	if !info.array && !info.rate {
		if has {
			return got, refuse(at, "stick-table: unexpected argument to store option '%s'.", name)
		}
		return got, nil
	}
	count, period := "1", in
	if info.array {
		count, period, ok = strings.Cut(in, ",")
		if info.rate && !ok {
			has = false
		}
	}
	if !has {
		return got, refuse(at, "stick-table: missing argument to store option '%s'.", name)
	}
	n, err := strconv.Atoi(strings.TrimSpace(count))
	if err != nil || n < 1 || n > 100 {
		return got, refuse(at, "stick-table: array size is out of allowed range (1-100) for store option '%s'.", name)
	}
	got.n = n
	if info.rate {
		t, err := expr.LaxTime(strings.TrimSpace(period), time.Millisecond, odd(e, at))
		if err != nil {
			return got, refuse(at, "stick-table: error when processing store option '%s'.", name)
		}
		got.period = t.Milliseconds()
	}
	return got, nil
}

func newStore(e *keyword.Env, a *storeArgs) (Option, error) {
	return func(c *Config) error {
		for _, x := range a.items {
			if !c.Store(x.data, x.n, x.period) {
				e.Warnf(diag.NoEffect, a.at, "stick-table: store option '%s' already enabled, ignored.", x.data)
			}
		}
		return nil
	}, nil
}
