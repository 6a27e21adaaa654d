package cli

import (
	"os"
	"strings"
	"testing"

	"tandem/parser/keyword"
)

// heads returns what stands in front of the descriptions of a list of commands.
func heads(text string) []string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if head, _, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(line, "  ") {
			out = append(out, strings.TrimSpace(head))
		}
	}
	return out
}

// TestHelpNamesWhatTheOriginalNames compares the commands and their arguments;
// the descriptions are our own.
func TestHelpNamesWhatTheOriginalNames(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/oracle/help.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(string(data)), "\n")
	for i := range want {
		want[i] = strings.TrimSpace(want[i])
	}
	got := heads(ask(t, oracleEnv(t), Admin, "help\n"))
	have := map[string]bool{}
	for _, g := range got {
		have[g] = true
	}
	for _, w := range want {
		if !have[w] {
			t.Errorf("%q is not listed", w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d commands, the original has %d", len(got), len(want))
	}
}

func TestUnknownCommand(t *testing.T) {
	t.Parallel()
	env := oracleEnv(t)
	for _, c := range []struct{ in, head, has string }{
		{"bogus", "Unknown command: 'bogus', but maybe one of the following ones is a better match:", "help [<command>]"},
		{"disable bogus", "Unknown command: 'disable', but", "disable frontend <frontend>"},
		{"show statt", "Unknown command: 'show', but", "show stat [desc|json|no-maint|typed|up]*"},
		{"show", "Unknown command: 'show', but", "show info [desc|json|typed|float]*"},
		{"set maxconn bogus", "Unknown command: 'set', but", "set maxconn server <bk>/<srv>"},
	} {
		got := ask(t, env, Admin, c.in+"\n")
		if !strings.HasPrefix(got, c.head) {
			t.Errorf("%s begins %.80q", c.in, got)
		}
		found := false
		list := heads(got)
		for _, h := range list {
			found = found || h == c.has
		}
		if !found {
			t.Errorf("%s does not suggest %q: %q", c.in, c.has, list)
		}
		if n := len(list); n < 3 || list[n-3] != "help [<command>]" || list[n-1] != "quit" {
			t.Errorf("%s ends with %q", c.in, list)
		}
	}
}

// TestCommandLaws holds what is true of every command.
func TestCommandLaws(t *testing.T) {
	t.Parallel()
	for _, d := range Commands.All() {
		c := commandOf(d)
		if c.Run == nil || d.Doc == "" || !strings.HasSuffix(d.Doc, ".") || !strings.HasPrefix(c.Usage, d.Name) {
			t.Errorf("%s: usage %q, doc %q", d.Name, c.Usage, d.Doc)
		}
	}
	if got := ask(t, oracleEnv(t), Admin, "acme status\n"); got != "'acme status' is not available in this program.\n\n" {
		t.Errorf("absent command: %q", got)
	}
	if !Commands.Lookup("show fd").Flags.Has(keyword.NotActed) {
		t.Error("an absent command says that it acts")
	}
}
