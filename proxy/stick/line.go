package stick

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// Option is what a word of a "stick-table" line makes.
type Option func(*Config) error

// Words is the table of the words of a "stick-table" line and of a peers
// section's "table" line (configuration manual 11.1).
var Words = keyword.NewTable("stick-table argument", lineWords)

var lineWords = []*keyword.Def[Option]{
	keyword.Define(keyword.Spec{Name: "type", Doc: "Type of the keys."}, func(_ *keyword.Env, a *typeArgs) (Option, error) {
		return func(c *Config) error {
			c.Key, c.KeyLen, c.typed = a.key, a.len, true
			return nil
		}, nil
	}),
	keyword.Define(keyword.Spec{Name: "size", Doc: "Most entries that the table takes."}, func(_ *keyword.Env, a *sizeArgs) (Option, error) {
		return func(c *Config) error {
			c.Size, c.sized = int(a.size), a.size > 0
			return nil
		}, nil
	}),
	keyword.Define(keyword.Spec{Name: "expire", Doc: "How long an entry lives after its last use."}, func(_ *keyword.Env, a *expireArgs) (Option, error) {
		return func(c *Config) error {
			c.ExpireMS, c.HasExpire = a.d.Milliseconds(), true
			return nil
		}, nil
	}),
	flag("nopurge", "Refuse new keys when the table is full.", func(c *Config) { c.NoPurge = true }),
	flag("recv-only", "The table only holds what peers tell.", func(c *Config) { c.RecvOnly = true }),
	keyword.Define(keyword.Spec{Name: "srvkey", Doc: "What identifies servers: name or address."}, func(_ *keyword.Env, a *srvkeyArgs) (Option, error) {
		return func(c *Config) error {
			c.ByAddr = a.addr
			return nil
		}, nil
	}),
	keyword.Define(keyword.Spec{Name: "store", Doc: "Data that entries hold."}, newStore),
	keyword.Define(keyword.Spec{Name: "brates-factor", Doc: "Bytes that the rates of bytes count as one."}, func(_ *keyword.Env, a *factorArgs) (Option, error) {
		return func(c *Config) error {
			c.BytesFactor = a.n
			return nil
		}, nil
	}),
	keyword.Define(keyword.Spec{Name: "peers", Doc: "Section of the peers that share the table."}, func(e *keyword.Env, a *nameArgs) (Option, error) {
		ref := e.NewRef(keyword.ToPeers, a.name, a.at)
		ref.Missing = fmt.Sprintf("Proxy '%s': unable to find sync peers '%s'.", e.Owner, a.name)
		return func(c *Config) error {
			c.Peers = ref
			return nil
		}, nil
	}),
	keyword.Define(keyword.Spec{Name: "write-to", Doc: "Table that peers' updates go to as well."}, func(e *keyword.Env, a *writeToArgs) (Option, error) {
		ref := e.NewRef(keyword.ToTable, a.name, a.at)
		ref.Missing = fmt.Sprintf("Proxy '%s': failed to initialize stick-table: write-to: table '%s' doesn't exist.", e.Owner, a.name)
		return func(c *Config) error {
			c.WriteTo = ref
			return nil
		}, nil
	}),
}

func flag(name, doc string, set func(*Config)) *keyword.Def[Option] {
	return keyword.Define(keyword.Spec{Name: name, Doc: doc}, func(*keyword.Env, *keyword.None) (Option, error) {
		return func(c *Config) error {
			set(c)
			return nil
		}, nil
	})
}

// refuse makes the error for word i.
func refuse(i int, format string, args ...any) error {
	return &keyword.Error{Index: i, Code: diag.BadArguments, Text: fmt.Sprintf(format, args...)}
}

// argument takes the argument of a word.
func argument(a *keyword.Args, what string) (string, int, error) {
	w, at, ok := a.Next()
	if !ok {
		return "", at, refuse(-1, "stick-table: missing argument after '%s'.", what)
	}
	return w, at, nil
}

