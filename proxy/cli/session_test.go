package cli

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tandem/proxy/config"
	"tandem/proxy/listen"
)

// TestProtocol holds what surrounds the answers: lines, payloads, prompts. The
// expected texts are the original's, with the version in place of its own.
func TestProtocol(t *testing.T) {
	t.Parallel()
	tooMany := "Too many arguments. Commands must have at most 64 arguments.\n\n"
	for _, c := range []struct{ name, in, want string }{
		{"one command", "show version\n", "V\n\n"},
		{"the first line only", "show version\nshow cli level\n", "V\n\n"},
		{"no newline, no answer", "show version", ""},
		{"several commands", "show version;show cli level\n", "V\n\nadmin\n\n"},
		{"empty commands", "show  version ;;show version\n", "V\n\n\nV\n\n"},
		{"empty line", "\n", "\n"},
		{"blanks", "   \n", "\n"},
		{"leading semicolons", ";;show version\n", "\n\nV\n\n"},
		{"escaped semicolon", `echo a\;b` + "\n", "a;b\n\n"},
		{"escaped blank and backslash", `echo a\ b c\\d` + "\n", `a b c\d` + "\n\n"},
		{"quotes mean nothing", `echo "x y"  z` + "\n", `"x y" z` + "\n\n"},
		{"further words", "show version extra words\n", "V\n\n"},
		{"quit", "show version;quit;show version\n", "V\n\n"},
		{"prompt", "prompt\nshow version;show cli level\nshow version\n\n\nquit\n", "\n> V\n\nadmin\n\n> V\n\n> \n> \n> "},
		{"prompt and empty commands", "prompt\nshow version;\n;\nquit\n", "\n> V\n\n\n> \n\n> "},
		{"prompt twice", "prompt\nprompt\nshow version\n", "\n> \n"},
		{"prompt on the same line", "prompt;show version\n", "\nV\n\n> "},
		{"prompt p, then n", "prompt p;prompt n;show version\nshow version\n", "\n\nV\n\n"},
		{"interactive", "prompt i\nshow version;show cli level\n\n\nshow version\nprompt\nshow version\nquit\n",
			"\nV\n\nadmin\n\n\n\nV\n\n\n> V\n\n> "},
		{"back to interactive", "prompt\nprompt i\nshow version\n", "\n> \nV\n\n"},
		{"timed", "prompt\nprompt timed\nshow version\nprompt timed\nquit\n", "\n> \n[0:00:01:30]> V\n\n[0:00:01:30]> \n> "},
		{"payload for one that takes none", "prompt\nset timeout cli <<\nfoo\n\nshow version\nquit\n", "\n> Expects an integer value.\n\n> V\n\n> "},
		{"payload mark alone", "echo <<\nfoo bar\n\n", "\n\n"},
		{"payload mark behind a word", "echo x <<\nfoo bar\n\n", "x\n\n"},
		{"no payload mark", "echo x << y\n", "x << y\n\n"},
		{"mark in the middle", "echo x <<FOO;echo y\nFOO\n", "x <<FOO\n\ny\n\n"},
		{"lower and lower", "prompt\nuser\nshow sess\nquit\n", "\n> \n> Permission denied\n\n> "},
		{"too many words", "echo " + strings.Repeat("a ", 100) + "\n", tooMany},
		{"long line", "show version " + strings.Repeat("a", 16300) + "\n", "V\n\n"},
		{"longer line", "show version " + strings.Repeat("a", 20000) + "\n",
			"The command line is too big for the buffer size. Please change 'tune.bufsize' in the configuration to use a bigger command.\n"},
		{"long payload", "add map x <<\n" + strings.Repeat("k v\n", 40000) + "\n",
			"The payload is too big. Please change 'tune.cli.max-payload-size' in the configuration to use a bigger payload.\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			env := oracleEnv(t)
			env.Version = "V"
			if got := ask(t, env, Admin, c.in); got != c.want {
				t.Errorf(" got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestPayload(t *testing.T) {
	t.Parallel()
	env := oracleEnv(t)
	file := "testdata/oracle/map.txt"
	if got := ask(t, env, Admin, "echo y; add map "+file+" <<\nq r s\n\n"); got != "y\n\n\n" {
		t.Errorf("empty line as mark: %q", got)
	}
	if got := ask(t, env, Admin, "add map "+file+" <<%EOF%\nk3 v1\n\nk4 v2 x\n%EOF%\n"); got != "\n" {
		t.Errorf("own mark: %q", got)
	}
	if got := ask(t, env, Admin, "add map "+file+" <<\nonlykey\n\n"); got != "Missing value for key 'onlykey'.\n\n" {
		t.Errorf("key without value: %q", got)
	}
	dump := ask(t, env, Admin, "show map "+file+"\n")
	for _, want := range []string{" q r s\n", " k3 v1\n", " k4 v2 x\n", " b.com two words\n"} {
		if !strings.Contains(dump, want) {
			t.Errorf("%q is missing in %q", want, dump)
		}
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	env := oracleEnv(t)
	for _, c := range []struct {
		level Level
		in    string
		ok    bool
	}{
		{User, "show stat", true}, {User, "show sess", false}, {User, "operator", false}, {User, "get weight be1/s1", true},
		{Operator, "show sess", true}, {Operator, "set weight be1/s1 3", false}, {Operator, "clear counters", true},
		{Operator, "clear counters all", false}, {Operator, "get var proc.x", true}, {User, "get var proc.x", false},
		{Operator, "show map", false}, {Admin, "show map", true}, {Operator, "expert-mode on", false},
		{User, "clear table st", false}, {Operator, "clear table st", true}, {User, "set table st key 1.2.3.4", false},
	} {
		got := ask(t, env, c.level, c.in+"\n")
		if denied := strings.Contains(got, "Permission denied"); denied == c.ok {
			t.Errorf("%s as %s: %q", c.in, c.level, got)
		}
	}
	if got := ask(t, env, User, "show table st\n"); !strings.Contains(got, "insufficient privileges") {
		t.Errorf("show table as user: %q", got)
	}
}

func TestSilentClientIsCut(t *testing.T) {
	t.Parallel()
	env := oracleEnv(t)
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		began := time.Now()
		New(env).ServeConn(context.Background(), there, &listen.Bind{Level: "admin"})
		if d := time.Since(began); d != 10*time.Second {
			t.Errorf("cut after %v, want 10s", d)
		}
		here.Close()
	})
}

func TestWait(t *testing.T) {
	t.Parallel()
	env := oracleEnv(t)
	synctest.Test(t, func(t *testing.T) {
		env.Now = time.Now
		began := time.Now()
		if got := ask(t, env, Admin, "wait 2s; echo x\n"); got != "Done.\n\nx\n\n" {
			t.Errorf("answer %q", got)
		}
		if d := time.Since(began); d != 2*time.Second {
			t.Errorf("waited %v", d)
		}
		if got := ask(t, env, Admin, "wait 1s srv-removable be1/s4\n"); got != "Done.\n\n" {
			t.Errorf("removable server: %q", got)
		}
	})
}

// TestConnectionLimit opens more connections than stats maxconn allows.
func TestConnectionLimit(t *testing.T) {
	t.Parallel()
	env := oracleEnv(t)
	cfg := *env.Config()
	cfg.Global.StatsMaxConn = 2
	env.Config = func() *config.Config { return &cfg }
	s := New(env)
	var conns [2]net.Conn
	for i := range conns {
		conns[i], _ = net.Pipe()
		if !s.room() || !s.enter(conns[i]) {
			t.Fatal("refused below the limit")
		}
	}
	third := make(chan bool)
	go func() { third <- s.room() }()
	select {
	case <-third:
		t.Fatal("three connections at once")
	default:
	}
	s.leave(conns[0])
	if !<-third {
		t.Error("no room after one left")
	}
	s.Close()
	if s.room() || s.enter(conns[0]) {
		t.Error("a closed server takes connections")
	}
}

// TestServe answers on two sockets of one server until they close.
func TestServe(t *testing.T) {
	t.Parallel()
	s := New(oracleEnv(t))
	var done sync.WaitGroup
	for _, c := range []struct{ level, want string }{{"admin", "admin\n\n"}, {"", "operator\n\n"}} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		done.Go(func() {
			if err := s.Serve(ln, &listen.Bind{Level: c.level}); err != nil {
				t.Error(err)
			}
		})
		for range 3 {
			conn, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(conn, "show cli level\n")
			got, err := io.ReadAll(conn)
			if err != nil || string(got) != c.want {
				t.Errorf("level %q: %q, %v", c.level, got, err)
			}
			conn.Close()
		}
		ln.Close()
	}
	s.Close()
	done.Wait()
}

func FuzzLine(f *testing.F) {
	for _, s := range []string{"a b", `a\ b\\;c`, "x <<", "x <<EOF", "<<", ";;", "\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		rest, mark, ok := payloadMark(line)
		if !ok && mark != "" || len(rest) > len(line) || len(mark) > maxMark {
			t.Errorf("%q: %q, %q, %v", line, rest, mark, ok)
		}
		parts := splitCommands(line)
		if strings.Join(parts, ";") != line {
			t.Errorf("%q is not the sum of %q", line, parts)
		}
		for _, p := range parts {
			for _, w := range splitWords(p) {
				if len(w) > len(p) {
					t.Errorf("%q has the word %q", p, w)
				}
			}
		}
	})
}
