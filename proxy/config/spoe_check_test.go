package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSPOEFiles reads SPOE files and what rules want of them, as haproxy 3.5
// does.
func TestSPOEFiles(t *testing.T) {
	t.Parallel()
	const agent = "spoe-agent a\n use-backend ag\n timeout processing 1s\n messages m\n"
	const message = "spoe-message m\n args src x=method\n event on-frontend-http-request if { path / }\n"
	for _, k := range []struct{ name, spoe, rule, mode, want string }{
		{"fine", agent + message, "", "spop", ""},
		{"tcp becomes spop", agent + message, "", "tcp", ""},
		{"http", agent + message, "", "http", "[ALERT] Proxy f : backend 'ag' used by SPOE agent 'a' declared at S:1 must use SPOP mode."},
		{"no backend", "spoe-agent a\n timeout processing 1s\n messages m\n" + message, "", "spop", "[ALERT] config : parsing [t.cfg:8] : 'filter' : No backend declared for SPOE agent 'a' declared at S:1"},
		{"no such backend", strings.Replace(agent, "backend ag", "backend zz", 1) + message, "", "spop", "[ALERT] Proxy f : unknown backend 'zz' used by SPOE agent 'a' declared at S:1."},
		{"no timeout", strings.Replace(agent, " timeout processing 1s\n", "", 1) + message, "", "spop", "[WARNING] config : Proxy 'f': missing 'processing' timeout for SPOE agent 'a' declare at S:1."},
		{"no message", agent, "", "spop", "[ALERT] config : parsing [t.cfg:8] : 'filter' : SPOE agent 'a' try to use undefined SPOE message 'm' at S:1"},
		{"no event", agent + "spoe-message m\n args src\n", "", "spop", "[WARNING] config : Proxy 'f': Ignore SPOE message 'm' without event at S:5."},
		{"message twice", agent + " messages m\n" + message, "", "spop", "[ALERT] config : parsing [S:5]: spoe-message 'm' already used."},
		{"no group", agent + " groups g\n" + message, "", "spop", "[ALERT] config : parsing [t.cfg:8] : 'filter' : SPOE agent 'a' try to use undefined SPOE group 'g' at S:1"},
		{"group", agent + " groups g\n" + message + "spoe-group g\n messages n\nspoe-message n\n args src\n", "http-request send-spoe-group a g", "spop", ""},
		{"rule without group", agent + message, "http-request send-spoe-group a g", "spop", "[ALERT] Proxy 'f': unable to find SPOE group 'g' into SPOE engine 'a' configuration."},
		{"rule without engine", agent + message, "http-request send-spoe-group z g", "spop", "[ALERT] Proxy 'f': unable to find SPOE engine 'z' used by the send-spoe-group 'g'."},
		{"prefix", agent + " option var-prefix a-b\n" + message, "", "spop", "[ALERT] config : parsing [S:5]: 'option var-prefix' only supports [a-zA-Z0-9_.] chars."},
		{"frame", agent + " max-frame-size 10\n" + message, "", "spop", "[ALERT] config : parsing [S:5] : 'max-frame-size' expects a positive integer argument in the range [256, 16380]."},
		{"no option", agent + " no option set-on-error x\n" + message, "", "spop", "[ALERT] config : parsing [S:5]: negation is not supported for option 'set-on-error'."},
		{"ignored", agent + " option async\n no option async\n maxconnrate 1\n maxerrrate 1\n max-waiting-frames 3\n timeout hello 1s\n no option pipelining\n option send-frag-payload\n" + message, "", "spop", ""},
		{"register", agent + " register-var-names a-b\n" + message, "", "spop", "[ALERT] config : parsing [t.cfg:8] : 'filter' : SPOE agent 'a': failed to register variable a.a-b (invalid syntax at char '-')"},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "s.conf")
			if err := os.WriteFile(file, []byte(k.spoe), 0o600); err != nil {
				t.Fatal(err)
			}
			_, said := checkText(t, "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\nfrontend f\n bind 127.0.0.1:1\n filter spoe config "+file+
				"\n "+k.rule+"\n default_backend b\nbackend b\n server s 127.0.0.1:2\nbackend ag\n mode "+k.mode+"\n server s 127.0.0.1:3\n")
			got := ""
			if len(said) > 0 {
				got = strings.ReplaceAll(said[0], file, "S")
			}
			if d := cmp.Diff(k.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