// ReadLine reads the words of a "stick-table" line, or those behind the name
// of a "table" line in a peers section.
func ReadLine(a *keyword.Args, name string) (*Table, error) {
	c := Config{Name: name}
	e := a.Env
	for a.More() {
		at := a.Pos
		def, next := Words.Match(a.Words, at)
		if def == nil {
			return nil, &keyword.Error{Index: at, Code: diag.UnknownKeyword, Text: fmt.Sprintf("stick-table: unknown argument '%s'.", a.Peek()), Hint: Words.Suggest(a.Peek(), 0)}
		}
		if !def.Note(e, at) {
			return nil, nil
		}
		set, n, err := def.Read(e, a.Words, next)
		if err == nil {
			a.Pos = n
			err = set(&c)
		}
		if err != nil {
			return nil, err
		}
	}
	if !c.sized {
		return nil, refuse(-1, "stick-table: missing size.")
	}
	if !c.typed {
		return nil, refuse(-1, "stick-table: missing type.")
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return NewTable(c), nil
}

// check refuses kinds of data that exclude each other.
func (c *Config) check() error {
	for _, x := range []struct {
		array, one, two Data
		text            string
	}{
		{GPT, GPT0, GPT0, "simultaneous usage of 'gpt' and 'gpt0' in a same table is not permitted as 'gpt' overrides 'gpt0'."},
		{GPC, GPC0, GPC1, "simultaneous usage of 'gpc' and 'gpc[0/1]' in a same table is not permitted as 'gpc' overrides 'gpc[0/1]'."},
		{GPCRate, GPC0Rate, GPC1Rate, "simultaneous usage of 'gpc_rate' and 'gpc[0/1]_rate' in a same table is not permitted as 'gpc_rate' overrides 'gpc[0/1]_rate'."},
	} {
		if c.Stores(x.array) && (c.Stores(x.one) || c.Stores(x.two)) {
			return refuse(-1, "stick-table: %s", x.text)
		}
	}
	return nil
}

// typeArgs is "<type> [len <len>]".
type typeArgs struct {
	key KeyType
	len int
}

// Usage is what messages say of the arguments.
func (typeArgs) Usage() string {
	return "{ip | ipv4 | ipv6 | integer | string [len <length>] | binary [len <length>]}"
}

// ParseArgs reads the type and its length.
func (t *typeArgs) ParseArgs(a *keyword.Args) error {
	w, at, _ := a.Next()
	k, ok := map[string]KeyType{"ip": KeyIPv4, "ipv4": KeyIPv4, "ipv6": KeyIPv6, "integer": KeyInteger, "string": KeyString, "binary": KeyBinary}[w]
	if !ok {
		return refuse(at, "stick-table: unknown type '%s'.", w)
	}
	t.key = k
	switch k {
	case KeyIPv4, KeyInteger:
		t.len = 4
	case KeyIPv6:
		t.len = 16
	default:
		if t.len = 32; k == KeyString {
			t.len = 31 // the original counts the byte that ends it
		}
		if a.Peek() == "len" && a.Pos+1 < len(a.Words) {
			a.Next()
			w, at, _ := a.Next()
			n, err := strconv.Atoi(w)
			if err != nil || n == 0 {
				return refuse(at, "'len' expects a positive integer argument.")
			}
			if t.len = n; n < 0 { // read as unsigned
				t.len = math.MaxInt32
			}
		}
	}
	return nil
}

type sizeArgs struct{ size int64 }

// Usage is what messages say of the argument.
func (sizeArgs) Usage() string { return "<size>" }

// ParseArgs reads the size.
func (s *sizeArgs) ParseArgs(a *keyword.Args) error {
	w, at, err := argument(a, "size")
	if err != nil {
		return err
	}
	if s.size, err = expr.ParseSize(w); err != nil || s.size > math.MaxUint32 {
		return refuse(at, "stick-table: unexpected character '%s' in argument of 'size'.", strange(w))
	}
	return nil
}

// strange returns the first byte of a number at which it stops being one.
func strange(w string) string {
	for i := range len(w) {
		if w[i] < '0' || w[i] > '9' {
			if i+1 < len(w) && strings.IndexByte("kKmMgG", w[i]) >= 0 {
				i++
			}
			return w[i : i+1]
		}
	}
	return w[len(w)-1:]
}

// odd warns of what stands behind the unit of the time at word i.
func odd(e *keyword.Env, i int) func(string, byte) {
	return func(word string, b byte) { e.Warnf(diag.BadValue, i, "%s", expr.OddTime(word, b)).Layout = diag.Bare }
}

type expireArgs struct{ d time.Duration }

// Usage is what messages say of the argument.
func (expireArgs) Usage() string { return "<delay>" }

// ParseArgs reads the delay.
func (x *expireArgs) ParseArgs(a *keyword.Args) error {
	w, at, err := argument(a, "expire")
	if err != nil {
		return err
	}
	x.d, err = expr.LaxTime(w, time.Millisecond, odd(a.Env, at))
	var bad expr.TimeError
	if errors.As(err, &bad) {
		switch bad {
		case expr.TimeOverflow:
			return refuse(at, "stick-table: timer overflow in argument <%s> to <expire>, maximum value is 2147483647 ms (~24.8 days).", w)
		case expr.TimeUnderflow:
			return refuse(at, "stick-table: timer underflow in argument <%s> to <expire>, minimum non-null value is 1 ms.", w)
		}
		return refuse(at, "stick-table: unexpected character '%s' in argument of 'expire'.", strange(w))
	}
	return nil
}

type srvkeyArgs struct{ addr bool }

// Usage is what messages say of the argument.
func (srvkeyArgs) Usage() string { return "{ name | addr }" }

// ParseArgs reads the kind of server key.
func (s *srvkeyArgs) ParseArgs(a *keyword.Args) error {
	w, at, _ := a.Next()
	if w != "name" && w != "addr" {
		return refuse(at, "stick-table : unknown server key type '%s'.", w)
	}
	s.addr = w == "addr"
	return nil
}

type factorArgs struct{ n uint64 }

// Usage is what messages say of the argument.
func (factorArgs) Usage() string { return "<factor>" }

// ParseArgs reads the factor.
func (f *factorArgs) ParseArgs(a *keyword.Args) error {
	w, at, err := argument(a, "brates-factor")
	if err != nil {
		return err
	}
	if f.n, err = strconv.ParseUint(w, 10, 32); err != nil {
		return refuse(at, "stick-table: unexpected character '%s' in argument of 'brates-factor'.", strange(w))
	}
	if f.n < 1 || f.n > 1024 {
		return refuse(at, "stick-table: argument 'brates-factor' must be greater than 0 and lower or equal than 1024.")
	}
	return nil
}

type nameArgs struct {
	name string
	at   int
}

// Usage is what messages say of the argument.
func (nameArgs) Usage() string { return "<name>" }

// ParseArgs reads the name.
func (n *nameArgs) ParseArgs(a *keyword.Args) (err error) {
	n.name, n.at, err = argument(a, "peers")
	return err
}

type writeToArgs struct{ nameArgs }

// ParseArgs reads the name of the table.
func (n *writeToArgs) ParseArgs(a *keyword.Args) error {
	if !a.More() {
		return refuse(-1, "stick-table : write-to requires table name.")
	}
	n.name, n.at, _ = a.Next()
	return nil
}
