package cli

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestAnswersAsOracle asks everything that the original was asked, in the same
// order, and compares the answers.
func TestAnswersAsOracle(t *testing.T) {
	t.Parallel()
	env := oracleEnv(t)
	env.Frontend = &fakeFrontends{}
	env.Limits = func(Limit, int64) {}
	// Lists are numbered in the order of reading: the original gives one more
	// number to the words, if any, behind an acl's file.
	id := fmt.Sprintf("#%d", env.Config().Patterns.Lookup("testdata/oracle/map.txt").ID)
	data, err := os.ReadFile("testdata/oracle/cli.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for block := range strings.SplitSeq(string(data)[len("=== "):], "\n=== ") {
		command, want, _ := strings.Cut(block, "\n")
		n++
		asked := command
		if strings.Contains(command, "map") || strings.Contains(command, "acl") {
			asked = strings.ReplaceAll(command, "#2", id)
			want = strings.ReplaceAll(want, "\n2 (map", "\n"+id[1:]+" (map")
		}
		got := ask(t, env, Admin, asked+"\n")
		got = strings.ReplaceAll(got, "testdata/oracle/", "")
		if strings.TrimRight(got, "\n") != strings.TrimRight(want, "\n") {
			t.Errorf("%s\n got: %q\nwant: %q", command, got, want)
		}
	}
	if n < 100 {
		t.Errorf("only %d commands were compared", n)
	}
}
