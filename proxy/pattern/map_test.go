package pattern

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem/parser/expr"
	"tandem/proxy/sample"
)

// The map converters, from the text of an expression to its value.
func TestMapConverters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, data string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	strs := write("strs", "/p/a pa\n/p p\n.html html\na dot-a\na.b:80 host\n")
	regs := write("regs", "^/(p)/(a)/ \\2-\\1\n.* other\n")
	ints := write("ints", "1:10 20\n5 6\n")
	ips := write("ips", "127.0.0.0/8 10.9.8.7\n::/0 ::1\n")
	for text, want := range map[string]string{
		"path,map_beg(" + strs + ")":              "pa",
		"path,map_end(" + strs + ")":              "html",
		"path,map_sub(" + strs + ")":              "pa",
		"path,map_dir(" + strs + ")":              "pa",
		"hdr(host),map(" + strs + ")":             "host",
		"hdr(host),map_str(" + strs + ")":         "host",
		"hdr(host),map_dom(" + strs + ")":         "dot-a",
		"path,map(" + strs + ",none)":             "none",
		"path,map(" + strs + ")":                  "<none>",
		"path,map_beg_key(" + strs + ")":          "/p/a",
		"path,map_reg(" + regs + ")":              `\2-\1`,
		"path,map_regm(" + regs + ")":             "a-p",
		"str(x),map_regm(" + regs + ",d)":         "other",
		"int(5),map_int(" + ints + ")":            "20",
		"int(5),map_int_int(" + ints + "),add(1)": "21",
		"int(50),map_int_int(" + ints + ",7)":     "7",
		"src,map_ip(" + ips + ")":                 "10.9.8.7",
		"src,map_ip_ip(" + ips + ")":              "10.9.8.7",
		"ipv6(2001:db8::1),map_ip(" + ips + ")":   "::1",
		"src,map_ip_key(" + ips + ")":             "127.0.0.0/8",
		"path,map_beg_int(" + strs + ")":          "! invalid args in converter 'map_beg_int' : 'pa' is not a number",
		"path,map_beg(/nonexistent)":              "! invalid args in converter 'map_beg' : failed to open pattern file </nonexistent>",
	} {
		s, err := expr.ParseSample(text)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if x, err := sample.Compile(testEnv(), s); err != nil {
			got = "! " + err.Error()
		} else if out, ok := x.AppendString(nil, newTx(testRequest)); ok {
			got = string(out)
		} else {
			got = "<none>"
		}
		if got != want && !(strings.HasPrefix(want, "! ") && strings.HasPrefix(got, want)) {
			t.Errorf("%s = %q, want %q", text, got, want)
		}
	}
}
