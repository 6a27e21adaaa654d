package cli

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"tandem/parser/diag"
	"tandem/parser/source"
	"tandem/proxy/config"
	"tandem/proxy/listen"
	"tandem/proxy/tx"
	"tandem/stats"
)

func addrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// start is the moment at which the processes of the tests began.
var start = time.Date(2026, 11, 21, 8, 41, 0, 0, time.UTC)

// compiled returns an environment around a configuration text.
func compiled(t *testing.T, text string) *Env {
	t.Helper()
	diags := &diag.List{}
	cfg := config.Compile([]*source.File{source.New("cli.cfg", []byte(text))}, config.Options{Offline: true}, config.NewDeps(), diags)
	if diags.HasErrors() {
		t.Fatalf("the configuration was refused: %+v", diags)
	}
	cfg.Global.MaxConn = 1000
	cfg.Commit(start)
	return &Env{
		Config: func() *config.Config { return cfg }, Process: &stats.Process{}, Now: func() time.Time { return start.Add(90 * time.Second) },
		Start: start, Version: "3.5-dev5", ReleaseDate: "2026/08/21",
	}
}

// oracleEnv returns the environment in which the original was asked.
func oracleEnv(t *testing.T) *Env {
	t.Helper()
	text, err := os.ReadFile("testdata/oracle/cli.cfg")
	if err != nil {
		t.Fatal(err)
	}
	dir := "testdata/oracle/"
	env := compiled(t, strings.NewReplacer("acl.txt", dir+"acl.txt", "map.txt", dir+"map.txt").Replace(string(text)))
	proc := env.Config().Proc
	proc.Set("x", tx.Value{Type: tx.TypeInt, Int: 42})
	proc.Set("s", tx.Value{Type: tx.TypeStr, B: []byte("hello w")})
	return env
}

// ask sends input over a connection of that level, closes the sending side
// and returns all that was answered.
func ask(t *testing.T, env *Env, level Level, input string) string {
	t.Helper()
	here, there := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		New(env).ServeConn(context.Background(), eofConn{there, io.MultiReader(strings.NewReader(input))}, &listen.Bind{Level: level.String()})
	}()
	out, err := io.ReadAll(here)
	if err != nil {
		t.Fatal(err)
	}
	<-done
	return string(out)
}

// eofConn reads from a text and writes to a connection.
type eofConn struct {
	net.Conn
	in io.Reader
}

func (c eofConn) Read(b []byte) (int, error) { return c.in.Read(b) }
