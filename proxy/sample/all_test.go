package sample

import (
	"bufio"
	"os"
	"regexp"
	"strings"
	"testing"

	"tandem/parser/keyword"
)

// oracleNames reads the committed list of names of a kind.
func oracleNames(t *testing.T, kind string) []string {
	t.Helper()
	f, err := os.Open("../../testdata/oracle/haproxy-3.5-samples.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []string
	for in := bufio.NewScanner(f); in.Scan(); {
		if name, ok := strings.CutPrefix(in.Text(), kind+" "); ok {
			out = append(out, name)
		}
	}
	return out
}

// cover compares a table with the names that the original has.
func cover[T any](t *testing.T, what string, table *keyword.Table[T], names []string) {
	t.Helper()
	known := map[string]bool{}
	acted := 0
	for _, n := range names {
		known[n] = true
		d := table.Lookup(n)
		switch {
		case d == nil:
			t.Errorf("%s %s of the original is missing", what, n)
		case !d.Flags.Has(keyword.NotActed) && !d.Flags.Has(keyword.Refused):
			acted++
		}
	}
	for _, d := range table.All() {
		if !known[d.Name] && d.Until == 0 {
			t.Errorf("%s %s is not one of the original's", what, d.Name)
		}
	}
	t.Logf("%d of %d %ss are acted on", acted, len(names), what)
	if acted*10 < len(names)*8 {
		t.Errorf("only %d of %d %ss are acted on", acted, len(names), what)
	}
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	cover(t, "fetch", Fetches, oracleNames(t, "smp"))
	cover(t, "converter", Convs, oracleNames(t, "cnv"))
}

// laws checks what every word of a table must fulfil.
func laws[T any](t *testing.T, table *keyword.Table[T], sigs map[string]Signature) {
	t.Helper()
	name := regexp.MustCompile(`^[a-zA-Z0-9_.+-]+$`)
	for _, d := range table.All() {
		if !name.MatchString(d.Name) {
			t.Errorf("%q cannot be written in an expression", d.Name)
		}
		if !strings.HasSuffix(d.Doc, ".") || len(d.Doc) < 12 {
			t.Errorf("%s has no proper doc: %q", d.Name, d.Doc)
		}
		if err := d.Grammar(); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
		sig, ok := sigs[d.Name]
		if !ok {
			t.Errorf("%s has no signature", d.Name)
		}
		for _, typ := range parseSignature(sig.Args).types {
			switch typ {
			case "string", "integer", "regex", "IPv4 address", "IPv6 address", "IPv4 mask", "IPv6 mask", "Protocol buffers field number":
			default:
				if _, ok := refKinds[typ]; !ok {
					t.Errorf("%s has an argument of unknown type %q", d.Name, typ)
				}
			}
		}
	}
}

func TestTableLaws(t *testing.T) {
	t.Parallel()
	laws(t, Fetches, FetchSignatures)
	laws(t, Convs, ConvSignatures)
	for n, s := range FetchSignatures {
		if s.Need == 0 || s.Need.Where() == 0 || s.Need.String() == "" {
			t.Errorf("fetch %s can be used nowhere", n)
		}
	}
}

// Every fetch without mandatory arguments must survive transactions of which
// little is known.
func TestFetchesOnBareTransactions(t *testing.T) {
	t.Parallel()
	for _, d := range Fetches.All() {
		args := map[string]string{"string": "x", "integer": "1", "server": "be/s", "IPv4 address": "1.2.3.4", "IPv6 address": "::1"}
		sig := parseSignature(FetchSignatures[d.Name].Args)
		var words []string
		for _, typ := range sig.types[:sig.min] {
			w := args[typ]
			if w == "" {
				w = "x"
			}
			words = append(words, w)
		}
		text := d.Name
		if len(words) > 0 {
			text += "(" + strings.Join(words, ",") + ")"
		}
		x, err := compileText(testEnv(), text)
		if err != nil {
			continue // needs a value of a special form; its own test has it
		}
		for _, trx := range []struct{ req, res string }{{"", ""}, {"GET / HTTP/1.1\n", ""}, {testRequest, testResponse}} {
			tr := newTx(trx.req, trx.res)
			tr.Back, tr.Sess.Front = nil, nil
			x.AppendString(nil, tr)
			v := Value{Cursor: First}
			for n := 0; x.Eval(tr, 0, &v) && v.More; n++ {
				if n > 1000 {
					t.Fatalf("%s never ends", text)
				}
			}
		}
	}
}
