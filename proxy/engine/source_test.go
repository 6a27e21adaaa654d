package engine

import (
	"crypto/tls"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tandem/proxy/config"
	"tandem/proxy/server"
	"tandem/proxy/socket"
	"tandem/stats"
)

// Options set on the client's socket are there, whichever way it is held.
func TestClientOptions(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for _, how := range []string{"adopted", "of net", "under TLS"} {
		nc, err := net.Dial("tcp4", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c := &conn{}
		switch how {
		case "adopted":
			c.cli.init(nc)
		case "of net":
			c.cli.Conn = nc
		default:
			c.cli.init(tls.Server(&witness{ciphered: cipher(socket.Adopt(nc), &stats.Process{})}, &tls.Config{}))
		}
		c.ClientTOS(0x20)
		c.control(func(fd int) {
			setKeepAlive(fd, config.KeepAliveProbes{Count: 5, Idle: 7 * time.Second, Intvl: 3 * time.Second})
		})
		seen := false
		c.control(func(fd int) {
			seen = true
			for _, o := range []struct{ level, name, want int }{
				{unix.IPPROTO_IP, unix.IP_TOS, 0x20}, {unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
				{unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 5}, {unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 7}, {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 3},
			} {
				if got, err := unix.GetsockoptInt(fd, o.level, o.name); err != nil || got != o.want {
					t.Errorf("%s: option %d/%d: %d, %v, want %d", how, o.level, o.name, got, err, o.want)
				}
			}
		})
		if !seen {
			t.Errorf("%s: no descriptor", how)
		}
		c.cli.Close()
	}
}

// "tcp-ut" of a server line is set before the connection is made.
func TestServerUserTimeout(t *testing.T) {
	t.Parallel()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	line := &server.Server{Params: server.DefaultParams()}
	line.Params.TCPUserTimeout = 5 * time.Second
	c := &conn{be: &back{}}
	c.socketOptions(nil, userTimeout(&srv{s: line}))(fd)
	if ms, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT); ms != 5000 || err != nil {
		t.Errorf("%d ms (%v)", ms, err)
	}
}
