package check

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// external runs a program that says whether a server works (configuration
// manual 4.2, external-check).
type external struct{ command, path string }

// Run starts the program with the addresses of the proxy and the server, and
// waits for its exit code.
func (x *external) Run(ctx context.Context, p *Probe) Result {
	start := time.Now()
	s := p.Server
	addr, port := "", ""
	if e := s.Addr(); e != nil {
		addr, port = e.Host, strconv.Itoa(e.Port)
		if e.Network == "unix" {
			port = "NOT_USED"
		}
	}
	cmd := exec.CommandContext(ctx, x.command, "NOT_USED", "NOT_USED", addr, port)
	path := x.path
	if path == "" {
		path = os.Getenv("PATH")
	}
	cmd.Env = append(os.Environ(), "PATH="+path,
		"HAPROXY_PROXY_NAME="+s.Backend.Name, "HAPROXY_PROXY_ID="+strconv.Itoa(s.Backend.ID),
		"HAPROXY_PROXY_ADDR=NOT_USED", "HAPROXY_PROXY_PORT=NOT_USED",
		"HAPROXY_SERVER_NAME="+s.Name, "HAPROXY_SERVER_ID="+strconv.Itoa(s.ID),
		"HAPROXY_SERVER_ADDR="+addr, "HAPROXY_SERVER_PORT="+port,
		"HAPROXY_SERVER_MAXCONN="+strconv.FormatInt(s.MaxConn(), 10), "HAPROXY_SERVER_CURCONN="+strconv.FormatInt(s.Cur(), 10))
	err := cmd.Run()
	res := Result{Duration: time.Since(start), HasCode: true}
	var exit *exec.ExitError
	switch {
	case err == nil:
		res.Status, res.OK = "PROCOK", true
	case ctx.Err() != nil:
		res.Status = "PROCTOUT"
	case errors.As(err, &exit):
		res.Status, res.Code = "PROCERR", exit.ExitCode()
	default:
		res.Status, res.Desc = "SOCKERR", err.Error()
	}
	return res
}
