package sample

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// oracleRequest is the request of testdata/oracle/conv.txt.
const oracleRequest = "GET /p HTTP/1.1\nHost: x\nX-U: \xc3\xa9a\xff\xf0\x9f\x98\x80\nX-V: \xc3\xa9\nX-T: a\tb\n" +
	`X-J: {"a":"x\"y","b":{"c":1.5,"d":[1]},"l":[1,"two",3],"n":42,"f":3.7,"t":true,"z":null,"u":"\u00e9\n"}` + "\n"

// escapeBytes shows a value as the file does.
func escapeBytes(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\\':
			b.WriteString(`\\`)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\r':
			b.WriteString(`\r`)
		case c < 32 || c > 126:
			b.WriteString(`\x` + strings.ToLower(string([]byte{hexUpper[c>>4], hexUpper[c&15]})))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Every line of the capture: the same value, or the same refusal.
func TestConvertersAgainstOracle(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/oracle/conv.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	trx := newTx(oracleRequest, "")
	trx.ReqCaps = make([][]byte, 1)
	n := 0
	for in := bufio.NewScanner(f); in.Scan(); {
		line := in.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		text, want, _ := strings.Cut(line, " => ")
		want, reason, differs := strings.Cut(want, " ## ")
		n++
		x, err := compileText(testEnv(), text)
		if refusal, refused := strings.CutPrefix(want, "! "); refused {
			switch {
			case err == nil:
				t.Errorf("%s is accepted, want %q", text, refusal)
			case !differs && strings.TrimSuffix(err.Error(), ".") != refusal:
				t.Errorf("%s is refused with %q, want %q", text, err, refusal)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v, want %q", text, err, want)
			continue
		}
		out, _ := x.AppendString(nil, trx)
		if got := escapeBytes(string(out)); (got != want) != differs {
			t.Errorf("%s = %q, want %q %s", text, got, want, reason)
		}
	}
	if n < 200 {
		t.Errorf("only %d lines in the capture", n)
	}
}
