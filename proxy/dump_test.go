package proxy

import (
	"bufio"
	"bytes"
	"os"
	"strings"
	"testing"

	"tandem/parser/keyword"
	"tandem/proxy/action"
	"tandem/proxy/cli"
	"tandem/proxy/config"
	"tandem/proxy/listen"
	"tandem/proxy/pattern"
	"tandem/proxy/sample"
	"tandem/proxy/server"
)

// absent are the names of the list that no table has, each with its reason.
var absent = map[string]string{
	"proxy quic-initial": "binaries without QUIC do not know it",
	"cli httpclient":     "an expert's tool that needs the original's HTTP client",

	"rule http-request track-sc(": "track-sc0 and its like are one word with a number behind it", "rule http-response track-sc(": "as in http-request",

	"proxy email-alert from": readByLine, "proxy email-alert level": readByLine, "proxy email-alert mailers": readByLine,
	"proxy email-alert myhostname": readByLine, "proxy email-alert to": readByLine, "proxy persist rdp-cookie": readByLine,
	"proxy stick match": readByLine, "proxy stick on": readByLine, "proxy stick store-request": readByLine, "proxy stick store-response": readByLine,
}

// readByLine is the reason of second words that the first word's own reader knows.
const readByLine = "the line's reader knows it"

// absentPrefixes are families of such names.
var absentPrefixes = map[string]string{
	"cli @": "the master's socket reads its own prefixes", "cli _loadstatus": "between master and worker of the original only",
	"cli _send_status": "between master and worker of the original only", "cli debug dev": "for the original's developers",
	"cli mcli-debug-mode": "for the original's developers", "cli hard-reload": "of the master's socket", "cli reload": "of the master's socket",
	"cli show proc": "of the master's socket",
}

// tally counts the keywords of a table: how many are acted on.
type tally struct{ all, acted int }

func (n *tally) add(f keyword.Flags) {
	n.all++
	if f&(keyword.NotActed|keyword.Refused) == 0 {
		n.acted++
	}
}

// known collects all names that the tables have, by class.
func known() (names map[string]bool, counts tally) {
	names = map[string]bool{}
	put := func(class, name string, f keyword.Flags) {
		if !names[class+" "+name] {
			counts.add(f)
		}
		names[class+" "+name] = true
	}
	for _, a := range pattern.Aliases() {
		name, _, _ := strings.Cut(a, " = ")
		put("acl", name, 0)
	}
	for _, d := range config.GlobalWords.All() {
		put("global", d.Name, d.Flags)
		names["global "+strings.Fields(d.Name)[0]] = true
	}
	for _, d := range config.ProxyWords.All() {
		put("proxy", strings.TrimSuffix(d.Name, "("), d.Flags)
		names["proxy "+strings.Fields(d.Name)[0]] = true
	}
	for _, d := range listen.Words.All() {
		put("bind", d.Name, d.Flags)
	}
	for _, d := range server.Words.All() {
		put("server", strings.TrimSuffix(d.Name, "("), d.Flags)
	}
	for _, d := range sample.Fetches.All() {
		put("fetch", d.Name, d.Flags)
	}
	for _, d := range sample.Convs.All() {
		put("conv", d.Name, d.Flags)
	}
	for _, d := range config.Filters.All() {
		put("filter", d.Name, d.Flags)
	}
	for _, d := range cli.Commands.All() {
		put("cli", d.Name, d.Flags)
	}
	for _, t := range config.OtherTables() {
		for _, n := range t.Words {
			n, _, _ = strings.Cut(n, " +")
			put("section "+t.Section, n, 0)
		}
	}
	for _, r := range ruleSets {
		for _, d := range action.Actions.All() {
			if d.In&r.in != 0 {
				put("rule "+r.name, d.Name, d.Flags)
			}
		}
	}
	names["service prometheus-exporter"] = true
	return names, counts
}

// TestCoverage holds the tables against the names that the original knows.
func TestCoverage(t *testing.T) {
	t.Parallel()
	f, err := os.Open("../testdata/oracle/haproxy-3.5-words.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	names, counts := known()
	total, excused := 0, 0
	for s := bufio.NewScanner(f); s.Scan(); {
		line := s.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		total++
		if names[line] {
			continue
		}
		if reason := excuse(line); reason == "" {
			t.Errorf("%s: no table has it", line)
		} else {
			excused++
		}
	}
	t.Logf("%d names, %d of them left out with a reason; %d keywords in the tables, %d acted on", total, excused, counts.all, counts.acted)
	if total < 1500 {
		t.Errorf("the list has only %d names", total)
	}
}

func excuse(line string) string {
	if r := absent[line]; r != "" {
		return r
	}
	for p, r := range absentPrefixes {
		if strings.HasPrefix(line, p) {
			return r
		}
	}
	return ""
}

// TestDumpLayout looks at lines of each class.
func TestDumpLayout(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := DumpKeywords(&b, "all"); err != nil {
		t.Fatal(err)
	}
	out := "\n" + b.String()
	for _, want := range []string{
		"\n# List of registered ACL keywords:\nbase = base -m str\n",
		"\n# List of registered configuration keywords:\nglobal\n",
		"\n\tbind <addr> accept-proxy\n", "\n\tbind <addr> ssl alpn +1\n", "\n\tserver <name> <addr> weight +1\n",
		"\n\tserver <name> <addr> source +-1\n", "\n\toption dontlognull [ FE ]\n", "\n\toption checkcache [ BE HTTP ]\n",
		"\n\thttp-request set-var*\n", "\nlower: str => str\n", "\ncompression [COMP]\n",
		"\n[ . . . . . . Y Y Y Y Y Y Y Y Y Y Y Y Y Y . . ] be_id: sint\n",
		"\n#                       _.---------------------- frontend tcp-request connection rule\n",
		"\n#  / / / / / / / / / / / / / / / / / / / / / _.- CLI parser\n",
		"\n# List of registered service names:\nprometheus-exporter\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the dump lacks %q", want)
		}
	}
	b.Reset()
	if err := DumpKeywords(&b, "flt"); err != nil || strings.Contains(b.String(), "ACL keywords") {
		t.Errorf("class flt: %v, %q", err, b.String())
	}
}
