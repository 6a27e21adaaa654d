package stats

import (
	"strings"
	"testing"
)

func TestColumnLaws(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	proms := map[string]Col{}
	for c := range NumColumns {
		def := &Columns()[c]
		if def.Name == "" || seen[def.Name] {
			t.Errorf("column %d: name %q empty or used twice", c, def.Name)
		}
		seen[def.Name] = true
		if len(def.Doc) < 8 || strings.ContainsAny(def.Doc, "<>&\"\n") && def.Name != "check_status" && def.Name != "agent_status" {
			t.Errorf("%s: description %q", def.Name, def.Doc)
		}
		if def.Kinds == 0 {
			t.Errorf("%s: no kind of row fills it", def.Name)
		}
		for _, k := range promKinds {
			if def.Kinds.Has(k) {
				checkTags(t, def.Name, def.TagsFor(k))
			}
		}
		if def.Prom != "" && def.Prom != "http_responses_total" {
			if old, dup := proms[def.Prom]; dup {
				t.Errorf("%s and %s share the metric %s", columns[old].Name, def.Name, def.Prom)
			}
			proms[def.Prom] = c
		}
		if want := c >= firstModuleColumn; (def.Module != "") != want {
			t.Errorf("%s: module %q on the wrong side of the border", def.Name, def.Module)
		}
	}
}

func checkTags(t *testing.T, name, tags string) {
	t.Helper()
	if len(tags) != 4 || originWords[tags[0]] == "" || natureWords[tags[1]] == "" || scopeWords[tags[2]] == "" ||
		!strings.ContainsRune("VP", rune(tags[3])) {
		t.Errorf("%s: tags %q", name, tags)
	}
}

func TestInfoLaws(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for c := range NumInfo {
		def := &InfoColumns()[c]
		if def.Name == "" || seen[def.Name] {
			t.Errorf("line %d: name %q empty or used twice", c, def.Name)
		}
		seen[def.Name] = true
		if len(def.Doc) < 6 || strings.ContainsAny(def.Doc, "\"\n") {
			t.Errorf("%s: description %q", def.Name, def.Doc)
		}
		checkTags(t, def.Name, def.Tags)
	}
}

func TestCSVHeader(t *testing.T) {
	t.Parallel()
	want, _, _ := strings.Cut(oracle(t, "stat.csv"), "\n")
	if got := strings.TrimSuffix(string(AppendCSVHeader(nil)), "\n"); got != want {
		t.Errorf("header\n got %s\nwant %s", got, want)
	}
}

func TestKindWords(t *testing.T) {
	t.Parallel()
	for k, want := range map[Kind][2]string{
		KindFrontend: {"Frontend", "frontend"}, KindBackend: {"Backend", "backend"},
		KindServer: {"Server", "server"}, KindListener: {"Listener", "listener"}, 9: {"Unknown", "unknown"},
	} {
		if k.String() != want[0] || k.Scope() != want[1] {
			t.Errorf("kind %d: %s, %s", k, k, k.Scope())
		}
	}
}

func TestValueText(t *testing.T) {
	t.Parallel()
	minusOne := int64(-1)
	for _, c := range []struct {
		v    Value
		want string
	}{
		{Value{Type: S32, N: uint64(minusOne)}, "-1"},
		{Value{Type: U32, N: 1 << 32}, "0"}, // wraps as the original's 32 bits do
		{Value{Type: U64, N: 1<<64 - 1}, "18446744073709551615"},
		{Value{Type: Str, S: "a,b"}, "a,b"},
	} {
		if got := string(c.v.AppendText(nil)); got != c.want {
			t.Errorf("%+v: %s, want %s", c.v, got, c.want)
		}
	}
}
