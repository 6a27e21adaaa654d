package vrrp_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTrafficGoesOn is the tutorials' pair: each node runs haproxy and is the
// master of one address. When haproxy dies on one, its address moves; when it
// is back, the address comes back. Both programs are ours, as they are started.
func TestTrafficGoesOn(t *testing.T) {
	t.Parallel()
	needs(t, "/usr/bin/sh")
	l := newLab(t)
	ha := build(t, "haproxy")
	const vip3 = "10.77.0.103"
	proxies := map[string]*exec.Cmd{}
	proxy := func(node string) {
		file := filepath.Join(l.dir, "haproxy."+node)
		write(t, file+".cfg", "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n"+
			"frontend web\n bind *:80\n http-request return status 200 content-type text/plain string "+node+"\n", 0o600)
		cmd := exec.Command(ha, "-db", "-f", file+".cfg")
		if err := inNS(l.ns[node], cmd.Start); err != nil {
			t.Fatal(err)
		}
		proxies[node] = cmd
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		write(t, file+".pid", fmt.Sprint(cmd.Process.Pid), 0o600)
	}
	for _, node := range []string{"a", "b"} {
		proxy(node)
		own, other := 150, 100
		if node == "b" {
			own, other = other, own
		}
		text := dualConf(l, node, own, other)
		check := fmt.Sprintf("script \"/usr/bin/sh -c 'kill -0 $(cat %s/haproxy.%s.pid)'\"", l.dir, node)
		text = strings.Replace(text, fmt.Sprintf("script \"/usr/bin/test -e %s/alive.%s\"", l.dir, node), check, 1)
		p := l.start(node, false, text)
		t.Cleanup(p.stop)
	}
	answers := func(ip, node string) func() bool {
		return func() bool { return l.get("o", ip) == node }
	}
	l.until("a answers for its address", 10*time.Second, answers(vip, "a"))
	l.until("b answers for its address", 10*time.Second, answers(vip3, "b"))
	_ = proxies["a"].Process.Kill()
	_ = proxies["a"].Wait()
	l.until("b answers for both", 10*time.Second, answers(vip, "b"))
	if got := l.get("o", vip3); got != "b" {
		t.Errorf("%s is answered by %q meanwhile", vip3, got)
	}
	proxy("a")
	l.until("a answers again", 10*time.Second, answers(vip, "a"))
	l.until("a's notify script told of both", 5*time.Second, func() bool {
		data, _ := os.ReadFile(filepath.Join(l.dir, "notify.a"))
		return strings.Count(string(data), "INSTANCE VI_1 MASTER 150") == 2
	})
}

// get asks a web server from a node's namespace; "" is no answer.
func (l *lab) get(node, ip string) (body string) {
	tr := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, addr string) (c net.Conn, err error) {
		// The socket belongs to the namespace that it was made in.
		err = inNS(l.ns[node], func() (err error) {
			d := net.Dialer{Timeout: 200 * time.Millisecond}
			c, err = d.DialContext(ctx, network, addr)
			return err
		})
		return c, err
	}}
	defer tr.CloseIdleConnections()
	resp, err := (&http.Client{Transport: tr, Timeout: 500 * time.Millisecond}).Get("http://" + ip + "/")
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return ""
	}
	return string(b)
}
