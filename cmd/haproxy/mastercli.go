package main

import (
	"fmt"
	"net"
	"strings"

	"golang.org/x/sys/unix"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/source"
	"tandem/proxy"
	"tandem/proxy/cli"
	"tandem/proxy/config"
	"tandem/proxy/listen"
)

// listen opens the sockets of the master's command line (-S).
func (m *master) listen() error {
	env := &cli.Env{
		Config: func() *config.Config { return &config.Config{} }, Start: m.start, Version: proxy.Version,
		StartupLogs: func() string { return messages.String() },
	}
	for _, text := range m.args.masterCLI {
		b, err := masterBind(text)
		if err != nil {
			return err
		}
		for i := range b.Endpoints {
			if e := &b.Endpoints[i]; e.Kind == expr.FD { // the next life of this process needs it too
				if e.FDNum, err = unix.FcntlInt(uintptr(e.FDNum), unix.F_DUPFD_CLOEXEC, 0); err != nil {
					return fmt.Errorf("Binding for proxy MASTER: %s for [%s]", proxy.SysError(err), b.Addrs[0])
				}
			}
		}
		socks, err := (&listen.Registry{}).Open(b, nil, listen.SocketOptions{})
		if err != nil {
			return fmt.Errorf("Binding for proxy MASTER: cannot bind socket (%s) for [%s]", proxy.SysError(err), b.Addrs[0])
		}
		for _, s := range socks {
			go func() {
				for {
					c, err := s.Accept()
					if err != nil {
						return
					}
					go cli.ServeMaster(env, m, c, b)
				}
			}()
		}
	}
	return nil
}

// masterBind reads the value of -S: an address and words of a bind line, with
// commas between them.
func masterBind(text string) (*listen.Bind, error) {
	diags := &diag.List{}
	line := "global\n stats socket " + strings.ReplaceAll(text, ",", " ") + "\n"
	cfg := config.Compile([]*source.File{source.New("MASTER", []byte(line))}, config.Options{CheckOnly: true}, config.NewDeps(), diags)
	for _, d := range diags.All {
		if d.Severity == diag.Alert {
			return nil, fmt.Errorf("Master: bind '%s' : %s", text, d.Text)
		}
	}
	if len(cfg.Global.StatsSockets) != 1 {
		return nil, fmt.Errorf("Master: cannot read bind '%s'", text)
	}
	return cfg.Global.StatsSockets[0], nil
}

var _ cli.Supervisor = (*master)(nil)
var _ net.Listener = (*listen.Channel)(nil)
